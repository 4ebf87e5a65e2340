// SPDX-License-Identifier: Apache-2.0
#include "signal/trig.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "signal/denormals.hpp"
#include "signal/sample_position.hpp"
#include "signal/test_signal.hpp"

namespace halfcycle::signal {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(SinCos, AgreesWithTheLongDoubleLibraryToFourTenthsOfAnUlpOfOne) {
  testing::Random random(1);
  for (int k = 0; k < 20000; ++k) {
    const double turns = (random.unit() - 0.5) * (k % 2 == 0 ? 2.0 : 1e6);
    const SinCos s = sin_cos_turns(turns);
    const long double rest = static_cast<long double>(turns) - std::floor(turns);
    ASSERT_NEAR(s.sin, static_cast<double>(std::sin(testing::kTau * rest)), 4e-16) << turns;
    ASSERT_NEAR(s.cos, static_cast<double>(std::cos(testing::kTau * rest)), 4e-16) << turns;
  }
}

TEST(SinCos, IsExactAtWholeQuarters) {
  for (int k = -8; k <= 8; ++k) {
    const SinCos s = sin_cos_turns(k * 0.25);
    const int q = ((k % 4) + 4) % 4;
    EXPECT_EQ(s.cos, q == 0 ? 1.0 : q == 2 ? -1.0 : 0.0);
    EXPECT_EQ(s.sin, q == 1 ? 1.0 : q == 3 ? -1.0 : 0.0);
  }
  EXPECT_EQ(sin_cos_turns(1e15 + 0.25).sin, 1.0);
}

TEST(SinCos, GivesNanForWhatIsNoAngle) {
  EXPECT_TRUE(std::isnan(sin_cos_turns(kNan).sin));
  EXPECT_TRUE(std::isnan(sin_cos_turns(kInfinity).cos));
}

TEST(Atan2, AgreesWithTheLongDoubleLibraryInAllQuadrants) {
  testing::Random random(2);
  for (int k = 0; k < 20000; ++k) {
    const double x = std::ldexp(random.unit() - 0.5, static_cast<int>(random.unit() * 60) - 30);
    const double y = std::ldexp(random.unit() - 0.5, static_cast<int>(random.unit() * 60) - 30);
    const auto truth =
        static_cast<double>(std::atan2(static_cast<long double>(y), static_cast<long double>(x)));
    ASSERT_NEAR(atan2_radians(y, x), truth, 5e-16 * 3.15) << y << " " << x;
  }
}

TEST(Atan2, FollowsItsConventionsOnTheAxes) {
  EXPECT_EQ(atan2_radians(0.0, 0.0), 0.0);
  EXPECT_EQ(atan2_radians(0.0, 2.0), 0.0);
  EXPECT_EQ(atan2_radians(0.0, -2.0), kPi);
  EXPECT_EQ(atan2_radians(3.0, 0.0), kPi / 2.0);
  EXPECT_EQ(atan2_radians(-3.0, 0.0), -kPi / 2.0);
  EXPECT_TRUE(std::isnan(atan2_radians(kNan, 1.0)));
  EXPECT_TRUE(std::isnan(atan2_radians(1.0, kNan)));
  EXPECT_TRUE(std::isnan(atan2_radians(kInfinity, 1.0)));
}

TEST(WrapRadians, BringsAnglesIntoTheHalfOpenRange) {
  EXPECT_EQ(wrap_radians(kPi), kPi);
  EXPECT_NEAR(wrap_radians(-kPi), kPi, 1e-15);
  EXPECT_NEAR(wrap_radians(kTwoPi + 0.25), 0.25, 1e-15);
  EXPECT_NEAR(wrap_radians(-kTwoPi * 1000.0 - 0.25), -0.25, 1e-12);
  for (int k = -1000; k <= 1000; ++k) {
    const double w = wrap_radians(k * kPi);
    EXPECT_TRUE(w > -kPi && w <= kPi) << k;
  }
}

TEST(FlushDenormals, LastsAsLongAsTheObject) {
  volatile double tiny = std::numeric_limits<double>::denorm_min() * 16.0;
  EXPECT_GT(tiny * 0.5, 0.0);
#if defined(__x86_64__) || defined(__aarch64__)
  ASSERT_FALSE(FlushDenormals::active());
  {
    const FlushDenormals outer;
    EXPECT_TRUE(FlushDenormals::active());
    EXPECT_EQ(tiny * 0.5, 0.0);
    { const FlushDenormals inner; }
    EXPECT_TRUE(FlushDenormals::active());
  }
  EXPECT_FALSE(FlushDenormals::active());
#endif
  EXPECT_GT(tiny * 0.5, 0.0);
}

TEST(SamplePosition, StepsDoNotDriftOverAYear) {
  // 25.6 kS/s for a year are 8e11 samples; a step of 1 + 2^-40 taken 2^39 times adds half a sample.
  const SamplePosition step = SamplePosition::at(1, 0x1p-40);
  const SamplePosition end = SamplePosition::at(5, 0.25) + step * (std::uint64_t{1} << 39U);
  EXPECT_EQ(end.whole(), 5 + (std::int64_t{1} << 39));
  EXPECT_EQ(end.fraction(), 0.75);
}

TEST(SamplePosition, MultipliesAsRepeatedAdditionDoes) {
  const SamplePosition step = SamplePosition::from_samples(1.0000123456789);
  SamplePosition sum = SamplePosition::at(-3, 0.9);
  const SamplePosition start = sum;
  for (int k = 0; k < 5120; ++k) {
    sum = sum + step;
  }
  EXPECT_EQ(sum, start + step * 5120);
  EXPECT_NEAR(sum - start, 5120 * 1.0000123456789, 1e-12);
}

TEST(SamplePosition, HandlesOffsetsOfBothSigns) {
  const SamplePosition p = SamplePosition::at(10, -0.25);
  EXPECT_EQ(p.whole(), 9);
  EXPECT_EQ(p.fraction(), 0.75);
  EXPECT_EQ(p - SamplePosition::at(10, 0.0), -0.25);
  EXPECT_EQ(SamplePosition::at(10, 0.0) - p, 0.25);
  EXPECT_EQ(SamplePosition::at(-7, 0.5) - SamplePosition::at(3, 0.75), -10.25);
  EXPECT_LT(p, SamplePosition::at(9, 0.8));
  // A hair below zero rounds to the next whole, not to a fraction of one.
  EXPECT_EQ(SamplePosition::at(4, -1e-30).whole(), 4);
}

}  // namespace
}  // namespace halfcycle::signal
