// SPDX-License-Identifier: Apache-2.0
#include "app/waveform_capture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace halfcycle::app {
namespace {

// Of two neighbouring buckets' four points the extremes, in the order of time. NaN counts only
// when there is nothing else.
void merge(const float* four, float* two) {
  std::size_t low = 4;
  std::size_t high = 4;
  for (std::size_t i = 0; i < 4; ++i) {
    if (std::isnan(four[i])) {
      continue;
    }
    low = low == 4 || four[i] < four[low] ? i : low;
    high = high == 4 || four[i] > four[high] ? i : high;
  }
  if (low == 4) {
    two[0] = four[0];
    two[1] = four[0];
    return;
  }
  two[0] = four[std::min(low, high)];
  two[1] = four[std::max(low, high)];
}

}  // namespace

void WaveformCapture::start_segment(const SampleBlock& block, Instant first) {
  flush_bucket();
  if (waveforms_.segments.empty()) {
    inputs_ = block.inputs;
    for (std::size_t i = 0; i < kInputCount; ++i) {
      const auto input = static_cast<Input>(i);
      if (inputs_.has(input)) {
        waveforms_.channels.push_back(
            {input, {}, is_voltage(input) ? Unit::Volt : Unit::Ampere, {}});
      }
    }
    buckets_.resize(waveforms_.channels.size());
  }
  WaveformSegment segment;
  segment.start_seconds =
      (block.time.instant_of(static_cast<double>(block.first_index)) - first).to_seconds();
  segment.rate_hertz = block.time.rate_hertz / static_cast<double>(waveforms_.samples_per_point);
  segment.first_point = waveforms_.channels.empty() ? 0 : waveforms_.channels.front().points.size();
  waveforms_.segments.push_back(segment);
}

void WaveformCapture::flush_bucket() {
  if (in_bucket_ == 0) {
    return;
  }
  for (std::size_t c = 0; c < buckets_.size(); ++c) {
    const Bucket& bucket = buckets_[c];
    const float none = static_cast<float>(kNotAvailable);
    auto& points = waveforms_.channels[c].points;
    const float first = bucket.low_first ? bucket.low : bucket.high;
    const float second = bucket.low_first ? bucket.high : bucket.low;
    points.push_back(bucket.empty ? none : first);
    points.push_back(bucket.empty ? none : second);
    buckets_[c] = Bucket{};
  }
  waveforms_.segments.back().point_count += 2;
  in_bucket_ = 0;
}

void WaveformCapture::push(const SampleBlock& block, Instant first) {
  if (block.frame_count == 0) {
    return;
  }
  if (waveforms_.segments.empty() || (block.discontinuity != Discontinuity::None &&
                                      block.discontinuity != Discontinuity::ClockStep)) {
    start_segment(block, first);
  }
  for (std::size_t n = 0; n < block.frame_count; ++n) {
    const float* frame = block.frames + n * block.lanes;
    const std::size_t per_point = waveforms_.samples_per_point;
    for (std::size_t c = 0; c < buckets_.size(); ++c) {
      const std::size_t at = lane(waveforms_.channels[c].input);
      const float value = at < block.lanes ? frame[at] : static_cast<float>(kNotAvailable);
      if (per_point == 1) {
        waveforms_.channels[c].points.push_back(value);
        continue;
      }
      Bucket& bucket = buckets_[c];
      if (std::isnan(value)) {
        continue;
      }
      if (bucket.empty) {
        bucket = {value, value, true, false};
      } else if (value < bucket.low) {
        bucket.low = value;
        bucket.low_first = false;
      } else if (value > bucket.high) {
        bucket.high = value;
        bucket.low_first = true;
      }
    }
    if (per_point == 1) {
      ++waveforms_.segments.back().point_count;
    } else if (++in_bucket_ == 2 * per_point) {
      flush_bucket();
    }
    // Only where four points of the segment that goes on are complete: none of it gets lost.
    if (!waveforms_.channels.empty() && in_bucket_ == 0 &&
        waveforms_.segments.back().point_count % 4 == 0 &&
        waveforms_.channels.front().points.size() * waveforms_.channels.size() > max_points_) {
      halve();
    }
  }
}

void WaveformCapture::halve() {
  std::size_t total = 0;
  for (WaveformSegment& segment : waveforms_.segments) {
    const std::size_t groups = segment.point_count / 4;
    for (WaveformChannel& channel : waveforms_.channels) {
      for (std::size_t g = 0; g < groups; ++g) {
        const float four[4] = {channel.points[segment.first_point + 4 * g],
                               channel.points[segment.first_point + 4 * g + 1],
                               channel.points[segment.first_point + 4 * g + 2],
                               channel.points[segment.first_point + 4 * g + 3]};
        merge(four, channel.points.data() + total + 2 * g);
      }
    }
    // Up to three points at the end of a finished segment have no partner and are left out.
    segment.first_point = total;
    segment.point_count = 2 * groups;
    segment.rate_hertz /= 2.0;
    total += segment.point_count;
  }
  for (WaveformChannel& channel : waveforms_.channels) {
    channel.points.resize(total);
  }
  waveforms_.samples_per_point *= 2;
}

Waveforms WaveformCapture::take() {
  flush_bucket();
  return std::move(waveforms_);
}

}  // namespace halfcycle::app
