// SPDX-License-Identifier: Apache-2.0
// Quantities of a 10/12-cycle window against closed forms, at 50 and 60 Hz.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;

SystemSetup system_of(double nominal) {
  SystemSetup system;
  system.nominal_frequency_hertz = nominal;
  return system;
}

/// A window in the middle of a second of the feeder.
struct Measured {
  Measured(const Feeder& feeder, SystemSetup system, double rate = 12800.0)
      : recorder(measure(system, seven_inputs(), feeder.sample(rate, 1.0))),
        window(recorder.get(Interval::TenTwelveCycle)[2]) {}
  [[nodiscard]] double operator[](Q id) const { return window[id]; }
  [[nodiscard]] double at(Input input, SpectrumKind kind, std::size_t order) const {
    return static_cast<double>(window.spectra->get(input, kind)[order]);
  }
  Recorder recorder;
  const IntervalCopy& window;
};

class EachFrequency : public testing::TestWithParam<double> {
 protected:
  [[nodiscard]] double nominal() const { return GetParam(); }
  /// Off nominal, so that nothing rests on whole samples.
  [[nodiscard]] double hertz() const { return GetParam() * 1.004; }
};
class Ieee1459 : public EachFrequency {};
class Iec61000_4_7 : public EachFrequency {};
std::string name_of(const testing::TestParamInfo<double>& row) {
  return row.param == 50.0 ? "50Hz" : "60Hz";
}
INSTANTIATE_TEST_SUITE_P(Nominal, EachFrequency, testing::Values(50.0, 60.0), name_of);
INSTANTIATE_TEST_SUITE_P(Nominal, Ieee1459, testing::Values(50.0, 60.0), name_of);
INSTANTIATE_TEST_SUITE_P(Nominal, Iec61000_4_7, testing::Values(50.0, 60.0), name_of);

// IEEE 1459-2010 §3.1.2, §3.2.2: 40 % fifth harmonic current on 10 % voltage, unequal phases.
TEST_P(Ieee1459, PowersFollowTheirDefinitions) {
  Feeder feeder = Feeder::balanced(hertz(), 40.0);
  feeder.add_harmonic(5, 0.10, 0.40, 25.0);
  feeder.i[1].tones[0].rms = 2.0;
  feeder.u[0].dc = 3.0;
  feeder.i[0].dc = 0.25;
  const Measured m(feeder, system_of(nominal()));
  const double a = m.window.start;
  const double b = m.window.end;
  constexpr std::array kD{Q::KvaDA, Q::KvaDB, Q::KvaDC};
  constexpr std::array kN{Q::KvarNonActiveA, Q::KvarNonActiveB, Q::KvarNonActiveC};
  double p = 0.0;
  double p1 = 0.0;
  double q1 = 0.0;
  double arithmetic = 0.0;
  double u_squares = 0.0;
  double i_squares = 0.0;
  double line_squares = 0.0;
  Wave neutral;
  for (std::size_t k = 0; k < 3; ++k) {
    const Wave& u = feeder.u[k];
    const Wave& i = feeder.i[k];
    const double pk = Wave::mean_product(u, i, a, b);
    const double angle = (u.tones[0].degrees - i.tones[0].degrees) * kTestPi / 180.0;
    const double s1 = u.tones[0].rms * i.tones[0].rms;
    const double qk = s1 * std::sin(angle);
    const double sk = u.rms(a, b) * i.rms(a, b);
    EXPECT_NEAR(m[kD[k]], std::sqrt(sk * sk - pk * pk - qk * qk), 1e-3 * sk);
    EXPECT_NEAR(m[kN[k]], std::sqrt(sk * sk - pk * pk), 1e-4 * sk);
    EXPECT_GT(m[kN[k]], std::abs(qk)) << "Q1 is not all of the non-active power";
    p += pk;
    p1 += s1 * std::cos(angle);
    q1 += qk;
    arithmetic += sk;
    u_squares += std::pow(u.rms(a, b), 2);
    i_squares += std::pow(i.rms(a, b), 2);
    line_squares += std::pow(u.minus(feeder.u[(k + 1) % 3]).rms(a, b), 2);
    neutral = neutral.minus(i);
  }
  const double in_squared = std::pow(neutral.rms(a, b), 2);
  const double effective =
      3.0 * std::sqrt((3.0 * u_squares + line_squares) / 18.0 * (i_squares + in_squared) / 3.0);
  EXPECT_NEAR(m[Q::KvaVectorTot], std::hypot(p, q1), 1e-5 * arithmetic);
  EXPECT_NEAR(m[Q::KvaArithmeticTot], arithmetic, 1e-5 * arithmetic);
  EXPECT_NEAR(m[Q::KvaEffectiveTot], effective, 1e-5 * arithmetic);
  EXPECT_LT(m[Q::KvaVectorTot], m[Q::KvaArithmeticTot]);
  EXPECT_LT(m[Q::KvaArithmeticTot], m[Q::KvaEffectiveTot]);
  EXPECT_NEAR(m[Q::KwHarmTot], p - p1, 1e-5 * arithmetic);
  EXPECT_NEAR(m[Q::KvarNonActiveTot], std::sqrt(arithmetic * arithmetic - p * p),
              1e-4 * arithmetic);
  EXPECT_NEAR(m[Q::V1Dc], 3.0, 1e-3);
  EXPECT_NEAR(m[Q::I1Dc], 0.25, 1e-4);
  EXPECT_NEAR(m[Q::V2Dc], 0.0, 1e-3);
}

// Energy-accuracy §8: current lagging by so much lies in that quadrant.
TEST_P(EachFrequency, QuadrantsAndTheirEnergies) {
  constexpr std::array kWh{Q::KwhQ1, Q::KwhQ2, Q::KwhQ3, Q::KwhQ4};
  constexpr std::array kVarh{Q::KvarhQ1, Q::KvarhQ2, Q::KvarhQ3, Q::KvarhQ4};
  constexpr std::array kVah{Q::KvahQ1, Q::KvahQ2, Q::KvahQ3, Q::KvahQ4};
  for (std::size_t q = 0; q < 4; ++q) {
    const double lag = std::array{30.0, 150.0, 210.0, 330.0}[q];
    const Feeder feeder = Feeder::balanced(hertz(), lag);
    const Measured m(feeder, system_of(nominal()), 6400.0);
    EXPECT_EQ(m[Q::QuadrantTot], static_cast<double>(q + 1)) << lag;
    EXPECT_EQ(m[Q::QuadrantA], static_cast<double>(q + 1)) << lag;
    const double s = 3.0 * 230.0 * 5.0 * m.window.end;
    const double angle = lag * kTestPi / 180.0;
    for (std::size_t other = 0; other < 4; ++other) {
      const double is = other == q ? s : 0.0;
      EXPECT_NEAR(m[kWh[other]], is * std::abs(std::cos(angle)), 2e-3 * s);
      EXPECT_NEAR(m[kVarh[other]], is * std::abs(std::sin(angle)), 2e-3 * s);
      EXPECT_NEAR(m[kVah[other]], is, 2e-3 * s);
    }
  }
}

TEST_P(EachFrequency, PhasesThatImportAndExportAtOnceKeepTheirOwnEnergies) {
  Feeder feeder = Feeder::balanced(hertz(), 0.0);
  feeder.i[1].tones[0].degrees += 180.0;
  feeder.i[1].tones[0].rms = 2.0;
  const Measured m(feeder, system_of(nominal()), 6400.0);
  const double t = m.window.end;
  EXPECT_NEAR(m[Q::KwhDelA], 1150.0 * t, 0.5);
  EXPECT_NEAR(m[Q::KwhRecB], 460.0 * t, 0.5);
  EXPECT_NEAR(m[Q::KwhDelC], 1150.0 * t, 0.5);
  EXPECT_NEAR(m[Q::KwhDelB], 0.0, 0.5);
  EXPECT_NEAR(m[Q::KwhRecA], 0.0, 0.5);
  EXPECT_NEAR(m[Q::KwhDel], 1840.0 * t, 1.0) << "phases summed first";
  EXPECT_NEAR(m[Q::KwhRec], 0.0, 0.5);
}

// IEC 61000-4-7 §3.3, §5.5, §5.6, UL 1561 and IEEE 519.
TEST_P(Iec61000_4_7, DistortionFactorsOfGroupsAndSubgroups) {
  Feeder feeder = Feeder::balanced(hertz(), 30.0);
  feeder.add_harmonic(3, 0.04, 0.20, 10.0);
  feeder.add_harmonic(4, 0.01, 0.05, 20.0);
  feeder.add_harmonic(5, 0.06, -0.30, 30.0);
  // Half-way between orders 7 and 8, and four bins above order 9: in groups, in no subgroup.
  const double bin = hertz() / (nominal() < 55.0 ? 10.0 : 12.0);
  feeder.u[0].tones.push_back({7.5 * hertz(), 0.02 * 230.0, 0.0});
  feeder.u[0].tones.push_back({9.0 * hertz() + 4.0 * bin, 0.03 * 230.0, 0.0});
  SystemSetup system = system_of(nominal());
  system.demand_current_amperes = 20.0;
  const Measured m(feeder, system);
  const auto group = [&](std::size_t h) { return m.at(Input::V1, SpectrumKind::Group, h); };
  EXPECT_NEAR(group(3), 0.04, 1e-5);
  EXPECT_NEAR(group(7), 0.02 * std::sqrt(0.5), 1e-5) << "half of the power each";
  EXPECT_NEAR(group(8), 0.02 * std::sqrt(0.5), 1e-5);
  EXPECT_NEAR(group(9), 0.03, 1e-5);
  EXPECT_NEAR(group(10), 0.0, 1e-5);
  EXPECT_NEAR(m.at(Input::V1, SpectrumKind::Magnitude, 9), 0.0, 1e-5);
  EXPECT_NEAR(m.at(Input::V1, SpectrumKind::Interharmonic, 7), 0.02, 1e-5);
  const double odd = std::hypot(0.04, 0.06);
  EXPECT_NEAR(m[Q::V1ThdOdd], odd, 1e-5);
  EXPECT_NEAR(m[Q::V1ThdEven], 0.01, 1e-5);
  EXPECT_NEAR(m[Q::V1Thd], std::hypot(odd, 0.01), 1e-5);
  EXPECT_NEAR(m[Q::V1ThdS], std::hypot(odd, 0.01), 1e-5);
  EXPECT_NEAR(m[Q::V1ThdG], std::sqrt(odd * odd + 1e-4 + 4e-4 + 9e-4), 1e-5);
  EXPECT_NEAR(m[Q::V1ThdOfRms], std::hypot(odd, 0.01) * 230.0 / m[Q::VlnA], 1e-5);
  const double content = 5.0 * std::sqrt(0.04 + 0.0025 + 0.09);
  EXPECT_NEAR(m[Q::I1Tdd], content / 20.0, 1e-5);
  EXPECT_NEAR(m[Q::I1ThdOfRms], content / std::hypot(5.0, content), 1e-5);
  EXPECT_NEAR(m[Q::I1KFac], (1.0 + 9 * 0.04 + 16 * 0.0025 + 25 * 0.09) / (1.0 + 0.1325), 1e-4);
}

TEST_P(Iec61000_4_7, PowerOfEachOrderHasADirection) {
  Feeder feeder = Feeder::balanced(hertz(), 30.0);
  feeder.add_harmonic(5, 0.06, -0.30, 30.0);  // against the voltage: comes from the load
  feeder.add_harmonic(7, 0.03, 0.10, 40.0);
  feeder.u[1].tones[2].degrees += 60.0;
  const Measured m(feeder, system_of(nominal()));
  const auto power = [&](Input input, std::size_t h) {
    return m.at(input, SpectrumKind::Power, h);
  };
  EXPECT_NEAR(power(Input::I1, 1), 230.0 * 5.0 * std::cos(kTestPi / 6.0), 0.02);
  EXPECT_NEAR(power(Input::I1, 5), -0.06 * 0.30 * 230.0 * 5.0, 0.01);
  EXPECT_NEAR(power(Input::I3, 7), 0.03 * 0.10 * 230.0 * 5.0, 0.01);
  EXPECT_NEAR(power(Input::I2, 7), 0.5 * 0.03 * 0.10 * 230.0 * 5.0, 0.01);
  EXPECT_NEAR(power(Input::I1, 9), 0.0, 0.01);
  const auto total = [&](std::size_t h) { return m.at(kTotalInput, SpectrumKind::TotalPower, h); };
  EXPECT_NEAR(total(1), 3.0 * 230.0 * 5.0 * std::cos(kTestPi / 6.0), 0.05);
  EXPECT_NEAR(total(5), -3.0 * 0.06 * 0.30 * 230.0 * 5.0, 0.02);
  EXPECT_NEAR(total(7), 2.5 * 0.03 * 0.10 * 230.0 * 5.0, 0.02);
}

/// What the rectangular window [start, end) of 4-7 gives of a tone in a band of 200 Hz: the root of
/// the sum of squares of its lines, each the mean of the tone times exp(−j2πkt/T) in closed form.
double band_of_tone(const Tone& tone, double start, double end, double cycles, double hertz,
                    std::size_t band) {
  const double turns = tone.hertz * (end - start);
  const double phase = tone.degrees * kTestPi / 180.0 + 2.0 * kTestPi * tone.hertz * start;
  const auto mean = [](double x) {  // of exp(j2πxt) over t = 0 … 1
    const double half = kTestPi * x;
    return x == 0.0 ? std::complex<double>(1.0) : std::polar(std::sin(half) / half, half);
  };
  // The lines of the band: b − 95 Hz … b + 100 Hz in steps of 5 Hz; others to the nearest of them.
  const double centre = 1900.0 + 200.0 * static_cast<double>(band);
  double squares = 0.0;
  for (std::size_t k = 300; k < 2200; ++k) {
    const double line = static_cast<double>(k);
    const double nearest = 5.0 * std::round(line * hertz / cycles / 5.0);
    if (nearest > centre - 97.0 && nearest < centre + 102.0) {
      squares += std::norm(std::polar(1.0, phase) * mean(turns - line) -
                           std::polar(1.0, -phase) * mean(-turns - line));
    }
  }
  return tone.rms * std::sqrt(squares);
}

// IEC 61000-4-7 Annex B. A tone between two lines of the window is spread over all of them by the
// rectangular window itself, and near an edge over both bands: that much and no more.
TEST_P(Iec61000_4_7, TonesFromTwoToNineKilohertzLieInTheirBand) {
  for (const double rate : {10000.0, 25600.0}) {
    for (const double fundamental : {nominal(), hertz()}) {
      for (const double tone :
           {2003.0, 2100.0, 2199.0, 2200.0, 2202.5, 3000.0, 3402.4, 4310.0, 7110.0, 8910.0}) {
        if (tone > 0.44 * rate) {
          continue;
        }
        Feeder feeder = Feeder::balanced(fundamental, 30.0);
        const Tone u{tone, 0.02 * 230.0, 33.0};
        const Tone i{tone, 0.05 * 5.0, 70.0};
        feeder.u[0].tones.push_back(u);
        feeder.i[1].tones.push_back(i);
        const Measured m(feeder, system_of(nominal()), rate);
        const double cycles = nominal() == 50.0 ? 10.0 : 12.0;
        double total = 0.0;
        for (std::size_t b = 1; b <= static_cast<std::size_t>(kHighBands); ++b) {
          const double band = m.at(Input::V1, SpectrumKind::HighBand, b);
          if (b <= 12 || b > 15) {
            EXPECT_EQ(is_available(band), rate > 20000.0 || b <= 12) << rate << " " << b;
          }
          if (!is_available(band)) {
            continue;
          }
          const auto expected = [&](const Tone& t, double fundamental_rms) {
            return band_of_tone(t, m.window.start, m.window.end, cycles, fundamental, b) /
                   fundamental_rms;
          };
          EXPECT_NEAR(band, expected(u, 230.0), 0.02 * 0.004)
              << rate << " " << fundamental << " " << tone << " " << b;
          EXPECT_NEAR(m.at(Input::I2, SpectrumKind::HighBand, b), expected(i, 5.0), 0.05 * 0.004)
              << rate << " " << fundamental << " " << tone << " " << b;
          EXPECT_LT(m.at(Input::V2, SpectrumKind::HighBand, b), 1e-5);
          total += band * band;
        }
        // Nothing is lost between two bands.
        EXPECT_GT(total, 0.02 * 0.02 * (tone < 2010.0 ? 0.6 : 0.99)) << tone;
      }
    }
  }
}

// NEMA MG 1 §14.36; IEC 61000-4-30 §5.7 is with the sequence components.
TEST_P(EachFrequency, UnbalanceIsTheLargestDeviationFromTheAverage) {
  Feeder feeder = Feeder::balanced(hertz(), 30.0);
  feeder.u[1].tones[0].rms = 220.0;
  feeder.u[2].tones[0].rms = 243.0;
  feeder.i[0].tones[0].rms = 4.0;
  const Measured m(feeder, system_of(nominal()), 6400.0);
  const double average = (230.0 + 220.0 + 243.0) / 3.0;
  EXPECT_NEAR(m[Q::VlnUnbal], (243.0 - average) / average, 1e-6);
  EXPECT_NEAR(m[Q::VlnBUnbal], (average - 220.0) / average, 1e-6);
  EXPECT_NEAR(m[Q::IAUnbal], (14.0 / 3.0 - 4.0) / (14.0 / 3.0), 1e-6);
  EXPECT_NEAR(m[Q::IUnbal], m[Q::IAUnbal], 1e-12);
  const auto line = [](double x, double y) { return std::sqrt(x * x + y * y + x * y); };
  const std::array lines{line(230.0, 220.0), line(220.0, 243.0), line(243.0, 230.0)};
  const double mean = (lines[0] + lines[1] + lines[2]) / 3.0;
  EXPECT_NEAR(m[Q::VllAbUnbal], std::abs(lines[0] - mean) / mean, 1e-6);
  EXPECT_NEAR(
      m[Q::VllUnbal],
      std::max({std::abs(lines[0] - mean), std::abs(lines[1] - mean), std::abs(lines[2] - mean)}) /
          mean,
      1e-6);
}

TEST_P(EachFrequency, OrderOfThePhasesAndMissingOnesAreSeen) {
  const SystemSetup system = system_of(nominal());
  Feeder feeder = Feeder::balanced(hertz());
  {
    const Measured m(feeder, system, 6400.0);
    EXPECT_EQ(m[Q::PhaseRotation], 1.0);
    EXPECT_EQ(m[Q::PhaseReversal], 0.0);
    EXPECT_EQ(m[Q::PhaseLoss], 0.0);
  }
  Feeder swapped = feeder;
  std::swap(swapped.u[1], swapped.u[2]);
  {
    const Measured m(swapped, system, 6400.0);
    EXPECT_EQ(m[Q::PhaseRotation], 2.0);
    EXPECT_EQ(m[Q::PhaseReversal], 1.0);
    SystemSetup acb = system;
    acb.phase_order = PhaseOrder::Acb;
    EXPECT_EQ(Measured(swapped, acb, 6400.0)[Q::PhaseReversal], 0.0);
  }
  feeder.u[1].tones[0].rms = 0.5;
  {
    const Measured m(feeder, system, 6400.0);
    EXPECT_EQ(m[Q::PhaseLoss], 2.0);
    EXPECT_EQ(m[Q::PhaseRotation], 1.0) << "two phases still show it";
  }
  feeder.u[2].tones[0].rms = 0.5;
  {
    const Measured m(feeder, system, 6400.0);
    EXPECT_EQ(m[Q::PhaseLoss], 6.0);
    EXPECT_FALSE(is_available(m[Q::PhaseRotation]));
  }
}

// IEC 61000-4-30 §5.4: Usr(n) = 0.9967·Usr(n−1) + 0.0033·U(10/12), from Udin on.
TEST_P(EachFrequency, TheSlidingReferenceFollowsTheVoltageInAMinute) {
  const Feeder feeder = Feeder::balanced(hertz(), 30.0, 218.5);
  const Recorder r = measure(system_of(nominal()), seven_inputs(), feeder.sample(1600.0, 4.0));
  double truth = 230.0;
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    truth = 0.9967 * truth + 0.0033 * 218.5;
    EXPECT_NEAR(v[Q::V1SlidingRef], truth, 1e-4);
    EXPECT_NEAR(v[Q::VavgSlidingRef], truth, 1e-4);
  }
}

// Nominal 400 Hz, for rms and power.
TEST_P(EachFrequency, AHalfCycleHasTheQuantitiesThatDeclareAValueForIt) {
  const Recorder recorder =
      measure(system_of(nominal()), seven_inputs(), Feeder::balanced(hertz()).sample(12800.0, 0.5));
  const IntervalCopy& half_cycle = recorder.get(Interval::HalfCycle)[20];
  for (const QuantityInfo& row : kQuantities) {
    const bool of_energy = row.group == QuantityGroup::Energy;  // counted all the time
    const bool there = row.id != Q::V4 && row.id != Q::I5;      // seven inputs: not these
    if (!of_energy) {
      EXPECT_EQ(is_available(half_cycle[row.id]), there && !row.high_speed_label.empty())
          << row.label;
    }
  }
}

TEST(FourHundredHertz, RmsAndPowerAreExact) {
  for (const double hertz : {360.0, 400.0, 437.0}) {
    Feeder feeder = Feeder::balanced(hertz, 30.0);
    feeder.add_harmonic(5, 0.05, 0.1, 30.0);
    const Measured m(feeder, system_of(400.0), 25600.0);
    const double a = m.window.start;
    const double b = m.window.end;
    EXPECT_NEAR(m[Q::VlnA] / feeder.u[0].rms(a, b), 1.0, 1e-5) << hertz;
    EXPECT_NEAR(m[Q::IA] / feeder.i[0].rms(a, b), 1.0, 1e-5) << hertz;
    EXPECT_NEAR(m[Q::KwA] / Wave::mean_product(feeder.u[0], feeder.i[0], a, b), 1.0, 1e-5) << hertz;
    EXPECT_NEAR(m[Q::KvarA], 230.0 * 5.0 * std::sin(kTestPi / 6.0), 0.0115) << hertz;
    EXPECT_NEAR(m[Q::Freq], hertz, 1e-3);
  }
}

}  // namespace
}  // namespace halfcycle::metrology::test
