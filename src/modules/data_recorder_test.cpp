// SPDX-License-Identifier: Apache-2.0
// Data Recorder and Event Log Controller by their effects; what becomes of those is the recorder's.
#include "modules/data_recorder.hpp"

#include <gtest/gtest.h>

#include "modules/modules_fixture.hpp"

namespace halfcycle::modules {
namespace {

using testing_graph::Bench;

struct Rows final : graph::EffectSink {
  void on_effect(const graph::Effect& effect) override {
    const bool before = effect.kind == data_recorder::kBeforeEffect;
    EXPECT_TRUE(before || effect.kind == data_recorder::kRecordEffect) << effect.kind;
    waits.push_back(before);
    seconds.push_back(effect.time.unix_ns() / 1000000000);
    values.emplace_back(effect.values.begin(), effect.values.end());
    marks.push_back(effect.marks);
  }
  std::vector<std::int64_t> seconds;
  std::vector<std::vector<double>> values;
  std::vector<Marks> marks;
  std::vector<bool> waits;
};

struct Recording : Bench {
  explicit Recording(const std::string& setup, std::int64_t start = 0)
      : Bench(
            "[[module]]\ntype = \"Data Recorder\"\nlabel = \"L\"\ninputs = { \"Source 1\" = "
            "\"X\", \"Source 3\" = \"Y\", Enable = \"On\", Record = \"P\", Rearm = \"Q\" }\n"
            "setup = { " +
                setup + " }\n",
            start) {
    graph->set_effect_sink(&rows);
    flip("On", true);
  }
  Rows rows;
};

TEST(DataRecorder, RecordsAtMultiplesOfItsIntervalInUtc) {
  Recording log("Interval = 5", 1003);
  for (int i = 0; i < 12; ++i) {
    log.xy(i, 10 * i);
  }
  EXPECT_EQ(log.rows.seconds, (std::vector<std::int64_t>{1005, 1010, 1015}));
  ASSERT_EQ(log.rows.values[0].size(), 3U);
  EXPECT_EQ(log.rows.values[0][0], 1.0) << "the second that ends at 1005";
  EXPECT_FALSE(is_available(log.rows.values[0][1])) << "Source 2 is not linked";
  EXPECT_EQ(log.rows.values[0][2], 10.0);
  EXPECT_EQ(log.value("L Data Log"), 3.0);
  EXPECT_EQ(log.pulses("L Rec Complete"), 3.0);
}

TEST(DataRecorder, AGapGivesNoRowsAndAClockThatIsSetBackNoStandstill) {
  Recording log("Interval = 5");
  for (int i = 0; i < 6; ++i) {
    log.x(i);
  }
  log.skip(21);
  for (int i = 0; i < 5; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.rows.seconds, (std::vector<std::int64_t>{5, 28, 30}));
  log.skip(-20);
  for (int i = 0; i < 7; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.rows.seconds, (std::vector<std::int64_t>{5, 28, 30, 15}));
}

TEST(DataRecorder, AnotherIntervalCountsFromItsOwnBoundary) {
  Recording log("Interval = 5");
  log.x(0);
  log.setup("L", "Interval", "4");
  for (int i = 0; i < 8; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.rows.seconds, (std::vector<std::int64_t>{4, 8}));
}

TEST(DataRecorder, RecordsWhenAskedByAPulseOrByEachUpdate) {
  Recording by_pulse("\"Trigger On\" = \"PULSE\"");
  by_pulse.x(1);
  by_pulse.x(2);
  by_pulse.press("P");
  by_pulse.x(3);
  EXPECT_EQ(by_pulse.rows.seconds, (std::vector<std::int64_t>{2}));
  Recording by_update("\"Trigger On\" = \"UPDATE\"");
  by_update.x(1, {}, Duration::ms(10));
  by_update.x(1, {}, Duration::ms(10));
  by_update.begin();
  by_update.graph->write(by_update.reg("Y"), 1.0, {});
  by_update.commit();
  EXPECT_EQ(by_update.rows.seconds.size(), 2U) << "Source 1 only";
}

TEST(DataRecorder, APulseGivesABurstOfWhatWasBeforeAndWhatComesAfter) {
  Recording log(R"("Trigger On" = "PULSE", "Pre-trigger Records" = 3, "Post-trigger Records" = 2)");
  for (int i = 0; i < 5; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.rows.waits, std::vector<bool>(5, true)) << "the store remembers the latest three";
  EXPECT_EQ(log.value("L Data Log"), 0.0);
  log.press("P");
  EXPECT_EQ(log.value("L Data Log"), 4.0);
  for (int i = 5; i < 9; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.value("L Data Log"), 6.0) << "10 + 5 + 1 of the manual's example: 3 + 2 + 1";
  EXPECT_EQ(log.rows.waits,
            (std::vector<bool>{true, true, true, true, true, false, false, false, true, true}));
  // A pulse within a burst makes it longer and repeats nothing.
  log.press("P");
  log.x(9);
  log.press("P");
  for (int i = 10; i < 14; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.value("L Data Log"), 6.0 + 2.0 + 1.0 + 1.0 + 1.0 + 2.0);
}

TEST(DataRecorder, RowsCarryTheMarksOfAllTheirSources) {
  Recording log("Interval = 1");
  Marks flagged;
  flagged.flagged = true;
  log.x(1, flagged);
  EXPECT_TRUE(log.rows.marks.at(0).flagged);
  EXPECT_TRUE(log.rows.marks.at(0).complete);
}

TEST(DataRecorder, DisabledItFollowsTheTimeAndRecordsNothing) {
  Recording log("Interval = 2");
  log.flip("On", false);
  for (int i = 0; i < 5; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.value("L Log State"), 0.0);
  EXPECT_TRUE(log.rows.seconds.empty());
  log.flip("On", true);
  log.x(5);
  EXPECT_EQ(log.value("L Log State"), 1.0);
  EXPECT_EQ(log.rows.seconds, (std::vector<std::int64_t>{6}));
}

TEST(DataRecorder, ALogThatStopsWhenFullGoesOnAfterRearm) {
  Recording log("Interval = 1, Depth = 3, RecordMode = \"STOP WHEN FULL\"");
  log.x(0);
  EXPECT_EQ(log.value("L Record Left"), 2.0);
  for (int i = 0; i < 5; ++i) {
    log.x(i);
  }
  EXPECT_EQ(log.rows.seconds.size(), 3U);
  EXPECT_EQ(log.value("L Log State"), 2.0);
  log.press("Q");
  log.x(9);
  EXPECT_EQ(log.rows.seconds.size(), 4U);
  EXPECT_EQ(log.value("L Record Left"), 2.0);
  // More depth is room at once; the rows are not forgotten.
  log.setup("L", "Depth", "10");
  log.x(9);
  EXPECT_EQ(log.value("L Record Left"), 8.0);
}

TEST(DataRecorder, DoesNotAllocate) {
  Recording log("\"Trigger On\" = \"UPDATE\"");
  log.graph->set_effect_sink(nullptr);
  log.x(1);
  const std::size_t before = testing_graph::allocations();
  for (int i = 0; i < 100; ++i) {
    log.x(i);
  }
  EXPECT_EQ(testing_graph::allocations(), before);
}

TEST(EventLogController, ShowsHowFarTheStoreIs) {
  Bench bench("[[module]]\ntype = \"Event Log Controller\"\n");
  EXPECT_FALSE(bench.available("Event Log"));
  const auto ok = bench.graph->submit(
      graph::Command::effect_result("Event Log Controller", {0, true, 17.0}), Principal::local());
  ASSERT_TRUE(ok);
  bench.x(1);
  EXPECT_EQ(bench.value("Event Log"), 17.0);
}

}  // namespace
}  // namespace halfcycle::modules
