// SPDX-License-Identifier: Apache-2.0
#include "signal/frame_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "signal/kernels.hpp"

namespace halfcycle::signal {
namespace {

constexpr std::size_t kSmallestRun = 80;  // what the window integrals read in a row

}  // namespace

FrameRing::FrameRing(std::size_t lanes, std::size_t capacity_frames, std::size_t max_contiguous,
                     SimdLevel level)
    : lanes_(lanes),
      mask_(0),
      contiguous_(std::max(max_contiguous, kSmallestRun)),
      chunk_floats_(ChunkLayout{lanes}.floats()),
      kernels_(&signal::kernels(level)) {
  const std::size_t capacity = std::bit_ceil(std::max(capacity_frames, 2 * contiguous_));
  mask_ = capacity - 1;
  frames_.assign((capacity + contiguous_) * lanes_, 0.0F);
  chunks_.assign(capacity / kChunkFrames * chunk_floats_, 0.0F);
}

void FrameRing::reset(std::int64_t next_index) noexcept {
  begin_ = next_index;
  end_ = next_index;
}

void FrameRing::push(const float* frames, std::size_t frame_count) noexcept {
  while (frame_count > 0) {
    const std::size_t at = slot(end_);
    float* to = frames_.data() + at * lanes_;
    std::size_t run = std::min(frame_count, capacity() - at);
    if (at % kChunkFrames == 0 && run >= kChunkFrames) {
      run = kChunkFrames;
      kernels_->take_chunk(frames, lanes_, to, chunks_.data() + at / kChunkFrames * chunk_floats_);
      end_ += static_cast<std::int64_t>(run);
    } else {
      run = std::min(run, kChunkFrames - at % kChunkFrames);
      std::memcpy(to, frames, run * lanes_ * sizeof(float));
      end_ += static_cast<std::int64_t>(run);
      finish_chunk();
    }
    if (at < contiguous_) {
      const std::size_t repeated = std::min(run, contiguous_ - at);
      std::memcpy(frames_.data() + (capacity() + at) * lanes_, frames,
                  repeated * lanes_ * sizeof(float));
    }
    begin_ = std::max(begin_, end_ - static_cast<std::int64_t>(capacity()));
    frames += run * lanes_;
    frame_count -= run;
  }
}

void FrameRing::finish_chunk() noexcept {
  const std::int64_t first = end_ - static_cast<std::int64_t>(kChunkFrames);
  if (slot(end_) % kChunkFrames == 0 && first >= begin_) {
    kernels_->chunk_sums(frames(first), kChunkFrames, lanes_,
                         chunks_.data() + slot(first) / kChunkFrames * chunk_floats_);
  }
}

void FrameRing::copy(std::int64_t first, std::size_t frame_count, float* out) const noexcept {
  while (frame_count > 0) {
    const std::size_t at = slot(first);
    const std::size_t run = std::min(frame_count, capacity() - at);
    std::memcpy(out, frames_.data() + at * lanes_, run * lanes_ * sizeof(float));
    first += static_cast<std::int64_t>(run);
    out += run * lanes_;
    frame_count -= run;
  }
}

std::size_t FrameRing::bytes() const noexcept {
  return sizeof(*this) + (frames_.capacity() + chunks_.capacity()) * sizeof(float);
}

}  // namespace halfcycle::signal
