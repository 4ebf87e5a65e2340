// SPDX-License-Identifier: Apache-2.0
// Steady signals of `halfcycle verify`: the testing states of IEC 62586-2, the ends of the ranges
// of IEC 61000-4-30.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

using metrology::Interval;

constexpr double kDegrees = 180.0 / std::numbers::pi;
constexpr int kHighestOrder = 50;

struct Condition {
  std::string text;
  double frequency_hertz = 50.0;
  std::array<double, 3> voltage_ratio{1.0, 1.0, 1.0};  ///< to Udin
  std::vector<VerifyTone> voltage_tones;  ///< beside the fundamental, rms as a ratio to it
  std::vector<VerifyTone> current_tones;
  bool ten_seconds = true;
};

// The three testing states of IEC 62586-2 (interharmonics at a multiple of the actual fundamental,
// so that the exact value of a window is known), ends of the ranges, and small and large voltages.
std::vector<Condition> conditions(double nominal) {
  const std::vector<VerifyTone> none;
  const std::vector<VerifyTone> fifth{{5, 0.05, 0.0}, {7, 0.05, 0.3}};
  const std::vector<VerifyTone> rectifier{
      {3, 0.30, 2.0}, {5, 0.20, -1.0}, {7, 0.14, 0.5}, {11, 0.09, 1.1}, {13, 0.07, -2.0}};
  const double low = nominal == 50.0 ? 42.5 : 51.0;
  const double high = nominal == 50.0 ? 57.5 : 69.0;
  return {
      {"testing state 1: sine", nominal, {1.0, 1.0, 1.0}, none, none, true},
      {"testing state 2: unbalance, 3rd 5th 29th, interharmonic",
       nominal - 1.0,
       {0.73, 0.80, 0.87},
       {{3, 0.10, 0.0}, {5, 0.05, 0.0}, {29, 0.05, 0.0}, {7.5, 0.01, 0.0}},
       rectifier,
       true},
      {"testing state 3: unbalance, 7th 13th 25th, interharmonic",
       nominal + 1.0,
       {1.52, 1.40, 1.28},
       {{7, 0.10, std::numbers::pi}, {13, 0.05, 0.0}, {25, 0.05, 0.0}, {3.5, 0.01, 0.0}},
       rectifier,
       true},
      {"lowest frequency, 5 % 5th and 7th", low, {1.0, 1.0, 1.0}, fifth, rectifier, true},
      {"highest frequency, 5 % 5th and 7th", high, {1.0, 1.0, 1.0}, fifth, rectifier, true},
      {"10 % of Udin", nominal + 0.3, {0.1, 0.1, 0.1}, fifth, rectifier, false},
      {"150 % of Udin", nominal - 0.3, {1.5, 1.5, 1.5}, fifth, rectifier, false},
  };
}

VerifySignal signal_of(const Condition& condition) {
  VerifySignal signal;
  signal.fundamental_hertz = condition.frequency_hertz;
  signal.rate_hertz = 10000.0;
  signal.start = verify_start();
  signal.seconds = condition.ten_seconds ? 10.0 + 2.0 * kVerifyLeadSeconds : 2.0;
  constexpr std::array kLag{0.5, 0.2, -0.3};
  constexpr std::array kCurrentRatio{1.0, 0.8, 0.6};
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle = -2.0 * std::numbers::pi * static_cast<double>(phase) / 3.0;
    const auto make = [&](Input first, double rms, double fundamental_angle,
                          const std::vector<VerifyTone>& tones) {
      VerifyChannel channel{static_cast<Input>(lane(first) + phase),
                            {{1.0, rms, fundamental_angle}}};
      for (const VerifyTone& tone : tones) {
        channel.tones.push_back(
            {tone.order, tone.rms * rms, tone.angle_radians + tone.order * fundamental_angle});
      }
      return channel;
    };
    signal.channels.push_back(make(Input::V1, kVerifyUdin * condition.voltage_ratio[phase], angle,
                                   condition.voltage_tones));
    signal.channels.push_back(make(Input::I1, kVerifyIn * kCurrentRatio[phase], angle - kLag[phase],
                                   condition.current_tones));
  }
  std::stable_sort(
      signal.channels.begin(), signal.channels.end(),
      [](const VerifyChannel& a, const VerifyChannel& b) { return a.input < b.input; });
  return signal;
}

// Integral of u·i over all samples that were sent, in kWh, in double and by plain summation.
double energy_kwh(const VerifySignal& signal) {
  const std::size_t frames = signal.frame_count();
  double joules = 0.0;
  std::vector<float> block;
  constexpr std::size_t kAtOnce = 4096;
  for (std::size_t first = 0; first < frames; first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, frames - first);
    signal.render(first, count, block);
    for (std::size_t n = 0; n < count; ++n) {
      for (std::size_t phase = 0; phase < 3; ++phase) {
        joules += static_cast<double>(block[n * 8 + phase]) *
                  static_cast<double>(block[n * 8 + 4 + phase]) / signal.rate_hertz;
      }
    }
  }
  return joules / 3.6e6;
}

class SteadyRows {
 public:
  SteadyRows(double nominal, const Condition& condition, const VerifyStop& stop)
      : nominal_(nominal), condition_(condition), signal_(signal_of(condition)), stop_(stop) {}

  Result<std::vector<VerifyRow>> run() {
    for (std::size_t phase = 0; phase < 3; ++phase) {
      for (const Input first : {Input::V1, Input::I1}) {
        const auto input = static_cast<Input>(lane(first) + phase);
        for (int order = 2; order <= kHighestOrder; ++order) {
          harmonics_.push_back({input, order, format("{} HD{}", name(input), order)});
        }
      }
    }
    std::vector<std::string> labels{"Vln a",  "Vln b",  "Vln c",     "I a",      "I b",    "I c",
                                    "kW a",   "kW b",   "kW c",      "kVAR a",   "kVAR b", "kVAR c",
                                    "kVA a",  "kVA b",  "kVA c",     "V2 ang",   "V3 ang", "I1 ang",
                                    "I2 ang", "I3 ang", "Vunbal u2", "Vunbal u0"};
    for (const Harmonic& harmonic : harmonics_) {
      labels.push_back(harmonic.label);
    }
    auto run = run_verify(signal_, nominal_, labels, stop_);
    if (!run) {
      return fail(run.error());
    }
    run_ = &*run;
    voltage_current();
    powers();
    angles();
    unbalance();
    spectra();
    half_cycle();
    if (condition_.ten_seconds) {
      frequency();
      energy();
    }
    return std::move(rows_);
  }

 private:
  struct Harmonic {
    Input input;
    int order;
    std::string label;
  };

  void add(std::string_view clause, std::string_view quantity, double limit, double budget,
           double error, std::string_view unit) {
    rows_.push_back({std::string(clause), std::string(quantity),
                     format("{:g} Hz system, {:g} Hz: {}", nominal_, condition_.frequency_hertz,
                            condition_.text),
                     limit, budget, error, std::string(unit)});
  }

  // The largest deviation of a column over all windows from what it must be, in its unit.
  [[nodiscard]] double worst(std::string_view label, double truth) const {
    return run_->windows.worst(label, truth);
  }

  void voltage_current() {
    Worst voltage;
    Worst current;
    double largest_voltage = 0.0;
    for (std::size_t phase = 0; phase < 3; ++phase) {
      const double u = signal_.channel(static_cast<Input>(phase)).rms();
      const double i = signal_.channel(static_cast<Input>(lane(Input::I1) + phase)).rms();
      largest_voltage = std::max(largest_voltage, u / kVerifyUdin);
      voltage.add(100.0 * worst(format("Vln {}", kVerifyPhase[phase]), u) / kVerifyUdin);
      current.add(100.0 * worst(format("I {}", kVerifyPhase[phase]), i) / i);
    }
    add("IEC 61000-4-30 5.2", "voltage, rms over 10/12 cycles", 0.1, 0.001 * largest_voltage,
        voltage.value(), "% of Udin");
    add("IEC 61000-4-30 5.13", "current, rms over 10/12 cycles", 1.0, 0.001, current.value(), "%");
  }

  void powers() {
    Worst p;
    Worst q;
    Worst s;
    for (int phase = 0; phase < 3; ++phase) {
      const double apparent = signal_.apparent_power(phase);
      const char letter = kVerifyPhase[static_cast<std::size_t>(phase)];
      p.add(100.0 * 1e3 * worst(format("kW {}", letter), 1e-3 * signal_.active_power(phase)) /
            apparent);
      q.add(100.0 * 1e3 *
            worst(format("kVAR {}", letter), 1e-3 * signal_.fundamental_reactive_power(phase)) /
            apparent);
      s.add(100.0 * 1e3 * worst(format("kVA {}", letter), 1e-3 * apparent) / apparent);
    }
    add("IEC 62053-22 class 0.2 S", "active power", 0.2, 0.001, p.value(), "% of S");
    add("IEC 62053-24 class 0.5 S", "fundamental reactive power", 0.5, 0.001, q.value(), "% of S");
    add("IEC 61557-12 class 0.2", "apparent power", 0.2, 0.001, s.value(), "% of S");
  }

  void angles() {
    const double reference = std::arg(signal_.channel(Input::V1).fundamental());
    Worst angle;
    for (const Input input : {Input::V2, Input::V3, Input::I1, Input::I2, Input::I3}) {
      const double truth =
          std::remainder(std::arg(signal_.channel(input).fundamental()) - reference,
                         2.0 * std::numbers::pi) *
          kDegrees;
      angle.add(run_->windows.worst_angle(format("{} ang", name(input)), truth));
    }
    // IEC 61000-4-7 table 1 lets ±1° for class I power; the budget is what counts here.
    add("IEC 61000-4-7 class I", "phase angle of the fundamental", 1.0, 0.001, angle.value(),
        "deg");
  }

  void unbalance() {
    add("IEC 61000-4-30 5.7", "unbalance u2", 0.15, 0.005,
        worst("Vunbal u2", 100.0 * signal_.negative_sequence_ratio(Input::V1)), "% (points)");
    add("IEC 61000-4-30 5.7", "unbalance u0", 0.15, 0.005,
        worst("Vunbal u0", 100.0 * signal_.zero_sequence_ratio(Input::V1)), "% (points)");
  }

  void spectra() {
    Worst present;
    Worst absent;
    for (const Harmonic& harmonic : harmonics_) {
      const double truth = 100.0 * signal_.harmonic_ratio(harmonic.input, harmonic.order);
      // The interharmonic lies half-way between orders, in no harmonic subgroup.
      const double deviation = worst(harmonic.label, truth);
      if (truth >= 1.0) {
        present.add(100.0 * deviation / truth);
      } else {
        absent.add(deviation);
      }
    }
    if (present.any()) {
      add("IEC 61000-4-7 class I", "harmonics of 1 % and more, to the 50th", 5.0, 0.1,
          present.value(), "% of reading");
    }
    add("IEC 61000-4-7 class I", "harmonics that are not there, to the 50th", 0.05, 0.01,
        absent.value(), "% of fund.");
  }

  void half_cycle() {
    Worst error;
    for (std::size_t phase = 0; phase < 3; ++phase) {
      // With interharmonics the value of each half cycle differs: no single truth.
      if (std::any_of(
              condition_.voltage_tones.begin(), condition_.voltage_tones.end(),
              [](const VerifyTone& tone) { return tone.order != std::floor(tone.order); })) {
        return;
      }
      error.add(100.0 *
                run_->half_cycles.worst(format("HS Vln {}", kVerifyPhase[phase]),
                                        signal_.channel(static_cast<Input>(phase)).rms()) /
                kVerifyUdin);
    }
    add("IEC 61000-4-30 5.4", "Urms(1/2), steady", 0.2, 0.005, error.value(), "% of Udin");
  }

  void frequency() {
    add("IEC 61000-4-30 5.1", "frequency over 10 s", 10.0, 0.01,
        1e3 * run_->ten_seconds.worst("Freq", condition_.frequency_hertz), "mHz");
  }

  void energy() {
    const double truth = energy_kwh(signal_);
    double apparent = 0.0;
    for (int phase = 0; phase < 3; ++phase) {
      apparent += signal_.apparent_power(phase);
    }
    const double apparent_kwh = apparent * signal_.seconds / 3.6e6;
    add("IEC 62053-22 class 0.2 S", "active energy", 0.2, 0.001,
        100.0 * std::abs(run_->energy_kwh - truth) / apparent_kwh, "% of apparent");
  }

  double nominal_;
  const Condition& condition_;
  VerifySignal signal_;
  const VerifyStop& stop_;
  std::vector<Harmonic> harmonics_;
  const VerifyRun* run_ = nullptr;
  std::vector<VerifyRow> rows_;
};

}  // namespace

std::vector<VerifyJob> steady_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    for (const Condition& condition : conditions(nominal)) {
      jobs.emplace_back([nominal, condition](const VerifyStop& stop) {
        return SteadyRows(nominal, condition, stop).run();
      });
    }
  }
  return jobs;
}

}  // namespace halfcycle::app
