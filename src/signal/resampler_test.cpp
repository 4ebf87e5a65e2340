// SPDX-License-Identifier: Apache-2.0
// The whole way from the source's samples to spectral bins: upsampler, resampler, transform.
#include "signal/resampler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "signal/lane_fft.hpp"
#include "signal/test_signal.hpp"
#include "signal/upsampler.hpp"

namespace halfcycle::signal {
namespace {

using testing::Tone;
using testing::Tones;

// Worst errors over the frequency range of seven frequencies, 85 … 115 % of nominal.
struct Errors {
  double rms = 0.0;          // of the resampled samples of a sine, relative
  double fundamental = 0.0;  // bin of the fundamental, complex, relative
  double middle = 0.0;       // tone of 10 % at order 50 or half the highest, relative to the tone
  double top = 0.0;          // tone of 10 % at the highest order, relative to the tone
  double spill = 0.0;        // largest bin of the analysed orders of full-size tones above them
  int middle_order = 0;
  int highest_order = 0;
  std::size_t taps = 0;
};

std::complex<double> bin(const std::vector<float>& spectrum, int k, std::size_t lane) {
  const float* at = spectrum.data() + static_cast<std::size_t>(k) * 16;
  return {at[lane], at[lane + 8]};
}

Errors measure(double per_cycle_nominal) {
  const int factor = upsampling_factor(per_cycle_nominal);
  const double fast_per_cycle = per_cycle_nominal * factor;
  const int points = choose_points_per_cycle(fast_per_cycle);
  Errors worst;
  worst.highest_order = highest_analysable_order(per_cycle_nominal, points);
  worst.middle_order = worst.highest_order > 50 ? 50 : std::max(2, worst.highest_order / 2);
  const ResamplerKernel kernel({.input_per_cycle = fast_per_cycle,
                                .output_per_cycle = points,
                                .highest_order = worst.highest_order});
  worst.taps = kernel.taps();
  const UpsamplerKernel up_kernel(factor);
  const Upsampler upsample(&up_kernel);
  const Resampler resample(&kernel);
  const auto count = static_cast<std::size_t>(10 * points);
  const LaneFft fft(count, 8, static_cast<std::size_t>(10 * worst.highest_order + 5));
  std::vector<float> resampled(count * 8);
  std::vector<float> spectrum(fft.output_floats());
  std::vector<float> work(fft.workspace_floats());

  for (const double ratio : {0.85, 0.87, 0.9, 1.0, 1.07, 1.1, 1.15}) {
    // Ten cycles are a whole number of samples, so that folded tones fall on bins and do not leak.
    const double per_cycle = std::round(10.0 * per_cycle_nominal / ratio) / 10.0;
    const Tone fundamental = {1.0 / per_cycle, 1.0, 0.3};
    std::vector<Tones> lanes = {{fundamental},
                                {fundamental, {worst.middle_order / per_cycle, 0.1, 1.0}},
                                {fundamental, {worst.highest_order / per_cycle, 0.1, 2.0}}};
    for (const double f : {0.33, 0.40, 0.46, 0.48, 0.4955}) {
      const double order = std::round(f * per_cycle * 10.0) / 10.0;
      lanes.push_back(order > worst.highest_order + 0.5 ? Tones{{order / per_cycle, 1.0, 0.5}}
                                                        : Tones{});
    }
    const auto pad = static_cast<std::int64_t>(kernel.taps() / 2 + 40);
    const auto held =
        static_cast<std::size_t>(10.0 * per_cycle) + 2 * static_cast<std::size_t>(pad);
    FrameRing raw(8, held, kernel.taps());
    raw.reset(-pad);
    raw.push(testing::frames_of(lanes, 8, -pad, held).data(), held);
    FrameRing fast(8, held * static_cast<std::size_t>(factor), kernel.taps());
    fast.reset(upsample.first_output(raw.begin()));
    upsample(raw, fast);
    const FrameRing& ring = factor > 1 ? fast : raw;
    resample(ring, SamplePosition::at(0, 0.0),
             SamplePosition::from_samples(per_cycle * factor / points), count, resampled.data());
    fft(resampled.data(), spectrum.data(), work.data());

    double square = 0.0;
    for (std::size_t n = 0; n < count; ++n) {
      square += static_cast<double>(resampled[n * 8]) * static_cast<double>(resampled[n * 8]);
    }
    const auto raise = [](double& to, double value) {
      to = std::isnan(value) ? value : std::max(to, value);  // NaN stays: std::max(NaN, x) is NaN
    };
    raise(worst.rms, std::fabs(std::sqrt(2.0 * square / static_cast<double>(count)) - 1.0));
    raise(worst.fundamental, std::abs(bin(spectrum, 10, 0) - std::polar(1.0, 0.3)));
    raise(worst.middle,
          10.0 * std::abs(bin(spectrum, 10 * worst.middle_order, 1) - std::polar(0.1, 1.0)));
    raise(worst.top,
          10.0 * std::abs(bin(spectrum, 10 * worst.highest_order, 2) - std::polar(0.1, 2.0)));
    for (std::size_t lane = 3; lane < lanes.size(); ++lane) {
      for (int k = 0; k <= 10 * worst.highest_order + 4; ++k) {
        const bool own = !lanes[lane].empty() &&
                         std::fabs(lanes[lane][0].frequency * per_cycle * 10.0 - k) < 0.5;
        if (!own) {
          raise(worst.spill, std::abs(bin(spectrum, k, lane)));
        }
      }
    }
  }
  return worst;
}

struct Row {
  const char* name;
  double per_cycle;  // samples in a nominal cycle, as the source has them
  int highest_order;
  std::size_t taps;
  double rms, fundamental, middle, top, spill;
};

class Resampling : public ::testing::TestWithParam<Row> {};

TEST_P(Resampling, KeepsTheTableOfErrorsOverTheFrequencyRange) {
  const Row& row = GetParam();
  const Errors e = measure(row.per_cycle);
  EXPECT_EQ(e.highest_order, row.highest_order);
  EXPECT_EQ(e.taps, row.taps);
  EXPECT_LE(e.rms, row.rms);
  EXPECT_LE(e.fundamental, row.fundamental);
  EXPECT_LE(e.middle, row.middle);
  EXPECT_LE(e.top, row.top);
  EXPECT_LE(e.spill, row.spill);
}

INSTANTIATE_TEST_SUITE_P(
    PerCycle, Resampling,
    ::testing::Values(Row{"8", 8.0, 2, 16, 5e-7, 4e-7, 1e-6, 1e-6, 1e-6},
                      Row{"16", 16.0, 5, 16, 5e-7, 4e-7, 1e-6, 1e-6, 1e-6},
                      Row{"32", 32.0, 11, 16, 5e-7, 4e-7, 1e-6, 2e-6, 1e-6},
                      Row{"64", 64.0, 23, 16, 5e-7, 4e-7, 3e-6, 3e-6, 2e-6},
                      Row{"95", 95.0, 34, 16, 5e-7, 4e-7, 1e-6, 3e-6, 1e-6},
                      Row{"96", 96.0, 35, 36, 2e-6, 2e-6, 1e-5, 5e-5, 3e-6},
                      Row{"128", 128.0, 40, 28, 1e-6, 1e-6, 1e-5, 3e-5, 6e-6},
                      Row{"166_7", 166.7, 60, 32, 1e-6, 1e-6, 3e-5, 1e-4, 2e-6},
                      Row{"200_as_10_kS", 200.0, 73, 36, 7e-7, 7e-7, 2e-5, 7e-5, 2e-6},
                      Row{"256", 256.0, 80, 28, 5e-7, 5e-7, 1e-5, 3e-5, 6e-6},
                      Row{"400", 400.0, 127, 24, 1e-7, 2e-7, 2e-6, 2e-5, 2e-6},
                      Row{"512_as_25_6_kS", 512.0, 127, 16, 2e-7, 3e-7, 1e-5, 8e-5, 1e-5},
                      Row{"1024", 1024.0, 127, 32, 1.5e-7, 2e-7, 1e-5, 7e-5, 4e-5}),
    [](const auto& row) { return "From" + std::string(row.param.name); });

TEST(Resampler, TenKilosamplesToOrder50NeedFewTaps) {
  const ResamplerKernel kernel(
      {.input_per_cycle = 200.0, .output_per_cycle = 256, .highest_order = 50});
  EXPECT_LE(kernel.taps(), 20U);
  EXPECT_LE(kernel.designed_ripple(), 2e-5);
}

TEST(Resampler, AWholeStepReproducesALowFrequencySignalAtItsSamples) {
  const Tones x = {{1.0 / 512.0, 100.0, 0.7}};
  FrameRing ring(8, 1024, 64);
  ring.push(testing::frames_of({x}, 8, 0, 1024).data(), 1024);
  const ResamplerKernel kernel({});
  const Resampler resample(&kernel);
  std::vector<float> out(64 * 8);
  resample(ring, SamplePosition::at(100, 0.375), SamplePosition::at(1, 0.0), 64, out.data());
  for (std::size_t k = 0; k < 64; ++k) {
    EXPECT_NEAR(out[k * 8], testing::value(x, 100.375 + static_cast<double>(k)), 4e-5);
  }
}

TEST(Resampler, AMissingSampleStaysInItsLaneAndWithinTheTaps) {
  std::vector<float> frames(1024 * 12, 1.0F);
  frames[500 * 12 + 9] = std::numeric_limits<float>::quiet_NaN();
  FrameRing ring(12, 1024, 64);
  ring.push(frames.data(), 1024);
  const ResamplerKernel kernel({});
  const Resampler resample(&kernel);
  std::vector<float> out(200 * 12);
  resample(ring, SamplePosition::at(400, 0.5), SamplePosition::at(1, 0.0), 200, out.data());
  for (std::size_t k = 0; k < 200; ++k) {
    const std::int64_t n = 400 + static_cast<std::int64_t>(k);
    const bool reached = kernel.first_frame(SamplePosition::at(n, 0.5)) <= 500 &&
                         500 < kernel.end_frame(SamplePosition::at(n, 0.5));
    for (std::size_t lane = 0; lane < 12; ++lane) {
      if (lane == 9 && reached) {
        EXPECT_TRUE(std::isnan(out[k * 12 + lane]));
      } else {
        EXPECT_NEAR(out[k * 12 + lane], 1.0F, 3e-7F) << k << " " << lane;
      }
    }
  }
}

TEST(Upsampler, KeepsTheInputsSamplesAndHitsTheSignalBetweenThem) {
  // Flat to 0.43 of the input rate within 1e-6, so a tone there is hit between the samples too.
  const Tones slow = {{0.05, 1.0, 0.2}};
  const Tones fast = {{0.43, 1.0, 1.2}};
  for (const int factor : {2, 3, 8, 16}) {
    const UpsamplerKernel kernel(factor);
    const Upsampler upsample(&kernel);
    FrameRing in(8, 512, 64);
    FrameRing out(8, 8192, 64);
    in.reset(-100);
    const std::vector<float> frames = testing::frames_of({slow, fast}, 8, -100, 400);
    out.reset(upsample.first_output(-100));
    for (std::size_t n = 0; n < 400; n += 50) {  // in pieces, as a source delivers them
      in.push(frames.data() + n * 8, 50);
      upsample(in, out);
      EXPECT_EQ(out.end(), std::max(out.begin(), upsample.end_output(in.end())));
    }
    EXPECT_EQ(out.begin(), -69 * factor);
    EXPECT_EQ(out.end(), 268 * factor);
    double worst_slow = 0.0;
    double worst_fast = 0.0;
    for (std::int64_t k = out.begin(); k < out.end(); ++k) {
      const double n = static_cast<double>(k) / factor;
      worst_slow = std::max(
          worst_slow, std::fabs(static_cast<double>(out.frames(k)[0]) - testing::value(slow, n)));
      worst_fast = std::max(
          worst_fast, std::fabs(static_cast<double>(out.frames(k)[1]) - testing::value(fast, n)));
      if (k % factor == 0) {
        EXPECT_EQ(out.frames(k)[1], in.frames(k / factor)[1]);
      }
    }
    EXPECT_LE(worst_slow, 5e-7);
    EXPECT_LE(worst_fast, 2e-6);  // 1e-6 of response and 1e-6 of image at the worst phase
  }
}

TEST(Upsampler, FactorsReach128SamplesACycle) {
  EXPECT_EQ(upsampling_factor(8.0), 16);
  EXPECT_EQ(upsampling_factor(12.0), 11);
  EXPECT_EQ(upsampling_factor(64.0), 2);
  EXPECT_EQ(upsampling_factor(95.9), 2);
  EXPECT_EQ(upsampling_factor(96.0), 1);
  EXPECT_EQ(upsampling_factor(1024.0), 1);
}

TEST(PointsPerCycle, FactorIntoTwoThreeAndFive) {
  EXPECT_EQ(choose_points_per_cycle(512.0), 512);
  EXPECT_EQ(choose_points_per_cycle(400.0), 512);
  EXPECT_EQ(choose_points_per_cycle(200.0), 256);
  EXPECT_EQ(choose_points_per_cycle(128.0), 128);
  for (const std::size_t cycles : {10U, 12U}) {
    for (const std::size_t points : {128U, 256U, 512U}) {
      EXPECT_TRUE(LaneFft::supports(cycles * points));
    }
  }
}

}  // namespace
}  // namespace halfcycle::signal
