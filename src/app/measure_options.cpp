// SPDX-License-Identifier: Apache-2.0
#include "app/measure_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/terminal.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "source/text_file.hpp"

namespace halfcycle::app {
namespace {

template <class T>
tl::unexpected<Error> named(std::string_view option, const Result<T>& result) {
  return fail(result.error().code, "{}: {}", option, result.error().message);
}

Result<Wiring> parse_wiring_option(std::string_view option, std::string_view text) {
  if (const auto wiring = parse_wiring(text)) {
    return *wiring;
  }
  constexpr std::array<std::string_view, 5> kNames{"4w-wye", "3w-wye", "delta", "single", "demo"};
  return fail(ErrorCode::Usage,
              "{}: there is no wiring '{}'.{} Choose 4w-wye, 3w-wye, delta, single or demo", option,
              printable(text), did_you_mean(text, kNames));
}

}  // namespace

std::string option_name(WrittenIn where, std::string_view name) {
  if (where == WrittenIn::CommandLine) {
    return format("--{}", name);
  }
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(text, ',')) {
    if (const auto trimmed = trim(part); !trimmed.empty()) {
      parts.emplace_back(trimmed);
    }
  }
  return parts;
}

Result<void> positive(std::string_view option, std::optional<double> value,
                      std::string_view meaning) {
  if (value && !(*value > 0.0 && std::isfinite(*value))) {
    return fail(ErrorCode::InvalidSetup, "{} {:g} is not possible: {}", option, *value, meaning);
  }
  return {};
}

Result<MeasureOptions> measure_options(const RawMeasure& raw, WrittenIn where) {
  const auto option = [where](std::string_view name) { return option_name(where, name); };
  MeasureOptions options;
  if (!raw.map.empty()) {
    auto map = source::parse_map(raw.map);
    if (!map) {
      return named(option("map"), map);
    }
    options.open.mapping.map = *std::move(map);
  }
  options.open.mapping.sets = split_list(raw.sets);
  if (!raw.side.empty()) {
    if (equals_ignoring_case(raw.side, "primary")) {
      options.open.side = Side::Primary;
    } else if (equals_ignoring_case(raw.side, "secondary")) {
      options.open.side = Side::Secondary;
    } else {
      return fail(ErrorCode::Usage, "{}: '{}' is no side; choose primary or secondary",
                  option("side"), printable(raw.side));
    }
  }
  const auto ratio = [](const std::string& written, const std::string& text,
                        std::optional<source::Ratio>& out) -> Result<void> {
    if (!text.empty()) {
      const auto parsed = source::parse_ratio(text);
      if (!parsed) {
        return named(written, parsed);
      }
      out = *parsed;
    }
    return {};
  };
  const auto bound = [](const std::string& written, const std::string& text,
                        std::optional<source::TimeBound>& out) -> Result<void> {
    if (!text.empty()) {
      const auto parsed = source::parse_time_bound(text);
      if (!parsed) {
        return named(written, parsed);
      }
      out = *parsed;
    }
    return {};
  };
  for (const auto& done :
       {ratio(option("pt"), raw.pt, options.open.pt), ratio(option("ct"), raw.ct, options.open.ct),
        bound(option("from"), raw.from, options.open.from),
        bound(option("to"), raw.to, options.open.to),
        positive(option("rate"), raw.rate, "give the samples a second, such as 10000"),
        positive(option("nominal-voltage"), raw.nominal_voltage, "give volts, such as 230"),
        positive(option("nominal-current"), raw.nominal_current, "give amperes, such as 5"),
        positive(option("nominal-frequency"), raw.nominal_frequency, "choose 50 or 60 Hz")}) {
    if (!done) {
      return fail(done.error());
    }
  }
  if (!raw.scale.empty()) {
    auto scales = source::parse_scales(raw.scale);
    if (!scales) {
      return named(option("scale"), scales);
    }
    options.open.scales = *std::move(scales);
  }
  for (const std::string& text : split_list(raw.invert)) {
    const auto input = parse_input(text);
    if (!input) {
      return fail(ErrorCode::Usage, "{}: there is no input '{}'; inputs are V1…V4, I1…I5",
                  option("invert"), printable(text));
    }
    options.open.inverted.add(*input);
  }
  std::size_t carriers = 0;
  for (const std::string& text : split_list(raw.signalling)) {
    const auto hertz = parse_number(text);
    if (!hertz || !(*hertz > 0.0 && *hertz <= 3000.0) ||
        carriers == options.signalling_hertz.size()) {
      return fail(ErrorCode::Usage,
                  "{}: give up to three carriers above 0 and up to 3000 Hz, such as 175,316.67",
                  option("signalling"));
    }
    options.signalling_hertz[carriers++] = *hertz;
  }
  if (!raw.calibration.empty()) {
    constexpr std::size_t kMostBytes = 1 << 20;
    auto text = source::read_text_file(raw.calibration, "calibration", kMostBytes);
    if (!text) {
      return fail(text.error());
    }
    auto calibration = source::parse_calibration(*text, raw.calibration);
    if (!calibration) {
      return fail(calibration.error());
    }
    options.open.calibration = *std::move(calibration);
  }
  options.open.rate_hertz = raw.rate;
  if (!raw.wiring.empty()) {
    const auto wiring = parse_wiring_option(option("wiring"), raw.wiring);
    if (!wiring) {
      return fail(wiring.error());
    }
    options.open.wiring = *wiring;
    options.given.wiring = *wiring;
  }
  if (raw.nominal_frequency && *raw.nominal_frequency != 50.0 && *raw.nominal_frequency != 60.0) {
    return fail(ErrorCode::InvalidSetup,
                "{} {:g} is not possible: systems of 50 and 60 Hz are measured "
                "(the frequency itself may be 42.5 to 57.5 or 51 to 69 Hz)",
                option("nominal-frequency"), *raw.nominal_frequency);
  }
  options.given.nominal_frequency_hertz = raw.nominal_frequency;
  options.open.nominal_frequency_hertz = raw.nominal_frequency;
  options.given.nominal_voltage_volts = raw.nominal_voltage;
  options.nominal_current_amperes = raw.nominal_current;
  struct Limit {
    std::string_view name;
    const std::optional<double>& percent;
    double low, high;  // what the setup of the Sag/Swell module takes
    std::optional<double>& ratio;
  };
  const std::array<Limit, 4> limits{
      {{"dip", raw.dip, 10.0, 100.0, options.dip_threshold_ratio},
       {"swell", raw.swell, 100.0, 200.0, options.swell_threshold_ratio},
       {"interruption", raw.interruption, 0.5, 20.0, options.interruption_threshold_ratio},
       {"hysteresis", raw.hysteresis, 0.0, 10.0, options.hysteresis_ratio}}};
  for (const Limit& limit : limits) {
    if (!limit.percent) {
      continue;
    }
    if (!(*limit.percent >= limit.low && *limit.percent <= limit.high)) {
      return fail(ErrorCode::InvalidSetup, "{} {:g} is not from {:g} to {:g} %", option(limit.name),
                  *limit.percent, limit.low, limit.high);
    }
    limit.ratio = *limit.percent / 100.0;
  }
  return options;
}

Result<double> parse_speed(std::string_view text, WrittenIn where) {
  if (equals_ignoring_case(text, "max")) {
    return 0.0;
  }
  if (const auto speed = parse_number(text); speed && *speed > 0.0 && *speed <= 1e6) {
    return *speed;
  }
  return fail(ErrorCode::Usage, "{}: '{}' is no speed; give a factor (1, 10) or max",
              option_name(where, "speed"), printable(text));
}

}  // namespace halfcycle::app
