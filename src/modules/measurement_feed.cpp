// SPDX-License-Identifier: Apache-2.0
#include "modules/measurement_feed.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "modules/flicker.hpp"
#include "modules/measured_modules.hpp"
#include "modules/power_quality_events.hpp"
#include "modules/sag_swell.hpp"

namespace halfcycle::modules {

using graph::Tick;
using metrology::Interval;

Tick tick_of(Interval interval) {
  switch (interval) {
    case Interval::HalfCycle:
      return Tick::HalfCycle;
    case Interval::TenTwelveCycle:
      return Tick::TenTwelveCycle;
    case Interval::OneSecond:
      return Tick::OneSecond;
    case Interval::OneFiftyOneEightyCycle:
      return Tick::OneFiftyOneEightyCycle;
    case Interval::TenSecond:
      return Tick::TenSecond;
    case Interval::TenMinute:
      return Tick::TenMinute;
    case Interval::TwoHour:
      return Tick::TwoHour;
  }
  return Tick::Event;
}

SystemSetup system_of(const graph::Graph& graph, SystemSetup given) {
  for (const graph::ModuleInstance& module : graph.compiled().modules()) {
    const auto setup = [&](std::size_t k) {
      return graph.setup_number(module.first_setup + static_cast<std::uint32_t>(k));
    };
    if (module.type == &kPowerMeter) {
      given.kva_method = static_cast<SystemSetup::KvaMethod>(setup(power_meter::kKvaMethod));
      given.pf_sign_iec = setup(power_meter::kPfSign) != 0.0;
      given.phase_order = static_cast<PhaseOrder>(setup(power_meter::kPhaseOrder));
    } else if (module.type == &kHarmonicsAnalyzer) {
      const double demand = setup(harmonics_analyzer::kDemandCurrent);
      given.demand_current_amperes = demand > 0.0 ? demand : given.demand_current_amperes;
    } else if (module.type == &kFlicker) {
      const auto lamp = static_cast<SystemSetup::FlickerLamp>(setup(flicker::kLampType));
      given.flicker_lamp =
          lamp == SystemSetup::FlickerLamp::ByFrequency ? given.flicker_lamp : lamp;
    } else if (module.type == &kMainsSignalling) {
      for (std::size_t c = 0; c < given.signalling_hertz.size(); ++c) {
        const double carrier = setup(mains_signalling::kFirstCarrier + c);
        given.signalling_hertz[c] = carrier > 0.0 ? carrier : given.signalling_hertz[c];
      }
    }
  }
  return given;
}

MeasurementFeed::MeasurementFeed(graph::Graph& graph, bool registers)
    : graph_(graph), registers_(registers) {
  struct Source {
    const graph::ModuleType* type;
    Interval interval;
  };
  const std::array<Source, 10> sources{{{&kHighSpeedPowerMeter, Interval::HalfCycle},
                                        {&kHarmonicsAnalyzer, Interval::TenTwelveCycle},
                                        {&kPowerMeter, Interval::OneSecond},
                                        {&kEnergy, Interval::OneSecond},
                                        {&kSymmetricalComponents, Interval::OneFiftyOneEightyCycle},
                                        {&kAggregator3s, Interval::OneFiftyOneEightyCycle},
                                        {&kAggregator10m, Interval::TenMinute},
                                        {&kAggregator2hr, Interval::TwoHour},
                                        {&kMainsSignalling, Interval::TenTwelveCycle},
                                        {&kFlicker, Interval::TenMinute}}};
  const graph::CompiledTemplate& compiled = graph.compiled();
  for (std::uint32_t m = 0; m < compiled.modules().size(); ++m) {
    const graph::ModuleInstance& module = compiled.modules()[m];
    if (module.type == &kSagSwell) {
      sag_swell_ = m;
    }
    rvc_ = module.type == &kRapidVoltageChange ? m : rvc_;
    transient_ = module.type == &kTransient ? m : transient_;
    signalling_ = module.type == &kMainsSignalling ? m : signalling_;
    const auto source = std::find_if(sources.begin(), sources.end(),
                                     [&](const Source& s) { return s.type == module.type; });
    if (source == sources.end()) {
      continue;
    }
    const auto interval = static_cast<std::size_t>(source->interval);
    const std::size_t scalar_outputs = scalar_count(*module.type);
    for (std::uint32_t k = 0; k < module.type->outputs.size(); ++k) {
      const graph::OutputSpec& output = module.type->outputs[k];
      if (k < scalar_outputs) {
        scalars_[interval].push_back({module.first_register + k, quantity_of(*module.type, k),
                                      info(output.unit).per_si, 0.0,
                                      output.retain == graph::Retain::Yes});
      } else if (output.cls == graph::RegisterClass::NumericArray &&
                 module.type != &kMainsSignalling) {
        const SpectrumOutput spectrum = spectrum_of(k - scalar_outputs);
        arrays_[interval].push_back({module.first_register + k, spectrum.input, spectrum.kind,
                                     output.first_element, output.element_count,
                                     static_cast<float>(info(output.unit).per_si)});
      }
    }
  }
}

void MeasurementFeed::take_bases() {
  based_ = true;
  for (std::vector<Scalar>& scalars : scalars_) {
    for (Scalar& scalar : scalars) {
      const double held = graph_.number(scalar.reg);
      scalar.base = scalar.retained && is_available(held) ? held : 0.0;
    }
  }
  if (signalling_ >= 0) {
    recorders_.assign(mains_signalling::kCarriers,
                      quality::SignallingRecorder(signalling_limits()));
  }
}

void MeasurementFeed::feed(const metrology::IntervalValues& values) {
  if (!based_) {
    take_bases();
  }
  const bool signalling = values.interval == Interval::TenTwelveCycle && signalling_ >= 0;
  if (registers_ || signalling) {
    graph_.begin(tick_of(values.interval), values.start, values.end);
    if (registers_) {
      write_values(values);
    }
    if (signalling) {
      record_signalling(values);
    }
    graph_.commit();
  }
  latest_ = std::max(latest_, values.end);
}

void MeasurementFeed::write_values(const metrology::IntervalValues& values) {
  for (const Scalar& scalar : scalars_[static_cast<std::size_t>(values.interval)]) {
    const double value = values[scalar.quantity] * scalar.per_si;
    graph_.write(scalar.reg, scalar.retained ? scalar.base + value : value,
                 values.marks_of(scalar.quantity));
  }
  if (values.spectra != nullptr) {
    write_spectra(values);
  }
}

void MeasurementFeed::withdraw(metrology::Interval longest) {
  if (latest_ == graph::kNoInstant) {
    return;
  }
  constexpr Marks kNothing{.flagged = false, .complete = false, .clock_ok = true, .sync_ok = false};
  metrology::Spectra::Orders nothing;
  nothing.fill(std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i <= static_cast<std::size_t>(longest); ++i) {
    if (scalars_[i].empty() && arrays_[i].empty()) {
      continue;
    }
    graph_.begin(tick_of(static_cast<Interval>(i)), latest_, latest_);
    for (const Scalar& scalar : scalars_[i]) {
      if (!scalar.retained) {
        graph_.write(scalar.reg, kNotAvailable, kNothing);
      }
    }
    for (const Array& array : arrays_[i]) {
      graph_.write_array(array.reg, std::span(nothing).first(static_cast<std::size_t>(array.count)),
                         kNothing);
    }
    graph_.commit();
  }
}

void MeasurementFeed::write_spectra(const metrology::IntervalValues& values) {
  for (const Array& array : arrays_[static_cast<std::size_t>(values.interval)]) {
    const metrology::Spectra::Orders& orders = values.spectra->get(array.input, array.kind);
    metrology::Spectra::Orders scaled;
    for (int i = 0; i < array.count; ++i) {
      scaled[static_cast<std::size_t>(i)] =
          orders[static_cast<std::size_t>(array.first + i)] * array.per_si;
    }
    graph_.write_array(array.reg, std::span(scaled).first(static_cast<std::size_t>(array.count)),
                       values.marks);
  }
}

void MeasurementFeed::feed(const quality::VoltageEvent& event) {
  const auto known = event.end ? event.end : event.start;
  const Instant time = std::max(known.value_or(latest_), latest_);
  if (time == graph::kNoInstant) {
    return;
  }
  latest_ = time;
  graph_.begin(Tick::Event, time, time);
  if (sag_swell_ >= 0) {
    const auto m = static_cast<std::uint32_t>(sag_swell_);
    const graph::ModuleInstance& module = graph_.compiled().modules()[m];
    const Marks marks;
    const double percent = event.reference_volts > 0.0
                               ? event.extreme_volts / event.reference_volts * 100.0
                               : kNotAvailable;
    const auto reg = [&](std::size_t output) {
      return module.first_register + static_cast<std::uint32_t>(output);
    };
    const auto instant = [](const std::optional<Instant>& at) {
      return graph::instant_to_slot(at.value_or(graph::kNoInstant));
    };
    graph_.write(reg(sag_swell::kDistType), static_cast<double>(event.type), marks);
    graph_.write(reg(sag_swell::kDistStart), instant(event.start), marks);
    graph_.write(reg(sag_swell::kDistEnd), instant(event.end), marks);
    graph_.write(reg(sag_swell::kDistDur), event.duration_seconds, marks);
    graph_.write(reg(sag_swell::kDistNomPct), percent, marks);
    graph_.write(reg(sag_swell::kWorstPhase), event.worst_phase + 1, marks);
    for (std::size_t p = 0; p < event.phases.size(); ++p) {
      const quality::PhaseEvent& phase = event.phases[p];
      const bool timed = phase.involved && phase.start && phase.end;
      graph_.write(reg(sag_swell::kFirstPhaseExtreme + p),
                   phase.involved ? phase.extreme_volts : kNotAvailable, marks);
      graph_.write(reg(sag_swell::kFirstPhaseDur + p),
                   timed ? (*phase.end - *phase.start).to_seconds() : kNotAvailable, marks);
    }
    graph_.write_pulse(reg(sag_swell::kStartPulse));
    if (event.end) {
      graph_.write_pulse(reg(sag_swell::kEndPulse));
    }
    graph::Event report;
    report.time = event.start.value_or(time);
    report.priority =
        static_cast<std::uint8_t>(graph_.setup_number(module.first_setup + sag_swell::kEvPriority));
    report.module = m;
    report.cause = {graph::EventEnd::Kind::Register, reg(sag_swell::kDistNomPct), -1, percent, {}};
    report.effect = {
        graph::EventEnd::Kind::Register, reg(sag_swell::kDistDur), -1, event.duration_seconds, {}};
    graph_.post(report);
  }
  graph_.commit();
}

quality::VoltageEventSetup MeasurementFeed::limits(quality::VoltageEventSetup given) const {
  if (sag_swell_ < 0) {
    return given;
  }
  const graph::ModuleInstance& module =
      graph_.compiled().modules()[static_cast<std::size_t>(sag_swell_)];
  const auto ratio = [&](std::uint32_t setup) {
    return graph_.setup_number(module.first_setup + setup) / 100.0;
  };
  given.dip_threshold_ratio = ratio(sag_swell::kSagLim);
  given.swell_threshold_ratio = ratio(sag_swell::kSwellLim);
  given.interruption_threshold_ratio = ratio(sag_swell::kIntLim);
  given.hysteresis_ratio = ratio(sag_swell::kHysteresis);
  return given;
}

}  // namespace halfcycle::modules
