// SPDX-License-Identifier: Apache-2.0
// Every wiring at the ends and in the middle of every range of frequency, 42.5 to 57.5 Hz, 51 to
// 69 Hz and around 400 Hz, with a fifth harmonic, an interharmonic and unbalance: each quantity
// against its closed form over the window that it states.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <string>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
using Complex = std::complex<double>;

struct WiringCase {
  const char* name;
  Wiring wiring;
  std::vector<Input> inputs;
};
struct FrequencyCase {
  double nominal;
  double hertz;
  double rate;
};

/// No neutral: the currents add up to zero, and so do the voltages against the star point.
bool three_wires(Wiring wiring) {
  return wiring == Wiring::Delta || wiring == Wiring::ThreeWireWye;
}

/// What is connected, in closed form: phase voltages and currents of three phases.
struct System {
  double hertz;
  std::array<Wave, 3> u;
  std::array<Wave, 3> i;

  System(Wiring wiring, double f) : hertz(f) {
    const std::array<double, 3> volts{230.0, 221.0, 236.0};
    const std::array<double, 3> amperes{5.0, 3.5, 4.2};
    for (std::size_t k = 0; k < 3; ++k) {
      const double turn = -120.0 * static_cast<double>(k);
      u[k].tones = {{f, volts[k], 10.0 + turn},
                    {5.0 * f, 0.04 * volts[k], 35.0 + 5.0 * turn},
                    {3.5 * f, 0.01 * volts[k], 70.0 + turn}};
      i[k].tones = {{f, amperes[k], -20.0 + turn},
                    {5.0 * f, 0.15 * amperes[k], 120.0 + 5.0 * turn},
                    {3.5 * f, 0.02 * amperes[k], 40.0 + turn}};
    }
    if (wiring == Wiring::Single) {
      u[1].tones[0].degrees = 190.0;  // a split phase
    }
    if (three_wires(wiring)) {
      u[1] = Wave{}.minus(u[0]).minus(u[2]);
      i[1] = Wave{}.minus(i[0]).minus(i[2]);
    }
  }
  [[nodiscard]] Wave line(std::size_t k) const { return u[k].minus(u[(k + 1) % 3]); }
  [[nodiscard]] Complex phasor(const Wave& wave, double order = 1.0) const {
    Complex sum;
    for (const Tone& t : wave.tones) {
      sum += t.hertz == order * hertz ? std::polar(t.rms, t.degrees * kTestPi / 180.0) : 0.0;
    }
    return sum;
  }
};

class EveryWiring : public testing::TestWithParam<std::tuple<WiringCase, FrequencyCase>> {
 protected:
  [[nodiscard]] const WiringCase& wiring() const { return std::get<0>(GetParam()); }
  [[nodiscard]] const FrequencyCase& at() const { return std::get<1>(GetParam()); }
  [[nodiscard]] InputMask inputs() const {
    InputMask mask;
    for (const Input input : wiring().inputs) {
      mask.add(input);
    }
    return mask;
  }
  /// What an input carries.
  [[nodiscard]] Wave wave_of(const System& s, Input input) const {
    const bool delta = wiring().wiring == Wiring::Delta;
    if (input == Input::V4) {
      Wave to_earth;
      to_earth.tones = {{s.hertz, 3.0, 50.0}, {3.0 * s.hertz, 1.0, 0.0}};
      return to_earth;
    }
    if (input == Input::I4) {
      return Wave{}.minus(s.i[0]).minus(s.i[1]).minus(s.i[2]);
    }
    if (!is_voltage(input)) {
      return s.i[lane(input) - lane(Input::I1)];
    }
    if (!delta) {
      return s.u[lane(input)];
    }
    const bool two_transformers = !inputs().has(Input::V2);
    return two_transformers && input == Input::V3 ? Wave{}.minus(s.line(1)) : s.line(lane(input));
  }
};

TEST_P(EveryWiring, MeasuresWhatItKnowsAtEveryFrequencyInRange) {
  const System s(wiring().wiring, at().hertz);
  const double cycles = at().nominal < 55.0 ? 10.0 : 12.0;
  Samples samples(at().rate, 5.0 * cycles / at().hertz);
  for (const Input input : wiring().inputs) {
    samples.fill(input, wave_of(s, input));
  }
  SystemSetup setup;
  setup.wiring = wiring().wiring;
  setup.nominal_frequency_hertz = at().nominal;
  setup.nominal_voltage_volts = is_line_to_line(setup.wiring) ? 400.0 : 230.0;
  const Recorder r = measure(setup, inputs(), samples);
  ASSERT_GE(r.get(Interval::TenTwelveCycle).size(), 4U);

  const bool delta = wiring().wiring == Wiring::Delta;
  const bool wires3 = three_wires(wiring().wiring);
  const std::size_t phases = wiring().wiring != Wiring::Single ? 3
                             : inputs().has(Input::V2)         ? 2
                                                               : 1;
  constexpr double kOfApparent = 1e-5;
  const double scale = 3.0 * 230.0 * 5.0;
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    const auto phase = [&](Q first, std::size_t k) { return v.values[index(first) + k]; };
    EXPECT_NEAR(v[Q::Freq] / at().hertz, 1.0, 1e-6);
    EXPECT_NEAR((v.end - v.start) * at().hertz / cycles, 1.0, 1e-6);
    EXPECT_TRUE(v.marks.complete && v.marks.sync_ok);
    double p_total = 0.0;
    Complex s1_total;
    double arithmetic = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      const bool there = k < phases;
      const double u = s.u[k].rms(v.start, v.end);
      const double i = s.i[k].rms(v.start, v.end);
      const double p = Wave::mean_product(s.u[k], s.i[k], v.start, v.end);
      const Complex s1 = s.phasor(s.u[k]) * std::conj(s.phasor(s.i[k]));
      if (there) {
        p_total += p;
        s1_total += s1;
        arithmetic += u * i;
      }
      if (there && !delta) {
        EXPECT_NEAR(phase(Q::VlnA, k) / u, 1.0, 1e-5) << k;
        EXPECT_NEAR(phase(Q::KwA, k), p, kOfApparent * scale) << k;
        EXPECT_NEAR(phase(Q::KvarA, k), s1.imag(), kOfApparent * scale) << k;
        EXPECT_NEAR(phase(Q::KwFundA, k), s1.real(), kOfApparent * scale) << k;
        EXPECT_NEAR(phase(Q::KvaA, k) / (u * i), 1.0, 2e-5) << k;
        EXPECT_NEAR(phase(Q::PfSignA, k), (s1.imag() > 0.0 ? -1.0 : 1.0) * p / (u * i), 2e-5) << k;
        EXPECT_NEAR(phase(Q::DpfSignA, k),
                    (s1.imag() > 0.0 ? -1.0 : 1.0) * s1.real() / std::abs(s1), 2e-5)
            << k;
      } else {
        EXPECT_FALSE(is_available(phase(Q::VlnA, k))) << k;
        EXPECT_FALSE(is_available(phase(Q::KwA, k))) << k;
        EXPECT_FALSE(is_available(phase(Q::DpfSignA, k))) << k;
      }
      if (there) {
        EXPECT_NEAR(phase(Q::IA, k) / i, 1.0, 2e-5) << k;
      } else {
        EXPECT_FALSE(is_available(phase(Q::IA, k))) << k;
      }
      const bool has_line = phases == 3 || (phases == 2 && k == 0);
      if (has_line) {
        EXPECT_NEAR(phase(Q::VllAb, k) / s.line(k).rms(v.start, v.end), 1.0, 1e-5) << k;
      } else {
        EXPECT_FALSE(is_available(phase(Q::VllAb, k))) << k;
      }
    }
    EXPECT_NEAR(v[Q::KwTot], p_total, kOfApparent * scale);
    EXPECT_NEAR(v[Q::KvarTot], s1_total.imag(), kOfApparent * scale);
    EXPECT_NEAR(v[Q::KwFundTot], s1_total.real(), kOfApparent * scale);
    const double vector = std::hypot(p_total, s1_total.imag());
    EXPECT_NEAR(v[Q::KvaTot], vector, kOfApparent * scale);
    EXPECT_NEAR(v[Q::KvaVectorTot], vector, kOfApparent * scale);
    EXPECT_EQ(v[Q::QuadrantTot], 1.0);
    if (delta) {
      double volts = 0.0;
      double amperes = 0.0;
      for (std::size_t k = 0; k < 3; ++k) {
        volts += s.line(k).rms(v.start, v.end) / 3.0;
        amperes += s.i[k].rms(v.start, v.end) / 3.0;
      }
      arithmetic = std::sqrt(3.0) * volts * amperes;
    }
    EXPECT_NEAR(v[Q::KvaArithmeticTot] / arithmetic, 1.0, 2e-5);

    // Effective: phase voltages against the star point of least squares, with the neutral's
    // current.
    if (phases == 3) {
      double ll = 0.0;
      double ln = 0.0;
      double ii = 0.0;
      for (std::size_t k = 0; k < 3; ++k) {
        ll += std::pow(s.line(k).rms(v.start, v.end), 2);
        ln += std::pow(s.u[k].rms(v.start, v.end), 2);
        ii += std::pow(s.i[k].rms(v.start, v.end), 2);
      }
      const double neutral = wires3 ? 0.0 : std::pow(wave_of(s, Input::I4).rms(v.start, v.end), 2);
      const double effective = delta
                                   ? 3.0 * std::sqrt(ll / 9.0 * (ii / 3.0))
                                   : 3.0 * std::sqrt((3.0 * ln + ll) / 18.0 * (ii + neutral) / 3.0);
      EXPECT_NEAR(v[Q::KvaEffectiveTot] / effective, 1.0, 2e-5);

      const Complex a = std::polar(1.0, 2.0 * kTestPi / 3.0);
      std::array<Complex, 3> x;
      for (std::size_t k = 0; k < 3; ++k) {
        x[k] = s.phasor(delta ? s.line(k) : s.u[k]);
      }
      const double positive = std::abs(x[0] + a * x[1] + a * a * x[2]);
      EXPECT_NEAR(v[Q::VunbalU2], std::abs(x[0] + a * a * x[1] + a * x[2]) / positive, 5e-5);
      if (delta) {
        EXPECT_FALSE(is_available(v[Q::VunbalU0]));
      } else {
        EXPECT_NEAR(v[Q::VunbalU0], std::abs(x[0] + x[1] + x[2]) / positive, 5e-5);
      }
      EXPECT_EQ(v[Q::PhaseRotation], 1.0);
      EXPECT_EQ(v[Q::PhaseLoss], 0.0);
    } else {
      EXPECT_FALSE(is_available(v[Q::VunbalU2]));
      EXPECT_FALSE(is_available(v[Q::PhaseRotation]));
    }

    // Harmonics of the quality voltages and of currents.
    const Wave& first_current = s.i[0];
    const Wave first_voltage = delta ? s.line(0) : s.u[0];
    const auto order = [&](Input input, SpectrumKind kind, std::size_t h) {
      return static_cast<double>(v.spectra->get(input, kind)[h]);
    };
    const auto ratio = [&](const Wave& wave, double h) {
      return std::abs(s.phasor(wave, h)) / std::abs(s.phasor(wave));
    };
    EXPECT_NEAR(order(Input::V1, SpectrumKind::Magnitude, 5), ratio(first_voltage, 5.0), 1e-4);
    EXPECT_NEAR(order(Input::I1, SpectrumKind::Magnitude, 5), ratio(first_current, 5.0), 1e-4);
    EXPECT_NEAR(order(Input::V1, SpectrumKind::Interharmonic, 3), ratio(first_voltage, 3.5), 1e-4);
    EXPECT_NEAR(v[Q::V1Thd], ratio(first_voltage, 5.0), 1e-4);
    Complex fifth;
    for (std::size_t k = 0; k < phases; ++k) {
      fifth += s.phasor(s.u[k], 5.0) * std::conj(s.phasor(s.i[k], 5.0));
    }
    EXPECT_NEAR(order(kTotalInput, SpectrumKind::TotalPower, 5), fifth.real(), 2e-5 * scale);

    if (inputs().has(Input::I4)) {
      const double neutral = wave_of(s, Input::I4).rms(v.start, v.end);
      EXPECT_NEAR(v[Q::I4] / neutral, 1.0, 2e-5);
      EXPECT_NEAR(v[Q::ICalcRes] / neutral, 1.0, 2e-5) << "calculated like measured";
      EXPECT_NEAR(v[Q::V4] / wave_of(s, Input::V4).rms(v.start, v.end), 1.0, 2e-5);
      EXPECT_NEAR(v[Q::V4Fund], 3.0, 1e-4);
    }
    if (wires3 && inputs().has(Input::I2)) {
      EXPECT_NEAR(v[Q::ICalcRes], 0.0, 1e-5);
    }
  }
  for (const WindowCopy& w : r.windows) {
    const Wave wave = delta ? s.line(static_cast<std::size_t>(w.channel))
                            : s.u[static_cast<std::size_t>(w.channel)];
    EXPECT_EQ(w.line_to_line, delta);
    EXPECT_NEAR(w.rms, wave.rms(w.start, w.end), 5e-5 * setup.nominal_voltage_volts);
  }
  EXPECT_GE(r.windows.size(), static_cast<std::size_t>(8.0 * cycles) * phases);
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    double p = 0.0;
    for (std::size_t k = 0; k < phases; ++k) {
      p += Wave::mean_product(s.u[k], s.i[k], h.start, h.end);
    }
    EXPECT_NEAR(h[Q::KwTot], p, 5e-5 * scale);
  }
}

const std::vector<Input> kAll{Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3};

INSTANTIATE_TEST_SUITE_P(
    Range, EveryWiring,
    testing::Combine(
        testing::Values(WiringCase{"four_wire_wye",
                                   Wiring::FourWireWye,
                                   {Input::V1, Input::V2, Input::V3, Input::V4, Input::I1,
                                    Input::I2, Input::I3, Input::I4}},
                        WiringCase{"demo", Wiring::Demo, kAll},
                        WiringCase{"three_wire_wye", Wiring::ThreeWireWye, kAll},
                        WiringCase{"three_wire_wye_two_elements",
                                   Wiring::ThreeWireWye,
                                   {Input::V1, Input::V3, Input::I1, Input::I3}},
                        WiringCase{"delta_three_transformers", Wiring::Delta, kAll},
                        WiringCase{"delta_two_transformers_two_currents",
                                   Wiring::Delta,
                                   {Input::V1, Input::V3, Input::I1, Input::I3}},
                        WiringCase{"single", Wiring::Single, {Input::V1, Input::I1}},
                        WiringCase{"split_phase",
                                   Wiring::Single,
                                   {Input::V1, Input::V2, Input::I1, Input::I2}}),
        testing::Values(FrequencyCase{50.0, 42.5, 12800.0}, FrequencyCase{50.0, 50.0, 12800.0},
                        FrequencyCase{50.0, 57.5, 12800.0}, FrequencyCase{60.0, 51.0, 12800.0},
                        FrequencyCase{60.0, 60.0, 12800.0}, FrequencyCase{60.0, 69.0, 12800.0},
                        FrequencyCase{400.0, 360.0, 25600.0}, FrequencyCase{400.0, 400.0, 25600.0},
                        FrequencyCase{400.0, 440.0, 25600.0})),
    [](const auto& row) {
      const FrequencyCase& f = std::get<1>(row.param);
      return std::string(std::get<0>(row.param).name) + "_" +
             std::to_string(static_cast<int>(f.nominal)) + "_at_" +
             std::to_string(static_cast<int>(f.hertz * 10.0)) + "_tenths";
    });

}  // namespace
}  // namespace halfcycle::metrology::test
