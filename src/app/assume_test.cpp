// SPDX-License-Identifier: Apache-2.0
#include "app/assume.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace halfcycle::app {
namespace {

// Blocks of a three-phase sine wave; `level` per phase, phase A reduced from `event_seconds` on.
std::vector<StoredBlock> three_phase(double hertz, double level, double rate, double seconds,
                                     double event_seconds = 1e9) {
  std::vector<StoredBlock> blocks;
  const auto total = static_cast<std::size_t>(rate * seconds);
  for (std::size_t first = 0; first < total; first += 500) {
    const std::size_t count = std::min<std::size_t>(500, total - first);
    std::vector<float> frames(count * 8, 0.0F);
    for (std::size_t n = 0; n < count; ++n) {
      const double t = static_cast<double>(first + n) / rate;
      for (std::size_t phase = 0; phase < 3; ++phase) {
        const double factor = phase == 0 && t >= event_seconds ? 0.1 : 1.0;
        frames[n * 8 + phase] = static_cast<float>(
            factor * level * std::numbers::sqrt2 *
            std::sin(2 * std::numbers::pi * (hertz * t - static_cast<double>(phase) / 3.0)));
      }
    }
    SampleBlock block;
    block.frames = frames.data();
    block.frame_count = count;
    for (const Input input : {Input::V1, Input::V2, Input::V3}) {
      block.inputs.add(input);
    }
    block.first_index = first;
    block.time = {0, Instant::from_unix_ns(0), rate};
    blocks.emplace_back(block);
  }
  return blocks;
}

TEST(MeasureFirstCycles, FindsFrequencyAndLevel) {
  for (const double hertz : {43.0, 49.9, 54.0, 57.0, 60.0, 68.5}) {
    const Measured measured = measure_first_cycles(three_phase(hertz, 231.0, 4000, 0.6), {});
    ASSERT_TRUE(measured.frequency_hertz.has_value()) << hertz;
    EXPECT_NEAR(*measured.frequency_hertz, hertz, 0.11);
    EXPECT_GT(measured.sine_share, 0.999);
  }
  const Measured at_nominal = measure_first_cycles(three_phase(50.0, 231.0, 4000, 0.6), {});
  EXPECT_NEAR(at_nominal.voltage_volts.value_or(0), 231.0, 1e-3);
}

TEST(MeasureFirstCycles, TellsFiftyFromSixtyInTwoCyclesAtEightSamplesEach) {
  const Measured fifty = measure_first_cycles(three_phase(50.2, 100, 400, 0.04), {});
  const Measured sixty = measure_first_cycles(three_phase(59.8, 100, 480, 0.035), {});
  EXPECT_NEAR(fifty.frequency_hertz.value_or(0), 50.2, 0.3);
  EXPECT_NEAR(sixty.frequency_hertz.value_or(0), 59.8, 0.3);
}

TEST(MeasureFirstCycles, LevelIsTheOneBeforeTheTrigger) {
  const auto blocks = three_phase(50.0, 60.0, 3200, 0.5, 0.09);
  const Measured measured = measure_first_cycles(blocks, 0.1);
  EXPECT_NEAR(measured.voltage_volts.value_or(0), 60.0, 1e-3);
}

TEST(MeasureFirstCycles, NoiseHasNeitherFrequencyNorLevel) {
  std::vector<float> frames(16000, 0.0F);
  unsigned state = 1;
  for (std::size_t n = 0; n < 2000; ++n) {
    state = state * 1664525U + 1013904223U;
    frames[n * 8] = static_cast<float>(state >> 16U) / 65536.0F - 0.5F;
  }
  SampleBlock block;
  block.frames = frames.data();
  block.frame_count = 2000;
  block.inputs.add(Input::V1);
  block.time = {0, Instant::from_unix_ns(0), 1000.0};
  std::vector<StoredBlock> blocks;
  blocks.emplace_back(block);
  const Measured measured = measure_first_cycles(blocks, {});
  EXPECT_FALSE(measured.frequency_hertz.has_value());
  EXPECT_FALSE(measured.voltage_volts.has_value());
}

TEST(UsualRating, IsTheNearestWithinTenPercent) {
  EXPECT_EQ(usual_rating(60.2, false), 57.735);
  EXPECT_EQ(usual_rating(238.0, false), 230.0);
  EXPECT_EQ(usual_rating(121.0, false), 120.0);
  EXPECT_NEAR(usual_rating(168200, false).value_or(0), 275e3 / std::numbers::sqrt3, 1e-6);
  EXPECT_EQ(usual_rating(3110.0, true), 3300.0);
  EXPECT_EQ(usual_rating(399.0, true), 400.0);
  EXPECT_FALSE(usual_rating(150.0, false).has_value());
  EXPECT_FALSE(usual_rating(1.0, false).has_value());
}

TEST(AssumeSystem, WhatWasGivenWinsAndIsNotAssumed) {
  source::SourceInfo info;
  info.nominal_frequency_hertz = 50.0;
  info.nominal_voltage_volts = 57.735;
  const Measured measured{60.0, 1.0, 120.0};
  const Overrides given{100.0, 50.0, Wiring::Single};
  const Assumption assumption = assume_system(info, given, measured);
  EXPECT_EQ(assumption.system.nominal_voltage_volts, 100.0);
  EXPECT_EQ(assumption.system.nominal_frequency_hertz, 50.0);
  EXPECT_EQ(assumption.system.wiring, Wiring::Single);
  EXPECT_TRUE(assumption.assumed.empty());
}

TEST(AssumeSystem, RatingOfTheFileComesBeforeTheUsualOnes) {
  source::SourceInfo info;
  info.format = "comtrade-1999-binary";
  info.nominal_voltage_volts = 63.5;
  const Assumption assumption = assume_system(info, {}, Measured{50.0, 1.0, 58.0});
  EXPECT_EQ(assumption.system.nominal_voltage_volts, 63.5);
  EXPECT_EQ(assumption.assumed,
            (std::vector<std::string>{"wiring", "nominal_frequency_Hz", "nominal_voltage_V"}));
}

TEST(AssumeSystem, AContradictedFrequencyIsMeasuredAndSaid) {
  source::SourceInfo info;
  info.nominal_frequency_hertz = 50.0;
  const Assumption assumption = assume_system(info, {}, Measured{60.1, 0.99, 120.0});
  EXPECT_EQ(assumption.system.nominal_frequency_hertz, 60.0);
  ASSERT_EQ(assumption.warnings.size(), 1U);
}

TEST(AssumeSystem, WithoutVoltagesThereIsNoNominalVoltage) {
  const Assumption assumption = assume_system({}, {}, Measured{50.0, 1.0, std::nullopt});
  EXPECT_TRUE(std::isnan(assumption.system.nominal_voltage_volts));
}

}  // namespace
}  // namespace halfcycle::app
