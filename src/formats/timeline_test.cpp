// SPDX-License-Identifier: Apache-2.0
#include "formats/timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

namespace halfcycle::formats {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Stamps stamps_of(std::vector<std::int64_t> ns, std::int64_t resolution = 1000,
                 std::int64_t wrap = 0) {
  return {.read =
              [ns](std::uint64_t first, std::span<std::int64_t> out) {
                std::copy_n(ns.begin() + static_cast<std::ptrdiff_t>(first), out.size(),
                            out.begin());
              },
          .resolution_ns = resolution,
          .wrap_ns = wrap};
}

// Stamps of whole microseconds, as recorders write them: the exact time of each sample, rounded.
std::vector<std::int64_t> rounded(double rate, std::size_t count, std::int64_t from_ns = 0) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(from_ns + std::llround(static_cast<double>(i) * 1e6 / rate) * 1000);
  }
  return out;
}

std::vector<std::int64_t> joined(std::vector<std::int64_t> a, const std::vector<std::int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Timeline by_rate(double rate, const std::vector<std::int64_t>& ns, std::int64_t wrap = 0) {
  const RateRun run{rate, ns.size()};
  return timeline_from_rates(std::span(&run, 1), ns.size(), stamps_of(ns, 1000, wrap));
}

TEST(TimelineByRate, IgnoresRoundedStamps) {
  const Timeline t = by_rate(1200.0, rounded(1200.0, 5000));
  ASSERT_THAT(t.segments, SizeIs(1));
  EXPECT_EQ(t.segments[0].rate_hertz, 1200.0);
  EXPECT_EQ(t.segments[0].sample_count, 5000U);
  EXPECT_THAT(t.warnings, IsEmpty());
}

TEST(TimelineByRate, NeedsNoStampsAtAll) {
  const RateRun run{4000.0, 10};
  EXPECT_THAT(timeline_from_rates(std::span(&run, 1), 10, {}).warnings, IsEmpty());
  EXPECT_THAT(by_rate(4000.0, std::vector<std::int64_t>(10, kNoStamp)).warnings, IsEmpty());
}

TEST(TimelineByRate, TakesAGapFromTheStamps) {
  const Timeline t =
      by_rate(1000.0, joined(rounded(1000.0, 100), rounded(1000.0, 50, 600'000'000)));
  ASSERT_THAT(t.segments, SizeIs(2));
  EXPECT_EQ(t.segments[1].first_sample, 100U);
  EXPECT_EQ(t.segments[1].start, Duration::ms(600));
  EXPECT_EQ(t.segments[1].discontinuity, Discontinuity::Gap);
  ASSERT_THAT(t.warnings, SizeIs(1));
  EXPECT_THAT(t.warnings[0], HasSubstr("before sample 101: 0.5 s"));
}

TEST(TimelineByRate, SeesASingleLostSample) {
  const Timeline t =
      by_rate(1000.0, joined(rounded(1000.0, 100), rounded(1000.0, 50, 101'000'000)));
  ASSERT_THAT(t.segments, SizeIs(2));
  EXPECT_EQ(t.segments[1].start, Duration::ms(101));
}

// Stamps are looked at in stretches of 2048; what they show must not depend on where those end.
TEST(TimelineByRate, FindsAGapWhereverItIs) {
  for (std::size_t gap = 2040; gap < 2060; ++gap) {
    const Timeline t =
        by_rate(25600.0, joined(rounded(25600.0, gap), rounded(25600.0, 5000, 1'000'000'000)));
    ASSERT_THAT(t.segments, SizeIs(2)) << gap;
    EXPECT_EQ(t.segments[1].first_sample, gap);
    EXPECT_EQ(t.segments[1].start, Duration::seconds(1));
  }
}

TEST(TimelineByRate, AMissingOrABadStampBetweenGoodOnesIsNoGapWhereverItIs) {
  for (std::size_t at = 2040; at < 2060; ++at) {
    auto ns = rounded(25600.0, 6000);
    ns[at] = kNoStamp;
    EXPECT_THAT(by_rate(25600.0, ns).segments, SizeIs(1)) << at;
    EXPECT_THAT(by_rate(25600.0, ns).warnings, IsEmpty()) << at;
    ns[at] = 7'000'000'000;
    EXPECT_THAT(by_rate(25600.0, ns).segments, SizeIs(1)) << at;
    EXPECT_THAT(by_rate(25600.0, ns).warnings, SizeIs(1)) << at;
  }
}

TEST(TimelineByRate, FindsAGapAfterAnotherRate) {
  const std::vector<RateRun> runs{{1000.0, 3000}, {4000.0, 9000}};
  auto ns = joined(rounded(1000.0, 3000), rounded(4000.0, 3000, 3'000'000'000));
  ns = joined(std::move(ns), rounded(4000.0, 3000, 5'000'000'000));
  const Timeline t = timeline_from_rates(runs, ns.size(), stamps_of(ns));
  ASSERT_THAT(t.segments, SizeIs(3));
  EXPECT_EQ(t.segments[1].first_sample, 3000U);
  EXPECT_EQ(t.segments[1].discontinuity, Discontinuity::RateChange);
  EXPECT_EQ(t.segments[2].first_sample, 6000U);
  EXPECT_EQ(t.segments[2].start, Duration::seconds(5));
  EXPECT_EQ(t.segments[2].discontinuity, Discontinuity::Gap);
}

// The last step that counts as within the rate is three quarters of a sample late, plus the
// resolution of the stamps.
TEST(TimelineByRate, TheLimitOfAGapIsExact) {
  for (const std::int64_t late_ns : {750'000 + 1000, 750'000 + 1001}) {
    auto ns = rounded(1000.0, 200);
    for (std::size_t i = 100; i < ns.size(); ++i) {
      ns[i] += late_ns;
    }
    EXPECT_THAT(by_rate(1000.0, ns).segments, SizeIs(late_ns == 751'000 ? 1 : 2)) << late_ns;
  }
}

TEST(TimelineByRate, OneBadStampIsNoGap) {
  auto ns = rounded(1000.0, 200);
  ns[77] += 50'000'000;
  const Timeline t = by_rate(1000.0, ns);
  EXPECT_THAT(t.segments, SizeIs(1));
  ASSERT_THAT(t.warnings, SizeIs(1));
  EXPECT_THAT(t.warnings[0], HasSubstr("contradict"));
}

TEST(TimelineByRate, WrappedStampsGoOn) {
  const std::int64_t wrap = 4'294'967'296;
  auto ns = rounded(1200.0, 12000);
  for (auto& v : ns) {
    v %= wrap;
  }
  const Timeline t = by_rate(1200.0, ns, wrap);
  EXPECT_THAT(t.segments, SizeIs(1));
  EXPECT_THAT(t.warnings, IsEmpty());
}

TEST(TimelineByRate, StampsInAnotherUnitAreSetAside) {
  std::vector<std::int64_t> ns;
  for (int i = 0; i < 300; ++i) {
    ns.push_back(i * 10'000);
  }
  const Timeline t = by_rate(100.0, ns);
  EXPECT_THAT(t.segments, SizeIs(1));
  ASSERT_THAT(t.warnings, SizeIs(1));
  EXPECT_THAT(t.warnings[0], HasSubstr("do not fit"));
}

TEST(TimelineByRate, StampsThatGoBackAreSetAside) {
  const Timeline t =
      by_rate(1000.0, joined(rounded(1000.0, 100, 10'000'000'000), rounded(1000.0, 50)));
  ASSERT_THAT(t.segments, SizeIs(1));
  EXPECT_THAT(t.warnings[0], HasSubstr("go back at sample 101"));
}

TEST(TimelineByRate, DriftIsAWarningAndNoGap) {
  const Timeline t = by_rate(1000.0, rounded(1002.0, 5000));
  EXPECT_THAT(t.segments, SizeIs(1));
  ASSERT_THAT(t.warnings, SizeIs(1));
  EXPECT_THAT(t.warnings[0], HasSubstr("disagree"));
}

TEST(TimelineByRate, StampsOfMillisecondsFitFastSamples) {
  std::vector<std::int64_t> ns;
  for (int i = 0; i < 4000; ++i) {
    ns.push_back(i / 4 * 1'000'000);  // 4 kHz
  }
  const Timeline t = by_rate(4000.0, ns);
  EXPECT_THAT(t.segments, SizeIs(1));
  EXPECT_THAT(t.warnings, IsEmpty());
}

TEST(TimelineByRate, EmptyAndEqualRunsAreJoined) {
  const std::vector<RateRun> runs{{1000, 10}, {1000, 20}, {500, 20}, {1000, 30}, {250, 40}};
  const Timeline t = timeline_from_rates(runs, 45, {});
  ASSERT_THAT(t.segments, SizeIs(2));
  EXPECT_EQ(t.segments[0].sample_count, 30U);
  EXPECT_EQ(t.segments[1].first_sample, 30U);
  EXPECT_EQ(t.segments[1].sample_count, 15U);  // the last rate goes on
  EXPECT_EQ(t.segments[1].start, Duration::ms(30));
  EXPECT_EQ(t.segments[1].discontinuity, Discontinuity::RateChange);
}

TEST(TimelineByRate, FewerSamplesThanAnnouncedEndEarly) {
  const std::vector<RateRun> runs{{1000, 10}, {500, 20}};
  const Timeline t = timeline_from_rates(runs, 7, {});
  ASSERT_THAT(t.segments, SizeIs(1));
  EXPECT_EQ(t.segments[0].sample_count, 7U);
}

TEST(TimelineByStamps, RoundedStampsGiveTheFittedRate) {
  const auto t = timeline_from_stamps(1360, stamps_of(rounded(800.2, 1360)));
  ASSERT_TRUE(t);
  ASSERT_THAT(t->segments, SizeIs(1));
  EXPECT_NEAR(t->segments[0].rate_hertz, 800.2, 1e-4);
}

TEST(TimelineByStamps, AWholeRateIsExact) {
  for (const double rate : {1200.0, 6400.0, 12800.0, 25600.0}) {
    const auto t = timeline_from_stamps(2000, stamps_of(rounded(rate, 2000)));
    ASSERT_TRUE(t);
    ASSERT_THAT(t->segments, SizeIs(1));
    EXPECT_EQ(t->segments[0].rate_hertz, rate);
  }
}

TEST(TimelineByStamps, AnotherRateIsAnotherSegment) {
  // 100 samples at 4 kHz, then 50 Hz from the 101st on, then 4 kHz again after half a second.
  auto ns = joined(rounded(4000.0, 100), rounded(50.0, 20, 25'000'000));
  ns = joined(ns, rounded(4000.0, 60, 1'000'000'000));
  const auto t = timeline_from_stamps(ns.size(), stamps_of(ns));
  ASSERT_TRUE(t) << t.error().message;
  ASSERT_THAT(t->segments, SizeIs(3));
  EXPECT_EQ(t->segments[1].first_sample, 100U);
  EXPECT_EQ(t->segments[1].rate_hertz, 50.0);
  EXPECT_EQ(t->segments[1].discontinuity, Discontinuity::RateChange);
  EXPECT_EQ(t->segments[2].first_sample, 120U);
  EXPECT_EQ(t->segments[2].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(t->segments[2].start, Duration::seconds(1));
}

TEST(TimelineByStamps, AGapSplitsOneRate) {
  const auto ns = joined(rounded(1000.0, 300), rounded(1000.0, 300, 2'000'000'000));
  const auto t = timeline_from_stamps(ns.size(), stamps_of(ns));
  ASSERT_TRUE(t);
  ASSERT_THAT(t->segments, SizeIs(2));
  EXPECT_EQ(t->segments[1].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(t->segments[1].rate_hertz, 1000.0);
  EXPECT_EQ(t->segments[1].first_sample, 300U);
}

TEST(TimelineByStamps, CoarseStampsGiveOneRate) {
  std::vector<std::int64_t> ns;
  for (int i = 0; i < 4001; ++i) {
    ns.push_back(i / 4 * 1'000'000);
  }
  const auto t = timeline_from_stamps(ns.size(), stamps_of(ns));
  ASSERT_TRUE(t) << t.error().message;
  ASSERT_THAT(t->segments, SizeIs(1));
  EXPECT_EQ(t->segments[0].rate_hertz, 4000.0);
}

TEST(TimelineByStamps, RefusesWhatHasNoRate) {
  EXPECT_THAT(timeline_from_stamps(1, stamps_of({0})).error().message, HasSubstr("too few"));
  EXPECT_THAT(timeline_from_stamps(3, stamps_of({0, 5, 2})).error().message,
              HasSubstr("go back at sample 3"));
  EXPECT_THAT(timeline_from_stamps(3, stamps_of({7, 7, 7})).error().message, HasSubstr("the same"));
  EXPECT_THAT(timeline_from_stamps(2, stamps_of({0, kNoStamp})).error().message,
              HasSubstr("sample 2 has no time stamp"));
  // 1100 s from sample to sample: found by fuzzing, written as a rate that no reader takes.
  EXPECT_THAT(
      timeline_from_stamps(3, stamps_of({0, 1'100'000'000'000, 2'200'000'000'000})).error().message,
      HasSubstr("cannot be right"));
  std::vector<std::int64_t> wild;
  std::int64_t at = 0;
  for (int i = 0; i < 500; ++i) {
    wild.push_back(at);
    at += 1'000'000 + i * 7919 % 13 * 5'000'000;
  }
  EXPECT_THAT(timeline_from_stamps(wild.size(), stamps_of(wild)).error().message,
              HasSubstr("irregular"));
}

}  // namespace
}  // namespace halfcycle::formats
