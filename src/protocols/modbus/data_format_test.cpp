// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/data_format.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/quality.hpp"
#include "protocols/modbus/modbus_fixture.hpp"

namespace halfcycle::modbus {
namespace {

using testing_meter::hex;

std::string number(Format format, double value, std::size_t registers) {
  std::vector<std::byte> out(2 * registers, std::byte{0x55});
  write_number(format, value, out);
  return hex(out);
}
std::string none(Format format, std::size_t registers) {
  std::vector<std::byte> out(2 * registers, std::byte{0x55});
  write_not_available(format, out);
  return hex(out);
}
std::string text(std::string_view value, std::size_t registers) {
  std::vector<std::byte> out(2 * registers, std::byte{0x55});
  write_text(value, out);
  return hex(out);
}
std::string date(std::string_view iso) {
  std::vector<std::byte> out(8, std::byte{0x55});
  write_date_time(parse_iso8601(iso).value(), out);
  return hex(out);
}

TEST(NotAvailable, HasACodeInEachFormat) {
  EXPECT_EQ(none(Format::Unknown, 2), "80 00 80 00");
  EXPECT_EQ(none(Format::Int16, 1), "80 00");
  EXPECT_EQ(none(Format::Uint16, 1), "FF FF");
  EXPECT_EQ(none(Format::Uint16, 4), "FF FF FF FF FF FF FF FF");
  EXPECT_EQ(none(Format::Int32, 2), "80 00 00 00");
  EXPECT_EQ(none(Format::Uint32, 2), "FF FF FF FF");
  EXPECT_EQ(none(Format::Int64, 4), "80 00 00 00 00 00 00 00");
  EXPECT_EQ(none(Format::Float32, 2), "FF C0 00 00");
  EXPECT_EQ(none(Format::FourQuadrantPf, 2), "FF C0 00 00");
  EXPECT_EQ(none(Format::Utf8, 2), "00 00 00 00");
  EXPECT_EQ(none(Format::DateTime, 4), "FF FF FF FF FF FF FF FF");
}

TEST(Numbers, AreBigEndianAndRoundedToNearest) {
  EXPECT_EQ(number(Format::Int16, -2.0, 1), "FF FE");
  EXPECT_EQ(number(Format::Uint16, 258.4, 1), "01 02");
  EXPECT_EQ(number(Format::Uint16, 257.6, 1), "01 02");
  EXPECT_EQ(number(Format::Int32, -65536.0, 2), "FF FF 00 00");
  EXPECT_EQ(number(Format::Uint32, 16909060.0, 2), "01 02 03 04");
  EXPECT_EQ(number(Format::Int64, 283686952306183.0, 4), "00 01 02 03 04 05 06 07");
  EXPECT_EQ(number(Format::Float32, -0.5, 2), "BF 00 00 00");
}

TEST(Numbers, ThatDoNotFitAreNotAvailable) {
  EXPECT_EQ(number(Format::Uint16, 65534.0, 1), "FF FE");
  EXPECT_EQ(number(Format::Uint16, 65535.0, 1), "FF FF");
  EXPECT_EQ(number(Format::Uint16, 70000.0, 1), "FF FF");
  EXPECT_EQ(number(Format::Uint16, -1.0, 1), "FF FF");
  EXPECT_EQ(number(Format::Int16, 32767.0, 1), "7F FF");
  EXPECT_EQ(number(Format::Int16, 32768.0, 1), "80 00");
  EXPECT_EQ(number(Format::Int16, -32767.0, 1), "80 01");
  EXPECT_EQ(number(Format::Int32, 2147483648.0, 2), "80 00 00 00");
  EXPECT_EQ(number(Format::Uint32, 4294967295.0, 2), "FF FF FF FF");
  EXPECT_EQ(number(Format::Int64, 9223372036854775808.0, 4), "80 00 00 00 00 00 00 00");
  EXPECT_EQ(number(Format::Int64, -9223372036854775808.0, 4), "80 00 00 00 00 00 00 00");
  EXPECT_EQ(number(Format::Int64, 9223372036854774784.0, 4), "7F FF FF FF FF FF FC 00");
  EXPECT_EQ(number(Format::Float32, 1e39, 2), "FF C0 00 00");
  EXPECT_EQ(number(Format::Float32, std::numeric_limits<double>::infinity(), 2), "FF C0 00 00");
}

TEST(Numbers, NotANumberIsNotAvailableInEachFormat) {
  EXPECT_EQ(number(Format::Int16, kNotAvailable, 1), "80 00");
  EXPECT_EQ(number(Format::Uint16, kNotAvailable, 1), "FF FF");
  EXPECT_EQ(number(Format::Int32, kNotAvailable, 2), "80 00 00 00");
  EXPECT_EQ(number(Format::Uint32, kNotAvailable, 2), "FF FF FF FF");
  EXPECT_EQ(number(Format::Int64, kNotAvailable, 4), "80 00 00 00 00 00 00 00");
  // A NaN of ours has other bits than the one that the peer knows.
  EXPECT_EQ(number(Format::Float32, kNotAvailable, 2), "FF C0 00 00");
}

TEST(FourQuadrantPf, NeedsAllThreeValues) {
  std::vector<std::byte> out(4);
  write_four_quadrant_pf(0.5, 1.0, kNotAvailable, out);
  EXPECT_EQ(hex(out), "FF C0 00 00");
  write_four_quadrant_pf(kNotAvailable, 1.0, 1.0, out);
  EXPECT_EQ(hex(out), "FF C0 00 00");
  // Rounding above 1 is 1: 3F800000.
  write_four_quadrant_pf(1.0000001, 1.0, 0.0, out);
  EXPECT_EQ(hex(out), "3F 80 00 00");
}

TEST(Text, IsFilledWithZerosAndCutAtACharacter) {
  EXPECT_EQ(text("ab", 2), "61 62 00 00");
  EXPECT_EQ(text("abcdef", 2), "61 62 63 64");
  EXPECT_EQ(text("abc\xC3\xA9", 2), "61 62 63 00");     // é does not fit: C3 A9
  EXPECT_EQ(text("a\xE2\x82\xAC", 2), "61 E2 82 AC");   // € fits
  EXPECT_EQ(text("ab\xE2\x82\xAC", 2), "61 62 00 00");  // and here it does not
  EXPECT_EQ(text("", 1), "00 00");
}

TEST(DateTime, PacksTheDateAsTheOriginalDoes) {
  // 2000-01-01 was a Saturday (7).
  EXPECT_EQ(date("2000-01-01T00:00:00Z"), "00 00 01 E1 00 00 00 00");
  EXPECT_EQ(date("2026-11-28T23:59:59.999Z"), "00 1A 0B FC 17 3B EA 5F");
  EXPECT_EQ(date("2127-12-31T23:59:59.999999999Z"), "00 7F 0C 9F 17 3B EA 5F");
  EXPECT_EQ(date("1999-12-31T23:59:59Z"), "FF FF FF FF FF FF FF FF");
  EXPECT_EQ(date("2128-01-01T00:00:00Z"), "FF FF FF FF FF FF FF FF");
}

TEST(DateTime, CountsTheWeekFromSunday) {
  const auto day = [](std::string_view iso) { return day_of_week(parse_iso8601(iso).value()); };
  EXPECT_EQ(day("1970-01-01T00:00:00Z"), 5);  // Thursday
  EXPECT_EQ(day("1969-12-28T23:59:59Z"), 1);  // Sunday
  EXPECT_EQ(day("2024-02-29T12:00:00Z"), 5);
  EXPECT_EQ(day("2026-11-28T00:00:00Z"), 7);  // Saturday
}

}  // namespace
}  // namespace halfcycle::modbus
