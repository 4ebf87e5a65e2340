// SPDX-License-Identifier: Apache-2.0
#include "signal/lane_fft.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "signal/test_signal.hpp"
#include "signal/trig.hpp"

namespace halfcycle::signal {
namespace {

using testing::Random;

// The definition, in long double. exp(−j2πkn/N) from a table of one turn.
std::complex<double> dft(const std::vector<float>& frames, std::size_t lanes, std::size_t lane,
                         std::size_t points, std::size_t k) {
  static std::vector<std::complex<long double>> turn;
  if (turn.size() != points) {
    turn.resize(points);
    for (std::size_t n = 0; n < points; ++n) {
      turn[n] = std::polar(
          1.0L, -testing::kTau * static_cast<long double>(n) / static_cast<long double>(points));
    }
  }
  std::complex<long double> sum = 0.0L;
  for (std::size_t n = 0; n < points; ++n) {
    sum += static_cast<long double>(frames[n * lanes + lane]) * turn[k * n % points];
  }
  const long double scale =
      (k == 0 || 2 * k == points ? 1.0L : 2.0L) / static_cast<long double>(points);
  return {static_cast<double>(sum.real() * scale), static_cast<double>(sum.imag() * scale)};
}

struct Length {
  std::size_t points;
  std::size_t lanes;
};

class Transform : public ::testing::TestWithParam<Length> {};

TEST_P(Transform, AgreesWithALongDoubleDft) {
  const auto [points, lanes] = GetParam();
  Random random(11);
  std::vector<float> frames(points * lanes);
  for (std::size_t n = 0; n < points; ++n) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const double turns = static_cast<double>(n) * 10.0 / static_cast<double>(points);
      frames[n * lanes + lane] =
          static_cast<float>(std::cos(kTwoPi * turns + static_cast<double>(lane)) +
                             0.1 * std::cos(kTwoPi * turns * 7.3) + 0.05 * (random.unit() - 0.5));
    }
  }
  const std::size_t max_bin = points / 2;
  const LaneFft fft(points, lanes, max_bin);
  std::vector<float> out(fft.output_floats());
  std::vector<float> work(fft.workspace_floats());
  fft(frames.data(), out.data(), work.data());
  const double tolerance = points >= 1280 ? 1e-7 : 1.5e-7;  // of the fundamental, which is 1
  // All bins of short transforms, the interesting and some others of long ones.
  const std::size_t step = points > 700 ? 37 : 1;
  for (std::size_t lane = 0; lane < lanes; lane += 3) {
    for (std::size_t k = 0; k <= max_bin; k += (k < 12 || k + 2 > max_bin) ? 1 : step) {
      const std::complex<double> truth = dft(frames, lanes, lane, points, k);
      const float* at = out.data() + k * 2 * lanes;
      ASSERT_LT(std::abs(std::complex<double>(at[lane], at[lane + lanes]) - truth), tolerance)
          << "bin " << k << " lane " << lane;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lengths, Transform,
    ::testing::Values(Length{4, 8}, Length{6, 8}, Length{8, 8}, Length{10, 12}, Length{16, 8},
                      Length{20, 8}, Length{30, 8}, Length{32, 8}, Length{48, 12}, Length{100, 8},
                      Length{64 * 10, 8}, Length{64 * 12, 8}, Length{128 * 10, 8},
                      Length{128 * 12, 8}, Length{256 * 10, 8}, Length{256 * 12, 8},
                      Length{512 * 10, 8}, Length{512 * 12, 8}, Length{512 * 10, 12},
                      Length{2 * 9 * 25 * 8, 8}),
    [](const auto& p) {
      return std::to_string(p.param.points) + "x" + std::to_string(p.param.lanes);
    });

TEST(LaneFft, KnowsTheLengthsItHasRadicesFor) {
  EXPECT_TRUE(LaneFft::supports(5120));
  EXPECT_TRUE(LaneFft::supports(6144));
  EXPECT_FALSE(LaneFft::supports(0));
  EXPECT_FALSE(LaneFft::supports(2));
  EXPECT_FALSE(LaneFft::supports(15));
  EXPECT_FALSE(LaneFft::supports(2 * 7 * 64));
}

TEST(LaneFft, AMissingSampleStaysInItsLane) {
  std::vector<float> frames(640 * 8);
  for (std::size_t n = 0; n < 640 * 8; ++n) {
    frames[n] = static_cast<float>(sin_cos_turns(static_cast<double>(n / 8) / 64.0).cos);
  }
  frames[333 * 8 + 5] = std::numeric_limits<float>::quiet_NaN();
  const LaneFft fft(640, 8, 100);
  std::vector<float> out(fft.output_floats());
  std::vector<float> work(fft.workspace_floats());
  fft(frames.data(), out.data(), work.data());
  for (std::size_t k = 0; k < out.size(); ++k) {
    ASSERT_EQ(std::isnan(out[k]), k % 8 == 5) << k;
  }
  EXPECT_NEAR(out[10 * 16], 1.0F, 1e-6F);
}

}  // namespace
}  // namespace halfcycle::signal
