// SPDX-License-Identifier: Apache-2.0
#include "metrology/engine_state.hpp"

#include <algorithm>
#include <cmath>

namespace halfcycle::metrology {
namespace {

using signal::SamplePosition;
using signal::WindowSums;

constexpr double kHeadCycles = 10.0;
// 10/12-cycle windows hold to 0.42 of the sample rate; ½-cycle ones cannot wait for it.
constexpr signal::WindowEnds kWindowEnds = signal::WindowEnds::Fine;
constexpr int kRefinements = 5;
// The lowest frequency, over nominal, whose windows the ring holds with all their look-ahead.
constexpr double kLowestRatio = 0.78;
// Cycles behind the end of a 10/12-cycle window until it is worked out, and some room.
constexpr double kClosingCycles = 2.0;
constexpr double kRoomCycles = 1.5 + 0.5 * static_cast<double>(kDeferredHalfCycles);
// A window may end this far behind the last sample, in samples of the source: the sample's own
// interval is half of it, and the frequency of a short record is not known exactly.
constexpr double kEndToleranceSamples = 0.5;
// Phase by which the middle of a window's cycles may lie beside the middle of its time before the
// grid follows the bend: below it, a bend is noise rather than a ramp.
constexpr double kStraightTurns = 2e-4;
// A step of UTC up to this is a correction (a leap second, a clock that was set right) and leaves
// windows and aggregates whole; beyond it the time before was not known.
constexpr Duration kLargestCorrection = Duration::seconds(10);

constexpr std::array kPinst{QuantityId::V1Pinst, QuantityId::V2Pinst, QuantityId::V3Pinst};

double source_per_cycle(const EngineSetup& setup, double rate_hertz) {
  return std::max(rate_hertz / setup.system.nominal_frequency_hertz, kFewestSamplesPerCycle);
}

std::size_t frames_of(double frames) { return static_cast<std::size_t>(std::ceil(frames)); }

SpectrumSetup spectrum_setup(const EngineSetup& setup, std::size_t lanes, double source_rate) {
  const double source = source_per_cycle(setup, source_rate);
  const double inside = source * signal::upsampling_factor(source);
  const int points = signal::choose_points_per_cycle(inside);
  return {.cycles = static_cast<std::size_t>(setup.system.window_cycles()),
          .lanes = lanes,
          .samples_per_cycle = inside,
          .highest_order = std::max(1, signal::highest_analysable_order(source, points)),
          .points_per_cycle = points,
          // Below 4.8 kS/s nothing above 2 kHz is there; other nominal frequencies are for rms and
          // power.
          .rate_hertz =
              source == inside && setup.system.nominal_frequency_hertz < 100.0 ? source_rate : 0.0,
          .lowest_fundamental_hertz = 0.85 * setup.system.nominal_frequency_hertz};
}

/// Around a step to zero the interpolated square may fall below zero; NaN stays.
double mean_square_of(double sum, double per) { return sum < 0.0 ? 0.0 : sum * per; }

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

FlickerSetup flicker_setup(const EngineSetup& setup, double source_rate) {
  using Chosen = SystemSetup::FlickerLamp;
  const double nominal = setup.system.nominal_frequency_hertz;
  const Chosen chosen = setup.system.flicker_lamp;
  const bool lamp_120 =
      chosen == Chosen::V120 || (chosen == Chosen::ByFrequency && nominal >= 55.0);
  return {.sample_rate_hertz = source_rate,
          .system_hertz = nominal,
          .lamp = lamp_120 ? Lamp::V120 : Lamp::V230};
}

/// Source frames that the record is continued by at both ends.
std::size_t horizon(const SpectrumTables& spectrum, int factor) {
  const std::size_t reach =
      std::max(spectrum.kernel.taps() / 2, signal::WindowIntegrator::reach(kWindowEnds)) + 8;
  return factor == 1 ? reach
                     : reach / static_cast<std::size_t>(factor) + signal::Upsampler::kLag + 2;
}

}  // namespace

EngineTables::EngineTables(const EngineSetup& setup, std::size_t lane_count, double source_rate)
    : source_rate_hertz(source_rate),
      nominal_hertz(setup.system.nominal_frequency_hertz),
      lanes(lane_count),
      factor(signal::upsampling_factor(source_per_cycle(setup, source_rate))),
      upsampler_kernel(factor),
      spectrum(spectrum_setup(setup, lane_count, source_rate)) {}

std::size_t lanes_of(InputMask inputs) { return inputs.has(Input::I5) ? 12 : 8; }

std::shared_ptr<const EngineTables> make_engine_tables(const EngineSetup& setup) {
  return std::make_shared<const EngineTables>(setup, lanes_of(setup.inputs),
                                              setup.sample_rate_hertz);
}

std::shared_ptr<EngineWorkspace> make_engine_workspace(const EngineTables& tables) {
  return std::make_shared<EngineWorkspace>(tables);
}

RateDependent::RateDependent(const EngineSetup& setup, std::size_t lanes, double source_rate)
    : tables(setup.tables != nullptr && setup.tables->serve(setup, lanes, source_rate)
                 ? setup.tables
                 : std::make_shared<const EngineTables>(setup, lanes, source_rate)),
      workspace(setup.workspace != nullptr && setup.workspace->spectrum.fits(tables->spectrum)
                    ? setup.workspace
                    : std::make_shared<EngineWorkspace>(*tables)),
      source_rate_hertz(source_rate),
      rate_hertz(source_rate * tables->factor),
      factor(tables->factor),
      measures_cycles(source_rate / setup.system.nominal_frequency_hertz >= kFewestSamplesPerCycle),
      upsampler(&tables->upsampler_kernel),
      spectrum(tables->spectrum, workspace->spectrum),
      tracker(setup.system, setup.inputs, rate_hertz),
      extender({.lanes = lanes,
                .samples_per_cycle = source_per_cycle(setup, source_rate),
                .horizon_frames = horizon(tables->spectrum, factor)}),
      source_ring(lanes,
                  factor == 1 ? 64
                              : frames_of(kHeadCycles * source_per_cycle(setup, source_rate)) +
                                    2 * extender.horizon_frames() + 256,
                  factor == 1 ? 16 : signal::UpsamplerKernel::kTaps),
      ring(lanes,
           frames_of((setup.system.window_cycles() + kClosingCycles + kRoomCycles) / kLowestRatio *
                     rate_hertz / setup.system.nominal_frequency_hertz) +
               2 * extender.horizon_frames() * static_cast<std::size_t>(factor) + 512,
           std::max<std::size_t>(256, tables->spectrum.kernel.taps())),
      flicker(flicker_setup(setup, source_rate), is_line_to_line(setup.system.wiring)),
      head_frames(frames_of(kHeadCycles * source_per_cycle(setup, source_rate))) {
  head.resize(std::max(head_frames, extender.wanted_frames()) * lanes);
  extension.resize(extender.horizon_frames() * lanes);
  slice.resize(std::clamp<std::size_t>(
                   frames_of(0.5 * source_rate / setup.system.nominal_frequency_hertz), 16, 512) *
               lanes);
}

std::size_t RateDependent::bytes() const noexcept {
  const std::size_t own_workspace = workspace.use_count() == 1 ? workspace->spectrum.bytes() : 0;
  return sizeof(*this) + own_workspace + source_ring.bytes() + ring.bytes() +
         (head.size() + extension.size() + slice.size()) * sizeof(float);
}

Engine::State::State(const EngineSetup& engine_setup)
    : setup(engine_setup),
      lanes(lanes_of(engine_setup.inputs)),
      valuer(engine_setup.system, engine_setup.inputs),
      rate(std::make_unique<RateDependent>(engine_setup, lanes, engine_setup.sample_rate_hertz)),
      aggregation(engine_setup.system, spectrum_inputs_of(engine_setup, valuer), outputs),
      spectra_(std::make_unique<Spectra>()),
      terms_(std::make_unique<SpectrumTerms>()) {
  aggregation.set_flicker(&rate->flicker);
  spectrum_inputs = spectrum_inputs_of(engine_setup, valuer);
  half_cycle_values.fill(kNotAvailable);
  window_values_.fill(kNotAvailable);
  clear(*spectra_);
  const InputMask in = setup.inputs;
  transform_ =
      setup.system.wiring == Wiring::Delta ||
      (setup.system.wiring == Wiring::ThreeWireWye &&
       !(in.has(Input::V2) && in.has(Input::I1) && in.has(Input::I2) && in.has(Input::I3)));
  make_channels();
}

InputMask Engine::State::spectrum_inputs_of(const EngineSetup& setup, const Valuer& valuer) {
  InputMask mask;
  constexpr std::array kVoltages{Input::V1, Input::V2, Input::V3};
  constexpr std::array kCurrents{Input::I1, Input::I2, Input::I3};
  for (std::size_t k = 0; k < 3; ++k) {
    if (valuer.has_quality_voltage(k)) {
      mask.add(kVoltages[k]);
    }
    if (valuer.has_current(k)) {
      mask.add(kCurrents[k]);
    }
  }
  for (const Input input : {Input::V4, Input::I4, Input::I5}) {
    if (setup.inputs.has(input)) {
      mask.add(input);
    }
  }
  return mask;
}

std::size_t Engine::State::memory_bytes() const noexcept {
  return sizeof(*this) + rate->bytes() + sizeof(Spectra) * 2 + sizeof(SpectrumTerms) * 5 +
         3 * sizeof(SpectrumAccumulator);
}

void Engine::State::make_channels() {
  constexpr std::array kLn{QuantityId::VlnA, QuantityId::VlnB, QuantityId::VlnC};
  constexpr std::array kLl{QuantityId::VllAb, QuantityId::VllBc, QuantityId::VllCa};
  constexpr std::array kCurrent{QuantityId::IA, QuantityId::IB, QuantityId::IC};
  const bool lines = valuer.line_to_line();
  for (std::size_t k = 0; k < 3; ++k) {
    Channel& ln = channels_[k];
    ln.present = !lines && valuer.has_voltage(k);
    ln.voltage = kLn[k];
    ln.index = k;
    ln.squared = {.lane = k};
    ln.detector_channel = lines ? -1 : static_cast<int>(k);
    Channel& ll = channels_[3 + k];
    ll.present = lines && valuer.has_line(k);
    ll.line = true;
    ll.voltage = kLl[k];
    ll.index = k;
    ll.squared = {.is_line = true, .line = k};
    ll.detector_channel = lines ? static_cast<int>(k) : -1;
    Channel& of_current = lines ? ll : ln;
    of_current.has_current = of_current.present && valuer.has_current(k);
    of_current.current = kCurrent[k];
    of_current.current_lane = lane(Input::I1) + k;
  }
}

// ---- segments ----------------------------------------------------------------------------------

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

// ---- the urgent step ---------------------------------------------------------------------------

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
                              0.05 * setup.system.nominal_voltage_volts);
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
  valuer.evaluate(m, half_cycle_values);
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

// ---- the deferred step -------------------------------------------------------------------------

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
