// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/address.hpp"
#include "base/instant.hpp"
#include "base/json_writer.hpp"
#include "base/quality.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "base/text.hpp"
#include "base/toml_depth.hpp"
#include "base/unit.hpp"

namespace halfcycle {
namespace {

TEST(Instant, ShowsNanosecondsInUtc) {
  EXPECT_EQ(to_iso8601(Instant::from_unix_ns(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(to_iso8601(Instant::from_unix_ns(-1)), "1969-12-31T23:59:59.999999999Z");
  // 2015-09-17T10:52:53.065Z is 1442487173.065 s after the epoch (date -d … +%s).
  EXPECT_EQ(to_iso8601(Instant::from_unix_ns(1442487173065000000)),
            "2015-09-17T10:52:53.065000000Z");
}

TEST(Instant, ReadsZonesFractionsAndDatesAlone) {
  EXPECT_EQ(parse_iso8601("2015-09-17T10:52:53.065Z")->unix_ns(), 1442487173065000000);
  EXPECT_EQ(parse_iso8601("2015-09-17 16:22:53.065+05:30")->unix_ns(), 1442487173065000000);
  EXPECT_EQ(parse_iso8601("2000-02-29")->unix_ns(), 951782400000000000);
}

TEST(Instant, RefusesDatesThatDoNotExist) {
  EXPECT_FALSE(parse_iso8601("2015-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_iso8601("2015-13-01"));
  EXPECT_FALSE(parse_iso8601("2015-01-01T24:00:00"));
  EXPECT_FALSE(parse_iso8601("yesterday"));
  EXPECT_FALSE(parse_iso8601("2015-01-01T00:00:00Zjunk"));
}

TEST(Instant, CivilTimeRoundTripsThroughLeapYears) {
  for (std::int64_t day = -30000; day < 80000; day += 17) {
    const Instant t = Instant::from_unix_ns(day * 86400 * 1000000000LL + 123456789);
    EXPECT_EQ(to_instant(to_civil(t)), t);
  }
}

TEST(Instant, FloorsToMultiplesAlsoBeforeTheEpoch) {
  const Duration ten_minutes = Duration::seconds(600);
  EXPECT_EQ(Instant::from_unix_ns(601000000000).floor_to(ten_minutes).unix_ns(), 600000000000);
  EXPECT_EQ(Instant::from_unix_ns(-1).floor_to(ten_minutes).unix_ns(), -600000000000);
}

TEST(TimeMap, GivesFractionalSamplesTheirInstant) {
  const TimeMap map{100, Instant::from_unix_ns(0), 25600.0};
  EXPECT_EQ(map.instant_of(100.0).unix_ns(), 0);
  EXPECT_EQ(map.instant_of(100.0 + 25600.0 * 3600.0).unix_ns(), 3600000000000);
  EXPECT_EQ(map.instant_of(99.5).unix_ns(), -19531);
}

TEST(Text, SuggestsTheNearestNameOnlyWhenItIsNear) {
  constexpr std::string_view kNames[] = {"kW tot", "kVAR tot", "Freq"};
  EXPECT_EQ(nearest("kw  tot", kNames), "kW tot");
  EXPECT_EQ(nearest("frequ", kNames), "Freq");
  EXPECT_FALSE(nearest("temperature", kNames));
}

TEST(Text, AnAddressWithColonsIsBracketedBeforeItsPort) {
  EXPECT_EQ(address_and_port("127.0.0.1", 1502), "127.0.0.1:1502");
  EXPECT_EQ(address_and_port("::1", 1502), "[::1]:1502");
}

TEST(Text, ReadsNumbersWholeOrNotAtAll) {
  EXPECT_EQ(parse_number(" 1.5E-3 "), 1.5e-3);
  EXPECT_EQ(parse_number("+7"), 7.0);
  EXPECT_FALSE(parse_number("1.5x"));
  EXPECT_FALSE(parse_number(""));
  EXPECT_FALSE(parse_number("nan"));
  EXPECT_FALSE(parse_number("+-1"));
}

TEST(Text, JsonNumbersReadBackExactlyAndNotAvailableIsNull) {
  std::string out;
  append_json_number(out, 0.1);
  out += ' ';
  append_json_number(out, kNotAvailable);
  EXPECT_EQ(out, "0.1 null");
}

TEST(Text, InvalidUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_valid_utf8("Größe"), "Größe");
}

TEST(System, NamesOfInputsAndWiringsReadBack) {
  EXPECT_EQ(parse_input("i5"), Input::I5);
  EXPECT_FALSE(parse_input("V5"));
  EXPECT_EQ(parse_wiring("3W-WYE"), Wiring::ThreeWireWye);
  SystemSetup setup;
  EXPECT_EQ(setup.window_cycles(), 10);
  setup.nominal_frequency_hertz = 60.0;
  EXPECT_EQ(setup.window_cycles(), 12);
}

TEST(Unit, KilowattHoursAreThreePointSixMegajoules) {
  EXPECT_DOUBLE_EQ(3.6e6 * info(Unit::KilowattHour).per_si, 1.0);
}

TEST(TomlDepth, FindsTheLineOfAKeyOfTooManyParts) {
  const auto dotted = [](std::size_t parts) {
    std::string key = "a";
    for (std::size_t i = 1; i < parts; ++i) {
      key += ".a";
    }
    return key;
  };
  EXPECT_EQ(line_of_too_deep_key(dotted(kMaxTomlKeyParts) + " = 1"), std::nullopt);
  EXPECT_EQ(line_of_too_deep_key("x = 1\n" + dotted(kMaxTomlKeyParts + 1) + " = 1"), 2U);
  EXPECT_EQ(line_of_too_deep_key("[" + dotted(100) + "]"), 1U);
  EXPECT_EQ(line_of_too_deep_key("t = \"\"\"\n\n\"\"\"\nx = { " + dotted(100) + " = 1 }"), 4U);
}

TEST(TomlDepth, DotsOfNumbersStringsAndCommentsDoNotCount) {
  const std::string dots(500, '.');
  std::string numbers = "[";
  for (int i = 0; i < 96; ++i) {
    numbers += "0.5, ";
  }
  EXPECT_EQ(line_of_too_deep_key("curve = " + numbers + "]"), std::nullopt);
  EXPECT_EQ(line_of_too_deep_key("# " + dots + "\nx = \"\\\"" + dots + "\"\ny = '" + dots + "'"),
            std::nullopt);
  EXPECT_EQ(line_of_too_deep_key("x = '''\n'" + dots + "\n'''"), std::nullopt);
}

TEST(Marks, AnAggregateKeepsEveryBadMarkOfItsInputs) {
  const Marks flagged{.flagged = true};
  const Marks no_clock{.clock_ok = false};
  const Marks both = flagged.combined(no_clock);
  EXPECT_TRUE(both.flagged);
  EXPECT_FALSE(both.clock_ok);
  EXPECT_TRUE(both.complete);
}

TEST(JsonWriter, EscapesTextAndWritesMissingNumbersAsNull) {
  JsonWriter json;
  json.begin_object().key("a\"b").string("\x01\n\\\xFF").key("x").number(kNotAvailable);
  json.key("list").begin_list().integer(3).boolean(true).null().number(0.1).end_list().end_object();
  EXPECT_EQ(json.text(),
            "{\"a\\\"b\":\"\\u0001\\n\\\\\xEF\xBF\xBD\",\"x\":null,\"list\":[3,true,null,0.1]}");
}

TEST(JsonWriter, IndentsTheOuterLevelsOnly) {
  JsonWriter json(1);
  json.begin_object().key("a").begin_list().integer(1).integer(2).end_list();
  json.key("b").begin_object().end_object().end_object();
  EXPECT_EQ(json.text(), "{\n  \"a\": [1, 2],\n  \"b\": {}\n}");
}

TEST(JsonWriter, WritesSamplesWithTheDigitsOfAFloat) {
  JsonWriter json;
  json.begin_list().number(0.1F).number(-325.2691F).number(std::nanf("")).end_list();
  EXPECT_EQ(json.text(), "[0.1,-325.2691,null]");
}

}  // namespace
}  // namespace halfcycle
