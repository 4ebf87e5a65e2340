// SPDX-License-Identifier: Apache-2.0
// What people read: numbers, tables, pictures.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "app/number_text.hpp"
#include "app/plot.hpp"
#include "app/text_table.hpp"
#include "base/quality.hpp"

namespace halfcycle::app {
namespace {

TEST(WithUnit, PicksThePrefixThatKeepsTheDigits) {
  EXPECT_EQ(with_unit(230.4, Unit::Volt, 4), "230.4 V");
  EXPECT_EQ(with_unit(20123.0, Unit::Volt, 4), "20.12 kV");
  EXPECT_EQ(with_unit(1204.0, Unit::Kilowatt, 4), "1.204 MW");
  EXPECT_EQ(with_unit(0.0123, Unit::Ampere, 3), "12.3 mA");
  EXPECT_EQ(with_unit(0.0123, Unit::Ampere, 3, false), "12.3 mA");
  EXPECT_EQ(with_unit(0.0000123, Unit::Ampere, 3, false), "12.3 uA");
  EXPECT_EQ(with_unit(999.96, Unit::Volt, 4), "1.000 kV");
  EXPECT_EQ(with_unit(-0.0000001, Unit::Percent, 3), "0.00 %");
  EXPECT_EQ(with_unit(119.98, Unit::Degree, 5), "119.98°");
  EXPECT_EQ(with_unit(kNotAvailable, Unit::Volt, 4), "—");
  EXPECT_EQ(with_unit(kNotAvailable, Unit::Volt, 4, false), "-");
}

TEST(ScaleFor, GivesAColumnOneUnit) {
  const std::array values{230.0, 1200.0, kNotAvailable};
  const Scale scale = scale_for(values, Unit::Volt, 5);
  EXPECT_EQ(scale.unit, "kV");
  EXPECT_EQ(scaled(values[0], scale), "0.2300");
  EXPECT_EQ(scaled(values[1], scale), "1.2000");
}

TEST(DurationText, UsesTheUnitThatReadsBest) {
  EXPECT_EQ(duration_text(0.0000123), "12.3 µs");
  EXPECT_EQ(duration_text(0.0834), "83.4 ms");
  EXPECT_EQ(duration_text(1.2), "1.200 s");
  EXPECT_EQ(duration_text(125.0), "2 min 5.0 s");
  EXPECT_EQ(duration_text(7500.0), "2 h 5 min");
  EXPECT_EQ(duration_text(kNotAvailable), "—");
  EXPECT_EQ(count_text(1234567), "1 234 567");
  EXPECT_EQ(count_text(123), "123");
}

TEST(DisplayWidth, CountsCellsNotBytes) {
  EXPECT_EQ(display_width("Ua"), 2U);
  EXPECT_EQ(display_width("µV"), 2U);
  EXPECT_EQ(display_width("线路"), 4U);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3U);
  EXPECT_EQ(shortened("220kV线路故障", 8, true), "220kV线…");
  EXPECT_EQ(printable("a\x1b[2Jb\xFF\x07"), "a?[2Jb\xEF\xBF\xBD?");
}

TEST(TextTable, LinesUpWideAndStyledCells) {
  Screen screen;
  screen.colour = true;
  TextTable table({TextTable::Align::Left, TextTable::Align::Right});
  table.row({styled(screen, Style::Red, "线"), "1.0"});
  table.row({"abc", "10.0"});
  EXPECT_EQ(table.text(1), " \x1b[31m线\x1b[0m    1.0\n abc  10.0\n");
}

TEST(Plot, KeepsEveryPeakAndLeavesGapsOpen) {
  Screen screen;
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 1000; ++i) {
    x.push_back(i / 1000.0);
    y.push_back(i == 503 ? 100.0 : (i > 700 && i < 900 ? kNotAvailable : 0.0));
  }
  const std::array traces{PlotTrace{"V1", x, y, Style::Plain}};
  const std::string text = plot(screen, traces, {.columns = 20, .rows = 5, .marks = {}});
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    lines.push_back(text.substr(begin, text.find('\n', begin) - begin));
  }
  ASSERT_EQ(lines.size(), 5U);
  const std::size_t axis = lines[0].find('|');
  EXPECT_EQ(lines[0].substr(axis + 1), std::string(10, ' ') + "1");
  EXPECT_EQ(lines[2].substr(axis + 1), "111111111111111   11");
  EXPECT_NE(lines[0].find("100 V"), std::string::npos);
  EXPECT_NE(lines[4].find("-100 V"), std::string::npos);
}

TEST(Plot, DrawsASineInBrailleWithinItsRows) {
  Screen screen;
  screen.unicode = true;
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i <= 200; ++i) {
    x.push_back(i / 200.0);
    y.push_back(std::sin(2 * std::numbers::pi * i / 200.0));
  }
  const std::array traces{PlotTrace{"V1", x, y, Style::Plain}};
  const std::string text = plot(screen, traces, {.columns = 8, .rows = 2, .marks = {}});
  EXPECT_EQ(text,
            "     1.00 V ┤⡴⠋⠙⢦⡀\n"
            "    -1.00 V ┤⠁   ⠳⣄⣠⠞\n");
}

TEST(Plot, IsEmptyWithoutValues) {
  const std::vector<double> x{0.0, 1.0};
  const std::vector<double> y{kNotAvailable, kNotAvailable};
  const std::array traces{PlotTrace{"V1", x, y, Style::Plain}};
  EXPECT_EQ(plot({}, traces, {}), "");
}

}  // namespace
}  // namespace halfcycle::app
