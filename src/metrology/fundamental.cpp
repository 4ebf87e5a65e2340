// SPDX-License-Identifier: Apache-2.0
#include "metrology/fundamental.hpp"

#include <algorithm>
#include <array>

#include "signal/chunk_layout.hpp"
#include "signal/kernels.hpp"
#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {

constexpr std::size_t kBlock = signal::kChunkFrames;

/// (cos, sin) of the angles of `kBlock` frames in a row.
using Rotation = std::array<float, 2 * kBlock>;

/// Sine and cosine of the sum of two angles.
signal::SinCos sum_of(const signal::SinCos& a, const signal::SinCos& b) {
  return {.sin = a.sin * b.cos + a.cos * b.sin, .cos = a.cos * b.cos - a.sin * b.sin};
}

/// Adds Σ x·w·exp(−jφ) of frames [from, to); φ is `start_turns` at `from`. w may be null.
void add_run(const signal::FrameRing& ring, std::int64_t from, std::int64_t to, double start_turns,
             double step_turns, const Rotation& rotation, const signal::SinCos& block,
             const float* w, signal::PhasorSum& total) {
  // As much as lies in a row, in whole blocks; turned by recurrence from an exact start.
  const auto most = static_cast<std::int64_t>(ring.max_contiguous() / kBlock * kBlock);
  for (std::int64_t n = from; n < to; n += most) {
    const signal::SinCos at =
        signal::sin_cos_turns(start_turns + step_turns * static_cast<double>(n - from));
    ring.kernels().turned_phasor({.frames = ring.frames(n),
                                  .weights = w,
                                  .count = static_cast<std::size_t>(std::min(to - n, most)),
                                  .rotation = rotation.data(),
                                  .start_cos = at.cos,
                                  .start_sin = at.sin,
                                  .block_cos = block.cos,
                                  .block_sin = block.sin},
                                 ring.lanes(), total.re.data(), total.im.data());
  }
}

}  // namespace

signal::PhasorSum correlate_half_cycle(const signal::FrameRing& ring, const EndWeights& weights,
                                       signal::SamplePosition a,
                                       signal::SamplePosition b) noexcept {
  const double step_turns = 0.5 / (b - a);
  const signal::SinCos step = signal::sin_cos_turns(step_turns);
  Rotation rotation;
  // By doubling, so that no angle waits for all those before it.
  std::array<signal::SinCos, kBlock + 1> turned;
  turned[0] = {0.0, 1.0};
  turned[1] = step;
  for (std::size_t done = 1; done < kBlock; done *= 2) {
    for (std::size_t k = 1; k <= done; ++k) {
      turned[done + k] = sum_of(turned[done], turned[k]);
    }
  }
  for (std::size_t k = 0; k < kBlock; ++k) {
    rotation[2 * k] = static_cast<float>(turned[k].cos);
    rotation[2 * k + 1] = static_cast<float>(turned[k].sin);
  }
  const signal::SinCos& block = turned[kBlock];
  const EndWeights::Row rise = weights.at(a);
  EndWeights::Row fall = weights.at(b);
  for (float& w : fall) {
    w = 1.0F - w;
  }
  constexpr std::int64_t kCount = static_cast<std::int64_t>(EndWeights::kCount);
  const std::int64_t first = EndWeights::first_frame(a);
  const std::int64_t fall_first = EndWeights::first_frame(b);
  const auto turns_at = [&](std::int64_t n) {
    return step_turns * (static_cast<double>(n - a.whole()) - a.fraction());
  };
  signal::PhasorSum total;
  add_run(ring, first, first + kCount, turns_at(first), step_turns, rotation, block, rise.data(),
          total);
  add_run(ring, first + kCount, fall_first, turns_at(first + kCount), step_turns, rotation, block,
          nullptr, total);
  add_run(ring, fall_first, fall_first + kCount, turns_at(fall_first), step_turns, rotation, block,
          fall.data(), total);
  return total;
}

}  // namespace halfcycle::metrology
