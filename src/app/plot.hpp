// SPDX-License-Identifier: Apache-2.0
// Small pictures in the terminal: several traces over a common axis, drawn with Braille dots
// (2 × 4 to a cell) or, without Unicode, with letters.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/terminal.hpp"
#include "base/unit.hpp"

namespace halfcycle::app {

struct PlotTrace {
  std::string label;  ///< one letter draws it in ASCII: the last one that is a digit or letter
  std::span<const double> x;  ///< rising
  std::span<const double> y;  ///< as many; NaN is a gap
  Style style = Style::Plain;
};

struct PlotOptions {
  std::size_t columns = 72;  ///< cells of the drawing, without the axis
  std::size_t rows = 8;
  double x_min = 0.0;
  double x_max = 1.0;
  bool zero_based = false;  ///< the axis starts at 0 (rms), else it is symmetric (waves)
  Unit unit = Unit::Volt;
  std::vector<double> marks;  ///< x of vertical lines (trigger, event)
};

/// Lines ending in '\n': axis values at the left, the drawing, no x axis. Extremes within a cell
/// are kept: no peak disappears. Empty if no trace has a value.
[[nodiscard]] std::string plot(const Screen& screen, std::span<const PlotTrace> traces,
                               const PlotOptions& options);
/// The line below plots: x values at the left, middle and right end; `axis_width` from
/// plot_axis_width.
[[nodiscard]] std::string plot_time_axis(const Screen& screen, const PlotOptions& options);

}  // namespace halfcycle::app
