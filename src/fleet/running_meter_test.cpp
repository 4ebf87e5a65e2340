// SPDX-License-Identifier: Apache-2.0
#include "fleet/running_meter.hpp"

#include "fleet/disturbance_capture.hpp"
#include "fleet/fleet_fixture.hpp"

namespace halfcycle::fleet {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint64_t kHalfCycle = 32;  // samples of the test grid

std::shared_ptr<RunningMeter> meter_at_speed(double speed) {
  auto made = RunningMeter::create(plan_of("a", {}, speed), {});
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

TEST(RunningMeter, TakesAHalfCycleAtATimeWhileItKeepsUp) {
  const auto meter = meter_at_speed(1.0);
  ASSERT_GT(meter->step(0), 9 * kMs);
  for (int n = 1; n <= 30; ++n) {
    // A millisecond late, so that it is due whatever way its time is rounded.
    ASSERT_NEAR(static_cast<double>(meter->step((n * 10 + 1) * kMs)), (n + 1) * 10.0 * kMs, 1.0);
    ASSERT_EQ(meter->status().samples, n * kHalfCycle);
  }
}

TEST(RunningMeter, TakesWhatHasBecomeDueMeanwhileInOneStepWithoutAGap) {
  const auto meter = meter_at_speed(1.0);
  ASSERT_GT(meter->step(0), 9 * kMs);
  EXPECT_NEAR(static_cast<double>(meter->step(155 * kMs)), 160.0 * kMs, 1.0);
  EXPECT_EQ(meter->status().samples, 15 * kHalfCycle);
  EXPECT_EQ(meter->status().gaps, 0U);
  EXPECT_EQ(meter->status().dropped_samples, 0U);
}

TEST(RunningMeter, LeavesOthersTheirTurnHoweverLateItIs) {
  const auto meter = meter_at_speed(1.0);
  ASSERT_GT(meter->step(0), 9 * kMs);
  EXPECT_LE(meter->step(1000 * kMs), 1000 * kMs);
  EXPECT_EQ(meter->status().samples, 20 * kHalfCycle);
}

TEST(RunningMeter, SamplesAroundADipAreCopiedOnlyWhereSomebodyWillAskForThem) {
  for (const bool wanted : {true, false}) {
    FleetSetup setup;
    setup.capture_max_bytes = wanted ? setup.capture_max_bytes : 0;
    TestGrid grid{.seconds = 3.0};
    grid.factor = [](double seconds) { return seconds > 1.0 && seconds < 1.2 ? 0.5 : 1.0; };
    auto made = RunningMeter::create(plan_of("a", std::move(grid), 0.0), setup);
    ASSERT_TRUE(made) << made.error().message;
    DisturbanceCapture capture(*made, setup);
    for (std::int64_t now = 0; (*made)->step(now) != RunningMeter::kNever; now += kMs) {
      capture.work();
    }
    capture.finish();
    EXPECT_EQ(capture.bytes() > 0, wanted);
  }
}

}  // namespace
}  // namespace halfcycle::fleet
