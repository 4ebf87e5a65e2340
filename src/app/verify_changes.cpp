// SPDX-License-Identifier: Apache-2.0
// Rapid voltage changes of `halfcycle verify`. The truth: Urms(1/2) of each window in closed form,
// and the rule of IEC 61000-4-30 §5.11 written out for the one phase that changes.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

// What the meter's template sets.
constexpr double kThreshold = 0.05;
constexpr double kHysteresis = 0.025;
constexpr double kDip = 0.90;
constexpr double kSwell = 1.10;

struct Change {
  double start_cycle = 0.0;
  double end_cycle = 0.0;
  double delta_max = 0.0;
  double delta_steady = 0.0;
};

std::vector<Change> truth_of(const VerifySignal& signal, double nominal) {
  const std::size_t second = nominal < 55.0 ? 100 : 120;
  std::vector<double> ratio;  // of the window that starts at half cycle n of L1
  const double cycles = signal.seconds * signal.fundamental_hertz;
  for (double x = 0.5; x + 1.0 <= cycles; x += 0.5) {
    ratio.push_back(signal.urms_ratio(0, x));
  }
  const auto start_of = [](std::size_t n) { return 0.5 + 0.5 * static_cast<double>(n); };
  const auto mean_to = [&](std::size_t n) {
    double sum = 0.0;
    for (std::size_t k = n + 1 - second; k <= n; ++k) {
      sum += ratio[k];
    }
    return sum / static_cast<double>(second);
  };
  const auto steady_at = [&](std::size_t n, double limit) {
    const double mean = mean_to(n);
    return std::all_of(ratio.begin() + static_cast<std::ptrdiff_t>(n + 1 - second),
                       ratio.begin() + static_cast<std::ptrdiff_t>(n + 1),
                       [&](double u) { return std::abs(u - mean) <= limit; });
  };
  std::vector<Change> changes;
  bool steady = false;
  bool proven = false;
  bool crossed = false;
  double before = 1.0;
  Change open;
  for (std::size_t n = second - 1; n < ratio.size(); ++n) {
    const bool now = steady_at(n, steady ? kThreshold : kThreshold - kHysteresis);
    if (steady && !now) {
      open = {start_of(n), 0.0, 0.0, 0.0};
      before = mean_to(n - 1);
      crossed = false;
    }
    if (!now) {
      open.delta_max = std::max(open.delta_max, std::abs(ratio[n] - before));
      crossed = crossed || ratio[n] < kDip || ratio[n] > kSwell;
    }
    if (!steady && now) {
      open.end_cycle = start_of(n - second) + 1.0;
      open.delta_steady = std::abs(mean_to(n) - before);
      if (proven && !crossed) {
        changes.push_back(open);
      }
      proven = true;
    }
    steady = now;
  }
  return changes;
}

struct ChangeCase {
  std::string text;
  std::size_t expected;  ///< by the wording of the standard, beside what the rule gives
  std::vector<VerifyStep> steps;
};

std::vector<ChangeCase> cases() {
  constexpr std::array<bool, 3> kOne{true, false, false};
  constexpr double kEver = 1e6;
  const auto steps = [&](std::initializer_list<std::array<double, 3>> list) {
    std::vector<VerifyStep> out;  // seconds, seconds, ratio; turned into cycles later
    for (const auto& [from, length, ratio] : list) {
      out.push_back({from, length, ratio, kOne});
    }
    return out;
  };
  // A step at a zero crossing: of its first whole window, the mean of the second holds 1.5 parts of
  // a hundred (1.5 of 120), so the largest deviation is 0.985 (0.9875) of the step.
  return {
      {"step to 94 %", 1, steps({{2.0, kEver, 0.94}})},
      {"step to 106 %", 1, steps({{2.0, kEver, 1.06}})},
      {"94 % for 0.5 s", 1, steps({{2.0, 0.5, 0.94}})},
      {"91 % for 0.06 s", 1, steps({{2.0, 0.06, 0.91}})},
      {"106 %, after 0.3 s 103 %", 1, steps({{2.0, 0.3, 1.06}, {2.3, kEver, 1.03}})},
      {"two steps of 6 %, 0.95 s apart", 1, steps({{2.0, 0.95, 0.94}})},
      {"two steps of 6 %, 1.05 s apart", 2, steps({{2.0, 1.05, 0.94}})},
      {"6 %, 0.9 s later a dip to 85 %", 0, steps({{2.0, kEver, 0.94}, {2.9, 0.1, 0.85 / 0.94}})},
      {"6 %, 0.9 s later a swell to 115 %", 0,
       steps({{2.0, kEver, 0.94}, {2.9, 0.1, 1.15 / 0.94}})},
      {"step in the first second", 0, steps({{0.6, kEver, 0.94}})},
      {"step to 96 %", 0, steps({{2.0, kEver, 0.96}})},
      {"within the hysteresis: 94 %, after 0.3 s 91.2 %, after 0.6 s 94 %", 1,
       steps({{2.0, kEver, 0.94}, {2.3, 0.3, 0.912 / 0.94}})}};
}

Result<std::vector<VerifyRow>> run_case(double nominal, const ChangeCase& change,
                                        const VerifyStop& stop) {
  VerifySignal signal;
  signal.fundamental_hertz = nominal;
  signal.rate_hertz = 128.0 * nominal;
  signal.start = verify_start();
  signal.seconds = 5.0;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    signal.channels.push_back(
        {static_cast<Input>(phase),
         {{1.0, kVerifyUdin, -2.0 * std::numbers::pi * static_cast<double>(phase) / 3.0}}});
  }
  for (const VerifyStep& step : change.steps) {
    const double from = signal.between_samples(step.start_cycle * nominal);
    const double to = signal.between_samples((step.start_cycle + step.cycles) * nominal);
    signal.steps.push_back({from, to - from, step.ratio, step.phases});
  }
  const auto run = run_verify(signal, nominal, {"Vln a"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const std::vector<Change> truth = truth_of(signal, nominal);
  const std::string condition = verify_condition(nominal, nominal, change.text);
  const auto count = static_cast<double>(run->changes.size());
  std::vector<VerifyRow> rows{
      own_row("rapid voltage changes, number found", condition, 0.5,
              std::max(std::abs(count - static_cast<double>(change.expected)),
                       std::abs(count - static_cast<double>(truth.size()))),
              "events")};
  if (truth.empty()) {
    return rows;
  }
  Worst largest;
  Worst steady;
  Worst time;
  for (std::size_t k = 0; k < truth.size(); ++k) {
    if (k >= run->changes.size()) {
      largest.add(kNotAvailable);
      continue;
    }
    const quality::RapidVoltageChange& found = run->changes[k];
    largest.add(100.0 * std::abs(found.delta_max_volts / kVerifyUdin - truth[k].delta_max));
    steady.add(100.0 * std::abs(found.delta_steady_volts / kVerifyUdin - truth[k].delta_steady));
    time.add(std::abs((found.start - signal.start).to_seconds() * nominal - truth[k].start_cycle));
    time.add(std::abs((found.end - signal.start).to_seconds() * nominal - truth[k].end_cycle));
  }
  rows.push_back({"IEC 61000-4-30 5.11", "rapid voltage change, largest", condition, 0.2, 0.005,
                  largest.value(), "% of Udin"});
  rows.push_back({"IEC 61000-4-30 5.11", "rapid voltage change, steady state", condition, 0.2,
                  0.005, steady.value(), "% of Udin"});
  rows.push_back({"IEC 61000-4-30 5.11", "rapid voltage change, start and end", condition, 1.0,
                  0.01, time.value(), "cycles"});
  return rows;
}

// 0.01 % of Udin inside and outside of the threshold, which the largest deviation from the mean of
// a second reaches: the step's first whole window against a mean with 1.5 windows of it.
Result<std::vector<VerifyRow>> threshold(double nominal, const VerifyStop& stop) {
  const double second = nominal < 55.0 ? 100.0 : 120.0;
  const double limit = kThreshold / (1.0 - 1.5 / second);
  std::vector<VerifyRow> rows;
  for (const bool outside : {false, true}) {
    const double step = limit + (outside ? 1e-4 : -1e-4);
    const ChangeCase change{
        format("step 0.01 % of Udin {} the threshold", outside ? "outside" : "inside"),
        outside ? 1U : 0U,
        {{2.0, 1e6, 1.0 - step, {true, false, false}}}};
    auto more = run_case(nominal, change, stop);
    if (!more) {
      return more;
    }
    rows.insert(rows.end(), more->begin(), more->end());
  }
  return rows;
}

// ---- transients ---------------------------------------------------------------------------------

// A decaying ring on the crest of L2, sampled: peak and time are those of its samples.
Result<std::vector<VerifyRow>> transient(double nominal, const VerifyStop& stop) {
  VerifySignal signal = verify_feeder({}, nominal, 1.0);
  signal.rate_hertz = 25600.0;
  constexpr double kAt = 20.0 + 0.25 + 1.0 / 3.0;  // cycles
  const double crest = std::numbers::sqrt2 * kVerifyUdin;
  const double limit = 2.0 * crest;
  double peak = 0.0;
  double first = -1.0;
  double last = -1.0;
  signal.shape = [&, nominal](Input input, std::size_t n, double cycles, double value) {
    const double t = (cycles - kAt) / nominal;
    if (input != Input::V2 || t < 0.0) {
      return value;
    }
    const double u =
        value + 1.8 * crest * std::exp(-t / 1e-3) * std::cos(2.0 * std::numbers::pi * 2200.0 * t);
    const double kept = static_cast<double>(static_cast<float>(u));
    if (std::abs(kept) > limit) {
      peak = std::abs(kept) > std::abs(peak) ? kept : peak;
      last = static_cast<double>(n);
      first = first < 0.0 ? last : first;
    }
    return u;
  };
  const auto run = run_verify(signal, nominal, {"Vln b"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const std::string condition =
      verify_condition(nominal, nominal, "2.2 kHz, 180 % of the crest, decaying in 1 ms, on L2");
  const bool one = run->transients.size() == 1;
  const quality::TransientEvent found = one ? run->transients[0] : quality::TransientEvent{};
  const double duration = (last - first + 1.0) / signal.rate_hertz;
  return std::vector<VerifyRow>{
      own_row("transients, number found", condition, 0.5,
              std::abs(static_cast<double>(run->transients.size()) - 1.0), "events"),
      {"IEC 61557-12 class 1", "transient overvoltage, peak", condition, 1.0, 0.001,
       one ? 100.0 * std::abs(found.peak_volts / peak - 1.0) : kNotAvailable, "%"},
      own_row("transient overvoltage, duration", condition, 40.0,
              one ? 1e6 * std::abs(found.duration_seconds - duration) : kNotAvailable, "us")};
}

}  // namespace

std::vector<VerifyJob> change_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    for (const ChangeCase& change : cases()) {
      jobs.emplace_back(
          [nominal, change](const VerifyStop& stop) { return run_case(nominal, change, stop); });
    }
    jobs.emplace_back([nominal](const VerifyStop& stop) { return threshold(nominal, stop); });
    jobs.emplace_back([nominal](const VerifyStop& stop) { return transient(nominal, stop); });
  }
  return jobs;
}

}  // namespace halfcycle::app
