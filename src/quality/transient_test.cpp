// SPDX-License-Identifier: Apache-2.0
#include "quality/transient.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace halfcycle::quality {
namespace {

const Instant kStart = Instant::from_unix_ns(1600000000000000000);
constexpr double kSample = 1e-4;

struct Found {
  std::vector<TransientEvent> events;
  TransientDetector detector{[this](const TransientEvent& e) { events.push_back(e); }};
  void quiet(std::size_t channel) { detector.push(channel, 0.0, Instant(), Instant(), kSample); }
  void excess(std::size_t channel, double peak, int first_us, int last_us) {
    detector.push(channel, peak, kStart + Duration::us(first_us), kStart + Duration::us(last_us),
                  kSample);
  }
};

TEST(Transient, IsReportedWithItsPeakAndDurationAfterAQuietHalfCycle) {
  Found found;
  found.quiet(1);
  found.excess(1, -812.0, 3000, 3400);
  EXPECT_TRUE(found.events.empty());
  found.quiet(1);
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].channel, 1);
  EXPECT_EQ(found.events[0].peak_volts, -812.0);
  EXPECT_EQ(found.events[0].start, kStart + Duration::us(3000));
  EXPECT_DOUBLE_EQ(found.events[0].duration_seconds, 5e-4);
}

TEST(Transient, OverSeveralHalfCyclesIsOneWithTheLargestPeak) {
  Found found;
  found.excess(0, 700.0, 9000, 9900);
  found.excess(0, -900.0, 10100, 10300);
  found.excess(0, 750.0, 20500, 20600);
  found.quiet(0);
  found.quiet(0);
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].peak_volts, -900.0);
  EXPECT_NEAR(found.events[0].duration_seconds, 0.0117, 1e-12);
}

TEST(Transient, OfEachChannelIsItsOwnAndAnInterruptionEndsIt) {
  Found found;
  found.excess(0, 700.0, 1000, 1000);
  found.excess(2, 800.0, 2000, 2000);
  found.detector.interrupt();
  ASSERT_EQ(found.events.size(), 2U);
  EXPECT_EQ(found.events[0].channel, 0);
  EXPECT_EQ(found.events[1].channel, 2);
  EXPECT_DOUBLE_EQ(found.events[0].duration_seconds, kSample);
  found.quiet(0);
  EXPECT_EQ(found.events.size(), 2U);
}

}  // namespace
}  // namespace halfcycle::quality
