// SPDX-License-Identifier: Apache-2.0
// Decimal numbers out of long texts, fast. A pointer moves through the text; nothing is copied.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <system_error>

namespace halfcycle::formats {

inline constexpr std::array<double, 19> kPowersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                     1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                     1e14, 1e15, 1e16, 1e17, 1e18};

/// Reads [sign] digits [. digits] [e exponent] at `at`, never beyond `end`. Returns the end of the
/// number, or `at` itself if there is none. The value is the nearest double: a mantissa below 2^53
/// divided by a power of ten up to 10^22 is rounded once (W. D. Clinger, "How to Read Floating
/// Point Numbers Accurately", 1990); everything else goes through std::from_chars. "nan" and "inf"
/// are read as such.
inline const char* read_decimal(const char* at, const char* end, double& value, char point = '.') {
  const char* p = at;
  bool negative = false;
  if (p < end && (*p == '-' || *p == '+')) {
    negative = *p == '-';
    ++p;
  }
  const char* digits = p;
  std::uint64_t mantissa = 0;
  while (p < end && static_cast<unsigned char>(*p - '0') < 10) {
    mantissa = mantissa * 10 + static_cast<unsigned char>(*p - '0');
    ++p;
  }
  auto count = p - digits;
  std::ptrdiff_t decimals = 0;
  if (p < end && *p == point) {
    const char* fraction = ++p;
    while (p < end && static_cast<unsigned char>(*p - '0') < 10) {
      mantissa = mantissa * 10 + static_cast<unsigned char>(*p - '0');
      ++p;
    }
    decimals = p - fraction;
    count += decimals;
  }
  const bool exponent = p < end && count > 0 && (*p == 'e' || *p == 'E');
  if (count > 0 && count <= 18 && !exponent && mantissa < (std::uint64_t{1} << 53)) {
    const double magnitude =
        static_cast<double>(mantissa) / kPowersOfTen[static_cast<std::size_t>(decimals)];
    value = negative ? -magnitude : magnitude;
    return p;
  }
  // from_chars knows neither '+' nor a decimal comma; such a text is copied, up to its length.
  std::array<char, 400> copy;
  std::size_t length = 0;
  for (const char* q = digits; q < end && length < copy.size(); ++q) {
    const char c = *q == point ? '.' : *q;
    const bool part = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' ||
                      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!part) {
      break;
    }
    copy[length++] = c;
  }
  if (length == 0 || copy[0] == '-' || copy[0] == '+') {
    return at;
  }
  double magnitude = 0.0;
  const auto [stop, ec] = std::from_chars(copy.data(), copy.data() + length, magnitude);
  if (stop == copy.data() || (ec != std::errc{} && ec != std::errc::result_out_of_range)) {
    return at;
  }
  if (ec == std::errc::result_out_of_range) {
    magnitude = std::numeric_limits<double>::quiet_NaN();
  }
  value = negative ? -magnitude : magnitude;
  return digits + (stop - copy.data());
}

}  // namespace halfcycle::formats
