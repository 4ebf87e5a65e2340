// SPDX-License-Identifier: Apache-2.0
#include "source/fractional_delay.hpp"

#include <algorithm>
#include <cmath>

#include "base/quality.hpp"

namespace halfcycle::source {
namespace {

constexpr double kBeta = 12.0;
constexpr double kPi = 3.14159265358979323846;

/// sin(π·x) for 0 ≤ x ≤ 1, error below 1e-15: Taylor series on 0 … 1/2.
double sin_pi(double x) {
  const double y = kPi * (x > 0.5 ? 1.0 - x : x);
  const double y2 = y * y;
  double term = y;
  double sum = y;
  for (int n = 1; n <= 11; ++n) {
    term *= -y2 / static_cast<double>(2 * n * (2 * n + 1));
    sum += term;
  }
  return sum;
}

/// Modified Bessel function of the first kind, order 0, for 0 ≤ x ≤ 12: its power series.
double bessel_i0(double x) {
  const double q = 0.25 * x * x;
  double term = 1.0;
  double sum = 1.0;
  for (int n = 1; n <= 40; ++n) {
    term *= q / static_cast<double>(n * n);
    sum += term;
  }
  return sum;
}

double polynomial(std::span<const float> samples, std::size_t first, std::size_t count,
                  double position) {
  double value = 0.0;
  for (std::size_t i = first; i < first + count; ++i) {
    double weight = 1.0;
    for (std::size_t k = first; k < first + count; ++k) {
      if (k != i) {
        weight *=
            (position - static_cast<double>(k)) / (static_cast<double>(i) - static_cast<double>(k));
      }
    }
    value += weight * static_cast<double>(samples[i]);
  }
  return value;
}

}  // namespace

DelayKernel::DelayKernel(double fraction) {
  const double sine = sin_pi(fraction);
  double sum = 0.0;
  for (std::size_t k = 0; k < 2 * kHalfTaps; ++k) {
    // Distance from the tap to the wanted point.
    const double x = fraction - (static_cast<double>(k) - static_cast<double>(kHalfTaps - 1));
    // sin(π·x) = ± sin(π·fraction), the sign alternating from tap to tap.
    const double sign = (k + kHalfTaps - 1) % 2 == 0 ? 1.0 : -1.0;
    const double sinc = x == 0.0 ? 1.0 : sign * sine / (kPi * x);
    const double r = x / static_cast<double>(kHalfTaps);
    const double window = bessel_i0(kBeta * std::sqrt(std::max(0.0, 1.0 - r * r)));
    taps_[k] = sinc * window;
    sum += taps_[k];
  }
  for (double& tap : taps_) {
    tap /= sum;
  }
}

double interpolate_near_edge(std::span<const float> samples, double position) {
  const auto size = static_cast<double>(samples.size());
  if (samples.empty() || !(position >= -1.0 && position <= size)) {
    return kNotAvailable;
  }
  const bool outside = position < 0.0 || position > size - 1.0;
  const std::size_t count = std::min<std::size_t>(samples.size(), outside ? 4 : 6);
  const double centre = std::floor(position) - 0.5 * static_cast<double>(count) + 1.0;
  const double last = size - static_cast<double>(count);
  const auto first = static_cast<std::size_t>(std::clamp(centre, 0.0, last));
  const double value = polynomial(samples, first, count, position);
  if (is_available(value) || outside) {
    return value;
  }
  // A missing sample in reach: a straight line between the neighbours, if both are there.
  const auto left = static_cast<std::size_t>(std::floor(position));
  const double right = left + 1 < samples.size() ? samples[left + 1] : kNotAvailable;
  const double fraction = position - std::floor(position);
  if (fraction == 0.0) {
    return samples[left];
  }
  return (1.0 - fraction) * static_cast<double>(samples[left]) + fraction * right;
}

}  // namespace halfcycle::source
