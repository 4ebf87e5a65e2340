// SPDX-License-Identifier: Apache-2.0
// The parts of MeasurementFeed that show rapid voltage changes, transients and signalling.
#include <algorithm>
#include <cmath>

#include "modules/measurement_feed.hpp"
#include "modules/power_quality_events.hpp"
#include "modules/sag_swell.hpp"

namespace halfcycle::modules {

using graph::Tick;

namespace {
constexpr double kRoot2 = 1.41421356237309504880;

graph::Event event_of(std::uint32_t module, Instant time, double priority, std::uint32_t cause,
                      double cause_value, std::uint32_t effect, double effect_value) {
  graph::Event event;
  event.time = time;
  event.priority = static_cast<std::uint8_t>(priority);
  event.module = module;
  event.cause = {graph::EventEnd::Kind::Register, cause, -1, cause_value, {}};
  event.effect = {graph::EventEnd::Kind::Register, effect, -1, effect_value, {}};
  return event;
}
}  // namespace

Instant MeasurementFeed::begin_event(Instant time) {
  latest_ = std::max(time, latest_);
  graph_.begin(Tick::Event, latest_, latest_);
  return latest_;
}

std::optional<quality::RvcSetup> MeasurementFeed::rvc_limits(quality::RvcSetup given) const {
  using namespace rapid_voltage_change;
  if (rvc_ < 0 || setup_of(rvc_, kEnabled) == 0.0) {
    return std::nullopt;
  }
  given.threshold_ratio = setup_of(rvc_, kThreshold) / 100.0;
  // More hysteresis than threshold would leave no steady state.
  given.hysteresis_ratio =
      std::min(setup_of(rvc_, kHysteresis) / 100.0, 0.9 * given.threshold_ratio);
  return given;
}

std::optional<double> MeasurementFeed::transient_ratio() const {
  if (transient_ < 0) {
    return std::nullopt;
  }
  return setup_of(transient_, transient::kThreshold) / 100.0;
}

bool MeasurementFeed::sliding_reference() const {
  return sag_swell_ >= 0 && setup_of(sag_swell_, sag_swell::kReference) == 1.0;
}

void MeasurementFeed::feed(const quality::RapidVoltageChange& change, double nominal_volts) {
  using namespace rapid_voltage_change;
  if (rvc_ < 0) {
    return;
  }
  begin_event(change.end);
  const std::uint32_t first = module(rvc_).first_register;
  const Marks marks;
  const auto write = [&](std::size_t output, double value) {
    graph_.write(first + static_cast<std::uint32_t>(output), value, marks);
  };
  const double percent = 100.0 / nominal_volts;
  write(kStart, graph::instant_to_slot(change.start));
  write(kEnd, graph::instant_to_slot(change.end));
  write(kDuration, change.duration_seconds);
  write(kDeltaMax, change.delta_max_volts);
  write(kDeltaMaxPercent, change.delta_max_volts * percent);
  write(kDeltaSteady, change.delta_steady_volts);
  write(kDeltaSteadyPercent, change.delta_steady_volts * percent);
  write(kPhase, change.worst_channel + 1);
  graph_.write_pulse(first + static_cast<std::uint32_t>(kTrigger));
  graph_.post(event_of(static_cast<std::uint32_t>(rvc_), change.start, setup_of(rvc_, kEvPriority),
                       first + static_cast<std::uint32_t>(kDeltaMaxPercent),
                       change.delta_max_volts * percent,
                       first + static_cast<std::uint32_t>(kDuration), change.duration_seconds));
  graph_.commit();
}

void MeasurementFeed::feed(const quality::TransientEvent& event, double nominal_volts) {
  using namespace transient;
  if (transient_ < 0) {
    return;
  }
  begin_event(event.end);
  const std::uint32_t first =
      module(transient_).first_register + static_cast<std::uint32_t>(event.channel);
  const Marks marks;
  const double percent = event.peak_volts / (kRoot2 * nominal_volts) * 100.0;
  const auto reg = [first](std::size_t output) {
    return first + static_cast<std::uint32_t>(output);
  };
  graph_.write(reg(kFirstMax), percent, marks);
  graph_.write(reg(kFirstDur), event.duration_seconds, marks);
  graph_.write(reg(kFirstStart), graph::instant_to_slot(event.start), marks);
  graph_.write_pulse(reg(kFirstTrigger));
  graph_.post(event_of(static_cast<std::uint32_t>(transient_), event.start,
                       setup_of(transient_, kEvPriority), reg(kFirstMax), percent, reg(kFirstDur),
                       event.duration_seconds));
  graph_.commit();
}

void MeasurementFeed::record_signalling(const metrology::IntervalValues& values) {
  using namespace mains_signalling;
  using metrology::QuantityId;
  constexpr std::array kRows{
      std::array{QuantityId::V1Msv1, QuantityId::V2Msv1, QuantityId::V3Msv1},
      std::array{QuantityId::V1Msv2, QuantityId::V2Msv2, QuantityId::V3Msv2},
      std::array{QuantityId::V1Msv3, QuantityId::V2Msv3, QuantityId::V3Msv3}};
  if (recorders_.empty()) {
    return;
  }
  for (std::size_t c = 0; c < kCarriers; ++c) {
    quality::SignallingRecorder& recorder = recorders_[c];
    const bool was = recorder.recording();
    const bool done = recorder.push(
        values.start, values.end, {values[kRows[c][0]], values[kRows[c][1]], values[kRows[c][2]]});
    if (recorder.recording() != was) {
      const std::uint32_t active = module(signalling_).first_register +
                                   static_cast<std::uint32_t>(kLevels + c * kOutputsACarrier);
      graph_.write(active, recorder.recording() ? 1.0 : 0.0, values.marks);
    }
    if (done) {
      write_emission(c, values.end);
      if (emission_sink_) {
        emission_sink_(c, recorder);
      }
    }
  }
}

void MeasurementFeed::write_emission(std::size_t carrier, Instant now) {
  using namespace mains_signalling;
  const quality::SignallingRecorder& recorder = recorders_[carrier];
  const quality::SignallingEmission& emission = recorder.emission();
  const std::uint32_t first = module(signalling_).first_register +
                              static_cast<std::uint32_t>(kLevels + carrier * kOutputsACarrier);
  const auto reg = [first](std::size_t output) {
    return first + static_cast<std::uint32_t>(output);
  };
  const Marks marks;
  const double seconds = (emission.end - emission.start).to_seconds();
  const double percent = emission.max_ratio * 100.0;
  graph_.write(reg(kStart), graph::instant_to_slot(emission.start), marks);
  graph_.write(reg(kDuration), seconds, marks);
  graph_.write(reg(kMax), percent, marks);
  std::array<float, quality::SignallingRecorder::kMost> record;
  record.fill(std::nanf(""));
  const std::span<const float> values = recorder.record();
  std::transform(values.begin(), values.end(), record.begin(),
                 [](float ratio) { return ratio * 100.0F; });
  graph_.write_array(reg(kRecord), record, marks);
  graph_.post(event_of(static_cast<std::uint32_t>(signalling_), std::min(emission.start, now),
                       setup_of(signalling_, kEvPriority), reg(kMax), percent, reg(kDuration),
                       seconds));
}

quality::SignallingSetup MeasurementFeed::signalling_limits() const {
  using namespace mains_signalling;
  return {.threshold_ratio = setup_of(signalling_, kThreshold) / 100.0,
          .record_seconds = setup_of(signalling_, kRecordTime)};
}

void MeasurementFeed::follow_setup() {
  for (quality::SignallingRecorder& recorder : recorders_) {
    recorder.set_limits(signalling_limits());
  }
}

void MeasurementFeed::interrupt() {
  using namespace mains_signalling;
  for (std::size_t c = 0; c < recorders_.size(); ++c) {
    if (recorders_[c].interrupt()) {
      // The record ends here, with what it has.
      begin_event(latest_);
      write_emission(c, latest_);
      graph_.write(module(signalling_).first_register +
                       static_cast<std::uint32_t>(kLevels + c * kOutputsACarrier + kActive),
                   0.0, Marks{});
      graph_.commit();
      if (emission_sink_) {
        emission_sink_(c, recorders_[c]);
      }
    }
  }
}

}  // namespace halfcycle::modules
