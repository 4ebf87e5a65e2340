// SPDX-License-Identifier: Apache-2.0
#include "source/truth_registers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include "base/format.hpp"

namespace halfcycle::source {
namespace {

using Complex = std::complex<double>;
constexpr double kPi = 3.14159265358979323846;
constexpr int kHighestOrder = 127;
constexpr std::array<char, 3> kPhaseLetters{'a', 'b', 'c'};

/// A signal as its direct part and its sines, the fundamental first.
struct Spectrum {
  bool present = false;
  double dc = 0.0;
  std::vector<TruthTone> tones;

  [[nodiscard]] Complex fundamental() const { return tones.front().rms; }
  [[nodiscard]] double mean_square() const {
    double sum = dc * dc;
    for (const TruthTone& tone : tones) {
      sum += std::norm(tone.rms);
    }
    return sum;
  }
  [[nodiscard]] double rms() const { return std::sqrt(mean_square()); }
};

Spectrum spectrum_of(const TruthSignal& signal, const TruthPiece& piece, const TruthMix& mix) {
  if (mix.empty()) {
    return {};
  }
  return {true, signal.dc(mix), signal.tones(mix, piece)};
}

TruthMix difference(TruthMix a, const TruthSignal& signal, Input b) {
  const TruthMix other = signal.mix_of(b, -1.0);
  a.insert(a.end(), other.begin(), other.end());
  return a;
}

/// Voltages and currents whose products make the power of the three phases.
struct Phases {
  std::array<TruthMix, 3> u;
  std::array<TruthMix, 3> i;
  bool three_wire = false;
};

Phases phases_of(const TruthSignal& signal, const Scenario& scenario) {
  Phases p;
  p.three_wire = is_line_to_line(scenario.system.wiring);
  for (std::size_t k = 0; k < 3; ++k) {
    p.u[k] = signal.mix_of(static_cast<Input>(k));
    p.i[k] = signal.mix_of(static_cast<Input>(lane(Input::I1) + k));
  }
  if (scenario.system.wiring == Wiring::Delta) {
    // Two wattmeters against phase 2: v12·i1 + v32·i3.
    p.u[2] = scenario.delta_pts == 2 ? signal.mix_of(Input::V3) : signal.mix_of(Input::V2, -1.0);
    p.u[1].clear();
  }
  return p;
}

/// Mean of u·i over a long time: products of equal frequencies only.
double mean_power(const Spectrum& u, const Spectrum& i) {
  double sum = u.dc * i.dc;
  for (const TruthTone& a : u.tones) {
    for (const TruthTone& b : i.tones) {
      if (std::fabs(a.frequency_hertz - b.frequency_hertz) < 1e-9 * a.frequency_hertz) {
        sum += (a.rms * std::conj(b.rms)).real();
      }
    }
  }
  return sum;
}

/// ∫ u·i dt from a to b, exactly.
double energy_between(const Spectrum& u, const Spectrum& i, Seconds from, Seconds to) {
  constexpr long double kTwoPi = 2.0L * 3.14159265358979323846264338328L;
  // ∫ cos(ω·t + φ) dt
  const auto integral = [&](long double hertz, long double phase) -> long double {
    const long double length = to - from;
    if (std::fabs(hertz) * length < 1e-12L) {
      return length * std::cos(phase);
    }
    const long double omega = kTwoPi * hertz;
    const auto at = [&](Seconds t) {
      const long double turns = hertz * t;
      return std::sin(kTwoPi * (turns - std::floor(turns)) + phase);
    };
    return (at(to) - at(from)) / omega;
  };
  const auto dc_times_tones = [&](double dc, const std::vector<TruthTone>& tones) {
    long double sum = 0.0L;
    for (const TruthTone& tone : tones) {
      sum += dc * std::sqrt(2.0L) * std::abs(tone.rms) *
             integral(tone.frequency_hertz, std::arg(tone.rms) - kTwoPi / 4.0L);
    }
    return sum;
  };
  long double sum = static_cast<long double>(u.dc * i.dc) * (to - from);
  sum += dc_times_tones(u.dc, i.tones) + dc_times_tones(i.dc, u.tones);
  for (const TruthTone& a : u.tones) {
    for (const TruthTone& b : i.tones) {
      const long double size = std::abs(a.rms) * std::abs(b.rms);
      if (size == 0.0L) {
        continue;
      }
      const long double pa = std::arg(a.rms);
      const long double pb = std::arg(b.rms);
      const long double fa = a.frequency_hertz;
      const long double fb = b.frequency_hertz;
      sum += size * (integral(fa - fb, pa - pb) - integral(fa + fb, pa + pb));
    }
  }
  return static_cast<double>(sum);
}

class Registers {
 public:
  void add(std::string label, Unit unit, double si) {
    values_.push_back({std::move(label), unit, si * info(unit).per_si});
  }
  [[nodiscard]] std::vector<TruthValue> take() { return std::move(values_); }

 private:
  std::vector<TruthValue> values_;
};

/// IEEE sign: minus where P and Q have the same sign (lagging).
double signed_pf(double p, double q, double s) {
  const double pf = std::fabs(p) / s;
  // A reactive power that is only rounding neither lags nor leads.
  return p * q > 0.0 && std::fabs(q) > 1e-12 * s ? -pf : pf;
}

double degrees(Complex x, Complex reference) {
  const double angle = std::arg(x * std::conj(reference)) * 180.0 / kPi;
  return std::abs(x) > 0.0 && std::abs(reference) > 0.0 ? angle : kNotAvailable;
}

void add_power(Registers& r, const std::string& suffix, double p, double p1, double q, double s) {
  const double s1 = std::sqrt(p1 * p1 + q * q);
  r.add("kW " + suffix, Unit::Kilowatt, p);
  r.add("kVAR " + suffix, Unit::Kilovar, q);
  r.add("kVA " + suffix, Unit::Kilovoltampere, s);
  r.add("kW fund " + suffix, Unit::Kilowatt, p1);
  r.add("PF sign " + suffix, Unit::One, s > 0.0 ? signed_pf(p, q, s) : kNotAvailable);
  r.add("dPF sign " + suffix, Unit::One, s1 > 0.0 ? signed_pf(p1, q, s1) : kNotAvailable);
}

void add_sequence(Registers& r, const std::string& symbol, const std::array<Complex, 3>& x,
                  Complex reference, bool acb, bool has_zero, std::string_view u2,
                  std::string_view u0) {
  const Complex a = std::polar(1.0, acb ? -2.0 * kPi / 3.0 : 2.0 * kPi / 3.0);
  const Complex zero = (x[0] + x[1] + x[2]) / 3.0;
  const Complex positive = (x[0] + a * x[1] + a * a * x[2]) / 3.0;
  const Complex negative = (x[0] + a * a * x[1] + a * x[2]) / 3.0;
  const Unit unit = symbol == "V" ? Unit::Volt : Unit::Ampere;
  const double size = std::abs(positive);
  // An angle of what is only rounding says nothing.
  const auto angle = [&](Complex y) {
    return std::abs(y) > 1e-9 * size ? degrees(y, reference) : kNotAvailable;
  };
  if (has_zero) {
    r.add(symbol + "0 mag", unit, std::abs(zero));
    r.add(symbol + "0 seq ang", Unit::Degree, angle(zero) * kPi / 180.0);
  }
  r.add(symbol + "1 seq mag", unit, size);
  r.add(symbol + "1 seq ang", Unit::Degree, angle(positive) * kPi / 180.0);
  r.add(symbol + "2 seq mag", unit, std::abs(negative));
  r.add(symbol + "2 seq ang", Unit::Degree, angle(negative) * kPi / 180.0);
  const bool any = size > 0.0;
  r.add(std::string(u2), Unit::Percent, any ? std::abs(negative) / size : kNotAvailable);
  if (has_zero) {
    r.add(std::string(u0), Unit::Percent, any ? std::abs(zero) / size : kNotAvailable);
  }
}

/// Subgroups and centred interharmonic subgroups (IEC 61000-4-7 §5.6) in closed form: exact where
/// every tone lies on a bin of the 10/12-cycle window; else they are left out (NaN).
void add_harmonics(Registers& r, const std::string& name, const Spectrum& s, const Scenario& sc,
                   bool current) {
  const double f = s.tones.front().frequency_hertz;
  const double u1 = std::abs(s.fundamental());
  const int bins_per_order = sc.system.window_cycles();
  int highest = 1;
  bool on_bins = u1 > 0.0;
  std::vector<double> harmonic(kHighestOrder + 1, 0.0);
  std::vector<double> inter(kHighestOrder, 0.0);
  bool has_inter = false;
  for (const TruthTone& tone : s.tones) {
    const double bin = tone.frequency_hertz / f * bins_per_order;
    const double whole = std::floor(bin + 0.5);
    on_bins = on_bins && std::fabs(bin - whole) < 1e-6;
    const int k = static_cast<int>(std::min(whole, 1e6));
    const int order = (k + 1) / bins_per_order;
    if ((k + 1) % bins_per_order <= 2) {
      if (order >= 1 && order <= kHighestOrder) {
        harmonic[static_cast<std::size_t>(order)] += std::norm(tone.rms);
        highest = std::max(highest, std::norm(tone.rms) > 0.0 ? order : 1);
      }
    } else if (order < kHighestOrder) {
      inter[static_cast<std::size_t>(order)] += std::norm(tone.rms);
      has_inter = true;
    }
  }
  double distortion = 0.0;
  double weighted = 0.0;
  double all = 0.0;
  for (int h = 1; h <= kHighestOrder; ++h) {
    const double square = harmonic[static_cast<std::size_t>(h)];
    distortion += h > 1 ? square : 0.0;
    weighted += square * h * h;
    all += square;
  }
  const double reference = std::sqrt(harmonic[1]);
  r.add(name + " THD", Unit::Percent, on_bins ? std::sqrt(distortion) / reference : kNotAvailable);
  if (current) {
    r.add(name + " K Fac", Unit::One, on_bins ? weighted / all : kNotAvailable);
  }
  for (int h = 1; h <= highest && on_bins; ++h) {
    r.add(format("{} HD{}", name, h), Unit::Percent,
          std::sqrt(harmonic[static_cast<std::size_t>(h)]) / reference);
  }
  const Complex unit = u1 > 0.0 ? s.fundamental() / u1 : Complex(1.0);
  for (int h = 2; h <= highest && on_bins; ++h) {
    for (const TruthTone& tone : s.tones) {
      if (std::fabs(tone.frequency_hertz - h * f) < 1e-6 && std::abs(tone.rms) > 0.0) {
        r.add(format("{} HA{}", name, h), Unit::Degree,
              std::arg(tone.rms * std::conj(std::pow(unit, h))));
      }
    }
  }
  for (int h = 0; h < kHighestOrder && on_bins && has_inter; ++h) {
    if (inter[static_cast<std::size_t>(h)] > 0.0) {
      r.add(format("{} IHD{}", name, h), Unit::Percent,
            std::sqrt(inter[static_cast<std::size_t>(h)]) / reference);
    }
  }
}

/// Largest deviation from the average of the three, of the average.
double deviation(const std::array<double, 3>& x) {
  const double mean = (x[0] + x[1] + x[2]) / 3.0;
  double worst = 0.0;
  for (const double v : x) {
    worst = std::max(worst, std::fabs(v - mean));
  }
  return mean > 0.0 ? worst / mean : kNotAvailable;
}

void add_voltages(Registers& r, const TruthSignal& signal, const Scenario& scenario,
                  const TruthPiece& piece, const std::array<Spectrum, 3>& quality) {
  const bool lines = is_line_to_line(scenario.system.wiring);
  const bool single = scenario.system.wiring == Wiring::Single;
  const auto add_three = [&](const std::string& base, const std::array<std::string, 3>& suffixes,
                             const std::array<Spectrum, 3>& x) {
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      if (x[k].present) {
        r.add(base + suffixes[k], Unit::Volt, x[k].rms());
        sum += x[k].rms();
        count += 1.0;
      }
    }
    r.add(base + "avg", Unit::Volt, sum / count);
  };
  std::array<Spectrum, 3> line = quality;
  if (!lines) {
    add_three("Vln ", {"a", "b", "c"}, quality);
    for (std::size_t k = 0; k < 3 && !single; ++k) {
      line[k] = spectrum_of(signal, piece,
                            difference(signal.mix_of(static_cast<Input>(k)), signal,
                                       static_cast<Input>((k + 1) % 3)));
    }
  }
  if (!single) {
    add_three("Vll ", {"ab", "bc", "ca"}, line);
    r.add("V unbal", Unit::Percent,
          deviation({quality[0].rms(), quality[1].rms(), quality[2].rms()}));
  }
  const double nominal = scenario.system.nominal_voltage_volts;
  for (std::size_t k = 0; k < 3; ++k) {
    if (quality[k].present) {
      const double ratio = quality[k].rms() / nominal;
      r.add(format("V{} UnderDev", k + 1), Unit::Percent, std::max(0.0, 1.0 - ratio));
      r.add(format("V{} OverDev", k + 1), Unit::Percent, std::max(0.0, ratio - 1.0));
    }
  }
}

}  // namespace

std::vector<TruthValue> registers_of(const TruthSignal& signal, const Scenario& scenario,
                                     const TruthPiece& piece) {
  Registers r;
  std::array<Spectrum, 3> quality;
  std::array<Spectrum, 3> current;
  std::array<Spectrum, 3> u;
  const Phases phases = phases_of(signal, scenario);
  for (std::size_t k = 0; k < 3; ++k) {
    quality[k] = spectrum_of(signal, piece, signal.quality_voltage(static_cast<int>(k)));
    current[k] = spectrum_of(signal, piece, phases.i[k]);
    u[k] = spectrum_of(signal, piece, phases.u[k]);
  }
  add_voltages(r, signal, scenario, piece, quality);
  r.add("Freq", Unit::Hertz, signal.model().frequency_hertz(piece.from));

  double sum = 0.0;
  double count = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    if (current[k].present) {
      r.add(std::string("I ") + kPhaseLetters[k], Unit::Ampere, current[k].rms());
      sum += current[k].rms();
      count += 1.0;
    }
  }
  const bool three_currents = count == 3.0;
  if (count > 0.0) {
    r.add("I avg", Unit::Ampere, sum / count);
  }
  if (three_currents) {
    TruthMix residual = phases.i[0];
    residual.insert(residual.end(), phases.i[1].begin(), phases.i[1].end());
    residual.insert(residual.end(), phases.i[2].begin(), phases.i[2].end());
    r.add("I calc res", Unit::Ampere, spectrum_of(signal, piece, residual).rms());
    r.add("I unbal", Unit::Percent,
          deviation({current[0].rms(), current[1].rms(), current[2].rms()}));
  }
  const Complex reference = quality[0].fundamental();
  for (const Input input : {Input::V4, Input::I4, Input::I5}) {
    if (const Spectrum s = spectrum_of(signal, piece, signal.mix_of(input)); s.present) {
      const std::string label(halfcycle::name(input));
      r.add(input == Input::V4   ? "V4"
            : input == Input::I4 ? "I 4"
                                 : "I 5",
            is_voltage(input) ? Unit::Volt : Unit::Ampere, s.rms());
      const double floor = 1e-9 * std::max(1.0, current[0].present ? current[0].rms() : 1.0);
      r.add(label + " ang", Unit::Degree,
            std::abs(s.fundamental()) > floor ? degrees(s.fundamental(), reference) * kPi / 180.0
                                              : kNotAvailable);
    }
  }

  if (current[0].present && (count == 1.0 || three_currents)) {
    std::array<double, 4> total{};  // P, P1, Q1, arithmetic S
    for (std::size_t k = 0; k < 3; ++k) {
      if (!u[k].present || !current[k].present) {
        continue;
      }
      const Complex s1 = u[k].fundamental() * std::conj(current[k].fundamental());
      const double p = mean_power(u[k], current[k]);
      const double s = u[k].rms() * current[k].rms();
      if (!phases.three_wire) {
        add_power(r, std::string(1, kPhaseLetters[k]), p, s1.real(), s1.imag(), s);
      }
      total[0] += p;
      total[1] += s1.real();
      total[2] += s1.imag();
      total[3] += s;
    }
    add_power(r, "tot", total[0], total[1], total[2], std::hypot(total[0], total[2]));
    if (!phases.three_wire) {
      const double rest = total[3] * total[3] - total[0] * total[0] - total[2] * total[2];
      r.add("kVAR nonfund tot", Unit::Kilovar, std::sqrt(std::max(0.0, rest)));
    }
  }

  for (std::size_t k = 0; k < 3; ++k) {
    if (quality[k].present) {
      r.add(format("V{} ang", k + 1), Unit::Degree,
            degrees(quality[k].fundamental(), reference) * kPi / 180.0);
      r.add(format("V{} fund", k + 1), Unit::Volt, std::abs(quality[k].fundamental()));
    }
    if (current[k].present) {
      r.add(format("I{} ang", k + 1), Unit::Degree,
            degrees(current[k].fundamental(), reference) * kPi / 180.0);
      r.add(format("I{} fund", k + 1), Unit::Ampere, std::abs(current[k].fundamental()));
    }
  }
  const bool acb = scenario.system.phase_order == PhaseOrder::Acb;
  if (quality[1].present && quality[2].present) {
    add_sequence(r, "V",
                 {quality[0].fundamental(), quality[1].fundamental(), quality[2].fundamental()},
                 reference, acb, !phases.three_wire, "Vunbal u2", "Vunbal u0");
  }
  if (three_currents) {
    add_sequence(r, "I",
                 {current[0].fundamental(), current[1].fundamental(), current[2].fundamental()},
                 reference, acb, true, "IUnbal u2", "IUnbal u0");
  }
  for (std::size_t k = 0; k < 3; ++k) {
    if (quality[k].present) {
      add_harmonics(r, format("V{}", k + 1), quality[k], scenario, false);
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    if (current[k].present) {
      add_harmonics(r, format("I{}", k + 1), current[k], scenario, true);
    }
  }
  return r.take();
}

namespace {

/// Energies of one stretch, SI; NaN where there is no closed form.
struct Stretch {
  double active = kNotAvailable;
  double reactive = kNotAvailable;
  double apparent = kNotAvailable;
  double power = 0.0;  ///< its sign decides between delivered and received
};

/// Only currents move, in straight lines: every product of powers is linear in time, and its
/// integral is the value in the middle times the length.
bool currents_move_in_lines(const TruthSignal& signal, const Scenario& scenario,
                            const TruthPiece& piece) {
  for (std::size_t c = 0; c < piece.states.size(); ++c) {
    const ChannelState& s = piece.states[c];
    if (signal.has_sine_flicker(scenario.channels[c].input) ||
        (is_voltage(scenario.channels[c].input) && !s.is_constant()) ||
        (s.ramp_slope != 0.0 && s.daily_slope != 0.0)) {
      return false;
    }
  }
  return piece.transients.empty();
}

Stretch stretch_of(const TruthSignal& signal, const Scenario& scenario, const Phases& phases,
                   TruthPiece piece) {
  Stretch out;
  const bool steady = signal.is_steady(piece);
  if (!steady && !currents_move_in_lines(signal, scenario, piece)) {
    return out;
  }
  const auto length = static_cast<double>(piece.to - piece.from);
  for (ChannelState& state : piece.states) {
    if (!state.is_constant()) {
      state.gain = state.amplitude(length / 2.0);
      state.ramp = state.daily = 1.0;
      state.ramp_slope = state.daily_slope = 0.0;
    }
  }
  double p = 0.0;
  double q = 0.0;
  double exact = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const Spectrum u = spectrum_of(signal, piece, phases.u[k]);
    const Spectrum i = spectrum_of(signal, piece, phases.i[k]);
    if (!u.present || !i.present) {
      continue;
    }
    p += mean_power(u, i);
    q += (u.fundamental() * std::conj(i.fundamental())).imag();
    exact += steady ? energy_between(u, i, piece.from, piece.to) : 0.0;
  }
  out.power = p;
  out.active = steady ? exact : p * length;
  out.reactive = q * length;
  out.apparent = std::hypot(p, q) * length;
  return out;
}

}  // namespace

std::vector<TruthValue> energies_of(const TruthSignal& signal, const Scenario& scenario) {
  const Phases phases = phases_of(signal, scenario);
  if (phases.i[0].empty() || phases.u[0].empty()) {
    return {};
  }
  std::array<double, 2> active{};
  std::array<double, 2> reactive{};
  std::array<double, 2> apparent{};
  for (const TruthPiece& piece : signal.pieces()) {
    const Stretch s = stretch_of(signal, scenario, phases, piece);
    const std::size_t received = s.power < 0.0 ? 1 : 0;
    active[received] += std::fabs(s.active);
    apparent[received] += s.apparent;
    reactive[s.reactive < 0.0 ? 1 : 0] += std::fabs(s.reactive);
    // What is unknown makes both sums unknown.
    active[1 - received] += s.active * 0.0;
    apparent[1 - received] += s.apparent * 0.0;
    reactive[1] += s.reactive * 0.0;
  }
  Registers r;
  const auto add = [&](const std::string& base, Unit unit, const std::array<double, 2>& e) {
    r.add(base + " del", unit, e[0]);
    r.add(base + " rec", unit, e[1]);
    r.add(base + " del-rec", unit, e[0] - e[1]);
    r.add(base + " del+rec", unit, e[0] + e[1]);
  };
  add("kWh", Unit::KilowattHour, active);
  add("kVARh", Unit::KilovarHour, reactive);
  add("kVAh", Unit::KilovoltampereHour, apparent);
  return r.take();
}

}  // namespace halfcycle::source
