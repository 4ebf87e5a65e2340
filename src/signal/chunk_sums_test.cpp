// SPDX-License-Identifier: Apache-2.0
#include "signal/chunk_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "signal/test_signal.hpp"

namespace halfcycle::signal {
namespace {

using testing::mean_product;
using testing::Random;
using testing::Tone;
using testing::Tones;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Random voltages and currents of three phases and neutral with harmonics.
std::vector<Tones> three_phase(double per_cycle, Random& random) {
  std::vector<Tones> lanes(8);
  for (std::size_t lane = 0; lane < 8; ++lane) {
    const double scale = lane < 4 ? 325.0 : 7.0;
    lanes[lane] = {{1.0 / per_cycle, scale * (0.5 + random.unit()), random.angle()},
                   {0.0, 0.02 * scale, 0.3},
                   {5.0 / per_cycle, 0.05 * scale, random.angle()},
                   {7.0 / per_cycle, 0.05 * scale, random.angle()}};
  }
  return lanes;
}

FrameRing ring_of(const std::vector<Tones>& tones, std::size_t lanes, std::int64_t first,
                  std::size_t count, SimdLevel level = best_simd_level()) {
  FrameRing ring(lanes, count, 128, level);
  ring.reset(first);
  ring.push(testing::frames_of(tones, lanes, first, count).data(), count);
  return ring;
}

// Rows: worst relative error of the r.m.s. over random phases and window positions, whole and
// fractional numbers of samples. The bounds are the table of chunk_sums.hpp.
struct Row {
  const char* name;
  double per_cycle;
  enum class Content { Harmonics, ToneAt30, ToneAt45 } content;
  double cycles;
  double fast_bound;
  double fine_bound;
};

class WindowAccuracy : public ::testing::TestWithParam<Row> {};

double worst_rms_error(const Row& row, WindowEnds ends) {
  Random random(7);
  const WindowIntegrator integrate;
  double worst = 0.0;
  const int rounds = row.cycles > 5.0 ? 8 : 24;
  for (int round = 0; round < rounds; ++round) {
    Tones x = {{1.0 / row.per_cycle, 1.0, random.angle()}};
    if (row.content == Row::Content::Harmonics) {
      for (int h = 2; h <= 0.2 * row.per_cycle && h <= 100; h += h < 10 ? 1 : 7) {
        x.push_back({h / row.per_cycle, 0.3 / h, random.angle()});
      }
    } else {
      x.push_back({row.content == Row::Content::ToneAt30 ? 0.30 : 0.45, 0.1, random.angle()});
    }
    const double a = 40.0 + random.unit() * row.per_cycle;
    const double b = a + row.cycles * row.per_cycle;
    const FrameRing ring = ring_of({x}, 8, 0, static_cast<std::size_t>(b) + 64);
    const WindowSums w = integrate(ring, SamplePosition::at(0, a), SamplePosition::at(0, b), ends);
    const double truth = std::sqrt(mean_product(x, x, a, b));
    worst = std::max(worst, std::fabs(std::sqrt(w.square[0] / w.samples) / truth - 1.0));
  }
  return worst;
}

TEST_P(WindowAccuracy, OfTheRmsIsWithinTheTableForFastEnds) {
  EXPECT_LE(worst_rms_error(GetParam(), WindowEnds::Fast), GetParam().fast_bound);
}

TEST_P(WindowAccuracy, OfTheRmsIsWithinTheTableForFineEnds) {
  EXPECT_LE(worst_rms_error(GetParam(), WindowEnds::Fine), GetParam().fine_bound);
}

using enum Row::Content;
INSTANTIATE_TEST_SUITE_P(Rms, WindowAccuracy,
                         ::testing::Values(Row{"h20_96_half", 96.0, Harmonics, 0.5, 2e-5, 1e-5},
                                           Row{"h20_96_one", 96.0, Harmonics, 1.0, 5e-6, 5e-6},
                                           Row{"h20_96_one_off", 96.0, Harmonics, 1.013, 5e-6,
                                               5e-6},
                                           Row{"h20_96_ten", 96.0, Harmonics, 10.007, 1e-6, 1e-6},
                                           Row{"h20_200_half", 200.0, Harmonics, 0.5, 1e-5, 5e-6},
                                           Row{"h20_200_one", 200.0, Harmonics, 1.013, 3e-6, 2e-6},
                                           Row{"h20_512_half", 512.0, Harmonics, 0.5, 2e-6, 1e-6},
                                           Row{"h20_512_one", 512.3, Harmonics, 1.0, 5e-7, 5e-7},
                                           Row{"h20_512_ten", 512.3, Harmonics, 10.0, 1e-7, 1e-7},
                                           Row{"t45_96_one", 96.0, ToneAt45, 1.013, 5e-4, 2e-5},
                                           Row{"t45_96_ten", 96.0, ToneAt45, 10.007, 5e-5, 2e-6},
                                           Row{"t45_166_ten", 166.7, ToneAt45, 10.0, 3e-5, 2e-6},
                                           Row{"t45_512_one", 512.0, ToneAt45, 1.013, 1e-4, 5e-6},
                                           Row{"t45_512_ten", 512.0, ToneAt45, 10.007, 1e-5, 5e-7},
                                           Row{"t30_96_one", 96.0, ToneAt30, 1.013, 2e-4, 3e-6},
                                           Row{"t30_200_ten", 200.0, ToneAt30, 10.007, 1e-5, 2e-7},
                                           Row{"t30_512_one", 512.0, ToneAt30, 1.013, 2e-5, 3e-7}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(WindowSums, EveryProductAgreesWithItsClosedForm) {
  Random random(3);
  const double per_cycle = 512.3;
  const std::vector<Tones> x = three_phase(per_cycle, random);
  const double a = 60.37;
  const double b = a + 1.5 * per_cycle;
  const FrameRing ring = ring_of(x, 8, 0, 1024);
  const WindowIntegrator integrate;
  for (const WindowEnds ends : {WindowEnds::Fast, WindowEnds::Fine}) {
    const WindowSums w = integrate(ring, SamplePosition::at(0, a), SamplePosition::at(0, b), ends);
    EXPECT_NEAR(w.samples, b - a, 1e-12);
    const Tones one = {{0.0, 1.0, 0.0}};
    const auto mean = [&](const Tones& u, const Tones& v) { return mean_product(u, v, a, b); };
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double square = mean(x[lane], x[lane]);
      EXPECT_NEAR(w.square[lane] / w.samples, square, 1e-6 * square) << lane;
      EXPECT_NEAR(w.sum[lane] / w.samples, mean(x[lane], one), 1e-6 * std::sqrt(square)) << lane;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const double apparent = std::sqrt(mean(x[k], x[k]) * mean(x[k + 4], x[k + 4]));
      EXPECT_NEAR(w.power[k] / w.samples, mean(x[k], x[k + 4]), 1e-6 * apparent) << k;
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const std::size_t next = (k + 1) % 3;
      const Tones line = sum_of(x[k], x[next], -1.0);
      EXPECT_NEAR(w.line_square[k] / w.samples, mean(line, line), 1e-6 * mean(line, line)) << k;
    }
    const Tones i = sum_of(sum_of(x[4], x[5]), x[6]);
    EXPECT_NEAR(w.current_residual_square / w.samples, mean(i, i), 1e-5 * mean(x[4], x[4]));
  }
}

TEST(WindowSums, TwelveLanesMeasureTheFifthCurrentAndTheSameForTheRest) {
  Random random(4);
  std::vector<Tones> x = three_phase(400.0, random);
  const FrameRing eight = ring_of(x, 8, -50, 1024);
  x.push_back({{1.0 / 400.0, 3.0, 0.4}});
  const FrameRing twelve = ring_of(x, 12, -50, 1024);
  const WindowIntegrator integrate;
  const SamplePosition a = SamplePosition::at(-10, 0.4);
  const SamplePosition b = a + 800.0;
  for (const WindowEnds ends : {WindowEnds::Fast, WindowEnds::Fine}) {
    const WindowSums w8 = integrate(eight, a, b, ends);
    const WindowSums w12 = integrate(twelve, a, b, ends);
    EXPECT_NEAR(w12.square[8] / w12.samples, 4.5, 1e-6);
    EXPECT_NEAR(w12.max[8], 3.0, 1e-3);
    for (std::size_t lane = 0; lane < 8; ++lane) {
      EXPECT_EQ(w12.square[lane], w8.square[lane]);
      EXPECT_EQ(w12.sum[lane], w8.sum[lane]);
      EXPECT_EQ(w12.min[lane], w8.min[lane]);
      EXPECT_EQ(w12.max[lane], w8.max[lane]);
    }
    EXPECT_EQ(w12.power, w8.power);
    EXPECT_EQ(w12.line_square, w8.line_square);
  }
}

TEST(WindowSums, DoNotDependOnHowTheSamplesWereCutIntoBlocks) {
  Random random(5);
  const std::vector<float> frames = testing::frames_of(three_phase(320.0, random), 8, -37, 3000);
  FrameRing whole(8, 2048, 128);
  FrameRing pieces(8, 2048, 128);
  whole.reset(-37);
  pieces.reset(-37);
  whole.push(frames.data(), 3000);
  for (std::size_t at = 0; at < 3000;) {
    const std::size_t run =
        std::min<std::size_t>(3000 - at, 1 + static_cast<std::size_t>(random.unit() * 40.0));
    pieces.push(frames.data() + at * 8, run);
    at += run;
  }
  EXPECT_EQ(whole.begin(), pieces.begin());
  EXPECT_EQ(whole.end(), 2963);
  const WindowIntegrator integrate;
  for (int k = 0; k < 20; ++k) {
    const SamplePosition a = SamplePosition::at(950, random.unit() * 300.0);
    const SamplePosition b = a + (20.0 + random.unit() * 1600.0);
    const WindowSums x = integrate(whole, a, b);
    const WindowSums y = integrate(pieces, a, b);
    EXPECT_EQ(x.square, y.square);
    EXPECT_EQ(x.power, y.power);
    EXPECT_EQ(x.min, y.min);
  }
}

TEST(WindowSums, WindowsThatMeetAddUpToTheWhole) {
  Random random(6);
  const FrameRing ring = ring_of(three_phase(512.0, random), 8, 0, 2048);
  const WindowIntegrator integrate;
  const SamplePosition a = SamplePosition::at(100, 0.123);
  const SamplePosition m = a + 256.7;
  const SamplePosition b = a + 1024.4;
  WindowSums parts = integrate(ring, a, m);
  parts += integrate(ring, m, b);
  const WindowSums whole = integrate(ring, a, b);
  EXPECT_NEAR(parts.samples, whole.samples, 1e-9);
  for (std::size_t lane = 0; lane < 8; ++lane) {
    EXPECT_NEAR(parts.square[lane], whole.square[lane], 2e-7 * whole.square[lane]);
    EXPECT_EQ(parts.max[lane], whole.max[lane]);
    EXPECT_EQ(parts.min[lane], whole.min[lane]);
  }
}

TEST(WindowSums, AMissingSampleTakesOnlyTheSumsOfItsLane) {
  Random random(8);
  const std::vector<Tones> x = three_phase(512.0, random);
  std::vector<float> frames = testing::frames_of(x, 8, 0, 1024);
  FrameRing clean(8, 1024, 128);
  clean.push(frames.data(), 1024);
  frames[400 * 8 + 1] = kNan;  // V2
  FrameRing holed(8, 1024, 128);
  holed.push(frames.data(), 1024);
  const WindowIntegrator integrate;
  const SamplePosition a = SamplePosition::at(200, 0.5);
  const SamplePosition b = a + 512.0;
  const WindowSums w = integrate(holed, a, b);
  const WindowSums good = integrate(clean, a, b);
  for (std::size_t lane = 0; lane < 8; ++lane) {
    EXPECT_EQ(std::isnan(w.square[lane]), lane == 1) << lane;
    EXPECT_EQ(std::isnan(w.sum[lane]), lane == 1) << lane;
    if (lane != 1) {
      EXPECT_EQ(w.square[lane], good.square[lane]);
    }
    EXPECT_TRUE(std::isfinite(w.min[lane]) && std::isfinite(w.max[lane]));
  }
  EXPECT_TRUE(std::isnan(w.power[1]));
  EXPECT_EQ(w.power[0], good.power[0]);
  EXPECT_EQ(w.power[2], good.power[2]);
  EXPECT_EQ(w.line_square[2], good.line_square[2]);  // V3 − V1
  EXPECT_TRUE(std::isnan(w.line_square[0]) && std::isnan(w.line_square[1]));
  EXPECT_EQ(w.current_residual_square, good.current_residual_square);
  // A window that ends well before the hole knows nothing of it.
  EXPECT_EQ(integrate(holed, a, a + 180.0).square, integrate(clean, a, a + 180.0).square);
}

TEST(WindowSums, ExtremesAreThoseOfTheSamplesInTheWindowOnly) {
  std::vector<float> frames(512 * 8, 0.0F);
  for (std::size_t n = 0; n < 512; ++n) {
    frames[n * 8] = static_cast<float>(n);
    frames[n * 8 + 4] = -static_cast<float>(n);
  }
  FrameRing ring(8, 512, 128);
  ring.push(frames.data(), 512);
  const WindowIntegrator integrate;
  for (const double length : {1.5, 7.0, 16.0, 33.3, 100.0, 300.0}) {
    for (const WindowEnds ends : {WindowEnds::Fast, WindowEnds::Fine}) {
      for (const double offset : {0.0, 0.25}) {
        const SamplePosition a = SamplePosition::at(70, offset);
        const WindowSums w = integrate(ring, a, a + length, ends);
        EXPECT_EQ(w.min[0], 70.0F + static_cast<float>(std::ceil(offset))) << length;
        EXPECT_EQ(w.max[0], static_cast<float>(std::ceil(70.0 + offset + length) - 1.0)) << length;
        EXPECT_EQ(w.min[4], -w.max[0]);
        // A straight line: its integral is exact by hand.
        EXPECT_NEAR(w.sum[0] / w.samples, 70.0 + offset + length / 2.0, 2e-4) << length;
      }
    }
  }
}

TEST(FrameRing, GivesRunsAcrossItsEndAndCopiesThem) {
  FrameRing ring(8, 256, 96);
  ASSERT_EQ(ring.capacity(), 256U);
  std::vector<float> frame(8);
  for (int n = -5; n < 700; ++n) {
    if (n == -5) {
      ring.reset(-5);
    }
    frame.assign(8, static_cast<float>(n));
    ring.push(frame.data(), 1);
  }
  EXPECT_EQ(ring.begin(), 700 - 256);
  EXPECT_EQ(ring.end(), 700);
  EXPECT_TRUE(ring.holds(444, 700));
  EXPECT_FALSE(ring.holds(443, 700));
  EXPECT_FALSE(ring.holds(444, 701));
  for (std::int64_t first = 444; first + 96 <= 700; ++first) {
    const float* run = ring.frames(first);
    for (std::int64_t k = 0; k < 96; ++k) {
      ASSERT_EQ(run[k * 8 + 3], static_cast<float>(first + k));
    }
  }
  std::vector<float> copy(256 * 8);
  ring.copy(444, 256, copy.data());
  EXPECT_EQ(copy[7], 444.0F);
  EXPECT_EQ(copy[255 * 8], 699.0F);
}

}  // namespace
}  // namespace halfcycle::signal
