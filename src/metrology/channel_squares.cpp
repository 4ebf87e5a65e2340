// SPDX-License-Identifier: Apache-2.0
#include "metrology/channel_squares.hpp"

#include <algorithm>
#include <array>

#include "signal/chunk_layout.hpp"
#include "signal/kernels.hpp"

namespace halfcycle::metrology {
namespace {

// Four sums, so that additions need not wait for each other.
double column_sum(const float* at, std::size_t step, std::int64_t count) noexcept {
  double s0 = 0.0;
  double s1 = 0.0;
  double s2 = 0.0;
  double s3 = 0.0;
  for (; count >= 4; count -= 4, at += 4 * step) {
    s0 += static_cast<double>(at[0]);
    s1 += static_cast<double>(at[step]);
    s2 += static_cast<double>(at[2 * step]);
    s3 += static_cast<double>(at[3 * step]);
  }
  for (; count > 0; --count, at += step) {
    s0 += static_cast<double>(at[0]);
  }
  return (s0 + s1) + (s2 + s3);
}

}  // namespace

void mean_squares(const signal::FrameRing& ring, const EndWeights& weights,
                  signal::SamplePosition a, signal::SamplePosition b,
                  std::span<const SquaredChannel> channels, std::span<double> out) noexcept {
  constexpr std::int64_t kChunk = static_cast<std::int64_t>(signal::kChunkFrames);
  constexpr std::int64_t kWeights = static_cast<std::int64_t>(EndWeights::kCount);
  const std::size_t lanes = ring.lanes();
  bool any_lane = false;
  bool any_line = false;
  for (const SquaredChannel& channel : channels) {
    (channel.is_line ? any_line : any_lane) = true;
  }
  std::array<double, 8> of_lanes{};
  std::array<double, 4> of_lines{};
  const auto add = [&](std::int64_t first, std::int64_t last, const float* w) {
    if (first >= last) {
      return;
    }
    const auto count = static_cast<std::size_t>(last - first);
    if (any_lane) {
      ring.kernels().squares(ring.frames(first), w, count, lanes, of_lanes.data());
    }
    if (any_line) {
      ring.kernels().difference_squares(ring.frames(first), w, count, lanes, of_lines.data());
    }
  };
  const EndWeights::Row rise = weights.at(a);
  EndWeights::Row fall = weights.at(b);
  for (float& w : fall) {
    w = 1.0F - w;
  }
  const std::int64_t from = EndWeights::first_frame(a) + kWeights;
  const std::int64_t to = EndWeights::first_frame(b);
  const std::int64_t first_chunk = (from + kChunk - 1) / kChunk;
  const std::int64_t last_chunk = std::max(first_chunk, to / kChunk);
  add(from - kWeights, from, rise.data());
  add(from, std::min(to, first_chunk * kChunk), nullptr);
  add(last_chunk * kChunk, to, nullptr);
  add(to, to + kWeights, fall.data());

  const signal::ChunkLayout layout{lanes};
  for (std::size_t k = 0; k < channels.size(); ++k) {
    const SquaredChannel& channel = channels[k];
    const std::size_t column =
        channel.is_line ? layout.line() + channel.line : layout.square() + channel.lane;
    double sum = channel.is_line ? of_lines[channel.line] : of_lanes[channel.lane];
    for (std::int64_t c = first_chunk; c < last_chunk;) {
      const std::int64_t run = std::min(last_chunk - c, ring.chunks_in_a_row(c));
      sum += column_sum(ring.chunk(c) + column, layout.floats(), run);
      c += run;
    }
    // Around a step to zero the interpolated square may fall below zero; NaN stays.
    out[k] = sum < 0.0 ? 0.0 : sum / (b - a);
  }
}

}  // namespace halfcycle::metrology
