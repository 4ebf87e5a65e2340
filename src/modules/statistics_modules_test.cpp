// SPDX-License-Identifier: Apache-2.0
// Minimum, Maximum, Integrator, Sliding Window Demand.
#include <gtest/gtest.h>

#include "modules/modules_fixture.hpp"

namespace halfcycle::modules {
namespace {

using testing_graph::Bench;

constexpr const char* kExtremes = R"(
[[module]]
type = "Maximum"
label = "M"
inputs = { Source = "X", Enable = "On", Reset = "P" }
[[module]]
type = "Minimum"
label = "N"
inputs = { Source = "X", Reset = "P" }
)";

TEST(Maximum, HoldsTheLargestValueItsTimeAndItsMarks) {
  Bench bench(kExtremes);
  bench.flip("On", true);
  bench.x(3.0);
  Marks flagged;
  flagged.flagged = true;
  bench.x(5.0, flagged);
  const Instant when = bench.now;
  bench.x(4.0);
  bench.x(kNotAvailable);
  bench.x(5.0);
  EXPECT_EQ(bench.value("M Maximum"), 5.0);
  EXPECT_EQ(bench.view("M Maximum").time, when);
  EXPECT_TRUE(bench.view("M Maximum").marks.flagged);
  EXPECT_EQ(bench.value("M Trigger"), 2.0);
  EXPECT_EQ(bench.value("N Minimum"), 3.0);
}

TEST(Maximum, CountsNothingWhileDisabledButIsResetAllTheSame) {
  Bench bench(kExtremes);
  bench.flip("On", true);
  bench.x(3.0);
  bench.flip("On", false);
  bench.x(9.0);
  EXPECT_EQ(bench.value("M Maximum"), 3.0);
  bench.press("P");
  EXPECT_FALSE(bench.available("M Maximum"));
  bench.x(1.0);
  EXPECT_FALSE(bench.available("M Maximum"));
  bench.flip("On", true);
  EXPECT_FALSE(bench.available("M Maximum")) << "only a new value counts";
  bench.x(-1.0);
  EXPECT_EQ(bench.value("M Maximum"), -1.0);
}

TEST(Maximum, AResetAndAValueInOneFrameStartWithThatValue) {
  Bench bench(kExtremes);
  bench.flip("On", true);
  bench.x(7.0);
  bench.begin();
  bench.graph->write(bench.reg("X"), 2.0, {});
  bench.graph->write_pulse(bench.reg("P"));
  bench.commit();
  EXPECT_EQ(bench.value("M Maximum"), 2.0);
  EXPECT_EQ(bench.value("N Minimum"), 2.0);
}

std::string integrator(const std::string& setup) {
  return "[[module]]\ntype = \"Integrator\"\nlabel = \"E\"\ninputs = { Integrand = \"X\", Enable = "
         "\"On\", Reset = \"P\", \"Interval Reset\" = \"Q\" }\nsetup = { " +
         setup + " }\n";
}

class IntegratorMode : public testing::TestWithParam<std::pair<const char*, double>> {};

TEST_P(IntegratorMode, CountsItsSideOfTheSign) {
  Bench bench(integrator(std::string("\"Int Mode\" = \"") + GetParam().first + "\""));
  bench.flip("On", true);
  bench.x(3600.0);
  bench.x(-7200.0);
  EXPECT_DOUBLE_EQ(bench.value("E Result"), GetParam().second);
}
INSTANTIATE_TEST_SUITE_P(Integrator, IntegratorMode,
                         testing::Values(std::pair{"FORWARD", 1.0}, std::pair{"REVERSE", 2.0},
                                         std::pair{"ABSOLUTE", 3.0}, std::pair{"NET", -1.0}));

TEST(Integrator, UsesTheLengthOfEachIntervalAndNoGap) {
  Bench bench(integrator("Divisor = 1"));
  bench.flip("On", true);
  bench.x(2.0);
  bench.skip(1000);
  bench.x(2.0, {}, Duration::ns(250000001));
  EXPECT_DOUBLE_EQ(bench.value("E Result"), 2.500000002);
  bench.x(kNotAvailable);
  bench.flip("On", false);
  bench.x(2.0);
  EXPECT_DOUBLE_EQ(bench.value("E Result"), 2.500000002);
  EXPECT_EQ(bench.graph->compiled().registers()[bench.reg("E Result")].unit, Unit::KilowattHour);
}

TEST(Integrator, RollsOverAndKeepsTheRemainder) {
  Bench bench(integrator("Divisor = 1, RollValue = 10"));
  bench.flip("On", true);
  bench.x(9.0);
  EXPECT_EQ(bench.value("E Rollover Count"), 0.0);
  bench.x(3.5);
  EXPECT_DOUBLE_EQ(bench.value("E Result"), 2.5);
  EXPECT_EQ(bench.value("E Rollover Count"), 1.0);
  EXPECT_EQ(bench.value("E Trigger"), 1.0);
  bench.x(37.0);
  EXPECT_DOUBLE_EQ(bench.value("E Result"), 9.5);
  EXPECT_EQ(bench.value("E Rollover Count"), 4.0);
}

TEST(Integrator, IntervalHoldsWhatCameBetweenTwoPulses) {
  Bench bench(integrator("Divisor = 1"));
  bench.flip("On", true);
  bench.x(1.0);
  bench.press("Q");
  EXPECT_EQ(bench.value("E Interval"), 1.0);
  bench.x(2.0);
  bench.x(3.0);
  bench.press("Q");
  EXPECT_EQ(bench.value("E Interval"), 5.0);
  EXPECT_EQ(bench.value("E Result"), 6.0);
  bench.press("P");
  EXPECT_EQ(bench.value("E Result"), 0.0);
  EXPECT_FALSE(bench.available("E Interval"));
}

TEST(Integrator, LosesNothingOfSmallPartsBesideALargeSum) {
  // Ten million parts of 0.1/3.6e5 beside 1e8: plain addition is off by more than the whole sum.
  Bench bench(integrator("Divisor = 1, RollValue = 1e12"));
  bench.flip("On", true);
  bench.x(1e11);
  const double start = bench.value("E Result");
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    bench.x(1e-6);
  }
  // An ulp of 1e11 is 1.5e-5: each part alone would vanish.
  EXPECT_NEAR(bench.value("E Result") - start, kCount * 1e-6, 1.6e-5);
}

std::string demand(const std::string& setup, const std::string& more = "") {
  return "[[module]]\ntype = \"Sliding Window Demand\"\nlabel = \"D\"\ninputs = { Source = \"X\", "
         "Reset = \"P\"" +
         more + " }\nsetup = { " + setup + " }\n";
}

TEST(SlidingWindowDemand, IsTheMeanOfTheLatestSubIntervals) {
  Bench bench(demand("\"Sub Intvl\" = 60, \"#SubIntvls\" = 3"), 3600);
  for (const double load : {3.0, 6.0, 12.0, 30.0}) {
    for (int s = 0; s < 60; ++s) {
      bench.x(load);
    }
  }
  // (6 + 12 + 30) / 3
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 16.0);
  EXPECT_TRUE(bench.view("D SWinDemand").marks.complete);
  EXPECT_EQ(bench.value("D Interval End"), 4.0);
  EXPECT_EQ(bench.view("D SWinDemand").time, bench.now);
}

TEST(SlidingWindowDemand, CountsAFirstSubIntervalOnlyIfItWasSeenWhole) {
  Bench bench(demand("\"Sub Intvl\" = 60"), 3600 + 20);
  for (int s = 0; s < 40; ++s) {
    bench.x(100.0);
  }
  EXPECT_FALSE(bench.available("D SWinDemand"));
  EXPECT_EQ(bench.value("D Interval End"), 1.0);
  for (int s = 0; s < 60; ++s) {
    bench.x(s < 30 ? 10.0 : 20.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 15.0);
}

TEST(SlidingWindowDemand, AWindowThatIsNotFullOrHasGapsIsMarkedIncomplete) {
  Bench bench(demand("\"Sub Intvl\" = 60, \"#SubIntvls\" = 2"), 3600);
  for (int s = 0; s < 60; ++s) {
    bench.x(4.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 4.0);
  EXPECT_FALSE(bench.view("D SWinDemand").marks.complete);
  for (int s = 0; s < 60; ++s) {
    bench.x(4.0);
  }
  EXPECT_TRUE(bench.view("D SWinDemand").marks.complete);
  for (int s = 0; s < 60; ++s) {
    bench.x(s < 30 ? kNotAvailable : 8.0);
  }
  // 60 s at 4 and 30 s at 8.
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), (4.0 * 60 + 8.0 * 30) / 90);
  EXPECT_FALSE(bench.view("D SWinDemand").marks.complete);
}

TEST(SlidingWindowDemand, AFlagStaysAsLongAsItsSubIntervalIsInTheWindow) {
  Bench bench(demand("\"Sub Intvl\" = 60, \"#SubIntvls\" = 2"), 3600);
  std::vector<bool> flags;
  for (int s = 0; s < 4 * 60; ++s) {
    Marks marks;
    marks.flagged = s == 70;
    bench.x(1.0, marks);
    if (s % 60 == 59) {
      flags.push_back(bench.view("D SWinDemand").marks.flagged);
    }
  }
  EXPECT_EQ(flags, (std::vector<bool>{false, true, true, false}));
}

TEST(SlidingWindowDemand, AnIntervalAcrossTheEndIsCutThere) {
  Bench bench(demand("\"Sub Intvl\" = 60"), 3600);
  for (int s = 0; s < 59; ++s) {
    bench.x(0.0);
  }
  bench.x(60.0, {}, Duration::ms(3000));
  // One of the three seconds lies in the first minute.
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 1.0);
  for (int s = 0; s < 58; ++s) {
    bench.x(0.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 2.0);
}

TEST(SlidingWindowDemand, SyncEndsTheSubIntervalInsteadOfTheClock) {
  Bench bench(demand("\"Sub Intvl\" = 60, \"#SubIntvls\" = 2", ", Sync = \"Q\""), 3600);
  bench.x(50.0);
  bench.press("Q");
  for (int s = 0; s < 100; ++s) {
    bench.x(2.0);
  }
  EXPECT_FALSE(bench.available("D SWinDemand"));
  bench.press("Q");
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 2.0);
  for (int s = 0; s < 50; ++s) {
    bench.x(5.0);
  }
  bench.press("Q");
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), (2.0 * 100 + 5.0 * 50) / 150);
  EXPECT_FALSE(bench.available("D Time Left"));
}

TEST(SlidingWindowDemand, PredictsTheEndOfTheSubIntervalForASteadyLoad) {
  Bench bench(demand("\"Sub Intvl\" = 100, \"#SubIntvls\" = 2"), 0);
  for (int s = 0; s < 100; ++s) {
    bench.x(10.0);
  }
  for (int s = 0; s < 25; ++s) {
    bench.x(10.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D PredDemand"), 10.0);
  EXPECT_DOUBLE_EQ(bench.value("D Time Left"), 75.0);
  for (int s = 0; s < 50; ++s) {
    bench.x(30.0);
  }
  // 100 s at 10, 25 at 10, 50 at 30, 25 more at 30.
  EXPECT_NEAR(bench.value("D PredDemand"), (1000.0 + 250.0 + 1500.0 + 750.0) / 200.0, 1e-9);
}

TEST(SlidingWindowDemand, ALongGapEndsOneSubIntervalAndEmptiesTheWindow) {
  Bench bench(demand("\"Sub Intvl\" = 60, \"#SubIntvls\" = 3"), 0);
  for (int s = 0; s < 180; ++s) {
    bench.x(9.0);
  }
  bench.skip(100000 * 60);
  for (int s = 0; s < 60; ++s) {
    bench.x(3.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 3.0);
  EXPECT_FALSE(bench.view("D SWinDemand").marks.complete);
  EXPECT_EQ(bench.value("D Interval End"), 5.0);
}

TEST(SlidingWindowDemand, ResetStartsAgain) {
  Bench bench(demand("\"Sub Intvl\" = 60"), 0);
  for (int s = 0; s < 90; ++s) {
    bench.x(9.0);
  }
  bench.press("P");
  EXPECT_FALSE(bench.available("D SWinDemand"));
  for (int s = 0; s < 30; ++s) {
    bench.x(1.0);
  }
  EXPECT_FALSE(bench.available("D SWinDemand")) << "the rest of a sub-interval";
  for (int s = 0; s < 60; ++s) {
    bench.x(2.0);
  }
  EXPECT_DOUBLE_EQ(bench.value("D SWinDemand"), 2.0);
}

}  // namespace
}  // namespace halfcycle::modules
