// SPDX-License-Identifier: Apache-2.0
#include "metrology/fundamental.hpp"

#include <algorithm>
#include <array>

#include "signal/kernels.hpp"
#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {

constexpr std::size_t kBlock = 16;

/// (cos, sin) of the angles of `kBlock` frames in a row.
using Rotation = std::array<float, 2 * kBlock>;

/// Adds Σ x·w·exp(−jφ) of frames [from, to); φ is `start_turns` at `from`. w may be null.
void add_run(const signal::FrameRing& ring, std::int64_t from, std::int64_t to, double start_turns,
             double step_turns, const Rotation& rotation, const float* w,
             signal::PhasorSum& total) {
  // The rotation of each block by recurrence from an exact start: 40 steps lose 1e-14.
  signal::SinCos at = signal::sin_cos_turns(start_turns);
  const signal::SinCos by = signal::sin_cos_turns(step_turns * static_cast<double>(kBlock));
  const std::size_t lanes = ring.lanes();
  for (std::int64_t n = from; n < to; n += static_cast<std::int64_t>(kBlock)) {
    const std::size_t count = std::min(kBlock, static_cast<std::size_t>(to - n));
    Rotation weighted;
    const Rotation* table = &rotation;
    if (w != nullptr) {
      for (std::size_t b = 0; b < count; ++b) {
        const float weight = w[static_cast<std::size_t>(n - from) + b];
        weighted[2 * b] = rotation[2 * b] * weight;
        weighted[2 * b + 1] = rotation[2 * b + 1] * weight;
      }
      table = &weighted;
    }
    std::array<double, kMaxLanes> re{};
    std::array<double, kMaxLanes> im{};
    ring.kernels().phasor(ring.frames(n), count, lanes, table->data(), kBlock + 1, 0, 1, re.data(),
                          im.data());
    for (std::size_t l = 0; l < lanes; ++l) {
      total.re[l] += re[l] * at.cos + im[l] * at.sin;
      total.im[l] += im[l] * at.cos - re[l] * at.sin;
    }
    const double c = at.cos * by.cos - at.sin * by.sin;
    at.sin = at.sin * by.cos + at.cos * by.sin;
    at.cos = c;
  }
}

}  // namespace

signal::PhasorSum correlate_half_cycle(const signal::FrameRing& ring, const EndWeights& weights,
                                       signal::SamplePosition a,
                                       signal::SamplePosition b) noexcept {
  const double step_turns = 0.5 / (b - a);
  Rotation rotation;
  for (std::size_t k = 0; k < kBlock; ++k) {
    const signal::SinCos sc = signal::sin_cos_turns(step_turns * static_cast<double>(k));
    rotation[2 * k] = static_cast<float>(sc.cos);
    rotation[2 * k + 1] = static_cast<float>(sc.sin);
  }
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
  add_run(ring, first, first + kCount, turns_at(first), step_turns, rotation, rise.data(), total);
  add_run(ring, first + kCount, fall_first, turns_at(first + kCount), step_turns, rotation, nullptr,
          total);
  add_run(ring, fall_first, fall_first + kCount, turns_at(fall_first), step_turns, rotation,
          fall.data(), total);
  return total;
}

}  // namespace halfcycle::metrology
