// SPDX-License-Identifier: Apache-2.0
// What a reference instrument found about the inputs: gain, offset and phase of each channel and
// range, and a source with them taken out.
//
//   auto calibration = parse_calibration(text, "meter.toml");          //
//   docs/formats/calibration.md auto source = calibrate(std::move(raw), *calibration);
//
// true value = gain · (reading − offset), moved forward by the time that the channel lags. The time
// of a phase is the same at all frequencies, as that of a transformer or an anti-alias filter is:
// phase / (360° · reference frequency).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/system.hpp"
#include "source/source.hpp"

namespace halfcycle::source {

inline constexpr double kLeastGain = 0.5;
inline constexpr double kMostGain = 2.0;
inline constexpr double kMostPhaseDegrees = 10.0;

struct ChannelCalibration {
  Input input = Input::V1;
  std::string range;  ///< "5 A"; empty: whatever range is in use
  double gain = 1.0;
  double offset = 0.0;         ///< V or A, as read with the input shorted or open
  double phase_degrees = 0.0;  ///< by which the channel lags at the reference frequency

  bool operator==(const ChannelCalibration&) const = default;
};

struct Calibration {
  double reference_frequency_hertz = 50.0;
  std::vector<std::pair<Input, std::string>> in_use;  ///< the range that an input is switched to
  std::vector<ChannelCalibration> channels;

  bool operator==(const Calibration&) const = default;

  /// The entry of the range in use, else the one without a range; null if there is neither.
  [[nodiscard]] const ChannelCalibration* of(Input input) const;
};

/// Errors (InvalidSetup) say file, line, key and what is allowed: an unknown key or input, a value
/// out of range, an entry twice, a range in use that no entry has.
[[nodiscard]] Result<Calibration> parse_calibration(std::string_view toml,
                                                    std::string_view file_name);
/// The text that parse_calibration() reads back as the same.
[[nodiscard]] std::string calibration_toml(const Calibration& calibration);

/// The inner source, calibrated. Look-ahead: 24 samples and the largest lag where a phase is not 0,
/// else none. Blocks are cut where the quality of the clock changes.
[[nodiscard]] std::unique_ptr<Source> calibrate(std::unique_ptr<Source> inner,
                                                const Calibration& calibration);

}  // namespace halfcycle::source
