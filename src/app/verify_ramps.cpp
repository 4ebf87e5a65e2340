// SPDX-License-Identifier: Apache-2.0
// Ramps of frequency and of voltage of `halfcycle verify`, against the integral over each window
// and the standard's own count of cycles (IEC 61000-4-30 §5.1).
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

using Rows = Result<std::vector<VerifyRow>>;

// Whole cycles of L1 between the first and the last rising zero crossing of a table's row, over
// their time: crossings are where the phase is a whole number of turns.
double counted_hertz(const VerifySignal& signal, Instant start, Instant end) {
  const double from = (start - signal.start).to_seconds();
  const double to = (end - signal.start).to_seconds();
  const auto time_of = [&](double turns) {
    const double f = signal.fundamental_hertz;
    const double r = signal.ramp_hertz_per_second;
    return r == 0.0 ? turns / f : (std::sqrt(f * f + 2.0 * r * turns) - f) / r;
  };
  const double first = std::ceil(signal.cycles_at(from) - 1e-9);
  const double last = std::floor(signal.cycles_at(to) + 1e-9);
  return (last - first) / (time_of(last) - time_of(first));
}

Rows frequency_ramp(double nominal, double from, double rate, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.lag_radians = 0.5;
  feeder.voltage_tones = {{5, 0.05, 0.2}, {7, 0.05, 2.0}, {29, 0.02, 1.0}};
  VerifySignal signal = verify_feeder(feeder, from, 10.0 + 2.0 * kVerifyLeadSeconds);
  signal.ramp_hertz_per_second = rate;
  const auto run = run_verify(signal, nominal,
                              {"Freq", "Vln a", "kW tot", "V1 HD5", "V1 HD29", "Vunbal u2"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const std::string condition =
      format("{:g} Hz system, {:g} Hz: ramp of {:+g} Hz/s for 10 s, 5 % 5th and 7th, 2 % 29th",
             nominal, from, rate);
  const auto& ten = run->ten_seconds;
  const double u = signal.channel(Input::V1).rms();
  double p = 0.0;
  double s = 0.0;
  for (int phase = 0; phase < 3; ++phase) {
    p += signal.active_power(phase);
    s += signal.apparent_power(phase);
  }
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.1", "frequency over 10 s", condition, 10.0, 0.1,
       1e3 * ten.worst("Freq",
                       [&](std::size_t row) {
                         return counted_hertz(signal, ten.start[row], ten.end[row]);
                       }),
       "mHz"},
      own_row("frequency over 10/12 cycles", condition, 1.0,
              1e3 * run->windows.worst("Freq",
                                       [&](std::size_t row) {
                                         const auto& w = run->windows;
                                         const auto at = [&](Instant t) {
                                           return (t - signal.start).to_seconds();
                                         };
                                         const double a = at(w.start[row]);
                                         const double b = at(w.end[row]);
                                         return (signal.cycles_at(b) - signal.cycles_at(a)) /
                                                (b - a);
                                       }),
              "mHz"),
      {"IEC 61000-4-30 5.2", "voltage, rms over 10/12 cycles", condition, 0.1, 0.001,
       100.0 * run->windows.worst("Vln a", u) / kVerifyUdin, "% of Udin"},
      {"IEC 62053-22 class 0.2 S", "active power", condition, 0.2, 0.001,
       100.0 * 1e3 * run->windows.worst("kW tot", 1e-3 * p) / s, "% of S"},
      {"IEC 61000-4-7 class I", "harmonics of 1 % and more, to the 50th", condition, 5.0, 0.1,
       std::max(run->windows.worst("V1 HD5", 5.0) / 0.05,
                run->windows.worst("V1 HD29", 2.0) / 0.02),
       "% of reading"},
      {"IEC 61000-4-30 5.7", "unbalance u2", condition, 0.15, 0.005,
       run->windows.worst("Vunbal u2", 0.0), "% (points)"}};
}

// The amplitude falls or rises along a line from 0.3 s on. Each window's exact rms:
// ∫ (1 + bt)²·2·sin²(ωt + φ) dt over it.
Rows voltage_ramp(double nominal, double slope, const VerifyStop& stop) {
  VerifySignal signal = verify_feeder({}, nominal + 0.17, 2.2);
  constexpr double kFrom = 0.3;
  signal.shape = [&](Input input, std::size_t n, double, double value) {
    const double t = static_cast<double>(n) / signal.rate_hertz - kFrom;
    return is_voltage(input) && t > 0.0 ? value * (1.0 + slope * t) : value;
  };
  const auto run = run_verify(signal, nominal, {"Vln a", "Freq"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double omega = 2.0 * std::numbers::pi * signal.fundamental_hertz;
  // ∫ (1 + s·t)²·(1 − cos(2ω(t + kFrom))) dt, t from the beginning of the ramp.
  const auto integral = [&](double s, double t) {
    const double a = 1.0 + s * t;
    const double w = 2.0 * omega;
    const double x = w * (t + kFrom);
    const double plain = s == 0.0 ? t : a * a * a / (3.0 * s);
    return plain - (a * a * std::sin(x) / w + 2.0 * s * a * std::cos(x) / (w * w) -
                    2.0 * s * s * std::sin(x) / (w * w * w));
  };
  const auto exact = [&](Instant start, Instant end) {
    const double a = (start - signal.start).to_seconds() - kFrom;
    const double b = (end - signal.start).to_seconds() - kFrom;
    const double middle = std::clamp(0.0, a, b);
    const double square =
        integral(0.0, middle) - integral(0.0, a) + integral(slope, b) - integral(slope, middle);
    return kVerifyUdin * std::sqrt(square / (b - a));
  };
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("voltage ramp of {:+g} % of Udin a second", 100.0 * slope));
  const VerifyTable& w = run->windows;
  const double error =
      w.worst("Vln a", [&](std::size_t row) { return exact(w.start[row], w.end[row]); });
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.2", "voltage, rms over 10/12 cycles", condition, 0.1, 0.002,
       100.0 * error / kVerifyUdin, "% of Udin"},
      own_row("frequency over 10/12 cycles", condition, 1.0,
              1e3 * run->windows.worst("Freq", signal.fundamental_hertz), "mHz")};
}

// Frequency of one cycle behind a step of 1 Hz: it settles.
Rows frequency_step(double nominal, double step, const VerifyStop& stop) {
  VerifySignal signal = verify_feeder({}, nominal, 2.0);
  constexpr double kAt = 50.0;  // cycles
  VerifySignal plain = signal;
  signal.shape = [&](Input input, std::size_t n, double cycles, double value) {
    if (cycles <= kAt) {
      return value;
    }
    const double t = static_cast<double>(n) / signal.rate_hertz - kAt / nominal;
    const double turns = kAt + (nominal + step) * t;
    const VerifyTone& tone = plain.channel(input).tones.front();
    return std::numbers::sqrt2 * tone.rms *
           std::sin(2.0 * std::numbers::pi * turns + tone.angle_radians);
  };
  const auto run = run_verify(signal, nominal, {"Freq"}, stop);
  if (!run) {
    return fail(run.error());
  }
  // Of the half-cycle table, what begins ten cycles behind the step.
  Worst settled;
  const auto column = run->half_cycles.find("HS Freq");
  for (std::size_t row = 0; column && row < run->half_cycles.rows(); ++row) {
    if ((run->half_cycles.start[row] - signal.start).to_seconds() > (kAt + 10.0) / nominal) {
      settled.add(std::abs(run->half_cycles.at(row, *column) - nominal - step));
    }
  }
  return std::vector<VerifyRow>{
      own_row("frequency of one cycle",
              verify_condition(nominal, nominal,
                               format("step of {:+g} Hz, from ten cycles behind it on", step)),
              1.0, 1e3 * settled.value(), "mHz")};
}

}  // namespace

std::vector<VerifyJob> ramp_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    const double low = nominal == 50.0 ? 42.5 : 51.0;
    const double high = nominal == 50.0 ? 57.5 : 69.0;
    struct Ramp {
      double from;
      double rate;
    };
    for (const Ramp& ramp : {Ramp{nominal - 4.5, 1.0}, Ramp{nominal + 4.5, -1.0},
                             Ramp{low + 0.1, 0.5}, Ramp{high - 0.1, -0.5}, Ramp{nominal, 0.02}}) {
      jobs.emplace_back([nominal, ramp](const VerifyStop& stop) {
        return frequency_ramp(nominal, ramp.from, ramp.rate, stop);
      });
    }
    for (const double slope : {-0.20, -0.02, 0.02, 0.20}) {
      jobs.emplace_back(
          [nominal, slope](const VerifyStop& stop) { return voltage_ramp(nominal, slope, stop); });
    }
    for (const double step : {-1.0, 1.0}) {
      jobs.emplace_back(
          [nominal, step](const VerifyStop& stop) { return frequency_step(nominal, step, stop); });
    }
  }
  return jobs;
}

}  // namespace halfcycle::app
