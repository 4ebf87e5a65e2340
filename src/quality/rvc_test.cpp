// SPDX-License-Identifier: Apache-2.0
#include "quality/rvc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace halfcycle::quality {
namespace {

// 50 Hz, reference 100 V, threshold 5 V, hysteresis 2.5 V. Window k starts at k·10 ms.
class Rvc : public testing::Test {
 protected:
  Rvc()
      : detector({.reference_volts = 100.0},
                 [this](const RapidVoltageChange& c) { changes.push_back(c); }) {}

  static Instant at_ms(int ms) { return Instant::from_unix_ns(0) + Duration::ms(ms); }
  void step(double a, double b, double c) {
    const Instant start = at_ms(next++ * 10);
    for (const auto& [channel, volts] : {std::pair{0, a}, std::pair{1, b}, std::pair{2, c}}) {
      detector.push(channel, start, start + Duration::ms(20), volts);
    }
  }
  void hold(double volts, int half_cycles) {
    for (int k = 0; k < half_cycles; ++k) {
      step(volts, 100.0, 100.0);
    }
  }

  std::vector<RapidVoltageChange> changes;
  RvcDetector detector;
  int next = 0;
};

TEST_F(Rvc, AStepIsReportedASecondAfterItWithBothChanges) {
  hold(100.0, 200);
  step(97.0, 100.0, 100.0);  // the window that straddles the step: still steady
  hold(94.0, 99);
  EXPECT_TRUE(changes.empty()) << "nothing before the end plus one second";
  hold(94.0, 3);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_NEAR(changes[0].delta_max_volts, 6.0, 0.05);
  EXPECT_NEAR(changes[0].delta_steady_volts, 6.0, 0.1);
  EXPECT_EQ(changes[0].start, at_ms(2010));
  EXPECT_EQ(changes[0].worst_channel, 0);
  EXPECT_LT(changes[0].duration_seconds, 0.05);
}

TEST_F(Rvc, AChangeJustInsideTheThresholdIsNone) {
  // The mean of the second holds a hundredth of the new value: a step of d leaves |U − mean| =
  // 0.99·d at the first window, so 5 % is reached at d = 5 / 0.99.
  const double limit = 5.0 / 0.99;
  hold(100.0, 200);
  hold(100.0 - limit + 0.01, 300);
  EXPECT_TRUE(changes.empty());
}

TEST_F(Rvc, AChangeJustOutsideTheThresholdIsOne) {
  const double limit = 5.0 / 0.99;
  hold(100.0, 200);
  hold(100.0 - limit - 0.01, 300);
  EXPECT_EQ(changes.size(), 1U);
}

TEST_F(Rvc, OneThatCrossesTheDipThresholdNineTenthsOfASecondLaterIsCancelled) {
  hold(100.0, 200);
  hold(94.0, 90);
  hold(85.0, 5);
  hold(94.0, 300);
  EXPECT_TRUE(changes.empty());
}

TEST_F(Rvc, StepsLessThanASecondApartAreOneEventAndMoreAreTwo) {
  hold(100.0, 200);
  hold(94.0, 95);
  hold(100.0, 300);
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_NEAR(changes[0].delta_steady_volts, 0.0, 0.01);
  EXPECT_NEAR(changes[0].delta_max_volts, 6.0, 0.01);
  changes.clear();
  hold(94.0, 105);
  hold(100.0, 300);
  EXPECT_EQ(changes.size(), 2U);
}

TEST_F(Rvc, NoneInTheFirstSecond) {
  hold(100.0, 60);
  hold(94.0, 300);
  EXPECT_TRUE(changes.empty());
}

TEST_F(Rvc, InsideAnEventTheHysteresisHolds) {
  hold(100.0, 200);
  hold(94.0, 50);
  // ±3 V around the mean: inside the threshold of 5 V, outside 2.5 V, so the event goes on.
  for (int k = 0; k < 150; ++k) {
    step(k % 2 == 0 ? 97.0 : 91.0, 100.0, 100.0);
  }
  EXPECT_TRUE(changes.empty());
  hold(94.0, 105);
  EXPECT_EQ(changes.size(), 1U);
}

TEST_F(Rvc, AGapDropsTheEventAndProvesTheSteadyStateAnew) {
  hold(100.0, 200);
  hold(94.0, 50);
  detector.interrupt();
  hold(100.0, 90);
  hold(94.0, 300);
  EXPECT_TRUE(changes.empty());
}

}  // namespace
}  // namespace halfcycle::quality
