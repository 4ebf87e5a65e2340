// SPDX-License-Identifier: Apache-2.0
#include "metrology/channel_squares.hpp"

#include <algorithm>
#include <array>

#include "signal/chunk_layout.hpp"
#include "signal/kernels.hpp"

namespace halfcycle::metrology {

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
    const double ends = channel.is_line ? of_lines[channel.line] : of_lanes[channel.lane];
    std::array<double, 4> parts{};  // so that additions need not wait for each other
    for (std::int64_t c = first_chunk; c < last_chunk; ++c) {
      parts[static_cast<std::size_t>(c) % parts.size()] +=
          static_cast<double>(ring.chunk(c)[column]);
    }
    const double sum = ends + ((parts[0] + parts[1]) + (parts[2] + parts[3]));
    // Around a step to zero the interpolated square may fall below zero; NaN stays.
    out[k] = sum < 0.0 ? 0.0 : sum / (b - a);
  }
}

}  // namespace halfcycle::metrology
