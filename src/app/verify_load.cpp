// SPDX-License-Identifier: Apache-2.0
// Load points and influence quantities of the energy standards for `halfcycle verify`: IEC 62053-22
// class 0.2 S, IEC 62053-24 class 0.5 S, IEC 61557-12. In is kVerifyIn, Imax twice that.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

constexpr double kSeconds = 1.2;
/// Of apparent power; the smallest that the algorithms are allowed.
constexpr double kBudgetPercent = 0.001;

struct Load {
  std::string text;
  double current_ratio = 1.0;  ///< to In
  double lag_radians = 0.0;
  bool one_phase = false;
};

VerifyFeeder feeder_of(const Load& load) {
  VerifyFeeder feeder;
  feeder.lag_radians = load.lag_radians;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    feeder.amperes[phase] = load.one_phase && phase != 1 ? 0.0 : load.current_ratio * kVerifyIn;
  }
  return feeder;
}

struct Totals {
  double p = 0.0;
  double q = 0.0;
  double s = 0.0;
};

Totals totals_of(const VerifySignal& signal) {
  Totals t;
  for (int phase = 0; phase < 3; ++phase) {
    t.p += signal.active_power(phase);
    t.q += signal.fundamental_reactive_power(phase);
    t.s += signal.apparent_power(phase);
  }
  return t;
}

/// Largest error of a total in percent of the truth itself, as the energy standards state it.
double percent_error(const VerifyRun& run, std::string_view label, double truth) {
  return 100.0 * 1e3 * run.windows.worst(label, 1e-3 * truth) / std::abs(truth);
}

Result<std::vector<VerifyRow>> active(double nominal, const Load& load, double limit,
                                      const VerifyStop& stop) {
  const VerifySignal signal = verify_feeder(feeder_of(load), nominal + 0.2, kSeconds);
  const auto run = run_verify(signal, nominal, {"kW tot", "kVA tot", "PF sign tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const Totals truth = totals_of(signal);
  const std::string condition = verify_condition(nominal, signal.fundamental_hertz, load.text);
  std::vector<VerifyRow> rows{{"IEC 62053-22 class 0.2 S", "active power, total", condition, limit,
                               kBudgetPercent * truth.s / std::abs(truth.p),
                               percent_error(*run, "kW tot", truth.p), "%"}};
  if (!load.one_phase) {
    Worst factor;
    const auto column = run->windows.find("PF sign tot");
    for (std::size_t row = 0; column && row < run->windows.rows(); ++row) {
      factor.add(std::abs(std::abs(run->windows.at(row, *column)) - truth.p / truth.s));
    }
    rows.push_back({"IEC 61557-12 class 0.2", "apparent power, total", condition, 0.2,
                    kBudgetPercent, percent_error(*run, "kVA tot", truth.s), "%"});
    rows.push_back({"IEC 61557-12 class 0.5", "power factor, total", condition, 0.005, 1e-5,
                    factor.value(), "1"});
  }
  return rows;
}

Result<std::vector<VerifyRow>> reactive(double nominal, const Load& load, double limit,
                                        const VerifyStop& stop) {
  const VerifySignal signal = verify_feeder(feeder_of(load), nominal - 0.2, kSeconds);
  const auto run = run_verify(signal, nominal, {"kVAR tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const Totals truth = totals_of(signal);
  return std::vector<VerifyRow>{{"IEC 62053-24 class 0.5 S", "reactive power, total",
                                 verify_condition(nominal, signal.fundamental_hertz, load.text),
                                 limit, kBudgetPercent * truth.s / std::abs(truth.q),
                                 percent_error(*run, "kVAR tot", truth.q), "%"}};
}

struct Influence {
  std::string text;
  VerifyFeeder feeder;
  double frequency_ratio = 1.0;
  double limit = 0.1;
  std::function<double(Input, std::size_t, double, double)> shape;
  /// Truth where `shape` changes it: P in watts; NaN: of the tones.
  double watts = kNotAvailable;
  double budget = kBudgetPercent;
};

Result<std::vector<VerifyRow>> influenced(double nominal, const Influence& influence,
                                          const VerifyStop& stop) {
  VerifySignal signal =
      verify_feeder(influence.feeder, nominal * influence.frequency_ratio, kSeconds + 0.4);
  signal.shape = influence.shape;
  const auto run = run_verify(signal, nominal, {"kW tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const Totals truth = totals_of(signal);
  const double watts = std::isnan(influence.watts) ? truth.p : influence.watts;
  double error = percent_error(*run, "kW tot", watts);
  if (influence.shape) {
    // Its period is longer than a window: the mean over whole periods counts.
    double sum = 0.0;
    const auto column = run->windows.find("kW tot");
    const std::size_t used = run->windows.rows() / 2 * 2;
    for (std::size_t row = 0; column && row < used; ++row) {
      sum += run->windows.at(row, *column) / static_cast<double>(used);
    }
    error = 100.0 * std::abs(1e3 * sum - watts) / watts;
  }
  return std::vector<VerifyRow>{
      {"IEC 62053-22 class 0.2 S", "active power, influence",
       verify_condition(nominal, signal.fundamental_hertz, influence.text), influence.limit,
       influence.budget * truth.s / truth.p, error, "%"}};
}

std::vector<Influence> influences() {
  std::vector<Influence> all;
  const auto lag_of = [](double factor) { return std::acos(factor); };
  for (const double factor : {1.0, 0.5}) {
    for (const double ratio : {0.9, 1.1}) {
      VerifyFeeder f;
      f.volts.fill(ratio * kVerifyUdin);
      f.lag_radians = lag_of(factor);
      all.push_back({.text = format("{:g} % of Un, PF {:g}", 100.0 * ratio, factor),
                     .feeder = f,
                     .limit = factor == 1.0 ? 0.1 : 0.2,
                     .shape = {}});
    }
    for (const double ratio : {0.98, 1.02}) {
      VerifyFeeder f;
      f.lag_radians = lag_of(factor);
      all.push_back({.text = format("frequency {:+g} %, PF {:g}", 100.0 * (ratio - 1.0), factor),
                     .feeder = f,
                     .frequency_ratio = ratio,
                     .limit = 0.1,
                     .shape = {}});
    }
  }
  VerifyFeeder reversed;
  reversed.reversed = true;
  reversed.amperes.fill(0.1 * kVerifyIn);
  all.push_back({.text = "reversed phase sequence, 10 % of In",
                 .feeder = reversed,
                 .limit = 0.05,
                 .shape = {}});
  VerifyFeeder one_lost;
  one_lost.volts[1] = 0.0;
  all.push_back({.text = "L2 without voltage", .feeder = one_lost, .limit = 0.5, .shape = {}});
  VerifyFeeder two_lost = one_lost;
  two_lost.volts[2] = 0.0;
  all.push_back(
      {.text = "L2 and L3 without voltage", .feeder = two_lost, .limit = 0.5, .shape = {}});
  VerifyFeeder fifth;
  fifth.voltage_tones = {{5, 0.10, 0.0}};
  fifth.current_tones = {{5, 0.40, 0.0}};
  all.push_back({.text = "5th harmonic, 10 % of U and 40 % of I",
                 .feeder = fifth,
                 .limit = 0.4,
                 .shape = {}});
  VerifyFeeder burst;
  burst.amperes.fill(0.5 * kVerifyIn);
  // Two cycles on, two off, at zero crossings of L1. Means over 20 or 24 cycles hold whole periods.
  // Half of the sample at each edge belongs to the other side: that much the record says.
  all.push_back({.text = "burst firing, 2 cycles on and 2 off",
                 .feeder = burst,
                 .limit = 0.6,
                 .shape =
                     [](Input input, std::size_t, double cycles, double value) {
                       const bool off = std::fmod(cycles + 1e-9, 4.0) >= 2.0;
                       return !is_voltage(input) && off ? 0.0 : value;
                     },
                 .watts = 0.5 * 3.0 * kVerifyUdin * 0.5 * kVerifyIn,
                 .budget = 0.05});
  return all;
}

}  // namespace

std::vector<VerifyJob> load_jobs() {
  struct Point {
    double ratio;
    double limit;
  };
  struct Row {
    std::string_view factor;  ///< "PF 0.5 ind"
    double lag_radians;
    bool one_phase;
    std::vector<Point> points;
  };
  const std::vector<Row> of_active{
      {"PF 1",
       0.0,
       false,
       {{0.001, 0.4}, {0.01, 0.4}, {0.05, 0.2}, {0.2, 0.2}, {1, 0.2}, {2, 0.2}}},
      {"PF 0.5 ind", std::acos(0.5), false, {{0.02, 0.5}, {0.1, 0.3}, {1, 0.3}, {2, 0.3}}},
      {"PF 0.8 cap", -std::acos(0.8), false, {{0.02, 0.5}, {0.1, 0.3}, {1, 0.3}, {2, 0.3}}},
      {"PF 0.25 ind", std::acos(0.25), false, {{0.1, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"PF 0.5 cap", -std::acos(0.5), false, {{0.1, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"PF 1, load on one phase", 0.0, true, {{0.05, 0.3}, {1, 0.3}, {2, 0.3}}},
      {"PF 0.5 ind, load on one phase", std::acos(0.5), true, {{0.1, 0.4}, {1, 0.4}, {2, 0.4}}},
  };
  const std::vector<Row> of_reactive{
      {"sin 1 ind", std::asin(1.0), false, {{0.01, 1.0}, {0.05, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"sin 1 cap", -std::asin(1.0), false, {{0.01, 1.0}, {0.05, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"sin 0.5 ind", std::asin(0.5), false, {{0.05, 1.0}, {0.1, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"sin 0.5 cap", -std::asin(0.5), false, {{0.05, 1.0}, {0.1, 0.5}, {1, 0.5}, {2, 0.5}}},
      {"sin 0.25 ind", std::asin(0.25), false, {{0.1, 1.0}, {1, 1.0}, {2, 1.0}}},
      {"sin 0.25 cap", -std::asin(0.25), false, {{0.1, 1.0}, {1, 1.0}, {2, 1.0}}},
      {"sin 1 ind, load on one phase", std::asin(1.0), true, {{0.05, 0.7}, {1, 0.7}, {2, 0.7}}},
      {"sin 0.5 ind, load on one phase", std::asin(0.5), true, {{0.1, 1.0}, {1, 1.0}, {2, 1.0}}},
  };
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    for (const bool is_active : {true, false}) {
      for (const Row& row : is_active ? of_active : of_reactive) {
        for (const Point& point : row.points) {
          const Load load{format("{:g} % of In, {}", 100.0 * point.ratio, row.factor), point.ratio,
                          row.lag_radians, row.one_phase};
          jobs.emplace_back(
              [nominal, load, limit = point.limit, is_active](const VerifyStop& stop) {
                return is_active ? active(nominal, load, limit, stop)
                                 : reactive(nominal, load, limit, stop);
              });
        }
      }
    }
    for (const Influence& influence : influences()) {
      jobs.emplace_back([nominal, influence](const VerifyStop& stop) {
        return influenced(nominal, influence, stop);
      });
    }
  }
  return jobs;
}

}  // namespace halfcycle::app
