// SPDX-License-Identifier: Apache-2.0
// What a recording does not say and must be assumed before it can be measured: the nominal voltage
// and frequency. They come from a first look at its samples (DESIGN §5, "Assumed").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "source/source.hpp"

namespace halfcycle::app {

/// A block with its own copy of the samples.
struct StoredBlock {
  SampleBlock block;
  std::vector<float> frames;

  explicit StoredBlock(const SampleBlock& original);
  /// The block as it was read; valid as long as this object.
  [[nodiscard]] SampleBlock view() const;
};

/// How much of a source the first look takes, at most.
inline constexpr double kFirstLookSeconds = 1.0;
inline constexpr std::size_t kFirstLookFrames = 1U << 18U;

/// Reads the beginning of a source. The blocks must be given to the meter before those that the
/// source gives next. Errors: those of the source.
[[nodiscard]] Result<std::vector<StoredBlock>> first_look(source::Source& source);

/// What plain sums over the first cycles say; no part of the measuring code is used.
struct Measured {
  /// Frequency of the sine that fits best (three-parameter fit of IEEE 1057 §4.6 over a grid of
  /// frequencies from 40 to 70 Hz), nothing if nothing alternates.
  std::optional<double> frequency_hertz;
  /// Share of the energy that this sine explains, 0…1.
  double sine_share = 0.0;
  /// Median over the first cycles of the rms of a cycle, median over the live ones of V1…V3;
  /// nothing if no voltage is live.
  std::optional<double> voltage_volts;
};
/// `until_seconds`: only samples before that (the trigger), from the first; at least two cycles are
/// taken all the same.
[[nodiscard]] Measured measure_first_cycles(const std::vector<StoredBlock>& blocks,
                                            std::optional<double> until_seconds);

/// The nearest of the usual ratings within 10 % of the level, in volts; nothing if there is none.
/// line_to_line: ratings between phases (delta), else phase to neutral.
[[nodiscard]] std::optional<double> usual_rating(double level_volts, bool line_to_line);

struct Overrides {
  std::optional<double> nominal_voltage_volts;
  std::optional<double> nominal_frequency_hertz;
  std::optional<Wiring> wiring;
};

struct Assumption {
  SystemSetup system;  ///< nominal_voltage_volts is NaN where there is nothing to go by
  std::vector<std::string> assumed;
  std::vector<std::string> warnings;
};

/// Given before declared in the file before measured.
[[nodiscard]] Assumption assume_system(const source::SourceInfo& info, const Overrides& given,
                                       const Measured& measured);

}  // namespace halfcycle::app
