// SPDX-License-Identifier: Apache-2.0
// What the 10-minute values hold besides: Pst of exactly their 10 minutes, the uncertainty of the
// clock (IEC 61000-4-30 §4.6) and the time without samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
const Instant kTick = Instant::from_unix_ns(1600000800000000000);  // 12:40:00
static_assert(1600000800 % 600 == 0);

/// Three voltages, endless, in blocks; UTC as the test likes it.
struct Stream {
  Stream(double rate_hertz, double nominal_hertz, Instant start, bool record = true)
      : rate(rate_hertz), origin(start) {
    SystemSetup system;
    system.nominal_frequency_hertz = nominal_hertz;
    engine = std::move(
        *Engine::create({.system = system, .inputs = inputs, .sample_rate_hertz = rate_hertz}));
    recorder = std::make_unique<Recorder>(kTick);
    if (record) {
      engine->add_sink(recorder.get());
      engine->add_half_cycle_sink(recorder.get());
    }
    time = {0, start, rate_hertz};
  }
  void run(
      double seconds, double hertz, const Function& envelope = [](double) { return 1.0; }) {
    const auto end = next + static_cast<std::uint64_t>(std::llround(seconds * rate));
    std::vector<float> frames(256 * 8, 0.0F);
    while (next < end) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(256, end - next));
      for (std::size_t n = 0; n < count; ++n) {
        const double t = static_cast<double>(next + n) / rate;
        for (std::size_t k = 0; k < 3; ++k) {
          const double turns = hertz * t - static_cast<double>(k) / 3.0;
          frames[n * 8 + k] =
              static_cast<float>((k == 0 ? envelope(t) : 1.0) * 325.0 *
                                 std::sin(2.0 * kTestPi * (turns - std::floor(turns))));
        }
      }
      SampleBlock block;
      block.frames = frames.data();
      block.frame_count = count;
      block.inputs = inputs;
      block.first_index = next;
      block.time = time;
      block.time_quality = quality;
      block.discontinuity = next == 0 ? Discontinuity::Start : pending;
      pending = Discontinuity::None;
      engine->push(block);
      next += count;
    }
  }
  void correct(double seconds) {
    time = {next, time.instant_of(static_cast<double>(next)) + Duration::from_seconds(seconds),
            rate};
    pending = Discontinuity::ClockStep;
  }
  void miss(double seconds) {
    correct(seconds);
    pending = Discontinuity::Gap;
  }
  [[nodiscard]] const std::vector<IntervalCopy>& get(Interval interval) const {
    return recorder->get(interval);
  }

  double rate;
  Instant origin;
  InputMask inputs = mask_of({Input::V1, Input::V2, Input::V3});
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Recorder> recorder;
  TimeMap time;
  TimeQuality quality;
  Discontinuity pending = Discontinuity::None;
  std::uint64_t next = 0;
};

TEST(TenMinutes, TimeWithoutSamplesIsCountedAndMarksIncompleteOnly) {
  Stream s(800.0, 50.0, kTick - Duration::seconds(600));
  s.run(200.0, 50.0);
  s.miss(7.25);
  s.run(394.0, 50.0);
  s.engine->finish();
  const auto& tens = s.get(Interval::TenMinute);
  ASSERT_EQ(tens.size(), 1U);
  EXPECT_FALSE(tens[0].marks.complete);
  EXPECT_FALSE(tens[0].marks.flagged);
  EXPECT_NEAR(tens[0][Q::UnmeasuredTime], 7.25, 1e-6);
  EXPECT_NEAR(tens[0][Q::VlnA], 325.0 / std::sqrt(2.0), 1e-4);
  EXPECT_EQ(tens[0].inputs, 1000U + 1963U + 1U);
}

TEST(TenMinutes, TheUncertaintyOfTheClockReachesEveryAggregate) {
  Stream s(800.0, 50.0, kTick - Duration::seconds(600));
  s.quality = {.clock_ok = true, .uncertainty_seconds = 1e-4};
  s.run(100.0, 50.0);
  s.quality = {.clock_ok = false, .uncertainty_seconds = 0.03};
  s.run(1.0, 50.0);
  s.quality = {.clock_ok = true, .uncertainty_seconds = 2e-4};
  s.run(502.0, 50.0);
  s.engine->finish();
  EXPECT_DOUBLE_EQ(s.get(Interval::TenMinute)[0][Q::ClockUncertainty], 0.03);
  EXPECT_FALSE(s.get(Interval::TenMinute)[0].marks.clock_ok);
  const auto& seconds = s.get(Interval::OneSecond);
  EXPECT_DOUBLE_EQ(seconds[50][Q::ClockUncertainty], 1e-4);
  EXPECT_TRUE(seconds[50].marks.clock_ok);
  EXPECT_DOUBLE_EQ(seconds[100][Q::ClockUncertainty], 0.03);
  EXPECT_FALSE(seconds[100].marks.clock_ok);
  EXPECT_DOUBLE_EQ(seconds[200][Q::ClockUncertainty], 2e-4);
  EXPECT_DOUBLE_EQ(s.get(Interval::HalfCycle).back()[Q::ClockUncertainty], 2e-4);
}

// 61000-4-15 table 5, 39 changes a minute: Pst 1 at every tick, on the channel that flickers.
TEST(TenMinutes, PstComesWithTheTenMinuteValue) {
  for (const auto& [hertz, percent] : {std::pair{50.0, 0.894}, {60.0, 1.040}}) {
    Stream s(1600.0, hertz, kTick - Duration::seconds(1200));
    const Function changes = [&](double t) {
      const double turns = 39.0 / 120.0 * t + 1e-9;
      return 1.0 + (turns - std::floor(turns) < 0.5 ? percent : -percent) / 200.0;
    };
    s.run(1200.5, hertz, changes);
    s.engine->finish();
    const auto& tens = s.get(Interval::TenMinute);
    ASSERT_EQ(tens.size(), 2U);
    EXPECT_FALSE(tens[0].p_st_marks.complete) << "the filters settle in it";
    EXPECT_TRUE(tens[1].p_st_marks.complete);
    EXPECT_NEAR(tens[1][Q::V1Pst], 1.0, 0.01) << hertz;
    EXPECT_LT(tens[1][Q::V2Pst], 0.01);
    EXPECT_GT(tens[1][Q::V1Pinst], 1.0);
    EXPECT_FALSE(is_available(tens[1][Q::V1Plt])) << "no two hours from an even hour yet";
    EXPECT_FALSE(is_available(tens[1][Q::V1PltSliding])) << "no twelve values yet";
    double largest = 0.0;
    for (const IntervalCopy& v : s.get(Interval::TenTwelveCycle)) {
      if (v.start > -600.0 && v.end <= 0.0) {
        largest = std::max(largest, v[Q::V1Pinst]);
      }
    }
    EXPECT_NEAR(largest, tens[1][Q::V1Pinst], 1e-6);
  }
}

/// Pst, Plt and sliding Plt of V1 of each ten minutes, and nothing else of two hours.
struct FlickerValues final : IntervalSink {
  struct Row {
    double p_st;
    double p_lt;
    double sliding;
  };
  std::vector<Row> rows;
  void on_interval(const IntervalValues& v) override {
    if (v.interval == Interval::TenMinute) {
      rows.push_back({v[Q::V1Pst], v[Q::V1Plt], v[Q::V1PltSliding]});
    }
  }
};

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// 61000-4-15 §5.7, 61000-4-30 §5.3: Pst is linear in the modulation, another in each ten minutes;
// Plt of the two hours from an even hour of UTC on is the cubic mean of its twelve.
TEST(TenMinutes, PltComesWithTheTwelfthValueFromAnEvenHourOn) {
  const Instant even = Instant::from_unix_ns(1600000000LL / 7200 * 7200 * 1000000000LL);
  constexpr double kLead = 600.0;
  Stream s(800.0, 50.0, even - Duration::from_seconds(kLead), false);
  FlickerValues found;
  s.engine->add_sink(&found);
  const auto size_of = [](int interval) { return 0.5 + 0.25 * interval; };
  s.run(kLead + 7200.5, 50.0, [&](double t) {
    const int interval = static_cast<int>(std::floor((t - kLead) / 600.0));
    const double turns = 39.0 / 120.0 * t + 1e-9;
    const double size = size_of(std::clamp(interval, 0, 11)) * 0.894 / 200.0;
    return 1.0 + (turns - std::floor(turns) < 0.5 ? size : -size);
  });
  s.engine->finish();
  ASSERT_EQ(found.rows.size(), 13U);
  double cubes = 0.0;
  for (int k = 0; k < 12; ++k) {
    const double size = size_of(k);
    cubes += size * size * size / 12.0;
    const FlickerValues::Row& row = found.rows[static_cast<std::size_t>(k) + 1];
    EXPECT_NEAR(row.p_st / size, 1.0, 0.02) << k;
    EXPECT_EQ(is_available(row.p_lt), k == 11) << k;
  }
  EXPECT_NEAR(found.rows[12].p_lt / std::cbrt(cubes), 1.0, 0.01);
  EXPECT_DOUBLE_EQ(found.rows[12].sliding, found.rows[12].p_lt);
}
#endif

}  // namespace
}  // namespace halfcycle::metrology::test
