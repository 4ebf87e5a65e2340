// SPDX-License-Identifier: Apache-2.0
#include "source/truth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/format.hpp"
#include "source/simulator.hpp"

namespace halfcycle::source {
namespace {

Scenario scenario_of(std::string_view text) {
  auto scenario = parse_scenario(text, "test.toml");
  EXPECT_TRUE(scenario) << scenario.error().message;
  return std::move(*scenario);
}

Truth truth_of(const Scenario& scenario) {
  auto truth = compute_truth(scenario);
  EXPECT_TRUE(truth) << truth.error().message;
  return std::move(*truth);
}

Truth truth_of(std::string_view text) { return truth_of(scenario_of(text)); }

double in_span(const Truth& truth, std::size_t span, std::string_view label) {
  for (const TruthValue& value : truth.spans.at(span).registers) {
    if (value.label == label) {
      return value.value;
    }
  }
  ADD_FAILURE() << "no register " << label;
  return kNotAvailable;
}

TEST(Truth, OfTheReferenceIsWhatOneWorksOutByHand) {
  const auto scenario = load_scenario("reference-50hz");
  ASSERT_TRUE(scenario);
  const Truth truth = truth_of(*scenario);
  const auto expect = [&](std::string_view label, double value) {
    EXPECT_NEAR(truth.value(label), value, 1e-9 * std::max(1.0, std::fabs(value))) << label;
  };
  expect("Vln a", 230.0);
  expect("Vll bc", 230.0 * std::sqrt(3.0));
  expect("I avg", 10.0);
  expect("kW b", 1.84);
  expect("kW tot", 5.52);    // 3 · 230 · 10 · 0.8
  expect("kVAR tot", 4.14);  // 3 · 230 · 10 · 0.6
  expect("kVA tot", 6.9);
  expect("PF sign tot", -0.8);  // IEEE: lagging is negative
  expect("dPF sign c", -0.8);
  expect("Freq", 50.0);
  expect("V2 ang", -120.0);
  expect("I1 ang", -36.869897645844021);  // acos 0.8
  expect("Vunbal u2", 0.0);
  expect("V1 seq mag", 230.0);
  expect("V1 THD", 0.0);
  expect("kWh del", 5.52 * 10.0 / 3600.0);
  expect("kWh rec", 0.0);
  expect("kVARh del", 4.14 * 10.0 / 3600.0);
  expect("kVAh del", 6.9 * 10.0 / 3600.0);
}

TEST(Truth, OfUnbalanceIsTheSequenceComponentsItWasMadeOf) {
  const Truth truth = truth_of(*load_scenario("unbalance"));
  EXPECT_NEAR(truth.value("Vunbal u2"), 2.0, 1e-8);
  EXPECT_NEAR(truth.value("Vunbal u0"), 1.0, 1e-8);
  EXPECT_NEAR(truth.value("V1 seq mag"), 230.0, 1e-8);
  EXPECT_NEAR(truth.value("V2 seq mag"), 4.6, 1e-8);
  EXPECT_NEAR(truth.value("V0 mag"), 2.3, 1e-8);
  // Law of cosines: |20∠−25° + 12∠−150° + 16∠130°|.
  const double re = 20.0 * std::cos(25.0 * M_PI / 180.0) +
                    12.0 * std::cos((120.503739310539 + 30.0) * M_PI / 180.0) +
                    16.0 * std::cos((120.503739310539 + 10.0) * M_PI / 180.0);
  const double im = -20.0 * std::sin(25.0 * M_PI / 180.0) -
                    12.0 * std::sin((120.503739310539 + 30.0) * M_PI / 180.0) +
                    16.0 * std::sin((120.503739310539 + 10.0) * M_PI / 180.0);
  EXPECT_NEAR(truth.value("I 4"), std::hypot(re, im), 1e-6);
  EXPECT_NEAR(truth.value("I calc res"), truth.value("I 4"), 1e-12);
  EXPECT_NEAR(truth.value("I unbal"), 25.0, 1e-9);  // mean 16, largest deviation 4
}

TEST(Truth, OfHarmonicsAddsSquaresAndPowersOrderByOrder) {
  const Truth truth = truth_of(R"(
[voltages]
rms = 200
dc = 3
harmonics = [ { order = 5, percent = 10, angle = 20 } ]
[currents]
rms = 10
lag = 60
dc = 0.5
harmonics = [ { order = 5, percent = 30, angle = 40 }, { order = 7, percent = 40 } ]
)");
  EXPECT_NEAR(truth.value("Vln a"), std::sqrt(40000.0 + 400.0 + 9.0), 1e-10);
  EXPECT_NEAR(truth.value("I a"), std::sqrt(100.0 + 9.0 + 16.0 + 0.25), 1e-10);
  EXPECT_NEAR(truth.value("V1 THD"), 10.0, 1e-10);
  EXPECT_NEAR(truth.value("I1 THD"), 50.0, 1e-10);
  EXPECT_NEAR(truth.value("I1 HD7"), 40.0, 1e-10);
  EXPECT_NEAR(truth.value("I1 HA5"), 40.0, 1e-9);
  EXPECT_NEAR(truth.value("I1 K Fac"), (1.0 + 25.0 * 0.09 + 49.0 * 0.16) / 1.25, 1e-10);
  // Order 5: the voltage's angle is 20°, the current's 40° + 5·(−60°) = −260°.
  const double p5 = 20.0 * 3.0 * std::cos(280.0 * M_PI / 180.0);
  EXPECT_NEAR(truth.value("kW a"), (200.0 * 10.0 * 0.5 + p5 + 1.5) / 1000.0, 1e-12);
  EXPECT_NEAR(truth.value("kW fund a"), 1.0, 1e-12);
  EXPECT_NEAR(truth.value("kVAR a"), 2.0 * std::sqrt(0.75), 1e-12);
  EXPECT_NEAR(truth.value("kVA a"), truth.value("Vln a") * truth.value("I a") / 1000.0, 1e-12);
}

TEST(Truth, OfDeltaIsTheSumOfTwoWattmeters) {
  for (const int pts : {2, 3}) {
    const Truth truth = truth_of("[system]\nwiring = \"delta\"\npts = " + std::to_string(pts) +
                                 "\nnominal_voltage = 400\n[load]\ncurrent = 10\npf = 0.6");
    EXPECT_NEAR(truth.value("kW tot"), std::sqrt(3.0) * 4.0 * 0.6, 1e-12) << pts;
    EXPECT_NEAR(truth.value("kVAR tot"), std::sqrt(3.0) * 4.0 * 0.8, 1e-12) << pts;
    EXPECT_NEAR(truth.value("Vll ca"), 400.0, 1e-9) << pts;
    EXPECT_NEAR(truth.value("V3 ang"), 120.0, 1e-9) << pts;
    EXPECT_NEAR(truth.value("I1 ang"), -30.0 - std::acos(0.6) * 180.0 / M_PI, 1e-9) << pts;
    EXPECT_TRUE(std::isnan(truth.value("kW a"))) << pts;
    EXPECT_TRUE(std::isnan(truth.value("Vln a"))) << pts;
  }
}

TEST(Truth, OfThreeWireWyeMeasuresThePhasesAgainstTheStarPoint) {
  const Truth truth = truth_of(
      "[system]\nwiring = \"3w-wye\"\nnominal_voltage = 230\n[load]\ncurrent = 10\npf = 1");
  EXPECT_NEAR(truth.value("Vln a"), 230.0, 1e-9);
  EXPECT_NEAR(truth.value("Vll ab"), 230.0 * std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(truth.value("kW tot"), 6.9, 1e-12);
  EXPECT_NEAR(truth.value("I1 ang"), 0.0, 1e-9);
  EXPECT_NEAR(truth.value("V1 OverDev"), 0.0, 1e-9);
}

TEST(Truth, OfEnergiesFollowsLoadStepsAndTheSignOfPower) {
  const Truth truth = truth_of(*load_scenario("generation"));
  // W·s by hand: P = 3·230·I·pf; 4500 W in the last two seconds.
  const double del = 690.0 * (20.0 * 0.95 * 4.0 + 8.0 * 0.85 * 2.0) + 4500.0 * 2.0;
  const double rec = 690.0 * (15.0 * 2.0 + 18.0 * 0.9 * 4.0);
  EXPECT_NEAR(truth.value("kWh del"), del / 3.6e6, 1e-12);
  EXPECT_NEAR(truth.value("kWh rec"), rec / 3.6e6, 1e-12);
  EXPECT_NEAR(truth.value("kWh del-rec"), (del - rec) / 3.6e6, 1e-12);
  // Reactive: quadrant III gives what quadrant II takes.
  const double q90 = 690.0 * 18.0 * std::sqrt(1.0 - 0.81) * 2.0;
  const double q95 = 690.0 * 20.0 * std::sqrt(1.0 - 0.9025) * 4.0;
  const double q85 = 690.0 * 8.0 * std::sqrt(1.0 - 0.7225) * 2.0;
  const double q98 = 4500.0 / 0.98 * std::sqrt(1.0 - 0.9604) * 2.0;
  EXPECT_NEAR(truth.value("kVARh del"), (q95 + q90 + q98) / 3.6e6, 1e-12);
  EXPECT_NEAR(truth.value("kVARh rec"), (q90 + q85) / 3.6e6, 1e-12);
}

TEST(Truth, ActiveEnergyOfABrokenCycleIsTheIntegralOfTheProduct) {
  // 52.5 ms at 50 Hz, one phase: ∫ 2·U·I·sin² dt = U·I·(T − sin(2ωT)/2ω) with 2ωT = 10.5π.
  const Truth truth = truth_of(
      "rate = 20000\nduration = 0.0525\n[system]\nwiring = \"single\"\n[load]\ncurrent = 10");
  const double w2 = 2.0 * 2.0 * M_PI * 50.0;
  EXPECT_NEAR(truth.value("kWh del"), 2300.0 * (0.0525 - std::sin(w2 * 0.0525) / w2) / 3.6e6,
              1e-15);
}

TEST(Truth, OfALinearDailyLoadIsExactInEnergyOnly) {
  const Truth truth = truth_of(
      "rate = 1000\nduration = \"1 h\"\n[load]\ncurrent = 10\ndaily = "
      "[0,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
  EXPECT_NEAR(truth.value("kWh del"), 3.0 * 2.3 / 2.0, 1e-9);  // the mean load is one half
  EXPECT_TRUE(std::isnan(truth.value("kW tot")));
  ASSERT_FALSE(truth.spans[0].steady);
}

TEST(Truth, RegistersAreOfEachStretchWhereTheyChange) {
  const Truth truth =
      truth_of("duration = 4\n[load]\ncurrent = 10\nsteps = [ { at = 1, current = 20 } ]");
  ASSERT_EQ(truth.spans.size(), 2U);
  EXPECT_NEAR(in_span(truth, 0, "kW tot"), 6.9, 1e-12);
  EXPECT_NEAR(in_span(truth, 1, "kW tot"), 13.8, 1e-12);
  EXPECT_TRUE(std::isnan(truth.value("kW tot")));
  EXPECT_NEAR(truth.value("Vln c"), 230.0, 1e-9) << "did not change";
}

// --- Urms(1/2) and events ------------------------------------------------------------------------

Scenario one_dip(double point_on_wave, double residual, double cycles) {
  return scenario_of(
      format("duration = 1\n[system]\nwiring = \"single\"\n[[events]]\ntype = \"dip\"\nat = 0.5\n"
             "duration = \"{} cycles\"\nresidual = {}\npoint_on_wave = {}",
             cycles, residual, point_on_wave));
}

TEST(TruthEvents, OneCycleDipToHalfHasTheResidualVoltageOfItsPointOnWave) {
  for (int angle = 0; angle < 360; angle += 15) {
    const Truth truth = truth_of(one_dip(angle, 50.0, 1.0));
    ASSERT_EQ(truth.measured.size(), 1U) << angle;
    // derived: x is the angle since the last zero crossing and A the integral of sin² over it. The
    // window that begins there has A of the full wave, the next one the rest of the half cycle.
    const double x = std::fmod(angle, 180.0) * M_PI / 180.0;
    const double a = x / 2.0 - std::sin(2.0 * x) / 4.0;
    const double full = std::min(a, M_PI / 2.0 - a) / M_PI;
    const double expected = std::sqrt(0.25 + 0.75 * full);
    EXPECT_NEAR(truth.measured[0].extreme_volts / 230.0, expected, 1e-9) << angle;
    EXPECT_GE(truth.measured[0].extreme_volts / 230.0, 0.4999);
    EXPECT_LE(truth.measured[0].extreme_volts / 230.0, 0.6615);
  }
}

TEST(TruthEvents, TwentyMillisecondsToHalfLastFiftyByTheStandardsRule) {
  const Truth truth = truth_of(one_dip(0.0, 50.0, 1.0));
  ASSERT_EQ(truth.measured.size(), 1U);
  EXPECT_NEAR(*truth.measured[0].start_seconds, 0.49, 1e-9);
  EXPECT_NEAR(*truth.measured[0].end_seconds, 0.54, 1e-9);
  ASSERT_EQ(truth.applied.size(), 1U);
  EXPECT_NEAR(truth.applied[0].start_seconds, 0.5, 1e-9);
  EXPECT_NEAR(*truth.applied[0].end_seconds, 0.52, 1e-9);
  EXPECT_EQ(truth.applied[0].measured, std::vector<std::size_t>{0});
}

TEST(TruthEvents, EndOnlyAboveThresholdPlusHysteresis) {
  const auto measured = [](double after) {
    return truth_of(
               "duration = 2\n[[events]]\ntype = \"dip\"\nat = 0.5\nduration = 0.5\nresidual "
               "= 80\n[[events]]\ntype = \"dip\"\nat = 1\nduration = 0.5\nresidual = " +
               std::to_string(after))
        .measured;
  };
  ASSERT_EQ(measured(91.9).size(), 1U);
  EXPECT_NEAR(*measured(91.9)[0].end_seconds, 1.52, 0.011) << "91.9 % is not yet the end";
  EXPECT_NEAR(*measured(92.1)[0].end_seconds, 1.02, 0.011);
}

TEST(TruthEvents, FollowingPhasesAreOneEventAndAnInterruptionNeedsAllPhases) {
  const Truth truth = truth_of(*load_scenario("dips"));
  ASSERT_EQ(truth.measured.size(), 9U);
  const TruthMeasured& evolving = truth.measured[4];
  EXPECT_EQ(evolving.type, TruthEventType::Dip);
  ASSERT_EQ(evolving.phases.size(), 2U);
  EXPECT_EQ(evolving.worst_channel, 1);
  EXPECT_NEAR(evolving.extreme_volts, 0.55 * 230.0, 1e-9);
  EXPECT_NEAR(evolving.phases[0].extreme_volts, 0.8 * 230.0, 1e-9);
  EXPECT_NEAR(*evolving.phases[0].start_seconds, 5.0, 1e-9);
  EXPECT_EQ(truth.measured[5].type, TruthEventType::Swell);
  EXPECT_NEAR(truth.measured[5].extreme_volts, 1.18 * 230.0, 1e-9);
  EXPECT_EQ(truth.measured[6].type, TruthEventType::Dip);
  EXPECT_EQ(truth.measured[7].type, TruthEventType::Interruption);
  EXPECT_LT(*truth.measured[6].start_seconds, *truth.measured[7].start_seconds);
  EXPECT_GT(*truth.measured[6].end_seconds, *truth.measured[7].end_seconds);
  EXPECT_EQ(truth.measured[8].type, TruthEventType::Dip) << "one dead phase is no interruption";
  EXPECT_EQ(truth.measured[8].phases.size(), 1U);
}

TEST(TruthEvents, OpenEndsAndGapsAreNull) {
  const Truth truth = truth_of(R"(
duration = 2
[[events]]
type = "dip"
at = 0
duration = 0.3
residual = 60
[[events]]
type = "dip"
at = 0.8
duration = 0.4
residual = 60
[[gaps]]
at = 1
duration = 0.1
[[events]]
type = "swell"
at = 1.9
duration = 1
maximum = 120
)");
  ASSERT_EQ(truth.measured.size(), 4U);
  EXPECT_FALSE(truth.measured[0].start_seconds) << "before the first sample";
  EXPECT_NEAR(*truth.measured[0].end_seconds, 0.32, 0.011);
  std::size_t known = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    const TruthMeasured& m = truth.measured[i];
    known += m.start_seconds && m.end_seconds ? 1 : 0;
  }
  EXPECT_EQ(known, 0U) << "ended by the gap, begun in the gap, open at the end";
}

TEST(TruthEvents, WindowsBeginAtEachChannelsOwnZeroCrossings) {
  const Scenario scenario = scenario_of("duration = 0.2\n[frequency]\nstart = 51.7");
  const auto windows = urms_half_windows(scenario, {}, false);
  ASSERT_FALSE(windows.empty());
  std::array<double, 3> last{-1.0, -1.0, -1.0};
  for (const TruthWindow& w : windows) {
    const double turns = 51.7 * w.start_seconds - w.channel / 3.0;
    EXPECT_NEAR(std::remainder(turns, 0.5), 0.0, 1e-9);
    EXPECT_NEAR(w.end_seconds - w.start_seconds, 1.0 / 51.7, 1e-12);
    EXPECT_NEAR(w.u_rms_volts, 230.0, 1e-9);
    auto& before = last[static_cast<std::size_t>(w.channel)];
    if (before >= 0.0) {
      EXPECT_NEAR(w.start_seconds - before, 0.5 / 51.7, 1e-12);
    }
    before = w.start_seconds;
  }
}

TEST(TruthEvents, UrmsHalfIsTheSumOverManySamplesOfItsWindow) {
  // Two million samples a second, trapezoids between crossings: good to about 1e-8.
  SimulatorOverrides overrides{.rate_hertz = 1e6, .duration_seconds = 0.6, .start = {}};
  auto scenario = load_scenario("fault", overrides);
  ASSERT_TRUE(scenario) << scenario.error().message;
  scenario->quantisation.bits = 0;
  const auto windows = urms_half_windows(*scenario, {}, false);
  auto source = make_simulator(*scenario, "sim:test");
  std::array<std::vector<double>, 3> integral;  // of u² to each sample
  for (;;) {
    const auto block = source->read(10000);
    ASSERT_TRUE(block);
    if (!*block) {
      break;
    }
    for (std::size_t n = 0; n < (*block)->frame_count; ++n) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double u = (*block)->frames[n * (*block)->lanes + c];
        integral[c].push_back((integral[c].empty() ? 0.0 : integral[c].back()) + u * u);
      }
    }
  }
  for (const TruthWindow& w : windows) {
    const auto& sum = integral[static_cast<std::size_t>(w.channel)];
    const auto a = static_cast<std::size_t>(std::llround(w.start_seconds * 1e6));
    const auto b = static_cast<std::size_t>(std::llround(w.end_seconds * 1e6));
    if (a == 0 || b >= sum.size()) {
      continue;
    }
    const double rms = std::sqrt((sum[b] - sum[a]) / static_cast<double>(b - a));
    EXPECT_NEAR(rms, w.u_rms_volts, 2e-3) << w.channel << " " << w.start_seconds;
  }
}

TEST(Truth, NeedsAnEnd) {
  const auto truth = compute_truth(*load_scenario("feeder"));
  ASSERT_FALSE(truth);
  EXPECT_THAT(truth.error().message, testing::HasSubstr("endless"));
}

TEST(Truth, JsonHasTheRegistersTheSpansAndBothSidesOfEveryEvent) {
  std::string json;
  write_truth_json(truth_of(one_dip(0.0, 50.0, 1.0)), json);
  for (
      const std::string_view part :
      {R"("Freq": {"unit": "Hz", "value": 50})", R"("Vln a": {"unit": "V", "value": null})",
       R"("from_s": 0, "to_s": 0.5, "steady": true, "registers": {"Vln a": 230,)",
       R"("applied": {"type": "dip", "start": "2026-01-01T00:00:00.500000000Z", "end": "2026-01-01T00:00:00.520000000Z")",
       R"("measured": [{"type": "dip", "start": "2026-01-01T00:00:00.490000000Z", "end": "2026-01-01T00:00:00.540000000Z")",
       R"("threshold_percent": 90, "hysteresis_percent": 2, "reference_V": 230, "channel_set": "L-N")"}) {
    EXPECT_THAT(json, testing::HasSubstr(std::string(part)));
  }
}

}  // namespace
}  // namespace halfcycle::source
