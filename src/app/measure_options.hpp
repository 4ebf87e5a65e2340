// SPDX-License-Identifier: Apache-2.0
// How a source is to be read and measured, as a person writes it: options of the command line and
// keys of the configuration file are the same words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.hpp"
#include "base/result.hpp"

namespace halfcycle::app {

/// Texts as typed; turned into MeasureOptions once the grammar is known to be right.
struct RawMeasure {
  std::string map, sets, side, pt, ct, scale, wiring, invert, from, to, calibration, signalling;
  std::optional<double> rate, nominal_voltage, nominal_frequency, nominal_current;
  std::optional<double> dip, swell, interruption, hysteresis;  ///< %
};

/// Where the words were written, for messages: "--nominal-voltage" or "nominal_voltage".
enum class WrittenIn { CommandLine, File };
[[nodiscard]] std::string option_name(WrittenIn where, std::string_view name);

/// Errors: Usage for what cannot be understood, InvalidSetup for values that make no sense.
[[nodiscard]] Result<MeasureOptions> measure_options(const RawMeasure& raw, WrittenIn where);

/// "1", "10", "max" (0). Error: Usage.
[[nodiscard]] Result<double> parse_speed(std::string_view text, WrittenIn where);

/// InvalidSetup if there is a value that is not positive and finite.
[[nodiscard]] Result<void> positive(std::string_view option, std::optional<double> value,
                                    std::string_view meaning);

/// Parts between commas, trimmed, none empty.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace halfcycle::app
