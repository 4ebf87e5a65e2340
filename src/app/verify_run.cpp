// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"
#include "meter/meter.hpp"

namespace halfcycle::app {
namespace {

using meter::Meter;
using metrology::Interval;

constexpr std::size_t kBlockFrames = 1000;

Result<void> observe(Meter& meter, VerifyTable& table, Interval interval,
                     const std::vector<std::string>& labels) {
  table.interval = interval;
  auto columns = meter.observe(interval, labels, [&table](const meter::Row& row) {
    table.start.push_back(row.start);
    table.end.push_back(row.end);
    table.marks.push_back(row.marks);
    table.values.insert(table.values.end(), row.values.begin(), row.values.end());
  });
  if (!columns) {
    return fail(columns.error());
  }
  table.columns = *std::move(columns);
  return {};
}

}  // namespace

Instant verify_start() {
  return to_instant({2024, 1, 1, 0, 0, 0, 0}) - Duration::from_seconds(kVerifyLeadSeconds);
}

VerifySignal verify_feeder(const VerifyFeeder& feeder, double hertz, double seconds) {
  VerifySignal signal;
  signal.fundamental_hertz = hertz;
  signal.rate_hertz = 10000.0;
  signal.start = verify_start();
  signal.seconds = seconds;
  for (const Input first : {Input::V1, Input::I1}) {
    const bool voltage = is_voltage(first);
    for (std::size_t phase = 0; phase < 3; ++phase) {
      const double turn = (feeder.reversed ? 2.0 : -2.0) * std::numbers::pi / 3.0;
      const double at = turn * static_cast<double>(phase);
      const double rms = voltage ? feeder.volts[phase] : feeder.amperes[phase];
      VerifyChannel channel{static_cast<Input>(lane(first) + phase),
                            {{1.0, rms, voltage ? at : at - feeder.lag_radians}}};
      for (const VerifyTone& tone : voltage ? feeder.voltage_tones : feeder.current_tones) {
        channel.tones.push_back({tone.order, tone.rms * rms, tone.angle_radians + tone.order * at});
      }
      signal.channels.push_back(std::move(channel));
    }
  }
  return signal;
}

std::string verify_condition(double nominal, double hertz, std::string_view text) {
  return format("{:g} Hz system, {:g} Hz: {}", nominal, hertz, text);
}

VerifyRow own_row(std::string_view quantity, std::string condition, double budget, double error,
                  std::string_view unit) {
  return {
      "budget of this project", std::string(quantity), std::move(condition), budget, budget, error,
      std::string(unit)};
}

double VerifyTable::worst(std::string_view label, const RowTruth& truth) const {
  Worst worst;
  const auto column = find(label);
  for (std::size_t row = 0; column && row < rows(); ++row) {
    worst.add(std::abs(at(row, *column) - truth(row)));
  }
  return worst.value();
}

double VerifyTable::worst(std::string_view label, double truth) const {
  return worst(label, [truth](std::size_t) { return truth; });
}

double VerifyTable::worst_angle(std::string_view label, double truth) const {
  Worst worst;
  const auto column = find(label);
  for (std::size_t row = 0; column && row < rows(); ++row) {
    worst.add(std::abs(std::remainder(at(row, *column) - truth, 360.0)));
  }
  return worst.value();
}

Result<VerifyRun> run_verify(const VerifySignal& signal, double nominal_hertz,
                             const std::vector<std::string>& labels, const VerifyStop& stop,
                             const VerifyMeter& settings) {
  meter::MeterSetup setup;
  setup.system.wiring = settings.wiring;
  setup.system.nominal_voltage_volts = settings.nominal_volts;
  setup.system.signalling_hertz = settings.signalling_hertz;
  setup.system.nominal_current_amperes = kVerifyIn;
  setup.system.nominal_frequency_hertz = nominal_hertz;
  setup.inputs = signal.inputs();
  setup.sample_rate_hertz = signal.rate_hertz;
  setup.analysis = true;
  auto meter = Meter::create(setup);
  if (!meter) {
    return fail(meter.error());
  }
  VerifyRun run;
  for (const auto& done : {observe(**meter, run.windows, Interval::TenTwelveCycle, labels),
                           observe(**meter, run.half_cycles, Interval::HalfCycle,
                                   {"HS Vln a", "HS Vln b", "HS Vln c", "HS Freq"}),
                           observe(**meter, run.ten_seconds, Interval::TenSecond, {"Freq"})}) {
    if (!done) {
      return fail(done.error());
    }
  }
  run.intervals.resize(settings.intervals.size());
  for (std::size_t k = 0; k < settings.intervals.size(); ++k) {
    if (auto done = observe(**meter, run.intervals[k], settings.intervals[k], labels); !done) {
      return fail(done.error());
    }
  }
  std::vector<float> frames;
  const std::size_t total = signal.frame_count();
  for (std::size_t first = 0; first < total; first += kBlockFrames) {
    if (stop && stop()) {
      return fail(ErrorCode::Interrupted, "stopped");
    }
    const std::size_t count = std::min(kBlockFrames, total - first);
    signal.render(first, count, frames);
    (*meter)->push(signal.block(first, count, frames));
  }
  (*meter)->finish();
  run.events.assign((*meter)->events().begin(), (*meter)->events().end());
  run.changes.assign((*meter)->rapid_voltage_changes().begin(),
                     (*meter)->rapid_voltage_changes().end());
  run.transients.assign((*meter)->transients().begin(), (*meter)->transients().end());
  run.signalling.assign((*meter)->signalling().begin(), (*meter)->signalling().end());
  if (const auto energy = (*meter)->statistics("kWh del")) {
    run.energy_kwh = energy->last;
  }
  return run;
}

Result<std::vector<VerifyRow>> verify_all(const std::function<void(double)>& progress,
                                          const std::function<bool()>& stop) {
  std::vector<VerifyJob> jobs = steady_jobs();
  for (const auto& part : {event_jobs(), change_jobs(), ramp_jobs(), load_jobs(), quality_jobs(),
                           band_jobs(), wiring_jobs(), aggregate_jobs(), flicker_jobs()}) {
    jobs.insert(jobs.end(), part.begin(), part.end());
  }
  std::vector<VerifyRow> rows;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto more = jobs[i](stop);
    if (!more) {
      return fail(more.error());
    }
    rows.insert(rows.end(), more->begin(), more->end());
    if (progress) {
      progress(static_cast<double>(i + 1) / static_cast<double>(jobs.size()));
    }
  }
  return rows;
}

}  // namespace halfcycle::app
