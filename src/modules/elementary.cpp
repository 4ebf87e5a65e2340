// SPDX-License-Identifier: Apache-2.0
#include "modules/elementary.hpp"

#include <cmath>

#include "base/quality.hpp"

namespace halfcycle::modules {
namespace {

// ln 2 in two parts: the first has 32 significant bits, so that its multiples by an exponent are
// exact (the usual Cody-Waite split).
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

}  // namespace

double natural_log(double x) {
  if (!(x > 0.0) || std::isinf(x)) {
    return kNotAvailable;
  }
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact
  if (m < 0.70710678118654752440) {
    m *= 2.0;
    --exponent;
  }
  // derived: ln m = 2 artanh s with s = (m - 1)/(m + 1), |s| <= 0.1716; the series is cut after
  // s^23, whose successor is below 2e-20.
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  double sum = 1.0 / 23.0;
  for (int k = 21; k >= 3; k -= 2) {
    sum = sum * s2 + 1.0 / k;
  }
  const double e = exponent;
  return e * kLn2High + (2.0 * s + (2.0 * s * s2 * sum + e * kLn2Low));
}

double exponential(double x) {
  if (std::isnan(x)) {
    return x;
  }
  if (x > 709.782712893384) {
    return HUGE_VAL;
  }
  if (x < -745.2) {
    return 0.0;
  }
  const double n = std::floor(x / 0.69314718055994530942 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| <= 0.347
  // derived: Taylor to r^15; the next term is below 1e-21.
  double sum = 1.0;
  for (int k = 15; k >= 1; --k) {
    sum = sum * r / k + 1.0;
  }
  return std::ldexp(sum, static_cast<int>(n));
}

double power(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) {
    return kNotAvailable;
  }
  if (y == std::floor(y) && std::fabs(y) <= 1024.0) {
    if (x == 0.0 && y < 0.0) {
      return kNotAvailable;
    }
    double result = 1.0;
    double square = x;
    for (int n = static_cast<int>(std::fabs(y)); n > 0; n /= 2) {
      if (n % 2 != 0) {
        result *= square;
      }
      square *= square;
    }
    return y < 0.0 ? 1.0 / result : result;
  }
  if (x < 0.0) {
    return kNotAvailable;
  }
  if (x == 0.0) {
    return y > 0.0 ? 0.0 : kNotAvailable;
  }
  if (y == 0.5) {
    return std::sqrt(x);
  }
  return exponential(y * natural_log(x));
}

}  // namespace halfcycle::modules
