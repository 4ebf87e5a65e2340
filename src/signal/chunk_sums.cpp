// SPDX-License-Identifier: Apache-2.0
#include "signal/chunk_sums.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "signal/kernels.hpp"
#include "signal/windowed_sinc.hpp"

namespace halfcycle::signal {
namespace {

constexpr int kPhaseBits = 9;
constexpr std::size_t kPhases = std::size_t{1} << kPhaseBits;
constexpr std::size_t kWeights = 2 * WindowIntegrator::kReach;
constexpr auto kReachIndex = static_cast<std::int64_t>(WindowIntegrator::kReach);
constexpr double kAttenuationDb = 70.0;
constexpr std::size_t kMostSums = ChunkLayout{kMaxLanes}.added_floats();
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

// Frames [first, last), fewer than two chunks, each counted fully (or for the extremes only).
void add_frames(const FrameRing& ring, std::int64_t first, std::int64_t last, bool extremes_only,
                Sums& sums) noexcept {
  const ChunkLayout layout{ring.lanes()};
  std::array<float, ChunkLayout{kMaxLanes}.floats()> part;
  while (first < last) {
    const std::int64_t run = std::min<std::int64_t>(last - first, kChunkFrames);
    ring.kernels().chunk_sums(ring.frames(first), static_cast<std::size_t>(run), ring.lanes(),
                              part.data());
    if (extremes_only) {
      std::fill(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(layout.added_floats()),
                0.0F);
    }
    ring.kernels().add_chunks(part.data(), 1, ring.lanes(), sums.added.data(), sums.min.data(),
                              sums.max.data());
    first += run;
  }
}

void add_whole_frames(const FrameRing& ring, std::int64_t first, std::int64_t last,
                      Sums& sums) noexcept {
  const std::int64_t first_chunk =
      (first + static_cast<std::int64_t>(kChunkFrames) - 1) >> kChunkShift;
  const std::int64_t last_chunk = last >> kChunkShift;
  if (first_chunk >= last_chunk) {
    add_frames(ring, first, last, false, sums);
    return;
  }
  add_frames(ring, first, first_chunk << kChunkShift, false, sums);
  for (std::int64_t c = first_chunk; c < last_chunk; ++c) {
    ring.kernels().add_chunks(ring.chunk(c), 1, ring.lanes(), sums.added.data(), sums.min.data(),
                              sums.max.data());
  }
  add_frames(ring, last_chunk << kChunkShift, last, false, sums);
}

// S at the kWeights frames around a position.
std::array<float, kWeights> step_around(const std::vector<float>& table,
                                        SamplePosition p) noexcept {
  const std::uint64_t bits = p.fraction_bits();
  const auto phase = static_cast<std::size_t>(bits >> (64 - kPhaseBits));
  const auto rest = static_cast<std::uint32_t>((bits << kPhaseBits) >> 40U);
  const float part = static_cast<float>(rest) * 0x1p-24F;
  const float* row = table.data() + phase * kWeights;
  std::array<float, kWeights> step;
  for (std::size_t k = 0; k < kWeights; ++k) {
    step[k] = row[k] + part * (row[kWeights + k] - row[k]);
  }
  return step;
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
    w.cross_power[k] = sums.added[layout.cross() + k];
  }
  w.voltage_residual_square = sums.added[layout.residual()];
  w.current_residual_square = sums.added[layout.residual() + 1];
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
    cross_power[k] += next.cross_power[k];
  }
  voltage_residual_square += next.voltage_residual_square;
  current_residual_square += next.current_residual_square;
  return *this;
}

WindowIntegrator::WindowIntegrator() : steps_((kPhases + 1) * kWeights) {
  const WindowedSinc sinc(static_cast<double>(kReach), 0.5, kAttenuationDb);
  // Running integral on the grid of the phases, by Simpson's rule, from −kReach on.
  constexpr double kCell = 1.0 / static_cast<double>(kPhases);
  std::vector<double> integral(2 * kReach * kPhases + 1);
  for (std::size_t k = 0; k + 1 < integral.size(); ++k) {
    const double t = static_cast<double>(k) * kCell - static_cast<double>(kReach);
    integral[k + 1] =
        integral[k] + kCell / 6.0 * (sinc(t) + 4.0 * sinc(t + 0.5 * kCell) + sinc(t + kCell));
  }
  const double whole = integral.back();
  for (std::size_t p = 0; p <= kPhases; ++p) {
    const double fraction = static_cast<double>(p) * kCell;
    std::array<double, kWeights> step{};
    std::array<double, kWeights> slope{};
    double sum = 0.0;
    double gain = 0.0;
    for (std::size_t k = 0; k < kWeights; ++k) {
      // Frame k of the row lies at k + 1 − kReach − fraction from the position.
      step[k] = integral[(k + 1) * kPhases - p] / whole;
      slope[k] = sinc(static_cast<double>(k + 1) - static_cast<double>(kReach) - fraction);
      sum += step[k];
      gain += slope[k];
    }
    // A constant must integrate exactly: a window's end shifts by what the row is short of.
    const double shift = (static_cast<double>(kReach) + 0.5 - fraction - sum) / gain;
    for (std::size_t k = 0; k < kWeights; ++k) {
      steps_[p * kWeights + k] = static_cast<float>(step[k] + shift * slope[k]);
    }
  }
}

std::int64_t WindowIntegrator::first_frame(SamplePosition a) noexcept {
  return a.whole() - kReachIndex + 1;
}

std::int64_t WindowIntegrator::end_frame(SamplePosition b) noexcept {
  return b.whole() + kReachIndex + 1;
}

WindowSums WindowIntegrator::operator()(const FrameRing& ring, SamplePosition a,
                                        SamplePosition b) const noexcept {
  const std::size_t lanes = ring.lanes();
  const Kernels& kernels = ring.kernels();
  const std::array<float, kWeights> rise = step_around(steps_, a);
  std::array<float, kWeights> fall = step_around(steps_, b);
  Sums sums;
  const std::int64_t first = first_frame(a);
  const std::int64_t fall_first = first_frame(b);
  const std::int64_t rise_end = end_frame(a);
  if (fall_first >= rise_end) {
    for (float& w : fall) {
      w = 1.0F - w;
    }
    kernels.weighted_sums(ring.frames(first), rise.data(), kWeights, lanes, sums.added.data());
    add_whole_frames(ring, rise_end, fall_first, sums);
    kernels.weighted_sums(ring.frames(fall_first), fall.data(), kWeights, lanes, sums.added.data());
    add_frames(ring, frame_from(a), rise_end, true, sums);
    add_frames(ring, fall_first, frame_from(b), true, sums);
  } else {  // a short window: rise and fall overlap
    std::array<float, 2 * kWeights> weights{};
    const std::int64_t end = end_frame(b);
    for (std::int64_t n = first; n < end; ++n) {
      const float up = n < rise_end ? rise[static_cast<std::size_t>(n - first)] : 1.0F;
      const float down = n < fall_first ? 0.0F : fall[static_cast<std::size_t>(n - fall_first)];
      weights[static_cast<std::size_t>(n - first)] = up - down;
    }
    kernels.weighted_sums(ring.frames(first), weights.data(), static_cast<std::size_t>(end - first),
                          lanes, sums.added.data());
    add_frames(ring, frame_from(a), frame_from(b), true, sums);
  }
  return as_window(sums, lanes, b - a);
}

}  // namespace halfcycle::signal
