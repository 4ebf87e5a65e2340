// SPDX-License-Identifier: Apache-2.0
#include "signal/chunk_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "signal/kernels.hpp"
#include "signal/trig.hpp"
#include "signal/windowed_sinc.hpp"

namespace halfcycle::signal {
namespace {

constexpr int kPhaseBits = 9;
constexpr std::size_t kPhases = std::size_t{1} << kPhaseBits;
constexpr std::size_t kWeights = 24;  // of a fast end
constexpr std::int64_t kReachIndex = kWeights / 2;
constexpr double kAttenuationDb = 70.0;
constexpr double kHalfwayTransition = 0.12;  // flat to 0.44 of the sample rate
constexpr std::size_t kMostSums = ChunkLayout{kMaxLanes}.added_floats();
// Below, the two ends of the fine method would overlap.
constexpr std::int64_t kShortestFine = 40;
constexpr int kChunkShift = std::countr_zero(kChunkFrames);

// Everything that a window adds up, by the layout of a chunk.
struct Sums {
  std::array<double, kMostSums> added{};
  std::array<float, kMaxLanes> min;
  std::array<float, kMaxLanes> max;

  Sums() {
    min.fill(std::numeric_limits<float>::infinity());
    max.fill(-std::numeric_limits<float>::infinity());
  }
};

// Frames [first, last), each counted fully.
void add_frames(const FrameRing& ring, std::int64_t first, std::int64_t last, double* added,
                float* min, float* max) noexcept {
  std::array<float, ChunkLayout{kMaxLanes}.floats()> part;
  while (first < last) {
    const std::int64_t run = std::min<std::int64_t>(last - first, kChunkFrames);
    ring.kernels().chunk_sums(ring.frames(first), static_cast<std::size_t>(run), ring.lanes(),
                              part.data());
    ring.kernels().add_chunks(part.data(), 1, ring.lanes(), added, min, max);
    first += run;
  }
}

// Frames [first, last) counted for the extremes only.
void extend_extremes(const FrameRing& ring, std::int64_t first, std::int64_t last, float* min,
                     float* max) noexcept {
  if (first < last) {
    ring.kernels().extremes(ring.frames(first), static_cast<std::size_t>(last - first),
                            ring.lanes(), min, max);
  }
}

void add_whole_frames(const FrameRing& ring, std::int64_t first, std::int64_t last, double* added,
                      float* min, float* max) noexcept {
  const std::int64_t first_chunk =
      (first + static_cast<std::int64_t>(kChunkFrames) - 1) >> kChunkShift;
  const std::int64_t last_chunk = last >> kChunkShift;
  if (first_chunk >= last_chunk) {
    add_frames(ring, first, last, added, min, max);
    return;
  }
  add_frames(ring, first, first_chunk << kChunkShift, added, min, max);
  for (std::int64_t c = first_chunk; c < last_chunk;) {
    const std::int64_t run = std::min(last_chunk - c, ring.chunks_in_a_row(c));
    ring.kernels().add_chunks(ring.chunk(c), static_cast<std::size_t>(run), ring.lanes(), added,
                              min, max);
    c += run;
  }
  add_frames(ring, last_chunk << kChunkShift, last, added, min, max);
}

// A row of a table for a fraction of a sample.
template <std::size_t kCount>
std::array<float, kCount> interpolated_row(const std::vector<float>& table,
                                           std::uint64_t bits) noexcept {
  const auto phase = static_cast<std::size_t>(bits >> (64 - kPhaseBits));
  const auto rest = static_cast<std::uint32_t>((bits << kPhaseBits) >> 40U);
  const float part = static_cast<float>(rest) * 0x1p-24F;
  const float* row = table.data() + phase * kCount;
  std::array<float, kCount> result;
  for (std::size_t k = 0; k < kCount; ++k) {
    result[k] = row[k] + part * (row[kCount + k] - row[k]);
  }
  return result;
}

// The first whole frame at or after a position.
constexpr std::int64_t frame_from(SamplePosition p) noexcept {
  return p.whole() + (p.fraction_bits() != 0 ? 1 : 0);
}

WindowSums as_window(const Sums& sums, std::size_t lanes, double samples) noexcept {
  const ChunkLayout layout{lanes};
  WindowSums w;
  w.samples = samples;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    w.sum[lane] = sums.added[layout.sum() + lane];
    w.square[lane] = sums.added[layout.square() + lane];
  }
  for (std::size_t k = 0; k < 4; ++k) {
    w.power[k] = sums.added[layout.power() + k];
  }
  for (std::size_t k = 0; k < 3; ++k) {
    w.line_square[k] = sums.added[layout.line() + k];
  }
  w.current_residual_square = sums.added[layout.residual()];
  w.min = sums.min;
  w.max = sums.max;
  return w;
}

}  // namespace

WindowSums& WindowSums::operator+=(const WindowSums& next) noexcept {
  samples += next.samples;
  for (std::size_t lane = 0; lane < kMaxLanes; ++lane) {
    sum[lane] += next.sum[lane];
    square[lane] += next.square[lane];
    min[lane] = std::min(min[lane], next.min[lane]);
    max[lane] = std::max(max[lane], next.max[lane]);
  }
  for (std::size_t k = 0; k < power.size(); ++k) {
    power[k] += next.power[k];
  }
  for (std::size_t k = 0; k < line_square.size(); ++k) {
    line_square[k] += next.line_square[k];
  }
  current_residual_square += next.current_residual_square;
  return *this;
}

WindowIntegrator::WindowIntegrator()
    : fast_((kPhases + 1) * kWeights), fine_((kPhases + 1) * kFineWeights) {
  const WindowedSinc sinc(static_cast<double>(kReach), 0.5, kAttenuationDb);
  // On a grid of half phases, from −kReach on.
  constexpr std::size_t kCells = 2 * kPhases;
  constexpr double kCell = 1.0 / static_cast<double>(kCells);
  const std::vector<double> integral = sinc.running_integral(kCells);
  const double whole = integral.back();
  // S(t), t a multiple of a cell.
  const auto step = [&](double t) {
    const double cell = (t + static_cast<double>(kReach)) / kCell;
    const double last = static_cast<double>(integral.size() - 1);
    return integral[static_cast<std::size_t>(std::lround(std::clamp(cell, 0.0, last)))] / whole;
  };
  for (std::size_t p = 0; p <= kPhases; ++p) {
    const double fraction = static_cast<double>(p) / static_cast<double>(kPhases);
    fill_fast(p, fraction, step, sinc);
    fill_fine(p, fraction, step, sinc);
  }
  constexpr double kHalf = static_cast<double>(kHalfwayTaps) / 2.0;
  const WindowedSinc between(
      kHalf, 0.5, kaiser_attenuation_db(static_cast<double>(kHalfwayTaps), kHalfwayTransition));
  double gain = 0.0;
  std::array<double, kHalfwayTaps> middle{};
  for (std::size_t k = 0; k < kHalfwayTaps; ++k) {
    middle[k] = between(static_cast<double>(k) + 0.5 - kHalf);
    gain += middle[k];
  }
  for (std::size_t k = 0; k < kHalfwayTaps; ++k) {
    halfway_[k] = static_cast<float>(middle[k] / gain);
  }
}

template <class Step, class Slope>
void WindowIntegrator::fill_fast(std::size_t phase, double fraction, const Step& step,
                                 const Slope& slope) {
  std::array<double, kWeights> weights{};
  std::array<double, kWeights> slopes{};
  double sum = 0.0;
  double gain = 0.0;
  for (std::size_t k = 0; k < kWeights; ++k) {
    const double t = static_cast<double>(k) + 1.0 - static_cast<double>(kReach) - fraction;
    weights[k] = step(t);
    slopes[k] = slope(t);
    sum += weights[k];
    gain += slopes[k];
  }
  // A constant must integrate exactly: the end shifts by what the row is short of.
  const double shift = (static_cast<double>(kReach) + 0.5 - fraction - sum) / gain;
  for (std::size_t k = 0; k < kWeights; ++k) {
    fast_[phase * kWeights + k] = static_cast<float>(weights[k] + shift * slopes[k]);
  }
}

// derived: near the end the integral is taken on a grid of half samples (frames between by
// interpolation), where products of content up to fs/2 do not fold; there S is half as wide. A
// slow crossfade g (its slope a Hann bell kFineRise + kFineFade wide, too smooth for what folds on
// the coarse grid) hands over to whole samples: half grid ½·(S(2t) − g(t)), whole grid g(t).
template <class Step, class Slope>
void WindowIntegrator::fill_fine(std::size_t phase, double fraction, const Step& step,
                                 const Slope& slope) {
  constexpr double kWidth = static_cast<double>(kFineRise + kFineFade);
  const auto fade = [](double t) {
    const double x = std::clamp((t + static_cast<double>(kFineRise)) / kWidth, 0.0, 1.0);
    return x - sin_cos_turns(x).sin / kTwoPi;
  };
  std::array<double, kFineWeights> weights{};
  std::array<double, kFineWeights> slopes{};
  double sum = 0.0;
  double gain = 0.0;
  for (std::size_t k = 0; k < kFineWeights; ++k) {
    // Whole frames first, then the ones halfway before each of them and behind the last.
    const bool is_whole = k < kFineWhole;
    const double t =
        is_whole
            ? static_cast<double>(k) + 1.0 - static_cast<double>(kFineRise) - fraction
            : static_cast<double>(k - kFineWhole) + 0.5 - static_cast<double>(kFineRise) - fraction;
    weights[k] = 0.5 * (is_whole ? step(2.0 * t) + fade(t) : step(2.0 * t) - fade(t));
    slopes[k] = slope(2.0 * t);
    sum += weights[k];
    gain += slopes[k];
  }
  const double shift = (static_cast<double>(kFineFade) + 0.5 - fraction - sum) / gain;
  for (std::size_t k = 0; k < kFineWeights; ++k) {
    fine_[phase * kFineWeights + k] = static_cast<float>(weights[k] + shift * slopes[k]);
  }
}

std::int64_t WindowIntegrator::first_frame(SamplePosition a, WindowEnds ends) noexcept {
  return a.whole() + 1 - static_cast<std::int64_t>(reach(ends));
}

std::int64_t WindowIntegrator::end_frame(SamplePosition b, WindowEnds ends) noexcept {
  return b.whole() + 1 + static_cast<std::int64_t>(reach(ends));
}

WindowSums WindowIntegrator::operator()(const FrameRing& ring, SamplePosition a, SamplePosition b,
                                        WindowEnds ends) const noexcept {
  Sums sums;
  if (ends == WindowEnds::Fine && b.whole() - a.whole() >= kShortestFine) {
    add_fine(ring, a, b, sums.added.data(), sums.min.data(), sums.max.data());
  } else {
    add_fast(ring, a, b, sums.added.data(), sums.min.data(), sums.max.data());
  }
  return as_window(sums, ring.lanes(), b - a);
}

void WindowIntegrator::add_fast(const FrameRing& ring, SamplePosition a, SamplePosition b,
                                double* added, float* min, float* max) const noexcept {
  const std::size_t lanes = ring.lanes();
  const Kernels& kernels = ring.kernels();
  const auto rise = interpolated_row<kWeights>(fast_, a.fraction_bits());
  auto fall = interpolated_row<kWeights>(fast_, b.fraction_bits());
  const std::int64_t first = a.whole() - kReachIndex + 1;
  const std::int64_t rise_end = a.whole() + kReachIndex + 1;
  const std::int64_t fall_first = b.whole() - kReachIndex + 1;
  const std::int64_t end = b.whole() + kReachIndex + 1;
  if (fall_first >= rise_end) {
    for (float& w : fall) {
      w = 1.0F - w;
    }
    kernels.weighted_sums(ring.frames(first), rise.data(), kWeights, lanes, added);
    add_whole_frames(ring, rise_end, fall_first, added, min, max);
    kernels.weighted_sums(ring.frames(fall_first), fall.data(), kWeights, lanes, added);
    extend_extremes(ring, frame_from(a), rise_end, min, max);
    extend_extremes(ring, fall_first, frame_from(b), min, max);
    return;
  }
  // A short window: rise and fall overlap.
  std::array<float, 2 * kWeights> weights{};
  for (std::int64_t n = first; n < end; ++n) {
    const float up = n < rise_end ? rise[static_cast<std::size_t>(n - first)] : 1.0F;
    const float down = n < fall_first ? 0.0F : fall[static_cast<std::size_t>(n - fall_first)];
    weights[static_cast<std::size_t>(n - first)] = up - down;
  }
  kernels.weighted_sums(ring.frames(first), weights.data(), static_cast<std::size_t>(end - first),
                        lanes, added);
  extend_extremes(ring, frame_from(a), frame_from(b), min, max);
}

void WindowIntegrator::add_fine(const FrameRing& ring, SamplePosition a, SamplePosition b,
                                double* added, float* min, float* max) const noexcept {
  constexpr auto kRise = static_cast<std::int64_t>(kFineRise);
  constexpr auto kFade = static_cast<std::int64_t>(kFineFade);
  auto weights = interpolated_row<kFineWeights>(fine_, a.fraction_bits());
  const std::int64_t rise_first = a.whole() - kRise + 1;
  const std::int64_t rise_end = a.whole() + kFade + 1;
  add_fine_end(ring, rise_first, weights, added);

  // The end is a start in reversed time, at −b.
  weights = interpolated_row<kFineWeights>(fine_, std::uint64_t{0} - b.fraction_bits());
  std::reverse(weights.begin(), weights.begin() + kFineWhole);
  std::reverse(weights.begin() + kFineWhole, weights.end());
  const std::int64_t fall_whole = frame_from(b);
  const std::int64_t fall_first = fall_whole - kFade;
  add_fine_end(ring, fall_first, weights, added);

  add_whole_frames(ring, rise_end, fall_first, added, min, max);
  extend_extremes(ring, frame_from(a), rise_end, min, max);
  extend_extremes(ring, fall_first, fall_whole, min, max);
}

// kFineWhole frames from `first` on and the ones halfway before each of them and behind the last.
void WindowIntegrator::add_fine_end(const FrameRing& ring, std::int64_t first,
                                    const std::array<float, kFineWeights>& weights,
                                    double* added) const noexcept {
  const std::size_t lanes = ring.lanes();
  const Kernels& kernels = ring.kernels();
  kernels.weighted_sums(ring.frames(first), weights.data(), kFineWhole, lanes, added);
  std::array<float, kFineHalfway * kMaxLanes> halfway;
  const float* frames = ring.frames(first - static_cast<std::int64_t>(kHalfwayTaps / 2));
  for (std::size_t k = 0; k < kFineHalfway; ++k) {
    kernels.fir(frames + k * lanes, halfway_.data(), kHalfwayTaps, lanes,
                halfway.data() + k * lanes);
  }
  kernels.weighted_sums(halfway.data(), weights.data() + kFineWhole, kFineHalfway, lanes, added);
}

}  // namespace halfcycle::signal
