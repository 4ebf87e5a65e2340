// SPDX-License-Identifier: Apache-2.0
#include "source/simulator_math.hpp"

#include <cmath>

namespace halfcycle::source {
namespace {

constexpr double kTwoPi = 6.28318530717958647692;
constexpr double kLn2 = 0.693147180559945309417;

}  // namespace

SineCosine sine_cosine_of_turns(double turns) noexcept {
  const double quarters = std::floor(turns * 4.0 + 0.5);
  const double x = (turns - quarters * 0.25) * kTwoPi;  // the difference is exact
  const double q = x * x;
  // derived: Taylor series to the 15th and 16th power; |x| ≤ π/4, the first term left out is
  // below 5e-17 (x^17/17!) and 3e-18 (x^18/18!).
  double s = -1.0 / 1307674368000.0;
  s = s * q + 1.0 / 6227020800.0;
  s = s * q - 1.0 / 39916800.0;
  s = s * q + 1.0 / 362880.0;
  s = s * q - 1.0 / 5040.0;
  s = s * q + 1.0 / 120.0;
  s = s * q - 1.0 / 6.0;
  s = x + x * (q * s);
  double c = 1.0 / 20922789888000.0;
  c = c * q - 1.0 / 87178291200.0;
  c = c * q + 1.0 / 479001600.0;
  c = c * q - 1.0 / 3628800.0;
  c = c * q + 1.0 / 40320.0;
  c = c * q - 1.0 / 720.0;
  c = c * q + 1.0 / 24.0;
  c = 1.0 - (0.5 * q - (q * q) * c);
  const double quadrant = quarters - 4.0 * std::floor(quarters * 0.25);
  const bool swap = quadrant == 1.0 || quadrant == 3.0;
  const double sine = swap ? c : s;
  const double cosine = swap ? s : c;
  return {quadrant >= 2.0 ? -sine : sine, quadrant == 1.0 || quadrant == 2.0 ? -cosine : cosine};
}

double natural_logarithm(double x) noexcept {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // 0.5 ≤ m < 1
  if (m < 0.70710678118654752440) {
    m *= 2.0;
    --exponent;
  }
  // derived: ln m = 2·artanh z, z = (m − 1)/(m + 1), |z| ≤ 0.1716; first term left out z^23/23.
  const double z = (m - 1.0) / (m + 1.0);
  const double q = z * z;
  double s = 1.0 / 21.0;
  for (int k = 19; k >= 3; k -= 2) {
    s = s * q + 1.0 / static_cast<double>(k);
  }
  return static_cast<double>(exponent) * kLn2 + 2.0 * (z + z * (q * s));
}

double exponential(double x) noexcept {
  if (x < -700.0) {
    return 0.0;
  }
  const double k = std::floor(x / kLn2 + 0.5);
  const double r = x - k * kLn2;  // |r| ≤ 0.35
  double s = 1.0;
  for (int n = 16; n >= 1; --n) {  // derived: Taylor series; r^17/17! < 1e-22
    s = 1.0 + s * r / static_cast<double>(n);
  }
  return std::ldexp(s, static_cast<int>(k));
}

std::uint64_t random_bits(std::uint64_t key, std::uint64_t counter) noexcept {
  std::uint64_t z = key + counter * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

NormalPair normal_pair(std::uint64_t key, std::uint64_t pair) noexcept {
  const auto uniform = [](std::uint64_t bits) {  // the middle of one of 2^53 parts of (0, 1)
    return (static_cast<double>(bits >> 11U) + 0.5) * 0x1p-53;
  };
  const double u = uniform(random_bits(key, 2 * pair + 1));
  const double v = uniform(random_bits(key, 2 * pair + 2));
  const double radius = std::sqrt(-2.0 * natural_logarithm(u));
  const SineCosine direction = sine_cosine_of_turns(v);
  return {radius * direction.cos, radius * direction.sin};
}

}  // namespace halfcycle::source
