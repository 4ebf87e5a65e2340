// SPDX-License-Identifier: Apache-2.0
#include "meter/meter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace halfcycle::meter {
namespace {

constexpr double kRate = 6400.0;
constexpr double kTwoPi = 2.0 * std::numbers::pi;

// 230 V and 10 A at 50 Hz, 30° lagging, on three phases; L2 falls to 100 V from 0.4 s to 0.5 s.
std::vector<float> frames(double seconds) {
  const auto count = static_cast<std::size_t>(seconds * kRate);
  std::vector<float> out(count * 8, 0.0F);
  for (std::size_t n = 0; n < count; ++n) {
    const double t = static_cast<double>(n) / kRate;
    for (std::size_t p = 0; p < 3; ++p) {
      const double angle = kTwoPi * (50.0 * t - static_cast<double>(p) / 3.0);
      const double volts = p == 1 && t >= 0.4 && t < 0.5 ? 100.0 : 230.0;
      out[n * 8 + p] = static_cast<float>(volts * std::numbers::sqrt2 * std::sin(angle));
      out[n * 8 + 4 + p] =
          static_cast<float>(10.0 * std::numbers::sqrt2 * std::sin(angle - kTwoPi / 12.0));
    }
  }
  return out;
}

MeterSetup three_phase_setup() {
  MeterSetup setup;
  setup.sample_rate_hertz = kRate;
  setup.analysis = true;
  for (const Input input : {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3}) {
    setup.inputs.add(input);
  }
  return setup;
}

void feed(Meter& meter, const std::vector<float>& samples, std::size_t block_frames) {
  const std::size_t total = samples.size() / 8;
  for (std::size_t done = 0; done < total; done += block_frames) {
    SampleBlock block;
    block.frames = samples.data() + done * 8;
    block.frame_count = std::min(block_frames, total - done);
    block.inputs = meter.setup().inputs;
    block.first_index = done;
    block.time = {0, Instant::from_unix_ns(0), kRate};
    block.discontinuity = done == 0 ? Discontinuity::Start : Discontinuity::None;
    meter.push(block);
  }
  meter.finish();
}

TEST(Meter, StatisticsAreInTheUnitsOfTheRegisters) {
  auto meter = Meter::create(three_phase_setup());
  ASSERT_TRUE(meter) << meter.error().message;
  feed(**meter, frames(2.0), 4096);
  EXPECT_NEAR((*meter)->statistics("Vln a")->mean, 230.0, 1e-3);
  EXPECT_NEAR((*meter)->statistics("kW a")->mean, 2.3 * std::cos(kTwoPi / 12.0), 1e-5);
  EXPECT_NEAR((*meter)->statistics("kVAR a")->mean, 2.3 * 0.5, 1e-5);
  EXPECT_NEAR((*meter)->statistics("I1 ang")->mean, -30.0, 1e-3);
  EXPECT_NEAR((*meter)->statistics("Freq")->max, 50.0, 1e-3);
  EXPECT_NEAR((*meter)->statistics("HS Vln b")->min, 100.0, 0.01);
}

TEST(Meter, WithoutAnalysisStatisticsAreNotAvailableRatherThanZero) {
  MeterSetup setup = three_phase_setup();
  setup.analysis = false;
  auto meter = Meter::create(setup);
  ASSERT_TRUE(meter);
  feed(**meter, frames(0.5), 4096);
  EXPECT_FALSE(is_available((*meter)->statistics("Vln a")->mean));
  EXPECT_TRUE((*meter)->events().empty());
}

TEST(Meter, ObservesTheNamedColumnsAtTheEndOfEachInterval) {
  auto meter = Meter::create(three_phase_setup());
  ASSERT_TRUE(meter);
  std::vector<Row> rows;
  std::vector<double> volts;
  const auto columns =
      (*meter)->observe(Interval::TenTwelveCycle, {"kW tot", "Vln b"}, [&](const Row& row) {
        rows.push_back(row);
        volts.push_back(row.values[1]);
      });
  ASSERT_TRUE(columns);
  EXPECT_EQ((*columns)[0].unit, Unit::Kilowatt);
  feed(**meter, frames(1.0), 1000);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_NEAR(volts[0], 230.0, 1e-3);
  // Half of the third window at 100 V; between which two samples the steps lie, they do not say.
  EXPECT_NEAR(volts[2], std::sqrt((230.0 * 230.0 + 100.0 * 100.0) / 2.0), 0.1);
  EXPECT_FALSE(rows[0].marks.flagged);
  EXPECT_TRUE(rows[1].marks.flagged) << "the first Urms(1/2) that shows the dip begins before it";
  EXPECT_TRUE(rows[2].marks.flagged);
  EXPECT_FALSE(rows[3].marks.flagged);
  EXPECT_FALSE(rows[4].marks.flagged);
}

TEST(Meter, HalfCycleValuesHaveTwoNamesAndUnknownLabelsASuggestion) {
  auto meter = Meter::create(three_phase_setup());
  ASSERT_TRUE(meter);
  const auto nothing = [](const Row&) {};
  EXPECT_TRUE((*meter)->observe(Interval::HalfCycle, {"Vln a", "HS Vln a"}, nothing));
  const auto unknown = (*meter)->observe(Interval::TenTwelveCycle, {"Vln  a"}, nothing);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidSetup);
  EXPECT_NE(unknown.error().message.find("'Vln a'"), std::string::npos);
  EXPECT_FALSE((*meter)->observe(Interval::HalfCycle, {"V1 THD"}, nothing));
  EXPECT_FALSE((*meter)->observe(Interval::TenTwelveCycle, {"HS Vln a"}, nothing));
  EXPECT_FALSE((*meter)->statistics("V1 HD999"));
}

TEST(Meter, ADipIsAnEventAFaultIsReportedAndTheGraphKnowsBoth) {
  auto meter = Meter::create(three_phase_setup());
  ASSERT_TRUE(meter);
  int told = 0;
  (*meter)->on_event([&](const quality::VoltageEvent&) { ++told; });
  feed(**meter, frames(2.0), 777);
  ASSERT_EQ((*meter)->events().size(), 1U);
  const quality::VoltageEvent& dip = (*meter)->events()[0];
  EXPECT_EQ(dip.type, quality::EventType::Dip);
  EXPECT_NEAR(dip.extreme_volts, 100.0, 0.01);
  EXPECT_TRUE(dip.phases[1].involved);
  EXPECT_FALSE(dip.phases[0].involved);
  EXPECT_EQ(told, 1);
  ASSERT_EQ((*meter)->faults().size(), 1U);
  EXPECT_NEAR(((*meter)->faults()[0].inception - Instant::from_unix_ns(0)).to_seconds(), 0.4,
              0.002);
  const auto count = (*meter)->graph().read("Dist Count");
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(count->number(), 1.0);
  EXPECT_NEAR((*meter)->graph().read("Vln a")->number(), 230.0, 1e-3);
}

TEST(Meter, WithoutANominalVoltageNothingIsADip) {
  MeterSetup setup = three_phase_setup();
  setup.system.nominal_voltage_volts = kNotAvailable;
  setup.system.signalling_hertz = {1000.0, 0.0, 0.0};
  auto meter = Meter::create(setup);
  ASSERT_TRUE(meter) << meter.error().message;
  feed(**meter, frames(1.0), 640);
  EXPECT_TRUE((*meter)->events().empty());
  EXPECT_EQ((*meter)->graph().read("Dist Count")->number(), 0.0);
  EXPECT_NEAR((*meter)->statistics("HS Vln b")->min, 100.0, 0.01);
  EXPECT_NEAR((*meter)->statistics("Vln a")->mean, 230.0, 0.01);
  // What refers to a voltage that nobody knows.
  const std::vector<Column> columns = (*meter)->columns(Interval::TenTwelveCycle);
  for (const std::string label : {"V1 UnderDev", "V2 OverDev", "V3 Sliding Ref", "Vavg Sliding Ref",
                                  "V1 MSV1", "Phase Loss"}) {
    EXPECT_FALSE(is_available((*meter)->statistics(label)->last)) << label;
    EXPECT_FALSE((*meter)->graph().read(label)->available()) << label;
    EXPECT_TRUE(std::none_of(columns.begin(), columns.end(), [&](const Column& column) {
      return column.label == label;
    })) << label;
  }
}

TEST(Meter, TheSizeOfTheBlocksDoesNotChangeABit) {
  const std::vector<float> samples = frames(1.2);
  std::vector<std::vector<double>> seen;
  for (const std::size_t block : {1UL, 7UL, 480UL, 4096UL, 100000UL}) {
    auto meter = Meter::create(three_phase_setup());
    ASSERT_TRUE(meter);
    std::vector<double> values;
    const auto keep = [&](const Row& row) {
      values.insert(values.end(), row.values.begin(), row.values.end());
      values.push_back(static_cast<double>(row.end.unix_ns()));
    };
    ASSERT_TRUE((*meter)->observe(Interval::HalfCycle, {"Vln b", "Freq", "kW tot"}, keep));
    ASSERT_TRUE((*meter)->observe(Interval::TenTwelveCycle, {"V1 THD", "kVAR tot"}, keep));
    feed(**meter, samples, block);
    values.push_back((*meter)->faults().empty()
                         ? 0.0
                         : static_cast<double>((*meter)->faults()[0].inception.unix_ns()));
    seen.push_back(values);
  }
  for (std::size_t i = 1; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i].size(), seen[0].size());
    for (std::size_t k = 0; k < seen[0].size(); ++k) {
      EXPECT_EQ(std::isnan(seen[i][k]), std::isnan(seen[0][k]));
      if (!std::isnan(seen[0][k])) {
        ASSERT_EQ(seen[i][k], seen[0][k]) << "block size " << i << ", value " << k;
      }
    }
  }
}

TEST(Meter, ThresholdsThatDoNotRiseAreRefused) {
  MeterSetup setup = three_phase_setup();
  setup.dip_threshold_ratio = 1.0;
  setup.swell_threshold_ratio = 1.0;
  const auto meter = Meter::create(setup);
  ASSERT_FALSE(meter);
  EXPECT_EQ(meter.error().code, ErrorCode::InvalidSetup);
  EXPECT_NE(meter.error().message.find("thresholds must rise"), std::string::npos);
}

TEST(Meter, LimitsThatAreGivenHoldAndStandInTheSetupOfTheModule) {
  MeterSetup setup = three_phase_setup();
  const auto plain = Meter::create(setup);
  ASSERT_TRUE(plain);
  EXPECT_DOUBLE_EQ((*plain)->limits().dip_threshold_ratio, 0.9);
  setup.dip_threshold_ratio = 0.7;
  setup.hysteresis_ratio = 0.01;
  const auto meter = Meter::create(setup);
  ASSERT_TRUE(meter) << meter.error().message;
  EXPECT_DOUBLE_EQ((*meter)->limits().dip_threshold_ratio, 0.7);
  EXPECT_DOUBLE_EQ((*meter)->limits().hysteresis_ratio, 0.01);
  EXPECT_DOUBLE_EQ((*meter)->limits().swell_threshold_ratio, 1.1);
  EXPECT_EQ((*meter)->graph().setup_value("Sag/Swell", "Sag Lim").value(), "70");
}

TEST(Meter, ColumnsAreThoseThatTheInputsCanGive) {
  MeterSetup setup = three_phase_setup();
  setup.inputs = InputMask{};
  setup.inputs.add(Input::V1);
  setup.system.wiring = Wiring::Single;
  auto meter = Meter::create(setup);
  ASSERT_TRUE(meter);
  bool has_voltage = false;
  for (const Column& column : (*meter)->columns(Interval::TenTwelveCycle)) {
    has_voltage = has_voltage || column.label == "Vln a";
    EXPECT_NE(column.label, "kW tot");
    EXPECT_NE(column.label, "I a");
  }
  EXPECT_TRUE(has_voltage);
}

}  // namespace
}  // namespace halfcycle::meter
