// SPDX-License-Identifier: Apache-2.0
// The urgent step of the engine: half cycle by half cycle, published before push() returns.
#include <algorithm>
#include <cmath>

#include "metrology/engine_state.hpp"

namespace halfcycle::metrology {
namespace {

using signal::WindowSums;

}  // namespace

bool Engine::State::ready(Position end) const noexcept {
  if (signal::WindowIntegrator::end_frame(end) > rate->ring.end()) {
    return false;
  }
  return !ended_ || end <= data_end_ + kEndToleranceSamples * rate->factor;
}

void Engine::State::process() noexcept {
  // What ends in a half cycle is handed over with it, so that between two half cycles there is
  // time for what is deferred.
  while (ended_ || ready(half_end_)) {
    Channel* next = nullptr;
    Position end = half_end_;
    for (Channel& channel : channels_) {
      if (channel.windows.pending() && channel.windows.front().end < end) {
        next = &channel;
        end = channel.windows.front().end;
      }
    }
    if (!ready(end)) {
      return;
    }
    if (due_.waiting && rate->tracker.count() >= due_.half_cycles + kDeferredHalfCycles) {
      finish_window();  // its place in the order has come
    }
    if (next != nullptr) {
      do_channel(*next);
    } else {
      do_half_cycle();
    }
  }
}

void Engine::State::do_channel(Channel& channel) noexcept {
  enter(Stage::Sums);
  const ChannelWindow::Window window = channel.windows.front();
  channel.windows.pop();
  const std::array channels{channel.squared, SquaredChannel{.lane = channel.current_lane}};
  std::array<double, 2> squares{kNotAvailable, kNotAvailable};
  mean_squares(rate->ring, rate->tables->end_weights, window.start, window.end,
               std::span(channels).first(channel.has_current ? 2 : 1), squares);
  channel.u_rms = std::sqrt(squares[0]);
  channel.i_rms = std::sqrt(squares[1]);
  tell_of_corrections(window.start);
  const Clock& clock = clock_at(window.start);
  channel.latest.start = instant_of(clock, window.start);
  channel.latest.end = instant_of(clock, window.end);
  channel.latest.u_rms_volts = channel.u_rms;
  if (channel.detector_channel >= 0) {
    enter(Stage::Detectors);
    for (std::size_t k = 0; k < outputs.half_cycle_count; ++k) {
      outputs.half_cycles[k]->on_voltage_window(channel.latest);
    }
  }
}

void Engine::State::do_half_cycle() noexcept {
  RateDependent& r = *rate;
  enter(Stage::Sums);
  const WindowSums sums = r.tables->integrate(r.ring, half_start_, half_end_);
  enter(Stage::Tracking);
  const GridCycle& cycle =
      r.tracker.push(correlate_half_cycle(r.ring, r.tables->end_weights, half_start_, half_end_),
                     half_start_, half_end_);
  if (cycle.has_cycle) {
    const std::complex<double> nothing(kNotAvailable, kNotAvailable);
    for (Channel& channel : channels_) {
      if (!channel.present) {
        continue;
      }
      const auto phasor_of = [&channel](const LanePhasors& p) {
        return channel.line ? p[channel.index] - p[(channel.index + 1) % 3] : p[channel.index];
      };
      const bool earlier = cycle.number >= 3;
      channel.windows.advance(r.tracker, cycle, phasor_of(cycle.phasors),
                              earlier ? phasor_of(r.tracker.at(cycle.number - 1).phasors) : nothing,
                              earlier ? phasor_of(r.tracker.at(cycle.number - 2).phasors) : nothing,
                              0.05 * setup.system.floor_voltage_volts());
    }
    WindowSums whole = half_sums_;
    whole += sums;
    enter(Stage::Values);
    find_excess(sums, half_start_, half_end_);
    publish_half_cycle(cycle, whole);
    enter(Stage::Tracking);
    count_cycles(r.tracker.final_number());
  }
  half_sums_ = sums;
  half_start_ = half_end_;
  half_end_ = half_start_ + r.tracker.half_cycle_samples();
  close_windows(false);
}

WindowMeasures Engine::State::measures_of(const WindowSums& sums) const noexcept {
  WindowMeasures m;
  const double per = 1.0 / sums.samples;
  for (std::size_t l = 0; l < lanes; ++l) {
    m.mean[l] = sums.sum[l] * per;
    m.mean_square[l] = mean_square_of(sums.square[l], per);
    const double peak =
        std::max(-static_cast<double>(sums.min[l]), static_cast<double>(sums.max[l]));
    m.peak[l] = std::isfinite(peak) ? peak : kNotAvailable;
  }
  for (std::size_t k = 0; k < 3; ++k) {
    m.power[k] = sums.power[k] * per;
    m.line_mean_square[k] = mean_square_of(sums.line_square[k], per);
    m.line_peak[k] = kNotAvailable;
  }
  m.residual_mean_square = mean_square_of(sums.current_residual_square, per);
  return m;
}

bool Engine::State::is_complete(const WindowSums& sums) const noexcept {
  for (std::size_t l = 0; l < kInputCount; ++l) {
    if (setup.inputs.has(static_cast<Input>(l)) && std::isnan(sums.square[l])) {
      return false;
    }
  }
  return true;
}

void Engine::State::publish_half_cycle(const GridCycle& cycle, const WindowSums& sums) noexcept {
  WindowMeasures m = measures_of(sums);
  m.phasor = cycle.phasors;
  m.frequency_hertz = cycle.frequency_hertz;
  valuer.evaluate_half_cycle(m, half_cycle_values);
  const auto at = [this](QuantityId id) -> double& { return half_cycle_values[index(id)]; };
  if (valuer.has_power()) {
    const auto add = [&](const WindowSums& half, Position end) {
      const double seconds = half.samples / rate->rate_hertz;
      energies.add(
          end, {.joules = valuer.total_power({half.power[0], half.power[1], half.power[2]}) /
                          rate->rate_hertz,
                .p_watts = at(QuantityId::KwTot),
                .var_seconds = at(QuantityId::KvarTot) * seconds,
                .va_seconds = at(QuantityId::KvaTot) * seconds,
                .phase_joules = {half.power[0] / rate->rate_hertz, half.power[1] / rate->rate_hertz,
                                 half.power[2] / rate->rate_hertz},
                .phase_p_watts = {at(QuantityId::KwA), at(QuantityId::KwB), at(QuantityId::KwC)}});
    };
    if (cycle.number == 1) {
      add(half_sums_, half_start_);
    }
    WindowSums second = sums;
    second.samples = cycle.end - cycle.start;
    for (std::size_t k = 0; k < second.power.size(); ++k) {
      second.power[k] = sums.power[k] - half_sums_.power[k];
    }
    add(second, cycle.end);
    energies.latest(half_cycle_values);
  }
  // Magnitudes come from each channel's own window where there has been one.
  double ln_sum = 0.0;
  double ln_count = 0.0;
  double ll_sum = 0.0;
  double ll_count = 0.0;
  double i_sum = 0.0;
  double i_count = 0.0;
  for (const Channel& channel : channels_) {
    if (!channel.present) {
      continue;
    }
    const bool own = channel.latest.end > channel.latest.start;
    if (own) {
      at(channel.voltage) = channel.u_rms;
    }
    (channel.line ? ll_sum : ln_sum) += at(channel.voltage);
    (channel.line ? ll_count : ln_count) += 1.0;
    if (channel.has_current && own) {
      at(channel.current) = channel.i_rms;
    }
  }
  constexpr std::array kCurrent{QuantityId::IA, QuantityId::IB, QuantityId::IC};
  for (std::size_t k = 0; k < 3; ++k) {
    if (valuer.has_current(k)) {
      i_sum += at(kCurrent[k]);
      i_count += 1.0;
    }
  }
  if (ln_count > 0.0) {
    at(QuantityId::VlnAvg) = ln_sum / ln_count;
  }
  if (ll_count > 0.0) {
    at(QuantityId::VllAvg) = ll_sum / ll_count;
  }
  at(QuantityId::IAvg) = i_count > 0.0 ? i_sum / i_count : kNotAvailable;

  tell_of_corrections(cycle.cycle_start);
  const Clock& clock = clock_at(cycle.cycle_start);
  const Instant start = instant_of(clock, cycle.cycle_start);
  const Instant end = instant_of(clock, cycle.end);
  const TimeQuality quality = clock_quality(cycle.cycle_start, cycle.end);
  at(QuantityId::ClockUncertainty) = quality.uncertainty_seconds;
  const Marks marks{.flagged = flagged(start, end),
                    .complete = is_complete(sums),
                    .clock_ok = quality.clock_ok,
                    .sync_ok = !cycle.lost};
  HalfCycleDetail detail;
  detail.start = start;
  detail.end = end;
  detail.marks = marks;
  detail.frequency_hertz = cycle.frequency_hertz;
  detail.line_to_line = valuer.line_to_line();
  for (std::size_t k = 0; k < 3; ++k) {
    detail.voltages[k] = channels_[(detail.line_to_line ? 3 : 0) + k].latest;
  }
  for (std::size_t l = 0; l < kInputCount; ++l) {
    const bool there = l < lanes && setup.inputs.has(static_cast<Input>(l));
    detail.rms[l] = there ? std::sqrt(m.mean_square[l]) : kNotAvailable;
    detail.phasors[l] =
        there ? cycle.phasors[l] : std::complex<double>(kNotAvailable, kNotAvailable);
  }
  enter(Stage::Detectors);
  detail.excess = excess_;
  for (std::size_t k = 0; k < outputs.half_cycle_count; ++k) {
    outputs.half_cycles[k]->on_half_cycle(detail);
  }
  outputs.on_interval({.interval = Interval::HalfCycle,
                       .number = half_cycle_number_++,
                       .start = start,
                       .end = end,
                       .marks = marks,
                       .inputs = 1,
                       .values = half_cycle_values,
                       .spectra = nullptr});
}

void Engine::State::count_cycles(std::int64_t last) noexcept {
  for (; next_counted_ <= last; ++next_counted_) {
    count_cycle(next_counted_);
  }
}

void Engine::State::count_cycle(std::int64_t number) noexcept {
  const ReferenceTracker& tracker = rate->tracker;
  const GridCycle& cycle = tracker.at(number);
  const Clock& clock = clock_at(cycle.centre);
  CycleCounter& second = aggregation.one_second_cycles();
  CycleCounter& ten_seconds = aggregation.ten_second_cycles();
  if (clock.from > clock_counted_) {
    const Position at = Position::at(clock.from * rate->factor, 0.0);
    const Duration by = instant_of(clock, at) -
                        instant_of(clock_at(Position::at(clock_counted_ * rate->factor, 0.0)), at);
    clock_counted_ = clock.from;
    second.clock_step(by);
    ten_seconds.clock_step(by);
  }
  const Instant now = instant_of(clock, cycle.centre);
  if (cycle.lost) {
    second.lost(now);
    ten_seconds.lost(now);
    crossing_known_ = false;
    return;
  }
  if (number < 2) {
    return;
  }
  // A rising zero crossing of the reference lies where its cosine is at three quarters of a turn.
  const GridCycle& before = tracker.at(number - 1);
  const double from = before.smooth_turns - 0.75;
  const double to = cycle.smooth_turns - 0.75;
  if (!crossing_known_) {
    crossing_known_ = true;
    next_crossing_ = static_cast<std::int64_t>(std::ceil(from));
  }
  for (; static_cast<double>(next_crossing_) <= to; ++next_crossing_) {
    const double part =
        std::clamp((static_cast<double>(next_crossing_) - from) / (to - from), 0.0, 1.0);
    const Instant at = instant_of(clock, before.centre + part * (cycle.centre - before.centre));
    second.crossing(at);
    ten_seconds.crossing(at);
  }
  second.advance(now);
  ten_seconds.advance(now);
}

}  // namespace halfcycle::metrology
