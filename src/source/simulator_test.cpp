// SPDX-License-Identifier: Apache-2.0
#include "source/simulator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <string>
#include <vector>

#include "source/simulator_math.hpp"
#include "source/truth_signal.hpp"

namespace halfcycle::source {
namespace {

constexpr long double kPi = 3.14159265358979323846264338328L;

std::unique_ptr<Source> simulator(std::string_view text) {
  auto scenario = parse_scenario(text, "test.toml");
  EXPECT_TRUE(scenario) << scenario.error().message;
  return make_simulator(std::move(*scenario), "sim:test");
}

struct Played {
  std::vector<float> frames;
  std::vector<SampleBlock> blocks;  ///< without their samples
  std::size_t lanes = 8;
  [[nodiscard]] std::vector<double> lane_of(Input input) const {
    std::vector<double> out;
    for (std::size_t i = lane(input); i < frames.size(); i += lanes) {
      out.push_back(frames[i]);
    }
    return out;
  }
};

Played play(Source& source, std::size_t block_frames = 4096) {
  Played played;
  for (;;) {
    auto block = source.read(block_frames);
    EXPECT_TRUE(block);
    if (!block || !*block) {
      return played;
    }
    played.lanes = (*block)->lanes;
    played.frames.insert(played.frames.end(), (*block)->frames,
                         (*block)->frames + (*block)->frame_count * (*block)->lanes);
    played.blocks.push_back(**block);
  }
}

double rms(const std::vector<double>& x) {
  long double sum = 0.0L;
  for (const double v : x) {
    sum += static_cast<long double>(v) * v;
  }
  return static_cast<double>(std::sqrt(sum / static_cast<long double>(x.size())));
}

/// rms phasor of bin `cycles` of a DFT over all of x, as that of a sine.
std::complex<double> dft(const std::vector<double>& x, int cycles) {
  long double re = 0.0L;
  long double im = 0.0L;
  const auto n = static_cast<long double>(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    const long double w = 2.0L * kPi * cycles * static_cast<long double>(k) / n;
    re += x[k] * std::sin(w);
    im += x[k] * std::cos(w);
  }
  const long double scale = std::sqrt(2.0L) / n;
  return {static_cast<double>(re * scale), static_cast<double>(im * scale)};
}

double degrees(std::complex<double> z) { return std::arg(z) * 180.0 / static_cast<double>(kPi); }

TEST(SimulatorMath, SineLogarithmAndExponentialAreExactToTheLastDigits) {
  for (int i = -2000; i <= 2000; ++i) {
    const double x = i * 0.013 + i * i * 1e-7;
    const SineCosine w = sine_cosine_of_turns(x);
    const long double turns = static_cast<long double>(x) - std::floor(x);
    EXPECT_NEAR(w.sin, static_cast<double>(std::sin(2.0L * kPi * turns)), 4e-16);
    EXPECT_NEAR(w.cos, static_cast<double>(std::cos(2.0L * kPi * turns)), 4e-16);
    const double e = static_cast<double>(std::exp(static_cast<long double>(x)));
    EXPECT_NEAR(exponential(x) / e, 1.0, 1e-15 + 2e-16 * std::fabs(x)) << x;
    const double positive = std::exp(x);
    EXPECT_NEAR(natural_logarithm(positive),
                static_cast<double>(std::log(static_cast<long double>(positive))),
                1e-15 * std::max(1.0, std::fabs(x)))
        << x;
  }
}

TEST(SimulatorMath, NoiseHasTheMomentsAndTailsOfANormalDistribution) {
  constexpr int kPairs = 500000;
  double sum = 0.0;
  double square = 0.0;
  double fourth = 0.0;
  double product = 0.0;
  int beyond_two = 0;
  for (int i = 0; i < kPairs; ++i) {
    const NormalPair p = normal_pair(99, static_cast<std::uint64_t>(i));
    product += p.first * p.second;
    for (const double x : {p.first, p.second}) {
      sum += x;
      square += x * x;
      fourth += x * x * x * x;
      beyond_two += std::fabs(x) > 2.0;
    }
  }
  const double n = 2.0 * kPairs;  // tolerances: five standard errors
  EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(square / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5.0 * std::sqrt(96.0 / n));
  EXPECT_NEAR(beyond_two / n, 0.04550026, 5.0 * std::sqrt(0.0455 / n));
  EXPECT_NEAR(product / kPairs, 0.0, 5.0 / std::sqrt(kPairs));
}

TEST(Simulator, TheSpectrumIsTheProgrammedOne) {
  auto source = simulator(R"(
rate = 12800
duration = "10 cycles"
[voltages]
harmonics = [ { order = 3, percent = 2, angle = 30 }, { order = 50, percent = 1, angle = -70 } ]
[channels.V2]
rms = 200
angle = -100
dc = 1.5
harmonics = [ { order = 7, rms = 10, angle = 45 } ]
interharmonics = [ { frequency = 185, percent = 0.5, angle = 60 } ]
)");
  const Played played = play(*source);
  const auto v1 = played.lane_of(Input::V1);
  ASSERT_EQ(v1.size(), 2560U);
  // Samples are floats: their rounding repeats every cycle, up to 230 V · 2^−24 in a line.
  EXPECT_NEAR(std::abs(dft(v1, 10)), 230.0, 1.4e-5);
  EXPECT_NEAR(std::abs(dft(v1, 30)), 4.6, 1e-6);
  EXPECT_NEAR(degrees(dft(v1, 30)), 30.0, 1e-4);
  EXPECT_NEAR(std::abs(dft(v1, 500)), 2.3, 1e-6);
  EXPECT_NEAR(degrees(dft(v1, 500)), -70.0, 1e-4);
  EXPECT_NEAR(std::abs(dft(v1, 50)), 0.0, 1e-6);
  EXPECT_NEAR(rms(v1), 230.0 * std::sqrt(1.0 + 0.02 * 0.02 + 0.01 * 0.01), 1e-5);

  const auto v2 = played.lane_of(Input::V2);
  EXPECT_NEAR(std::abs(dft(v2, 10)), 200.0, 1.2e-5);
  EXPECT_NEAR(degrees(dft(v2, 10)), -100.0, 1e-6);
  EXPECT_NEAR(std::abs(dft(v2, 70)), 10.0, 1e-6);
  // Against the fundamental times the order: 45° + 7·(−100°) = −655° = 65°.
  EXPECT_NEAR(degrees(dft(v2, 70)), 65.0, 1e-5);
  EXPECT_NEAR(std::abs(dft(v2, 37)), 1.0, 1e-6);
  EXPECT_NEAR(degrees(dft(v2, 37)), 60.0, 1e-4);
  EXPECT_NEAR(std::abs(dft(v2, 30)), 0.0, 1e-6) << "a list of its own replaces the group's";
  long double sum = 0.0L;
  for (const double v : v2) {
    sum += v;
  }
  EXPECT_NEAR(static_cast<double>(sum) / 2560.0, 1.5, 1e-6);
}

TEST(Simulator, ThePhaseIsExactAfterAnHour) {
  // 50.0137 Hz at 400 samples/s: sample n is at n·500137/4000000 turns, in whole numbers.
  auto source = simulator(
      "rate = 400\nduration = \"1 h\"\n[system]\nwiring = \"single\"\n[frequency]\nstart = "
      "50.0137");
  const auto v1 = play(*source).lane_of(Input::V1);
  ASSERT_EQ(v1.size(), 1440000U);
  for (std::size_t n = v1.size() - 1000; n < v1.size(); ++n) {
    const auto turns = static_cast<long double>(n * 500137 % 4000000) / 4000000.0L;
    const auto expected =
        static_cast<float>(230.0L * std::sqrt(2.0L) * std::sin(2.0L * kPi * turns));
    EXPECT_NEAR(v1[n], expected, 3.1e-5) << n;  // one step of a float at 325 V
  }
}

TEST(Simulator, TheAngleIsTheIntegralOfTheFrequency) {
  const auto scenario = parse_scenario(R"(
duration = 20
[frequency]
start = 49
phase = 36
ramps = [ { at = 2, to = 51, over = 10 }, { at = 15, to = 50.5 } ]
modulation = [ { depth = 0.3, frequency = 0.7, phase = 20 }, { depth = 0.01, frequency = 9 } ]
[[events]]
type = "frequency-excursion"
at = 4
duration = 0.5
every = 3
change = -1
)",
                                       "f.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  const ScenarioModel model(*scenario);
  // Simpson's rule over the frequency as a user would write it down.
  const auto frequency = [](double t) {
    double f = t < 2.0 ? 49.0 : t < 12.0 ? 49.0 + 0.2 * (t - 2.0) : t < 15.0 ? 51.0 : 50.5;
    f += 0.3 * std::sin(2.0 * M_PI * 0.7 * t + 20.0 * M_PI / 180.0) +
         0.01 * std::sin(2.0 * M_PI * 9.0 * t);
    return t >= 4.0 && std::fmod(t - 4.0, 3.0) < 0.5 ? f - 1.0 : f;
  };
  long double sum = 0.1L;
  constexpr int kSteps = 20000;  // of 1 ms: every corner lies between two steps
  for (int k = 0; k < kSteps; ++k) {
    const double a = k * 1e-3;
    sum += (frequency(a + 1e-12) + 4.0 * frequency(a + 5e-4) + frequency(a + 1e-3 - 1e-12)) * 1e-3 /
           6.0;
    if (k % 500 == 499) {
      const double t = (k + 1) * 1e-3;
      EXPECT_NEAR(static_cast<double>(model.turns(t) - sum), 0.0, 1e-8) << t;
      EXPECT_NEAR(model.frequency_hertz(t + 1e-9), frequency(t + 1e-9), 1e-9) << t;
      EXPECT_NEAR(static_cast<double>(model.turns(model.when(sum, 0.0L)) - sum), 0.0, 1e-12);
    }
  }
}

TEST(Simulator, GivesTheSameBytesWhateverTheSizeOfTheBlocks) {
  const SimulatorOverrides overrides{.rate_hertz = 6400.0, .duration_seconds = 20.0, .start = {}};
  const auto bytes = [&](std::size_t block) {
    auto source = open_simulator("feeder", overrides);
    EXPECT_TRUE(source);
    return play(**source, block).frames;
  };
  const auto whole = bytes(1000000);
  ASSERT_EQ(whole.size(), 20U * 6400U * 8U);
  for (const std::size_t block : {1U, 37U, 64U, 4096U}) {
    const auto split = bytes(block);
    ASSERT_EQ(split.size(), whole.size());
    EXPECT_EQ(std::memcmp(split.data(), whole.data(), whole.size() * sizeof(float)), 0) << block;
  }
}

TEST(Simulator, ASeedGivesItsNoiseAgainAndAnotherSeedAnother) {
  const auto with_seed = [](int seed) {
    auto source = simulator("seed = " + std::to_string(seed) +
                            "\nduration = 2\n[voltages]\nrms = 0\nnoise = { db = 60 }");
    return play(*source).lane_of(Input::V2);
  };
  const auto a = with_seed(1);
  EXPECT_EQ(a, with_seed(1));
  EXPECT_NE(a, with_seed(2));
  EXPECT_NEAR(rms(a), 0.230, 0.230 * 5.0 / std::sqrt(2.0 * 51200.0));
}

TEST(Simulator, ADipScalesTheWaveFromItsFirstSampleToItsLast) {
  auto source = simulator(R"(
rate = 12800
duration = 0.3
[[events]]
type = "dip"
at = 0.1
duration = "50 ms"
channels = [ "V2" ]
residual = 40
)");
  const Played played = play(*source);
  const auto v2 = played.lane_of(Input::V2);
  for (std::size_t n = 0; n < v2.size(); ++n) {
    const double t = static_cast<double>(n) / 12800.0;
    const double full = 230.0 * std::sqrt(2.0) * std::sin(2.0 * M_PI * (50.0 * t - 1.0 / 3.0));
    EXPECT_NEAR(v2[n], (n >= 1280 && n < 1920 ? 0.4 : 1.0) * full, 4e-5) << n;
  }
  EXPECT_NEAR(rms(played.lane_of(Input::V1)), 230.0, 1e-5);
}

TEST(Simulator, AnEventWaitsForItsPointOnWave) {
  auto source = simulator(R"(
rate = 10000
duration = 0.2
[[events]]
type = "interruption"
at = 0.1
duration = "50 ms"
channels = [ "V1" ]
point_on_wave = 90
)");
  const auto v1 = play(*source).lane_of(Input::V1);
  EXPECT_NEAR(v1[1049], 230.0 * std::sqrt(2.0) * std::sin(2.0 * M_PI * 0.2450), 1e-3);
  EXPECT_EQ(v1[1050], 0.0) << "the crest is at 105 ms";
  EXPECT_EQ(v1[1549], 0.0);
  EXPECT_NE(v1[1551], 0.0);
}

TEST(Simulator, AFaultCurrentBeginsWhereTheLoadCurrentWas) {
  auto source = simulator(R"(
rate = 50000
duration = 0.4
[system]
wiring = "4w-wye"
nominal_current = 1
[load]
current = 1
pf = 0.9
[[events]]
type = "fault"
at = 0.1003
duration = 0.25
channels = [ "V1" ]
residual = 30
current = 20
lag = 80
dc_time_constant = "40 ms"
)");
  const Played played = play(*source);
  const auto i1 = played.lane_of(Input::I1);
  // A step of the current at inception would be tens of amperes; the steepest slope is
  // 20·√2·2π·50/50000 = 0.18 A a sample.
  for (std::size_t n = 5005; n < 5025; ++n) {
    EXPECT_LT(std::fabs(i1[n] - i1[n - 1]), 0.25) << n;
  }
  // After six time constants the direct current is below e^−6 of its start.
  std::vector<double> tail(i1.end() - 3500 - 1000 * 4, i1.end() - 3500);
  EXPECT_NEAR(std::abs(dft(tail, 4)), 20.0, 0.02);
  EXPECT_NEAR(rms(std::vector<double>(i1.end() - 2000, i1.end())), 1.0, 1e-5);
  const auto v1 = played.lane_of(Input::V1);
  EXPECT_NEAR(rms(std::vector<double>(v1.begin() + 6000, v1.begin() + 7000)), 69.0, 1e-4);
}

TEST(Simulator, ATransientIsADecayingOscillationOnTopOfTheWave) {
  auto source = simulator(R"(
rate = 100000
duration = 0.2
[voltages]
rms = 0
[[events]]
type = "transient"
at = 0.1
channels = [ "V3" ]
peak = 300
frequency = 1000
time_constant = "2 ms"
)");
  const auto v3 = play(*source).lane_of(Input::V3);
  EXPECT_EQ(v3[9999], 0.0);
  for (std::size_t n = 10000; n < 12000; ++n) {
    const double age = static_cast<double>(n - 10000) / 100000.0;
    EXPECT_NEAR(v3[n], 300.0 * std::exp(-age / 0.002) * std::cos(2.0 * M_PI * 1000.0 * age), 2e-5);
  }
}

TEST(Simulator, TheNeutralCarriesTheSumOfThePhases) {
  auto source = simulator(R"(
duration = 0.1
[currents]
rms = 10
harmonics = [ { order = 3, percent = 20 } ]
[channels.I4]
neutral = true
)");
  const Played played = play(*source);
  // Triplen harmonics of three symmetrical currents are in phase: 3 · 2 A.
  EXPECT_NEAR(rms(played.lane_of(Input::I4)), 6.0, 1e-5);
}

TEST(Simulator, LineVoltagesOfDeltaAddUpToZeroWhateverHappens) {
  auto source = simulator(R"(
duration = 0.3
[system]
wiring = "delta"
nominal_voltage = 400
[[events]]
type = "dip"
at = 0.1
duration = 0.1
channels = [ "V1" ]
residual = 30
)");
  const Played played = play(*source);
  const auto a = played.lane_of(Input::V1);
  const auto b = played.lane_of(Input::V2);
  const auto c = played.lane_of(Input::V3);
  for (std::size_t n = 0; n < a.size(); ++n) {
    ASSERT_NEAR(a[n] + b[n] + c[n], 0.0, 2e-4);
  }
  EXPECT_NEAR(rms(std::vector<double>(c.begin(), c.begin() + 2560)), 400.0, 1e-4);
}

TEST(Simulator, TheDailyCurveIsInterpolatedBetweenHours) {
  std::string text =
      "rate = 1000\nduration = 60\nstart = 2026-01-01T08:30:00Z\n[load]\ncurrent = "
      "10\ndaily = [";
  for (int hour = 0; hour < 24; ++hour) {
    text += std::to_string(hour == 8 ? 50 : hour == 9 ? 100 : 0) + ",";
  }
  auto source = simulator(text + "]");
  const auto i1 = play(*source).lane_of(Input::I1);
  // 08:30 is half way from 50 % to 100 %; a minute later it is 1/120 of the way further.
  EXPECT_NEAR(rms(std::vector<double>(i1.begin(), i1.begin() + 20)), 7.5, 1e-4);
  EXPECT_NEAR(rms(std::vector<double>(i1.end() - 20, i1.end())), 7.5 + 5.0 / 60.0, 2e-4);
}

TEST(Simulator, SineFlickerSwingsTheEnvelopeByItsDepth) {
  auto source = simulator(R"(
rate = 6400
duration = 2
[[flicker]]
depth = 2
frequency = 0.5
)");
  const auto v1 = play(*source).lane_of(Input::V1);
  const auto cycle_at = [&](double t) {
    const auto n = static_cast<std::ptrdiff_t>(t * 6400.0);
    return rms(std::vector<double>(v1.begin() + n - 64, v1.begin() + n + 64));
  };
  EXPECT_NEAR(cycle_at(0.5), 230.0 * 1.01, 1e-3);
  EXPECT_NEAR(cycle_at(1.5), 230.0 * 0.99, 1e-3);
  EXPECT_NEAR(cycle_at(1.0), 230.0, 1e-3);
}

TEST(Simulator, GapsAndClockStepsAreExplicit) {
  auto source = simulator(R"(
rate = 10000
duration = 1
start = 2026-01-01T00:00:00Z
[[gaps]]
at = 0.25
duration = "50 ms"
[[gaps]]
at = 0.5
duration = "10 ms"
channels = [ "V2" ]
[[clock_steps]]
at = 0.75
by = "-20 ms"
)");
  const Played played = play(*source, 100000);
  EXPECT_EQ(source->info().sample_count, 9500U);
  ASSERT_EQ(played.blocks.size(), 3U);
  EXPECT_EQ(played.blocks[0].discontinuity, Discontinuity::Start);
  EXPECT_EQ(played.blocks[0].frame_count, 2500U);
  EXPECT_EQ(played.blocks[1].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(played.blocks[1].first_index, 2500U);
  EXPECT_EQ(to_iso8601(played.blocks[1].time.instant_of(2500.0)), "2026-01-01T00:00:00.300000000Z");
  EXPECT_EQ(played.blocks[2].discontinuity, Discontinuity::ClockStep);
  EXPECT_EQ(to_iso8601(played.blocks[2].time.instant_of(7000.0)), "2026-01-01T00:00:00.730000000Z");
  const auto v1 = played.lane_of(Input::V1);
  const auto v2 = played.lane_of(Input::V2);
  ASSERT_EQ(v1.size(), 9500U);
  // The wave goes on behind the gap where time says: 0.3 s are 15 whole cycles.
  EXPECT_NEAR(v1[2500], 0.0, 1e-6);
  for (std::size_t n = 0; n < v2.size(); ++n) {
    EXPECT_EQ(std::isnan(v2[n]), n >= 4500 && n < 4600) << n;
    EXPECT_FALSE(std::isnan(v1[n]));
  }
}

TEST(Simulator, AGapAtTheBeginningMovesTheStart) {
  auto source = simulator(
      "rate = 1000\nstart = 2026-01-01T00:00:00Z\nduration = 1\n[[gaps]]\nat = 0\nduration = 0.3");
  EXPECT_EQ(to_iso8601(*source->info().start), "2026-01-01T00:00:00.300000000Z");
  const Played played = play(*source);
  ASSERT_EQ(played.blocks.size(), 1U);
  EXPECT_EQ(played.blocks[0].discontinuity, Discontinuity::Start);
  EXPECT_EQ(played.blocks[0].frame_count, 700U);
  EXPECT_EQ(played.blocks[0].time.instant_of(0.0), *source->info().start);
}

TEST(Simulator, QuantisationRoundsToTheStepAndClipsAtTheRange) {
  auto source = simulator(
      "duration = 0.1\n[quantisation]\nbits = 8\nvoltage_range = 256\n[system]\nwiring = "
      "\"single\"");
  for (const double v : play(*source).lane_of(Input::V1)) {
    EXPECT_EQ(v, std::floor(v / 2.0) * 2.0);
    EXPECT_GE(v, -256.0);
    EXPECT_LE(v, 254.0);
  }
}

TEST(Simulator, SaysWhatItIsAndAssumesNothing) {
  auto source = open_simulator("sim:delta");
  ASSERT_TRUE(source);
  const SourceInfo& info = (*source)->info();
  EXPECT_EQ(info.uri, "sim:delta");
  EXPECT_EQ(info.format, "simulator");
  EXPECT_EQ(info.wiring, Wiring::Delta);
  EXPECT_EQ(info.nominal_voltage_volts, 400.0);
  EXPECT_EQ(info.nominal_frequency_hertz, 50.0);
  EXPECT_TRUE(info.assumed.empty());
  EXPECT_EQ(info.channels.size(), 5U) << "V1, V3 and three currents: two transformers";
  EXPECT_FALSE(info.live);
  EXPECT_EQ((*open_simulator("feeder"))->info().duration_seconds, 0.0) << "endless";
}

TEST(Simulator, EveryShippedScenarioIsWhatItsFormulasSay) {
  // The formulas are evaluated one by one in long double; the samples come from polynomials,
  // powers and recurrences.
  for (const ShippedScenario& shipped : shipped_scenarios()) {
    SimulatorOverrides overrides;
    overrides.duration_seconds = 12.0;
    overrides.rate_hertz = 6400.0;
    auto scenario = load_scenario(shipped.name, overrides);
    ASSERT_TRUE(scenario) << scenario.error().message;
    for (ScenarioChannel& channel : scenario->channels) {
      channel.noise_rms = 0.0;
    }
    scenario->quantisation.bits = 0;
    scenario->gaps.clear();
    scenario->clock_steps.clear();
    const TruthSignal truth(*scenario);
    const Played played = play(*make_simulator(*scenario, "sim:test"));
    const std::size_t samples = played.frames.size() / played.lanes;
    std::size_t piece = 0;
    for (std::size_t n = 0; n < samples; n += n % 640 < 64 ? 1 : 577) {
      // A change at the instant of a sample belongs to the sample.
      const Seconds t = static_cast<Seconds>(n) / 6400.0L;
      while (piece + 1 < truth.pieces().size() && truth.pieces()[piece].to <= t + 2e-10L) {
        ++piece;
      }
      for (const ScenarioChannel& channel : scenario->channels) {
        const double expected = truth.value(truth.mix_of(channel.input), truth.pieces()[piece], t);
        ASSERT_NEAR(played.frames[n * played.lanes + lane(channel.input)], expected,
                    std::fabs(expected) * 1.2e-7 + 1e-6)
            << shipped.name << " sample " << n << " of " << name(channel.input);
      }
    }
  }
}

}  // namespace
}  // namespace halfcycle::source
