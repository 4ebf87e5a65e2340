// SPDX-License-Identifier: Apache-2.0
#include "metrology/power.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/quality.hpp"

namespace halfcycle::metrology {
namespace {
double sum(const std::array<double, 3>& x) { return x[0] + x[1] + x[2]; }
}  // namespace

bool is_lagging(double p_watts, double q_vars) noexcept {
  // Rounding leaves a resistive load up to 1e-6 of Q: that is no direction.
  constexpr double kReactiveFloor = 1e-5;
  if (!(std::abs(q_vars) > kReactiveFloor * std::abs(p_watts))) {
    return false;
  }
  return (p_watts >= 0.0 && q_vars > 0.0) || (p_watts < 0.0 && q_vars < 0.0);
}

double signed_power_factor(double p_watts, double q_vars, double s_voltamperes,
                           PfConvention convention) noexcept {
  if (!(s_voltamperes > 0.0) || std::isnan(p_watts)) {
    return kNotAvailable;
  }
  // |P| <= S holds but for rounding.
  const double magnitude = std::min(std::abs(p_watts) / s_voltamperes, 1.0);
  if (convention == PfConvention::Iec) {
    return p_watts < 0.0 ? -magnitude : magnitude;
  }
  if (std::isnan(q_vars)) {
    return kNotAvailable;
  }
  return is_lagging(p_watts, q_vars) ? -magnitude : magnitude;
}

int quadrant_of(double p_watts, double q_vars) noexcept {
  if (std::isnan(p_watts) || std::isnan(q_vars)) {
    return 0;
  }
  if (q_vars >= 0.0) {
    return p_watts >= 0.0 ? 1 : 2;
  }
  return p_watts >= 0.0 ? 4 : 3;
}

double non_active_power(double s_voltamperes, double p_watts) noexcept {
  return non_fundamental_power(s_voltamperes, p_watts, 0.0);
}

double apparent_vector(double p_watts, double q_vars) noexcept {
  return std::sqrt(p_watts * p_watts + q_vars * q_vars);
}

double apparent_effective_four_wire(const std::array<double, 3>& vln_squared,
                                    const std::array<double, 3>& vll_squared,
                                    const std::array<double, 3>& i_squared,
                                    double neutral_squared) noexcept {
  const double ve_squared = (3.0 * sum(vln_squared) + sum(vll_squared)) / 18.0;
  const double ie_squared = (sum(i_squared) + neutral_squared) / 3.0;
  return 3.0 * std::sqrt(ve_squared * ie_squared);
}

double apparent_effective_three_wire(const std::array<double, 3>& vll_squared,
                                     const std::array<double, 3>& i_squared) noexcept {
  return 3.0 * std::sqrt(sum(vll_squared) / 9.0 * (sum(i_squared) / 3.0));
}

double non_fundamental_power(double s_voltamperes, double p_watts, double q1_vars) noexcept {
  const double squared = s_voltamperes * s_voltamperes - p_watts * p_watts - q1_vars * q1_vars;
  if (std::isnan(squared)) {
    return kNotAvailable;
  }
  return squared > 0.0 ? std::sqrt(squared) : 0.0;
}

Sequence symmetrical_components(const std::array<std::complex<double>, 3>& phasors,
                                bool acb) noexcept {
  // Written out: complex multiplication of the library may take slow paths for NaN.
  const double half_root3 = 0.86602540378443864676;
  const std::complex<double> a = phasors[0];
  const std::complex<double> half_sum = -0.5 * (phasors[1] + phasors[2]);
  const std::complex<double> difference = phasors[1] - phasors[2];
  const std::complex<double> turned(-half_root3 * difference.imag(),
                                    half_root3 * difference.real());
  Sequence s{(a + phasors[1] + phasors[2]) / 3.0, (a + half_sum + turned) / 3.0,
             (a + half_sum - turned) / 3.0};
  if (acb) {
    std::swap(s.positive, s.negative);
  }
  return s;
}

}  // namespace halfcycle::metrology
