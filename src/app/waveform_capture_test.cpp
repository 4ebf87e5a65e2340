// SPDX-License-Identifier: Apache-2.0
#include "app/waveform_capture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace halfcycle::app {
namespace {

Waveforms capture(std::size_t max_points, std::size_t frames, std::size_t spike,
                  std::size_t block_frames) {
  WaveformCapture capture(max_points);
  std::vector<float> samples(frames * 8, 0.0F);
  for (std::size_t n = 0; n < frames; ++n) {
    samples[n * 8] =
        n == spike ? 50.0F : static_cast<float>(std::sin(0.01 * static_cast<double>(n)));
  }
  for (std::size_t first = 0; first < frames; first += block_frames) {
    SampleBlock block;
    block.frames = samples.data() + first * 8;
    block.frame_count = std::min(block_frames, frames - first);
    block.inputs.add(Input::V1);
    block.first_index = first;
    block.time = {0, Instant::from_unix_ns(0), 1000.0};
    block.discontinuity = first == 0 ? Discontinuity::Start : Discontinuity::None;
    capture.push(block, Instant::from_unix_ns(0));
  }
  return capture.take();
}

TEST(WaveformCapture, KeepsAllSamplesOfAShortRecording) {
  const Waveforms waves = capture(100000, 5000, 1234, 700);
  ASSERT_EQ(waves.channels.size(), 1U);
  EXPECT_EQ(waves.samples_per_point, 1U);
  EXPECT_EQ(waves.channels[0].points.size(), 5000U);
  EXPECT_EQ(waves.channels[0].points[1234], 50.0F);
  EXPECT_EQ(waves.segments.size(), 1U);
  EXPECT_EQ(waves.segments[0].point_count, 5000U);
}

TEST(WaveformCapture, LosesNoPeakOfALongOneAndKeepsItsTime) {
  const Waveforms waves = capture(1000, 50000, 31234, 700);
  const auto& points = waves.channels[0].points;
  EXPECT_LE(points.size(), 1004U);
  EXPECT_EQ(points.size(), waves.segments[0].point_count);
  const auto peak = std::max_element(points.begin(), points.end());
  EXPECT_EQ(*peak, 50.0F);
  const double seconds = static_cast<double>(peak - points.begin()) / waves.segments[0].rate_hertz;
  // Two points stand for the extremes of one bucket.
  const double bucket = 2.0 * static_cast<double>(waves.samples_per_point) / 1000.0;
  EXPECT_NEAR(seconds, 31.234, bucket);
}

TEST(WaveformCapture, DoesNotDependOnTheSizeOfTheBlocks) {
  const Waveforms a = capture(1000, 20000, 777, 64);
  const Waveforms b = capture(1000, 20000, 777, 20000);
  EXPECT_EQ(a.channels[0].points, b.channels[0].points);
  EXPECT_EQ(a.samples_per_point, b.samples_per_point);
}

}  // namespace
}  // namespace halfcycle::app
