// SPDX-License-Identifier: Apache-2.0
// What a start finds: older versions, newer ones, damage, the leftovers of a run that was killed.
#include "recorder/opening.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/format.hpp"
#include "recorder/column_block.hpp"
#include "recorder/recorder_fixture.hpp"
#include "recorder/sqlite.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::kSecondLog;
using testing_store::kStart;
using testing_store::only_when_told;
using testing_store::Remembering;
using testing_store::TestMeter;

void change(const Folder& folder, const std::string& sql) {
  auto database = Database::open(folder.file(), Database::Mode::ReadWrite, "").value();
  const auto ok = database.run(sql);
  ASSERT_TRUE(ok) << ok.error().message;
}

/// A store with 40 rows (X = i, E = 100 + i) in four blocks of ten, two register slots and an
/// event.
void make(const Folder& folder) {
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  for (int i = 0; i < 40; ++i) {
    meter.frame(i, 100 + i);
    if (i % 10 == 9) {
      ASSERT_TRUE(store->flush());
    }
  }
  meter.command(graph::Command::write("Written", 5.0));
  meter.detach();
  ASSERT_TRUE(store->close());
}

TEST(Opening, AFileOfVersion1IsBroughtUpToDateWithEveryRow) {
  const Folder folder;
  std::ifstream file(std::string(HC_SOURCE_DIR) + "/src/recorder/store_v1.sql");
  std::stringstream sql;
  sql << file.rdbuf();
  ASSERT_FALSE(sql.str().empty());
  change(folder, sql.str());
  // A dip with its samples, as version 1 and 2 kept it.
  const std::vector<float> frames{1.5F, 0, 0, 0, 0, 0, 0, 0, -2.5F, 0, 0, 0, 0, 0, 0, 0};
  InputMask inputs;
  inputs.add(Input::V1);
  BlockEncoder encoder;
  std::string blob;
  for (const std::byte byte : encode_waveform(frames, 8, inputs, encoder)) {
    blob += format("{:02x}", static_cast<unsigned>(byte));
  }
  change(
      folder,
      "INSERT INTO disturbances(id, meter, type, first_seen, worst_phase, threshold, hysteresis, "
      "reference_v, line_to_line, involved) VALUES(5, 1, 'dip', 7, 0, 0.9, 0.02, 230, 0, 1); "
      "INSERT INTO waveforms VALUES(5, 77, 3200, 1, 8, x'" +
          blob + "')");
  Remembering log;
  const auto store = testing_store::open(folder, log, only_when_told());
  EXPECT_NE(store->health().check.find("brought from version 1 to 3"), std::string::npos)
      << store->health().check;
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.value("E"), 139.0);
  EXPECT_EQ(meter.value("Written"), 5.0);
  const LogRows rows = store->rows("m", "L", {}).value();
  ASSERT_EQ(rows.time.size(), 40U);
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(rows.time[i], kStart + Duration::seconds(static_cast<std::int64_t>(i) + 1));
    EXPECT_EQ(rows.values[0][i], static_cast<double>(i));
    EXPECT_EQ(rows.values[1][i], 100.0 + static_cast<double>(i));
  }
  EXPECT_EQ(store->events("m", {}).value().size(), 1U);
  EXPECT_TRUE(store->disturbances("m", {}).value().at(0).has_waveform);
  const auto parts = store->waveforms("m", 5).value();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].start, Instant::from_unix_ns(77));
  EXPECT_EQ(parts[0].frames[8], -2.5F);
  EXPECT_TRUE(parts[0].rms.time.empty());
  // The summaries that the step has made are those of the rows, and rows go on being added.
  meter.now = kStart + Duration::seconds(40);
  for (int i = 40; i < 20000; ++i) {
    meter.frame(i, 100 + i);
    if (i % 1000 == 0) {
      ASSERT_TRUE(store->flush());
    }
  }
  ASSERT_TRUE(store->flush());
  const LogRows few = store->rows("m", "L", {.max_points = 1}).value();
  EXPECT_EQ(few.rows, 20000U);
  EXPECT_EQ(few.low[0][0], 0.0);
  EXPECT_EQ(few.high[1][0], 100.0 + 19999.0);
  EXPECT_TRUE(few.marks[0].complete) << "of the old rows too";
}

TEST(Opening, AFileOfANewerProgramIsRefusedAndLeftAlone) {
  const Folder folder;
  make(folder);
  change(folder, "PRAGMA user_version = 99");
  Remembering log;
  const auto store = Store::open(folder.path(), {}, log);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("version 99"), std::string::npos) << store.error().message;
  change(folder, "PRAGMA user_version = 3");
  EXPECT_EQ(testing_store::open(folder, log)->rows("m", "L", {}).value().time.size(), 40U);
}

TEST(Opening, AnotherProgramsDatabaseIsRefused) {
  const Folder folder;
  change(folder, "CREATE TABLE t(x); PRAGMA user_version = 1");
  Remembering log;
  const auto store = Store::open(folder.path(), {}, log);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("not a store"), std::string::npos) << store.error().message;
}

TEST(Opening, ATornBlockIsSaidLeftOutAndAGap) {
  const Folder folder;
  make(folder);
  change(folder, "UPDATE blocks SET data = substr(data, 1, length(data) - 9) WHERE id = 2");
  Remembering log;
  const auto store = testing_store::open(folder, log);
  EXPECT_NE(store->health().check.find("1 of the newest 4 blocks cannot be read"),
            std::string::npos)
      << store->health().check;
  const LogRows rows = store->rows("m", "L", {}).value();
  ASSERT_EQ(rows.time.size(), 30U);
  EXPECT_EQ(rows.values[0][10], 20.0);
  EXPECT_TRUE(rows.gap_before[10]);
}

TEST(Opening, ADamagedRegisterSlotGivesWayToTheOneBefore) {
  const Folder folder;
  make(folder);
  change(folder,
         "UPDATE registers SET data = zeroblob(length(data)) WHERE sequence = (SELECT "
         "max(sequence) FROM registers)");
  Remembering log;
  const auto store = testing_store::open(folder, log);
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.value("E"), 139.0) << "the row before the last write";
  EXPECT_FALSE(is_available(meter.value("Written")));
}

TEST(Opening, AFileThatIsNoDatabaseIsSetAsideAndMeasuringBeginsAnew) {
  const Folder folder;
  {
    std::ofstream out(folder.file());
    out << std::string(20000, 'x');
  }
  Remembering log;
  const auto store = testing_store::open(folder, log);
  EXPECT_EQ(log.count(LogLevel::Error), 1U) << log.text();
  EXPECT_NE(store->health().check.find("damaged"), std::string::npos);
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    kept += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(kept, 1);
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  meter.frame(1, 1);
  EXPECT_TRUE(store->flush());
}

TEST(Opening, RegistersAreSavedOutOfAFileWhoseRowsAreDamaged) {
  const Folder folder;
  make(folder);
  std::int64_t page = 0;
  {
    auto database = Database::open(folder.file(), Database::Mode::ReadWrite, "").value();
    page = database.integer("SELECT rootpage FROM sqlite_master WHERE name = 'blocks'").value();
  }
  {
    std::fstream out(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp((page - 1) * 8192);
    out << std::string(8192, '\x5A');
  }
  Remembering log;
  const auto store = testing_store::open(folder, log);
  EXPECT_EQ(log.count(LogLevel::Error), 1U) << log.text();
  TestMeter meter(kSecondLog);
  meter.attach(*store);
  EXPECT_EQ(meter.value("E"), 139.0);
  EXPECT_EQ(meter.value("Written"), 5.0);
}

}  // namespace
}  // namespace halfcycle::recorder
