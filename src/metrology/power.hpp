// SPDX-License-Identifier: Apache-2.0
// Power formulas of IEEE 1459 and the meter's conventions, as pure functions.
//
//   double s = apparent_effective_four_wire(vln_squared, vll_squared, i_squared, residual_squared);
//   double pf = signed_power_factor(p, q1, s, PfConvention::Ieee);
//
// Load convention: P > 0 is delivered to the load, Q > 0 is inductive power delivered
// (energy-accuracy §8). NaN in gives NaN out.
#pragma once

#include <array>
#include <complex>

namespace halfcycle::metrology {

enum class PfConvention { Ieee, Iec };

/// |P|/S with the sign of the convention; not available where S is 0.
/// Iec: the sign of P. Ieee: minus where P and Q have the same sign (lagging), else plus.
[[nodiscard]] double signed_power_factor(double p_watts, double q_vars, double s_voltamperes,
                                         PfConvention convention) noexcept;

/// P and Q have the same sign: the current lags (quadrants I and III). Q = 0 is not
/// lagging, nor is a Q below 1e-5 of P, which may be rounding.
[[nodiscard]] bool is_lagging(double p_watts, double q_vars) noexcept;

/// 1 … 4 (energy-accuracy §8): 1 P > 0, Q > 0; 2 P < 0, Q > 0; 3 both < 0; 4 P > 0, Q < 0; a zero
/// counts as positive. 0 where one of them is not available.
[[nodiscard]] int quadrant_of(double p_watts, double q_vars) noexcept;

/// Total non-active power N = √(S² − P²) (IEEE 1459 §3.1.2.11), 0 where rounding makes the radicand
/// negative.
[[nodiscard]] double non_active_power(double s_voltamperes, double p_watts) noexcept;

/// Vector sum √(P² + Q²) of the totals.
[[nodiscard]] double apparent_vector(double p_watts, double q_vars) noexcept;

/// IEEE 1459-2010 §3.2.2.8, ξ = ρ = 1: 3·Ve·Ie with Ve² = [3·ΣUln² + ΣUll²]/18 and
/// Ie² = (ΣI² + In²)/3. Arguments are mean squares, V² and A².
[[nodiscard]] double apparent_effective_four_wire(const std::array<double, 3>& vln_squared,
                                                  const std::array<double, 3>& vll_squared,
                                                  const std::array<double, 3>& i_squared,
                                                  double neutral_squared) noexcept;
/// The same for three wires: Ve² = ΣUll²/9, Ie² = ΣI²/3.
[[nodiscard]] double apparent_effective_three_wire(const std::array<double, 3>& vll_squared,
                                                   const std::array<double, 3>& i_squared) noexcept;

/// Non-fundamental non-active power √(S² − P² − Q1²), 0 where rounding makes the radicand negative.
[[nodiscard]] double non_fundamental_power(double s_voltamperes, double p_watts,
                                           double q1_vars) noexcept;

/// Symmetrical components of three phasors (Fortescue; IEC 61000-4-30 §5.7) in the order a, b, c.
struct Sequence {
  std::complex<double> zero;
  std::complex<double> positive;
  std::complex<double> negative;
};
[[nodiscard]] Sequence symmetrical_components(const std::array<std::complex<double>, 3>& phasors,
                                              bool acb) noexcept;

}  // namespace halfcycle::metrology
