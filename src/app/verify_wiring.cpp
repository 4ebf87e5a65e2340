// SPDX-License-Identifier: Apache-2.0
// What the other parts of `halfcycle verify` leave out: wiring modes, neutral and residual current,
// sequence components with their angles, unbalance of NEMA, power of each order, distortion
// factors, four quadrants, 400 Hz, and a meter without load.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

using Rows = Result<std::vector<VerifyRow>>;
using Phasor = std::complex<double>;

constexpr double kPi = std::numbers::pi;
constexpr double kDegrees = 180.0 / kPi;

Phasor phasor_of(const VerifyTone& tone) { return std::polar(tone.rms, tone.angle_radians); }

double degrees(Phasor z, Phasor reference) { return std::arg(z / reference) * kDegrees; }

// ---- wiring -------------------------------------------------------------------------------------

/// Three phases, unequal, with a fifth harmonic, and currents that add up to nothing.
VerifySignal three_wire(double nominal) {
  VerifyFeeder feeder;
  feeder.volts = {kVerifyUdin, 0.96 * kVerifyUdin, 1.03 * kVerifyUdin};
  feeder.amperes = {kVerifyIn, 0.7 * kVerifyIn, kVerifyIn};
  feeder.lag_radians = 0.4;
  feeder.voltage_tones = {{5, 0.04, 0.3}};
  feeder.current_tones = {{5, 0.10, 0.9}};
  VerifySignal signal = verify_feeder(feeder, nominal - 0.3, 1.0);
  VerifyChannel& third = signal.channels[5];
  for (std::size_t t = 0; t < third.tones.size(); ++t) {
    const Phasor sum =
        phasor_of(signal.channels[3].tones[t]) + phasor_of(signal.channels[4].tones[t]);
    third.tones[t].rms = std::abs(sum);
    third.tones[t].angle_radians = std::arg(-sum);
  }
  return signal;
}

VerifyChannel difference(Input input, const VerifyChannel& a, const VerifyChannel& b) {
  VerifyChannel out{input, {}};
  for (std::size_t t = 0; t < a.tones.size(); ++t) {
    const Phasor d = phasor_of(a.tones[t]) - phasor_of(b.tones[t]);
    out.tones.push_back({a.tones[t].order, std::abs(d), std::arg(d)});
  }
  return out;
}

Rows three_wires(double nominal, Wiring wiring, bool two_transformers, const VerifyStop& stop) {
  const VerifySignal star = three_wire(nominal);
  const std::array<VerifyChannel, 3> u{star.channels[0], star.channels[1], star.channels[2]};
  const std::array<VerifyChannel, 3> line{difference(Input::V1, u[0], u[1]),
                                          difference(Input::V2, u[1], u[2]),
                                          difference(Input::V3, u[2], u[0])};
  VerifySignal signal = star;
  if (wiring == Wiring::Delta) {
    signal.channels.erase(signal.channels.begin(), signal.channels.begin() + 3);
    if (two_transformers) {
      // A-B and C-B.
      signal.channels.insert(signal.channels.begin(), {line[0], difference(Input::V3, u[2], u[1])});
    } else {
      signal.channels.insert(signal.channels.begin(), line.begin(), line.end());
    }
  }
  VerifyMeter meter;
  meter.wiring = wiring;
  meter.nominal_volts = wiring == Wiring::Delta ? std::sqrt(3.0) * kVerifyUdin : kVerifyUdin;
  const auto run =
      run_verify(signal, nominal, {"Vll ab", "Vll bc", "Vll ca", "kW tot", "kVAR tot", "Vunbal u2"},
                 stop, meter);
  if (!run) {
    return fail(run.error());
  }
  double p = 0.0;
  double q = 0.0;
  double s = 0.0;
  for (int phase = 0; phase < 3; ++phase) {
    p += star.active_power(phase);
    q += star.fundamental_reactive_power(phase);
    s += star.apparent_power(phase);
  }
  // The negative sequence of the lines over their positive one is that of the phases.
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("{}{}, unequal phases, 5th harmonic", name(wiring),
                              wiring != Wiring::Delta ? ""
                              : two_transformers      ? " with 2 PTs"
                                                      : " with 3 PTs"));
  Worst volts;
  constexpr std::array kLabels{"Vll ab", "Vll bc", "Vll ca"};
  for (std::size_t k = 0; k < 3; ++k) {
    const double truth = line[k].rms();
    volts.add(100.0 * run->windows.worst(kLabels[k], truth) / truth);
  }
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.2", "line-to-line voltage, rms over 10/12 cycles", condition, 0.1, 0.001,
       volts.value(), "%"},
      {"IEC 62053-22 class 0.2 S", "active power, wiring modes", condition, 0.2, 0.001,
       100.0 * 1e3 * run->windows.worst("kW tot", 1e-3 * p) / s, "% of S"},
      {"IEC 62053-24 class 0.5 S", "reactive power, wiring modes", condition, 0.5, 0.001,
       100.0 * 1e3 * run->windows.worst("kVAR tot", 1e-3 * q) / s, "% of S"},
      {"IEC 61000-4-30 5.7", "unbalance u2", condition, 0.15, 0.005,
       run->windows.worst("Vunbal u2", 100.0 * star.negative_sequence_ratio(Input::V1)),
       "% (points)"}};
}

// ---- neutral, residual, sequence components, unbalance ------------------------------------------

Rows four_wires(double nominal, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.volts = {1.02 * kVerifyUdin, 0.97 * kVerifyUdin, 1.01 * kVerifyUdin};
  feeder.amperes = {kVerifyIn, 0.5 * kVerifyIn, 0.8 * kVerifyIn};
  feeder.lag_radians = 0.3;
  feeder.current_tones = {{3, 0.20, 0.0}};
  VerifySignal signal = verify_feeder(feeder, nominal + 0.3, 4.2);
  // The neutral conductor carries all of it; N-E 3 V.
  VerifyChannel neutral{Input::I4, {}};
  for (std::size_t t = 0; t < 2; ++t) {
    const Phasor sum = phasor_of(signal.channels[3].tones[t]) +
                       phasor_of(signal.channels[4].tones[t]) +
                       phasor_of(signal.channels[5].tones[t]);
    neutral.tones.push_back({signal.channels[3].tones[t].order, std::abs(sum), std::arg(sum)});
  }
  signal.channels.insert(signal.channels.begin() + 3, {Input::V4, {{1.0, 3.0, 0.6}}});
  signal.channels.push_back(neutral);
  const std::vector<std::string> labels{
      "I 4",        "I calc res", "V4",         "IUnbal u2",  "IUnbal u0", "Vln unbal",
      "Vll unbal",  "I unbal",    "V1 seq mag", "V2 seq mag", "V0 mag",    "V2 seq ang",
      "V0 seq ang", "I1 seq mag", "I2 seq mag", "I0 mag",     "I1 seq ang"};
  const auto run = run_verify(signal, nominal, labels, stop,
                              {.intervals = {metrology::Interval::OneFiftyOneEightyCycle}});
  if (!run) {
    return fail(run.error());
  }
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz, "unequal phases, 20 % 3rd harmonic in I");
  const auto sequence = [&](Input first) {
    const Phasor a = std::polar(1.0, 2.0 * kPi / 3.0);
    std::array<Phasor, 3> x;
    for (std::size_t k = 0; k < 3; ++k) {
      x[k] = signal.channel(static_cast<Input>(lane(first) + k)).fundamental();
    }
    return std::array<Phasor, 3>{(x[0] + x[1] + x[2]) / 3.0, (x[0] + a * x[1] + a * a * x[2]) / 3.0,
                                 (x[0] + a * a * x[1] + a * x[2]) / 3.0};
  };
  const auto v = sequence(Input::V1);
  const auto i = sequence(Input::I1);
  const Phasor v1 = signal.channel(Input::V1).fundamental();
  const auto nema = [](std::array<double, 3> x) {
    const double mean = (x[0] + x[1] + x[2]) / 3.0;
    double most = 0.0;
    for (const double one : x) {
      most = std::max(most, std::abs(one - mean));
    }
    return 100.0 * most / mean;
  };
  const auto rms = [&](Input first) {
    std::array<double, 3> out{};
    for (std::size_t k = 0; k < 3; ++k) {
      out[k] = signal.channel(static_cast<Input>(lane(first) + k)).rms();
    }
    return out;
  };
  const auto& u = signal.channels;
  const std::array<double, 3> lines{difference(Input::V1, u[0], u[1]).rms(),
                                    difference(Input::V1, u[1], u[2]).rms(),
                                    difference(Input::V1, u[2], u[0]).rms()};
  const VerifyTable& w = run->windows;
  Worst nema_error;
  nema_error.add(w.worst("Vln unbal", nema(rms(Input::V1))));
  nema_error.add(w.worst("Vll unbal", nema(lines)));
  nema_error.add(w.worst("I unbal", nema(rms(Input::I1))));
  std::vector<VerifyRow> rows{
      {"IEC 61557-12 class 0.2", "neutral current, measured", condition, 0.2, 0.001,
       100.0 * w.worst("I 4", neutral.rms()) / neutral.rms(), "%"},
      {"IEC 61557-12 class 0.2", "residual current, calculated", condition, 0.2, 0.001,
       100.0 * w.worst("I calc res", neutral.rms()) / neutral.rms(), "%"},
      {"IEC 61557-12 class 0.2", "neutral-to-earth voltage", condition, 0.2, 0.001,
       100.0 * w.worst("V4", 3.0) / 3.0, "%"},
      {"IEC 61557-12 class 0.2", "current unbalance u2", condition, 0.2, 0.005,
       w.worst("IUnbal u2", 100.0 * std::abs(i[2] / i[1])), "% (points)"},
      {"IEC 61557-12 class 0.2", "current unbalance u0", condition, 0.2, 0.005,
       w.worst("IUnbal u0", 100.0 * std::abs(i[0] / i[1])), "% (points)"},
      own_row("unbalance by NEMA MG 1", condition, 0.005, nema_error.value(), "% (points)")};
  for (const auto& [text, table] : {std::pair{"10/12 cycles", &run->windows},
                                    std::pair{"150/180 cycles", &run->intervals[0]}}) {
    Worst magnitude;
    Worst angle;
    magnitude.add(100.0 * table->worst("V1 seq mag", std::abs(v[1])) / std::abs(v[1]));
    magnitude.add(100.0 * table->worst("V2 seq mag", std::abs(v[2])) / std::abs(v[1]));
    magnitude.add(100.0 * table->worst("V0 mag", std::abs(v[0])) / std::abs(v[1]));
    magnitude.add(100.0 * table->worst("I1 seq mag", std::abs(i[1])) / std::abs(i[1]));
    magnitude.add(100.0 * table->worst("I2 seq mag", std::abs(i[2])) / std::abs(i[1]));
    magnitude.add(100.0 * table->worst("I0 mag", std::abs(i[0])) / std::abs(i[1]));
    angle.add(table->worst_angle("V2 seq ang", degrees(v[2], v1)));
    angle.add(table->worst_angle("V0 seq ang", degrees(v[0], v1)));
    angle.add(table->worst_angle("I1 seq ang", degrees(i[1], v1)));
    rows.push_back(own_row(format("sequence components over {}", text), condition, 0.001,
                           magnitude.value(), "% of positive"));
    rows.push_back(own_row(format("angles of sequence components over {}", text), condition, 0.005,
                           angle.value(), "deg"));
  }
  return rows;
}

// ---- distortion ---------------------------------------------------------------------------------

Rows distortion(double nominal, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.lag_radians = 0.5;
  feeder.voltage_tones = {{2, 0.01, 0.1}, {3, 0.05, 0.4}, {5, 0.06, 1.0}, {11, 0.03, 2.0}};
  feeder.current_tones = {{2, 0.02, 0.3}, {3, 0.25, 1.9}, {5, 0.20, 0.5}, {11, 0.10, -1.0}};
  VerifySignal signal = verify_feeder(feeder, nominal - 0.35, 1.0);
  const std::vector<std::string> labels{
      "V1 THD",      "V1 THDS",       "V1 THDG",     "V1 TEHD",     "V1 TOHD",
      "V1 thd",      "I1 K Fac",      "I1 TDD",      "V1 CF",       "I1 HP3",
      "I1 HP5",      "I1 HP11",       "V1 HG5",      "kW fund tot", "kW harm tot",
      "kVA vec tot", "kVA arith tot", "kVA eff tot", "dPF sign a"};
  const auto run = run_verify(signal, nominal, labels, stop);
  if (!run) {
    return fail(run.error());
  }
  const VerifyTable& w = run->windows;
  const std::string condition = verify_condition(nominal, signal.fundamental_hertz,
                                                 "2nd, 3rd, 5th and 11th harmonic in U and I");
  double all = 0.0;
  double even = 0.0;
  for (const VerifyTone& tone : feeder.voltage_tones) {
    all += tone.rms * tone.rms;
    even += tone.order == 2 ? tone.rms * tone.rms : 0.0;
  }
  Worst factors;
  const auto add = [&](std::string_view label, double truth) {
    factors.add(100.0 * w.worst(label, 100.0 * truth) / (100.0 * truth));
  };
  add("V1 THD", std::sqrt(all));
  add("V1 THDS", std::sqrt(all));
  add("V1 THDG", std::sqrt(all));
  add("V1 TEHD", std::sqrt(even));
  add("V1 TOHD", std::sqrt(all - even));
  add("V1 thd", std::sqrt(all / (1.0 + all)));
  add("V1 HG5", 0.06);
  double squares = 0.0;
  double weighted = 0.0;
  Worst power;
  for (std::size_t t = 0; t < feeder.current_tones.size(); ++t) {
    const VerifyTone& tone = feeder.current_tones[t];
    squares += tone.rms * tone.rms;
    weighted += tone.order * tone.order * tone.rms * tone.rms;
  }
  add("I1 TDD", std::sqrt(squares));
  const double k_factor = (1.0 + weighted) / (1.0 + squares);
  const VerifyChannel& u = signal.channel(Input::V1);
  const VerifyChannel& i = signal.channel(Input::I1);
  double harmonic = 0.0;
  for (std::size_t t = 1; t < u.tones.size(); ++t) {
    const double p = (phasor_of(u.tones[t]) * std::conj(phasor_of(i.tones[t]))).real();
    harmonic += 3.0 * p;
    if (u.tones[t].order > 2) {
      power.add(100.0 * 1e3 * w.worst(format("I1 HP{:g}", u.tones[t].order), 1e-3 * p) /
                signal.apparent_power(0));
    }
  }
  const double p1 = 3.0 * kVerifyUdin * kVerifyIn * std::cos(0.5);
  const double s = 3.0 * signal.apparent_power(0);
  Worst methods;
  const double p_all = p1 + harmonic;
  const double q = 3.0 * kVerifyUdin * kVerifyIn * std::sin(0.5);
  methods.add(100.0 * 1e3 * w.worst("kVA vec tot", 1e-3 * std::hypot(p_all, q)) / s);
  methods.add(100.0 * 1e3 * w.worst("kVA arith tot", 1e-3 * s) / s);
  // Balanced but for the third harmonic, which is in phase in all: the effective one with it in the
  // neutral, Ve of 4-wire (IEEE 1459 §3.2.3).
  const double u_squares = u.rms() * u.rms();
  double line_squares = 0.0;
  double neutral_squares = 0.0;
  for (std::size_t t = 0; t < u.tones.size(); ++t) {
    const bool zero = std::fmod(u.tones[t].order, 3.0) == 0.0;
    line_squares += zero ? 0.0 : 3.0 * u.tones[t].rms * u.tones[t].rms;
    neutral_squares += zero ? 9.0 * i.tones[t].rms * i.tones[t].rms : 0.0;
  }
  const double ve = std::sqrt((3.0 * 3.0 * u_squares + 3.0 * line_squares) / 18.0);
  const double ie = std::sqrt((3.0 * i.rms() * i.rms() + neutral_squares) / 3.0);
  methods.add(100.0 * 1e3 * w.worst("kVA eff tot", 1e-3 * 3.0 * ve * ie) / (3.0 * ve * ie));
  Worst parts;
  parts.add(100.0 * 1e3 * w.worst("kW fund tot", 1e-3 * p1) / s);
  parts.add(100.0 * 1e3 * w.worst("kW harm tot", 1e-3 * harmonic) / s);
  return std::vector<VerifyRow>{
      {"IEC 61000-4-7 3.3", "distortion factors THD, THDS, THDG, even, odd, thd, TDD", condition,
       5.0, 0.1, factors.value(), "% of reading"},
      own_row("K factor", condition, 0.01, 100.0 * w.worst("I1 K Fac", k_factor) / k_factor, "%"),
      {"IEC 61000-4-7 class I", "active power of an order", condition, 1.0, 0.005, power.value(),
       "% of S"},
      own_row("apparent power by three methods", condition, 0.001, methods.value(), "%"),
      own_row("fundamental and harmonic active power", condition, 0.001, parts.value(), "% of S"),
      {"IEC 61557-12 class 0.5", "displacement power factor", condition, 0.005, 1e-5,
       // IEEE sign: negative while it lags.
       w.worst("dPF sign a", -std::cos(0.5)), "1"}};
}

// ---- quadrants, 400 Hz, no load -----------------------------------------------------------------

Rows quadrant(double nominal, double lag_degrees, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.lag_radians = lag_degrees / kDegrees;
  const VerifySignal signal = verify_feeder(feeder, nominal + 0.12, 1.0);
  const auto run =
      run_verify(signal, nominal, {"kW tot", "kVAR tot", "PF sign tot", "Quadrant tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double s = 3.0 * kVerifyUdin * kVerifyIn;
  const double p = s * std::cos(feeder.lag_radians);
  const double q = s * std::sin(feeder.lag_radians);
  const double number = q >= 0.0 ? (p >= 0.0 ? 1.0 : 2.0) : (p < 0.0 ? 3.0 : 4.0);
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("quadrant {:g}, current {:g} degrees behind", number, lag_degrees));
  return std::vector<VerifyRow>{
      {"IEC 62053-22 class 0.2 S", "active power, four quadrants", condition, 0.3, 0.001,
       100.0 * 1e3 * run->windows.worst("kW tot", 1e-3 * p) / s, "% of S"},
      {"IEC 62053-24 class 0.5 S", "reactive power, four quadrants", condition, 0.5, 0.001,
       100.0 * 1e3 * run->windows.worst("kVAR tot", 1e-3 * q) / s, "% of S"},
      {"IEC 61557-12 class 0.5", "power factor with its sign", condition, 0.005, 1e-5,
       run->windows.worst("PF sign tot", std::copysign(std::abs(p) / s, -p * q)), "1"},
      own_row("quadrant", condition, 0.5, run->windows.worst("Quadrant tot", number), "1")};
}

Rows four_hundred(double offset, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.lag_radians = 0.6;
  feeder.voltage_tones = feeder.current_tones = {{3, 0.05, 0.3}, {5, 0.08, 1.0}};
  VerifySignal signal = verify_feeder(feeder, 400.0 + offset, 0.6);
  signal.rate_hertz = 25600.0;
  const auto run = run_verify(signal, 400.0, {"Vln a", "I a", "kW tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double u = signal.channel(Input::V1).rms();
  const double i = signal.channel(Input::I1).rms();
  const std::string condition =
      verify_condition(400.0, signal.fundamental_hertz, "3rd and 5th harmonic, 25.6 kS/s");
  return std::vector<VerifyRow>{
      {"IEC 61557-12 class 0.2", "voltage at 400 Hz", condition, 0.2, 0.001,
       100.0 * run->windows.worst("Vln a", u) / u, "%"},
      {"IEC 61557-12 class 0.2", "current at 400 Hz", condition, 0.2, 0.001,
       100.0 * run->windows.worst("I a", i) / i, "%"},
      {"IEC 61557-12 class 0.2", "active power at 400 Hz", condition, 0.2, 0.001,
       100.0 * 1e3 * run->windows.worst("kW tot", 3e-3 * signal.active_power(0)) /
           (3.0 * signal.apparent_power(0)),
       "% of S"}};
}

// 115 % of Un, current circuits open: what is registered over what 0.001 In would make.
Rows no_load(double nominal, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.volts.fill(1.15 * kVerifyUdin);
  feeder.amperes.fill(0.0);
  const VerifySignal signal = verify_feeder(feeder, nominal, 5.0);
  const auto run = run_verify(signal, nominal, {"kW tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double starting = 3.0 * kVerifyUdin * 0.001 * kVerifyIn * signal.seconds / 3.6e6;
  return std::vector<VerifyRow>{{"IEC 62053-22 class 0.2 S", "energy without load",
                                 verify_condition(nominal, nominal, "115 % of Un, no current"), 1.0,
                                 0.001, 100.0 * std::abs(run->energy_kwh) / starting,
                                 "% of starting"}};
}

}  // namespace

std::vector<VerifyJob> wiring_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    const auto add = [&](auto job) { jobs.emplace_back(std::move(job)); };
    add([=](const VerifyStop& stop) { return three_wires(nominal, Wiring::Delta, false, stop); });
    add([=](const VerifyStop& stop) { return three_wires(nominal, Wiring::Delta, true, stop); });
    add([=](const VerifyStop& stop) {
      return three_wires(nominal, Wiring::ThreeWireWye, false, stop);
    });
    add([=](const VerifyStop& stop) { return four_wires(nominal, stop); });
    add([=](const VerifyStop& stop) { return distortion(nominal, stop); });
    for (const double lag : {20.0, 60.0, 110.0, 160.0, -110.0, -160.0, -20.0, -70.0}) {
      add([=](const VerifyStop& stop) { return quadrant(nominal, lag, stop); });
    }
    add([=](const VerifyStop& stop) { return no_load(nominal, stop); });
  }
  for (const double offset : {-8.0, 0.0, 8.0}) {
    jobs.emplace_back([offset](const VerifyStop& stop) { return four_hundred(offset, stop); });
  }
  return jobs;
}

}  // namespace halfcycle::app
