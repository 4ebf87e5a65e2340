// SPDX-License-Identifier: Apache-2.0
// Properties that hold whatever the signal: time shift, amplitude scaling, permutation of the
// phases, size of the blocks, sample rate. The signal has everything at once.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;

/// Unbalanced, distorted, with an interharmonic and DC.
Feeder rich_feeder() {
  Feeder f = Feeder::balanced(50.17, 25.0);
  f.u[1].tones[0].rms = 221.0;
  f.u[2].tones[0].degrees += 2.0;
  f.i[1].tones[0].rms = 3.1;
  f.i[2].tones[0].degrees += 40.0;
  f.add_harmonic(3, 0.02, 0.15, 100.0);
  f.add_harmonic(5, 0.04, 0.25, 20.0);
  f.add_harmonic(11, 0.02, 0.08, -70.0);
  f.add_harmonic(3.7, 0.005, 0.02, 15.0);
  f.u[0].dc = 0.7;
  f.i[1].dc = 0.05;
  return f;
}

Feeder delayed(Feeder f, double seconds) {
  for (auto* waves : {&f.u, &f.i}) {
    for (Wave& wave : *waves) {
      for (Tone& tone : wave.tones) {
        tone.degrees -= 360.0 * tone.hertz * seconds;
      }
    }
  }
  return f;
}

constexpr std::array kCompared{Interval::HalfCycle, Interval::TenTwelveCycle, Interval::OneSecond,
                               Interval::OneFiftyOneEightyCycle};

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof(double)) == 0; }

void expect_same_bits(const Recorder& a, const Recorder& b) {
  for (const Interval interval : kCompared) {
    const auto& x = a.get(interval);
    const auto& y = b.get(interval);
    ASSERT_EQ(x.size(), y.size()) << name(interval);
    ASSERT_FALSE(x.empty()) << name(interval);
    for (std::size_t k = 0; k < x.size(); ++k) {
      EXPECT_EQ(x[k].marks, y[k].marks);
      for (std::size_t q = 0; q < kQuantityCount; ++q) {
        EXPECT_TRUE(same_bits(x[k].values[q], y[k].values[q]))
            << info(static_cast<Q>(q)).label << " " << name(interval) << " " << k << ": "
            << x[k].values[q] << " " << y[k].values[q];
      }
      if (x[k].spectra) {
        EXPECT_EQ(std::memcmp(x[k].spectra.get(), y[k].spectra.get(), sizeof(Spectra)), 0);
      }
    }
  }
}

TEST(Properties, TheDateMakesNoDifference) {
  const Samples s = rich_feeder().sample(10000.0, 4.2);
  const Recorder a =
      measure({}, seven_inputs(), s, 4096, Instant::from_unix_ns(1600000000000000000));
  for (const std::int64_t days : {1, 3652, -9000}) {
    expect_same_bits(
        a, measure({}, seven_inputs(), s, 4096,
                   Instant::from_unix_ns(1600000000000000000) + Duration::seconds(86400 * days)));
  }
}

TEST(Properties, AShiftInTimeMovesAnglesTogetherAndNothingElse) {
  const Feeder feeder = rich_feeder();
  const Recorder a = measure({}, seven_inputs(), feeder.sample(10000.0, 1.0));
  for (const double shift : {0.0000317, 0.00413, 0.0128}) {
    const Feeder later = delayed(feeder, shift);
    const Recorder b = measure({}, seven_inputs(), later.sample(10000.0, 1.0));
    const auto& y = b.get(Interval::TenTwelveCycle);
    ASSERT_EQ(y.size(), a.get(Interval::TenTwelveCycle).size());
    for (const IntervalCopy& v : y) {
      for (std::size_t k = 0; k < 3; ++k) {
        // The truth of its own window; the interharmonic makes it differ a little.
        EXPECT_NEAR(v[static_cast<Q>(index(Q::VlnA) + k)], later.u[k].rms(v.start, v.end),
                    1e-5 * 230.0);
        EXPECT_NEAR(v[static_cast<Q>(index(Q::KwA) + k)],
                    Wave::mean_product(later.u[k], later.i[k], v.start, v.end), 1e-5 * 1150.0);
      }
      const IntervalCopy& first = a.get(Interval::TenTwelveCycle)[0];
      for (const Q angle : {Q::V2Ang, Q::V3Ang, Q::I1Ang, Q::I2Ang, Q::I3Ang}) {
        EXPECT_NEAR(std::remainder(v[angle] - first[angle], 2.0 * kTestPi), 0.0, 2e-4) << shift;
      }
      EXPECT_NEAR(v[Q::VunbalU2], first[Q::VunbalU2], 2e-5);
      for (const std::size_t order : {3U, 5U, 11U}) {
        EXPECT_NEAR(static_cast<double>(v.spectra->get(Input::V2, SpectrumKind::Angle)[order]),
                    static_cast<double>(first.spectra->get(Input::V2, SpectrumKind::Angle)[order]),
                    2e-3);
      }
    }
  }
}

// Twice the volts and four times the amperes, nominal values with them: floats scale without
// rounding, so every value must scale without rounding.
TEST(Properties, AmplitudesScaleEveryQuantityByItsOwnPower) {
  Samples s = rich_feeder().sample(10000.0, 4.2);
  const Recorder a = measure({}, seven_inputs(), s);
  for (std::size_t n = 0; n < s.count(); ++n) {
    for (std::size_t l = 0; l < 8; ++l) {
      s.frames[n * 8 + l] *= l < 4 ? 2.0F : 4.0F;
    }
  }
  SystemSetup system;
  system.nominal_voltage_volts *= 2.0;
  system.nominal_current_amperes *= 4.0;
  const Recorder b = measure(system, seven_inputs(), s);
  for (const Interval interval : kCompared) {
    ASSERT_EQ(a.get(interval).size(), b.get(interval).size());
    for (std::size_t k = 0; k < a.get(interval).size(); ++k) {
      for (std::size_t q = 0; q < kQuantityCount; ++q) {
        const QuantityInfo& about = info(static_cast<Q>(q));
        double factor = 1.0;
        switch (about.unit) {
          case Unit::Volt:
            factor = 2.0;
            break;
          case Unit::Ampere:
            factor = 4.0;
            break;
          case Unit::Kilowatt:
          case Unit::Kilovar:
          case Unit::Kilovoltampere:
          case Unit::KilowattHour:
          case Unit::KilovarHour:
          case Unit::KilovoltampereHour:
            factor = 8.0;
            break;
          default:
            break;
        }
        EXPECT_TRUE(same_bits(factor * a.get(interval)[k].values[q], b.get(interval)[k].values[q]))
            << about.label << " " << name(interval) << " " << k;
      }
    }
  }
}

// L1, L2, L3 rotated: what belongs to a phase moves with it, what belongs to all stays.
TEST(Properties, RotatingThePhasesMovesTheirValuesOnly) {
  const Feeder feeder = rich_feeder();
  Feeder rotated = feeder;
  for (std::size_t k = 0; k < 3; ++k) {
    rotated.u[k] = feeder.u[(k + 1) % 3];
    rotated.i[k] = feeder.i[(k + 1) % 3];
  }
  const Recorder a = measure({}, seven_inputs(), feeder.sample(10000.0, 2.2));
  const Recorder b = measure({}, seven_inputs(), rotated.sample(10000.0, 2.2));
  constexpr std::array kOfPhase{Q::VlnA,   Q::VllAb,   Q::IA,       Q::KwA,   Q::KvarA,
                                Q::KvaA,   Q::PfSignA, Q::DpfSignA, Q::V1Thd, Q::I1Thd,
                                Q::V1Fund, Q::I1Fund,  Q::V1Cf,     Q::I1KFac};
  constexpr std::array kOfAll{Q::VlnAvg,   Q::VllAvg,    Q::IAvg,       Q::I4,
                              Q::ICalcRes, Q::Freq,      Q::KwTot,      Q::KvarTot,
                              Q::KvaTot,   Q::PfSignTot, Q::V4,         Q::VunbalU2,
                              Q::VunbalU0, Q::IunbalU2,  Q::VPosSeqMag, Q::KvarNonFundTot};
  for (const Interval interval : kCompared) {
    const auto& x = a.get(interval);
    const auto& y = b.get(interval);
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t n = 0; n < x.size(); ++n) {
      const auto expect_near = [&](Q of_b, Q of_a) {
        const double want = x[n][of_a];
        if (std::isnan(want)) {
          EXPECT_TRUE(std::isnan(y[n][of_b])) << info(of_b).label;
        } else if (interval != Interval::HalfCycle) {
          // The count of cycles over a second sees the interharmonic where its crossings lie.
          const double allowed = of_b == Q::Freq ? 5e-4 : 2e-6 * std::max(1e-2, std::abs(want));
          EXPECT_NEAR(y[n][of_b], want, allowed)
              << info(of_b).label << " " << name(interval) << " " << n;
        }
      };
      for (const Q first : kOfPhase) {
        for (std::size_t k = 0; k < 3; ++k) {
          expect_near(static_cast<Q>(index(first) + k), static_cast<Q>(index(first) + (k + 1) % 3));
        }
      }
      for (const Q id : kOfAll) {
        expect_near(id, id);
      }
    }
  }
}

TEST(Properties, BlocksOfAnySizeGiveTheSameBitsInEveryInterval) {
  const Samples s = rich_feeder().sample(10000.0, 3.4);
  const Recorder a = measure({}, seven_inputs(), s, s.count());
  for (const std::size_t block : {1U, 7U, 160U, 4099U}) {
    expect_same_bits(a, measure({}, seven_inputs(), s, block));
  }
}

TEST(Properties, TheSampleRateMakesNoDifferenceBeyondTheBudgets) {
  const Feeder feeder = rich_feeder();
  for (const double rate : {2000.0, 4000.0, 6400.0, 10000.0, 12800.0, 25600.0, 50000.0, 102400.0}) {
    const Recorder r = measure({}, seven_inputs(), feeder.sample(rate, 1.3));
    const auto& windows = r.get(Interval::TenTwelveCycle);
    ASSERT_EQ(windows.size(), 6U) << rate;
    for (const IntervalCopy& v : windows) {
      EXPECT_NEAR(v[Q::Freq], 50.17, 1e-3) << rate;
      for (std::size_t k = 0; k < 3; ++k) {
        const double u = feeder.u[k].rms(v.start, v.end);
        const double i = feeder.i[k].rms(v.start, v.end);
        EXPECT_NEAR(v[static_cast<Q>(index(Q::VlnA) + k)] / u, 1.0, 1e-5) << rate;
        EXPECT_NEAR(v[static_cast<Q>(index(Q::IA) + k)] / i, 1.0, 1e-5) << rate;
        EXPECT_NEAR(v[static_cast<Q>(index(Q::KwA) + k)] / (u * i),
                    Wave::mean_product(feeder.u[k], feeder.i[k], v.start, v.end) / (u * i), 1e-5)
            << rate;
        for (const std::size_t order : {3U, 5U, 11U}) {
          const double truth = feeder.u[k]
                                   .tones[order == 3   ? 1
                                          : order == 5 ? 2
                                                       : 3]
                                   .rms /
                               feeder.u[k].tones[0].rms;
          EXPECT_NEAR(static_cast<double>(
                          v.spectra->get(static_cast<Input>(k), SpectrumKind::Magnitude)[order]) /
                          truth,
                      1.0, 1e-3)
              << rate << " order " << order;
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfcycle::metrology::test
