// SPDX-License-Identifier: Apache-2.0
#include "source/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/simulator.hpp"

namespace halfcycle::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto scenario = parse_scenario(text, "my.toml");
  return scenario ? std::string("(accepted)") : scenario.error().message;
}

struct Refusal {
  std::string name;
  std::string text;
  std::string where;  ///< file, line and key
  std::string what;   ///< range or advice
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, NamesFileLineKeyAndRange) {
  const std::string message = error_of(GetParam().text);
  EXPECT_THAT(message, AllOf(HasSubstr(GetParam().where), HasSubstr(GetParam().what)));
}

INSTANTIATE_TEST_SUITE_P(
    Scenario, Refused,
    testing::Values(
        Refusal{"unknown_key", "[system]\nnominal_votage = 230", "my.toml:2: system.nominal_votage",
                "Did you mean 'nominal_voltage'?"},
        Refusal{"unknown_table", "[voltage]\nrms = 230", "my.toml:1: voltage",
                "Did you mean 'voltages'?"},
        Refusal{"unknown_channel_table", "[channels.V7]\nrms = 1", "my.toml:1: channels.V7",
                "no such key"},
        Refusal{"zero_hertz", "[frequency]\nstart = 0", "my.toml:2: frequency.start",
                "1 … 1000 Hz"},
        Refusal{"nan", "[voltages]\nrms = nan", "my.toml:2: voltages.rms", "outside"},
        Refusal{"infinite", "[voltages]\nrms = inf", "my.toml:2: voltages.rms", "outside"},
        Refusal{"absurd_rate", "rate = 1e9", "my.toml:1: rate", "100 … 2000000 samples/s"},
        Refusal{"rate_of_zero", "rate = 0", "my.toml:1: rate", "100 … 2000000 samples/s"},
        Refusal{"too_few_samples", "rate = 100", "my.toml: rate", "too few for a frequency of 50"},
        Refusal{"negative_duration", "duration = -1", "my.toml:1: duration", "outside"},
        Refusal{"duration_without_unit", "duration = \"10 parsec\"", "my.toml:1: duration",
                "\"20 ms\""},
        Refusal{"odd_nominal_frequency", "[system]\nnominal_frequency = 55",
                "my.toml:2: system.nominal_frequency", "50, 60 or 400"},
        Refusal{"text_for_number", "[voltages]\nrms = \"230\"", "my.toml:2: voltages.rms",
                "must be a number"},
        Refusal{"wrong_choice", "[system]\nwiring = \"4w-why\"", "my.toml:2: system.wiring",
                "Did you mean '4w-wye'?"},
        Refusal{"date_that_does_not_exist", "start = \"2026-02-30T00:00:00Z\"", "my.toml:1: start",
                ""},
        Refusal{"order_one", "[voltages]\nharmonics = [ { order = 1, percent = 5 } ]",
                "my.toml:2: voltages.harmonics.order", "from 2 to 500"},
        Refusal{"order_twice",
                "[voltages]\nharmonics = [\n{ order = 5, percent = 5 },\n{ order = 5, percent = 1 "
                "} ]",
                "my.toml:4: voltages.harmonics", "order 5 is there twice"},
        Refusal{"two_sizes", "[voltages]\nharmonics = [ { order = 5, percent = 5, rms = 3 } ]",
                "my.toml:2: voltages.harmonics", "percent"},
        Refusal{"event_without_type", "[[events]]\nat = 1", "my.toml:1: events.type", "missing"},
        Refusal{"event_of_unknown_type", "[[events]]\ntype = \"sag\"\nat = 1\nduration = 1",
                "my.toml:2: events.type", "dip"},
        Refusal{"dip_without_end", "[[events]]\ntype = \"dip\"\nat = 1\nresidual = 50",
                "my.toml:1: events.duration", "needs a duration or an end"},
        Refusal{"dip_above_100", "[[events]]\ntype = \"dip\"\nat = 1\nduration = 1\nresidual = 130",
                "my.toml:5: events.residual", "0 … 100 %"},
        Refusal{"end_before_start", "[[events]]\ntype = \"dip\"\nat = 2\nend = 1\nresidual = 50",
                "my.toml:4: events.end", "after at"},
        Refusal{"repeats_into_itself",
                "[[events]]\ntype = \"dip\"\nat = 1\nduration = \"2 s\"\nevery = \"1 s\"\nresidual "
                "= 50",
                "my.toml:5: events.every", "longer than the event"},
        Refusal{"channel_that_is_not_there",
                "[[events]]\ntype = \"dip\"\nat = 1\nduration = 1\nchannels = [\"V4\"]\nresidual = "
                "50",
                "my.toml:5: events.channels", "no channel V4"},
        Refusal{"load_and_rms", "[load]\ncurrent = 5\n[currents]\nrms = 5",
                "my.toml:4: currents.rms", "follow [load]"},
        Refusal{"power_and_current", "[load]\ncurrent = 5\npower = 5", "my.toml:1: load",
                "power (W of each phase) or current"},
        Refusal{"daily_of_23", "[load]\ncurrent = 5\ndaily = [1,2,3]", "my.toml:3: load.daily",
                "24"},
        Refusal{"third_voltage_of_delta", "[system]\nwiring = \"delta\"\n[channels.V3]\nrms = 100",
                "my.toml:3: channels.V3", "−(V1 + V2)"},
        Refusal{"ramps_out_of_order",
                "[frequency]\nramps = [\n{ at = 5, to = 51, over = 2 },\n{ at = 6, to = 50 } ]",
                "my.toml:4: frequency.ramps.at", "before the one above has ended"},
        Refusal{"frequency_below_1_hz",
                "[frequency]\nmodulation = [ { depth = 49.5, frequency = 1 } ]", "frequency",
                "at 1 Hz or above"},
        Refusal{"broken_toml", "[system\nwiring = 1", "my.toml:1", "not valid TOML"}),
    [](const auto& row) { return row.param.name; });

TEST(Scenario, EmptyTextIsAQuietGrid) {
  const auto scenario = parse_scenario("", "empty.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  ASSERT_EQ(scenario->channels.size(), 3U);
  EXPECT_EQ(scenario->channels[1].rms, 230.0);
  EXPECT_EQ(scenario->channels[1].angle_degrees, -120.0);
  EXPECT_EQ(scenario->duration, Duration::seconds(10));
}

TEST(Scenario, DurationsTakeUnitsAndCyclesOfTheNominalFrequency) {
  const auto scenario = parse_scenario(
      "duration = \"2 min\"\n[system]\nnominal_frequency = 60\n"
      "[[events]]\ntype = \"dip\"\nat = \"1500 ms\"\nduration = \"3 cycles\"\nresidual = 50",
      "d.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->duration, Duration::seconds(120));
  EXPECT_EQ(scenario->events[0].at, Duration::ms(1500));
  EXPECT_EQ(scenario->events[0].duration, Duration::ms(50));
}

TEST(Scenario, TimesWithAnOffsetBecomeUtc) {
  const auto scenario = parse_scenario("start = 2026-03-01T01:30:00+02:00", "d.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(to_iso8601(scenario->start), "2026-02-28T23:30:00.000000000Z");
}

TEST(Scenario, GenerationTurnsTheCurrentAroundAndLeadingMirrorsIt) {
  const auto scenario = parse_scenario(
      "[load]\ncurrent = 10\npf = 0.5\n"
      "steps = [ { at = 1, current = 10, pf = 0.5, direction = \"leading\" },\n"
      "{ at = 2, current = 10, pf = 0.5, generating = true } ]",
      "d.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_NEAR(scenario->load[0].lag_degrees[0], 60.0, 1e-12);
  EXPECT_NEAR(scenario->load[1].lag_degrees[0], -60.0, 1e-12);
  EXPECT_NEAR(scenario->load[2].lag_degrees[0], 240.0, 1e-12);
}

TEST(Scenario, PowerGivesTheCurrentThatTheVoltageNeeds) {
  const auto scenario = parse_scenario("[load]\npower = [ 2300, 1150, 460 ]\npf = 0.5", "d.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_NEAR(scenario->load[0].current_amperes[0], 20.0, 1e-12);
  EXPECT_NEAR(scenario->load[0].current_amperes[1], 10.0, 1e-12);
  EXPECT_NEAR(scenario->load[0].current_amperes[2], 4.0, 1e-12);
}

TEST(Scenario, ALowerRateLeavesOutWhatItCannotCarryAndSaysSo) {
  const auto scenario = parse_scenario(
      "[voltages]\nharmonics = [ { order = 5, percent = 5 }, { order = 25, percent = 1 } ]",
      "d.toml");
  ASSERT_TRUE(scenario) << scenario.error().message;
  const auto slow = with_rate(*scenario, 2000.0);
  ASSERT_TRUE(slow) << slow.error().message;
  ASSERT_EQ(slow->channels[0].harmonics.size(), 1U);
  EXPECT_EQ(slow->channels[0].harmonics[0].order, 5);
  ASSERT_EQ(slow->warnings.size(), 3U);
  EXPECT_THAT(slow->warnings[0], HasSubstr("V1: 1 tones at or above half the sample rate"));
}

TEST(Scenario, AllShippedOnesAreAcceptedAndSayWhatTheyAre) {
  ASSERT_GE(shipped_scenarios().size(), 12U);
  for (const ShippedScenario& shipped : shipped_scenarios()) {
    const auto scenario = load_scenario(shipped.name);
    ASSERT_TRUE(scenario) << shipped.name << ": " << scenario.error().message;
    EXPECT_FALSE(scenario->description.empty()) << shipped.name;
    EXPECT_TRUE(scenario->warnings.empty()) << shipped.name;
  }
}

TEST(Scenario, ShippedOnesAreTheFilesOfTheRepository) {
  const auto shipped = load_scenario("feeder");
  const auto file = load_scenario(std::string("sim:") + HC_SOURCE_DIR + "/scenarios/feeder.toml");
  ASSERT_TRUE(shipped && file);
  EXPECT_EQ(shipped->events.size(), file->events.size());
  EXPECT_EQ(shipped->seed, file->seed);
}

TEST(Scenario, UnknownNamesAndMissingFilesSayWhatThereIs) {
  EXPECT_THAT(load_scenario("feedr").error().message,
              AllOf(HasSubstr("Did you mean 'feeder'?"), HasSubstr("reference-50hz")));
  EXPECT_THAT(load_scenario("nowhere/feeder.toml").error().message,
              AllOf(HasSubstr("nowhere/feeder.toml"), HasSubstr("sim:feeder")));
  EXPECT_THAT(load_scenario(std::string(HC_SOURCE_DIR) + "/scenarios").error().message,
              HasSubstr("is a directory"));
}

}  // namespace
}  // namespace halfcycle::source
