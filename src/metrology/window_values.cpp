// SPDX-License-Identifier: Apache-2.0
#include "metrology/window_values.hpp"

#include <algorithm>
#include <cmath>

#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {

using Q = QuantityId;
constexpr std::array kVln{Q::VlnA, Q::VlnB, Q::VlnC};
constexpr std::array kVll{Q::VllAb, Q::VllBc, Q::VllCa};
constexpr std::array kI{Q::IA, Q::IB, Q::IC};
constexpr std::array kKw{Q::KwA, Q::KwB, Q::KwC};
constexpr std::array kKvar{Q::KvarA, Q::KvarB, Q::KvarC};
constexpr std::array kKva{Q::KvaA, Q::KvaB, Q::KvaC};
constexpr std::array kKwFund{Q::KwFundA, Q::KwFundB, Q::KwFundC};
constexpr std::array kPf{Q::PfSignA, Q::PfSignB, Q::PfSignC};
constexpr std::array kDpf{Q::DpfSignA, Q::DpfSignB, Q::DpfSignC};
constexpr std::array kVAng{Q::V1Ang, Q::V2Ang, Q::V3Ang};
constexpr std::array kIAng{Q::I1Ang, Q::I2Ang, Q::I3Ang};
constexpr std::array kVFund{Q::V1Fund, Q::V2Fund, Q::V3Fund};
constexpr std::array kIFund{Q::I1Fund, Q::I2Fund, Q::I3Fund};
constexpr std::array kVCf{Q::V1Cf, Q::V2Cf, Q::V3Cf};
constexpr std::array kICf{Q::I1Cf, Q::I2Cf, Q::I3Cf};
constexpr std::array kUnder{Q::V1UnderDev, Q::V2UnderDev, Q::V3UnderDev};
constexpr std::array kOver{Q::V1OverDev, Q::V2OverDev, Q::V3OverDev};

constexpr std::size_t kI0 = lane(Input::I1);

// Below these parts of the nominal values a fundamental is noise: its angle means nothing.
constexpr double kVoltageFloorRatio = 1e-3;
constexpr double kCurrentFloorRatio = 1e-5;
// Below it the positive sequence is no basis for a ratio (all phases dead).
constexpr double kSequenceFloorRatio = 0.02;
constexpr double kCurrentSequenceFloorRatio = 1e-4;

void set(std::span<double> values, Q id, double value) { values[index(id)] = value; }

double mean_of(std::span<double> values, std::span<const Q> ids, std::span<const bool> present) {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    if (present[k]) {
      sum += values[index(ids[k])];
      count += 1.0;
    }
  }
  return count > 0.0 ? sum / count : kNotAvailable;
}

/// Largest deviation from the average, as a ratio to it (NEMA MG 1 §14.36 by magnitude).
double deviation(std::span<const double> values, const std::array<Q, 3>& ids, double average) {
  if (!(average > 0.0)) {
    return kNotAvailable;
  }
  double worst = 0.0;
  for (const Q id : ids) {
    const double value = values[index(id)];
    if (std::isnan(value)) {
      return kNotAvailable;
    }
    worst = std::max(worst, std::abs(value - average));
  }
  return worst / average;
}

/// Angle of x against the reference; not available where one of them is below its floor.
double angle_between(std::complex<double> x, double floor, std::complex<double> reference) {
  if (!(std::norm(x) > floor * floor)) {
    return kNotAvailable;
  }
  const double re = x.real() * reference.real() + x.imag() * reference.imag();
  const double im = x.imag() * reference.real() - x.real() * reference.imag();
  return signal::atan2_radians(im, re);
}

double crest(double peak, double mean_square) {
  return mean_square > 0.0 ? peak / std::sqrt(mean_square) : kNotAvailable;
}

/// u · conj(i)
std::complex<double> conjugate_product(std::complex<double> u, std::complex<double> i) {
  return {u.real() * i.real() + u.imag() * i.imag(), u.imag() * i.real() - u.real() * i.imag()};
}

}  // namespace

Valuer::Valuer(const SystemSetup& system, InputMask inputs) : system_(system), inputs_(inputs) {
  std::array<bool, 3> v{inputs.has(Input::V1), inputs.has(Input::V2), inputs.has(Input::V3)};
  const std::array<bool, 3> i{inputs.has(Input::I1), inputs.has(Input::I2), inputs.has(Input::I3)};
  three_wire_ = is_line_to_line(system.wiring);
  line_to_line_ = three_wire_;
  has_current_ = i;
  const bool no_neutral = system.wiring == Wiring::Delta || system.wiring == Wiring::ThreeWireWye;
  if (no_neutral && i[0] + i[1] + i[2] == 2) {
    has_current_ = {true, true, true};  // the missing one is minus the sum of the others
  }
  if (system.wiring == Wiring::ThreeWireWye && v[0] && v[2]) {
    v[1] = true;
  }
  switch (system.wiring) {
    case Wiring::Delta:
      has_line_ = v[0] && v[2]   ? std::array{true, true, true}
                  : v[0] && v[1] ? std::array{true, true, true}
                                 : v;
      has_power_ = has_line_[0] && has_line_[1] && has_line_[2];
      break;
    case Wiring::ThreeWireWye:
    case Wiring::FourWireWye:
    case Wiring::Single:
    case Wiring::Demo:
      has_voltage_ = v;
      has_line_ = {v[0] && v[1], v[1] && v[2], v[2] && v[0]};
      break;
  }
  if (system.wiring == Wiring::Single) {
    has_voltage_[2] = has_current_[2] = false;
    has_line_[1] = has_line_[2] = false;
  }
  if (three_wire_) {
    has_power_ = has_power_ && has_current_[0] && has_current_[1] && has_current_[2];
  } else {
    for (std::size_t k = 0; k < 3; ++k) {
      has_power_ = has_power_ || (has_voltage_[k] && has_current_[k]);
    }
  }
  voltage_floor_ = kVoltageFloorRatio * system.floor_voltage_volts();
  current_floor_ = kCurrentFloorRatio * system.nominal_current_amperes;
}

void Valuer::follow(const SystemSetup& system) noexcept {
  system_.phase_order = system.phase_order;
  system_.pf_sign_iec = system.pf_sign_iec;
  system_.kva_method = system.kva_method;
  system_.signalling_hertz = system.signalling_hertz;
}

double Valuer::total_power(const std::array<double, 3>& power) const noexcept {
  double total = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    total += three_wire_ || (has_voltage_[k] && has_current_[k]) ? power[k] : 0.0;
  }
  return total;
}

void Valuer::evaluate_half_cycle(const WindowMeasures& m, std::span<double> values) const noexcept {
  magnitudes(m, values);
  powers(m, values);
  set(values, Q::Freq, m.frequency_hertz);
}

void Valuer::evaluate(const WindowMeasures& m, std::span<double> values) const noexcept {
  evaluate_half_cycle(m, values);
  quality_magnitudes(m, values);
  fundamental_powers(m, values);
  fundamentals(m, values);
  set(values, Q::PowerFrequency, m.power_frequency_hertz);
}

void Valuer::magnitudes(const WindowMeasures& m, std::span<double> values) const noexcept {
  for (std::size_t k = 0; k < 3; ++k) {
    set(values, kVln[k], has_voltage_[k] ? std::sqrt(m.mean_square[k]) : kNotAvailable);
    set(values, kVll[k], has_line_[k] ? std::sqrt(m.line_mean_square[k]) : kNotAvailable);
    set(values, kI[k], has_current_[k] ? std::sqrt(m.mean_square[kI0 + k]) : kNotAvailable);
  }
  const auto input_rms = [&](Input input) {
    return inputs_.has(input) ? std::sqrt(m.mean_square[lane(input)]) : kNotAvailable;
  };
  set(values, Q::V4, input_rms(Input::V4));
  set(values, Q::I4, input_rms(Input::I4));
  set(values, Q::I5, input_rms(Input::I5));
  set(values, Q::VlnAvg, mean_of(values, kVln, has_voltage_));
  set(values, Q::VllAvg, mean_of(values, kVll, has_line_));
  set(values, Q::IAvg, mean_of(values, kI, has_current_));
}

void Valuer::quality_magnitudes(const WindowMeasures& m, std::span<double> values) const noexcept {
  for (std::size_t k = 0; k < 3; ++k) {
    const bool quality = has_quality_voltage(k);
    const double square = line_to_line_ ? m.line_mean_square[k] : m.mean_square[k];
    const double peak = line_to_line_ ? m.line_peak[k] : m.peak[k];
    set(values, kVCf[k], quality ? crest(peak, square) : kNotAvailable);
    set(values, kICf[k],
        has_current_[k] ? crest(m.peak[kI0 + k], m.mean_square[kI0 + k]) : kNotAvailable);
    // IEC 61000-4-30 Annex D, of one 10/12-cycle value; aggregated by its own rule.
    const double ratio = quality ? std::sqrt(square) / declared_volts() : kNotAvailable;
    set(values, kUnder[k], quality ? 1.0 - (ratio > 1.0 ? 1.0 : ratio) : kNotAvailable);
    set(values, kOver[k], quality ? (ratio < 1.0 ? 1.0 : ratio) - 1.0 : kNotAvailable);
  }
  const bool all_currents = inputs_.has(Input::I1) && inputs_.has(Input::I2) &&
                            inputs_.has(Input::I3) && system_.wiring != Wiring::Single;
  set(values, Q::ICalcRes, all_currents ? std::sqrt(m.residual_mean_square) : kNotAvailable);
  set(values, Q::VUnbal,
      line_to_line_ ? deviation(values, kVll, values[index(Q::VllAvg)])
                    : deviation(values, kVln, values[index(Q::VlnAvg)]));
  set(values, Q::IUnbal, deviation(values, kI, values[index(Q::IAvg)]));
}

double Valuer::effective_apparent(const WindowMeasures& m, double scalar) const noexcept {
  const std::array<double, 3> i_squared{m.mean_square[kI0], m.mean_square[kI0 + 1],
                                        m.mean_square[kI0 + 2]};
  if (three_wire_) {
    return apparent_effective_three_wire(m.line_mean_square, i_squared);
  }
  if (has_voltage_[0] && has_voltage_[1] && has_voltage_[2] && has_current_[0] && has_current_[1] &&
      has_current_[2]) {
    const double neutral =
        inputs_.has(Input::I4) ? m.mean_square[lane(Input::I4)] : m.residual_mean_square;
    return apparent_effective_four_wire({m.mean_square[0], m.mean_square[1], m.mean_square[2]},
                                        m.line_mean_square, i_squared, neutral);
  }
  return scalar;  // with one or two phases the effective and the arithmetic power agree
}

double Valuer::total_apparent(const WindowMeasures& m, double p, double q,
                              double scalar) const noexcept {
  switch (system_.kva_method) {
    case SystemSetup::KvaMethod::Vector:
      return apparent_vector(p, q);
    case SystemSetup::KvaMethod::Scalar:
      return scalar;
    case SystemSetup::KvaMethod::Effective:
      return effective_apparent(m, scalar);
  }
  return scalar;
}

double Valuer::arithmetic_apparent(std::span<const double> values) const noexcept {
  if (three_wire_) {
    // derived: for three wires the arithmetic sum refers to phase voltages of a balanced set,
    // √3·mean(Ull)·mean(I); equal to the sum of the phases for symmetrical voltages.
    return std::sqrt(3.0) * values[index(Q::VllAvg)] * values[index(Q::IAvg)];
  }
  double sum = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    sum += has_voltage_[k] && has_current_[k] ? values[index(kKva[k])] : 0.0;
  }
  return sum;
}

Valuer::ApparentTotals Valuer::apparent_totals(const WindowMeasures& m,
                                               std::span<const double> values) const noexcept {
  if (!has_power_) {
    return {};
  }
  const double arithmetic = arithmetic_apparent(values);
  return {apparent_vector(values[index(Q::KwTot)], values[index(Q::KvarTot)]), arithmetic,
          effective_apparent(m, arithmetic)};
}

void Valuer::powers(const WindowMeasures& m, std::span<double> values) const noexcept {
  const PfConvention convention = system_.pf_sign_iec ? PfConvention::Iec : PfConvention::Ieee;
  double p_total = 0.0;
  double q_total = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double q =
        m.has_phasors ? conjugate_product(m.phasor[k], m.phasor[kI0 + k]).imag() : kNotAvailable;
    const double p = m.power[k];
    const bool phase = has_voltage_[k] && has_current_[k];
    const double s = std::sqrt(m.mean_square[k] * m.mean_square[kI0 + k]);
    set(values, kKw[k], phase ? p : kNotAvailable);
    set(values, kKvar[k], phase ? q : kNotAvailable);
    set(values, kKva[k], phase ? s : kNotAvailable);
    set(values, kPf[k], phase ? signed_power_factor(p, q, s, convention) : kNotAvailable);
    if (three_wire_ || phase) {
      p_total += p;
      q_total += q;
    }
  }
  if (!has_power_) {
    for (const Q id : {Q::KwTot, Q::KvarTot, Q::KvaTot, Q::PfSignTot}) {
      set(values, id, kNotAvailable);
    }
    return;
  }
  const double s_total = total_apparent(m, p_total, q_total, arithmetic_apparent(values));
  set(values, Q::KwTot, p_total);
  set(values, Q::KvarTot, q_total);
  set(values, Q::KvaTot, s_total);
  set(values, Q::PfSignTot, signed_power_factor(p_total, q_total, s_total, convention));
}

void Valuer::fundamental_powers(const WindowMeasures& m, std::span<double> values) const noexcept {
  const PfConvention convention = system_.pf_sign_iec ? PfConvention::Iec : PfConvention::Ieee;
  double p1_total = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::complex<double> s1 = conjugate_product(m.phasor[k], m.phasor[kI0 + k]);
    const double p1 = m.has_phasors ? s1.real() : kNotAvailable;
    const double q = m.has_phasors ? s1.imag() : kNotAvailable;
    const bool phase = has_voltage_[k] && has_current_[k];
    set(values, kKwFund[k], phase ? p1 : kNotAvailable);
    set(values, kDpf[k],
        phase ? signed_power_factor(p1, q, apparent_vector(p1, q), convention) : kNotAvailable);
    p1_total += three_wire_ || phase ? p1 : 0.0;
  }
  if (!has_power_) {
    for (const Q id : {Q::KwFundTot, Q::KvarNonFundTot, Q::PfLead, Q::PfLag, Q::DpfSignTot}) {
      set(values, id, kNotAvailable);
    }
    return;
  }
  const double p = values[index(Q::KwTot)];
  const double q = values[index(Q::KvarTot)];
  const double pf = values[index(Q::PfSignTot)];
  set(values, Q::KwFundTot, p1_total);
  set(values, Q::KvarNonFundTot, non_fundamental_power(arithmetic_apparent(values), p, q));
  const bool lagging = is_lagging(p, q);
  set(values, Q::PfLead, lagging ? kNotAvailable : std::abs(pf));
  set(values, Q::PfLag, lagging ? std::abs(pf) : kNotAvailable);
  set(values, Q::DpfSignTot,
      signed_power_factor(p1_total, q, apparent_vector(p1_total, q), convention));
}

void Valuer::fundamentals(const WindowMeasures& m, std::span<double> values) const noexcept {
  std::array<std::complex<double>, 3> u{};
  std::array<std::complex<double>, 3> i{};
  std::array<bool, 3> has_u{};
  for (std::size_t k = 0; k < 3; ++k) {
    u[k] = line_to_line_ ? m.phasor[k] - m.phasor[(k + 1) % 3] : m.phasor[k];
    i[k] = m.phasor[kI0 + k];
    has_u[k] = m.has_phasors && has_quality_voltage(k);
  }
  // Angles refer to V1, without voltages to I1 (DESIGN §5): to the first input that is mapped.
  std::complex<double> reference{};
  bool has_reference = false;
  for (std::size_t k = 0; k < 3 && !has_reference; ++k) {
    if (has_u[k]) {
      has_reference = true;
      reference = std::norm(u[k]) > voltage_floor_ * voltage_floor_
                      ? u[k]
                      : std::complex<double>(kNotAvailable, kNotAvailable);
    }
  }
  for (std::size_t k = 0; k < 3 && !has_reference && m.has_phasors; ++k) {
    if (has_current_[k]) {
      has_reference = true;
      reference = std::norm(i[k]) > current_floor_ * current_floor_
                      ? i[k]
                      : std::complex<double>(kNotAvailable, kNotAvailable);
    }
  }
  if (!has_reference) {
    reference = {kNotAvailable, kNotAvailable};
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const bool has_i = m.has_phasors && has_current_[k];
    set(values, kVAng[k],
        has_u[k] ? angle_between(u[k], voltage_floor_, reference) : kNotAvailable);
    set(values, kIAng[k], has_i ? angle_between(i[k], current_floor_, reference) : kNotAvailable);
    set(values, kVFund[k], has_u[k] ? std::sqrt(std::norm(u[k])) : kNotAvailable);
    set(values, kIFund[k], has_i ? std::sqrt(std::norm(i[k])) : kNotAvailable);
  }
  const auto angle_of_input = [&](Input input, double floor) {
    return m.has_phasors && inputs_.has(input)
               ? angle_between(m.phasor[lane(input)], floor, reference)
               : kNotAvailable;
  };
  set(values, Q::V4Ang, angle_of_input(Input::V4, voltage_floor_));
  set(values, Q::I4Ang, angle_of_input(Input::I4, current_floor_));
  set(values, Q::I5Ang, angle_of_input(Input::I5, current_floor_));

  const bool acb = system_.phase_order == PhaseOrder::Acb;
  const auto fill = [&](const std::array<std::complex<double>, 3>& phasors, bool present,
                        bool has_zero, double angle_floor, double ratio_floor, Q zero_mag,
                        Q zero_ang, Q positive_mag, Q positive_ang, Q negative_mag, Q negative_ang,
                        Q u2, Q u0) {
    Sequence s;
    if (present) {
      s = symmetrical_components(phasors, acb);
    }
    const bool zero = present && has_zero;
    const double positive = std::sqrt(std::norm(s.positive));
    const bool ratio = present && positive > ratio_floor;
    set(values, zero_mag, zero ? std::sqrt(std::norm(s.zero)) : kNotAvailable);
    set(values, zero_ang, zero ? angle_between(s.zero, angle_floor, reference) : kNotAvailable);
    set(values, positive_mag, present ? positive : kNotAvailable);
    set(values, positive_ang,
        present ? angle_between(s.positive, angle_floor, reference) : kNotAvailable);
    set(values, negative_mag, present ? std::sqrt(std::norm(s.negative)) : kNotAvailable);
    set(values, negative_ang,
        present ? angle_between(s.negative, angle_floor, reference) : kNotAvailable);
    set(values, u2, ratio ? std::sqrt(std::norm(s.negative)) / positive : kNotAvailable);
    set(values, u0, ratio && has_zero ? std::sqrt(std::norm(s.zero)) / positive : kNotAvailable);
  };
  const bool polyphase = m.has_phasors && system_.wiring != Wiring::Single;
  fill(u, polyphase && has_u[0] && has_u[1] && has_u[2], !line_to_line_, voltage_floor_,
       kSequenceFloorRatio * system_.floor_voltage_volts(), Q::VZeroSeqMag, Q::VZeroSeqAng,
       Q::VPosSeqMag, Q::VPosSeqAng, Q::VNegSeqMag, Q::VNegSeqAng, Q::VunbalU2, Q::VunbalU0);
  fill(i, polyphase && has_current_[0] && has_current_[1] && has_current_[2], true, current_floor_,
       kCurrentSequenceFloorRatio * system_.nominal_current_amperes, Q::IZeroSeqMag, Q::IZeroSeqAng,
       Q::IPosSeqMag, Q::IPosSeqAng, Q::INegSeqMag, Q::INegSeqAng, Q::IunbalU2, Q::IunbalU0);
}

bool Valuer::has(QuantityId id) const noexcept {
  // What the formulas make of an ideal signal: the same code decides, so the two cannot differ.
  WindowMeasures m;
  m.mean_square.fill(1.0);
  m.peak.fill(1.0);
  m.line_mean_square.fill(1.0);
  m.line_peak.fill(1.0);
  m.power.fill(0.5);
  m.residual_mean_square = 1.0;
  m.frequency_hertz = system_.nominal_frequency_hertz;
  m.power_frequency_hertz = system_.nominal_frequency_hertz;
  const std::complex<double> half_turn(-0.5, -0.86602540378443864676);
  std::complex<double> angle(1.0, 0.0);
  for (std::size_t k = 0; k < 3; ++k) {
    m.phasor[k] = angle * system_.floor_voltage_volts();
    m.phasor[kI0 + k] = angle * std::complex<double>(0.8, -0.6) * system_.nominal_current_amperes;
    angle *= half_turn;
  }
  if (system_.phase_order == PhaseOrder::Acb) {
    std::swap(m.phasor[1], m.phasor[2]);
    std::swap(m.phasor[kI0 + 1], m.phasor[kI0 + 2]);
  }
  // Sequence components that are zero on the ideal signal exist all the same.
  const std::complex<double> volts(0.1 * system_.floor_voltage_volts(), 0.0);
  const std::complex<double> amperes(0.1 * system_.nominal_current_amperes, 0.0);
  m.phasor[0] += volts;
  m.phasor[kI0] += amperes;
  for (const Input input : {Input::V4, Input::I4, Input::I5}) {
    m.phasor[lane(input)] = is_voltage(input) ? volts : amperes;
  }
  std::array<double, kQuantityCount> values{};
  evaluate(m, values);
  evaluate_window(m, values);
  if (id == Q::PfLead) {
    id = Q::PfLag;  // one of the two is empty at any time
  }
  // Rows that need more than one window's sums: they follow their channel.
  const QuantityInfo& row = info(id);
  const auto input = parse_input(row.label.substr(0, 2));
  const auto has_channel = [&] {
    if (!input) {
      return false;
    }
    const std::size_t l = lane(*input);
    if (*input <= Input::V3) {
      return has_quality_voltage(l);
    }
    return *input >= Input::I1 && *input <= Input::I3 ? has_current_[l - kI0] : inputs_.has(*input);
  };
  if (row.group == QuantityGroup::HarmonicsAnalyzer && !row.label.ends_with("CF")) {
    return has_channel();
  }
  if (row.group == QuantityGroup::MainsSignalling) {
    const auto carrier = static_cast<std::size_t>(row.label.back() - '1');
    return has_channel() && system_.nominal_voltage_known() &&
           system_.signalling_hertz[carrier] > 0.0;
  }
  if (row.group == QuantityGroup::Flicker || row.label.ends_with("Pinst")) {
    return has_channel();
  }
  if (row.label.ends_with("Sliding Ref")) {
    const bool any = has_quality_voltage(0) || has_quality_voltage(1) || has_quality_voltage(2);
    return system_.nominal_voltage_known() && (input ? has_channel() : any);
  }
  if (row.group == QuantityGroup::Energy) {
    const char phase = row.label.back();
    const bool of_phase = row.label[row.label.size() - 2] == ' ' && phase >= 'a' && phase <= 'c';
    const auto k = static_cast<std::size_t>(phase - 'a');
    return of_phase ? has_voltage_[k] && has_current_[k] : has_power_;
  }
  return is_available(values[index(id)]);
}

}  // namespace halfcycle::metrology
