// SPDX-License-Identifier: Apache-2.0
#include "signal/windowed_sinc.hpp"

#include <cmath>

#include "signal/trig.hpp"

namespace halfcycle::signal {
namespace {

// Modified Bessel function of the first kind, order 0: Σ ((x/2)^k / k!)², all terms positive.
double bessel_i0(double x) noexcept {
  const double quarter_square = 0.25 * x * x;
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= quarter_square / (static_cast<double>(k) * static_cast<double>(k));
    sum += term;
  }
  return sum;
}

// For 50 dB and more; Kaiser's formula for less is not needed here.
double kaiser_beta(double attenuation_db) noexcept { return 0.1102 * (attenuation_db - 8.7); }

}  // namespace

WindowedSinc::WindowedSinc(double reach_samples, double cutoff, double attenuation_db) noexcept
    : reach_(reach_samples),
      cutoff_(cutoff),
      beta_(kaiser_beta(attenuation_db)),
      window_scale_(1.0 / bessel_i0(beta_)) {}

double WindowedSinc::operator()(double t) const noexcept {
  const double u = t / reach_;
  const double inside = 1.0 - u * u;
  if (!(inside > 0.0)) {
    return 0.0;
  }
  const double window = bessel_i0(beta_ * std::sqrt(inside)) * window_scale_;
  const double turns = cutoff_ * t;  // sin(2π·cutoff·t)
  const double sinc = std::fabs(t) < 1e-9 ? 2.0 * cutoff_ : sin_cos_turns(turns).sin / (kPi * t);
  return sinc * window;
}

std::vector<double> WindowedSinc::running_integral(std::size_t cells_per_sample) const {
  const double cell = 1.0 / static_cast<double>(cells_per_sample);
  std::vector<double> integral(2 * static_cast<std::size_t>(reach_) * cells_per_sample + 1, 0.0);
  double from = (*this)(-reach_);
  for (std::size_t k = 0; k + 1 < integral.size(); ++k) {
    const double t = static_cast<double>(k) * cell - reach_;
    const double to = (*this)(t + cell);
    integral[k + 1] = integral[k] + cell / 6.0 * (from + 4.0 * (*this)(t + 0.5 * cell) + to);
    from = to;
  }
  return integral;
}

double kaiser_attenuation_db(double taps, double width) noexcept {
  return 2.285 * (taps - 1.0) * kTwoPi * width + 8.0;
}

}  // namespace halfcycle::signal
