// SPDX-License-Identifier: Apache-2.0
// Case 1 of those that separate a correct meter from a plausible one: 49.97 Hz over ten-minute
// ticks, with corrections of the clock. Truth: the arithmetic of IEC 61000-4-30 §4.4 and §4.5 on
// windows of 10 cycles, 200.12 ms.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
constexpr double kRoot2 = 1.41421356237309504880;
constexpr double kHertz = 49.97;
constexpr double kWindow = 10.0 / kHertz;
constexpr double kRate = 1000.0;
constexpr double kLead = 3.0;  ///< seconds before the first tick
constexpr Instant kFirstTick = Instant::from_unix_ns(1600000200'000000000);
static_assert(1600000200 % 600 == 0);

// Ten minutes of samples are long for a build with sanitizers: one correction is enough there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kCorrections = 1;
#else
constexpr std::size_t kCorrections = 3;
#endif

InputMask three_inputs() { return mask_of({Input::V1, Input::V2, Input::V3}); }

/// Volts of the fundamental at a time counted in samples, seconds from the first tick.
Samples voltages(double seconds, const Function& volts) {
  Samples s(kRate, kLead + seconds);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      return volts(t - kLead) * kRoot2 * std::sin(2.0 * kTestPi * (kHertz * t - k / 3.0));
    });
  }
  return s;
}

/// Times of the record count from the first tick. After `at` seconds (by samples) UTC is corrected.
Recorder measure_with_correction(const Samples& s, double at, Duration by) {
  Recorder r(kFirstTick);
  auto engine =
      Engine::create({.system = {}, .inputs = three_inputs(), .sample_rate_hertz = kRate});
  (*engine)->add_sink(&r);
  (*engine)->add_half_cycle_sink(&r);
  const Instant start = kFirstTick - Duration::from_seconds(kLead);
  const auto step = static_cast<std::size_t>(std::lround((at + kLead) * kRate));
  for (std::size_t n = 0; n < s.count();) {
    const std::size_t count = std::min<std::size_t>(777, (n < step ? step : s.count()) - n);
    SampleBlock block = block_of(s, n, count, start, three_inputs());
    if (n >= step) {
      block.time = {step, start + Duration::from_seconds(at + kLead) + by, kRate};
      block.discontinuity = n == step ? Discontinuity::ClockStep : Discontinuity::None;
    }
    (*engine)->push(block);
    n += count;
  }
  (*engine)->finish();
  return r;
}

TEST(TenCases, Case1TheWindowInProgressAtATickGoesOnAndIsCountedOnce) {
  // 230 V until the second tick, 200 V from then on (midway between two samples).
  const double change = 600.0 - 0.5 / kRate;
  const Recorder r = measure({}, three_inputs(),
                             voltages(1204.0, [&](double t) { return t < change ? 230.0 : 200.0; }),
                             4096, kFirstTick - Duration::from_seconds(kLead));
  const auto from_tick = [](double t) { return t - kLead; };

  const auto& tens = r.get(Interval::TenMinute);
  ASSERT_EQ(tens.size(), 2U);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(tens[k].inputs, 2999U);
    EXPECT_TRUE(tens[k].marks.complete);
    EXPECT_TRUE(tens[k].marks.sync_ok);
    EXPECT_NEAR(from_tick(tens[k].start), 600.0 * static_cast<double>(k), 1e-9);
    EXPECT_NEAR(from_tick(tens[k].end), 600.0 * static_cast<double>(k + 1), 1e-9);
  }
  // The last window of the first period: begun at 230 V, 160 ms of it behind the tick.
  const double last_start = 2998.0 * kWindow;
  const double last_square =
      ((change - last_start) * 230.0 * 230.0 + (2999.0 * kWindow - change) * 200.0 * 200.0) /
      kWindow;
  EXPECT_NEAR(tens[0].values[index(Q::VlnA)],
              std::sqrt((2998.0 * 230.0 * 230.0 + last_square) / 2999.0), 1e-4);
  EXPECT_NEAR(tens[1].values[index(Q::VlnA)], 200.0, 1e-4) << "nothing of the time before";

  std::size_t beyond = 0;
  const auto& windows = r.get(Interval::TenTwelveCycle);
  for (std::size_t k = 1; k < windows.size(); ++k) {
    const double start = from_tick(windows[k].start);
    EXPECT_NEAR(windows[k].end - windows[k].start, kWindow, 2e-6);
    for (const double tick : {600.0, 1200.0}) {
      if (start < tick - 1e-3 && from_tick(windows[k].end) > tick) {
        ++beyond;
        EXPECT_NEAR(from_tick(windows[k].end) - tick, 2999.0 * kWindow - 600.0, 1e-5)
            << "160 ms beyond the tick";
        ASSERT_LT(k + 1, windows.size());
        EXPECT_NEAR(from_tick(windows[k + 1].start), tick, 1e-6) << "the next begins at the tick";
      }
    }
  }
  EXPECT_EQ(beyond, 2U);

  // 2,999 windows are 199 intervals of fifteen and fourteen windows more: the interval in progress
  // takes the first window of the new period, which begins one of its own.
  const auto& fifteens = r.get(Interval::OneFiftyOneEightyCycle);
  const auto ends_at = [&](double end) {
    return std::find_if(fifteens.begin(), fifteens.end(), [&](const IntervalCopy& v) {
      return std::abs(from_tick(v.end) - end) < 1e-4;
    });
  };
  const auto old_one = ends_at(600.0 + kWindow);
  ASSERT_NE(old_one, fifteens.end());
  EXPECT_NEAR(from_tick(old_one->start), 199.0 * 15.0 * kWindow, 1e-4);
  const auto new_one = ends_at(600.0 + 15.0 * kWindow);
  ASSERT_NE(new_one, fifteens.end());
  EXPECT_NEAR(from_tick(new_one->start), 600.0, 1e-6);
  EXPECT_EQ(new_one - old_one, 1);
  for (std::size_t k = 0; k < fifteens.size(); ++k) {
    EXPECT_EQ(fifteens[k].inputs, 15U);
    EXPECT_EQ(fifteens[k].number, k);
  }
}

TEST(TenCases, Case1AtExactlyFiftyHertzThereIsNoOverlap) {
  Samples s(kRate, kLead + 603.0);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      return 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (50.0 * t - k / 3.0));
    });
  }
  const Recorder r =
      measure({}, three_inputs(), s, 4096, kFirstTick - Duration::from_seconds(kLead));
  ASSERT_EQ(r.get(Interval::TenMinute).size(), 1U);
  EXPECT_EQ(r.get(Interval::TenMinute)[0].inputs, 3000U);
  const auto& windows = r.get(Interval::TenTwelveCycle);
  for (std::size_t k = 1; k < windows.size(); ++k) {
    EXPECT_NEAR(windows[k].start, windows[k - 1].end, 1e-6);
  }
}

TEST(TenCases, Case1CorrectionsOfTheClockDoNoHarm) {
  const Samples s = voltages(606.0, [](double) { return 230.0; });
  struct Row {
    Duration by;
    double seconds;  ///< of samples between the two ticks
  };
  constexpr std::array kRows{Row{Duration::ms(500), 599.5}, Row{Duration::ms(-500), 600.5},
                             Row{Duration::seconds(-1), 601.0}};
  for (std::size_t k = 0; k < kCorrections; ++k) {
    const Row& row = kRows[k];
    const Recorder r = measure_with_correction(s, 101.3, row.by);
    const auto& tens = r.get(Interval::TenMinute);
    ASSERT_EQ(tens.size(), 1U) << row.seconds;
    EXPECT_EQ(tens[0].inputs, static_cast<std::uint32_t>(std::ceil(row.seconds / kWindow)));
    EXPECT_TRUE(tens[0].marks.complete) << "no sample is missing";
    EXPECT_TRUE(tens[0].marks.sync_ok);
    EXPECT_NEAR(tens[0].values[index(Q::VlnA)], 230.0, 1e-4);
    EXPECT_NEAR(tens[0].start, 0.0, 1e-9);
    EXPECT_NEAR(tens[0].end, 600.0, 1e-9);
    for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
      EXPECT_NEAR(v.end - v.start, kWindow, 2e-6) << v.start;
      EXPECT_NEAR(v[Q::Freq], kHertz, 1e-4) << v.start;
    }
    for (const IntervalCopy& v : r.get(Interval::TenSecond)) {
      EXPECT_NEAR(v[Q::Freq], kHertz, 1e-5) << v.start;
      EXPECT_TRUE(v.marks.complete);
    }
    for (std::size_t n = 1; n < r.get(Interval::HalfCycle).size(); ++n) {
      const IntervalCopy& h = r.get(Interval::HalfCycle)[n];
      EXPECT_NEAR(h[Q::VlnB], 230.0, 0.012) << h.start;
      EXPECT_NEAR(h[Q::Freq], kHertz, 1e-3) << h.start;
    }
  }
}

TEST(TenCases, Case1ACorrectionOverATickLosesNoWindowAndPassesNoTickTwice) {
  const Samples s = voltages(10.0, [](double) { return 230.0; });
  for (const auto& [at, by] :
       {// 0.3 s before the tick UTC leaps to 0.2 s behind it …
        std::pair{-0.3, Duration::ms(500)},
        // … and 0.2 s behind the tick back to 0.3 s before it: the tick has been.
        std::pair{0.2, Duration::ms(-500)}}) {
    const Recorder r = measure_with_correction(s, at, by);
    const auto& windows = r.get(Interval::TenTwelveCycle);
    // By samples, one window begins anew: where the clock leaps over the tick, or at the tick.
    const double anew = at < 0.0 ? at : 0.0;
    const double before = std::ceil((kLead + anew) / kWindow);
    const double after = std::floor((10.0 - anew) / kWindow);
    EXPECT_EQ(windows.size(), static_cast<std::size_t>(before + after)) << at;
    const IntervalCopy& first = windows.at(static_cast<std::size_t>(before));
    EXPECT_NEAR(first.start, at < 0.0 ? 0.2 : 0.0, 1e-6) << "in the new time";
    for (const IntervalCopy& v : windows) {
      EXPECT_NEAR(v.end - v.start, kWindow, 2e-6) << v.start;
      EXPECT_NEAR(v[Q::VlnA], 230.0, 1e-4);
    }
  }
}

}  // namespace
}  // namespace halfcycle::metrology::test
