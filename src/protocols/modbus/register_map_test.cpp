// SPDX-License-Identifier: Apache-2.0
// The map against the templates, and the page that lists it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/unit.hpp"
#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/map_page.hpp"
#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/register_image.hpp"
#include "protocols/modbus/register_plan.hpp"

namespace halfcycle::modbus {
namespace {

using testing_meter::standard;
using testing_meter::TestMeter;

TEST(RegisterMap, IsSortedWithoutOverlap) {
  std::uint32_t next = 0;
  for (const MapRow& row : powerlogic_map()) {
    EXPECT_GE(row.address(), next) << row.name;
    next = row.address() + row.count;
    EXPECT_LE(next, 65536U);
  }
}

TEST(RegisterMap, EachFieldOfTheMeterIsKnown) {
  const auto plan = RegisterPlan::create(powerlogic_map(), standard(), false);
  for (std::size_t i = 0; i < plan->map().size(); ++i) {
    if (plan->map()[i].from.starts_with('@')) {
      EXPECT_EQ(plan->statuses()[i], RowStatus::Served) << plan->map()[i].from;
    }
  }
}

TEST(RegisterMap, UnitsAgreeWithTheRegistersBehindThem) {
  // What one unit of the register is in the unit of the map, from the units' names alone.
  const std::map<std::pair<std::string_view, std::string_view>, double> kFactors{
      {{"kWh", "Wh"}, 1000.0}, {{"kVARh", "VARh"}, 1000.0}, {{"kVAh", "VAh"}, 1000.0}};
  for (const bool delta : {false, true}) {
    const auto plan = RegisterPlan::create(powerlogic_map(), standard(), delta);
    for (std::size_t i = 0; i < plan->map().size(); ++i) {
      const MapRow& row = plan->map()[i];
      if (plan->statuses()[i] != RowStatus::Served || row.from.starts_with('@') ||
          row.from.starts_with("time of ")) {
        continue;
      }
      const auto ref = standard()->find(row.from.substr(0, row.from.find("; ")));
      ASSERT_TRUE(ref) << row.from;
      const std::string_view unit = info(standard()->registers()[ref->index].unit).symbol;
      if (unit == row.unit) {
        EXPECT_EQ(row.factor, 1.0) << row.number << ' ' << row.name;
      } else {
        ASSERT_TRUE(kFactors.contains({unit, row.unit}))
            << row.number << ' ' << row.name << ": " << unit << " as " << row.unit;
        EXPECT_EQ(row.factor, kFactors.at({unit, row.unit})) << row.number << ' ' << row.name;
      }
    }
  }
}

TEST(RegisterMap, CoreQuantitiesAreServed) {
  const auto plan = RegisterPlan::create(powerlogic_map(), standard(), false);
  std::set<int> served;
  for (std::size_t i = 0; i < plan->map().size(); ++i) {
    if (plan->statuses()[i] == RowStatus::Served) {
      served.insert(plan->map()[i].number);
    }
  }
  for (const int number : {30,   1837, 2700,  2718,  3000,  3010,  3020,  3028,  3036, 3054,
                           3060, 3068, 3076,  3078,  3084,  3092,  3110,  3150,  3204, 3248,
                           3764, 3770, 21016, 21300, 21330, 22876, 22900, 42322, 50011}) {
    EXPECT_TRUE(served.contains(number)) << number;
  }
}

TEST(RegisterPlan, SaysWhyARowHasNoValue) {
  constexpr std::array kMap{
      MapRow{1, 2, Format::Float32, RowState::Serve, RowWhen::Always, 1, "kW", "", "kW tot", "", "",
             ""},
      MapRow{3, 2, Format::Float32, RowState::Serve, RowWhen::Always, 1, "", "", "kW tott", "", "",
             ""},
      MapRow{5, 2, Format::Float32, RowState::Serve, RowWhen::Delta, 1, "", "", "kW tot", "", "",
             ""},
      MapRow{7, 2, Format::Float32, RowState::Later, RowWhen::Always, 1, "", "", "", "", "", "x"},
      MapRow{9, 2, Format::Float32, RowState::Reserved, RowWhen::Always, 1, "", "", "", "", "",
             "x"},
      // An array is no number, a number no text, a number no time.
      MapRow{11, 2, Format::Float32, RowState::Serve, RowWhen::Always, 1, "", "", "V1 HD", "", "",
             ""},
      MapRow{13, 2, Format::Utf8, RowState::Serve, RowWhen::Always, 1, "", "", "kW tot", "", "",
             ""},
      MapRow{15, 4, Format::DateTime, RowState::Serve, RowWhen::Always, 1, "", "", "kW tot", "", "",
             ""},
      // The three of a power factor must be of one moment.
      MapRow{21, 2, Format::FourQuadrantPf, RowState::Serve, RowWhen::Always, 1, "", "",
             "PF sign tot; HS kW tot; kVAR tot", "", "", ""},
      MapRow{23, 2, Format::FourQuadrantPf, RowState::Serve, RowWhen::Always, 1, "", "",
             "PF sign tot; kW tot", "", "", ""}};
  const auto plan = RegisterPlan::create(kMap, standard(), false);
  using enum RowStatus;
  EXPECT_EQ(std::vector(plan->statuses().begin(), plan->statuses().end()),
            (std::vector{Served, NoRegister, OtherWiring, Later, Reserved, NoRegister, NoRegister,
                         NoRegister, NoRegister, NoRegister}));
}

TEST(RegisterImage, ReadsAcrossPages) {
  // A number of two registers across the border between two pages, with nothing behind it.
  constexpr std::array kMap{MapRow{128, 2, Format::Float32, RowState::Serve, RowWhen::Always, 1,
                                   "kW", "", "kW tot", "", "", ""}};
  const auto meter = std::make_shared<TestMeter>("a");
  meter->publish({{"kW tot", 1.0}});
  RegisterImage image(meter, RegisterPlan::create(kMap, standard(), false));
  ImageScratch scratch;
  std::vector<std::byte> out(8);
  image.read(126, 4, out, scratch);
  EXPECT_EQ(testing_meter::hex(out), "80 00 3F 80 00 00 80 00");
  out.resize(2 * 125);
  image.read(127 - 124, 125, out, scratch);
  EXPECT_EQ(testing_meter::hex(std::span(out).last(4)), "80 00 3F 80");
  image.read(128, 125, out, scratch);
  EXPECT_EQ(testing_meter::hex(std::span(out).first(4)), "00 00 80 00");
  image.read(256, 125, out, scratch);
  EXPECT_EQ(testing_meter::hex(std::span(out).first(4)), "80 00 80 00");
}

TEST(RegisterImage, BecomesNotAvailableAgain) {
  const auto meter = std::make_shared<TestMeter>("a");
  RegisterImage image(meter, RegisterPlan::create(powerlogic_map(), standard(), false));
  ImageScratch scratch;
  std::vector<std::byte> out(4);
  meter->publish({{"kW tot", 1.0}});
  image.read(3059, 2, out, scratch);
  EXPECT_EQ(testing_meter::hex(out), "3F 80 00 00");
  meter->publish({{"kW tot", kNotAvailable}});
  image.read(3059, 2, out, scratch);
  EXPECT_EQ(testing_meter::hex(out), "FF C0 00 00");
}

TEST(MapPage, IsCurrent) {
  const std::string path = std::string(HC_SOURCE_DIR) + "/docs/protocols/modbus-map.md";
  const std::string page = map_page(standard());
  if (std::getenv("UPDATE_PAGES") != nullptr) {  // NOLINT(concurrency-mt-unsafe): one thread
    std::ofstream(path) << page;
  }
  std::ifstream in(path);
  std::stringstream written;
  written << in.rdbuf();
  EXPECT_TRUE(written.str() == page)
      << "UPDATE_PAGES=1 build/release/bin/modbus_test --gtest_filter='MapPage.*' writes it anew";
}

}  // namespace
}  // namespace halfcycle::modbus
