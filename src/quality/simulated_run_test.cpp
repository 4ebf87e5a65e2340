// SPDX-License-Identifier: Apache-2.0
// Hours of a three-phase system with everything that happens to a meter: a dip, a gap, a clock that
// is not locked, a dead line, corrections of UTC, samples of one channel that are missing. The
// aggregates and their marks must be exactly those that the schedule below makes them. And the
// measuring thread must not allocate once it is warm.
//
// One sample is one millisecond, so that the schedule is in whole numbers. Every two hours of UTC:
//   1000.3 s  L2 at 60 % for 100 ms             5100 s    UTC corrected by +0.4 s, next time −0.4 s
//   2200 s    15.5 s of samples are missing     6100 s    L3 missing for 500 ms
//   3700 s    clock not locked for 200 s
//   4400 s    all phases dead for 30 s
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <numbers>
#include <vector>

#include "metrology/engine.hpp"
#include "quality/voltage_events.hpp"

namespace {
// Counts every allocation of this program while `counting` is set.
std::size_t allocations = 0;
bool counting = false;
}  // namespace

// Not inlined: the compiler would see free() on what it thinks another new made.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations += counting ? 1 : 0;
  if (void* p = std::malloc(size == 0 ? 1 : size)) {
    return p;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace halfcycle::quality {
namespace {

using metrology::Interval;
using metrology::IntervalValues;
using Q = metrology::QuantityId;

constexpr double kHertz = 49.97;
constexpr double kUdin = 230.0;
constexpr double kRate = 1000.0;
constexpr double kWindow = 10.0 / kHertz;
constexpr std::int64_t kTwoHours = 7200000;  // ms
constexpr std::int64_t kLead = 7000;         // ms before the first two-hour tick
constexpr Instant kTick = Instant::from_unix_ns(1600000000LL / 7200 * 7200 * 1000000000LL);

struct Value {
  std::int64_t start_ms;
  std::uint32_t inputs;
  Marks marks;
  double u_a;
  double u_b;
  double hertz;
  Marks p_st;
  Marks p_lt;
  Marks p_lt_sliding;
  double p_lt_a;
};

/// Keeps what is asked about in memory that is there from the beginning.
struct Meter final : metrology::IntervalSink, metrology::HalfCycleSink, metrology::EventQuery {
  explicit Meter(std::size_t hours)
      : detector({.reference_volts = kUdin},
                 [this](const VoltageEvent& e) { events.push_back(e); }) {
    events.reserve(1000);
    ten_seconds.reserve(hours * 400);
    ten_minutes.reserve(hours * 10);
    two_hours.reserve(hours);
  }
  void on_interval(const IntervalValues& v) override {
    const Value value{std::llround((v.start - kTick).to_seconds() * 1e3),
                      v.inputs,
                      v.marks,
                      v[Q::VlnA],
                      v[Q::VlnB],
                      v[Q::Freq],
                      v.marks_of(Q::V1Pst),
                      v.marks_of(Q::V1Plt),
                      v.marks_of(Q::V1PltSliding),
                      v[Q::V1Plt]};
    if (v.interval == Interval::TenSecond) {
      ten_seconds.push_back(value);
    } else if (v.interval == Interval::TenMinute) {
      ten_minutes.push_back(value);
    } else if (v.interval == Interval::TwoHour) {
      two_hours.push_back(value);
    }
  }
  void on_voltage_window(const metrology::VoltageWindow& w) override {
    detector.push(w.channel, w.start, w.end, w.u_rms_volts);
  }
  void on_break() override { detector.interrupt(); }
  [[nodiscard]] bool touched(Instant start, Instant end) const override {
    return detector.touched(start, end);
  }
  VoltageEventDetector detector;
  std::vector<VoltageEvent> events;
  std::vector<Value> ten_seconds;
  std::vector<Value> ten_minutes;
  std::vector<Value> two_hours;
};

void run(Meter& meter, std::int64_t hours) {
  InputMask inputs;
  for (const Input input : {Input::V1, Input::V2, Input::V3}) {
    inputs.add(input);
  }
  auto engine =
      metrology::Engine::create({.system = {}, .inputs = inputs, .sample_rate_hertz = kRate});
  (*engine)->add_sink(&meter);
  (*engine)->add_half_cycle_sink(&meter);
  (*engine)->set_event_query(&meter);

  constexpr std::size_t kBlock = 100;
  std::array<float, kBlock * 8> frames{};
  std::int64_t utc = -kLead;  // ms from the first tick, of the next sample
  std::int64_t real = 0;      // ms since the beginning, gaps counted
  std::uint64_t index = 0;
  std::int64_t gaps = 0;
  std::int64_t steps = 0;
  SampleBlock block;
  block.frames = frames.data();
  block.frame_count = kBlock;
  block.inputs = inputs;
  block.time = {0, kTick + Duration::ms(utc), kRate};
  block.discontinuity = Discontinuity::Start;
  const std::int64_t end = hours * 3600000 + 5000;
  allocations = 0;
  while (utc < end) {
    const std::int64_t turn = utc < 0 ? -1 : utc / kTwoHours;
    const std::int64_t within = utc - turn * kTwoHours;
    if (turn >= 0 && within == 2200000 && gaps == turn) {
      ++gaps;
      utc += 15500;
      real += 15500;
      block.discontinuity = Discontinuity::Gap;
      block.time = {index, kTick + Duration::ms(utc), kRate};
      continue;
    }
    if (turn >= 0 && within == 5100000 && steps == turn) {
      utc += steps % 2 == 0 ? 400 : -400;
      ++steps;
      block.discontinuity = Discontinuity::ClockStep;
      block.time = {index, kTick + Duration::ms(utc), kRate};
      continue;
    }
    const bool dead = turn >= 0 && within >= 4400000 && within < 4430000;
    for (std::size_t n = 0; n < kBlock; ++n) {
      const std::int64_t at = within + static_cast<std::int64_t>(n);
      const double turns =
          std::fmod(kHertz * (static_cast<double>(real) + static_cast<double>(n)) * 1e-3, 1.0);
      for (std::size_t k = 0; k < 3; ++k) {
        const bool dips = turn >= 0 && k == 1 && at >= 1000300 && at < 1000400;
        const bool missing = turn >= 0 && k == 2 && at >= 6100000 && at < 6100500;
        const double a = dead ? 0.0 : dips ? 0.6 : 1.0;
        frames[n * 8 + k] =
            missing ? std::numeric_limits<float>::quiet_NaN()
                    : static_cast<float>(a * kUdin * std::numbers::sqrt2 *
                                         std::sin(2.0 * std::numbers::pi *
                                                  (turns - static_cast<double>(k) / 3.0)));
      }
    }
    block.first_index = index;
    block.time_quality.clock_ok = !(turn >= 0 && within >= 3700000 && within < 3900000);
    counting = real > 10000;
    (*engine)->push(block);
    counting = false;
    block.discontinuity = Discontinuity::None;
    index += kBlock;
    utc += kBlock;
    real += kBlock;
  }
  (*engine)->finish();
}

void expect_aggregates_of(std::int64_t hours) {
  Meter meter(static_cast<std::size_t>(hours));
  run(meter, hours);
  EXPECT_EQ(allocations, 0U) << "on the measuring thread, after ten seconds";

  // Marks of the twelve ten-minute values of two hours: flagged, complete, clock ok, sync ok.
  constexpr Marks kGood{};
  constexpr std::array<Marks, 12> kMarks{{kGood,
                                          {true, true, true, true},  // the dip
                                          kGood,
                                          {false, false, true, true},  // the gap
                                          kGood,
                                          kGood,
                                          {false, true, false, true},  // the clock
                                          {true, true, true, false},   // the dead line
                                          kGood,                       // the correction
                                          kGood,
                                          {false, false, true, true},  // the missing channel
                                          kGood}};
  ASSERT_EQ(meter.ten_minutes.size(), static_cast<std::size_t>(hours * 6));
  for (std::size_t n = 0; n < meter.ten_minutes.size(); ++n) {
    const Value& v = meter.ten_minutes[n];
    const std::size_t k = n % 12;
    EXPECT_EQ(v.start_ms, static_cast<std::int64_t>(n) * 600000);
    EXPECT_TRUE(v.marks == kMarks[k])
        << n << ": flagged " << v.marks.flagged << ", complete " << v.marks.complete << ", clock "
        << v.marks.clock_ok << ", sync " << v.marks.sync_ok;
    // Flicker lies between ticks exactly; its filters settle in the first interval.
    Marks p_st = kMarks[k];
    p_st.complete = p_st.complete && n > 0;
    EXPECT_TRUE(v.p_st == p_st) << n << ": flagged " << v.p_st.flagged << ", complete "
                                << v.p_st.complete << ", clock " << v.p_st.clock_ok << ", sync "
                                << v.p_st.sync_ok;
    // Twelve of them hold one of each mark; before there are twelve nothing is complete.
    const Marks all{true, false, false, false};
    EXPECT_TRUE(v.p_lt_sliding == (n >= 11 ? all : Marks{.complete = false})) << n;
    if (n >= 11) {
      EXPECT_TRUE(v.p_lt == all) << n << ": the latest two hours that ended at an even hour";
    }
    EXPECT_EQ(std::isnan(v.p_lt_a), n < 11) << n;
    if (k == 3) {
      // Up to the gap and from it on: the window cut by the gap is lost, one is cut by no tick.
      EXPECT_EQ(v.inputs, static_cast<std::uint32_t>(std::floor(400.0 / kWindow) +
                                                     std::ceil(184.5 / kWindow)));
    } else {
      const double correction = k == 8 ? ((n / 12) % 2 == 0 ? -0.4 : 0.4) : 0.0;
      EXPECT_EQ(v.inputs, static_cast<std::uint32_t>(std::ceil((600.0 + correction) / kWindow)))
          << n;
    }
    if (k != 7) {
      EXPECT_NEAR(v.u_a, kUdin, 1e-3) << n;
    }
    if (k == 1) {
      // 100 ms, five cycles of the 29,990 or so, at 0.36 of the square.
      EXPECT_NEAR(v.u_b, kUdin * std::sqrt(1.0 - 0.64 * 0.1 / (2999.0 * kWindow)), 2e-3);
    }
  }
  ASSERT_EQ(meter.two_hours.size(), static_cast<std::size_t>(hours / 2));
  for (const Value& v : meter.two_hours) {
    EXPECT_EQ(v.inputs, 12U);
    EXPECT_EQ(v.start_ms % kTwoHours, 0);
    EXPECT_TRUE((v.marks == Marks{true, false, false, false}));
  }
  // Frequency: every ten seconds that nothing touched, and never an invented one.
  std::size_t good = 0;
  for (const Value& v : meter.ten_seconds) {
    const std::int64_t within = ((v.start_ms % kTwoHours) + kTwoHours) % kTwoHours;
    const bool touched = v.start_ms < 0 || (within > 2180000 && within < 2230000) ||
                         (within > 4380000 && within < 4450000);
    if (!touched) {
      ++good;
      EXPECT_NEAR(v.hertz, kHertz, 1e-5) << v.start_ms;
    }
    EXPECT_TRUE(std::isnan(v.hertz) || std::abs(v.hertz - kHertz) < 1e-3) << v.start_ms;
  }
  EXPECT_GE(good, static_cast<std::size_t>(hours * 350));

  // The gap is no event; the dead line is a dip and an interruption.
  std::array<std::size_t, 3> counts{};
  for (const VoltageEvent& event : meter.events) {
    ++counts[static_cast<std::size_t>(event.type)];
    EXPECT_TRUE(event.start && event.end);
  }
  const auto turns = static_cast<std::size_t>(hours / 2);
  EXPECT_EQ(counts[static_cast<std::size_t>(EventType::Dip)], 2 * turns);
  EXPECT_EQ(counts[static_cast<std::size_t>(EventType::Interruption)], turns);
  EXPECT_EQ(counts[static_cast<std::size_t>(EventType::Swell)], 0U);
}

TEST(SimulatedRun, TwoHoursGiveExactlyTheAggregatesAndMarksOfTheirSchedule) {
  expect_aggregates_of(2);
}

// Takes a minute and more: ./test --long.
TEST(SimulatedRun, DISABLED_TwentyFourHoursGiveExactlyTheAggregatesAndMarksOfTheirSchedule) {
  expect_aggregates_of(24);
}

}  // namespace
}  // namespace halfcycle::quality
