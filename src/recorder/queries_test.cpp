// SPDX-License-Identifier: Apache-2.0
// Logs, events and disturbances as servers and pages read them.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <thread>

#include "recorder/recorder_fixture.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::kSecondLog;
using testing_store::kStart;
using testing_store::only_when_told;
using testing_store::Remembering;
using testing_store::TestMeter;

struct Bench {
  explicit Bench(std::string_view text, StoreOptions options = only_when_told())
      : store(testing_store::open(folder, log, options)), meter(text) {
    meter.attach(*store, "m",
                 [this](const quality::VoltageEvent& event) { return waveforms(event); });
  }
  std::vector<StoredWaveform> waveforms(const quality::VoltageEvent& event) {
    asked.push_back(event);
    if (!has_waveform) {
      return {};
    }
    StoredWaveform beginning;
    beginning.start = event.first_seen;
    beginning.rate_hertz = 1000.0;
    beginning.inputs.add(Input::V1);
    beginning.frames.assign(8 * 100, 1.5F);
    beginning.rms.time = {event.first_seen + Duration::ms(20), event.first_seen + Duration::ms(31)};
    beginning.rms.values.assign(2 * kInputCount, std::numeric_limits<float>::quiet_NaN());
    beginning.rms.values[0] = 230.25F;
    beginning.rms.values[kInputCount] = 115.5F;
    StoredWaveform end = beginning;
    end.start = event.first_seen + Duration::seconds(60);
    end.frames.assign(8 * 50, -2.5F);
    end.rms = {};
    return {beginning, end};
  }
  void flush() {
    const auto ok = store->flush();
    ASSERT_TRUE(ok) << ok.error().message;
  }
  [[nodiscard]] LogRows rows(const RowQuery& query) const {
    const auto rows_found = store->rows("m", "L", query);
    EXPECT_TRUE(rows_found) << (rows_found ? "" : rows_found.error().message);
    return rows_found ? *rows_found : LogRows{};
  }
  Folder folder;
  Remembering log;
  bool has_waveform = true;
  std::vector<quality::VoltageEvent> asked;
  std::unique_ptr<Store> store;
  TestMeter meter;
};

// 30,000 s with a hole of an hour, a peak and a value that is not available; in blocks of all
// sizes.
void record_a_day(Bench& bench) {
  for (int i = 0; i < 30000; ++i) {
    if (i == 12000) {
      bench.meter.now += Duration::seconds(3600);
    }
    const double x = i == 7777 ? 500.0 : i == 20001 ? kNotAvailable : 100.0 + std::sin(i * 0.01);
    bench.meter.frame(x, i);
    if (i % (i < 700 ? 7 : 900) == 0) {
      bench.flush();
    }
  }
  bench.flush();
}

TEST(Rows, DownsamplingKeepsPeaksMeansAndGaps) {
  Bench bench(kSecondLog);
  record_a_day(bench);
  const LogRows raw = bench.rows({});
  ASSERT_EQ(raw.time.size(), 30000U);
  EXPECT_TRUE(raw.low.empty());
  for (const std::size_t points : {1U, 7U, 100U, 2000U}) {
    SCOPED_TRACE(points);
    const LogRows few = bench.rows({.max_points = points});
    ASSERT_LE(few.time.size(), points);
    EXPECT_GT(few.time.size(), points / 2);
    EXPECT_EQ(few.rows, 30000U);
    EXPECT_EQ(*std::max_element(few.high[0].begin(), few.high[0].end()), 500.0);
    EXPECT_EQ(few.time.back(), raw.time.back());
    EXPECT_TRUE(std::is_sorted(few.time.begin(), few.time.end()));
    EXPECT_TRUE(
        std::any_of(few.gap_before.begin(), few.gap_before.end(), [](bool b) { return b; }));
    // Each point against the rows between it and the one before.
    std::size_t r = 0;
    for (std::size_t p = 0; p < few.time.size(); ++p) {
      double low = INFINITY;
      double high = -INFINITY;
      double sum = 0.0;
      int count = 0;
      for (; r < raw.time.size() && raw.time[r] <= few.time[p]; ++r) {
        low = std::min(low, raw.values[1][r]);
        high = std::max(high, raw.values[1][r]);
        sum += raw.values[1][r];
        ++count;
      }
      ASSERT_GT(count, 0);
      EXPECT_EQ(few.low[1][p], low);
      EXPECT_EQ(few.high[1][p], high);
      EXPECT_NEAR(few.values[1][p], sum / count, 1e-6 * high + 1e-9);
    }
    EXPECT_EQ(r, raw.time.size());
  }
}

TEST(Rows, APartOfTheTimeIsExactlyThatPart) {
  Bench bench(kSecondLog);
  record_a_day(bench);
  const Instant from = kStart + Duration::seconds(5000);
  const Instant to = kStart + Duration::seconds(5100);
  const LogRows rows = bench.rows({.from = from, .to = to});
  ASSERT_EQ(rows.time.size(), 100U);
  EXPECT_EQ(rows.time.front(), from);
  EXPECT_LT(rows.time.back(), to);
  const LogRows few = bench.rows({.from = from, .to = to, .max_points = 1000});
  EXPECT_EQ(few.time, rows.time) << "fewer rows than points are given as they are";
  const LogRows one = bench.rows({.from = from, .to = to, .columns = {"E"}, .max_points = 10});
  EXPECT_EQ(one.rows, 100U);
  EXPECT_EQ(one.time.size(), 10U);
  ASSERT_EQ(one.columns.size(), 1U);
  EXPECT_EQ(one.low[0].front(), 4999.0);
  EXPECT_EQ(one.high[0].back(), 5098.0);
  EXPECT_TRUE(bench.rows({.from = to, .to = from}).time.empty());
}

TEST(Rows, GapsAreMarkedWhereRowsAreMissing) {
  Bench bench(kSecondLog);
  record_a_day(bench);
  const LogRows rows = bench.rows({.from = kStart + Duration::seconds(11990),
                                   .to = kStart + Duration::seconds(12000 + 3600 + 10)});
  ASSERT_EQ(rows.time.size(), 20U);
  for (std::size_t i = 0; i < rows.time.size(); ++i) {
    EXPECT_EQ(rows.gap_before[i], i == 11) << i;
  }
}

TEST(Rows, AClockThatIsSetBackAndTimesThatAreThereTwiceLoseNothing) {
  Bench bench(kSecondLog);
  for (int i = 0; i < 100; ++i) {
    bench.meter.frame(i, i);
  }
  bench.meter.now = kStart + Duration::seconds(40);
  for (int i = 100; i < 200; ++i) {
    bench.meter.frame(i, i);
    bench.meter.press();  // the same time again, as a row of its own
    if (i == 150) {
      bench.flush();
    }
  }
  bench.flush();
  const LogRows rows = bench.rows({});
  EXPECT_EQ(rows.time.size(), 300U);
  EXPECT_TRUE(std::is_sorted(rows.time.begin(), rows.time.end()));
  std::vector<double> values = rows.values[0];
  std::sort(values.begin(), values.end());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
  }
  EXPECT_EQ(bench.rows({.max_points = 10}).rows, 300U);
}

TEST(Rows, UnknownNamesAreErrorsWithTheNearest) {
  Bench bench(kSecondLog);
  bench.meter.frame(1, 1);
  bench.flush();
  EXPECT_NE(bench.store->rows("n", "L", {}).error().message.find("'m'"), std::string::npos);
  EXPECT_EQ(bench.store->rows("m", "K", {}).error().code, ErrorCode::InvalidSetup);
  EXPECT_FALSE(bench.store->rows("m", "L", {.columns = {"Z"}}));
}

TEST(Rows, AMeterThatHasJustBegunHasNothingYet) {
  Bench bench(kSecondLog);
  EXPECT_TRUE(bench.store->logs("m").value().empty());
  EXPECT_TRUE(bench.store->events("m", {}).value().empty());
  EXPECT_TRUE(bench.store->disturbances("m", {}).value().empty());
}

TEST(Rows, OtherColumnsBeginALogAnewAndTheOldRowsStayReadable) {
  const Folder folder;
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  {
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 2.0);
  }
  TestMeter meter(R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "Y", "Source 2" = "X" }
setup = { Depth = 100000, Interval = 1 }
)",
                  kStart + Duration::seconds(1));
  meter.attach(*store);
  meter.frame(3.0, 4.0);
  ASSERT_TRUE(store->flush());
  const auto infos = store->logs("m").value();
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].rows, 2U);
  ASSERT_EQ(infos[0].columns.size(), 2U);
  EXPECT_EQ(infos[0].columns[0].label, "Y");
  const LogRows rows = store->rows("m", "L", {.columns = {"X", "E"}}).value();
  EXPECT_EQ(rows.values[0], (std::vector<double>{1.0, 3.0}));
  EXPECT_EQ(rows.values[1][0], 2.0);
  EXPECT_FALSE(is_available(rows.values[1][1]));
}

TEST(Retention, ACircularLogKeepsItsDepthAndLittleMore) {
  Bench bench(R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "X", "Source 2" = "E" }
setup = { Depth = 500, Interval = 1 }
)");
  for (int i = 0; i < 3000; ++i) {
    bench.meter.frame(i, i);
    if (i % 12 == 0) {
      bench.flush();
    }
  }
  bench.flush();
  const LogRows rows = bench.rows({});
  EXPECT_GE(rows.time.size(), 500U);
  EXPECT_LE(rows.time.size(), 500U + 256U);
  EXPECT_EQ(rows.values[0].back(), 2999.0);
  EXPECT_EQ(bench.store->logs("m").value()[0].rows, rows.time.size());
  EXPECT_EQ(bench.meter.value("L Data Log"), 500.0);
  EXPECT_FALSE(bench.meter.graph->read("L Record Left").value().available());
}

TEST(Retention, AFullLogThatStopsTakesNoMoreUntilItIsRearmed) {
  Bench bench(R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "X", Rearm = "Button" }
setup = { Depth = 10, Interval = 1, RecordMode = "STOP WHEN FULL" }
)");
  for (int i = 0; i < 25; ++i) {
    bench.meter.frame(i, i);
  }
  bench.flush();
  LogRows rows = bench.rows({});
  ASSERT_EQ(rows.time.size(), 10U);
  EXPECT_EQ(rows.values[0].back(), 9.0);
  EXPECT_EQ(bench.meter.value("L Log State"), 2.0);
  EXPECT_EQ(bench.meter.value("L Record Left"), 0.0);
  EXPECT_TRUE(bench.store->logs("m").value()[0].stop_when_full);
  bench.meter.press();
  bench.meter.frame(100, 1);
  bench.flush();
  EXPECT_EQ(bench.rows({}).values[0].back(), 100.0);
  EXPECT_EQ(bench.meter.value("L Record Left"), 9.0);
}

TEST(Retention, TheFileStaysBelowItsLimitAndTheOldestRowsGo) {
  StoreOptions options = only_when_told();
  options.max_bytes = 400000;
  Bench bench(kSecondLog, options);
  std::uint64_t most = 0;
  for (int i = 0; i < 60000; ++i) {
    // Digits that do not compress.
    bench.meter.frame(std::sin(i * 12.9898) * 43758.5453, std::sin(i * 78.233) * 12543.123);
    if (i % 200 == 0) {
      bench.flush();
      most = std::max(most, bench.store->health().bytes);
    }
    if (i == 0) {
      bench.meter.command(graph::Command::write("Written", 1.0));
    }
  }
  bench.flush();
  EXPECT_LT(most, 450000U);
  const LogRows rows = bench.rows({});
  EXPECT_LT(rows.time.size(), 60000U);
  EXPECT_GT(rows.time.size(), 5000U);
  EXPECT_EQ(rows.time.back(), kStart + Duration::seconds(60000));
  EXPECT_EQ(bench.store->events("m", {}).value().size(), 1U) << "events stay";
}

TEST(Events, ComeNewestFirstAndByPages) {
  Bench bench(R"(
[[module]]
type = "Event Log Controller"
)");
  for (int i = 0; i < 25; ++i) {
    bench.meter.frame(i, i);
    bench.meter.command(graph::Command::write("Written", i));
  }
  bench.flush();
  const auto page = bench.store->events("m", {.limit = 10}).value();
  ASSERT_EQ(page.size(), 10U);
  EXPECT_EQ(page.front().effect, "Written");
  EXPECT_EQ(page.front().effect_value, "24");
  EXPECT_EQ(page.front().priority, 10);
  EXPECT_EQ(page.front().sequence, bench.store->latest_event());
  const auto next =
      bench.store->events("", {.before_sequence = page.back().sequence, .limit = 100}).value();
  ASSERT_EQ(next.size(), 15U);
  EXPECT_EQ(next.front().effect_value, "14");
  EXPECT_EQ(next.back().time, kStart + Duration::seconds(1));
  const auto newer = bench.store->events("m", {.after_sequence = page[2].sequence}).value();
  EXPECT_EQ(newer.size(), 2U);
  EXPECT_TRUE(bench.store->events("m", {.min_priority = 11}).value().empty());
  EXPECT_EQ(bench.store
                ->events("m", {.from = kStart + Duration::seconds(20),
                               .to = kStart + Duration::seconds(22)})
                .value()
                .size(),
            2U);
  bench.meter.frame(0, 0);
  EXPECT_EQ(bench.meter.value("Event Log"), static_cast<double>(page.front().sequence));
}

TEST(Events, BelowTheCutoffAreNotKept) {
  Bench bench(R"(
[[module]]
type = "Event Log Controller"
setup = { Cutoff = 10 }
)");
  bench.meter.frame(1, 1);
  bench.meter.command(graph::Command::write("Written", 1.0));
  bench.flush();
  EXPECT_TRUE(bench.store->events("m", {}).value().empty());
}

TEST(Rows, ABurstHoldsTheRowsFromBeforeItsPulse) {
  Bench bench(R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "X", Record = "Button" }
setup = { "Trigger On" = "PULSE", "Pre-trigger Records" = 10, "Post-trigger Records" = 5 }
)");
  for (int i = 0; i < 100; ++i) {
    if (i == 30 || i == 70) {
      bench.meter.press();
    }
    bench.meter.frame(i, 0);
    if (i % 7 == 0) {
      bench.flush();
    }
  }
  bench.flush();
  const LogRows rows = bench.rows({});
  ASSERT_EQ(rows.time.size(), 32U) << "twice 10 + 5 + 1";
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(rows.values[0][i], 20.0 + static_cast<double>(i));
    EXPECT_EQ(rows.time[i], kStart + Duration::seconds(21 + static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(rows.values[0][10], 29.0) << "at the pulse: the latest";
  EXPECT_EQ(rows.values[0][15], 34.0);
  EXPECT_EQ(rows.values[0][16], 60.0);
  std::vector<bool> gaps(32, false);
  gaps[16] = true;
  EXPECT_EQ(rows.gap_before, gaps) << "between the bursts nothing was recorded";
}

TEST(Rows, TheMarksOfAPointAreThoseOfAllItsRows) {
  Bench bench(kSecondLog);
  for (int i = 0; i < 20000; ++i) {
    const Marks marks{
        .flagged = i == 3, .complete = i < 19000, .clock_ok = true, .sync_ok = i != 9500};
    bench.meter.frame(i, i, graph::Tick::OneSecond, Duration::seconds(1), marks);
    if (i % 500 == 0) {
      bench.flush();
    }
  }
  bench.flush();
  const LogRows raw = bench.rows({.to = kStart + Duration::seconds(10)});
  ASSERT_EQ(raw.marks.size(), 9U);
  EXPECT_FALSE(raw.marks[2].flagged);
  EXPECT_TRUE(raw.marks[3].flagged);
  // Two halves; most blocks give their summary and are not decoded.
  const LogRows halves = bench.rows({.max_points = 2});
  ASSERT_EQ(halves.marks.size(), 2U);
  EXPECT_EQ(halves.marks[0], (Marks{.flagged = true, .sync_ok = false}));
  EXPECT_EQ(halves.marks[1], (Marks{.complete = false}));
}

TEST(Disturbances, WhoeverHasTheWaveformMayComeWithALockOfHisOwn) {
  const Folder folder;
  Remembering log;
  StoreOptions options;
  options.commit_interval = Duration::ms(5);
  std::mutex of_others;  // before the store, whose thread uses them to its end
  std::atomic<bool> asked{false};
  const auto store = testing_store::open(folder, log, options);
  TestMeter meter("");
  meter.attach(*store, "m", [&](const quality::VoltageEvent&) -> std::vector<StoredWaveform> {
    asked = true;
    const std::lock_guard lock(of_others);
    return {};
  });
  std::unique_lock lock(of_others);
  meter.intake->on_voltage_event(quality::VoltageEvent{});
  while (!asked) {
    std::this_thread::yield();
  }
  meter.detach();  // hangs if the storage thread waits for the answer with the store locked
  lock.unlock();
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(store->disturbances("m", {}).value().size(), 1U);
}

TEST(Disturbances, ComeBackWholeWithTheirWaveform) {
  Bench bench("");
  bench.meter.frame(1, 1);
  quality::VoltageEvent dip;
  dip.type = quality::EventType::Interruption;
  dip.start = kStart + Duration::ms(300);
  dip.end = kStart + Duration::ms(450);
  dip.first_seen = *dip.start;
  dip.duration_seconds = 0.15;
  dip.extreme_volts = 3.25;
  dip.worst_phase = 2;
  dip.reference_volts = 230.0;
  dip.line_to_line = true;
  dip.phases[2] = {true, dip.start, std::nullopt, 3.25};
  bench.meter.intake->on_voltage_event(dip);
  bench.flush();
  bench.has_waveform = false;
  bench.meter.intake->on_voltage_event(quality::VoltageEvent{});
  bench.flush();
  const auto found = bench.store->disturbances("m", {}).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0].has_waveform);
  EXPECT_FALSE(found[0].event.start);
  const StoredDisturbance& first = found[1];
  EXPECT_TRUE(first.has_waveform);
  EXPECT_EQ(first.event.type, quality::EventType::Interruption);
  EXPECT_EQ(first.event.start, dip.start);
  EXPECT_EQ(first.event.end, dip.end);
  EXPECT_EQ(first.event.duration_seconds, 0.15);
  EXPECT_EQ(first.event.worst_phase, 2);
  EXPECT_TRUE(first.event.line_to_line);
  EXPECT_FALSE(first.event.phases[0].involved);
  EXPECT_TRUE(first.event.phases[2].involved);
  EXPECT_EQ(first.event.phases[2].start, dip.start);
  EXPECT_FALSE(first.event.phases[2].end);
  EXPECT_EQ(first.event.phases[2].extreme_volts, 3.25);
  EXPECT_EQ(bench.store->latest_disturbance(), found[0].id);
  ASSERT_FALSE(bench.asked.empty());
  EXPECT_EQ(bench.asked[0].type, dip.type);
  EXPECT_EQ(bench.asked[0].first_seen, dip.first_seen);
  const auto parts = bench.store->waveforms("m", first.id);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  const StoredWaveform& beginning = parts->front();
  EXPECT_EQ(beginning.start, dip.first_seen);
  EXPECT_EQ(beginning.frames.size(), 800U);
  EXPECT_EQ(beginning.frames[8], 1.5F);
  ASSERT_EQ(beginning.rms.time.size(), 2U);
  EXPECT_EQ(beginning.rms.time[1], dip.first_seen + Duration::ms(31));
  EXPECT_EQ(beginning.rms.values[0], 230.25F);
  EXPECT_EQ(beginning.rms.values[kInputCount], 115.5F);
  EXPECT_TRUE(std::isnan(beginning.rms.values[1]));
  EXPECT_EQ(parts->back().start, dip.first_seen + Duration::seconds(60));
  EXPECT_EQ(parts->back().frames[0], -2.5F);
  EXPECT_TRUE(parts->back().rms.time.empty());
  EXPECT_FALSE(bench.store->waveforms("m", found[0].id));
}

}  // namespace
}  // namespace halfcycle::recorder
