// SPDX-License-Identifier: Apache-2.0
#include "metrology/channel_squares.hpp"

#include <algorithm>

#include "signal/chunk_layout.hpp"

namespace halfcycle::metrology {

double mean_square(const signal::FrameRing& ring, const EndWeights& weights,
                   signal::SamplePosition a, signal::SamplePosition b,
                   const SquaredChannel& channel) noexcept {
  constexpr std::int64_t kChunk = static_cast<std::int64_t>(signal::kChunkFrames);
  constexpr std::int64_t kWeights = static_cast<std::int64_t>(EndWeights::kCount);
  const std::size_t lanes = ring.lanes();
  const auto square_at = [&](std::int64_t n) {
    const float* x = ring.frames(n);
    const double v = channel.is_line ? static_cast<double>(x[channel.lane] - x[channel.minus])
                                     : static_cast<double>(x[channel.lane]);
    return v * v;
  };
  const EndWeights::Row rise = weights.at(a);
  const EndWeights::Row fall = weights.at(b);
  const std::int64_t rise_first = EndWeights::first_frame(a);
  const std::int64_t fall_first = EndWeights::first_frame(b);
  double sum = 0.0;
  for (std::int64_t k = 0; k < kWeights; ++k) {
    const auto w = static_cast<std::size_t>(k);
    sum += square_at(rise_first + k) * static_cast<double>(rise[w]);
    sum += square_at(fall_first + k) * static_cast<double>(1.0F - fall[w]);
  }
  const std::int64_t from = rise_first + kWeights;
  const std::int64_t first_chunk = (from + kChunk - 1) >> 4;
  const std::int64_t last_chunk = fall_first >> 4;
  static_assert(kChunk == 16);
  const std::int64_t head_end = std::min(fall_first, first_chunk * kChunk);
  for (std::int64_t n = from; n < head_end; ++n) {
    sum += square_at(n);
  }
  const signal::ChunkLayout layout{lanes};
  const std::size_t column =
      channel.is_line ? layout.line() + channel.line : layout.square() + channel.lane;
  for (std::int64_t c = first_chunk; c < last_chunk; ++c) {
    sum += static_cast<double>(ring.chunk(c)[column]);
  }
  for (std::int64_t n = std::max(head_end, last_chunk * kChunk); n < fall_first; ++n) {
    sum += square_at(n);
  }
  // Around a step to zero the interpolated square may fall below zero; NaN stays.
  return sum < 0.0 ? 0.0 : sum / (b - a);
}

}  // namespace halfcycle::metrology
