// SPDX-License-Identifier: Apache-2.0
// Setup registers of the core modules: what the template states, what was restored before the first
// sample, and what a command changes while the meter measures.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "meter/meter.hpp"

namespace halfcycle::meter {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kRoot2 = 1.41421356237309504880;
constexpr double kRate = 6400.0;
constexpr double kHertz = 50.0;
const Instant kStart = Instant::from_unix_ns(1600000000000000000);

// Per phase 230 V and 10 A; the current of phase 1 lags by 60°, that of phase 2 leads by 60°, the
// third is in phase: P = 2·2300 W, Q = 0, so that the sum of the phases is 1.5 times the vector
// sum.
const std::array<double, 3> kLagDegrees{60.0, -60.0, 0.0};

class Setups : public testing::Test {
 protected:
  Setups() {
    setup_.sample_rate_hertz = kRate;
    setup_.analysis = true;
    for (const Input input : {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3}) {
      setup_.inputs.add(input);
    }
  }
  Meter& meter() {
    if (!meter_) {
      meter_ = Meter::create(setup_).value();
    }
    return *meter_;
  }
  /// volts, amperes: factors of the samples of phase 1 at a time; amperes of all.
  void run(double seconds, const std::function<double(double)>& volts = nullptr,
           const std::function<double(double)>& amperes = nullptr) {
    const auto count = static_cast<std::size_t>(seconds * kRate);
    std::vector<float> frames(count * 8, 0.0F);
    for (std::size_t n = 0; n < count; ++n) {
      const double t = static_cast<double>(done_ + n) / kRate;
      for (std::size_t k = 0; k < 3; ++k) {
        const double angle = 2.0 * kPi * (kHertz * t - static_cast<double>(k) / 3.0);
        const double u = 230.0 * kRoot2 * std::sin(angle);
        const double i = 10.0 * kRoot2 * std::sin(angle - kLagDegrees[k] * kPi / 180.0);
        frames[n * 8 + k] = static_cast<float>(k == 0 && volts ? volts(t) * u : u);
        frames[n * 8 + 4 + k] = static_cast<float>(amperes ? i + amperes(3.0 * angle) * kRoot2 : i);
      }
    }
    SampleBlock block;
    block.frames = frames.data();
    block.frame_count = count;
    block.inputs = setup_.inputs;
    block.first_index = done_;
    block.time = {0, kStart, kRate};
    block.discontinuity = gap_         ? Discontinuity::Gap
                          : done_ == 0 ? Discontinuity::Start
                                       : Discontinuity::None;
    gap_ = false;
    meter().push(block);
    done_ += count;
  }
  void skip(double seconds) {
    done_ += static_cast<std::size_t>(seconds * kRate);
    gap_ = true;
  }
  void set(const std::string& module, const std::string& name, const std::string& value) {
    const auto done =
        meter().graph().submit(graph::Command::set_setup(module, name, value), Principal::local());
    ASSERT_TRUE(done) << done.error().message;
  }
  double value(std::string_view label) { return meter().graph().read(label).value().number(); }

  MeterSetup setup_;

 private:
  std::unique_ptr<Meter> meter_;
  std::size_t done_ = 0;
  bool gap_ = false;
};

TEST_F(Setups, TheMethodOfTotalApparentPowerChangesFromTheNextWindowOn) {
  run(3.0);
  EXPECT_NEAR(value("kVA tot"), 4.6, 1e-3) << "vector sum by default";
  EXPECT_NEAR(value("PF sign tot"), 1.0, 1e-4);
  set("Power Meter", "kVA Method", "arithmetic");
  run(3.0);
  EXPECT_NEAR(value("kVA tot"), 6.9, 1e-3);
  EXPECT_NEAR(value("PF sign tot"), 4.6 / 6.9, 1e-4);
  EXPECT_NEAR(value("kVA vec tot"), 4.6, 1e-3) << "each method keeps its register";
  set("Power Meter", "kVA Method", "effective");
  run(3.0);
  EXPECT_NEAR(value("kVA tot"), value("kVA eff tot"), 1e-9);
  EXPECT_GT(value("kVA tot"), 6.9) << "the neutral's current counts, too";
}

TEST_F(Setups, TheSignOfPowerFactorsFollowsTheConvention) {
  run(3.0);
  EXPECT_NEAR(value("PF sign a"), -0.5, 1e-4) << "IEEE: lagging is negative";
  EXPECT_NEAR(value("PF sign b"), 0.5, 1e-4);
  set("Power Meter", "PF Sign", "IEC");
  run(3.0);
  for (const char* label : {"PF sign a", "dPF sign a", "PF sign b", "HS PF sign a"}) {
    EXPECT_NEAR(value(label), 0.5, 1e-3) << label << ": the sign of kW";
  }
}

TEST_F(Setups, ThePhaseOrderSaysWhatIsAReversal) {
  run(3.0);
  EXPECT_EQ(value("Phase Rotation"), 1.0);
  EXPECT_EQ(value("Phase Reversal"), 0.0);
  EXPECT_NEAR(value("Vunbal u2"), 0.0, 1e-3);
  set("Power Meter", "Phase Order", "ACB");
  run(6.0);
  EXPECT_EQ(value("Phase Rotation"), 1.0);
  EXPECT_EQ(value("Phase Reversal"), 1.0);
  EXPECT_NEAR(value("V2 seq mag"), 230.0, 1e-2);
}

TEST_F(Setups, TddRefersToTheDemandCurrent) {
  const auto third = [](double angle) { return std::sin(angle); };  // 1 A
  setup_.system.nominal_current_amperes = 5.0;
  run(3.0, nullptr, third);
  EXPECT_NEAR(value("I1 TDD"), 20.0, 0.01) << "of the nominal current if nothing else is stated";
  set("Harmonics Analyzer", "Demand Current", "40");
  run(3.0, nullptr, third);
  EXPECT_NEAR(value("I1 TDD"), 2.5, 0.01);
}

TEST_F(Setups, CarriersAndTheThresholdOfEmissionsCanBeChanged) {
  // 2 % at 1 kHz from 3 s on.
  const auto carrier = [](double t) {
    return t < 3.0 ? 1.0
                   : 1.0 + 0.02 * std::sin(2.0 * kPi * 1000.0 * t) / std::sin(2.0 * kPi * 50.0 * t);
  };
  run(2.0, carrier);
  EXPECT_FALSE(is_available(value("V1 MSV1")));
  set("Mains Signalling", "Carrier 1", "1000");
  set("Mains Signalling", "Threshold", "5");
  set("Mains Signalling", "Record Time", "3");
  run(4.0, carrier);
  EXPECT_NEAR(value("V1 MSV1"), 2.0, 0.01);
  EXPECT_NE(value("MSV1 Active"), 1.0) << "below the threshold";
  set("Mains Signalling", "Threshold", "1");
  run(1.0, carrier);
  EXPECT_EQ(value("MSV1 Active"), 1.0);
  // A gap ends the record with what it has.
  skip(5.0);
  run(0.5);
  EXPECT_EQ(value("MSV1 Active"), 0.0);
  EXPECT_NEAR(value("MSV1 Max"), 2.0, 0.01);
  EXPECT_NEAR(value("MSV1 Record1"), 2.0, 0.01);
}

TEST_F(Setups, LimitsOfDipsFollowTheSetup) {
  const auto dips = [](double t) {
    return std::fmod(t, 2.0) >= 1.0 && std::fmod(t, 2.0) < 1.5 ? 0.85 : 1.0;
  };
  run(4.0, dips);
  EXPECT_EQ(value("Dist Count"), 2.0);
  set("Sag/Swell", "Sag Lim", "80");
  run(4.0, dips);
  EXPECT_EQ(value("Dist Count"), 2.0);
  set("Sag/Swell", "Sag Lim", "88");
  run(4.0, dips);
  EXPECT_EQ(value("Dist Count"), 4.0);
  EXPECT_EQ(meter().events().back().threshold_ratio, 0.88);
}

TEST_F(Setups, RapidVoltageChangesAndTransientsFollowTheirSetup) {
  const auto steps = [](double t) {
    const double step = std::fmod(t, 10.0) < 5.0 ? 1.0 : 0.97;
    const double n = std::round(t * kRate);
    const bool peak = std::fmod(n, 64000.0) >= 16032.0 && std::fmod(n, 64000.0) < 16034.0;
    return peak ? 1.5 : step;
  };
  set("Transient", "Threshold", "200");
  run(10.0, steps);
  EXPECT_TRUE(meter().rapid_voltage_changes().empty()) << "3 % are below 5 %";
  EXPECT_EQ(value("TranV1Trig"), 0.0);
  set("Rapid Voltage Change", "Threshold", "2");
  set("Rapid Voltage Change", "Hysteresis", "1");
  set("Transient", "Threshold", "140");
  run(10.0, steps);
  EXPECT_EQ(meter().rapid_voltage_changes().size(), 1U);
  EXPECT_EQ(value("TranV1Trig"), 1.0);
  set("Rapid Voltage Change", "RVC Enable", "off");
  run(10.0, steps);
  EXPECT_EQ(meter().rapid_voltage_changes().size(), 1U);
}

TEST_F(Setups, WhatWasRestoredBeforeTheFirstSampleIsInEffectFromItOn) {
  const auto restore = [&](const char* module, const char* name, const std::string& text) {
    ASSERT_TRUE(meter().graph().restore_setup(module, name, text));
  };
  restore("Flicker", "Lamp Type", "120 V");
  restore("Power Meter", "PF Sign", "IEC");
  restore("Sag/Swell", "Sag Lim", "80");
  restore("Mains Signalling", "Carrier 2", "500");
  run(3.0, [](double t) { return t >= 1.0 && t < 1.2 ? 0.85 : 1.0; });
  EXPECT_EQ(value("Dist Count"), 0.0);
  EXPECT_NEAR(value("PF sign a"), 0.5, 1e-3);
  EXPECT_TRUE(is_available(value("V1 MSV2")));
}

// IEC 61000-4-15 table 1: 8.8 Hz at 0.321 % gives Pinst 1 with the 120 V lamp; the 230 V lamp needs
// 0.250 % for that, and Pinst goes with the square.
double flickering(double t) { return 1.0 + 0.00321 / 2.0 * std::sin(2.0 * kPi * 8.8 * t); }

TEST_F(Setups, TheRestoredLampIsTheOneThatMeasures) {
  ASSERT_TRUE(meter().graph().restore_setup("Flicker", "Lamp Type", "120 V"));
  for (int second = 0; second < 30; ++second) {
    run(1.0, flickering);
  }
  EXPECT_NEAR(value("V1 Pinst"), 1.0, 0.02);
}

TEST_F(Setups, TheLampIsThatOfTheFrequencyIfNoneIsStated) {
  for (int second = 0; second < 30; ++second) {
    run(1.0, flickering);
  }
  EXPECT_NEAR(value("V1 Pinst"), std::pow(0.321 / 0.250, 2), 0.04);
}

}  // namespace
}  // namespace halfcycle::meter
