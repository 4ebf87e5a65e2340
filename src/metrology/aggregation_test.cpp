// SPDX-License-Identifier: Apache-2.0
// Aggregates of IEC 61000-4-30 §4.4/§4.5 and statistics over a run, by each row's own rule.
#include "metrology/aggregation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrology/engine_test_signal.hpp"
#include "metrology/high_speed_statistics.hpp"
#include "metrology/statistics.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;

struct Fed {
  std::array<double, kQuantityCount> values;
  Spectra spectra;
  Fed() {
    values.fill(kNotAvailable);
    clear(spectra);
  }
  double& operator[](Q id) { return values[index(id)]; }
};

const Instant kStart = Instant::from_unix_ns(1600000000000000000);

IntervalValues interval_of(const Fed& fed, Instant start, Instant end) {
  return {.interval = Interval::TenTwelveCycle,
          .number = 0,
          .start = start,
          .end = end,
          .marks = {},
          .inputs = 1,
          .values = fed.values,
          .spectra = &fed.spectra};
}

class Aggregates : public testing::Test {
 protected:
  Recorder recorder{Instant()};
  Aggregator aggregator{SystemSetup{}, mask_of({Input::V1}), recorder};

  /// Values every 200 ms from `start` on, with the voltage of the function.
  void feed(Instant start, int count, const std::function<double(int)>& volts) {
    auto terms = std::make_unique<SpectrumTerms>();
    for (int k = 0; k < count; ++k) {
      Fed fed;
      fed[Q::VlnA] = volts(k);
      auto& h = fed.spectra.of_input[0][0];
      h[5] = static_cast<float>(k % 2 == 0 ? 0.03 : 0.04);
      prepare(fed.spectra, mask_of({Input::V1}), *terms);
      aggregator.add(
          interval_of(fed, start + Duration::ms(200 * k), start + Duration::ms(200 * (k + 1))),
          terms.get());
    }
  }
};

TEST_F(Aggregates, AreRootMeanSquaresOverAlignedIntervals) {
  const Instant tick = kStart.floor_to(Duration::seconds(7200)) + Duration::seconds(7200);
  aggregator.begin(tick);
  feed(tick, 2 * 36000, [](int k) { return k % 5 == 0 ? 200.0 : 230.0; });
  aggregator.end(tick + Duration::seconds(14400));
  const double rms = std::sqrt((200.0 * 200.0 + 4.0 * 230.0 * 230.0) / 5.0);
  struct Row {
    Interval interval;
    std::size_t count;
    std::uint32_t inputs;
  };
  for (const Row& row :
       {Row{Interval::OneSecond, 14400, 5}, Row{Interval::OneFiftyOneEightyCycle, 4800, 15},
        Row{Interval::TenSecond, 1440, 50}, Row{Interval::TenMinute, 24, 3000},
        Row{Interval::TwoHour, 2, 12}}) {
    const auto& got = recorder.get(row.interval);
    ASSERT_EQ(got.size(), row.count) << name(row.interval);
    for (const IntervalCopy& v : got) {
      EXPECT_EQ(v.inputs, row.inputs);
      EXPECT_NEAR(v[Q::VlnA], rms, 1e-9);
      EXPECT_TRUE(v.marks.complete);
      if (row.inputs % 2 == 0) {
        EXPECT_NEAR(static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Magnitude)[5]),
                    std::sqrt(0.5 * (0.03 * 0.03 + 0.04 * 0.04)), row.inputs == 12 ? 1e-6 : 1e-7);
      }
    }
  }
  const auto& tens = recorder.get(Interval::TenMinute);
  EXPECT_DOUBLE_EQ(tens[1].start - tens[0].start, 600.0);
  EXPECT_DOUBLE_EQ(std::fmod(tens[0].end, 600.0), 0.0);
}

TEST_F(Aggregates, HoldSpectraOfEveryKindByTheRuleOfTheKind) {
  const Instant tick = kStart.floor_to(Duration::seconds(7200)) + Duration::seconds(7200);
  const InputMask inputs = mask_of({Input::V1, Input::I2});
  Aggregator all{SystemSetup{}, inputs, recorder};
  all.begin(tick);
  auto terms = std::make_unique<SpectrumTerms>();
  // Every second value 3, the others 4 of whatever the kind holds; every third is not there.
  for (int k = 0; k < 36000; ++k) {
    Fed fed;
    const float x = k % 2 == 0 ? 0.03F : 0.04F;
    const float none = std::numeric_limits<float>::quiet_NaN();
    for (const Input input : {Input::V1, Input::I2}) {
      auto& of = fed.spectra.of_input[lane(input)];
      const auto at = [&](SpectrumKind kind) -> Spectra::Orders& {
        return of[static_cast<std::size_t>(kind)];
      };
      at(SpectrumKind::Magnitude)[7] = at(SpectrumKind::Interharmonic)[6] = x;
      at(SpectrumKind::Group)[6] = 10.0F * x;
      at(SpectrumKind::Angle)[7] = k % 2 == 0 ? 3.0F : -3.0F;
      at(SpectrumKind::HighBand)[35] = k % 3 == 0 ? none : x;
    }
    auto& of_phase = fed.spectra.of_input[lane(Input::I2)];
    of_phase[static_cast<std::size_t>(SpectrumKind::Power)][7] = k % 2 == 0 ? 30.0F : -40.0F;
    auto& total = fed.spectra.of_input[lane(kTotalInput)];
    total[static_cast<std::size_t>(SpectrumKind::TotalPower)][127] = 100.0F * x;
    prepare(fed.spectra, inputs, *terms);
    all.add(interval_of(fed, tick + Duration::ms(200 * k), tick + Duration::ms(200 * (k + 1))),
            terms.get());
  }
  all.end(tick + Duration::seconds(7200));
  for (const Interval interval : {Interval::TenMinute, Interval::TwoHour}) {
    ASSERT_FALSE(recorder.get(interval).empty());
    for (const IntervalCopy& v : recorder.get(interval)) {
      const auto at = [&](Input input, SpectrumKind kind, std::size_t order) {
        return static_cast<double>(v.spectra->get(input, kind)[order]);
      };
      const double rms = std::sqrt(0.5 * (9e-4 + 16e-4));
      for (const Input input : {Input::V1, Input::I2}) {
        EXPECT_NEAR(at(input, SpectrumKind::Magnitude, 7), rms, 1e-7);
        EXPECT_NEAR(at(input, SpectrumKind::Interharmonic, 6), rms, 1e-7);
        EXPECT_NEAR(at(input, SpectrumKind::Group, 6), 10.0 * rms, 1e-6);
        EXPECT_NEAR(std::abs(at(input, SpectrumKind::Angle, 7)), kTestPi, 2e-5);
        EXPECT_NEAR(at(input, SpectrumKind::HighBand, 35), rms, 1e-7)
            << "what is not available is skipped";
        EXPECT_FALSE(is_available(at(input, SpectrumKind::Group, 7)));
        EXPECT_FALSE(is_available(at(input, SpectrumKind::HighBand, 34)));
      }
      EXPECT_NEAR(at(Input::I2, SpectrumKind::Power, 7), -5.0, 1e-5) << "a mean with its direction";
      EXPECT_NEAR(at(kTotalInput, SpectrumKind::TotalPower, 127), 3.5, 1e-6);
      EXPECT_FALSE(is_available(at(Input::I1, SpectrumKind::Power, 7)));
      EXPECT_FALSE(is_available(at(kTotalInput, SpectrumKind::TotalPower, 7)));
    }
  }
}

TEST_F(Aggregates, LeaveOutTheFirstAndLastThatAreNotWhole) {
  const Instant tick = kStart.floor_to(Duration::seconds(10));
  const Instant start = tick + Duration::ms(3400);
  aggregator.begin(start);
  feed(start, 100, [](int) { return 230.0; });  // to 23.4 s
  aggregator.end(start + Duration::seconds(20));
  ASSERT_EQ(recorder.get(Interval::OneSecond).size(), 19U);
  EXPECT_NEAR(recorder.get(Interval::OneSecond)[0].start - (tick - Instant()).to_seconds(), 4.0,
              1e-6);
  ASSERT_EQ(recorder.get(Interval::TenSecond).size(), 1U);
  EXPECT_EQ(recorder.get(Interval::TenSecond)[0].inputs, 50U);
  EXPECT_TRUE(recorder.get(Interval::TenMinute).empty());
}

TEST_F(Aggregates, InheritTheMarksOfTheirInputs) {
  const Instant tick = kStart.floor_to(Duration::seconds(10));
  aggregator.begin(tick);
  Fed fed;
  fed[Q::VlnA] = 230.0;
  for (int k = 0; k < 10; ++k) {
    IntervalValues v =
        interval_of(fed, tick + Duration::ms(200 * k), tick + Duration::ms(200 * (k + 1)));
    v.marks.flagged = k == 7;
    v.marks.clock_ok = k != 2;
    aggregator.add(v, nullptr);
  }
  const auto& seconds = recorder.get(Interval::OneSecond);
  ASSERT_EQ(seconds.size(), 2U);
  EXPECT_FALSE(seconds[0].marks.flagged);
  EXPECT_FALSE(seconds[0].marks.clock_ok);
  EXPECT_TRUE(seconds[1].marks.flagged);
  EXPECT_TRUE(seconds[1].marks.clock_ok);
}

TEST(CycleCounter, CountsWholeCyclesOverTheirTime) {
  CycleCounter counter(Duration::seconds(10));
  const Instant tick = kStart.floor_to(Duration::seconds(10));
  // 49.97 Hz; crossings from 3 ms after the tick on.
  for (int k = 0; k < 520; ++k) {
    counter.crossing(tick + Duration::from_seconds(0.003 + k / 49.97));
  }
  EXPECT_NEAR(counter.result(tick), 49.97, 1e-7);
  EXPECT_FALSE(is_available(counter.result(tick + Duration::seconds(10))));
}

TEST(CycleCounter, AnIntervalWithALossHasNoFrequency) {
  CycleCounter counter(Duration::seconds(1));
  const Instant tick = kStart.floor_to(Duration::seconds(10));
  for (int k = 0; k < 160; ++k) {
    const Instant at = tick + Duration::from_seconds(k / 50.0);
    if (k > 70 && k < 80) {
      counter.lost(at);
    } else {
      counter.crossing(at);
    }
  }
  EXPECT_NEAR(counter.result(tick), 50.0, 1e-6);
  EXPECT_FALSE(is_available(counter.result(tick + Duration::seconds(1))));
  EXPECT_NEAR(counter.result(tick + Duration::seconds(2)), 50.0, 1e-6);
}

TEST(HighSpeedStatistics, FollowTheRuleOfEachRow) {
  HighSpeedStatistics statistics({});
  const std::array<double, 4> volts{220.0, kNotAvailable, 240.0, 230.0};
  const std::array<double, 4> p{100.0, 300.0, -50.0, kNotAvailable};
  for (std::size_t k = 0; k < volts.size(); ++k) {
    Fed fed;
    fed[Q::VlnA] = volts[k];
    fed[Q::ClockUncertainty] = 1e-6 * static_cast<double>(k % 3);
    fed[Q::KwTot] = p[k];
    fed[Q::KvarTot] = 10.0;
    fed[Q::KvaTot] = 400.0;
    fed[Q::PfSignTot] = p[k] / 400.0;
    fed[Q::V1Thd] = 0.05;
    statistics.add(interval_of(fed, kStart, kStart));
  }
  const Summary u = statistics.of(Q::VlnA);
  EXPECT_DOUBLE_EQ(u.min, 220.0);
  EXPECT_DOUBLE_EQ(u.max, 240.0);
  EXPECT_DOUBLE_EQ(u.last, 230.0);
  EXPECT_NEAR(u.mean, std::sqrt((220.0 * 220.0 + 240.0 * 240.0 + 230.0 * 230.0) / 3.0), 1e-12);
  EXPECT_DOUBLE_EQ(statistics.of(Q::ClockUncertainty).mean, 2e-6) << "the largest";
  EXPECT_DOUBLE_EQ(statistics.of(Q::KwTot).mean, 350.0 / 3.0);
  EXPECT_DOUBLE_EQ(statistics.of(Q::KwTot).last, -50.0);
  EXPECT_DOUBLE_EQ(statistics.of(Q::KvarTot).mean, 10.0);
  // IEEE: the sign of −P·Q; only where there is a power factor do P, Q and S count.
  EXPECT_NEAR(statistics.of(Q::PfSignTot).mean, -350.0 / 1200.0, 1e-12);
  EXPECT_FALSE(is_available(statistics.of(Q::VlnB).mean)) << "never there";
  EXPECT_FALSE(is_available(statistics.of(Q::V1Thd).mean)) << "no quantity of half cycles";
}

TEST(Statistics, FollowTheRuleOfEachRow) {
  SystemSetup system;
  system.pf_sign_iec = true;
  InputMask inputs;
  inputs.add(Input::V1);
  Statistics statistics(system, inputs);
  const std::array<double, 3> volts{220.0, 240.0, kNotAvailable};
  const std::array<double, 3> p{100.0, 300.0, -50.0};
  const std::array<double, 3> s{125.0, 300.0, 100.0};
  const std::array<double, 3> degrees{170.0, -170.0, 178.0};
  for (std::size_t k = 0; k < 3; ++k) {
    Fed fed;
    fed[Q::VlnA] = volts[k];
    fed[Q::KwA] = p[k];
    fed[Q::KvarA] = 10.0;
    fed[Q::KvaA] = s[k];
    fed[Q::PfSignA] = p[k] / s[k];
    fed[Q::V2Ang] = degrees[k] * kTestPi / 180.0;
    fed[Q::KwhDel] = 1000.0 * static_cast<double>(k);
    fed[Q::V1UnderDev] = 0.1 * static_cast<double>(k);
    fed.spectra.of_input[0][0][5] = static_cast<float>(0.03 + 0.01 * static_cast<double>(k));
    fed.spectra.of_input[1][0][5] = 0.03F;
    auto& total = fed.spectra.of_input[lane(kTotalInput)];
    total[static_cast<std::size_t>(SpectrumKind::TotalPower)][5] =
        k == 1 ? std::numeric_limits<float>::quiet_NaN() : 4.0F - 3.0F * static_cast<float>(k);
    statistics.add(interval_of(fed, kStart, kStart));
  }
  const Summary u = statistics.of(Q::VlnA);
  EXPECT_DOUBLE_EQ(u.min, 220.0);
  EXPECT_DOUBLE_EQ(u.max, 240.0);
  EXPECT_DOUBLE_EQ(u.last, 240.0) << "what is not available is skipped";
  EXPECT_NEAR(u.mean, std::sqrt((220.0 * 220.0 + 240.0 * 240.0) / 2.0), 1e-12);
  EXPECT_NEAR(statistics.of(Q::KwA).mean, 350.0 / 3.0, 1e-12);
  EXPECT_NEAR(statistics.of(Q::PfSignA).mean, 350.0 / 525.0, 1e-12);
  EXPECT_NEAR(std::abs(statistics.of(Q::V2Ang).mean) * 180.0 / kTestPi, 179.333, 0.01);
  const Summary energy = statistics.of(Q::KwhDel);
  EXPECT_DOUBLE_EQ(energy.last, 2000.0);
  EXPECT_FALSE(is_available(energy.mean));
  EXPECT_FALSE(is_available(energy.min));
  EXPECT_FALSE(is_available(statistics.of(Q::VlnB).mean));
  // Annex D: of the squares of Uunder = Udin·(1 − deviation).
  EXPECT_NEAR(statistics.of(Q::V1UnderDev).mean, 1.0 - std::sqrt((1.0 + 0.81 + 0.64) / 3.0), 1e-12);
  const Summary fifth = statistics.of(Input::V1, SpectrumKind::Magnitude, 5);
  EXPECT_FLOAT_EQ(static_cast<float>(fifth.min), 0.03F);
  EXPECT_FLOAT_EQ(static_cast<float>(fifth.max), 0.05F);
  EXPECT_NEAR(fifth.mean, std::sqrt((9e-4 + 16e-4 + 25e-4) / 3.0), 1e-7);
  EXPECT_FALSE(is_available(statistics.of(Input::V1, SpectrumKind::Magnitude, 7).mean));
  EXPECT_FALSE(is_available(statistics.of(Input::V1, SpectrumKind::Magnitude, 7).max));
  EXPECT_FALSE(is_available(statistics.of(Input::V2, SpectrumKind::Magnitude, 5).max))
      << "an input that is not taken in";
  const Summary power = statistics.of(kTotalInput, SpectrumKind::TotalPower, 5);
  EXPECT_EQ(power.min, -2.0);
  EXPECT_EQ(power.mean, 1.0);
  EXPECT_EQ(power.max, 4.0);
  EXPECT_EQ(power.last, -2.0);
}

}  // namespace
}  // namespace halfcycle::metrology::test
