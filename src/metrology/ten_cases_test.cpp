// SPDX-License-Identifier: Apache-2.0
// The cases that separate a correct meter from a plausible one, as far as the engine shows them
// (those of events are in quality/ten_cases_events_test.cpp). Truth is worked out here, from closed
// forms and the wording of the standards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
constexpr double kRoot2 = 1.41421356237309504880;

InputMask three_inputs() { return mask_of({Input::V1, Input::V2, Input::V3}); }

/// Rms of DFT bin k (4-7 cl. 4.4) of a wave over the window [a, b), integrated in closed form.
double bin_rms(const Wave& wave, double a, double b, int k) {
  const double w = 2.0 * kTestPi * k / (b - a);
  std::complex<double> sum = 0.0;
  for (const Tone& tone : wave.tones) {
    const double own = 2.0 * kTestPi * tone.hertz;
    const double phase = tone.degrees * kTestPi / 180.0;
    // sin(x) = (e^{jx} − e^{−jx})/2j, each exponential integrated against e^{−jw(t−a)}.
    for (const double sign : {1.0, -1.0}) {
      const double beat = sign * own - w;
      const std::complex<double> at_a = std::polar(1.0, sign * own * a + sign * phase);
      const std::complex<double> integral =
          std::abs(beat) * (b - a) < 1e-9
              ? at_a * (b - a)
              : at_a * (std::polar(1.0, beat * (b - a)) - 1.0) / std::complex<double>(0.0, beat);
      sum += sign * tone.rms * kRoot2 * integral / std::complex<double>(0.0, 2.0);
    }
  }
  return std::abs(sum) * 2.0 / (b - a) / kRoot2;
}

/// Root of the sum of squares of bins `first` to `last`.
double bins_rms(const Wave& wave, double a, double b, int first, int last) {
  double sum = 0.0;
  for (int k = first; k <= last; ++k) {
    sum += std::pow(bin_rms(wave, a, b, k), 2);
  }
  return std::sqrt(sum);
}

// ---- 2 -----------------------------------------------------------------------------------------

// The steps of the dip lie midway between two samples: there the samples say exactly what the
// rectangle says, and the exact Urms(1/2) has no room beside it.
void sweep_one_cycle_dip(double hertz, double rate) {
  const double cycle = 1.0 / hertz;
  double smallest = 1.0;
  double largest = 0.0;
  SystemSetup system;
  system.nominal_frequency_hertz = hertz;
  for (int point = 0; point < 36; ++point) {
    const double start = (std::round((0.3 + point * cycle / 36.0) * rate) + 0.5) / rate;
    const double end = (std::round((start + cycle) * rate - 0.5) + 0.5) / rate;
    const auto turns = [&](double t, int k) { return hertz * t - k / 3.0; };
    Samples s(rate, 0.6);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        const double a = t >= start && t < end ? 0.5 : 1.0;
        return a * 230.0 * kRoot2 * std::sin(2.0 * kTestPi * turns(t, k));
      });
    }
    const Recorder r = measure(system, three_inputs(), s);
    std::array<double, 3> residual{1.0, 1.0, 1.0};
    std::array<double, 3> last_start{-1.0, -1.0, -1.0};
    for (const WindowCopy& w : r.windows) {
      const auto channel = static_cast<std::size_t>(w.channel);
      const auto square_integral = [&](double a, double b) {
        const auto primitive = [&](double t) {
          return t - std::sin(4.0 * kTestPi * turns(t, w.channel)) / (4.0 * kTestPi * hertz);
        };
        return b > a ? primitive(b) - primitive(a) : 0.0;
      };
      const double inside = square_integral(std::max(w.start, start), std::min(w.end, end));
      const double truth =
          std::sqrt((square_integral(w.start, w.end) - 0.75 * inside) / (w.end - w.start));
      EXPECT_NEAR(w.rms / 230.0, truth, 5e-5) << hertz << " " << point << " " << w.start;
      EXPECT_NEAR(w.end - w.start, cycle, 1e-6);
      // Its own zero crossings, each half cycle one.
      const double half_turns = 2.0 * turns(w.start, w.channel);
      EXPECT_NEAR(half_turns, std::round(half_turns), 1e-3) << point << " " << w.start;
      if (last_start[channel] >= 0.0) {
        EXPECT_NEAR(w.start - last_start[channel], 0.5 * cycle, 2e-5);
      }
      last_start[channel] = w.start;
      residual[channel] = std::min(residual[channel], w.rms / 230.0);
    }
    for (const double x : residual) {
      smallest = std::min(smallest, x);
      largest = std::max(largest, x);
    }
  }
  EXPECT_NEAR(smallest, 0.500, 0.002);
  // A window sees three quarters of the dip's squares at most: √(1 − 0.75·0.75) = 0.6614.
  EXPECT_NEAR(largest, 0.6614, 0.002);
}

TEST(TenCases, Case2OneCycleDipSweptOverThirtySixPointsOnWave) {
  sweep_one_cycle_dip(50.0, 25600.0);
  sweep_one_cycle_dip(60.0, 25600.0);
  sweep_one_cycle_dip(50.0, 10000.0);
}

// ---- 6 -----------------------------------------------------------------------------------------

void expect_spectra_of(const Wave& wave, const IntervalCopy& v, Input input) {
  const auto& magnitude = v.spectra->get(input, SpectrumKind::Magnitude);
  const auto& inter = v.spectra->get(input, SpectrumKind::Interharmonic);
  const double fundamental = bins_rms(wave, v.start, v.end, 9, 11);
  for (int h = 1; h <= kMaxOrder; ++h) {
    if (!std::isnan(magnitude[static_cast<std::size_t>(h)])) {
      const double truth = bins_rms(wave, v.start, v.end, 10 * h - 1, 10 * h + 1) / fundamental;
      EXPECT_NEAR(static_cast<double>(magnitude[static_cast<std::size_t>(h)]), truth,
                  1e-4 * std::max(0.1, truth / 0.01 * 0.1))
          << "order " << h;
    }
    if (!std::isnan(inter[static_cast<std::size_t>(h)])) {
      const double truth = bins_rms(wave, v.start, v.end, 10 * h + 2, 10 * h + 8) / fundamental;
      EXPECT_NEAR(static_cast<double>(inter[static_cast<std::size_t>(h)]), truth, 1e-5)
          << "between " << h << " and " << h + 1;
    }
  }
}

TEST(TenCases, Case6TonesOfTheBandAreWhereTheyBelongAndNowhereElse) {
  constexpr double kHertz = 47.3;
  struct Setting {
    double rate;
    std::vector<double> tones;
  };
  for (const Setting& setting :
       {Setting{10000.0, {2540.0, 4210.0}}, Setting{25600.0, {2540.0, 4210.0, 7000.0}}}) {
    Feeder feeder = Feeder::balanced(kHertz, 0.0);
    feeder.add_harmonic(50.0, 0.01, 0.01, 40.0);
    for (const double hertz : setting.tones) {
      feeder.add_harmonic(hertz / kHertz, 0.01, 0.01, 10.0);
    }
    const Recorder r = measure({}, seven_inputs(), feeder.sample(setting.rate, 1.2));
    const auto& windows = r.get(Interval::TenTwelveCycle);
    ASSERT_GE(windows.size(), 5U);
    for (const IntervalCopy& v : windows) {
      EXPECT_NEAR(v[Q::Freq], kHertz, 2e-4);
      ASSERT_FALSE(std::isnan(v.spectra->get(Input::V1, SpectrumKind::Magnitude)[50]));
      for (std::size_t k = 0; k < 3; ++k) {
        expect_spectra_of(feeder.u[k], v, static_cast<Input>(k));
        expect_spectra_of(feeder.i[k], v, static_cast<Input>(lane(Input::I1) + k));
        // In full in rms and in power.
        const auto of_phase = [&](Q a) { return static_cast<Q>(index(a) + k); };
        EXPECT_NEAR(v[of_phase(Q::VlnA)] / feeder.u[k].rms(v.start, v.end), 1.0, 1e-6);
        EXPECT_NEAR(v[of_phase(Q::KwA)],
                    Wave::mean_product(feeder.u[k], feeder.i[k], v.start, v.end), 1e-5 * 1150.0);
      }
    }
    EXPECT_NEAR(feeder.u[0].rms(0.0, 1.0 / 0.1) / 230.0,
                std::sqrt(1.0 + 1e-4 * static_cast<double>(1 + setting.tones.size())), 1e-6);
  }
}

// ---- 8 -----------------------------------------------------------------------------------------

TEST(TenCases, Case8PhasesImportAndExportAtOnce) {
  Feeder feeder = Feeder::balanced(50.05, 20.0);
  feeder.i[1].tones[0].degrees += 180.0;  // exports
  feeder.i[2].tones[0].rms = 2.0;
  const double seconds = 3.0;
  const Recorder r = measure({}, seven_inputs(), feeder.sample(10000.0, seconds));
  std::array<double, 3> joules{};
  double net = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    joules[k] = Wave::mean_product(feeder.u[k], feeder.i[k], 0.0, seconds) * seconds;
    net += joules[k];
  }
  const auto net_until = [&](double t) {
    double sum = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      sum += Wave::mean_product(feeder.u[k], feeder.i[k], 0.0, t) * t;
    }
    return sum;
  };
  ASSERT_GT(joules[0], 0.0);
  ASSERT_LT(joules[1], 0.0);
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(v[static_cast<Q>(index(Q::KwA) + k)],
                  Wave::mean_product(feeder.u[k], feeder.i[k], v.start, v.end), 1e-5 * 1150.0);
    }
  }
  const IntervalCopy& last = r.get(Interval::HalfCycle).back();
  const double apparent = 12.0 * 230.0 * seconds;
  EXPECT_NEAR(last[Q::KwhDel], net_until(last.end), 1e-5 * apparent)
      << "the phases are netted before the register is chosen";
  EXPECT_EQ(last[Q::KwhRec], 0.0);
  EXPECT_GT(joules[0] + joules[2], 1.5 * net) << "a split by phase would say something else";
}

TEST(TenCases, Case8FundamentalReactivePowerIsNotAllThatIsNotActive) {
  Feeder feeder = Feeder::balanced(50.0, 35.0);
  feeder.add_harmonic(5, 0.10, 0.40, 25.0);
  feeder.i[1].tones[0].rms = 3.0;
  std::array<double, 3> s{};
  IntervalCopy last;
  for (int method = 0; method < 3; ++method) {
    SystemSetup setup;
    setup.kva_method = static_cast<SystemSetup::KvaMethod>(method);
    const Recorder r = measure(setup, seven_inputs(), feeder.sample(10000.0, 0.5));
    last = r.get(Interval::TenTwelveCycle).at(0);
    s[static_cast<std::size_t>(method)] = last[Q::KvaTot];
  }
  const double a = last.start;
  const double b = last.end;
  double p = 0.0;
  double q = 0.0;
  double arithmetic = 0.0;
  std::array<double, 3> u_square{};
  std::array<double, 3> line_square{};
  double i_square = 0.0;
  Wave neutral;
  for (std::size_t k = 0; k < 3; ++k) {
    const double q_phase =
        feeder.u[k].tones[0].rms * feeder.i[k].tones[0].rms * std::sin(35.0 * kTestPi / 180.0);
    const double p_phase = Wave::mean_product(feeder.u[k], feeder.i[k], a, b);
    const double s_phase = feeder.u[k].rms(a, b) * feeder.i[k].rms(a, b);
    EXPECT_NEAR(last[static_cast<Q>(index(Q::KvarA) + k)], q_phase, 1e-5 * s_phase);
    EXPECT_GT(std::sqrt(s_phase * s_phase - p_phase * p_phase), 1.1 * q_phase)
        << "the non-active power holds distortion too";
    p += p_phase;
    q += q_phase;
    arithmetic += s_phase;
    u_square[k] = Wave::mean_product(feeder.u[k], feeder.u[k], a, b);
    i_square += Wave::mean_product(feeder.i[k], feeder.i[k], a, b);
    const Wave line = feeder.u[k].minus(feeder.u[(k + 1) % 3]);
    line_square[k] = Wave::mean_product(line, line, a, b);
    neutral.tones.insert(neutral.tones.end(), feeder.i[k].tones.begin(), feeder.i[k].tones.end());
  }
  // IEEE 1459-2010 §3.2.2.8.
  const double ve_square = (3.0 * (u_square[0] + u_square[1] + u_square[2]) + line_square[0] +
                            line_square[1] + line_square[2]) /
                           18.0;
  const double ie_square = (i_square + Wave::mean_product(neutral, neutral, a, b)) / 3.0;
  const double effective = 3.0 * std::sqrt(ve_square * ie_square);
  EXPECT_NEAR(s[0], std::hypot(p, q), 1e-5 * effective);
  EXPECT_NEAR(s[1], arithmetic, 1e-5 * effective);
  EXPECT_NEAR(s[2], effective, 1e-5 * effective);
  EXPECT_LT(s[0], s[1]);
  EXPECT_LT(s[1], s[2]);
}

// A load that burns for two cycles and rests for two. Its period of four cycles and the window of
// ten share no boundary: six cycles of fire in one window, four in the next.
TEST(TenCases, Case8BurstFiringTwoCyclesOnTwoOff) {
  constexpr double kHertz = 50.0;
  constexpr double kRate = 10000.0;
  Feeder feeder = Feeder::balanced(kHertz, 0.0);
  for (std::size_t k = 0; k < 3; ++k) {
    feeder.u[k].tones[0].degrees = -120.0 * static_cast<double>(k);
    feeder.i[k].tones[0].degrees = feeder.u[k].tones[0].degrees;
  }
  Samples s = feeder.sample(kRate, 2.0);
  for (std::size_t n = 0; n < s.count(); ++n) {
    // Fired together; edges midway between two samples.
    const double t = (static_cast<double>(n) + 0.5) / kRate;
    if (std::fmod(t * kHertz, 4.0) >= 2.0) {
      for (std::size_t l = 4; l < 8; ++l) {
        s.frames[n * s.lanes + l] = 0.0F;
      }
    }
  }
  const Recorder r = measure({}, seven_inputs(), s);
  const auto& windows = r.get(Interval::TenTwelveCycle);
  ASSERT_EQ(windows.size(), 10U);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const double fired = w % 2 == 0 ? 0.6 : 0.4;
    // The edges of the firing, and with them the truth, lie half a sample off the window's ends.
    EXPECT_NEAR(windows[w][Q::KwTot], fired * 3.0 * 1150.0, 2e-3 * 3450.0) << w;
    EXPECT_NEAR(windows[w][Q::IA], 5.0 * std::sqrt(fired), 1e-2) << w;
    EXPECT_NEAR(windows[w][Q::VlnA], 230.0, 1e-3);
    // P/S falls with the share of the time though no current lags.
    EXPECT_NEAR(std::abs(windows[w][Q::PfSignA]), std::sqrt(fired), 2e-3) << w;
  }
  // Over whole periods of the firing the energy is exactly half.
  double joules = 0.0;
  for (std::size_t n = 0; n < s.count(); ++n) {
    for (std::size_t k = 0; k < 3; ++k) {
      joules += static_cast<double>(s.frames[n * 8 + k]) *
                static_cast<double>(s.frames[n * 8 + 4 + k]) / kRate;
    }
  }
  EXPECT_NEAR(joules, 0.5 * 3450.0 * 2.0, 1e-3 * 3450.0);
  EXPECT_NEAR(r.get(Interval::HalfCycle).back()[Q::KwhDel], joules, 2e-3 * joules);
}

// ---- 9 -----------------------------------------------------------------------------------------

TEST(TenCases, Case9TheReferencePhaseDiesInsideAWindowAndReturnsShifted) {
  constexpr double kHertz = 49.87;
  constexpr double kDies = 1.0837;
  constexpr double kReturns = 2.2313;
  Samples s(10000.0, 4.0);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      const bool dead = k == 0 && t >= kDies && t < kReturns;
      const double shift = k == 0 && t >= kReturns ? 1.0 / 3.0 : 0.0;
      return dead ? 0.0 : 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (kHertz * t - k / 3.0 + shift));
    });
  }
  const Recorder r = measure({}, three_inputs(), s);
  const auto& windows = r.get(Interval::TenTwelveCycle);
  ASSERT_EQ(windows.size(), 19U);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const IntervalCopy& v = windows[w];
    EXPECT_NEAR(v.end - v.start, 10.0 / kHertz, 2e-6) << "the last frequency goes on " << v.start;
    EXPECT_NEAR(v.start, w == 0 ? 0.0 : windows[w - 1].end, 2e-9) << "gapless";
    EXPECT_NEAR(v[Q::Freq], kHertz, 1e-3) << v.start;
    EXPECT_NEAR(v[Q::VlnB], 230.0, 3e-3) << v.start;
  }
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_TRUE(!is_available(h[Q::Freq]) || std::abs(h[Q::Freq] - kHertz) < 2e-3)
        << "no invented frequency: " << h[Q::Freq] << " at " << h.end;
  }
  // Back, with L1 in phase with L3 (+120° on 0° is that of L3 at −240°): u2 and u0 by Fortescue.
  const auto at = [](double degrees) { return std::polar(1.0, degrees * kTestPi / 180.0); };
  const std::complex<double> turn = at(120.0);
  const auto p = std::array{at(120.0), at(-120.0), at(-240.0)};
  const double u1 = std::abs(p[0] + turn * p[1] + turn * turn * p[2]);
  const double u2 = std::abs(p[0] + turn * turn * p[1] + turn * p[2]);
  const double u0 = std::abs(p[0] + p[1] + p[2]);
  EXPECT_NEAR(windows.back()[Q::VunbalU2], u2 / u1, 5e-5);
  EXPECT_NEAR(windows.back()[Q::VunbalU0], u0 / u1, 5e-5);
}

TEST(TenCases, Case9AllPhasesDeadForThirtySeconds) {
  constexpr double kHertz = 50.13;
  constexpr double kDies = 3.317;
  constexpr double kReturns = 33.402;
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  Samples s(2000.0, 46.0);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      const double shift = t >= kReturns ? 1.0 / 3.0 : 0.0;
      return t >= kDies && t < kReturns
                 ? 0.0
                 : 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (kHertz * t - k / 3.0 + shift));
    });
  }
  const Recorder r = measure({}, three_inputs(), s, 4096, start);
  const auto& windows = r.get(Interval::TenTwelveCycle);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const IntervalCopy& v = windows[w];
    EXPECT_NEAR(v.start, w == 0 ? 0.0 : windows[w - 1].end, 2e-9) << "gapless";
    EXPECT_NEAR(v.end - v.start, 10.0 / kHertz, 1e-5) << "at the last frequency, " << v.start;
    EXPECT_TRUE(v.marks.complete) << "a dead line is measured all the same";
    if (v.start > kDies && v.end < kReturns) {
      EXPECT_NEAR(v[Q::VlnA], 0.0, 1e-2);
      EXPECT_FALSE(is_available(v[Q::Freq])) << v.start;
      EXPECT_FALSE(is_available(v[Q::VunbalU2])) << v.start;
      EXPECT_FALSE(is_available(v[Q::VunbalU0])) << v.start;
      EXPECT_FALSE(v.marks.sync_ok);
    }
    if (v.start > kReturns + 0.5) {
      EXPECT_NEAR(v[Q::Freq], kHertz, 1e-4);
      EXPECT_TRUE(v.marks.sync_ok);
    }
  }
  EXPECT_GE(windows.size(), 229U);
  for (const IntervalCopy& v : r.get(Interval::TenSecond)) {
    const bool touched = v.start < kReturns && v.end > kDies;
    EXPECT_EQ(is_available(v[Q::Freq]), !touched) << v.start;
    EXPECT_EQ(v.marks.sync_ok, !touched) << v.start;
  }
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_TRUE(!is_available(h[Q::Freq]) || std::abs(h[Q::Freq] - kHertz) < 5e-3)
        << h[Q::Freq] << " at " << h.end;
  }
}

// ---- 10 ----------------------------------------------------------------------------------------

/// IEC 61000-4-30 §5.1.1 to the letter: rising zero crossings of sin(2π·turns(t)) inside [a, b),
/// whole cycles over the time that they take. turns must rise.
double standard_count(const Function& turns, double a, double b) {
  const auto crossing = [&](double target, double low, double high) {
    for (int k = 0; k < 200; ++k) {
      const double middle = 0.5 * (low + high);
      (turns(middle) < target ? low : high) = middle;
    }
    return 0.5 * (low + high);
  };
  const double first = std::ceil(turns(a));
  const double last = std::ceil(turns(b)) - 1.0;
  return (last - first) / (crossing(last, a, b) - crossing(first, a, b));
}

double frequency_over_ten_seconds(const Function& turns) {
  constexpr double kLead = 0.437;
  // Ten seconds of UTC begin kLead after the first sample.
  const Instant start = Instant::from_unix_ns(1600000000000000000) - Duration::from_seconds(kLead);
  Samples s(5000.0, 11.5);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      const double theta = 2.0 * kTestPi * (turns(t) - k / 3.0);
      return 230.0 * kRoot2 * (std::sin(theta) + 0.03 * std::sin(5.0 * theta));
    });
  }
  const Recorder r = measure({}, three_inputs(), s, 4096, start);
  const auto& tens = r.get(Interval::TenSecond);
  if (tens.size() != 1) {
    ADD_FAILURE() << tens.size() << " intervals of 10 s";
    return 0.0;
  }
  EXPECT_NEAR(tens[0].start, kLead, 1e-8);
  EXPECT_NEAR(tens[0][Q::Freq], standard_count(turns, kLead, kLead + 10.0), 1e-5);
  return tens[0][Q::Freq];
}

TEST(TenCases, Case10RampsAgainstTheStandardsOwnCount) {
  for (const double slope : {1.0, -1.0}) {
    const double f = frequency_over_ten_seconds([slope](double t) {
      // From the nominal value for 1 s, then the ramp to its end.
      const double u = std::clamp(t - 1.0, 0.0, 6.0);
      return 50.0 * t + 0.5 * slope * u * u + slope * u * std::max(0.0, t - 7.0);
    });
    EXPECT_GT(std::abs(f - 50.0), 3.0);
  }
}

TEST(TenCases, Case10AJumpOfThirtyDegreesAgainstTheStandardsOwnCount) {
  // Between two rising crossings, so that the count itself is not in doubt.
  const double f = frequency_over_ten_seconds(
      [](double t) { return 50.0 * t + (t >= 5.4071 ? 30.0 / 360.0 : 0.0); });
  EXPECT_NEAR(f, 50.0 + 30.0 / 360.0 / 10.0, 2e-4) << "the count takes the jump in";
}

}  // namespace
}  // namespace halfcycle::metrology::test
