// SPDX-License-Identifier: Apache-2.0
// The latest samples of one meter: written by its measuring thread, read by any other without
// delaying it.
//
//   WaveformRing ring(51200, 8);
//   ring.push(block);                              // measuring thread
//   auto picture = ring.latest(0.08);              // any thread
//   auto position = ring.position_of(instant);     // frames count from 0 over the meter's life
//   ring.copy(position, ring.written(), frames);
//
// Invariant: what a reader gets is what was pushed; frames that were overwritten while they were
// read are left out, oldest first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/instant.hpp"
#include "base/sample_block.hpp"
#include "fleet/live_meter.hpp"
#include "graph/snapshot_block.hpp"

namespace halfcycle::fleet {

class WaveformRing {
 public:
  /// Keeps `frames` frames of `lanes` (8 or 12) lanes.
  WaveformRing(std::size_t frames, std::size_t lanes);

  /// Measuring thread; no allocation. A discontinuity begins a new segment.
  void push(const SampleBlock& block);

  /// Frames pushed since the beginning.
  [[nodiscard]] std::uint64_t written() const { return written_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t lanes() const { return lanes_; }
  /// The latest frames of the present segment, at most `seconds` of them; nothing before the first.
  [[nodiscard]] std::optional<WaveformSnapshot> latest(double seconds) const;

  /// A stretch of samples without a break in it.
  struct Segment {
    std::uint64_t first = 0;  ///< position of its first frame
    std::uint64_t end = 0;    ///< position behind its last one; grows if it is the present one
    Instant start;            ///< of its first frame
    double rate_hertz = 0.0;
    bool open = true;  ///< the present one
    InputMask inputs;

    [[nodiscard]] Instant instant_of(std::uint64_t position) const {
      return start + Duration::from_seconds(static_cast<double>(position - first) / rate_hertz);
    }
    /// The frame at or after an instant, within the segment.
    [[nodiscard]] std::uint64_t position_of(Instant instant) const;
  };
  /// The segment that holds the instant, or the first one that begins later; nothing if all of what
  /// is known lies before it, or nothing was pushed yet.
  [[nodiscard]] std::optional<Segment> segment_at(Instant instant) const;
  /// The segment that begins at this position, as it is now; nothing if it is forgotten.
  [[nodiscard]] std::optional<Segment> segment_from(std::uint64_t first) const;

  /// Appends the frames [from, to) to `out`. Returns the position of the first frame appended:
  /// later than `from` where the beginning had been overwritten, `to` if all of it had.
  std::uint64_t copy(std::uint64_t from, std::uint64_t to, std::vector<float>& out) const;

 private:
  static constexpr std::size_t kSegments = 8;
  static constexpr std::size_t kWordsPerSegment = 4;

  [[nodiscard]] std::array<Segment, kSegments> segments(std::size_t& count) const;

  const std::size_t capacity_;
  const std::size_t lanes_;
  const std::size_t words_per_frame_;  // two floats a word
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::atomic<std::uint64_t> claimed_{0};  // frames that may be written already
  std::atomic<std::uint64_t> written_{0};
  graph::SnapshotBlock header_;      // number of segments, then the latest of them
  std::uint64_t segment_count_ = 0;  // measuring thread
};

}  // namespace halfcycle::fleet
