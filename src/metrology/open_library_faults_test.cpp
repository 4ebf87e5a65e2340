// SPDX-License-Identifier: Apache-2.0
// Faults that open power-quality libraries were found to have, each with a signal that shows it:
// they must be impossible here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "metrology/engine_test_signal.hpp"
#include "metrology/flicker.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
constexpr double kRoot2 = std::numbers::sqrt2;

InputMask three_inputs() { return mask_of({Input::V1, Input::V2, Input::V3}); }

/// Starts 0.2 s before ten seconds of UTC begin.
Recorder measure_ten_seconds(const Samples& s) {
  const Instant start = Instant::from_unix_ns(1600000000000000000) - Duration::ms(200);
  return measure({}, three_inputs(), s, 4096, start);
}

TEST(OpenLibraryFaults, HarmonicsDoNotThrowTheFrequencyOff) {
  Feeder feeder = Feeder::balanced(50.02, 0.0);
  feeder.add_harmonic(3, 0.10, 0.0, 180.0);  // flattens the zero crossing
  feeder.add_harmonic(5, 0.10, 0.0, 70.0);
  feeder.add_harmonic(7, 0.08, 0.0, 200.0);
  feeder.add_harmonic(23, 0.06, 0.0, 10.0);
  const Recorder r = measure_ten_seconds(feeder.sample(10000.0, 10.6));
  ASSERT_EQ(r.get(Interval::TenSecond).size(), 1U);
  EXPECT_NEAR(r.get(Interval::TenSecond)[0][Q::Freq], 50.02, 1e-5);
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_NEAR(h[Q::Freq], 50.02, 1e-3) << h.end;
  }
}

TEST(OpenLibraryFaults, ADipOrLossOfTheReferencePhaseDoesNotThrowTheFrequencyOff) {
  for (const double left : {0.4, 0.0}) {
    Samples s(10000.0, 10.6);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        const double a = k == 0 && t >= 3.0127 && t < 6.4318 ? left : 1.0;
        return a * 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (49.91 * t - k / 3.0));
      });
    }
    const Recorder r = measure_ten_seconds(s);
    ASSERT_EQ(r.get(Interval::TenSecond).size(), 1U);
    EXPECT_NEAR(r.get(Interval::TenSecond)[0][Q::Freq], 49.91, 1e-5) << left;
    for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
      EXPECT_NEAR(h[Q::Freq], 49.91, 1e-3) << left << " " << h.end;
    }
  }
}

// At 10 kS/s a cycle of 51.3 Hz has 194.93 samples.
TEST(OpenLibraryFaults, UrmsOfACycleThatIsNoWholeNumberOfSamplesIsExact) {
  for (const double hertz : {42.7, 47.3, 50.3, 51.3, 57.1}) {
    const Recorder r =
        measure({}, seven_inputs(), Feeder::balanced(hertz, 10.0).sample(10000.0, 0.8));
    ASSERT_GT(r.windows.size(), 150U);
    for (const WindowCopy& w : r.windows) {
      EXPECT_NEAR(w.rms / 230.0, 1.0, 5e-5) << hertz << " " << w.start;
    }
  }
}

TEST(OpenLibraryFaults, OrderFiftyIsReadInFull) {
  for (const double hertz : {42.5, 47.3, 50.0, 53.9, 57.5}) {
    Feeder feeder = Feeder::balanced(hertz, 0.0);
    feeder.add_harmonic(50, 0.02, 0.02, 30.0);
    const Recorder r = measure({}, seven_inputs(), feeder.sample(10000.0, 0.8));
    ASSERT_FALSE(r.get(Interval::TenTwelveCycle).empty());
    for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
      for (const Input input : {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2}) {
        EXPECT_NEAR(static_cast<double>(v.spectra->get(input, SpectrumKind::Magnitude)[50]) / 0.02,
                    1.0, 1e-3)
            << hertz;
      }
    }
  }
}

// Tones between the analysed orders and half the sample rate, where a poor resampler folds.
TEST(OpenLibraryFaults, AToneAboveTheBandIsFoldedIntoNothing) {
  for (const double rate : {10000.0, 25600.0}) {
    for (const double share : {0.37, 0.43, 0.47}) {
      Feeder feeder = Feeder::balanced(50.4, 0.0);
      // On a bin, so that a rectangular window has no leakage of its own.
      const double order = std::round(10.0 * share * rate / 50.4) / 10.0;
      feeder.add_harmonic(order, 0.10, 0.0, 30.0);
      const Recorder r = measure({}, seven_inputs(), feeder.sample(rate, 0.8));
      for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
        const auto& magnitude = v.spectra->get(Input::V1, SpectrumKind::Magnitude);
        const auto& inter = v.spectra->get(Input::V1, SpectrumKind::Interharmonic);
        for (std::size_t h = 2; h <= kMaxOrder; ++h) {
          if (std::abs(static_cast<double>(h) - order) < 5.0) {
            continue;  // analysed itself
          }
          EXPECT_FALSE(static_cast<double>(magnitude[h]) > 1e-4)
              << rate << " " << share << " " << h;
          EXPECT_FALSE(static_cast<double>(inter[h]) > 1e-4) << rate << " " << share << " " << h;
        }
      }
    }
  }
}

// Bins 12h + 2 … 12h + 10 of a 12-cycle window belong to the centred subgroup above order h; with
// the subgroups they tile the spectrum, so that a tone on any bin is counted exactly once.
TEST(OpenLibraryFaults, EveryBinOfATwelveCycleWindowIsCountedExactlyOnce) {
  SystemSetup system;
  system.nominal_frequency_hertz = 60.0;
  for (int k = 1; k <= 12; ++k) {
    const double order = 5.0 + k / 12.0;
    Feeder feeder = Feeder::balanced(60.0, 0.0);
    feeder.add_harmonic(order, 0.03, 0.0, 50.0);
    const Recorder r = measure(system, seven_inputs(), feeder.sample(12000.0, 0.7));
    ASSERT_GE(r.get(Interval::TenTwelveCycle).size(), 3U);
    const IntervalCopy& v = r.get(Interval::TenTwelveCycle)[1];
    double squares = 0.0;
    for (std::size_t h = 2; h <= 50; ++h) {
      squares +=
          std::pow(static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Magnitude)[h]), 2);
      squares += std::pow(
          static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Interharmonic)[h]), 2);
    }
    EXPECT_NEAR(std::sqrt(squares), 0.03, 2e-5) << "bin " << 60 + k;
    const auto subgroup = [&](std::size_t h) {
      return static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Magnitude)[h]);
    };
    const double between =
        static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Interharmonic)[5]);
    EXPECT_NEAR(between, k >= 2 && k <= 10 ? 0.03 : 0.0, 2e-5) << "bin " << 60 + k;
    EXPECT_NEAR(subgroup(5), k == 1 ? 0.03 : 0.0, 2e-5);
    EXPECT_NEAR(subgroup(6), k >= 11 ? 0.03 : 0.0, 2e-5);
  }
}

TEST(OpenLibraryFaults, TheLampOf120VoltsIsThereAndNot16PercentHigh) {
  // IEC 61000-4-15 table 1, 120 V and 60 Hz: Pinst,max is 1 at 8.8 Hz and 0.321 %.
  Flicker flicker({3200.0, 60.0, Lamp::V120});
  std::vector<float> frames(64 * 8, 0.0F);
  const auto feed = [&](int from, int to) {
    for (int n = from; n < to; n += 64) {
      for (int k = 0; k < 64; ++k) {
        const double t = (n + k) / 3200.0;
        frames[static_cast<std::size_t>(k) * 8] =
            static_cast<float>(170.0 * (1.0 + 0.00321 / 2.0 * std::sin(2.0 * kTestPi * 8.8 * t)) *
                               std::sin(2.0 * kTestPi * 60.0 * t));
      }
      flicker.push(frames.data(), 64, 8);
    }
  };
  feed(0, 3200 * 30);
  (void)flicker.close_interval();
  feed(3200 * 30, 3200 * 50);
  EXPECT_NEAR(flicker.close_interval().p_inst_max[0], 1.0, 0.01);
}

// Each phase has its own power in every one-cycle value, also where its current is distorted and
// its cycle begins elsewhere than that of L1.
TEST(OpenLibraryFaults, PowerOfOneCycleIsRightOnAllPhases) {
  Feeder feeder = Feeder::balanced(50.21, 35.0);
  feeder.add_harmonic(3, 0.05, 0.30, 40.0);
  feeder.i[1].tones[0].rms = 3.0;
  feeder.i[2].tones[0].degrees += 100.0;
  const Recorder r = measure({}, seven_inputs(), feeder.sample(10000.0, 0.8));
  ASSERT_GT(r.get(Interval::HalfCycle).size(), 50U);
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    double total = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double truth = Wave::mean_product(feeder.u[k], feeder.i[k], h.start, h.end);
      total += truth;
      EXPECT_NEAR(h[static_cast<Q>(index(Q::KwA) + k)], truth, 1e-5 * 1150.0) << k << " " << h.end;
      const double q =
          feeder.u[k].tones[0].rms * feeder.i[k].tones[0].rms *
          std::sin((feeder.u[k].tones[0].degrees - feeder.i[k].tones[0].degrees) * kTestPi / 180.0);
      EXPECT_NEAR(h[static_cast<Q>(index(Q::KvarA) + k)], q, 1e-4 * 1150.0) << k << " " << h.end;
    }
    EXPECT_NEAR(h[Q::KwTot], total, 1e-5 * 3450.0);
  }
}

}  // namespace
}  // namespace halfcycle::metrology::test
