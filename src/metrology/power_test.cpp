// SPDX-License-Identifier: Apache-2.0
// IEEE 1459 and the sign conventions (energy-accuracy sheet §7, §8), energies.
#include "metrology/power.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;

TEST(PowerFactor, SignsOfTheFourQuadrants) {
  struct Row {
    double p, q;
    int iec, ieee;
    bool lagging;
  };
  for (const Row& row : {Row{8, 6, 1, -1, true}, Row{-8, 6, -1, 1, false},
                         Row{-8, -6, -1, -1, true}, Row{8, -6, 1, 1, false}}) {
    EXPECT_DOUBLE_EQ(signed_power_factor(row.p, row.q, 10.0, PfConvention::Iec), 0.8 * row.iec);
    EXPECT_DOUBLE_EQ(signed_power_factor(row.p, row.q, 10.0, PfConvention::Ieee), 0.8 * row.ieee);
    EXPECT_EQ(is_lagging(row.p, row.q), row.lagging);
  }
  EXPECT_TRUE(std::isnan(signed_power_factor(0.0, 0.0, 0.0, PfConvention::Ieee)));
  EXPECT_DOUBLE_EQ(signed_power_factor(10.0, 0.0, 10.0, PfConvention::Ieee), 1.0);
}

TEST(PowerFactor, OfAResistiveLoadKeepsItsSignThroughRounding) {
  for (const double q : {-1e-3, 0.0, 1e-3}) {
    EXPECT_EQ(signed_power_factor(1000.0, q, 1000.0, PfConvention::Ieee), 1.0) << q;
    EXPECT_FALSE(is_lagging(1000.0, q)) << q;
  }
  EXPECT_LT(signed_power_factor(1000.0, 1.0, 1000.0, PfConvention::Ieee), 0.0);
}

TEST(SymmetricalComponents, OfAKnownSet) {
  const std::complex<double> a = std::polar(1.0, 2.0 * kTestPi / 3.0);
  const std::complex<double> u0(0.3, -0.1);
  const std::complex<double> u1(10.0, 2.0);
  const std::complex<double> u2(-0.5, 0.7);
  const std::array<std::complex<double>, 3> phasors{u0 + u1 + u2, u0 + a * a * u1 + a * u2,
                                                    u0 + a * u1 + a * a * u2};
  const Sequence s = symmetrical_components(phasors, false);
  EXPECT_NEAR(std::abs(s.zero - u0) + std::abs(s.positive - u1) + std::abs(s.negative - u2), 0.0,
              1e-14);
  EXPECT_NEAR(std::abs(symmetrical_components(phasors, true).positive - u2), 0.0, 1e-14);
}

// IEEE 1459 in sequence terms: Ve² = V1² + V2² + V0²/2, Ie² = I1² + I2² + 4·I0².
TEST(EffectiveApparentPower, AgreesWithItsSequenceForm) {
  const std::complex<double> a = std::polar(1.0, 2.0 * kTestPi / 3.0);
  const double v0 = 7.0, v1 = 100.0, v2 = 11.0, i0 = 0.4, i1 = 5.0, i2 = 0.7;
  std::array<std::complex<double>, 3> v{v0 + v1 + v2, v0 + a * a * v1 + a * v2,
                                        v0 + a * v1 + a * a * v2};
  std::array<std::complex<double>, 3> i{i0 + i1 + i2, i0 + a * a * i1 + a * i2,
                                        i0 + a * i1 + a * a * i2};
  const double s = apparent_effective_four_wire(
      {std::norm(v[0]), std::norm(v[1]), std::norm(v[2])},
      {std::norm(v[0] - v[1]), std::norm(v[1] - v[2]), std::norm(v[2] - v[0])},
      {std::norm(i[0]), std::norm(i[1]), std::norm(i[2])}, std::norm(i[0] + i[1] + i[2]));
  EXPECT_NEAR(s,
              3.0 * std::sqrt(v1 * v1 + v2 * v2 + 0.5 * v0 * v0) *
                  std::sqrt(i1 * i1 + i2 * i2 + 4.0 * i0 * i0),
              1e-9);
}

// Issue case 8: 40 % 5th harmonic current on 10 % voltage, phases unequal.
TEST(Power, VectorIsSmallerThanArithmeticIsSmallerThanEffective) {
  Feeder feeder = Feeder::balanced(50.0, 40.0);
  feeder.add_harmonic(5, 0.10, 0.40, 25.0);
  feeder.i[1].tones[0].rms = 3.0;
  feeder.i[2].tones[0].degrees += 30.0;
  std::array<double, 3> s{};
  IntervalCopy last;
  for (int method = 0; method < 3; ++method) {
    SystemSetup setup;
    setup.kva_method = static_cast<SystemSetup::KvaMethod>(method);
    const Recorder r = measure(setup, seven_inputs(), feeder.sample(10000.0, 0.5));
    last = r.get(Interval::TenTwelveCycle).at(0);
    s[static_cast<std::size_t>(method)] = last[Q::KvaTot];
  }
  EXPECT_LT(s[0], s[1]);
  EXPECT_LT(s[1], s[2]);
  double arithmetic = 0.0;
  double p = 0.0;
  double q = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double a = last.start;
    const double b = last.end;
    arithmetic += feeder.u[k].rms(a, b) * feeder.i[k].rms(a, b);
    p += Wave::mean_product(feeder.u[k], feeder.i[k], a, b);
    q += feeder.u[k].tones[0].rms * feeder.i[k].tones[0].rms *
         std::sin((feeder.u[k].tones[0].degrees - feeder.i[k].tones[0].degrees) * kTestPi / 180.0);
  }
  EXPECT_NEAR(s[0], std::hypot(p, q), 1e-5 * arithmetic);
  EXPECT_NEAR(s[1], arithmetic, 1e-5 * arithmetic);
  EXPECT_NEAR(last[Q::KvarNonFundTot], std::sqrt(arithmetic * arithmetic - p * p - q * q),
              1e-4 * arithmetic);
  EXPECT_GT(last[Q::KvarNonFundTot], 0.2 * arithmetic) << "Q1 is not all that is not active";
}

TEST(Energy, PhasesAreSummedBeforeTheSignDecides) {
  // Two phases import, one exports: the net is delivered, nothing is received.
  Feeder feeder = Feeder::balanced(50.05, 0.0);
  feeder.i[2].tones[0].degrees += 180.0;
  const Samples s = feeder.sample(10000.0, 1.037);
  const Recorder r = measure({}, seven_inputs(), s);
  const IntervalCopy& h = r.get(Interval::HalfCycle).back();
  double truth = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    truth += Wave::mean_product(feeder.u[k], feeder.i[k], 0.0, h.end) * h.end;
  }
  EXPECT_NEAR(h[Q::KwhDel], truth, 1e-5 * 3.0 * 1150.0 * h.end);
  EXPECT_DOUBLE_EQ(h[Q::KwhRec], 0.0);
  EXPECT_DOUBLE_EQ(h[Q::KwhNet], h[Q::KwhDel]);
}

TEST(Energy, DeliveredAndReceivedFollowTheSignOfThePower) {
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  // Between two samples: an interpolated step lies half a sample before the first after it.
  constexpr double kStep = 1.19995;
  Samples s(10000.0, 2.0);
  for (int k = 0; k < 3; ++k) {
    const double phase = -2.0 * kTestPi * k / 3.0;
    s.fill(static_cast<Input>(k),
           [&](double t) { return 325.0 * std::cos(2.0 * kTestPi * 50.0 * t + phase); });
    s.fill(static_cast<Input>(lane(Input::I1) + static_cast<std::size_t>(k)), [&](double t) {
      // 1.2 s of load at 36.87° lagging, then feeding back at unity power factor.
      return t < kStep ? 7.0 * std::cos(2.0 * kTestPi * 50.0 * t + phase - 0.6435011087932844)
                       : -7.0 * std::cos(2.0 * kTestPi * 50.0 * t + phase);
    });
  }
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  ASSERT_TRUE(engine);
  (*engine)->push(block_of(s, 0, s.count(), start, seven_inputs()));
  (*engine)->finish();
  const double va = 3.0 * 0.5 * 325.0 * 7.0;
  const double cycle = va * 0.02;
  EXPECT_NEAR((*engine)->energy(Q::KwhDel) - (*engine)->energy(Q::KwhRec),
              va * (0.8 * kStep - (2.0 - kStep)), 2e-4 * cycle + 1e-5 * va * 2.0)
      << "net active energy is the exact integral";
  EXPECT_NEAR((*engine)->energy(Q::KwhDel), va * 0.8 * 1.2, cycle);
  EXPECT_NEAR((*engine)->energy(Q::KwhRec), va * 0.8, cycle);
  EXPECT_NEAR((*engine)->energy(Q::KvarhDel), va * 0.6 * 1.2, cycle);
  EXPECT_NEAR((*engine)->energy(Q::KvahRec), va * 0.8, cycle);
}

TEST(Energy, TheTrailingFractionCounts) {
  const Feeder feeder = Feeder::balanced(50.0, 0.0);
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  // 33 ms: three half cycles and a rest of 3 ms.
  const Samples s = feeder.sample(10000.0, 0.033);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  (*engine)->push(block_of(s, 0, s.count(), start, seven_inputs()));
  (*engine)->finish();
  EXPECT_NEAR((*engine)->energy(Q::KwhDel), 3.0 * 230.0 * 5.0 * 0.033, 1e-3);
}

TEST(Energy, AtAWindowsEndItIsTheIntegralToThere) {
  const Feeder feeder = Feeder::balanced(49.7, 25.0);
  const Recorder r = measure({}, seven_inputs(), feeder.sample(10000.0, 1.0));
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    EXPECT_NEAR(v[Q::KwhDel], 3.0 * 1150.0 * std::cos(25.0 * kTestPi / 180.0) * v.end,
                1e-5 * 3450.0 * v.end);
    EXPECT_NEAR(v[Q::KvarhDel], 3.0 * 1150.0 * std::sin(25.0 * kTestPi / 180.0) * v.end,
                1e-5 * 3450.0 * v.end);
    EXPECT_NEAR(v[Q::KvahDel], 3.0 * 1150.0 * v.end, 1e-5 * 3450.0 * v.end);
  }
}

}  // namespace
}  // namespace halfcycle::metrology::test
