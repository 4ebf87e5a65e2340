// SPDX-License-Identifier: Apache-2.0
#include "quality/fault_analyzer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace halfcycle::quality {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kRate = 6400.0;

// 100 V and 2 A on three phases; from `inception` to `clearing` phase B falls to 30 V, turned by
// −25°, and carries 40 A.
struct Fault {
  double frequency = 50.0;
  double inception = 0.5037;
  double clearing = 0.6011;
  bool line_dead_afterwards = false;
  bool voltages = true;
  double current = 40.0;
  bool dip = true;

  [[nodiscard]] double voltage(std::size_t p, double t) const {
    if (!voltages || (line_dead_afterwards && t >= clearing)) {
      return 0.0;
    }
    const bool on = dip && p == 1 && t >= inception && t < clearing;
    const double angle = kTwoPi * (frequency * t - static_cast<double>(p) / 3.0) -
                         (on ? 25.0 / 360.0 * kTwoPi : 0.0);
    return std::numbers::sqrt2 * (on ? 30.0 : 100.0) * std::sin(angle);
  }
  [[nodiscard]] double amperes(std::size_t p, double t) const {
    if (line_dead_afterwards && t >= clearing) {
      return 0.0;
    }
    const bool on = p == 1 && t >= inception && t < clearing;
    return std::numbers::sqrt2 * (on ? current : 2.0) *
           std::sin(kTwoPi * (frequency * t - static_cast<double>(p) / 3.0) - (on ? 1.2 : 0.3));
  }
};

std::vector<FaultReport> analyze(const Fault& fault, double seconds = 1.0, std::size_t lanes = 8) {
  FaultSetup setup;
  setup.sample_rate_hertz = kRate;
  setup.nominal_frequency_hertz = 50.0;
  for (std::size_t p = 0; p < 3; ++p) {
    if (fault.voltages) {
      setup.inputs.add(static_cast<Input>(p));
    }
    setup.inputs.add(static_cast<Input>(lane(Input::I1) + p));
  }
  std::vector<FaultReport> reports;
  FaultAnalyzer analyzer(setup, [&](const FaultReport& r) { reports.push_back(r); });

  const double half = 0.5 / fault.frequency;
  const auto count = static_cast<std::size_t>(seconds * kRate);
  std::size_t done = 0;
  for (int k = 0; (k + 2) * half <= seconds - 0.001; ++k) {
    const double start = k * half;
    const double end = start + 2.0 * half;
    const auto until = std::min(count, static_cast<std::size_t>((end + half) * kRate));
    std::vector<float> frames((until - done) * lanes, 0.0F);
    for (std::size_t n = done; n < until; ++n) {
      for (std::size_t p = 0; p < 3; ++p) {
        const double t = static_cast<double>(n) / kRate;
        frames[(n - done) * lanes + p] = static_cast<float>(fault.voltage(p, t));
        frames[(n - done) * lanes + 4 + p] = static_cast<float>(fault.amperes(p, t));
      }
    }
    SampleBlock block;
    block.frames = frames.data();
    block.frame_count = until - done;
    block.lanes = lanes;
    block.inputs = setup.inputs;
    block.first_index = done;
    block.time = {0, Instant::from_unix_ns(0), kRate};
    block.discontinuity = done == 0 ? Discontinuity::Start : Discontinuity::None;
    analyzer.push(block);
    done = until;

    FaultHalfCycle now;
    now.start = Instant::from_unix_ns(0) + Duration::from_seconds(start);
    now.end = Instant::from_unix_ns(0) + Duration::from_seconds(end);
    now.frequency_hertz = fault.frequency;
    constexpr int kPoints = 2000;
    for (std::size_t p = 0; p < 3; ++p) {
      double u = 0.0;
      double i = 0.0;
      for (int n = 0; n < kPoints; ++n) {
        const double t = start + (n + 0.5) / kPoints * (end - start);
        u += fault.voltage(p, t) * fault.voltage(p, t) / kPoints;
        i += fault.amperes(p, t) * fault.amperes(p, t) / kPoints;
      }
      if (fault.voltages) {
        now.u_rms_volts[p] = std::sqrt(u);
      }
      now.i_rms_amperes[p] = std::sqrt(i);
    }
    analyzer.push(now);
  }
  analyzer.finish();
  return reports;
}

double seconds_of(Instant instant) { return (instant - Instant::from_unix_ns(0)).to_seconds(); }

TEST(FaultAnalyzer, FindsInceptionAndClearingToAMillisecond) {
  for (const double frequency : {50.0, 49.2, 60.0}) {
    const auto reports = analyze({.frequency = frequency});
    ASSERT_EQ(reports.size(), 1U) << frequency;
    EXPECT_NEAR(seconds_of(reports[0].inception), 0.5037, 0.001);
    ASSERT_TRUE(reports[0].clearing);
    EXPECT_NEAR(seconds_of(*reports[0].clearing), 0.6011, 0.001);
    EXPECT_NEAR(reports[0].duration_seconds, 0.0974, 0.002);
  }
}

// 2.56 s is where the samples held begin to take the place of the oldest ones.
TEST(FaultAnalyzer, AFaultLaterThanTheSamplesHeldIsTheSame) {
  const Fault early;
  Fault late;
  late.inception += 2.0;
  late.clearing += 2.0;
  const auto first = analyze(early);
  ASSERT_EQ(first.size(), 1U);
  for (const std::size_t lanes : {std::size_t{8}, kMaxLanes}) {
    const auto reports = analyze(late, 3.0, lanes);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_NEAR(seconds_of(reports[0].inception), seconds_of(first[0].inception) + 2.0, 1e-8);
    ASSERT_TRUE(reports[0].clearing);
    EXPECT_NEAR(seconds_of(*reports[0].clearing), seconds_of(*first[0].clearing) + 2.0, 1e-8);
    EXPECT_NEAR(reports[0].current_peak_amperes[1], first[0].current_peak_amperes[1], 1e-3);
    EXPECT_NEAR(reports[0].phase_jump_radians[1], first[0].phase_jump_radians[1], 1e-4);
  }
}

TEST(FaultAnalyzer, NamesThePhaseTheCurrentsTheResidualVoltageAndTheJump) {
  const auto reports = analyze({});
  ASSERT_EQ(reports.size(), 1U);
  const FaultReport& r = reports[0];
  EXPECT_EQ(r.phases, (std::array<bool, 3>{false, true, false}));
  EXPECT_TRUE(r.ground);
  EXPECT_NEAR(r.current_peak_amperes[1], 40.0 * std::numbers::sqrt2, 0.1);
  EXPECT_NEAR(r.current_rms_amperes[1], 40.0, 0.05);
  EXPECT_NEAR(r.prefault_rms_amperes[1], 2.0, 0.001);
  EXPECT_NEAR(r.current_rms_amperes[0], 2.0, 0.01);
  EXPECT_NEAR(r.voltage_residual_volts[1], 30.0, 0.05);
  EXPECT_NEAR(r.voltage_residual_volts[0], 100.0, 0.01);
  EXPECT_NEAR(r.phase_jump_radians[1], -25.0 / 360.0 * kTwoPi, 0.01);
  EXPECT_NEAR(r.phase_jump_radians[0], 0.0, 0.01);
}

TEST(FaultAnalyzer, AnOpenedBreakerClearsTheFaultThoughTheLineStaysDead) {
  const auto reports = analyze({.line_dead_afterwards = true});
  ASSERT_FALSE(reports.empty());
  ASSERT_TRUE(reports[0].clearing);
  EXPECT_NEAR(seconds_of(*reports[0].clearing), 0.6011, 0.001);
}

TEST(FaultAnalyzer, WorksOnCurrentsAlone) {
  const auto reports = analyze({.voltages = false});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_NEAR(seconds_of(reports[0].inception), 0.5037, 0.001);
  EXPECT_NEAR(reports[0].current_rms_amperes[1], 40.0, 0.05);
  EXPECT_FALSE(is_available(reports[0].voltage_residual_volts[1]));
}

TEST(FaultAnalyzer, ALoadStepWithoutAVoltageDipIsNoFault) {
  EXPECT_TRUE(analyze({.current = 7.0, .dip = false}).empty());
}

TEST(FaultAnalyzer, AFaultThatIsOnAtTheEndHasNoClearingTime) {
  const auto reports = analyze({.inception = 0.9, .clearing = 2.0});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_FALSE(reports[0].clearing);
}

}  // namespace
}  // namespace halfcycle::quality
