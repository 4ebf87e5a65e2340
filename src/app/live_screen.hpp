// SPDX-License-Identifier: Apache-2.0
// How the values of a live meter look: as one screen, or as a line a second.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "app/terminal.hpp"
#include "base/instant.hpp"
#include "base/system.hpp"
#include "meter/meter.hpp"
#include "quality/event.hpp"

namespace halfcycle::app {

/// Latest values by label.
class LiveValues {
 public:
  /// Labels that the views below ask for, among those that the meter has.
  [[nodiscard]] static std::vector<std::string> labels(const std::vector<meter::Column>& available);

  void set_columns(std::vector<meter::Column> columns);
  void update(const meter::Row& row);
  /// NaN where the meter has no such register or no value yet.
  [[nodiscard]] double operator[](std::string_view label) const;
  [[nodiscard]] Instant end() const { return end_; }
  [[nodiscard]] const Marks& marks() const { return marks_; }
  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] std::size_t column_count() const { return columns_.size(); }

 private:
  std::vector<meter::Column> columns_;
  std::vector<double> values_;
  Instant end_;
  Marks marks_;
  bool any_ = false;
};

struct LiveHeader {
  std::string source;
  std::string system;
  std::string services;  ///< where the page and Modbus are: lines, each ending in '\n'
};

/// One event as a line without its end: "12:00:03.1000  dip  81.2 ms  161.3 V (70.1 %)  V1 V2".
[[nodiscard]] std::string event_line(const Screen& screen, const quality::VoltageEvent& event);

/// All lines of the screen, each ending in '\n'.
[[nodiscard]] std::string render_live_screen(const Screen& screen, const LiveHeader& header,
                                             const LiveValues& values, Wiring wiring,
                                             const std::deque<quality::VoltageEvent>& events,
                                             std::size_t event_count);
/// Head and line of the plain view.
[[nodiscard]] std::string live_line_head(Wiring wiring);
[[nodiscard]] std::string render_live_line(const LiveValues& values, Wiring wiring);

}  // namespace halfcycle::app
