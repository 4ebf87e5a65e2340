// SPDX-License-Identifier: Apache-2.0
// The last N frames of a meter under absolute indices, with sums over fixed chunks of 32 frames.
//
//   FrameRing ring(8, 8192, 256);
//   ring.reset(-40);                              // the first frame pushed has index -40
//   ring.push(frames, frame_count);
//   const float* f = ring.frames(1000);           // 256 frames in a row may be read from here
//
// Chunk c covers the frames [32c, 32c + 32) of the absolute index, so that nothing computed from
// the ring depends on how the samples were cut into blocks.
//
// Invariants: 1. frames with index in [begin, end) are held, end − begin ≤ capacity; 2. every
// chunk that lies in it completely has its sums; 3. the first max_contiguous frames of storage are
// repeated behind the last, so max_contiguous frames from any held index lie in a row;
// 4. every frame lies on 16 bytes.
//
// Owned by one thread. Allocates in the constructor only. Copying is deep.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/aligned.hpp"
#include "signal/chunk_layout.hpp"
#include "signal/simd_level.hpp"

namespace halfcycle::signal {

struct Kernels;

class FrameRing {
 public:
  /// lanes: 8 or 12. capacity_frames: at least so many are held (rounded up to a power of two,
  /// at least 2 × max_contiguous and 64). max_contiguous: the longest run that frames() must give
  /// in a row; at least the taps of the longest resampler, upsampler or kernel reading this ring.
  FrameRing(std::size_t lanes, std::size_t capacity_frames, std::size_t max_contiguous = 256,
            SimdLevel level = best_simd_level());

  /// Empties the ring; the next frame pushed has this index (negative before a record's start).
  void reset(std::int64_t next_index) noexcept;
  /// Appends frame_count × lanes values; the oldest frames fall out. Any frame_count.
  void push(const float* frames, std::size_t frame_count) noexcept;

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t max_contiguous() const noexcept { return contiguous_; }
  [[nodiscard]] std::int64_t begin() const noexcept { return begin_; }  ///< oldest index held
  [[nodiscard]] std::int64_t end() const noexcept { return end_; }      ///< one past the newest
  /// All of [first, last) is held.
  [[nodiscard]] bool holds(std::int64_t first, std::int64_t last) const noexcept {
    return first >= begin_ && last <= end_;
  }

  /// The frame `index`, and behind it in a row up to max_contiguous − 1 more. The caller makes
  /// sure that what it reads is held. Valid until the next push.
  [[nodiscard]] const float* frames(std::int64_t index) const noexcept {
    return frames_.data() + slot(index) * lanes_;
  }
  /// Sums of chunk `c`, ChunkLayout(lanes()).floats() values; the chunk is held completely.
  [[nodiscard]] const float* chunk(std::int64_t c) const noexcept {
    return chunks_.data() + chunk_slot(c) * chunk_floats_;
  }
  /// Chunks from `c` on that lie in a row.
  [[nodiscard]] std::int64_t chunks_in_a_row(std::int64_t c) const noexcept {
    return static_cast<std::int64_t>(capacity() / kChunkFrames - chunk_slot(c));
  }
  /// Where frame n lies at n modulo capacity(), max_contiguous frames in a row.
  [[nodiscard]] const float* storage() const noexcept { return frames_.data(); }
  /// Copies frames [first, first + frame_count), all held, to out (for waveform capture).
  void copy(std::int64_t first, std::size_t frame_count, float* out) const noexcept;

  [[nodiscard]] const Kernels& kernels() const noexcept { return *kernels_; }
  [[nodiscard]] std::size_t bytes() const noexcept;  ///< memory held

 private:
  [[nodiscard]] std::size_t slot(std::int64_t index) const noexcept {
    return static_cast<std::size_t>(index) & mask_;
  }
  [[nodiscard]] std::size_t chunk_slot(std::int64_t c) const noexcept {
    return static_cast<std::size_t>(c) & (mask_ / kChunkFrames);
  }
  /// If the newest frame ends a chunk that is held completely.
  void finish_chunk() noexcept;

  std::size_t lanes_;
  std::size_t mask_;
  std::size_t contiguous_;
  std::size_t chunk_floats_;
  const Kernels* kernels_;  ///< a constant table of the program
  AlignedFloats frames_;
  AlignedFloats chunks_;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace halfcycle::signal
