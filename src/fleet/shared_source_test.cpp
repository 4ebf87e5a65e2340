// SPDX-License-Identifier: Apache-2.0
#include "fleet/shared_source.hpp"

#include <gtest/gtest.h>

#include "fleet/fleet_fixture.hpp"

namespace halfcycle::fleet {
namespace {

std::vector<float> all_of(source::Source& source, std::size_t block) {
  std::vector<float> samples;
  while (true) {
    const auto read = source.read(block);
    EXPECT_TRUE(read);
    if (!read || !*read) {
      return samples;
    }
    samples.insert(samples.end(), (*read)->frames,
                   (*read)->frames + (*read)->frame_count * (*read)->lanes);
  }
}

TEST(SharedSource, EachReaderGetsTheWholeSignal) {
  const TestGrid grid{.seconds = 1.0, .gap_at = 1000, .gap_seconds = 0.5};
  TestSource alone(grid);
  const std::vector<float> expected = all_of(alone, 32);
  const auto shared = std::make_shared<SharedSource>(std::make_unique<TestSource>(grid), 32, 1000);
  const auto first = shared->reader();
  const auto second = shared->reader();
  EXPECT_EQ(all_of(*first, 32), expected);
  EXPECT_EQ(all_of(*second, 7), expected);
}

TEST(SharedSource, DiscontinuitiesAreToldOnceToEachReader) {
  const TestGrid grid{.seconds = 1.0, .gap_at = 1000, .gap_seconds = 0.5};
  const auto shared = std::make_shared<SharedSource>(std::make_unique<TestSource>(grid), 32, 1000);
  for (const std::size_t block : {std::size_t{32}, std::size_t{5}}) {
    const auto reader = shared->reader();
    int starts = 0;
    int gaps = 0;
    while (const auto read = reader->read(block)) {
      if (!*read) {
        break;
      }
      starts += (*read)->discontinuity == Discontinuity::Start ? 1 : 0;
      gaps += (*read)->discontinuity == Discontinuity::Gap ? 1 : 0;
      if ((*read)->discontinuity == Discontinuity::Gap) {
        EXPECT_EQ((*read)->first_index, 1000U);
      }
    }
    EXPECT_EQ(starts, 1);
    EXPECT_EQ(gaps, 1);
  }
}

TEST(SharedSource, AReaderThatWasOvertakenGoesOnWithTheOldestAndItsIndexShowsIt) {
  const TestGrid grid{};
  const auto shared = std::make_shared<SharedSource>(std::make_unique<TestSource>(grid), 32, 4);
  const auto fast = shared->reader();
  const auto slow = shared->reader();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(fast->read(32));
  }
  const auto block = slow->read(32);
  ASSERT_TRUE(block && *block);
  EXPECT_EQ((*block)->first_index, 6U * 32U);
}

TEST(SharedSource, SkippingCountsWhatWasOvertakenAndReadsNothingAhead) {
  const TestGrid grid{};
  const auto shared = std::make_shared<SharedSource>(std::make_unique<TestSource>(grid), 32, 4);
  const auto fast = shared->reader();
  const auto slow = shared->reader();
  ASSERT_TRUE(slow->read(32));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(fast->read(32));
  }
  std::uint64_t position = 32;
  while (position < 10 * 32) {
    const auto count = slow->skip(32);
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    position += *count;
  }
  EXPECT_EQ(position, 10U * 32U);
  const auto next = slow->read(32);
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->first_index, 10U * 32U);
}

TEST(SharedSource, WhatIsSkippedKeepsItsDiscontinuityForTheNextRead) {
  const TestGrid grid{.gap_at = 320, .gap_seconds = 1.0};
  const auto shared = std::make_shared<SharedSource>(std::make_unique<TestSource>(grid), 32, 100);
  const auto reader = shared->reader();
  ASSERT_TRUE(reader->read(32));
  std::uint64_t skipped = 32;
  while (skipped < 352) {
    const auto count = reader->skip(352 - skipped);
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    skipped += *count;
  }
  const auto block = reader->read(32);
  ASSERT_TRUE(block && *block);
  EXPECT_EQ((*block)->first_index, 352U);
  EXPECT_EQ((*block)->discontinuity, Discontinuity::Gap);
}

}  // namespace
}  // namespace halfcycle::fleet
