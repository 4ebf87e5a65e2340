// SPDX-License-Identifier: Apache-2.0
#include "source/open_options.hpp"

#include <cmath>

#include "base/text.hpp"

namespace halfcycle::source {

Result<TimeBound> parse_time_bound(std::string_view text) {
  std::string_view number = trim(text);
  if (!number.empty() && (number.back() == 's' || number.back() == 'S')) {
    number.remove_suffix(1);
  }
  if (const auto seconds = parse_number(number)) {
    if (!(std::abs(*seconds) < 9e9)) {
      return fail(ErrorCode::Usage, "{} seconds are beyond any recording", *seconds);
    }
    return TimeBound{.at = {}, .from_start = Duration::from_seconds(*seconds)};
  }
  if (const auto instant = parse_iso8601(trim(text))) {
    return TimeBound{.at = *instant, .from_start = {}};
  }
  return fail(ErrorCode::Usage,
              "'{}' is no time: write seconds from the start of the recording (1.5) or an instant "
              "(2015-09-17T10:52:53.5Z)",
              text);
}

Result<Ratio> parse_ratio(std::string_view text) {
  const auto slash = text.find_first_of("/:");
  const auto primary = parse_number(text.substr(0, slash));
  const auto secondary = slash == std::string_view::npos ? std::optional<double>(1.0)
                                                         : parse_number(text.substr(slash + 1));
  if (!primary || !secondary || !(*primary > 0.0) || !(*secondary > 0.0)) {
    return fail(ErrorCode::Usage, "'{}' is no transformer ratio: write it as 230000/115 or 600/5",
                text);
  }
  return Ratio{*primary, *secondary};
}

Result<std::vector<std::pair<Input, double>>> parse_scales(std::string_view text) {
  std::vector<std::pair<Input, double>> scales;
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    const auto input = parse_input(trim(part.substr(0, equals)));
    const auto value =
        equals == std::string_view::npos ? std::nullopt : parse_number(part.substr(equals + 1));
    if (!input || !value || *value == 0.0) {
      return fail(ErrorCode::Usage, "'{}' is no scale: write it as V1=400,I1=10", trim(part));
    }
    scales.emplace_back(*input, *value);
  }
  return scales;
}

}  // namespace halfcycle::source
