// SPDX-License-Identifier: Apache-2.0
#include "recorder/schema.hpp"

#include <array>

#include "base/text.hpp"

namespace halfcycle::recorder {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE meters(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE);
CREATE TABLE logs(
  id INTEGER PRIMARY KEY,
  meter INTEGER NOT NULL REFERENCES meters(id),
  name TEXT NOT NULL,
  columns TEXT NOT NULL,
  depth INTEGER NOT NULL,
  stop_when_full INTEGER NOT NULL,
  interval_ns INTEGER NOT NULL,
  dropped INTEGER NOT NULL);
CREATE INDEX logs_by_meter ON logs(meter, name);
CREATE TABLE blocks(
  id INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES logs(id),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  gaps INTEGER NOT NULL,
  summary BLOB NOT NULL,
  data BLOB NOT NULL,
  marks INTEGER);
CREATE INDEX blocks_by_time ON blocks(log, first, last, rows);
CREATE INDEX blocks_by_log ON blocks(log);
CREATE TABLE events(
  sequence INTEGER PRIMARY KEY,
  meter INTEGER NOT NULL REFERENCES meters(id),
  time INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  module TEXT NOT NULL,
  cause TEXT NOT NULL,
  cause_value TEXT NOT NULL,
  effect TEXT NOT NULL,
  effect_value TEXT NOT NULL,
  who TEXT NOT NULL);
CREATE INDEX events_by_meter ON events(meter, sequence);
CREATE TABLE disturbances(
  id INTEGER PRIMARY KEY,
  meter INTEGER NOT NULL REFERENCES meters(id),
  type TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  start INTEGER,
  end INTEGER,
  duration_s REAL,
  extreme_v REAL,
  worst_phase INTEGER NOT NULL,
  threshold REAL NOT NULL,
  hysteresis REAL NOT NULL,
  reference_v REAL NOT NULL,
  line_to_line INTEGER NOT NULL,
  involved INTEGER NOT NULL,
  start_1 INTEGER, end_1 INTEGER, extreme_v_1 REAL,
  start_2 INTEGER, end_2 INTEGER, extreme_v_2 REAL,
  start_3 INTEGER, end_3 INTEGER, extreme_v_3 REAL);
CREATE INDEX disturbances_by_meter ON disturbances(meter, id);
CREATE TABLE waveforms(
  disturbance INTEGER NOT NULL REFERENCES disturbances(id),
  part INTEGER NOT NULL,
  start INTEGER NOT NULL,
  rate_hz REAL NOT NULL,
  inputs INTEGER NOT NULL,
  lanes INTEGER NOT NULL,
  data BLOB NOT NULL,
  rms BLOB,
  PRIMARY KEY(disturbance, part));
CREATE TABLE register_sets(
  id INTEGER PRIMARY KEY,
  labels TEXT NOT NULL UNIQUE);
CREATE TABLE registers(
  meter INTEGER NOT NULL REFERENCES meters(id),
  slot INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  written INTEGER NOT NULL,
  labels INTEGER NOT NULL REFERENCES register_sets(id),
  checksum INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY(meter, slot));
CREATE TABLE setup(
  meter INTEGER NOT NULL REFERENCES meters(id),
  module TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(meter, module, name));
)sql";

// Version 1 kept neither the summary of a block nor whether rows are missing in it: every zoom had
// to decode every block. Both follow from the rows.
Result<void> from_1_to_2(Database& database) {
  if (auto ok = database.run("ALTER TABLE blocks RENAME TO blocks_1; DROP INDEX blocks_by_time;");
      !ok) {
    return ok;
  }
  if (auto ok = database.run(R"sql(
CREATE TABLE blocks(
  id INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES logs(id),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  gaps INTEGER NOT NULL,
  summary BLOB NOT NULL,
  data BLOB NOT NULL);
CREATE INDEX blocks_by_time ON blocks(log, first, last, rows);
CREATE INDEX blocks_by_log ON blocks(log);
)sql");
      !ok) {
    return ok;
  }
  auto old = database.prepare(
      "SELECT b.id, b.log, b.data, l.columns FROM blocks_1 b JOIN logs l ON l.id = b.log ORDER BY "
      "b.id");
  auto insert = database.prepare("INSERT INTO blocks VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  if (!old || !insert) {
    return fail(!old ? old.error() : insert.error());
  }
  BlockEncoder encoder;
  for (;;) {
    const auto row = old->step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      break;
    }
    const StoredColumns columns = parse_columns(old->text(3));
    const auto decoded = decode_block(old->blob(2), columns.types, {});
    if (!decoded) {
      continue;  // nobody could read it before either
    }
    BlockBuilder builder(columns.types);
    std::vector<double> values(columns.types.size());
    for (std::size_t r = 0; r < decoded->times.size(); ++r) {
      for (std::size_t c = 0; c < values.size(); ++c) {
        values[c] = decoded->columns[c][r];
      }
      builder.add(decoded->times[r], decoded->flags[r], values);
    }
    const EncodedBlock block = builder.finish(encoder);
    insert->bind(1, old->integer(0));
    insert->bind(2, old->integer(1));
    insert->bind(3, block.first.unix_ns());
    insert->bind(4, block.last.unix_ns());
    insert->bind(5, static_cast<std::int64_t>(block.rows));
    insert->bind(6, static_cast<std::int64_t>(block.gaps));
    insert->bind(7, block.summary);
    insert->bind(8, block.data);
    if (auto ok = insert->run(); !ok) {
      return ok;
    }
  }
  old->finish();
  return database.run("DROP TABLE blocks_1");
}

// Version 2 kept of a long disturbance the beginning only, no ½-cycle values beside the samples,
// and marks in the rows only.
Result<void> from_2_to_3(Database& database) {
  return database.run(R"sql(
ALTER TABLE blocks ADD COLUMN marks INTEGER;
ALTER TABLE waveforms RENAME TO waveforms_2;
CREATE TABLE waveforms(
  disturbance INTEGER NOT NULL REFERENCES disturbances(id),
  part INTEGER NOT NULL,
  start INTEGER NOT NULL,
  rate_hz REAL NOT NULL,
  inputs INTEGER NOT NULL,
  lanes INTEGER NOT NULL,
  data BLOB NOT NULL,
  rms BLOB,
  PRIMARY KEY(disturbance, part));
INSERT INTO waveforms SELECT disturbance, 0, start, rate_hz, inputs, lanes, data, NULL FROM waveforms_2;
DROP TABLE waveforms_2;
)sql");
}

Result<void> create(Database& database) { return database.run(kTables); }

using Step = Result<void> (*)(Database&);

Result<void> in_transaction(Database& database, Step step, int version) {
  if (auto ok = database.run("BEGIN IMMEDIATE"); !ok) {
    return ok;
  }
  Result<void> done = step(database);
  if (done) {
    done = database.run(format("PRAGMA user_version = {}; COMMIT", version));
  }
  if (!done && database.in_transaction()) {
    // The error of the step is the one to tell; a rollback that fails too leaves nothing behind.
    static_cast<void>(database.run("ROLLBACK"));
  }
  return done;
}

}  // namespace

Result<void> configure_writer(Database& database) {
  // WAL with FULL: every commit is synced. The journal's size is cut back after a checkpoint.
  return database.run(
      "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; "
      "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -8192; "
      "PRAGMA temp_store = MEMORY");
}

Result<int> bring_up_to_date(Database& database) {
  // What leads from a version to the next, by the version it starts from.
  constexpr std::array<Step, kSchemaVersion> kSteps{create, from_1_to_2, from_2_to_3};
  const auto found = database.integer("PRAGMA user_version");
  const auto id = database.integer("PRAGMA application_id");
  const auto tables = database.integer("SELECT count(*) FROM sqlite_master");
  if (!found || !id || !tables) {
    return fail(!found ? found.error() : !id ? id.error() : tables.error());
  }
  const auto version = static_cast<int>(*found);
  if (version > kSchemaVersion) {
    return fail(ErrorCode::InvalidInput,
                "the store is of version {}, this program knows up to {}; use the newer program",
                version, kSchemaVersion);
  }
  if (version < 0 || (*tables != 0 && (version == 0 || *id != kApplicationId))) {
    return fail(ErrorCode::InvalidInput, "the file is an SQLite database, but not a store");
  }
  if (version == 0) {
    if (auto ok = database.run(format("PRAGMA application_id = {}", kApplicationId)); !ok) {
      return fail(ok.error());
    }
    if (auto ok = in_transaction(database, create, kSchemaVersion); !ok) {
      return fail(ok.error());
    }
    return 0;
  }
  for (int v = version; v < kSchemaVersion; ++v) {
    if (auto ok = in_transaction(database, kSteps[static_cast<std::size_t>(v)], v + 1); !ok) {
      return fail(ok.error());
    }
  }
  return version;
}

std::string columns_text(const StoredColumns& columns) {
  std::string text;
  for (std::size_t c = 0; c < columns.columns.size(); ++c) {
    text += format("{}\t{}\t{}\n", columns.columns[c].label, info(columns.columns[c].unit).symbol,
                   columns.types[c] == ColumnType::Float32 ? "f" : "d");
  }
  return text;
}

StoredColumns parse_columns(std::string_view text) {
  StoredColumns out;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> parts = split(line, '\t');
    if (parts.size() != 3) {
      continue;
    }
    LogColumn column{std::string(parts[0]), Unit::One};
    // Numbers that name no unit have the symbol of One.
    for (int unit = 1; unit < 256 && column.unit == Unit::One; ++unit) {
      if (info(static_cast<Unit>(unit)).symbol == parts[1]) {
        column.unit = static_cast<Unit>(unit);
      }
    }
    out.columns.push_back(std::move(column));
    out.types.push_back(parts[2] == "d" ? ColumnType::Float64 : ColumnType::Float32);
  }
  return out;
}

}  // namespace halfcycle::recorder
