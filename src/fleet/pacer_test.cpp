// SPDX-License-Identifier: Apache-2.0
#include "fleet/pacer.hpp"

#include <gtest/gtest.h>

namespace halfcycle::fleet {
namespace {

SampleBlock block_of(std::uint64_t first, std::size_t count, double rate, Instant start,
                     Discontinuity discontinuity = Discontinuity::None) {
  SampleBlock block;
  block.frame_count = count;
  block.first_index = first;
  block.time = {0, start, rate};
  block.discontinuity = discontinuity;
  return block;
}

TEST(Pacer, ADayOfHalfCyclesIsDueAfterADayToTheNanosecond) {
  // 51.2 kHz / 50 Hz would be whole; 44.1 kHz is not: what is rounded must not add up.
  Pacer pacer({.speed = 1.0});
  pacer.start(1000, 44100.0);
  const Instant start;
  std::uint64_t index = 0;
  pacer.took(block_of(0, 441, 44100.0, start, Discontinuity::Start));
  index += 441;
  for (; index < 44100ULL * 86400; index += 441) {
    pacer.took(block_of(index, 441, 44100.0, start));
  }
  EXPECT_EQ(pacer.due(), 1000 + 86400LL * 1'000'000'000);
}

TEST(Pacer, SpeedDividesTheTime) {
  Pacer pacer({.speed = 10.0});
  pacer.start(0, 1000.0);
  pacer.took(block_of(0, 1000, 1000.0, Instant(), Discontinuity::Start));
  EXPECT_EQ(pacer.due(), 100'000'000);
  EXPECT_EQ(pacer.due_in(10, 1000.0), 101'000'000);
  EXPECT_TRUE(Pacer({.speed = 0.0}).flat_out());
}

TEST(Pacer, AGapTakesItsTimeUpToAMinuteAndAClockStepNone) {
  Pacer pacer({.speed = 1.0});
  pacer.start(0, 100.0);
  pacer.took(block_of(0, 100, 100.0, Instant(), Discontinuity::Start));
  const Instant after = Instant() + Duration::seconds(7);
  EXPECT_EQ(pacer.due_after(block_of(100, 100, 100.0, after, Discontinuity::Gap)), 9'000'000'000);
  pacer.took(block_of(100, 100, 100.0, after, Discontinuity::Gap));
  pacer.took(block_of(200, 100, 100.0, after + Duration::seconds(3600), Discontinuity::ClockStep));
  EXPECT_EQ(pacer.due(), 10'000'000'000);
  pacer.took(block_of(300, 100, 100.0, after + Duration::seconds(9999), Discontinuity::Gap));
  EXPECT_EQ(pacer.due(), 71'000'000'000);
}

TEST(Pacer, WhatIsSkippedCountsAsTimeAndNotAsAGapAgain) {
  Pacer pacer({.speed = 1.0});
  pacer.start(0, 100.0);
  pacer.took(block_of(0, 100, 100.0, Instant(), Discontinuity::Start));
  pacer.skipped(300);
  EXPECT_EQ(pacer.due(), 4'000'000'000);
  pacer.took(block_of(400, 100, 100.0, Instant(), Discontinuity::Gap));
  EXPECT_EQ(pacer.due(), 5'000'000'000);
}

}  // namespace
}  // namespace halfcycle::fleet
