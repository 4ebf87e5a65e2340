// SPDX-License-Identifier: Apache-2.0
// Numbers for people: SI prefixes, a fixed number of significant digits, an em dash for what is not
// available.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/unit.hpp"

namespace halfcycle::app {

/// A prefix that suits a group of values, so that a column has one unit and its decimal points are
/// under each other.
struct Scale {
  double factor = 1.0;  ///< shown value = value × factor
  std::string unit;     ///< with its prefix: "kV"
  int decimals = 0;
};

/// "—", or "-" without Unicode.
[[nodiscard]] std::string_view not_available_text(bool unicode);

/// The scale that shows the largest of the values with `digits` significant digits. Prefixes from
/// µ to G where the unit takes them; % ° and ratios have none. kW, kvar and kVA become W … GW.
[[nodiscard]] Scale scale_for(std::span<const double> values, Unit unit, int digits,
                              bool unicode = true);
/// The value by a scale, without its unit.
[[nodiscard]] std::string scaled(double value, const Scale& scale, bool unicode = true);
/// "20.123 kV"; the not-available text for NaN.
[[nodiscard]] std::string with_unit(double value, Unit unit, int digits, bool unicode = true);
/// "1.204 s", "83.4 ms", "2 h 5 min": a span of time.
[[nodiscard]] std::string duration_text(double seconds, bool unicode = true);
/// A count with thin groups: "12 000".
[[nodiscard]] std::string count_text(unsigned long long count);

}  // namespace halfcycle::app
