// SPDX-License-Identifier: Apache-2.0
#include "quality/voltage_events.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace halfcycle::quality {
namespace {

constexpr int kHalfCycleMs = 10;

// Feeds Urms(1/2) as fractions of 100 V: window k starts at k·10 ms and lasts 20 ms.
class Events : public testing::Test {
 protected:
  explicit Events(VoltageEventSetup setup = {.reference_volts = 100.0})
      : detector(
            setup, [this](const VoltageEvent& e) { events.push_back(e); },
            [this](const VoltageEvent& e) { started.push_back(e); }) {}

  static Instant at_ms(int ms) { return Instant::from_unix_ns(0) + Duration::ms(ms); }
  void step(double a, double b, double c) {
    const Instant start = at_ms(next * kHalfCycleMs);
    for (const auto& [phase, ratio] : {std::pair{0, a}, std::pair{1, b}, std::pair{2, c}}) {
      detector.push(phase, start, start + Duration::ms(20), ratio * 100.0);
    }
    ++next;
  }
  void steady(int windows) {
    for (int k = 0; k < windows; ++k) {
      step(1.0, 1.0, 1.0);
    }
  }

  std::vector<VoltageEvent> events, started;
  VoltageEventDetector detector;
  int next = 0;
};

class SinglePhaseEvents : public Events {
 protected:
  SinglePhaseEvents() : Events({.reference_volts = 100.0, .watched = {true, false, false}}) {}
  void one(double a) {
    const Instant start = at_ms(next++ * kHalfCycleMs);
    detector.push(0, start, start + Duration::ms(20), a * 100.0);
  }
};

TEST_F(Events, AnEventIsToldWhenItBeginsAndWhenItHasEnded) {
  steady(5);
  step(1, 0.79, 1);
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(started[0].type, EventType::Dip);
  EXPECT_EQ(*started[0].start, at_ms(50));
  EXPECT_EQ(started[0].first_seen, at_ms(50));
  EXPECT_FALSE(started[0].end);
  EXPECT_TRUE(events.empty());
  step(0.5, 0.79, 1);
  steady(5);
  EXPECT_EQ(started.size(), 1U);
  EXPECT_EQ(events.size(), 1U);
}

TEST_F(Events, ADipOfOneCycleToHalfLastsFiftyMillisecondsFromWindowStartToWindowEnd) {
  // The 20 ms dip touches three windows: half in the first, whole in the second, half in the third.
  steady(5);
  step(0.79, 1, 1);
  step(0.50, 1, 1);
  step(0.79, 1, 1);
  steady(5);
  ASSERT_EQ(events.size(), 1U);
  const VoltageEvent& dip = events[0];
  EXPECT_EQ(dip.type, EventType::Dip);
  EXPECT_EQ(*dip.start, at_ms(50));
  EXPECT_EQ(*dip.end, at_ms(100));
  EXPECT_DOUBLE_EQ(dip.duration_seconds, 0.050);
  EXPECT_DOUBLE_EQ(dip.extreme_volts, 50.0);
  EXPECT_EQ(dip.worst_phase, 0);
  EXPECT_TRUE(dip.phases[0].involved);
  EXPECT_FALSE(dip.phases[1].involved);
}

TEST_F(Events, ThresholdIsExclusiveAndHysteresisInclusive) {
  steady(1);
  step(0.90, 1, 1);  // at the threshold is not below it
  EXPECT_FALSE(detector.any_active());
  step(0.8999, 1, 1);
  EXPECT_TRUE(detector.any_active());
  step(0.9199, 1, 1);  // above the threshold, still inside the hysteresis
  EXPECT_TRUE(detector.any_active());
  step(0.92, 1, 1);
  EXPECT_FALSE(detector.any_active());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(*events[0].start, at_ms(20));
  EXPECT_EQ(*events[0].end, at_ms(60));
}

TEST_F(Events, DipsThatFollowOneAnotherWithoutAGapAreOnePolyphaseEvent) {
  steady(2);
  step(0.7, 1, 1);
  step(0.7, 0.6, 1);
  step(1, 0.6, 1);
  step(1, 0.6, 0.5);
  step(1, 1, 0.5);
  steady(2);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(*events[0].start, at_ms(20));
  EXPECT_EQ(*events[0].end, at_ms(90));
  EXPECT_EQ(events[0].worst_phase, 2);
  EXPECT_DOUBLE_EQ(events[0].extreme_volts, 50.0);
  EXPECT_EQ(*events[0].phases[0].start, at_ms(20));
  EXPECT_EQ(*events[0].phases[0].end, at_ms(60));
  EXPECT_EQ(*events[0].phases[1].start, at_ms(30));
  EXPECT_DOUBLE_EQ(events[0].phases[1].extreme_volts, 60.0);
}

TEST_F(Events, DipsWithAGapAreTwo) {
  steady(1);
  step(0.7, 1, 1);
  steady(1);
  step(1, 0.7, 1);
  steady(1);
  EXPECT_EQ(events.size(), 2U);
}

TEST_F(Events, CollapseWithStaggeredRecoveryIsAnInterruptionShorterThanItsDip) {
  steady(2);
  step(0.01, 0.01, 0.5);
  step(0.01, 0.01, 0.01);  // all below 5 %: the interruption begins here
  step(0.01, 0.01, 0.01);
  step(0.30, 0.01, 0.01);  // one back above 7 %: it ends
  step(1, 0.50, 0.01);
  steady(1);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, EventType::Interruption);
  EXPECT_EQ(*events[0].start, at_ms(30));
  EXPECT_EQ(*events[0].end, at_ms(70));
  EXPECT_TRUE(events[0].phases[0].involved && events[0].phases[1].involved &&
              events[0].phases[2].involved);
  EXPECT_EQ(events[1].type, EventType::Dip);
  EXPECT_EQ(*events[1].start, at_ms(20));
  EXPECT_EQ(*events[1].end, at_ms(90));
}

TEST_F(Events, TwoDeadPhasesAreADipAndNoInterruption) {
  steady(1);
  step(0, 0, 1);
  steady(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, EventType::Dip);
  EXPECT_DOUBLE_EQ(events[0].extreme_volts, 0.0);
}

TEST_F(Events, SwellsKeepTheirMaximumAndEndBelowThresholdMinusHysteresis) {
  steady(1);
  step(1, 1.101, 1);
  step(1, 1.25, 1.15);
  step(1, 1.081, 1);  // inside the hysteresis
  step(1, 1.08, 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, EventType::Swell);
  EXPECT_EQ(*events[0].start, at_ms(10));
  EXPECT_EQ(*events[0].end, at_ms(60));
  EXPECT_DOUBLE_EQ(events[0].extreme_volts, 125.0);
  EXPECT_EQ(events[0].worst_phase, 1);
  EXPECT_DOUBLE_EQ(events[0].phases[2].extreme_volts, 115.0);
}

TEST_F(Events, OneThatBeganBeforeTheFirstSampleHasNoStart) {
  step(0.4, 1, 1);
  steady(2);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].start);
  EXPECT_EQ(events[0].first_seen, at_ms(0));
  EXPECT_EQ(*events[0].end, at_ms(30));
  EXPECT_FALSE(is_available(events[0].duration_seconds));
}

TEST_F(Events, OneThatIsOpenAtTheEndHasNoEnd) {
  steady(2);
  step(0.4, 1, 1);
  detector.finish();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(*events[0].start, at_ms(20));
  EXPECT_FALSE(events[0].end);
  EXPECT_FALSE(events[0].phases[0].end);
}

TEST_F(Events, LostTimeNeverLooksLikeAnInterruption) {
  steady(5);
  detector.interrupt();
  next += 1000;
  steady(5);
  detector.finish();
  EXPECT_TRUE(events.empty());
}

TEST_F(Events, ValuesThatAreNotAvailableChangeNothing) {
  steady(1);
  step(0.5, kNotAvailable, kNotAvailable);
  step(kNotAvailable, kNotAvailable, kNotAvailable);
  EXPECT_TRUE(detector.any_active());
  steady(1);
  EXPECT_EQ(events.size(), 1U);
}

TEST_F(Events, AnIntervalIsTouchedByAnyPartOfAnEventAndByNoMore) {
  steady(10);
  step(0.5, 1, 1);  // 100 … 120 ms
  steady(1);        // ends at 130 ms
  EXPECT_TRUE(detector.touched(at_ms(0), at_ms(101)));
  EXPECT_FALSE(detector.touched(at_ms(0), at_ms(100)));
  EXPECT_TRUE(detector.touched(at_ms(129), at_ms(200)));
  EXPECT_FALSE(detector.touched(at_ms(130), at_ms(200)));
}

TEST_F(SinglePhaseEvents, WithOneChannelADipAndItsInterruptionAreBothRecorded) {
  one(1.0);
  one(0.5);
  one(0.02);
  one(0.5);
  one(1.0);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, EventType::Interruption);
  EXPECT_EQ(*events[0].start, at_ms(20));
  EXPECT_EQ(*events[0].end, at_ms(50));
  EXPECT_EQ(events[1].type, EventType::Dip);
  EXPECT_EQ(*events[1].start, at_ms(10));
  EXPECT_EQ(*events[1].end, at_ms(60));
}

}  // namespace
}  // namespace halfcycle::quality
