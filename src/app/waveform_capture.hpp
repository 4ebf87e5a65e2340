// SPDX-License-Identifier: Apache-2.0
// Keeps the waves of a recording for its pictures, in bounded memory: when a recording is too long
// for all of its samples, the smallest and the largest of each bucket stay.
#pragma once

#include <cstddef>

#include "app/report_data.hpp"
#include "base/sample_block.hpp"

namespace halfcycle::app {

class WaveformCapture {
 public:
  /// `max_points`: over all channels; at least some thousands.
  explicit WaveformCapture(std::size_t max_points = std::size_t{16} << 20U)
      : max_points_(max_points) {}

  /// `first`: instant of the first sample of the recording.
  void push(const SampleBlock& block, Instant first);
  /// The channels get their names from the caller.
  [[nodiscard]] Waveforms take();

 private:
  struct Bucket {
    float low = 0.0F;
    float high = 0.0F;
    bool low_first = true;
    bool empty = true;
  };
  void start_segment(const SampleBlock& block, Instant first);
  void flush_bucket();
  void halve();

  std::size_t max_points_;
  Waveforms waveforms_;
  std::vector<Bucket> buckets_;
  std::size_t in_bucket_ = 0;
  InputMask inputs_;
};

}  // namespace halfcycle::app
