// SPDX-License-Identifier: Apache-2.0
// Every wiring gives the same system the same totals, and only what it can know.
#include <gtest/gtest.h>

#include <cmath>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;

/// An unsymmetrical three-wire system: phase voltages against a star point, Σi = 0, harmonics.
struct ThreeWire {
  std::array<Wave, 3> u;
  std::array<Wave, 3> i;
  ThreeWire() {
    const std::array<double, 3> volts{230.0, 221.0, 236.0};
    const std::array<double, 3> degrees{10.0, -112.0, 131.0};
    for (std::size_t k = 0; k < 3; ++k) {
      u[k].tones = {{50.1, volts[k], degrees[k]}, {250.5, 9.0, 5.0 * degrees[k] + 7.0}};
    }
    i[0].tones = {{50.1, 5.0, -15.0}, {250.5, 0.7, 20.0}};
    i[2].tones = {{50.1, 4.0, 100.0}, {250.5, 0.4, -60.0}};
    i[1] = Wave{}.minus(i[0]).minus(i[2]);
  }
  [[nodiscard]] double power(double a, double b) const {
    double p = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      p += Wave::mean_product(u[k], i[k], a, b);
    }
    return p;
  }
  /// Σ U·I* over the phases of one order, from its tones (i2 by the sum).
  [[nodiscard]] std::complex<double> order_power(int order) const {
    const std::size_t t = order == 1 ? 0 : 1;
    const auto phasor = [](const Tone& tone) {
      return std::polar(tone.rms, tone.degrees * kTestPi / 180.0);
    };
    const std::complex<double> i1 = phasor(i[0].tones[t]);
    const std::complex<double> i3 = phasor(i[2].tones[t]);
    return phasor(u[0].tones[t]) * std::conj(i1) + phasor(u[1].tones[t]) * std::conj(-i1 - i3) +
           phasor(u[2].tones[t]) * std::conj(i3);
  }
};

constexpr double kRate = 10000.0;
constexpr double kSeconds = 0.6;

struct Case {
  const char* name;
  Wiring wiring;
  std::vector<Input> inputs;
};

class ThreeWireSystem : public testing::TestWithParam<Case> {};

TEST_P(ThreeWireSystem, HasTheTwoWattmeterPowerAndTheLineVoltages) {
  const Case& c = GetParam();
  const ThreeWire system;
  const std::array<Wave, 3> line{system.u[0].minus(system.u[1]), system.u[1].minus(system.u[2]),
                                 system.u[2].minus(system.u[0])};
  InputMask inputs;
  Samples s(kRate, kSeconds);
  for (const Input input : c.inputs) {
    inputs.add(input);
  }
  const bool two_transformers = c.wiring == Wiring::Delta && !inputs.has(Input::V2);
  for (std::size_t k = 0; k < 3; ++k) {
    const Input v = static_cast<Input>(k);
    if (inputs.has(v)) {
      if (c.wiring == Wiring::Delta) {
        s.fill(v, two_transformers && k == 2 ? Wave{}.minus(line[1]) : line[k]);
      } else {
        s.fill(v, system.u[k]);
      }
    }
    const Input i = static_cast<Input>(lane(Input::I1) + k);
    if (inputs.has(i)) {
      s.fill(i, system.i[k]);
    }
  }
  SystemSetup setup;
  setup.wiring = c.wiring;
  setup.nominal_voltage_volts = 400.0;
  const Recorder r = measure(setup, inputs, s);
  ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 3U);
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double u = line[k].rms(v.start, v.end);
      EXPECT_NEAR(v.values[index(Q::VllAb) + k], u, 1e-5 * u);
      const double i = system.i[k].rms(v.start, v.end);
      EXPECT_NEAR(v.values[index(Q::IA) + k], i, 2e-5 * i) << "a missing current is computed";
      EXPECT_FALSE(is_available(v.values[index(Q::VlnA) + k]));
      EXPECT_FALSE(is_available(v.values[index(Q::KwA) + k]));
      EXPECT_FALSE(is_available(v.values[index(Q::PfSignA) + k]));
    }
    const double scale = 3.0 * 230.0 * 5.0;
    EXPECT_NEAR(v[Q::KwTot], system.power(v.start, v.end), 1e-5 * scale);
    const std::complex<double> s1 = system.order_power(1);
    EXPECT_NEAR(v[Q::KvarTot], s1.imag(), 1e-5 * scale);
    EXPECT_NEAR(v[Q::KwFundTot], s1.real(), 1e-5 * scale);
    EXPECT_NEAR(v[Q::DpfSignTot], (s1.imag() > 0.0 ? -1.0 : 1.0) * s1.real() / std::abs(s1), 1e-5);
    EXPECT_FALSE(is_available(v[Q::VunbalU0]));
    EXPECT_NEAR(v[Q::V2Ang],
                std::remainder(std::arg(std::polar(221.0, -112.0 * kTestPi / 180.0) -
                                        std::polar(236.0, 131.0 * kTestPi / 180.0)) -
                                   std::arg(std::polar(230.0, 10.0 * kTestPi / 180.0) -
                                            std::polar(221.0, -112.0 * kTestPi / 180.0)),
                               2.0 * kTestPi),
                2e-5);
    // Per order, too, only the total can be known: by two wattmeters.
    const auto order_power = [&](std::size_t h) {
      return static_cast<double>(v.spectra->get(kTotalInput, SpectrumKind::TotalPower)[h]);
    };
    EXPECT_NEAR(order_power(1), system.order_power(1).real(), 2e-5 * scale);
    EXPECT_NEAR(order_power(5), system.order_power(5).real(), 2e-5 * scale);
    EXPECT_NEAR(order_power(3), 0.0, 2e-5 * scale);
    EXPECT_TRUE(std::isnan(v.spectra->get(Input::I1, SpectrumKind::Power)[5]));
    const double crest = v[Q::V1Cf];
    EXPECT_GT(crest, 1.35);
    EXPECT_LT(crest, 1.55);
  }
  for (const WindowCopy& w : r.windows) {
    EXPECT_TRUE(w.line_to_line);
    EXPECT_NEAR(w.rms, line[static_cast<std::size_t>(w.channel)].rms(w.start, w.end), 5e-5 * 400.0);
  }
  EXPECT_GT(r.windows.size(), 150U);
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_NEAR(h[Q::KwTot], system.power(h.start, h.end), 5e-5 * 3450.0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Wirings, ThreeWireSystem,
    testing::Values(Case{"delta_three_transformers",
                         Wiring::Delta,
                         {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3}},
                    Case{"delta_two_transformers",
                         Wiring::Delta,
                         {Input::V1, Input::V3, Input::I1, Input::I2, Input::I3}},
                    Case{"delta_two_transformers_two_currents",
                         Wiring::Delta,
                         {Input::V1, Input::V3, Input::I1, Input::I3}},
                    Case{"delta_three_transformers_two_currents",
                         Wiring::Delta,
                         {Input::V1, Input::V2, Input::V3, Input::I1, Input::I3}}),
    [](const auto& row) { return std::string(row.param.name); });

// Two and a half elements: the phase voltages add up to zero, V2 and I2 follow from the others.
TEST(Wiring, ThreeWireWyeMeasuresPhasesAndComputesWhatIsMissing) {
  ThreeWire system;
  system.u[1] = Wave{}.minus(system.u[0]).minus(system.u[2]);
  const double scale = 3.0 * 230.0 * 5.0;
  for (const bool complete : {true, false}) {
    InputMask inputs = mask_of({Input::V1, Input::V3, Input::I1, Input::I3});
    if (complete) {
      inputs.add(Input::V2);
      inputs.add(Input::I2);
    }
    Samples s(kRate, kSeconds);
    for (std::size_t k = 0; k < 3; ++k) {
      if (complete || k != 1) {
        s.fill(static_cast<Input>(k), system.u[k]);
        s.fill(static_cast<Input>(lane(Input::I1) + k), system.i[k]);
      }
    }
    SystemSetup setup;
    setup.wiring = Wiring::ThreeWireWye;
    const Recorder r = measure(setup, inputs, s);
    ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 3U);
    for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
      for (std::size_t k = 0; k < 3; ++k) {
        const double u = system.u[k].rms(v.start, v.end);
        EXPECT_NEAR(v.values[index(Q::VlnA) + k], u, 1e-5 * u) << complete;
        const double i = system.i[k].rms(v.start, v.end);
        EXPECT_NEAR(v.values[index(Q::IA) + k], i, 2e-5 * i) << complete;
        const double p = Wave::mean_product(system.u[k], system.i[k], v.start, v.end);
        EXPECT_NEAR(v.values[index(Q::KwA) + k], p, 1e-5 * scale) << complete;
      }
      EXPECT_NEAR(v[Q::KwTot], system.power(v.start, v.end), 1e-5 * scale) << complete;
      EXPECT_NEAR(v[Q::VunbalU0], 0.0, 1e-5) << complete;
    }
    for (const WindowCopy& w : r.windows) {
      EXPECT_FALSE(w.line_to_line);
    }
  }
}

TEST(Wiring, SplitPhaseHasTwoPhasesAndTheVoltageBetweenThem) {
  Samples s(kRate * 1.2, kSeconds);
  Wave v1;
  Wave v2;
  Wave i1;
  Wave i2;
  v1.tones = {{60.0, 120.0, 0.0}};
  v2.tones = {{60.0, 118.0, 180.0}};
  i1.tones = {{60.0, 10.0, -25.0}};
  i2.tones = {{60.0, 6.0, 180.0}};
  s.fill(Input::V1, v1);
  s.fill(Input::V2, v2);
  s.fill(Input::I1, i1);
  s.fill(Input::I2, i2);
  SystemSetup setup;
  setup.wiring = Wiring::Single;
  setup.nominal_voltage_volts = 120.0;
  setup.nominal_frequency_hertz = 60.0;
  const Recorder r = measure(setup, mask_of({Input::V1, Input::V2, Input::I1, Input::I2}), s);
  ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 3U);
  const IntervalCopy& v = r.get(Interval::TenTwelveCycle)[1];
  EXPECT_NEAR(v[Q::VlnA], 120.0, 1e-3);
  EXPECT_NEAR(v[Q::VlnB], 118.0, 1e-3);
  EXPECT_FALSE(is_available(v[Q::VlnC]));
  EXPECT_NEAR(v[Q::VllAb], 238.0, 1e-3);
  EXPECT_FALSE(is_available(v[Q::VllBc]));
  EXPECT_NEAR(v[Q::VlnAvg], 119.0, 1e-3);
  const double p1 = 1200.0 * std::cos(25.0 * kTestPi / 180.0);
  EXPECT_NEAR(v[Q::KwA], p1, 0.02);
  EXPECT_NEAR(v[Q::KwTot], p1 + 118.0 * 6.0, 0.02);
  EXPECT_NEAR(v[Q::KvarTot], 1200.0 * std::sin(25.0 * kTestPi / 180.0), 0.02);
  EXPECT_FALSE(is_available(v[Q::VunbalU2]));
  EXPECT_NEAR(v[Q::Freq], 60.0, 1e-5);
}

TEST(Wiring, OneVoltageAloneIsAMeter) {
  Samples s(kRate, kSeconds);
  Wave u;
  u.tones = {{50.2, 230.0, 40.0}};
  s.fill(Input::V1, u);
  SystemSetup setup;
  setup.wiring = Wiring::Single;
  const Recorder r = measure(setup, mask_of({Input::V1}), s);
  ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 3U);
  const IntervalCopy& v = r.get(Interval::TenTwelveCycle)[1];
  EXPECT_NEAR(v[Q::VlnA], 230.0, 1e-3);
  EXPECT_NEAR(v[Q::Freq], 50.2, 1e-5);
  EXPECT_FALSE(is_available(v[Q::KwTot]));
  EXPECT_FALSE(is_available(v[Q::KwhDel]));
}

TEST(Wiring, WithoutVoltagesTheCurrentsCarryFrequencyAndAngles) {
  const Feeder feeder = Feeder::balanced(49.8);
  const Recorder r =
      measure({}, mask_of({Input::I1, Input::I2, Input::I3}), feeder.sample(kRate, kSeconds));
  ASSERT_FALSE(r.get(Interval::TenTwelveCycle).empty());
  const IntervalCopy& v = r.get(Interval::TenTwelveCycle)[0];
  EXPECT_NEAR(v[Q::Freq], 49.8, 1e-5);
  EXPECT_NEAR(v[Q::I1Ang], 0.0, 1e-9);
  EXPECT_NEAR(v[Q::I2Ang], -2.0 * kTestPi / 3.0, 1e-5);
  EXPECT_FALSE(is_available(v[Q::VlnA]));
  EXPECT_FALSE(is_available(v[Q::KwTot]));
}

TEST(Wiring, TheSameWaveOnAllInputsAndReversedRotationKeepTheFrequency) {
  for (const int order : {0, -1}) {
    Samples s(kRate, kSeconds);
    for (int k = 0; k < 3; ++k) {
      Wave u;
      u.tones = {{50.4, 230.0, -120.0 * order * k}};
      s.fill(static_cast<Input>(k), u);
    }
    const Recorder r = measure({}, mask_of({Input::V1, Input::V2, Input::V3}), s);
    ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 3U);
    for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
      EXPECT_NEAR(h[Q::Freq], 50.4, 1e-3);
    }
    EXPECT_FALSE(is_available(r.get(Interval::TenTwelveCycle)[0][Q::VunbalU2]))
        << "there is no positive sequence to relate to";
  }
}

TEST(Wiring, PhaseOrderAcbSwapsTheSequences) {
  Samples s(kRate, kSeconds);
  for (int k = 0; k < 3; ++k) {
    Wave u;
    u.tones = {{50.0, 230.0, 120.0 * k}};
    s.fill(static_cast<Input>(k), u);
  }
  SystemSetup setup;
  setup.phase_order = PhaseOrder::Acb;
  const Recorder r = measure(setup, mask_of({Input::V1, Input::V2, Input::V3}), s);
  const IntervalCopy& v = r.get(Interval::TenTwelveCycle).at(0);
  EXPECT_NEAR(v[Q::VPosSeqMag], 230.0, 1e-3);
  EXPECT_NEAR(v[Q::VunbalU2], 0.0, 1e-6);
}

TEST(Wiring, TheFifthCurrentUsesTwelveLanes) {
  const Feeder feeder = Feeder::balanced(50.0);
  Samples s(kRate, kSeconds, 12);
  for (std::size_t k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), feeder.u[k]);
    s.fill(static_cast<Input>(lane(Input::I1) + k), feeder.i[k]);
  }
  Wave i5;
  i5.tones = {{50.0, 0.25, 77.0}, {150.0, 0.10, 0.0}};
  s.fill(Input::I5, i5);
  InputMask inputs =
      mask_of({Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3, Input::I5});
  const Recorder r = measure({}, inputs, s);
  const IntervalCopy& v = r.get(Interval::TenTwelveCycle).at(0);
  EXPECT_NEAR(v[Q::I5], std::hypot(0.25, 0.10), 1e-6);
  EXPECT_NEAR(v[Q::I5Ang], (77.0 - 17.0) * kTestPi / 180.0, 1e-5);
  EXPECT_NEAR(v[Q::KwTot], 3.0 * 230.0 * 5.0 * std::sqrt(0.75), 0.03);
  EXPECT_NEAR(static_cast<double>(v.spectra->get(Input::I5, SpectrumKind::Magnitude)[3]), 0.4,
              1e-5);
}

}  // namespace
}  // namespace halfcycle::metrology::test
