// SPDX-License-Identifier: Apache-2.0
// The deferred step of the engine: 10/12-cycle windows, piece by piece.
#include <algorithm>
#include <cmath>

#include "metrology/engine_state.hpp"

namespace halfcycle::metrology {
namespace {

using signal::SamplePosition;
using signal::WindowSums;

// Phase by which the middle of a window's cycles may lie beside the middle of its time before the
// grid follows the bend: below it, a bend is noise rather than a ramp.
constexpr double kStraightTurns = 2e-4;
constexpr std::array kPinst{QuantityId::V1Pinst, QuantityId::V2Pinst, QuantityId::V3Pinst};

/// Largest |difference| of two voltages in [start, end), which the ring holds.
std::array<double, 3> line_peaks(const signal::FrameRing& ring, SamplePosition start,
                                 SamplePosition end) {
  std::array<float, 3> peak{};
  for (std::int64_t n = start.whole() + 1; n <= end.whole(); ++n) {
    const float* v = ring.frames(n);
    for (std::size_t k = 0; k < 3; ++k) {
      peak[k] = std::max(peak[k], std::abs(v[k] - v[(k + 1) % 3]));
    }
  }
  return {static_cast<double>(peak[0]), static_cast<double>(peak[1]), static_cast<double>(peak[2])};
}

}  // namespace

void Engine::State::close_windows(bool all) noexcept {
  const ReferenceTracker& tracker = rate->tracker;
  const double cycles = setup.system.window_cycles();
  // The phase at the first sample follows from the first cycles: their slope, not a mean.
  if (tracker.final_number() < (all ? 1 : ReferenceTracker::kFirstSmoothed)) {
    return;
  }
  if (!window_turns_known_) {
    window_turns_known_ = true;
    window_start_turns_ = tracker.turns_at(window_start_);
  }
  for (;;) {
    const Position end = tracker.position_at(window_start_turns_ + cycles);
    if (!(end - window_start_ > 1.0)) {
      return;
    }
    const Position due = all ? end + -kEndToleranceSamples * rate->factor
                             : end + kClosingCycles * 2.0 * tracker.half_cycle_samples();
    if ((all ? data_end_ : half_start_) < due) {
      return;
    }
    open_window(window_start_, end);
    begin_next_window(end, window_start_turns_ + cycles);
  }
}

// Gapless, and from each ten-minute tick on anew: the window in progress there runs to its end
// beside the first one of the new period (IEC 61000-4-30 §4.4, §4.5).
void Engine::State::begin_next_window(Position end, double end_turns) noexcept {
  const Position tick = next_tick_position();
  const double tolerance = kTickTolerance.to_seconds() * rate->rate_hertz;
  resynchronised_ = tick < end + tolerance;
  const bool overlaps = tick < end;
  window_start_ = overlaps ? tick : end;
  window_start_turns_ = overlaps ? rate->tracker.turns_at(tick) : end_turns;
  if (resynchronised_) {
    const Instant passed =
        std::max(next_tick_, (instant_of(window_start_) + kTickTolerance).floor_to(kTickPeriod));
    next_tick_ = passed + kTickPeriod;
  }
}

void Engine::State::open_window(Position start, Position end) noexcept {
  finish_window();
  if (follows_) {
    take_over();
  }
  const ReferenceTracker& tracker = rate->tracker;
  const double cycles = setup.system.window_cycles();
  due_.waiting = true;
  due_.start = start;
  due_.end = end;
  due_.lost = tracker.lost_within(start, end);
  due_.bend = 0.0;
  if (!due_.lost && !tracker.disturbed_within(start, end)) {
    const double length = end - start;
    const Position middle = tracker.position_at(window_start_turns_ + 0.5 * cycles);
    const double beside = (middle - start) - 0.5 * length;
    due_.bend = std::abs(beside) / length * cycles > kStraightTurns ? beside : 0.0;
  }
  const Clock& clock = clock_at(start);
  due_.from = instant_of(clock, start);
  due_.to = instant_of(clock, end);
  due_.resynchronised = resynchronised_;
  const TimeQuality quality = clock_quality(start, end);
  due_.clock_uncertainty_seconds = quality.uncertainty_seconds;
  due_.unmeasured_seconds = unmeasured_seconds_;
  due_.marks = {.flagged = flagged(due_.from, due_.to),
                .complete = true,
                .clock_ok = quality.clock_ok,
                .sync_ok = !due_.lost};
  const Instant tick = (due_.from + kTickTolerance).floor_to(kTickPeriod) + kTickPeriod;
  due_.flicker_flagged = due_.to > tick ? flagged(due_.from, tick) : due_.marks.flagged;
  due_.half_cycles = tracker.count();
  due_.pieces_done = 0;
  due_.flicker_done = false;
  due_.evaluated = false;
  if (valuer.has_power()) {
    energies.at(end, due_.energies);
  }
}

bool Engine::State::work() noexcept {
  const auto can_go_on = [this] {
    return due_.waiting &&
           (!due_.evaluated || rate->tracker.count() >= due_.half_cycles + kDeferredHalfCycles);
  };
  if (!can_go_on()) {
    return false;
  }
  do_window_piece();
  return can_go_on();
}

void Engine::State::finish_window() noexcept {
  while (due_.waiting) {
    do_window_piece();
  }
}

void Engine::State::do_window_piece() noexcept {
  if (due_.evaluated) {
    hand_over_window();
    return;
  }
  RateDependent& r = *rate;
  if (!due_.flicker_done) {
    enter(Stage::Flicker);
    const double per_source = 1.0 / static_cast<double>(r.factor);
    const double to = due_.end.to_samples() * per_source;
    r.flicker.run_to(to);
    r.flicker.close_by(due_.to + kTickTolerance);
    due_.p_inst = r.flicker.p_inst_max(due_.start.to_samples() * per_source, to);
    due_.flicker_done = true;
    return;
  }
  const std::int64_t first =
      std::min(r.spectrum.first_frame(due_.start),
               signal::WindowIntegrator::first_frame(due_.start, kWindowEnds));
  const std::int64_t last = std::max(r.spectrum.end_frame(due_.end),
                                     signal::WindowIntegrator::end_frame(due_.end, kWindowEnds));
  const bool held = r.ring.holds(first, last);
  if (held && due_.pieces_done < r.spectrum.pieces()) {
    enter(due_.pieces_done < r.spectrum.resample_pieces() ? Stage::Resample : Stage::Fft);
    due_.pieces_done =
        r.spectrum.do_piece(r.ring, due_.start, due_.end, due_.bend, due_.pieces_done);
    return;
  }
  window_values_.fill(kNotAvailable);
  if (held) {
    if (!r.spectrum.holds_result()) {  // another engine used the workspace meanwhile
      due_.pieces_done = 0;
      return;
    }
    evaluate_window();
  } else {
    due_.marks.complete = false;
    clear(*spectra_);
  }
  due_.evaluated = true;
}

void Engine::State::evaluate_window() noexcept {
  RateDependent& r = *rate;
  enter(Stage::Sums);
  const WindowSums sums = r.tables->integrate(r.ring, due_.start, due_.end, kWindowEnds);
  enter(Stage::Values);
  WindowMeasures m = measures_of(sums);
  due_.marks.complete = is_complete(sums);
  m.frequency_hertz = due_.lost
                          ? kNotAvailable
                          : setup.system.window_cycles() * r.rate_hertz / (due_.end - due_.start);
  m.power_frequency_hertz = aggregation.power_frequency_hertz();
  if (valuer.line_to_line()) {
    m.line_peak = line_peaks(r.ring, due_.start, due_.end);
  }
  r.spectrum.phasors(m.phasor);
  valuer.evaluate(m, window_values_);
  enter(Stage::Grouping);
  DistortionSummary distortion;
  r.spectrum.group(m.mean, spectrum_inputs, valuer.line_to_line(), valuer.voltage_floor_volts(),
                   valuer.current_floor_amperes(), *spectra_, distortion);
  valuer.evaluate_window(m, window_values_);
  if (r.spectrum.highest_order() >= 2) {
    write_distortion(distortion);
    write_signalling();
    r.spectrum.high_bands(setup.system.window_cycles() * r.rate_hertz / (due_.end - due_.start),
                          spectrum_inputs, *spectra_);
  }
}

void Engine::State::hand_over_window() noexcept {
  enter(Stage::Aggregation);
  due_.waiting = false;
  if (valuer.has_power()) {
    for (std::size_t k = 0; k < kQuantityCount; ++k) {
      if (info(static_cast<QuantityId>(k)).group == QuantityGroup::Energy) {
        window_values_[k] = due_.energies[k];
      }
    }
  }
  write_sliding_references();
  const auto at = [this](QuantityId id) -> double& { return window_values_[index(id)]; };
  at(QuantityId::ClockUncertainty) = due_.clock_uncertainty_seconds;
  at(QuantityId::UnmeasuredTime) = due_.unmeasured_seconds;
  for (std::size_t k = 0; k < kPinst.size(); ++k) {
    at(kPinst[k]) = valuer.has_quality_voltage(k) ? due_.p_inst[k] : kNotAvailable;
  }
  const IntervalValues out{.interval = Interval::TenTwelveCycle,
                           .number = window_number_++,
                           .start = due_.from,
                           .end = due_.to,
                           .marks = due_.marks,
                           .inputs = 1,
                           .values = window_values_,
                           .spectra = spectra_.get()};
  outputs.on_interval(out);
  prepare(*spectra_, spectrum_inputs, *terms_);
  aggregation.add(out, terms_.get(), due_.resynchronised, due_.flicker_flagged);
}

}  // namespace halfcycle::metrology
