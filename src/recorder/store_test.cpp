// SPDX-License-Identifier: Apache-2.0
#include "recorder/store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "recorder/recorder_fixture.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::kSecondLog;
using testing_store::kStart;
using testing_store::only_when_told;
using testing_store::Remembering;
using testing_store::TestMeter;

void expect_flushed(Store& store) {
  const auto ok = store.flush();
  EXPECT_TRUE(ok) << (ok ? "" : ok.error().message);
}

LogRows all_rows(const Store& store, std::string_view log = "L", std::size_t max_points = 0) {
  auto rows = store.rows("m", log, {.max_points = max_points});
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  return rows ? *rows : LogRows{};
}

TEST(Store, RowsComeBackAsTheyWereRecorded) {
  const Folder folder;
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  for (int i = 0; i < 100; ++i) {
    meter.frame(1.5 * i, 1000.0 + 0.001 * i);
    if (i % 7 == 6) {
      expect_flushed(*store);
    }
  }
  expect_flushed(*store);
  const LogRows rows = all_rows(*store);
  ASSERT_EQ(rows.time.size(), 100U);
  ASSERT_EQ(rows.columns.size(), 2U);
  EXPECT_EQ(rows.columns[0].label, "X");
  EXPECT_EQ(rows.columns[1].unit, Unit::KilowattHour);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(rows.time[i], kStart + Duration::seconds(static_cast<std::int64_t>(i) + 1));
    EXPECT_EQ(rows.values[0][i], 1.5 * static_cast<double>(i));
    EXPECT_EQ(rows.values[1][i], 1000.0 + 0.001 * static_cast<double>(i)) << "exact: an energy";
    EXPECT_FALSE(rows.gap_before[i]);
  }
}

TEST(Store, WhatWasCommittedIsThereAfterAReopening) {
  const Folder folder;
  Remembering log;
  {
    const auto store = testing_store::open(folder, log, only_when_told());
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 10.0);
    meter.frame(2.0, 11.0);
    meter.detach();
    EXPECT_TRUE(store->close());
  }
  const auto store = testing_store::open(folder, log, only_when_told());
  EXPECT_NE(store->health().check.find("2 rows in 1 logs"), std::string::npos)
      << store->health().check;
  EXPECT_EQ(all_rows(*store).values[1], (std::vector<double>{10.0, 11.0}));
}

TEST(Store, RetainedRegistersGoOnWhereTheyWere) {
  const Folder folder;
  Remembering log;
  {
    const auto store = testing_store::open(folder, log, only_when_told());
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 1234.5);
    meter.command(graph::Command::write("Written", 7.25));
    meter.detach();
    EXPECT_TRUE(store->close());
  }
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.value("E"), 1234.5);
  EXPECT_EQ(meter.value("Written"), 7.25);
  EXPECT_EQ(meter.graph->read("E").value().time, kStart + Duration::seconds(1));
  EXPECT_EQ(meter.value("L Data Log"), 1.0);
  EXPECT_NE(log.text().find("meter m: "), std::string::npos);
}

TEST(Store, AnEnergyThatIsNotAvailableAtTheEndIsNotForgotten) {
  const Folder folder;
  Remembering log;
  {
    const auto store = testing_store::open(folder, log, only_when_told());
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 50.0);
    expect_flushed(*store);
    meter.frame(1.0, kNotAvailable);
    meter.detach();
    EXPECT_TRUE(store->close());
  }
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.value("E"), 50.0);
}

TEST(Store, AMeterThatComesBackWithinACommitLosesNothing) {
  const Folder folder;
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  {
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 77.0);
  }
  TestMeter again(kSecondLog);
  again.attach(*store);
  EXPECT_EQ(again.value("E"), 77.0);
}

TEST(Store, ASetupChangeSurvivesARestartAndCausesNoEventThen) {
  const Folder folder;
  Remembering log;
  {
    const auto store = testing_store::open(folder, log, only_when_told());
    TestMeter meter(kSecondLog);
    meter.attach(*store);
    meter.frame(1.0, 1.0);
    meter.command(graph::Command::set_setup("L", "Depth", "500"));
    expect_flushed(*store);
    const auto events = store->events("m", {});
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 1U);
    EXPECT_EQ(events->front().effect, "L Depth");
    EXPECT_EQ(events->front().effect_value, "500");
    EXPECT_EQ(events->front().cause_value, "1e+05");
    EXPECT_EQ(events->front().by, "local (cli)");
    EXPECT_EQ(store->logs("m").value().front().depth, 500U);
  }
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.graph->setup_value("L", "Depth").value(), "500");
  meter.frame(1.0, 1.0);
  expect_flushed(*store);
  EXPECT_EQ(store->events("m", {}).value().size(), 1U);
}

TEST(Store, ASecondProcessOnTheSameFolderIsRefusedWithThePidOfTheFirst) {
  const Folder folder;
  Remembering log;
  const auto store = testing_store::open(folder, log);
  const auto second = Store::open(folder.path(), {}, log);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Machine);
  EXPECT_NE(second.error().message.find(format("process {}", ::getpid())), std::string::npos)
      << second.error().message;
}

TEST(Store, AFileThatIsRemovedWhileItIsInUseIsSaidOnceAndANewOneBegun) {
  const Folder folder;
  Remembering log;
  auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  for (int i = 0; i < 10; ++i) {
    meter.frame(i, 100 + i);
  }
  ASSERT_TRUE(store->flush());
  ASSERT_EQ(store->rows("m", "L", {}).value().rows, 10U);
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(folder.file() + end);
  }
  for (int i = 10; i < 15; ++i) {
    meter.frame(i, 100 + i);
    ASSERT_TRUE(store->flush());
  }
  EXPECT_EQ(log.count(LogLevel::Error), 1U) << log.text();
  EXPECT_NE(log.text().find("removed or replaced while it was in use"), std::string::npos);
  EXPECT_TRUE(store->health().writable);
  EXPECT_EQ(store->rows("m", "L", {}).value().rows, 5U);
  meter.detach();
  ASSERT_TRUE(store->close());
  store.reset();
  // The new file is a whole store: energies go on from it.
  const auto again = testing_store::open(folder, log, only_when_told());
  TestMeter next(kSecondLog);
  next.attach(*again);
  EXPECT_EQ(next.value("E"), 114.0);
}

TEST(Store, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  const Folder folder;
  Remembering log;
  const auto store = Store::open("/proc/nowhere/data", {}, log);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::Machine);
  EXPECT_NE(store.error().message.find("/proc/nowhere/data"), std::string::npos);
}

}  // namespace
}  // namespace halfcycle::recorder
