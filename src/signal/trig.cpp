// SPDX-License-Identifier: Apache-2.0
#include "signal/trig.hpp"

#include <array>
#include <cmath>

namespace halfcycle::signal {
namespace {

// derived: Taylor series; for |x| ≤ π/4 the first term left out is below 1e-19 (x^19/19!) for the
// sine and below 1e-18 (x^18/18!) for the cosine.
double sine_of_small(double x) noexcept {
  const double q = x * x;
  double s = 1.0 / 355687428096000.0;  // 1/17!
  s = s * q - 1.0 / 1307674368000.0;   // 1/15!
  s = s * q + 1.0 / 6227020800.0;      // 1/13!
  s = s * q - 1.0 / 39916800.0;        // 1/11!
  s = s * q + 1.0 / 362880.0;          // 1/9!
  s = s * q - 1.0 / 5040.0;            // 1/7!
  s = s * q + 1.0 / 120.0;             // 1/5!
  s = s * q - 1.0 / 6.0;               // 1/3!
  return x + x * (q * s);
}

double cosine_of_small(double x) noexcept {
  const double q = x * x;
  double c = 1.0 / 20922789888000.0;  // 1/16!
  c = c * q - 1.0 / 87178291200.0;    // 1/14!
  c = c * q + 1.0 / 479001600.0;      // 1/12!
  c = c * q - 1.0 / 3628800.0;        // 1/10!
  c = c * q + 1.0 / 40320.0;          // 1/8!
  c = c * q - 1.0 / 720.0;            // 1/6!
  c = c * q + 1.0 / 24.0;             // 1/4!
  return 1.0 - (0.5 * q - (q * q) * c);
}

// atan(k/8), k = 0 … 8.
constexpr std::array<double, 9> kArctanOfEighths = {
    0.0,
    0.1243549945467614350313548,
    0.2449786631268641541720825,
    0.3587706702705722203959200,
    0.4636476090008061162142562,
    0.5585993153435624359715082,
    0.6435011087932843868028093,
    0.7188299996216245054170136,
    0.7853981633974483096156608,
};

// atan of 0 ≤ t ≤ 1. derived: atan t = atan c + atan((t − c)/(1 + t·c)) with c the nearest eighth,
// so that the series' argument is at most 1/16 and its first term left out below 1e-19.
double arctan_of_unit(double t) noexcept {
  const double k = std::floor(t * 8.0 + 0.5);
  const double c = k * 0.125;
  const double r = (t - c) / (1.0 + t * c);
  const double q = r * r;
  double s = 1.0 / 13.0;
  s = s * q - 1.0 / 11.0;
  s = s * q + 1.0 / 9.0;
  s = s * q - 1.0 / 7.0;
  s = s * q + 1.0 / 5.0;
  s = s * q - 1.0 / 3.0;
  return kArctanOfEighths[static_cast<std::size_t>(k)] + (r + r * (q * s));
}

}  // namespace

SinCos sin_cos_turns(double turns) noexcept {
  if (!std::isfinite(turns)) {
    return {turns - turns, turns - turns};
  }
  const double quarters = std::floor(turns * 4.0 + 0.5);
  // Both differences are exact: quarters/4 is within 1/8 turn of turns.
  const double x = (turns - quarters * 0.25) * kTwoPi;
  const double s = sine_of_small(x);
  const double c = cosine_of_small(x);
  const double quadrant = quarters - 4.0 * std::floor(quarters * 0.25);
  if (quadrant == 0.0) {
    return {s, c};
  }
  if (quadrant == 1.0) {
    return {c, -s};
  }
  if (quadrant == 2.0) {
    return {-s, -c};
  }
  return {-c, s};
}

double atan2_radians(double y, double x) noexcept {
  if (!std::isfinite(x) || !std::isfinite(y)) {
    return (x - x) + (y - y);
  }
  const double ax = std::fabs(x);
  const double ay = std::fabs(y);
  if (ax == 0.0 && ay == 0.0) {
    return 0.0;
  }
  double angle = ay <= ax ? arctan_of_unit(ay / ax) : kPi / 2.0 - arctan_of_unit(ax / ay);
  if (x < 0.0) {
    angle = kPi - angle;
  }
  return y < 0.0 ? -angle : angle;
}

double wrap_radians(double radians) noexcept {
  const double turns = std::ceil(radians / kTwoPi - 0.5);
  double wrapped = radians - turns * kTwoPi;
  // The division rounds: correct the last step at the ends of the range.
  if (wrapped > kPi) {
    wrapped -= kTwoPi;
  } else if (wrapped <= -kPi) {
    wrapped += kTwoPi;
  }
  return wrapped;
}

}  // namespace halfcycle::signal
