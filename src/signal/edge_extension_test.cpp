// SPDX-License-Identifier: Apache-2.0
#include "signal/edge_extension.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "signal/test_signal.hpp"

namespace halfcycle::signal {
namespace {

using testing::Tones;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double worst_error(const Tones& x, const std::vector<float>& made, std::int64_t first,
                   std::size_t count, std::size_t lane) {
  double worst = 0.0;
  for (std::size_t k = 0; k < count; ++k) {
    worst = std::max(
        worst,
        std::fabs(static_cast<double>(made[k * 8 + lane]) -
                  testing::value(x, static_cast<double>(first + static_cast<std::int64_t>(k)))));
  }
  return worst;
}

class Extension : public ::testing::TestWithParam<double> {};

TEST_P(Extension, ContinuesSteadySinusoidsWithDcToAFewPartsInAHundredThousand) {
  const double per_cycle = GetParam();
  Tones x = {{1.0 / per_cycle, 100.0, 0.7}, {0.0, 3.0, 0.0}};
  for (const double h : {3.0, 5.0, 7.0, 11.0}) {
    if (h < 0.45 * per_cycle) {
      x.push_back({h / per_cycle, 5.0, h});
    }
  }
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = per_cycle, .horizon_frames = 48});
  const auto count = static_cast<std::size_t>(12.0 * per_cycle) + 60;
  const std::vector<float> frames = testing::frames_of({x, x}, 8, 0, count);
  std::vector<float> before(48 * 8);
  std::vector<float> after(48 * 8);
  extend.before(frames.data(), count, before.data());
  extend.after(frames.data(), count, after.data());
  EXPECT_LT(worst_error(x, before, -48, 48, 0), 100.0 * 3e-5);
  EXPECT_LT(worst_error(x, after, static_cast<std::int64_t>(count), 48, 1), 100.0 * 3e-5);
  EXPECT_EQ(before[47 * 8 + 5], 0.0F);  // a lane without an input stays 0
}

INSTANTIATE_TEST_SUITE_P(PerCycle, Extension,
                         ::testing::Values(8.0, 16.3, 33.3, 96.0, 200.0, 512.3), [](const auto& p) {
                           std::string name = std::to_string(static_cast<int>(p.param));
                           return name;
                         });

TEST(EdgeExtender, NoiseOfAThousandthGivesAnErrorOfAFewThousandths) {
  testing::Random random(3);
  const Tones x = {{1.0 / 256.0, 100.0, 0.7}, {5.0 / 256.0, 4.0, 0.7}};
  std::vector<float> frames = testing::frames_of({x}, 8, 0, 4096);
  for (std::size_t n = 0; n < 4096; ++n) {
    frames[n * 8] += static_cast<float>(0.2 * (random.unit() + random.unit() - 1.0));
  }
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 256.0, .horizon_frames = 40});
  std::vector<float> made(40 * 8);
  extend.before(frames.data(), 4096, made.data());
  EXPECT_LT(worst_error(x, made, -40, 40, 0), 0.4);
}

TEST(EdgeExtender, AFaultAfterThreeCyclesDoesNotSpoilTheStart) {
  const Tones x = {{1.0 / 200.0, 100.0, 0.7}};
  std::vector<float> frames = testing::frames_of({x}, 8, 0, 4000);
  for (std::size_t n = 620; n < 4000; ++n) {
    frames[n * 8] *= 0.2F;
  }
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 200.0, .horizon_frames = 40});
  std::vector<float> made(40 * 8);
  extend.before(frames.data(), 4000, made.data());
  EXPECT_LT(worst_error(x, made, -40, 40, 0), 0.01);
}

TEST(EdgeExtender, MirrorsWhatCannotBePredicted) {
  testing::Random random(4);
  std::vector<float> frames(2048 * 8, 0.0F);
  for (std::size_t n = 0; n < 2048; ++n) {
    frames[n * 8] = static_cast<float>(random.unit());
  }
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 200.0, .horizon_frames = 30});
  std::vector<float> made(30 * 8);
  extend.before(frames.data(), 2048, made.data());
  for (std::size_t k = 1; k <= 30; ++k) {
    EXPECT_FLOAT_EQ(made[(30 - k) * 8], 2.0F * frames[0] - frames[k * 8]);
  }
  extend.after(frames.data(), 2048, made.data());
  for (std::size_t k = 1; k <= 30; ++k) {
    EXPECT_FLOAT_EQ(made[(k - 1) * 8], 2.0F * frames[2047 * 8] - frames[(2047 - k) * 8]);
  }
}

TEST(EdgeExtender, NeverGrowsBeyondTheRecord) {
  // An exponential rise is predictable but must not be followed into absurd values.
  std::vector<float> frames(400 * 8, 0.0F);
  for (std::size_t n = 0; n < 400; ++n) {
    frames[n * 8] = std::exp(0.02F * static_cast<float>(n));
  }
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 40.0, .horizon_frames = 200});
  std::vector<float> made(200 * 8);
  extend.after(frames.data(), 400, made.data());
  for (std::size_t k = 0; k < 200; ++k) {
    EXPECT_LE(std::fabs(made[k * 8]), 2.0F * frames[399 * 8]);
  }
}

TEST(EdgeExtender, TakesShortAndHoledRecords) {
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 100.0, .horizon_frames = 30});
  std::vector<float> made(30 * 8, 1.0F);
  std::vector<float> one(8, 5.0F);
  one[3] = kNan;
  extend.before(one.data(), 1, made.data());
  EXPECT_EQ(made[0], 5.0F);
  EXPECT_EQ(made[29 * 8], 5.0F);
  EXPECT_TRUE(std::isnan(made[3]) && std::isnan(made[29 * 8 + 3]));

  const Tones x = {{0.01, 10.0, 0.3}};
  std::vector<float> frames = testing::frames_of({x, x}, 8, 0, 1000);
  frames[600 * 8] = kNan;  // far from the edge: the rest before it is enough
  extend.before(frames.data(), 1000, made.data());
  EXPECT_LT(worst_error(x, made, -30, 30, 0), 1e-3);
  EXPECT_LT(worst_error(x, made, -30, 30, 1), 1e-3);
  frames[999 * 8] = kNan;  // the edge itself
  extend.after(frames.data(), 1000, made.data());
  EXPECT_TRUE(std::isnan(made[0]));
  EXPECT_LT(worst_error(x, made, 1000, 30, 1), 1e-3);
}

}  // namespace
}  // namespace halfcycle::signal
