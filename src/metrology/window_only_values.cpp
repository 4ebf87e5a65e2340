// SPDX-License-Identifier: Apache-2.0
// Quantities that 10/12-cycle windows have and ½-cycle values do not.
#include <cmath>

#include "metrology/window_values.hpp"

namespace halfcycle::metrology {
namespace {

using Q = QuantityId;
constexpr std::array kVln{Q::VlnA, Q::VlnB, Q::VlnC};
constexpr std::array kVll{Q::VllAb, Q::VllBc, Q::VllCa};
constexpr std::array kI{Q::IA, Q::IB, Q::IC};
constexpr std::array kKw{Q::KwA, Q::KwB, Q::KwC};
constexpr std::array kKvar{Q::KvarA, Q::KvarB, Q::KvarC};
constexpr std::array kKva{Q::KvaA, Q::KvaB, Q::KvaC};
constexpr std::array kKvaD{Q::KvaDA, Q::KvaDB, Q::KvaDC};
constexpr std::array kNonActive{Q::KvarNonActiveA, Q::KvarNonActiveB, Q::KvarNonActiveC};
constexpr std::array kQuadrant{Q::QuadrantA, Q::QuadrantB, Q::QuadrantC};
constexpr std::array kVllUnbal{Q::VllAbUnbal, Q::VllBcUnbal, Q::VllCaUnbal};
constexpr std::array kVlnUnbal{Q::VlnAUnbal, Q::VlnBUnbal, Q::VlnCUnbal};
constexpr std::array kIUnbal{Q::IAUnbal, Q::IBUnbal, Q::ICUnbal};
constexpr std::array kDc{Q::V1Dc, Q::V2Dc, Q::V3Dc, Q::V4Dc, Q::I1Dc,
                         Q::I2Dc, Q::I3Dc, Q::I4Dc, Q::I5Dc};
constexpr std::size_t kI0 = lane(Input::I1);

// A voltage below this part of the nominal one is missing while another is above the second part.
constexpr double kMissingRatio = 0.1;
constexpr double kAliveRatio = 0.5;
// Below this part of the larger sequence, the smaller one says nothing against the order.
constexpr double kRotationFloorRatio = 0.02;

double quadrant(double p, double q) {
  const int found = quadrant_of(p, q);
  return found == 0 ? kNotAvailable : static_cast<double>(found);
}

/// Each one's deviation from the average, as a ratio to it, and the largest.
void deviations(std::span<double> values, const std::array<Q, 3>& of, const std::array<Q, 3>& each,
                Q largest) {
  const double average = (values[index(of[0])] + values[index(of[1])] + values[index(of[2])]) / 3.0;
  double worst = average > 0.0 ? 0.0 : kNotAvailable;
  for (std::size_t k = 0; k < 3; ++k) {
    const double deviation =
        average > 0.0 ? std::abs(values[index(of[k])] - average) / average : kNotAvailable;
    values[index(each[k])] = deviation;
    worst = deviation > worst ? deviation : worst;
  }
  values[index(largest)] = worst;
}

}  // namespace

void Valuer::evaluate_window(const WindowMeasures& m, std::span<double> values) const noexcept {
  const auto at = [&values](Q id) -> double& { return values[index(id)]; };
  // Powers, from the values that evaluate() has set.
  for (std::size_t k = 0; k < 3; ++k) {
    const double s = at(kKva[k]);
    at(kKvaD[k]) = non_fundamental_power(s, at(kKw[k]), at(kKvar[k]));
    at(kNonActive[k]) = non_active_power(s, at(kKw[k]));
    at(kQuadrant[k]) = quadrant(at(kKw[k]), at(kKvar[k]));
  }
  const double p = at(Q::KwTot);
  const double q = at(Q::KvarTot);
  const ApparentTotals totals = apparent_totals(m, values);
  at(Q::KvaVectorTot) = totals.vector;
  at(Q::KvaArithmeticTot) = totals.arithmetic;
  at(Q::KvaEffectiveTot) = totals.effective;
  at(Q::KvaDTot) = non_fundamental_power(totals.arithmetic, p, q);
  at(Q::KvarNonActiveTot) = non_active_power(totals.arithmetic, p);
  at(Q::KwHarmTot) = p - at(Q::KwFundTot);
  at(Q::QuadrantTot) = quadrant(p, q);

  for (std::size_t i = 0; i < kInputCount; ++i) {
    const Input input = static_cast<Input>(i);
    at(kDc[i]) = inputs_.has(input) ? m.mean[i] : kNotAvailable;
  }
  const auto fundamental = [&](Input input) {
    return inputs_.has(input) && m.has_phasors ? std::sqrt(std::norm(m.phasor[lane(input)]))
                                               : kNotAvailable;
  };
  at(Q::V4Fund) = fundamental(Input::V4);
  at(Q::I4Fund) = fundamental(Input::I4);
  at(Q::I5Fund) = fundamental(Input::I5);

  deviations(values, kVll, kVllUnbal, Q::VllUnbal);
  deviations(values, kVln, kVlnUnbal, Q::VlnUnbal);
  deviations(values, kI, kIUnbal, Q::IUnbal);

  phases(m, values);
}

void Valuer::phases(const WindowMeasures& m, std::span<double> values) const noexcept {
  const auto at = [&values](Q id) -> double& { return values[index(id)]; };
  at(Q::PhaseRotation) = at(Q::PhaseReversal) = at(Q::PhaseLoss) = kNotAvailable;
  if (system_.wiring == Wiring::Single) {
    return;
  }
  std::array<std::complex<double>, 3> p{};
  const bool voltages = line_to_line_ ? has_line_[0] && has_line_[1] && has_line_[2]
                                      : has_voltage_[0] && has_voltage_[1] && has_voltage_[2];
  const bool currents = has_current_[0] && has_current_[1] && has_current_[2];
  if (m.has_phasors && (voltages || currents)) {
    for (std::size_t k = 0; k < 3; ++k) {
      p[k] = !voltages       ? m.phasor[kI0 + k]
             : line_to_line_ ? m.phasor[k] - m.phasor[(k + 1) % 3]
                             : m.phasor[k];
    }
    const Sequence s = symmetrical_components(p, false);
    const double forward = std::norm(s.positive);
    const double backward = std::norm(s.negative);
    const double floor = voltages ? 0.02 * system_.floor_voltage_volts() : current_floor_;
    const double larger = forward > backward ? forward : backward;
    const double smaller = forward > backward ? backward : forward;
    // derived: with one phase missing |U2|/|U1| is a half, with two it is one: no order then.
    const bool clear = smaller < (1.0 - kRotationFloorRatio) * larger;
    if (larger > floor * floor && clear) {
      const bool abc = forward > backward;
      at(Q::PhaseRotation) = abc ? 1.0 : 2.0;
      at(Q::PhaseReversal) = abc == (system_.phase_order == PhaseOrder::Abc) ? 0.0 : 1.0;
    }
  }
  double missing = 0.0;
  double weight = 1.0;
  bool alive = false;
  bool any = false;
  for (std::size_t k = 0; k < 3; ++k, weight *= 2.0) {
    if (!has_quality_voltage(k)) {
      continue;
    }
    any = true;
    const double u = at(line_to_line_ ? kVll[k] : kVln[k]);
    if (std::isnan(u)) {
      return;
    }
    alive = alive || u > kAliveRatio * declared_volts();
    missing += u < kMissingRatio * declared_volts() ? weight : 0.0;
  }
  at(Q::PhaseLoss) =
      any && system_.nominal_voltage_known() ? (alive ? missing : 0.0) : kNotAvailable;
}

}  // namespace halfcycle::metrology
