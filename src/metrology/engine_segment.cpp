// SPDX-License-Identifier: Apache-2.0
// Segments of the engine: where they begin and end, their clock, samples on their way in.
#include <algorithm>
#include <cmath>

#include "metrology/engine_state.hpp"

namespace halfcycle::metrology {
namespace {

using signal::WindowSums;

constexpr int kRefinements = 5;
// A step of UTC up to this is a correction (a leap second, a clock that was set right) and leaves
// windows and aggregates whole; beyond it the time before was not known.
constexpr Duration kLargestCorrection = Duration::seconds(10);

}  // namespace

const Engine::State::Clock& Engine::State::clock_at(Position position) const noexcept {
  std::size_t k = clock_count_ - 1;
  while (k > 0 && position < Position::at(clocks_[k].from * rate->factor, 0.0)) {
    --k;
  }
  return clocks_[k];
}

Instant Engine::State::instant_of(const Clock& clock, Position position) const noexcept {
  const double frames = position.to_samples() / static_cast<double>(rate->factor);
  const double ahead =
      static_cast<double>(static_cast<std::int64_t>(segment_index_ - clock.map.index));
  return clock.map.instant_of(static_cast<double>(clock.map.index) + (ahead + frames));
}

Engine::State::Position Engine::State::next_tick_position() const noexcept {
  // A correction forwards may pass the tick: then the first sample behind it is where it lies.
  for (std::size_t k = 0;; ++k) {
    const Clock& clock = clocks_[k];
    const double from_segment =
        (next_tick_ - clock.map.at).to_seconds() * clock.map.rate_hertz +
        static_cast<double>(static_cast<std::int64_t>(clock.map.index - segment_index_));
    const double frames = std::max(from_segment, static_cast<double>(clock.from));
    if (k + 1 == clock_count_ || frames < static_cast<double>(clocks_[k + 1].from)) {
      return Position::at(0, frames * static_cast<double>(rate->factor));
    }
  }
}

bool Engine::State::is_correction(const SampleBlock& block) const noexcept {
  if (phase_ == Phase::Idle || block.discontinuity != Discontinuity::ClockStep ||
      block.time.rate_hertz != rate->source_rate_hertz) {
    return false;
  }
  const Duration by =
      block.time.instant_of(static_cast<double>(block.first_index)) -
      clocks_[clock_count_ - 1].map.instant_of(static_cast<double>(block.first_index));
  return by <= kLargestCorrection && Duration() - by <= kLargestCorrection;
}

void Engine::State::correct_clock(const TimeMap& map) noexcept {
  if (clock_count_ == clocks_.size()) {
    std::copy(clocks_.begin() + 1, clocks_.end(), clocks_.begin());
    --clock_count_;
  }
  clocks_[clock_count_++] = {source_frames_, map};
}

void Engine::State::tell_of_corrections(Position start) noexcept {
  const std::int64_t from = clock_at(start).from;
  if (from > clock_told_) {
    clock_told_ = from;
    for (std::size_t k = 0; k < outputs.half_cycle_count; ++k) {
      outputs.half_cycles[k]->on_break();
    }
  }
}

TimeQuality Engine::State::clock_quality(Position start, Position end) const noexcept {
  TimeQuality worst;
  for (std::size_t k = 0; k < quality_count_; ++k) {
    const bool latest = k + 1 == quality_count_;
    const Position from = Position::at(qualities_[k].from * rate->factor, 0.0);
    const Position to = latest ? end : Position::at(qualities_[k + 1].from * rate->factor, 0.0);
    if (from < end && (latest || start < to)) {
      worst.clock_ok = worst.clock_ok && qualities_[k].quality.clock_ok;
      worst.uncertainty_seconds =
          std::max(worst.uncertainty_seconds, qualities_[k].quality.uncertainty_seconds);
    }
  }
  return worst;
}

void Engine::State::note_clock_quality(const TimeQuality& quality) noexcept {
  if (quality_count_ > 0 && qualities_[quality_count_ - 1].quality == quality) {
    return;
  }
  if (quality_count_ == qualities_.size()) {
    // The two oldest become one, as bad as the worse.
    TimeQuality& older = qualities_[0].quality;
    const TimeQuality& newer = qualities_[1].quality;
    older.clock_ok = older.clock_ok && newer.clock_ok;
    older.uncertainty_seconds = std::max(older.uncertainty_seconds, newer.uncertainty_seconds);
    std::copy(qualities_.begin() + 2, qualities_.end(), qualities_.begin() + 1);
    --quality_count_;
  }
  qualities_[quality_count_++] = {source_frames_, quality};
}

double Engine::State::frames_to_flicker_tick() const noexcept {
  const Clock& clock = clocks_[clock_count_ - 1];
  const double at =
      (flicker_tick_ - clock.map.at).to_seconds() * clock.map.rate_hertz +
      static_cast<double>(static_cast<std::int64_t>(clock.map.index - segment_index_));
  return std::max(0.0, std::ceil(at - 1e-3) - static_cast<double>(source_frames_));
}

void Engine::State::pass_flicker_tick() noexcept {
  rate->flicker.close(flicker_tick_);
  flicker_tick_ += kTickPeriod;
}

bool Engine::State::flagged(Instant start, Instant end) const noexcept {
  return outputs.query != nullptr && outputs.query->touched(start, end);
}

void Engine::State::begin_segment(const SampleBlock& block) noexcept {
  if (phase_ != Phase::Idle || half_cycle_number_ > 0) {
    for (std::size_t k = 0; k < outputs.half_cycle_count; ++k) {
      outputs.half_cycles[k]->on_break();
    }
  }
  const Instant stopped =
      began_ ? instant_of(Position::at(source_frames_ * rate->factor, 0.0)) : Instant();
  if (block.time.rate_hertz != rate->source_rate_hertz) {
    rate = std::make_unique<RateDependent>(setup, lanes, block.time.rate_hertz);
    aggregation.set_flicker(&rate->flicker);
  }
  phase_ = Phase::Collecting;
  clocks_[0] = {0, block.time};
  clock_count_ = 1;
  clock_told_ = clock_counted_ = 0;
  segment_index_ = block.first_index;
  source_frames_ = 0;
  quality_count_ = 0;
  ended_ = false;
  const Instant start = instant_of(Position());
  const Instant tick = (start + kTickTolerance).floor_to(kTickPeriod) + kTickPeriod;
  if (began_) {
    unmeasured_seconds_ += std::max(0.0, (start - stopped).to_seconds());
    if (tick != flicker_tick_) {
      rate->flicker.close(flicker_tick_);
    }
  }
  began_ = true;
  flicker_tick_ = tick;
  rate->flicker.begin();
  aggregation.begin(start);
}

void Engine::State::push(const SampleBlock& block) noexcept {
  if (block.frame_count == 0) {
    return;
  }
  if (is_correction(block)) {
    correct_clock(block.time);
  } else if (phase_ == Phase::Idle || block.discontinuity != Discontinuity::None) {
    end_segment();
    begin_segment(block);
  }
  note_clock_quality(block.time_quality);
  if (!rate->measures_cycles) {
    source_frames_ += static_cast<std::int64_t>(block.frame_count);
    return;
  }
  const std::size_t most = rate->slice.size() / lanes;
  std::size_t done = 0;
  while (done < block.frame_count) {
    std::size_t count = std::min(most, block.frame_count - done);
    const double to_tick = frames_to_flicker_tick();
    if (to_tick <= 0.0) {
      pass_flicker_tick();
      continue;
    }
    if (to_tick < static_cast<double>(count)) {
      count = static_cast<std::size_t>(to_tick);
    }
    if (phase_ == Phase::Collecting) {
      count = std::min(count, rate->head_frames - static_cast<std::size_t>(source_frames_));
    }
    const float* frames = block.frames + done * block.lanes;
    if (transform_ || block.lanes != lanes) {
      make_canonical(frames, block.lanes, count, rate->slice.data());
      frames = rate->slice.data();
    }
    enter(Stage::Flicker);
    rate->flicker.push(frames, count, frames == rate->slice.data() ? lanes : block.lanes);
    take_frames(frames, count);
    done += count;
  }
}

void Engine::State::make_canonical(const float* frames, std::size_t block_lanes, std::size_t count,
                                   float* out) const noexcept {
  const bool delta = setup.system.wiring == Wiring::Delta;
  const bool wye = setup.system.wiring == Wiring::ThreeWireWye;
  const InputMask in = setup.inputs;
  constexpr std::size_t kI = lane(Input::I1);
  for (std::size_t n = 0; n < count; ++n) {
    const float* x = frames + n * block_lanes;
    float* y = out + n * lanes;
    for (std::size_t l = 0; l < lanes; ++l) {
      y[l] = l < block_lanes ? x[l] : 0.0F;
    }
    if (delta) {
      // Against phase 2: v1 = v12, v2 = 0, v3 = v32 (given as V3 with two transformers, else −v23).
      y[1] = 0.0F;
      y[2] = in.has(Input::V2) ? -x[1] : x[2];
    }
    if (wye && !in.has(Input::V2)) {
      y[1] = -(x[0] + x[2]);
    }
    if (delta || wye) {
      if (!in.has(Input::I1)) {
        y[kI] = -(x[kI + 1] + x[kI + 2]);
      } else if (!in.has(Input::I2)) {
        y[kI + 1] = -(x[kI] + x[kI + 2]);
      } else if (!in.has(Input::I3)) {
        y[kI + 2] = -(x[kI] + x[kI + 1]);
      }
    }
  }
}

void Engine::State::take_frames(const float* frames, std::size_t count) noexcept {
  if (phase_ == Phase::Collecting) {
    std::copy_n(frames, count * lanes,
                rate->head.begin() + static_cast<std::ptrdiff_t>(source_frames_) *
                                         static_cast<std::ptrdiff_t>(lanes));
    source_frames_ += static_cast<std::int64_t>(count);
    if (static_cast<std::size_t>(source_frames_) == rate->head_frames) {
      fill_ring();
      start_running();
      process();
    }
    return;
  }
  source_frames_ += static_cast<std::int64_t>(count);
  enter(Stage::Ingest);
  if (rate->factor == 1) {
    rate->ring.push(frames, count);
  } else {
    rate->source_ring.push(frames, count);
    rate->upsampler(rate->source_ring, rate->ring);
  }
  process();
}

void Engine::State::fill_ring() noexcept {
  RateDependent& r = *rate;
  const std::size_t head = static_cast<std::size_t>(source_frames_);
  const std::int64_t before = static_cast<std::int64_t>(r.extender.horizon_frames());
  r.extender.before(r.head.data(), head, r.extension.data());
  if (r.factor == 1) {
    r.ring.reset(-before);
    r.ring.push(r.extension.data(), static_cast<std::size_t>(before));
    r.ring.push(r.head.data(), head);
  } else {
    r.source_ring.reset(-before);
    r.ring.reset(r.upsampler.first_output(-before));
    r.source_ring.push(r.extension.data(), static_cast<std::size_t>(before));
    r.source_ring.push(r.head.data(), head);
    r.upsampler(r.source_ring, r.ring);
  }
}

void Engine::State::start_running() noexcept {
  RateDependent& r = *rate;
  const std::size_t head = static_cast<std::size_t>(source_frames_);
  phase_ = Phase::Running;
  const double coarse =
      coarse_frequency(r.head.data(), head, lanes, r.source_rate_hertz, setup.system, setup.inputs);
  if (is_available(coarse)) {
    lock_to(coarse, r.ring.end());
  } else {
    r.tracker.restart(Position(), setup.system.nominal_frequency_hertz, false);
  }
  for (Channel& channel : channels_) {
    channel.windows.restart();
    channel.u_rms = channel.i_rms = kNotAvailable;
    channel.latest = VoltageWindow{.channel = channel.detector_channel,
                                   .line_to_line = channel.line,
                                   .start = instant_of(Position()),
                                   .end = instant_of(Position())};
  }
  energies.restart(Position());
  half_start_ = Position();
  half_end_ = Position() + r.tracker.half_cycle_samples();
  half_sums_ = WindowSums{};
  window_start_ = Position();
  window_turns_known_ = false;
  next_tick_ = (instant_of(Position()) + kTickTolerance).floor_to(kTickPeriod) + kTickPeriod;
  resynchronised_ = false;
  crossing_known_ = false;
  next_counted_ = 1;
}

void Engine::State::lock_to(double coarse_hertz, std::int64_t available) noexcept {
  // The tracker's own measurement on a grid of the frequency assumed so far; each round makes the
  // grid's error, and with it what harmonics leave behind, much smaller.
  std::array<double, 64> measured;
  std::array<double, 64> beside;
  double frequency = coarse_hertz;
  ReferenceTracker probe = rate->tracker;
  for (int round = 0; round < kRefinements; ++round) {
    probe.restart(Position(), frequency, true);
    const double length = 0.5 * rate->rate_hertz / frequency;
    std::size_t count = 0;
    Position a;
    for (;;) {
      const Position b = a + length;
      if (signal::WindowIntegrator::end_frame(b) > available || count == measured.size()) {
        break;
      }
      const GridCycle& cycle =
          probe.push(correlate_half_cycle(rate->ring, rate->tables->end_weights, a, b), a, b);
      if (is_available(cycle.measured_hertz) && cycle.magnitude_change < 0.01) {
        measured[count++] = cycle.measured_hertz;
      }
      a = b;
    }
    if (count == 0) {
      break;
    }
    // Around the median, so that a fault within the first cycles does not count.
    const auto end = static_cast<std::ptrdiff_t>(count);
    std::sort(measured.begin(), measured.begin() + end);
    const double median = measured[count / 2];
    for (std::size_t k = 0; k < count; ++k) {
      beside[k] = std::abs(measured[k] - median);
    }
    std::nth_element(beside.begin(), beside.begin() + end / 2, beside.begin() + end);
    const double usual = std::max(0.02, 3.0 * beside[count / 2]);
    double sum = 0.0;
    double used = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      if (std::abs(measured[k] - median) < usual) {
        sum += measured[k];
        used += 1.0;
      }
    }
    frequency = sum / used;
  }
  rate->tracker.restart(Position(), frequency, true);
  rate->tracker.expect_changes_of(probe);
}

void Engine::State::end_segment() noexcept {
  if (phase_ == Phase::Idle || !rate->measures_cycles || source_frames_ == 0) {
    phase_ = Phase::Idle;
    return;
  }
  RateDependent& r = *rate;
  const bool short_record = phase_ == Phase::Collecting;
  if (short_record) {
    fill_ring();
  }
  signal::FrameRing& source = r.factor == 1 ? r.ring : r.source_ring;
  const std::size_t last =
      std::min({r.extender.wanted_frames(), static_cast<std::size_t>(source_frames_),
                static_cast<std::size_t>(source.end() - source.begin())});
  source.copy(source.end() - static_cast<std::int64_t>(last), last, r.head.data());
  r.extender.after(r.head.data(), last, r.extension.data());
  source.push(r.extension.data(), r.extender.horizon_frames());
  if (r.factor != 1) {
    r.upsampler(r.source_ring, r.ring);
  }
  if (short_record) {
    // `head` served as workspace for the extension: the guess needs the record again.
    source.copy(0, static_cast<std::size_t>(source_frames_), r.head.data());
    start_running();
  }
  ended_ = true;
  data_end_ = Position::at(source_frames_ * r.factor, 0.0);
  process();
  const double rest = data_end_ - half_start_;
  if (rest > 1e-6 && signal::WindowIntegrator::end_frame(data_end_) <= r.ring.end()) {
    const WindowSums sums = r.tables->integrate(r.ring, half_start_, data_end_);
    const double seconds = rest / r.rate_hertz;
    const double p = valuer.total_power({sums.power[0], sums.power[1], sums.power[2]});
    const double latest = half_cycle_values[index(QuantityId::KwTot)];
    const bool cycle = r.tracker.count() > 1;
    energies.add(data_end_,
                 {.joules = p / r.rate_hertz,
                  .p_watts = cycle ? latest : p,
                  .var_seconds = half_cycle_values[index(QuantityId::KvarTot)] * seconds,
                  .va_seconds = half_cycle_values[index(QuantityId::KvaTot)] * seconds,
                  .phase_joules = {sums.power[0] / r.rate_hertz, sums.power[1] / r.rate_hertz,
                                   sums.power[2] / r.rate_hertz},
                  .phase_p_watts = {half_cycle_values[index(QuantityId::KwA)],
                                    half_cycle_values[index(QuantityId::KwB)],
                                    half_cycle_values[index(QuantityId::KwC)]}});
  }
  if (valuer.has_power()) {
    energies.latest(half_cycle_values);
  }
  if (frames_to_flicker_tick() <= 0.0) {
    pass_flicker_tick();
  }
  r.tracker.close();
  count_cycles(r.tracker.count() - 1);
  close_windows(true);
  finish_window();
  r.flicker.settle();
  aggregation.end(instant_of(data_end_));
  phase_ = Phase::Idle;
}

void Engine::State::finish() noexcept { end_segment(); }

}  // namespace halfcycle::metrology
