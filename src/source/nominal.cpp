// SPDX-License-Identifier: Apache-2.0
#include "source/nominal.hpp"

#include <array>
#include <cmath>

namespace halfcycle::source {
namespace {

constexpr double kSqrt3 = 1.7320508075688772;
constexpr std::array<double, 5> kLineRatings{100.0, 110.0, 115.0, 120.0, 200.0};

bool near(double value, double reference, double range) {
  return std::abs(value - reference) <= range * reference;
}

}  // namespace

std::optional<double> nominal_secondary_volts(const Ratio& ratio, bool line_to_line,
                                              double level_volts) {
  const double rating = ratio.secondary;
  if (!(rating > 0.0) || !(ratio.primary > 0.0) || ratio.primary == rating) {
    return std::nullopt;
  }
  for (const double line : kLineRatings) {
    if (near(rating, line / kSqrt3, 0.003)) {
      return line_to_line ? rating * kSqrt3 : rating;
    }
    if (!near(rating, line, 0.001)) {
      continue;
    }
    if (line_to_line || near(level_volts, rating, 0.15)) {
      return rating;
    }
    if (line <= 110.0 || near(level_volts, rating / kSqrt3, 0.15)) {
      return rating / kSqrt3;
    }
  }
  return std::nullopt;
}

}  // namespace halfcycle::source
