// SPDX-License-Identifier: Apache-2.0
#include "app/number_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.hpp"
#include "base/quality.hpp"

namespace halfcycle::app {
namespace {

struct Prefix {
  std::string_view text;
  std::string_view ascii;
  double factor;
};
constexpr std::array<Prefix, 6> kPrefixes{{{"µ", "u", 1e-6},
                                           {"m", "m", 1e-3},
                                           {"", "", 1.0},
                                           {"k", "k", 1e3},
                                           {"M", "M", 1e6},
                                           {"G", "G", 1e9}}};

struct Stem {
  std::string_view text;
  double to_stem;  ///< value in the stem unit = register value × this
  bool prefixed;
};

Stem stem_of(Unit unit) {
  switch (unit) {
    case Unit::Volt:
      return {"V", 1.0, true};
    case Unit::Ampere:
      return {"A", 1.0, true};
    case Unit::Kilowatt:
      return {"W", 1e3, true};
    case Unit::Kilovar:
      return {"var", 1e3, true};
    case Unit::Kilovoltampere:
      return {"VA", 1e3, true};
    case Unit::KilowattHour:
      return {"Wh", 1e3, true};
    case Unit::KilovarHour:
      return {"varh", 1e3, true};
    case Unit::KilovoltampereHour:
      return {"VAh", 1e3, true};
    case Unit::One:
      return {"", 1.0, false};
    default:
      return {info(unit).symbol, 1.0, false};
  }
}

// Digits after the point that give `digits` significant ones to a value of this size.
int decimals_for(double magnitude, int digits) {
  if (!(magnitude > 0.0)) {
    return digits - 1;
  }
  const int before = static_cast<int>(std::floor(std::log10(magnitude))) + 1;
  return std::clamp(digits - std::max(before, 1), 0, 9);
}

}  // namespace

std::string_view not_available_text(bool unicode) { return unicode ? "—" : "-"; }

Scale scale_for(std::span<const double> values, Unit unit, int digits, bool unicode) {
  double largest = 0.0;
  for (const double value : values) {
    if (std::isfinite(value)) {
      largest = std::max(largest, std::abs(value));
    }
  }
  const Stem stem = stem_of(unit);
  Scale scale;
  scale.factor = stem.to_stem;
  scale.unit = std::string(stem.text);
  largest *= stem.to_stem;
  if (!unicode && scale.unit == "°") {
    scale.unit = "deg";
  }
  if (stem.prefixed) {
    const Prefix* chosen = &kPrefixes[2];
    if (largest > 0.0) {
      chosen = &kPrefixes.front();
      for (const Prefix& prefix : kPrefixes) {
        // 999.95 of a unit would be shown as 1000.0: the next prefix serves it better.
        if (largest >= prefix.factor * 0.9999) {
          chosen = &prefix;
        }
      }
    }
    scale.factor = stem.to_stem / chosen->factor;
    scale.unit = std::string(unicode ? chosen->text : chosen->ascii) + std::string(stem.text);
    largest /= chosen->factor;
  }
  scale.decimals = decimals_for(largest, digits);
  return scale;
}

std::string scaled(double value, const Scale& scale, bool unicode) {
  if (!std::isfinite(value)) {
    return std::string(not_available_text(unicode));
  }
  std::string text = format("{:.{}f}", value * scale.factor, scale.decimals);
  // "-0.00" says nothing that "0.00" does not.
  if (text.front() == '-' && text.find_first_of("123456789") == std::string::npos) {
    text.erase(0, 1);
  }
  return text;
}

std::string with_unit(double value, Unit unit, int digits, bool unicode) {
  if (!std::isfinite(value)) {
    return std::string(not_available_text(unicode));
  }
  const Scale scale = scale_for({&value, 1}, unit, digits, unicode);
  std::string text = scaled(value, scale, unicode);
  if (!scale.unit.empty()) {
    if (scale.unit != "°") {
      text += ' ';
    }
    text += scale.unit;
  }
  return text;
}

std::string duration_text(double seconds, bool unicode) {
  if (!std::isfinite(seconds)) {
    return std::string(not_available_text(unicode));
  }
  const double size = std::abs(seconds);
  if (size == 0.0) {
    return "0 s";
  }
  if (size < 0.99995e-3) {
    return format("{:.1f} {}s", seconds * 1e6, unicode ? "µ" : "u");
  }
  if (size < 0.99995) {
    return format("{:.1f} ms", seconds * 1e3);
  }
  if (size < 99.995) {
    return format("{:.3f} s", seconds);
  }
  if (size < 3600.0) {
    const int minutes = static_cast<int>(seconds / 60.0);
    return format("{} min {:.1f} s", minutes, seconds - 60.0 * minutes);
  }
  const auto minutes = static_cast<long long>(seconds / 60.0);
  return format("{} h {} min", minutes / 60, minutes % 60);
}

std::string count_text(unsigned long long count) {
  std::string digits = format("{}", count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ' ');
  }
  return digits;
}

}  // namespace halfcycle::app
