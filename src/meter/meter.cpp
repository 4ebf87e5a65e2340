// SPDX-License-Identifier: Apache-2.0
#include "meter/meter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.hpp"
#include "meter/columns.hpp"
#include "metrology/engine.hpp"
#include "metrology/high_speed_statistics.hpp"
#include "metrology/statistics.hpp"
#include "modules/catalogue.hpp"
#include "modules/measurement_feed.hpp"
#include "modules/sag_swell.hpp"
#include "quality/fault_analyzer.hpp"
#include "quality/transient.hpp"
#include "quality/voltage_events.hpp"

namespace halfcycle::meter {
namespace {

using metrology::Engine;
using metrology::HalfCycleDetail;
using metrology::IntervalValues;
using metrology::QuantityId;
using metrology::VoltageWindow;

// The fault analyser holds 2.5 s of samples; fed in such pieces it never loses what the half
// cycles, which come some cycles later, refer to.
constexpr double kPieceSeconds = 0.25;

quality::VoltageEventSetup event_setup(const MeterSetup& setup) {
  quality::VoltageEventSetup events;
  events.reference_volts = setup.system.nominal_voltage_volts;
  events.dip_threshold_ratio = setup.dip_threshold_ratio.value_or(events.dip_threshold_ratio);
  events.swell_threshold_ratio = setup.swell_threshold_ratio.value_or(events.swell_threshold_ratio);
  events.interruption_threshold_ratio =
      setup.interruption_threshold_ratio.value_or(events.interruption_threshold_ratio);
  events.hysteresis_ratio = setup.hysteresis_ratio.value_or(events.hysteresis_ratio);
  events.line_to_line = is_line_to_line(setup.system.wiring);
  for (std::size_t p = 0; p < 3; ++p) {
    // Line-to-line channels exist as soon as two voltages do. Without a nominal voltage nothing
    // says what a dip is.
    events.watched[p] = setup.system.nominal_voltage_known() &&
                        (events.line_to_line || setup.inputs.has(static_cast<Input>(p)));
  }
  return events;
}

quality::RvcSetup rvc_setup(const quality::VoltageEventSetup& events, const MeterSetup& setup) {
  quality::RvcSetup rvc;
  rvc.reference_volts = events.reference_volts;
  rvc.dip_threshold_ratio = events.dip_threshold_ratio;
  rvc.swell_threshold_ratio = events.swell_threshold_ratio;
  rvc.half_cycles_per_second = setup.system.nominal_frequency_hertz < 55.0 ? 100 : 120;
  rvc.watched = events.watched;
  return rvc;
}

Result<void> validate(const quality::VoltageEventSetup& limits) {
  const auto out_of_order = [](double low, double high) { return !(low < high); };
  if (!(limits.hysteresis_ratio >= 0.0 && limits.hysteresis_ratio < 0.5)) {
    return fail(ErrorCode::InvalidSetup, "hysteresis {} is not from 0 to 0.5 of the reference",
                limits.hysteresis_ratio);
  }
  if (out_of_order(0.0, limits.interruption_threshold_ratio) ||
      out_of_order(limits.interruption_threshold_ratio, limits.dip_threshold_ratio) ||
      out_of_order(limits.dip_threshold_ratio, limits.swell_threshold_ratio)) {
    return fail(ErrorCode::InvalidSetup,
                "thresholds must rise: 0 < interruption ({}) < dip ({}) < swell ({})",
                limits.interruption_threshold_ratio, limits.dip_threshold_ratio,
                limits.swell_threshold_ratio);
  }
  return {};
}

// What is given for this meter becomes the setup of the template's Sag/Swell module, so that the
// limits that its registers show are those that hold.
Result<void> give_limits(graph::Graph& registers, const MeterSetup& setup) {
  struct Given {
    std::size_t setup;
    std::optional<double> ratio;
  };
  namespace sag_swell = modules::sag_swell;
  const std::array<Given, 4> all{{{sag_swell::kSagLim, setup.dip_threshold_ratio},
                                  {sag_swell::kSwellLim, setup.swell_threshold_ratio},
                                  {sag_swell::kIntLim, setup.interruption_threshold_ratio},
                                  {sag_swell::kHysteresis, setup.hysteresis_ratio}}};
  for (const graph::ModuleInstance& module : registers.compiled().modules()) {
    if (module.type != &modules::kSagSwell) {
      continue;
    }
    for (const Given& given : all) {
      if (given.ratio) {
        const auto done =
            registers.restore_setup(module.label, module.type->setup[given.setup].name,
                                    format("{:.10g}", *given.ratio * 100.0));
        if (!done) {
          return done;
        }
      }
    }
  }
  return {};
}

}  // namespace

struct Meter::State final : metrology::IntervalSink,
                            metrology::HalfCycleSink,
                            metrology::EventQuery {
  struct Observer {
    Interval interval;
    std::vector<ColumnSource> sources;
    std::vector<double> values;
    RowSink sink;
  };

  /// given: what the setup of the modules is applied to; meter_setup: with it.
  State(const MeterSetup& meter_setup, const SystemSetup& given_system,
        std::unique_ptr<graph::Graph> graph, std::unique_ptr<Engine> measuring)
      : setup(meter_setup),
        given(given_system),
        engine(std::move(measuring)),
        registers(std::move(graph)),
        feed(*registers, meter_setup.registers),
        detector(
            {}, [this](const quality::VoltageEvent& event) { on_voltage_event(event); },
            [this](const quality::VoltageEvent& event) {
              for (const auto& sink : start_sinks) {
                sink(event);
              }
            }),
        transients([this](const quality::TransientEvent& event) {
          feed.feed(event, setup.system.nominal_voltage_volts);
          if (setup.analysis) {
            transient_events.push_back(event);
          }
        }) {
    set_limits();
    followed = registers->setup_changes();
    if (setup.analysis) {
      feed.on_emission([this](std::size_t carrier, const quality::SignallingRecorder& recorder) {
        emissions.push_back({setup.system.signalling_hertz[carrier],
                             recorder.emission(),
                             {recorder.record().begin(), recorder.record().end()}});
      });
      InputMask spectra;
      for (std::size_t i = 0; i < kInputCount; ++i) {
        if (engine->has_spectrum(static_cast<Input>(i))) {
          spectra.add(static_cast<Input>(i));
        }
      }
      windows.emplace(setup.system, spectra);
      cycles.emplace(setup.system, spectra);
      half_cycles.emplace(setup.system);
      fault_analyzer.emplace(
          quality::FaultSetup{.inputs = setup.inputs,
                              .sample_rate_hertz = setup.sample_rate_hertz,
                              .nominal_frequency_hertz = setup.system.nominal_frequency_hertz,
                              .line_to_line = is_line_to_line(setup.system.wiring),
                              .voltage_ratio = limits.dip_threshold_ratio},
          [this](const quality::FaultReport& report) { faults.push_back(report); });
    }
    engine->add_sink(this);
    engine->add_half_cycle_sink(this);
    engine->set_event_query(this);
  }

  /// What the modules' setup says to detectors.
  void set_limits() {
    sliding = feed.sliding_reference();
    limits = feed.limits(event_setup(setup));
    detector.set_limits(limits, sliding);
    const auto changes = setup.system.nominal_voltage_known()
                             ? feed.rvc_limits(rvc_setup(limits, setup))
                             : std::nullopt;
    if (changes != rvc_limits) {
      rvc_limits = changes;
      rvc.reset();
      if (changes) {
        rvc.emplace(*changes, [this](const quality::RapidVoltageChange& change) {
          feed.feed(change, setup.system.nominal_voltage_volts);
          if (setup.analysis) {
            voltage_changes.push_back(change);
          }
        });
      }
    }
    if (const auto ratio = feed.transient_ratio(); ratio && setup.system.nominal_voltage_known()) {
      engine->set_transient_limit(*ratio * 1.41421356237309504880 *
                                  setup.system.nominal_voltage_volts);
    }
  }

  /// Setup that was restored before the first sample, or changed by a command since.
  void follow_setup() {
    if (registers->setup_changes() == followed) {
      return;
    }
    followed = registers->setup_changes();
    engine->follow(modules::system_of(*registers, given));
    feed.follow_setup();
    set_limits();
  }

  void on_interval(const IntervalValues& interval) override {
    if (interval.interval == Interval::HalfCycle) {
      if (half_cycles) {
        half_cycles->add(interval);
        // Every second one-cycle window: whole cycles that do not overlap. They count only while
        // there is no 10/12-cycle value.
        if (interval.number % 2 == 0 && windows->count() == 0) {
          cycles->add(interval);
        }
      }
    } else if (interval.interval == Interval::TenTwelveCycle && windows) {
      windows->add(interval);
    }
    if (sliding && interval.interval == Interval::TenTwelveCycle) {
      constexpr std::array kSliding{QuantityId::V1SlidingRef, QuantityId::V2SlidingRef,
                                    QuantityId::V3SlidingRef};
      for (std::size_t k = 0; k < kSliding.size(); ++k) {
        detector.set_reference(static_cast<int>(k), interval[kSliding[k]]);
      }
    }
    feed.feed(interval);
    for (Observer& observer : observers) {
      if (observer.interval == interval.interval) {
        for (std::size_t i = 0; i < observer.sources.size(); ++i) {
          observer.values[i] = observer.sources[i].value(interval);
        }
        observer.sink(
            {interval.interval, interval.start, interval.end, interval.marks, observer.values});
      }
    }
    follow_setup();
  }

  void on_voltage_window(const VoltageWindow& window) override {
    if (window.line_to_line == is_line_to_line(setup.system.wiring)) {
      detector.push(window.channel, window.start, window.end, window.u_rms_volts);
      if (rvc) {
        rvc->push(window.channel, window.start, window.end, window.u_rms_volts);
      }
    }
  }

  void on_half_cycle(const HalfCycleDetail& detail) override {
    for (const auto& sink : half_cycle_sinks) {
      sink(detail.end, detail.rms);
    }
    for (std::size_t k = 0; k < detail.excess.size(); ++k) {
      const metrology::PeakExcess& excess = detail.excess[k];
      transients.push(k, excess.peak_volts, excess.first, excess.last,
                      1.0 / setup.sample_rate_hertz);
    }
    if (!fault_analyzer) {
      return;
    }
    quality::FaultHalfCycle now;
    now.start = detail.start;
    now.end = detail.end;
    now.frequency_hertz = detail.frequency_hertz;
    for (std::size_t p = 0; p < 3; ++p) {
      // Between lines the third voltage may be computed and have no input of its own.
      now.u_rms_volts[p] =
          detail.line_to_line ? detail.voltages[p].u_rms_volts : detail.rms[lane(Input::V1) + p];
    }
    for (std::size_t p = 0; p < 4; ++p) {
      now.i_rms_amperes[p] = detail.rms[lane(Input::I1) + p];
    }
    fault_analyzer->push(now);
  }

  void on_break() override {
    detector.interrupt();
    transients.interrupt();
    feed.interrupt();
    if (rvc) {
      rvc->interrupt();
    }
    if (fault_analyzer) {
      fault_analyzer->interrupt();
    }
  }

  [[nodiscard]] bool touched(Instant start, Instant end) const override {
    return detector.touched(start, end);
  }

  void on_voltage_event(const quality::VoltageEvent& event) {
    if (setup.analysis) {
      const auto later = [](const quality::VoltageEvent& a, const quality::VoltageEvent& b) {
        return a.first_seen < b.first_seen;
      };
      events.insert(std::upper_bound(events.begin(), events.end(), event, later), event);
    }
    feed.feed(event);
    for (const auto& sink : event_sinks) {
      sink(event);
    }
  }

  void push_piece(const SampleBlock& block) {
    if (fault_analyzer) {
      fault_analyzer->push(block);
    }
    engine->push(block);
  }

  MeterSetup setup;
  SystemSetup given;
  std::uint64_t followed = 0;  ///< Graph::setup_changes() that are in effect
  std::unique_ptr<Engine> engine;
  std::unique_ptr<graph::Graph> registers;
  modules::MeasurementFeed feed;
  quality::VoltageEventSetup limits;
  quality::VoltageEventDetector detector;
  quality::TransientDetector transients;
  std::optional<quality::RvcDetector> rvc;
  bool sliding = false;  ///< dips and swells refer to the sliding reference
  std::optional<quality::RvcSetup> rvc_limits;
  std::vector<quality::RapidVoltageChange> voltage_changes;
  std::vector<quality::TransientEvent> transient_events;
  std::vector<SignallingRecord> emissions;
  std::optional<quality::FaultAnalyzer> fault_analyzer;
  std::optional<metrology::Statistics> windows, cycles;
  std::optional<metrology::HighSpeedStatistics> half_cycles;
  std::vector<Observer> observers;
  std::vector<quality::VoltageEvent> events;
  std::vector<quality::FaultReport> faults;
  std::vector<std::function<void(const quality::VoltageEvent&)>> event_sinks, start_sinks;
  std::vector<std::function<void(Instant, std::span<const double>)>> half_cycle_sinks;
};

Meter::Meter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Meter::~Meter() = default;

Result<std::unique_ptr<Meter>> Meter::create(const MeterSetup& setup) {
  MeterSetup complete = setup;
  if (!complete.compiled_template) {
    auto compiled = graph::compile_template(*modules::shipped_template("standard"), "standard.toml",
                                            modules::catalogue());
    if (!compiled) {
      return fail(compiled.error());
    }
    complete.compiled_template = *std::move(compiled);
  }
  auto registers = graph::Graph::create(complete.compiled_template);
  if (auto given = give_limits(*registers, setup); !given) {
    return fail(given.error());
  }
  if (auto valid = validate(modules::MeasurementFeed(*registers).limits(event_setup(setup)));
      !valid) {
    return fail(valid.error());
  }
  complete.system = modules::system_of(*registers, setup.system);
  auto engine = Engine::create({.system = complete.system,
                                .inputs = setup.inputs,
                                .sample_rate_hertz = setup.sample_rate_hertz,
                                .tables = setup.engine_tables,
                                .workspace = setup.engine_workspace});
  if (!engine) {
    return fail(engine.error());
  }
  return std::unique_ptr<Meter>(new Meter(
      std::make_unique<State>(complete, setup.system, std::move(registers), *std::move(engine))));
}

void Meter::push(const SampleBlock& block) {
  state_->follow_setup();
  const auto piece =
      static_cast<std::size_t>(std::max(1.0, std::floor(kPieceSeconds * block.time.rate_hertz)));
  if (!state_->fault_analyzer || block.frame_count <= piece) {
    state_->push_piece(block);
    return;
  }
  SampleBlock part = block;
  for (std::size_t done = 0; done < block.frame_count; done += part.frame_count) {
    part.frames = block.frames + done * block.lanes;
    part.frame_count = std::min(piece, block.frame_count - done);
    part.first_index = block.first_index + done;
    part.discontinuity = done == 0 ? block.discontinuity : Discontinuity::None;
    state_->push_piece(part);
  }
}

void Meter::set_stage_clock(metrology::StageClock* clock) {
  state_->engine->set_stage_clock(clock);
}

bool Meter::work() { return state_->engine->work(); }

void Meter::finish() {
  state_->engine->finish();
  state_->detector.finish();
  state_->transients.interrupt();
  state_->feed.interrupt();
  if (state_->fault_analyzer) {
    state_->fault_analyzer->finish();
  }
}

void Meter::interrupt() {
  state_->engine->finish();
  state_->on_break();
}

void Meter::withdraw(Interval longest) { state_->feed.withdraw(longest); }

std::vector<Column> Meter::columns(Interval interval) const {
  std::vector<Column> columns;
  for (NamedColumn& named : available_columns(*state_->engine, interval)) {
    columns.push_back(std::move(named.column));
  }
  return columns;
}

Result<std::vector<Column>> Meter::observe(Interval interval,
                                           const std::vector<std::string>& labels, RowSink sink) {
  State::Observer observer{interval, {}, {}, std::move(sink)};
  std::vector<Column> columns;
  for (const std::string& label : labels) {
    auto named = find_column(interval, label);
    if (!named) {
      return fail(named.error());
    }
    observer.sources.push_back(named->source);
    columns.push_back(std::move(named->column));
  }
  observer.values.assign(columns.size(), kNotAvailable);
  state_->observers.push_back(std::move(observer));
  return columns;
}

Result<Statistics> Meter::statistics(std::string_view label) const {
  const bool high_speed = label.starts_with("HS ");
  auto named = find_column(high_speed ? Interval::HalfCycle : Interval::TenTwelveCycle, label);
  if (!named) {
    return fail(named.error());
  }
  if (!state_->windows) {
    return Statistics{};
  }
  const ColumnSource& source = named->source;
  const double factor = info(source.unit).per_si;
  if (!source.spectrum &&
      metrology::info(source.quantity).group == metrology::QuantityGroup::Energy) {
    return Statistics{.last = state_->engine->energy(source.quantity) * factor};
  }
  const metrology::Statistics& over =
      state_->windows->count() > 0 ? *state_->windows : *state_->cycles;
  const metrology::Summary summary = high_speed ? state_->half_cycles->of(source.quantity)
                                     : source.spectrum
                                         ? over.of(source.input, source.kind, source.order)
                                         : over.of(source.quantity);
  return Statistics{summary.min * factor, summary.mean * factor, summary.max * factor,
                    summary.last * factor};
}

std::span<const quality::VoltageEvent> Meter::events() const { return state_->events; }

void Meter::on_event(std::function<void(const quality::VoltageEvent&)> sink) {
  state_->event_sinks.push_back(std::move(sink));
}

void Meter::on_event_start(std::function<void(const quality::VoltageEvent&)> sink) {
  state_->start_sinks.push_back(std::move(sink));
}

void Meter::on_half_cycle(std::function<void(Instant, std::span<const double>)> sink) {
  state_->half_cycle_sinks.push_back(std::move(sink));
}

std::span<const quality::RapidVoltageChange> Meter::rapid_voltage_changes() const {
  return state_->voltage_changes;
}

std::optional<quality::RvcSetup> Meter::rapid_voltage_change_limits() const {
  return state_->rvc_limits;
}

std::span<const quality::TransientEvent> Meter::transients() const {
  return state_->transient_events;
}

std::span<const SignallingRecord> Meter::signalling() const { return state_->emissions; }

std::span<const quality::FaultReport> Meter::faults() const { return state_->faults; }

graph::Graph& Meter::graph() { return *state_->registers; }
const graph::Graph& Meter::graph() const { return *state_->registers; }

const MeterSetup& Meter::setup() const { return state_->setup; }
const quality::VoltageEventSetup& Meter::limits() const { return state_->limits; }

std::size_t Meter::memory_bytes() const {
  return sizeof(State) + state_->engine->memory_bytes() + state_->registers->memory_bytes();
}

}  // namespace halfcycle::meter
