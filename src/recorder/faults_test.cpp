// SPDX-License-Identifier: Apache-2.0
// Disks that fail, are full, read-only, slow, or lose power: what was acknowledged stays, measuring
// goes on, what is lost is counted.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "recorder/faulty_vfs.hpp"
#include "recorder/recorder_fixture.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::kSecondLog;
using testing_store::only_when_told;
using testing_store::Remembering;
using testing_store::TestMeter;

StoreOptions on(const FaultyVfs& vfs) {
  StoreOptions options = only_when_told();
  options.vfs = vfs.name();
  return options;
}

constexpr int kFlushes = 6;
constexpr int kRowsEach = 20;

// A short life of a store; returns the rows that were acknowledged. X counts the rows, E too.
int live(const Folder& folder, const FaultyVfs& vfs) {
  Remembering log;
  int acknowledged = 0;
  auto store = Store::open(folder.path(), on(vfs), log);
  if (!store) {
    return 0;
  }
  TestMeter meter(kSecondLog);
  auto intake = (*store)->attach("m", *meter.graph, {});
  if (!intake) {
    return 0;
  }
  meter.graph->set_event_sink(intake->get());
  meter.graph->set_effect_sink(intake->get());
  for (int f = 0; f < kFlushes; ++f) {
    for (int i = 0; i < kRowsEach; ++i) {
      meter.frame(f * kRowsEach + i, f * kRowsEach + i + 1);
    }
    if ((*store)->flush()) {
      acknowledged = (f + 1) * kRowsEach;
    }
  }
  (*store)->detach(**intake);
  static_cast<void>((*store)->close());
  return acknowledged;
}

// The rows are those from the first on without a gap, at least `least` of them.
void expect_intact(const Folder& folder, int least, const std::string& what) {
  SCOPED_TRACE(what);
  Remembering log;
  const auto store = Store::open(folder.path(), only_when_told(), log);
  ASSERT_TRUE(store) << store.error().message;
  const std::string check = (*store)->health().check;
  EXPECT_EQ(check.find("damaged"), std::string::npos) << check;
  EXPECT_EQ(log.count(LogLevel::Error), 0U) << log.text();
  TestMeter meter(kSecondLog);
  meter.attach(**store);
  if (least == 0) {
    return;
  }
  const auto rows = (*store)->rows("m", "L", {});
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_GE(rows->time.size(), static_cast<std::size_t>(least));
  for (std::size_t i = 0; i < rows->time.size(); ++i) {
    ASSERT_EQ(rows->values[0][i], static_cast<double>(i));
    ASSERT_EQ(rows->values[1][i], static_cast<double>(i + 1));
  }
  EXPECT_GE(meter.value("E"), least) << "energy went back";
  EXPECT_LE(meter.value("E"), static_cast<double>(rows->time.size()));
}

std::int64_t operations_of_a_life() {
  const Folder folder;
  const FaultyVfs vfs("counting");
  EXPECT_EQ(live(folder, vfs), kFlushes * kRowsEach);
  return vfs.operations();
}

TEST(Faults, APowerCutAtAnyWriteOrSyncLosesNothingThatWasAcknowledged) {
  const std::int64_t all = operations_of_a_life();
  const std::int64_t step = std::max<std::int64_t>(1, all / 60);
  for (std::int64_t n = 1; n <= all; n += step) {
    const Folder folder;
    FaultyVfs vfs("cut");
    vfs.cut_at(n, static_cast<std::uint32_t>(n));
    const int acknowledged = live(folder, vfs);
    EXPECT_TRUE(vfs.is_cut());
    expect_intact(folder, acknowledged, "cut at operation " + std::to_string(n));
  }
}

TEST(Faults, AnErrorThatPassesCostsNothingAtAll) {
  const std::int64_t all = operations_of_a_life();
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_FSYNC}) {
    const std::int64_t step = std::max<std::int64_t>(1, all / 15);
    for (std::int64_t n = 20; n <= all; n += step) {
      const Folder folder;
      FaultyVfs vfs("passing");
      {
        // Made without a fault: an error while the file is created is refused at the start.
        Remembering log;
        EXPECT_TRUE(Store::open(folder.path(), on(vfs), log));
      }
      vfs.fail_at(n, code);
      live(folder, vfs);
      expect_intact(folder, kFlushes * kRowsEach,
                    "error " + std::to_string(code) + " at operation " + std::to_string(n));
    }
  }
}

class RefusingDisk : public testing::TestWithParam<int> {};

TEST_P(RefusingDisk, IsSeenSaidOnceAndMadeUpForWhenItWorksAgain) {
  const Folder folder;
  FaultyVfs vfs("refusing");
  Remembering log;
  const auto store = testing_store::open(folder, log, on(vfs));
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  meter.frame(0, 0);
  ASSERT_TRUE(store->flush());
  vfs.refuse(GetParam());
  for (int f = 0; f < 5; ++f) {
    for (int i = 0; i < 10; ++i) {
      meter.frame(1 + f * 10 + i, 1.0);
    }
    EXPECT_FALSE(store->flush());
    EXPECT_FALSE(store->health().writable);
    EXPECT_NE(store->health().message.find(folder.path()), std::string::npos);
    EXPECT_GT(store->health().pending_bytes, 0U);
  }
  EXPECT_EQ(log.count(LogLevel::Error), 1U) << log.text();
  EXPECT_EQ(store->rows("m", "L", {}).value().time.size(), 1U) << "still readable";
  vfs.refuse(0);
  ASSERT_TRUE(store->flush());
  EXPECT_TRUE(store->health().writable);
  EXPECT_TRUE(store->health().message.empty());
  EXPECT_NE(log.text().find("stored again"), std::string::npos);
  const LogRows rows = store->rows("m", "L", {}).value();
  ASSERT_EQ(rows.time.size(), 51U);
  for (std::size_t i = 0; i < rows.time.size(); ++i) {
    EXPECT_EQ(rows.values[0][i], static_cast<double>(i));
    EXPECT_FALSE(rows.gap_before[i]);
  }
  EXPECT_EQ(store->health().dropped_records, 0U);
}
INSTANTIATE_TEST_SUITE_P(Faults, RefusingDisk,
                         testing::Values(SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_WRITE));

TEST(Faults, WhatMemoryCannotHoldIsCountedAndLeavesAGap) {
  const Folder folder;
  FaultyVfs vfs("refusing");
  Remembering log;
  StoreOptions options = on(vfs);
  options.max_pending_bytes = 20000;
  const auto store = testing_store::open(folder, log, options);
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  meter.frame(0, 0);
  ASSERT_TRUE(store->flush());
  vfs.refuse(SQLITE_FULL);
  constexpr int kRows = 4000;
  for (int i = 1; i <= kRows; ++i) {
    meter.frame(i, 1.0);
    if (i % 20 == 0) {
      EXPECT_FALSE(store->flush());
    }
  }
  EXPECT_LT(store->health().pending_bytes, 40000U);
  vfs.refuse(0);
  ASSERT_TRUE(store->flush());
  meter.frame(kRows + 1, 1.0);
  ASSERT_TRUE(store->flush());
  const LogRows rows = store->rows("m", "L", {}).value();
  const LogInfo info = store->logs("m").value().front();
  EXPECT_GT(info.dropped_rows, 0U);
  EXPECT_EQ(rows.time.size() + info.dropped_rows, kRows + 2U);
  EXPECT_EQ(store->health().dropped_records, info.dropped_rows);
  EXPECT_EQ(rows.values[0].back(), kRows + 1);
  EXPECT_TRUE(rows.gap_before.back());
  for (std::size_t i = 0; i + 1 < rows.time.size(); ++i) {
    EXPECT_EQ(rows.values[0][i], static_cast<double>(i));
  }
}

TEST(Faults, ADiskThatStandsStillDoesNotHoldUpMeasuring) {
  const Folder folder;
  FaultyVfs vfs("slow");
  Remembering log;
  StoreOptions options;
  options.commit_interval = Duration::ms(5);
  options.vfs = vfs.name();
  const auto store = testing_store::open(folder, log, options);
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  meter.frame(0, 0);
  ASSERT_TRUE(store->flush());
  vfs.close_gate(true);
  // More than the ring holds; frame() would hang here if it waited for the disk.
  constexpr int kRows = 20000;
  for (int i = 1; i <= kRows; ++i) {
    meter.frame(i, 1.0);
  }
  vfs.close_gate(false);
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(store->flush());
  const LogRows rows = store->rows("m", "L", {}).value();
  const LogInfo info = store->logs("m").value().front();
  EXPECT_EQ(rows.time.size() + info.dropped_rows, kRows + 1U);
  EXPECT_GT(info.dropped_rows, 0U);
  EXPECT_EQ(store->health().dropped_records, info.dropped_rows);
}

// A file system of 700 kB in memory; needs root.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& folder) : folder_(folder) {
    mounted_ = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=700k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) {
      ::umount2(folder_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string folder_;
  bool mounted_ = false;
};

TEST(Faults, ARealFullFileSystemIsSurvived) {
  const Folder folder;
  const SmallDisk disk(folder.path());
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small file system needs the right to mount (root)";
  }
  const std::string ballast = folder.path() + "/ballast";
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  meter.frame(0, 1.0);
  ASSERT_TRUE(store->flush());
  {
    std::ofstream out(ballast, std::ios::binary);
    const std::string chunk(4096, 'x');
    while (out.write(chunk.data(), static_cast<std::streamsize>(chunk.size())).flush()) {
    }
  }
  int refused = 0;
  int rows = 1;
  for (; rows < 20000 && refused < 3; ++rows) {
    meter.frame(rows, rows + 1.0);
    if (rows % 50 == 0) {
      refused += store->flush() ? 0 : 1;
    }
  }
  ASSERT_EQ(refused, 3) << "the disk never got full";
  EXPECT_FALSE(store->health().writable);
  EXPECT_NE(store->health().message.find("full"), std::string::npos) << store->health().message;
  EXPECT_EQ(log.count(LogLevel::Error), 1U);
  ASSERT_EQ(::unlink(ballast.c_str()), 0);
  ASSERT_TRUE(store->flush());
  EXPECT_TRUE(store->health().writable);
  const LogRows all = store->rows("m", "L", {}).value();
  ASSERT_EQ(all.time.size(), static_cast<std::size_t>(rows));
  EXPECT_EQ(all.values[0].back(), rows - 1);
}

}  // namespace
}  // namespace halfcycle::recorder
