// SPDX-License-Identifier: Apache-2.0
// What a user may say about a source beyond its address. Everything is optional.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "source/calibration.hpp"
#include "source/mapping.hpp"

namespace halfcycle::source {

/// A point in time: an instant, or a distance from the recording's first sample.
struct TimeBound {
  std::optional<Instant> at;
  Duration from_start;  ///< where `at` is empty
};

/// "2015-09-17T10:52:53.5Z" or seconds ("1.5", "1.5s"). Error: Usage.
[[nodiscard]] Result<TimeBound> parse_time_bound(std::string_view text);

/// Ratio of an instrument transformer.
struct Ratio {
  double primary = 1.0;
  double secondary = 1.0;
};

/// "230000/115", "600:5" or "120" (to 1). Error: Usage.
[[nodiscard]] Result<Ratio> parse_ratio(std::string_view text);

/// "V1=400,I1=10". Error: Usage.
[[nodiscard]] Result<std::vector<std::pair<Input, double>>> parse_scales(std::string_view text);

struct OpenOptions {
  MappingOptions mapping;         ///< --map, --set
  std::optional<TimeBound> from;  ///< first sample at or after it
  std::optional<TimeBound> to;    ///< last sample before it
  std::optional<Side> side;       ///< Primary or Secondary: convert what is on the other side
  std::optional<Ratio> pt;        ///< in place of the file's, for voltages
  std::optional<Ratio> ct;        ///< in place of the file's, for currents
  std::vector<std::pair<Input, double>> scales;  ///< further factors of single inputs
  InputMask inverted;                            ///< inputs connected the wrong way round
  std::optional<Calibration> calibration;        ///< of the inputs, after all of the above
  std::optional<Wiring> wiring;                  ///< in place of what the names suggest
  std::optional<double> nominal_frequency_hertz;
  std::optional<double> rate_hertz;  ///< samples a second: a CSV that does not say, a simulator
  std::optional<double> duration_seconds;  ///< of a simulator; 0: endless
};

}  // namespace halfcycle::source
