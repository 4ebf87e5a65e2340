// SPDX-License-Identifier: Apache-2.0
#include "fleet/waveform_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace halfcycle::fleet {
namespace {

constexpr double kRate = 1000.0;

// Frames whose every lane says its position.
struct Blocks {
  std::vector<float> frames;
  std::uint64_t next = 0;
  Instant start = Instant::from_unix_ns(0);

  SampleBlock take(std::size_t count, Discontinuity discontinuity = Discontinuity::None) {
    frames.clear();
    for (std::size_t n = 0; n < count; ++n) {
      frames.insert(frames.end(), 8, static_cast<float>(next + n));
    }
    SampleBlock block;
    block.frames = frames.data();
    block.frame_count = count;
    block.first_index = next;
    block.time = {0, start, kRate};
    block.discontinuity = discontinuity;
    next += count;
    return block;
  }
};

TEST(WaveformRing, GivesTheLatestSamplesAndTheTimeOfTheFirst) {
  WaveformRing ring(100, 8);
  EXPECT_FALSE(ring.latest(1.0));
  Blocks blocks;
  ring.push(blocks.take(30, Discontinuity::Start));
  ring.push(blocks.take(30));
  const auto snapshot = ring.latest(0.020);
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->frame_count(), 20U);
  EXPECT_EQ(snapshot->frames.front(), 40.0F);
  EXPECT_EQ(snapshot->frames.back(), 59.0F);
  EXPECT_EQ(snapshot->start.unix_ns(), 40'000'000);
  EXPECT_EQ(snapshot->rate_hertz, kRate);
}

TEST(WaveformRing, HoldsNoMoreThanItsSizeAndForgetsTheOldest) {
  WaveformRing ring(100, 8);
  Blocks blocks;
  ring.push(blocks.take(70, Discontinuity::Start));
  ring.push(blocks.take(70));
  const auto snapshot = ring.latest(10.0);
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->frame_count(), 100U);
  EXPECT_EQ(snapshot->frames.front(), 40.0F);
}

TEST(WaveformRing, ABlockLargerThanTheRingLeavesItsEnd) {
  WaveformRing ring(50, 8);
  Blocks blocks;
  ring.push(blocks.take(170, Discontinuity::Start));
  const auto snapshot = ring.latest(10.0);
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->frame_count(), 50U);
  EXPECT_EQ(snapshot->frames.front(), 120.0F);
  EXPECT_EQ(snapshot->frames.back(), 169.0F);
}

TEST(WaveformRing, NothingReachesOverAGap) {
  WaveformRing ring(100, 8);
  Blocks blocks;
  ring.push(blocks.take(40, Discontinuity::Start));
  blocks.start += Duration::seconds(5);
  ring.push(blocks.take(10, Discontinuity::Gap));
  const auto snapshot = ring.latest(1.0);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->frame_count(), 10U);
  EXPECT_EQ(snapshot->start.unix_ns(), 5'040'000'000);

  const auto before = ring.segment_at(Instant::from_unix_ns(20'000'000));
  ASSERT_TRUE(before);
  EXPECT_EQ(before->first, 0U);
  EXPECT_EQ(before->end, 40U);
  EXPECT_FALSE(before->open);
  const auto within_the_gap = ring.segment_at(Instant::from_unix_ns(1'000'000'000));
  ASSERT_TRUE(within_the_gap);
  EXPECT_EQ(within_the_gap->first, 40U);
  EXPECT_TRUE(within_the_gap->open);
}

TEST(WaveformRing, ACopyLeavesOutWhatWasOverwritten) {
  WaveformRing ring(100, 8);
  Blocks blocks;
  ring.push(blocks.take(250, Discontinuity::Start));
  std::vector<float> frames;
  EXPECT_EQ(ring.copy(120, 200, frames), 150U);
  EXPECT_EQ(frames.size(), 50U * 8U);
  frames.clear();
  EXPECT_EQ(ring.copy(10, 90, frames), 90U);
  EXPECT_TRUE(frames.empty());
}

TEST(WaveformRing, ReadersSeeWhatWasWrittenWhileItIsWritten) {
  WaveformRing ring(512, 8);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> seen{0};
  std::thread reader([&] {
    while (!stop.load()) {
      const auto snapshot = ring.latest(0.4);
      if (!snapshot) {
        continue;
      }
      const float first = snapshot->frames.front();
      ASSERT_EQ(snapshot->start.unix_ns(), static_cast<std::int64_t>(first) * 1'000'000);
      for (std::size_t n = 0; n < snapshot->frame_count(); ++n) {
        for (std::size_t lane = 0; lane < 8; ++lane) {
          ASSERT_EQ(snapshot->frames[n * 8 + lane], first + static_cast<float>(n));
        }
      }
      seen.fetch_add(1);
    }
  });
  Blocks blocks;
  ring.push(blocks.take(1, Discontinuity::Start));
  for (int i = 0; i < 20000 && !testing::Test::HasFailure(); ++i) {
    ring.push(blocks.take(64));
    if (i > 15000 && seen.load() > 100) {
      break;
    }
  }
  stop.store(true);
  reader.join();
}

}  // namespace
}  // namespace halfcycle::fleet
