// SPDX-License-Identifier: Apache-2.0
// Rapid voltage changes, transients, mains signalling and the sliding reference, from samples to
// registers of the standard template.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/template_file.hpp"
#include "meter/meter.hpp"
#include "modules/catalogue.hpp"

namespace halfcycle::meter {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kRate = 6400.0;
const Instant kStart = Instant::from_unix_ns(1600000000000000000);

struct Running {
  explicit Running(double nominal, const std::string& from = "", const std::string& to = "",
                   bool registers = true) {
    std::string text(*modules::shipped_template("standard"));
    if (!from.empty()) {
      text.replace(text.find(from), from.size(), to);
    }
    MeterSetup setup;
    setup.system.nominal_frequency_hertz = nominal;
    setup.sample_rate_hertz = kRate;
    setup.analysis = true;
    setup.registers = registers;
    for (const Input input : {Input::V1, Input::V2, Input::V3}) {
      setup.inputs.add(input);
    }
    setup.compiled_template =
        graph::compile_template(text, "standard.toml", modules::catalogue()).value();
    meter = Meter::create(setup).value();
  }
  /// u(t) of phase 1; the others are steady.
  void run(double hertz, double seconds, const std::function<double(double)>& u) {
    std::vector<float> frames(static_cast<std::size_t>(seconds * kRate) * 8, 0.0F);
    for (std::size_t n = 0; n < frames.size() / 8; ++n) {
      const double t = static_cast<double>(n) / kRate;
      frames[n * 8] = static_cast<float>(u(t));
      for (std::size_t k = 1; k < 3; ++k) {
        frames[n * 8 + k] =
            static_cast<float>(230.0 * std::sqrt(2.0) *
                               std::sin(2.0 * kPi * (hertz * t - static_cast<double>(k) / 3.0)));
      }
    }
    SampleBlock block;
    block.frames = frames.data();
    block.frame_count = frames.size() / 8;
    block.inputs = meter->setup().inputs;
    block.time = {0, kStart, kRate};
    block.discontinuity = Discontinuity::Start;
    meter->push(block);
    meter->finish();
  }
  [[nodiscard]] double value(std::string_view label) const {
    return meter->graph().read(label).value().number();
  }
  [[nodiscard]] double seconds(std::string_view label) const {
    return (meter->graph().read(label).value().instant() - kStart).to_seconds();
  }
  std::unique_ptr<Meter> meter;
};

double sine(double hertz, double t) {
  return 230.0 * std::sqrt(2.0) * std::sin(2.0 * kPi * hertz * t);
}

class AtNominal : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Nominal, AtNominal, testing::Values(50.0, 60.0), [](const auto& row) {
  return row.param == 50.0 ? std::string("50Hz") : std::string("60Hz");
});

// IEC 61000-4-30 §5.11.
TEST_P(AtNominal, ARapidVoltageChangeReachesItsRegisters) {
  Running r(GetParam());
  r.run(GetParam(), 6.0, [&](double t) {
    return sine(GetParam(), t) * (t < 2.0 ? 1.0 : t < 2.3 ? 0.91 : 0.95);
  });
  // The mean just before holds the first values of the step that do not yet leave the band.
  EXPECT_NEAR(r.value("RVC Delta Umax %"), 9.0, 0.06);
  EXPECT_NEAR(r.value("RVC Delta Uss %"), 5.0, 0.06);
  EXPECT_NEAR(r.value("RVC Delta Umax"), 0.09 * 230.0, 0.13);
  EXPECT_EQ(r.value("RVC Phase"), 1.0);
  EXPECT_EQ(r.value("RVC Trigger"), 1.0);
  EXPECT_NEAR(r.seconds("RVC Start"), 2.0, 0.025);
  EXPECT_NEAR(r.seconds("RVC End"), 2.3, 0.025);
  ASSERT_EQ(r.meter->rapid_voltage_changes().size(), 1U);
  EXPECT_TRUE(r.meter->events().empty());
}

TEST_P(AtNominal, AChangeThatBecomesADipIsNone) {
  Running r(GetParam());
  r.run(GetParam(), 6.0, [&](double t) {
    return sine(GetParam(), t) * (t < 2.0 ? 1.0 : t < 2.9 ? 0.93 : t < 3.0 ? 0.85 : 0.95);
  });
  EXPECT_TRUE(std::isnan(r.value("RVC Delta Umax %")));
  EXPECT_EQ(r.meter->events().size(), 1U);
}

TEST_P(AtNominal, ATransientHasItsPeakAndDuration) {
  Running r(GetParam());
  // Five samples of −900 V from sample 9,600 on.
  r.run(GetParam(), 3.0, [&](double t) {
    const double n = std::round(t * kRate);
    return n >= 9600.0 && n < 9605.0 ? -900.0 : sine(GetParam(), t);
  });
  EXPECT_NEAR(r.value("TranV1Max"), -900.0 / (230.0 * std::sqrt(2.0)) * 100.0, 1e-3);
  EXPECT_NEAR(r.value("TranV1Dur"), 5.0 / kRate, 1e-8);
  EXPECT_NEAR(r.seconds("TranV1Start"), 9600.0 / kRate, 1e-8);
  EXPECT_EQ(r.value("TranV1Trig"), 1.0);
  EXPECT_TRUE(std::isnan(r.value("TranV2Max")));
}

// IEC 61000-4-30 §5.10: method 1 on a bin, method 2 with four bins beside one.
TEST_P(AtNominal, MainsSignallingIsMeasuredAndRecorded) {
  const double hertz = GetParam();
  const double bin = hertz / (hertz < 55.0 ? 10.0 : 12.0);
  const double on = 35.0 * bin;
  const double beside = 63.3333 * bin;
  Running r(hertz, "type = \"Mains Signalling\"",
            "type = \"Mains Signalling\"\nsetup = { \"Carrier 1\" = " + std::to_string(on) +
                ", \"Carrier 2\" = " + std::to_string(beside) +
                ", \"Threshold\" = 2.0, \"Record Time\" = 2 }");
  r.run(hertz, 6.0, [&](double t) {
    const double burst = t >= 2.0 && t < 3.0 ? 0.05 : 0.0;
    return sine(hertz, t) +
           230.0 * std::sqrt(2.0) *
               (burst * std::sin(2.0 * kPi * on * t) + 0.01 * std::sin(2.0 * kPi * beside * t));
  });
  double four = 0.0;
  for (int k = 62; k <= 65; ++k) {
    const double x = kPi * (k - 63.3333);
    four += std::pow(std::sin(x) / x, 2);
  }
  EXPECT_NEAR(r.value("V1 MSV2"), std::sqrt(four), 2e-3);
  EXPECT_NEAR(r.value("V1 MSV1"), 0.0, 0.02);
  EXPECT_NEAR(r.value("V2 MSV1"), 0.0, 1e-3);
  EXPECT_NEAR(r.value("MSV1 Max"), 5.0, 0.02);
  EXPECT_NEAR(r.seconds("MSV1 Start"), 2.0, 0.201);
  EXPECT_NEAR(r.value("MSV1 Dur"), 1.0, 0.21);
  EXPECT_NEAR(r.value("MSV1 Record3"), 5.0, 0.02);
  EXPECT_NEAR(r.value("MSV1 Record9"), 0.0, 0.02);
  EXPECT_TRUE(std::isnan(r.value("MSV1 Record12")));
  EXPECT_EQ(r.value("MSV1 Active"), 0.0);
  EXPECT_TRUE(std::isnan(r.value("V1 MSV3")));
}

// What detectors find does not depend on whether anybody reads registers.
TEST_P(AtNominal, EventsAreTheSameWithoutRegisters) {
  const double hertz = GetParam();
  const double carrier = 35.0 * hertz / (hertz < 55.0 ? 10.0 : 12.0);
  const auto measured = [&](bool registers) {
    Running r(hertz, "type = \"Mains Signalling\"",
              "type = \"Mains Signalling\"\nsetup = { \"Carrier 1\" = " + std::to_string(carrier) +
                  ", \"Threshold\" = 2.0, \"Record Time\" = 2 }",
              registers);
    r.run(hertz, 7.0, [&](double t) {
      const double burst = t >= 2.0 && t < 3.0 ? 0.05 * 230.0 * std::sqrt(2.0) : 0.0;
      const double level = t >= 4.0 && t < 4.1 ? 0.5 : t >= 5.5 ? 0.94 : 1.0;
      return level * sine(hertz, t) + burst * std::sin(2.0 * kPi * carrier * t);
    });
    return std::move(r.meter);
  };
  const auto with = measured(true);
  const auto without = measured(false);
  ASSERT_EQ(with->signalling().size(), 1U);
  ASSERT_EQ(without->signalling().size(), 1U);
  EXPECT_EQ(without->signalling()[0].ratios, with->signalling()[0].ratios);
  EXPECT_EQ(without->signalling()[0].emission.start, with->signalling()[0].emission.start);
  ASSERT_EQ(with->events().size(), 1U);
  ASSERT_EQ(without->events().size(), 1U);
  EXPECT_EQ(without->events()[0].extreme_volts, with->events()[0].extreme_volts);
  ASSERT_EQ(with->rapid_voltage_changes().size(), 1U);
  ASSERT_EQ(without->rapid_voltage_changes().size(), 1U);
  EXPECT_EQ(without->statistics("V1 HD5")->mean, with->statistics("V1 HD5")->mean);
  EXPECT_EQ(without->statistics("HS Vln a")->min, with->statistics("HS Vln a")->min);
  EXPECT_NEAR(with->graph().read("Vln b")->number(), 230.0, 1e-3);
  EXPECT_FALSE(is_available(without->graph().read("Vln b")->number()));
}

// IEC 61000-4-30 §5.4: with the sliding reference a voltage that has come down is no dip for ever.
TEST_P(AtNominal, DipsMayReferToTheSlidingReference) {
  Running r(GetParam(), "type = \"Sag/Swell\"",
            "type = \"Sag/Swell\"\nsetup = { \"Reference\" = \"sliding\" }");
  // Down to 93 % slowly enough for the reference, then a step to 88.5 % of nominal: 95 % of it.
  r.run(GetParam(), 120.0, [&](double t) {
    return sine(GetParam(), t) * (t < 118.0 ? 1.0 - 0.07 * std::min(t / 20.0, 1.0) : 0.885);
  });
  EXPECT_TRUE(r.meter->events().empty());
  // derived: a ramp of 20 s and a step behind a first-order filter of 0.2 s/0.0033.
  const double tau = 0.2 / 0.0033;
  const double after_ramp = 0.07 * 230.0 / 20.0 * tau * (1.0 - std::exp(-20.0 / tau));
  const double before_step = 0.93 * 230.0 + after_ramp * std::exp(-98.0 / tau);
  const double truth = 0.885 * 230.0 + (before_step - 0.885 * 230.0) * std::exp(-2.0 / tau);
  EXPECT_NEAR(r.value("V1 Sliding Ref"), truth, 0.05);
  Running nominal(GetParam());
  nominal.run(GetParam(), 4.0,
              [&](double t) { return sine(GetParam(), t) * (t < 3.0 ? 0.93 : 0.885); });
  EXPECT_EQ(nominal.meter->events().size(), 1U);
}

}  // namespace
}  // namespace halfcycle::meter
