// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "app/analysis.hpp"
#include "app/options.hpp"

namespace halfcycle::app {
namespace {

Result<Invocation> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "halfcycle");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

Error error_of(std::vector<const char*> arguments) {
  const auto parsed = parse(std::move(arguments));
  return parsed ? Error{ErrorCode::Interrupted, "no error"} : parsed.error();
}

TEST(CommandLine, TurnsOptionsOfAnalyzeIntoWhatTheyMean) {
  const auto parsed = parse({"analyze",
                             "a.cfg",
                             "b.cfg",
                             "--json",
                             "--every",
                             "10-12-cycle",
                             "--registers",
                             "kW tot, V1 HD*",
                             "--nominal-frequency",
                             "60",
                             "--map",
                             "V1=UA,I4=#7",
                             "--from",
                             "0.5",
                             "--to",
                             "2024-01-01T00:00:00Z",
                             "--side",
                             "primary",
                             "--pt",
                             "220000/100",
                             "--dip",
                             "85",
                             "--wiring",
                             "delta",
                             "--scale",
                             "V1=400"});
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  const auto& options = std::get<AnalyzeOptions>(*parsed);
  EXPECT_EQ(options.sources, (std::vector<std::string>{"a.cfg", "b.cfg"}));
  EXPECT_EQ(options.output, AnalyzeOptions::Output::Json);
  EXPECT_EQ(options.every, metrology::Interval::TenTwelveCycle);
  EXPECT_EQ(options.registers, (std::vector<std::string>{"kW tot", "V1 HD*"}));
  EXPECT_EQ(options.measure.given.nominal_frequency_hertz, 60.0);
  EXPECT_EQ(options.measure.given.wiring, Wiring::Delta);
  EXPECT_EQ(options.measure.open.mapping.map.size(), 2U);
  EXPECT_EQ(options.measure.open.from->from_start, Duration::ms(500));
  EXPECT_EQ(options.measure.open.to->at, to_instant({2024, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(options.measure.open.side, Side::Primary);
  EXPECT_EQ(options.measure.open.pt->primary, 220000.0);
  EXPECT_DOUBLE_EQ(options.measure.dip_threshold_ratio.value(), 0.85);
  EXPECT_EQ(options.measure.open.scales.size(), 1U);
}

TEST(CommandLine, SuggestsTheNearestCommandAndOption) {
  EXPECT_NE(error_of({"analize", "x"}).message.find("'analyze'"), std::string::npos);
  EXPECT_NE(error_of({"analyze", "x", "--jsn"}).message.find("'--json'"), std::string::npos);
  EXPECT_NE(error_of({"bench", "--metres", "3"}).message.find("'--meters'"), std::string::npos);
  EXPECT_EQ(error_of({"analize", "x"}).code, ErrorCode::Usage);
}

TEST(CommandLine, TellsWhatCannotBeReadFromWhatMakesNoSense) {
  EXPECT_EQ(error_of({"analyze", "x", "--nominal-frequency", "fifty"}).code, ErrorCode::Usage);
  EXPECT_EQ(error_of({"analyze", "x", "--nominal-frequency", "0"}).code, ErrorCode::InvalidSetup);
  EXPECT_EQ(error_of({"analyze", "x", "--nominal-voltage", "nan"}).code, ErrorCode::InvalidSetup);
  EXPECT_EQ(error_of({"analyze", "x", "--swell", "80"}).code, ErrorCode::InvalidSetup);
  EXPECT_EQ(error_of({"simulate", "x", "--out", "y.cfg", "--rate", "-1"}).code,
            ErrorCode::InvalidSetup);
}

TEST(CommandLine, HelpOfACommandHasExamples) {
  const auto parsed = parse({"help", "simulate"});
  ASSERT_TRUE(parsed.has_value());
  const std::string& text = std::get<PrintText>(*parsed).text;
  EXPECT_NE(text.find("Examples:"), std::string::npos);
  EXPECT_NE(text.find("--duration"), std::string::npos);
}

TEST(SelectLabels, StarsStandForAnyText) {
  EXPECT_TRUE(matches("V1 HD*", "V1 HD13"));
  EXPECT_TRUE(matches("*tot", "kW tot"));
  EXPECT_TRUE(matches("k*t*t", "kVA tot"));
  EXPECT_FALSE(matches("V1 HD*", "V2 HD13"));
  EXPECT_FALSE(matches("kW", "kW tot"));
  EXPECT_TRUE(matches("*", ""));
}

TEST(SelectLabels, KeepTheirOrderAndComeOnce) {
  const std::vector<meter::Column> available{
      {"kW a", Unit::Kilowatt, ""}, {"kW tot", Unit::Kilowatt, ""}, {"Freq", Unit::Hertz, ""}};
  EXPECT_EQ(*select_labels(available, {"Freq", "kW *", "kW tot"}),
            (std::vector<std::string>{"Freq", "kW a", "kW tot"}));
  EXPECT_EQ(select_labels(available, {})->size(), 3U);
  EXPECT_FALSE(select_labels(available, {"Z*"}).has_value());
}

}  // namespace
}  // namespace halfcycle::app
