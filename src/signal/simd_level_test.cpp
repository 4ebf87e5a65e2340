// SPDX-License-Identifier: Apache-2.0
// What holds for all primitives together: equal bits at every machine level, and no allocation
// after construction.
#include "signal/simd_level.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "signal/allocation_count.hpp"
#include "signal/chunk_layout.hpp"
#include "signal/chunk_sums.hpp"
#include "signal/edge_extension.hpp"
#include "signal/kernels.hpp"
#include "signal/lane_fft.hpp"
#include "signal/phasor.hpp"
#include "signal/resampler.hpp"
#include "signal/test_signal.hpp"
#include "signal/trig.hpp"
#include "signal/upsampler.hpp"

namespace halfcycle::signal {
namespace {

// A chain as the meter runs it, over noise with a missing sample.
struct Chain {
  Chain(std::size_t lane_count, SimdLevel level)
      : lanes(lane_count),
        raw(lanes, 1024, 128, level),
        fast(lanes, 8192, 128, level),
        up_kernel(2),
        upsample(&up_kernel, level),
        kernel({.input_per_cycle = 160.0, .output_per_cycle = 256, .highest_order = 28}),
        resample(&kernel, level),
        fft(2560, lanes, 640, level),
        extend({.lanes = lanes, .samples_per_cycle = 80.0, .horizon_frames = 70}),
        extension(70 * lanes),
        resampled(2560 * lanes),
        spectrum(fft.output_floats()),
        work(fft.workspace_floats()) {}

  void run(const std::vector<float>& frames) {
    const std::size_t count = frames.size() / lanes;
    extend.before(frames.data(), count, extension.data());
    raw.reset(-70);
    fast.reset(upsample.first_output(-70));
    raw.push(extension.data(), 70);
    for (std::size_t at = 0; at < count; at += 100) {
      raw.push(frames.data() + at * lanes, std::min<std::size_t>(100, count - at));
      upsample(raw, fast);
    }
    const SamplePosition start = SamplePosition::at(0, 0.37);
    const SamplePosition step = SamplePosition::from_samples(160.7 / 256.0);
    resample(fast, start, step, 2560, resampled.data());
    fft(resampled.data(), spectrum.data(), work.data());
    window = integrate(fast, start, start + 1607.0, WindowEnds::Fine);
    half = integrate(fast, start, start + 80.35);
    quarter = integrate(fast, start, start + 11.1);
    std::array<float, 2 * kChunkFrames> rotation;
    for (std::size_t k = 0; k < kChunkFrames; ++k) {
      const SinCos turned = sin_cos_turns(static_cast<double>(k) / 256.0);
      rotation[2 * k] = static_cast<float>(turned.cos);
      rotation[2 * k + 1] = static_cast<float>(turned.sin);
    }
    const SinCos block = sin_cos_turns(static_cast<double>(kChunkFrames) / 256.0);
    std::array<float, 1283> ones_and_less;
    for (std::size_t k = 0; k < ones_and_less.size(); ++k) {
      ones_and_less[k] = 1.0F - 0.001F * static_cast<float>(k % 100);
    }
    const float* const nothing = nullptr;
    for (const float* weights : {nothing, static_cast<const float*>(ones_and_less.data())}) {
      raw.kernels().turned_phasor({.frames = resampled.data(),
                                   .weights = weights,
                                   .count = 1283,
                                   .rotation = rotation.data(),
                                   .start_cos = 0.6,
                                   .start_sin = 0.8,
                                   .block_cos = block.cos,
                                   .block_sin = block.sin},
                                  lanes, phasor.re.data(), phasor.im.data());
    }
  }

  std::size_t lanes;
  FrameRing raw, fast;
  UpsamplerKernel up_kernel;
  Upsampler upsample;
  ResamplerKernel kernel;
  Resampler resample;
  LaneFft fft;
  WindowIntegrator integrate;
  EdgeExtender extend;
  std::vector<float> extension, resampled, spectrum, work;
  WindowSums window, half, quarter;
  PhasorSum phasor;
};

std::vector<float> noisy_frames(std::size_t lanes, std::size_t count) {
  testing::Random random(21);
  std::vector<float> frames(count * lanes);
  for (std::size_t n = 0; n < count * lanes; ++n) {
    frames[n] = static_cast<float>(
        200.0 * std::cos(0.0785 * static_cast<double>(n / lanes) + static_cast<double>(n % lanes)) +
        100.0 * (random.unit() - 0.5));
  }
  frames[700 * lanes + 6] = std::numeric_limits<float>::quiet_NaN();
  return frames;
}

bool equal_bits(const std::vector<float>& a, const std::vector<float>& b) {
  // A NaN's sign and payload are no result; the place of NaNs is.
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (std::memcmp(&a[k], &b[k], sizeof(float)) != 0 && !(std::isnan(a[k]) && std::isnan(b[k]))) {
      return false;
    }
  }
  return a.size() == b.size();
}

template <class Array>
bool equal_values(const Array& a, const Array& b) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!(a[k] == b[k]) && !(std::isnan(a[k]) && std::isnan(b[k]))) {
      return false;
    }
  }
  return true;
}

void expect_equal(const WindowSums& a, const WindowSums& b) {
  EXPECT_TRUE(equal_values(a.sum, b.sum));
  EXPECT_TRUE(equal_values(a.square, b.square));
  EXPECT_TRUE(equal_values(a.power, b.power));
  EXPECT_TRUE(equal_values(a.line_square, b.line_square));
  EXPECT_TRUE(equal_values(a.min, b.min));
  EXPECT_TRUE(equal_values(a.max, b.max));
}

class Levels : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Levels, GiveTheSameBits) {
  if (best_simd_level() == SimdLevel::Base) {
    GTEST_SKIP() << "this machine has one level only";
  }
  const std::size_t lanes = GetParam();
  const std::vector<float> frames = noisy_frames(lanes, 1000);
  Chain base(lanes, SimdLevel::Base);
  Chain avx2(lanes, SimdLevel::Avx2);
  base.run(frames);
  avx2.run(frames);
  EXPECT_TRUE(equal_bits(base.resampled, avx2.resampled));
  EXPECT_TRUE(equal_bits(base.spectrum, avx2.spectrum));
  EXPECT_TRUE(equal_values(base.phasor.re, avx2.phasor.re));
  EXPECT_TRUE(equal_values(base.phasor.im, avx2.phasor.im));
  expect_equal(base.window, avx2.window);
  expect_equal(base.half, avx2.half);
  expect_equal(base.quarter, avx2.quarter);
  // The comparison saw numbers, not only missing ones.
  EXPECT_GT(base.window.square[0], 1e6);
  EXPECT_GT(std::abs(base.phasor.value(0)), 1e3);
  EXPECT_TRUE(std::isnan(base.window.square[6]));
}

INSTANTIATE_TEST_SUITE_P(Lanes, Levels, ::testing::Values(8, 12),
                         [](const auto& p) { return std::to_string(p.param); });

TEST(SamplePath, AllocatesNothingAfterConstruction) {
  for (const std::size_t lanes : {std::size_t{8}, std::size_t{12}}) {
    const std::vector<float> frames = noisy_frames(lanes, 1000);
    Chain chain(lanes, best_simd_level());
    const long before = testing::allocation_count();
    for (int second = 0; second < 10; ++second) {
      chain.run(frames);
    }
    EXPECT_EQ(testing::allocation_count(), before);
  }
}

}  // namespace
}  // namespace halfcycle::signal
