// SPDX-License-Identifier: Apache-2.0
#include "recorder/writer.hpp"

#include <sqlite3.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace halfcycle::recorder {
namespace {

// Small blocks are merged sixteen at a time until they have this many rows: a log of a row a minute
// must not become a block a row, and a fast one need not be written twice.
constexpr std::size_t kMergeCount = 16;
constexpr std::uint32_t kMergedRows = 64;

// Blocks removed in one commit to get below the limit, so that no commit takes long.
constexpr int kRemovedAtOnce = 256;

std::int64_t ns_or(const std::optional<Instant>& instant) { return instant->unix_ns(); }

void bind_instant(Statement& statement, int index, const std::optional<Instant>& instant) {
  if (instant) {
    statement.bind(index, ns_or(instant));
  } else {
    statement.bind_null(index);
  }
}

}  // namespace

std::uint32_t register_checksum(std::uint64_t sequence, std::int64_t labels,
                                std::span<const std::byte> data) {
  std::array<unsigned char, 16> head{};
  std::memcpy(head.data(), &sequence, 8);
  std::memcpy(head.data() + 8, &labels, 8);
  const uLong crc = crc32(0, head.data(), static_cast<uInt>(head.size()));
  return static_cast<std::uint32_t>(crc32(crc, reinterpret_cast<const unsigned char*>(data.data()),
                                          static_cast<uInt>(data.size())));
}

std::uint64_t Batch::bytes() const {
  std::uint64_t sum = 0;
  for (const PendingBlock& pending : blocks) {
    sum += pending.block.data.size() + pending.block.summary.size() + sizeof(PendingBlock);
  }
  for (const PendingWaveform& pending : waveforms) {
    sum += pending.data.size() + pending.rms.size() + sizeof(PendingWaveform);
  }
  return sum + events.size() * 2 * sizeof(StoredEvent) +
         disturbances.size() * sizeof(StoredDisturbance);
}

void put_register(double slot, Instant time, Marks marks, std::span<std::byte> out) {
  const std::int64_t ns = time.unix_ns();
  std::memcpy(out.data(), &slot, 8);
  std::memcpy(out.data() + 8, &ns, 8);
  out[16] = static_cast<std::byte>(pack_marks(marks));
}

RetainedRegister get_register(std::string label, std::span<const std::byte> data) {
  RetainedRegister out;
  std::int64_t ns = 0;
  out.label = std::move(label);
  std::memcpy(&out.slot, data.data(), 8);
  std::memcpy(&ns, data.data() + 8, 8);
  out.time = Instant::from_unix_ns(ns);
  out.marks = unpack_marks(static_cast<std::uint8_t>(data[16]));
  return out;
}

tl::expected<std::unique_ptr<Writer>, OpenError> Writer::open(const std::string& path,
                                                              const std::string& vfs) {
  std::unique_ptr<Writer> writer(new Writer(path, vfs));
  if (auto ok = writer->reopen(); !ok) {
    return tl::unexpected(OpenError{ok.error(), says_damaged(ok.error())});
  }
  return writer;
}

Result<void> Writer::reopen() {
  sql_ = Statements{};
  database_ = Database{};
  const Result<void> done = connect();
  if (!done) {
    // Half a connection is none: the next commit begins here again.
    error_number_ = database_ ? database_.error_number() : SQLITE_CANTOPEN;
    sql_ = Statements{};
    database_ = Database{};
  }
  return done;
}

Result<void> Writer::connect() {
  auto database = Database::open(path_, Database::Mode::ReadWrite, vfs_);
  if (!database) {
    return fail(database.error());
  }
  database_ = *std::move(database);
  if (auto ok = configure_writer(database_); !ok) {
    return ok;
  }
  const auto version = bring_up_to_date(database_);
  if (!version) {
    return fail(version.error());
  }
  found_version_ = *version;
  if (auto ok = prepare(); !ok) {
    return ok;
  }
  return read_state();
}

Result<void> Writer::prepare() {
  const std::array<std::pair<Statement*, const char*>, 17> all{
      {{&sql_.add_meter, "INSERT INTO meters VALUES(?, ?)"},
       {&sql_.add_log, "INSERT OR REPLACE INTO logs VALUES(?, ?, ?, ?, ?, ?, ?, ?)"},
       {&sql_.change_log, "UPDATE logs SET dropped = ? WHERE id = ?"},
       {&sql_.add_block,
        "INSERT INTO blocks(log, first, last, rows, gaps, summary, data, marks) VALUES(?, ?, ?, "
        "?, ?, ?, ?, ?) RETURNING id"},
       {&sql_.replace_block,
        "UPDATE blocks SET first = ?, last = ?, rows = ?, gaps = ?, summary = ?, data = ?, marks = "
        "? WHERE id = ?"},
       {&sql_.remove_block, "DELETE FROM blocks WHERE id = ?"},
       {&sql_.block_data, "SELECT data FROM blocks WHERE id = ?"},
       {&sql_.oldest_block,
        "SELECT id, rows FROM blocks INDEXED BY blocks_by_log WHERE log = ? ORDER BY id LIMIT 1"},
       {&sql_.oldest_log,
        "SELECT l.id FROM blocks b JOIN logs l ON l.id = b.log WHERE l.stop_when_full = ? ORDER BY "
        "b.id LIMIT 1"},
       {&sql_.add_event, "INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
       {&sql_.trim_events,
        "DELETE FROM events WHERE meter = ?1 AND sequence <= (SELECT sequence FROM events WHERE "
        "meter = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)"},
       {&sql_.add_disturbance,
        "INSERT INTO disturbances VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?)"},
       {&sql_.add_waveform, "INSERT OR REPLACE INTO waveforms VALUES(?, ?, ?, ?, ?, ?, ?, ?)"},
       {&sql_.add_labels, "INSERT INTO register_sets(labels) VALUES(?) RETURNING id"},
       {&sql_.write_registers, "INSERT OR REPLACE INTO registers VALUES(?, ?, ?, ?, ?, ?, ?)"},
       {&sql_.clear_setup, "DELETE FROM setup WHERE meter = ?"},
       {&sql_.add_setup, "INSERT INTO setup VALUES(?, ?, ?, ?)"}}};
  for (const auto& [statement, text] : all) {
    auto prepared = database_.prepare(text);
    if (!prepared) {
      return fail(prepared.error());
    }
    *statement = *std::move(prepared);
  }
  return {};
}

// Everything that is known of the file. Logs that are already known keep their place.
Result<void> Writer::read_state() {
  stale_ = false;
  meters_.clear();
  label_sets_.clear();
  sequences_.clear();
  event_count_.clear();
  std::map<std::int64_t, std::string> names;
  const auto each = [&](const char* sql, const auto& use) -> Result<void> {
    auto statement = database_.prepare(sql);
    if (!statement) {
      return fail(statement.error());
    }
    for (;;) {
      const auto row = statement->step();
      if (!row) {
        return fail(row.error());
      }
      if (!*row) {
        return {};
      }
      use(*statement);
    }
  };
  std::map<std::int64_t, std::size_t> known;
  for (std::size_t l = 0; l < logs_.size(); ++l) {
    logs_[l].saved = false;
    known[logs_[l].id] = l;
  }
  const auto add_log = [&](const Statement& row) {
    const std::int64_t id = row.integer(0);
    next_log_ = std::max(next_log_, id + 1);
    const auto old = known.find(id);
    if (old != known.end()) {
      logs_[old->second].saved_dropped = static_cast<std::uint64_t>(row.integer(6));
      return;
    }
    LogState log;
    log.id = id;
    log.saved = true;
    log.definition = {names[row.integer(1)],      row.text(2),
                      parse_columns(row.text(3)), static_cast<std::uint64_t>(row.integer(4)),
                      row.integer(5) != 0,        Duration::ns(row.integer(7))};
    log.dropped = log.saved_dropped = static_cast<std::uint64_t>(row.integer(6));
    const auto key = std::pair(log.definition.meter, log.definition.name);
    if (const auto older = by_name_.find(key); older != by_name_.end()) {
      log.older = older->second;
    }
    by_name_[key] = logs_.size();
    logs_.push_back(std::move(log));
  };
  Result<void> ok = each("SELECT id, name FROM meters", [&](const Statement& row) {
    names[row.integer(0)] = row.text(1);
    meters_[row.text(1)] = row.integer(0);
  });
  ok =
      !ok ? ok
          : each(
                "SELECT id, meter, name, columns, depth, stop_when_full, dropped, interval_ns FROM "
                "logs ORDER BY id",
                add_log);
  ok = !ok ? ok : each("SELECT id, labels FROM register_sets", [&](const Statement& row) {
    label_sets_[row.text(1)] = row.integer(0);
  });
  ok = !ok ? ok
           : each("SELECT meter, max(sequence) FROM registers GROUP BY meter",
                  [&](const Statement& row) {
                    sequences_[names[row.integer(0)]] = static_cast<std::uint64_t>(row.integer(1));
                  });
  ok = !ok ? ok
           : each("SELECT meter, count(*) FROM events GROUP BY meter", [&](const Statement& row) {
               event_count_[names[row.integer(0)]] = static_cast<std::uint64_t>(row.integer(1));
             });
  if (!ok) {
    return ok;
  }
  for (LogState& log : logs_) {
    if (auto read = read_log(log); !read) {
      return read;
    }
  }
  const auto event = database_.integer("SELECT max(sequence) FROM events");
  const auto disturbance = database_.integer("SELECT max(id) FROM disturbances");
  const auto used = read_used_bytes();
  if (!event || !disturbance || !used) {
    return fail(!event ? event.error() : !disturbance ? disturbance.error() : used.error());
  }
  committed_event_ = static_cast<std::uint64_t>(*event);
  committed_disturbance_ = static_cast<std::uint64_t>(*disturbance);
  next_event_ = std::max(next_event_, committed_event_ + 1);
  next_disturbance_ = std::max(next_disturbance_, committed_disturbance_ + 1);
  used_bytes_ = *used;
  return {};
}

// Rows of a log, and its newest small blocks.
Result<void> Writer::read_log(LogState& log) {
  auto sum = database_.prepare("SELECT sum(rows) FROM blocks WHERE log = ?");
  auto tail = database_.prepare(
      "SELECT id, rows, first, last FROM blocks INDEXED BY blocks_by_log WHERE log = ? ORDER BY id "
      "DESC LIMIT ?");
  if (!sum || !tail) {
    return fail(!sum ? sum.error() : tail.error());
  }
  sum->bind(1, log.id);
  const auto row = sum->step();
  if (!row) {
    return fail(row.error());
  }
  log.rows = static_cast<std::uint64_t>(sum->integer(0));
  log.tail.clear();
  tail->bind(1, log.id);
  tail->bind(2, static_cast<std::int64_t>(kMergeCount * 3));
  for (;;) {
    const auto next = tail->step();
    if (!next) {
      return fail(next.error());
    }
    if (!*next || tail->integer(1) >= kMergedRows) {
      break;
    }
    log.tail.push_back({tail->integer(0), static_cast<std::uint32_t>(tail->integer(1)),
                        Instant::from_unix_ns(tail->integer(2)),
                        Instant::from_unix_ns(tail->integer(3))});
  }
  std::reverse(log.tail.begin(), log.tail.end());
  return {};
}

std::size_t Writer::define(const LogDefinition& definition) {
  const auto key = std::pair(definition.meter, definition.name);
  const auto found = by_name_.find(key);
  if (found != by_name_.end()) {
    LogState& log = logs_[found->second];
    const bool same_columns =
        columns_text(log.definition.columns) == columns_text(definition.columns);
    if (same_columns) {
      log.saved = log.saved && log.definition.depth == definition.depth &&
                  log.definition.stop_when_full == definition.stop_when_full &&
                  log.definition.interval == definition.interval;
      log.definition = definition;
      return found->second;
    }
  }
  LogState log;
  log.definition = definition;
  log.id = next_log_++;
  if (found != by_name_.end()) {
    log.older = found->second;
  }
  by_name_[key] = logs_.size();
  logs_.push_back(std::move(log));
  return logs_.size() - 1;
}

std::uint64_t Writer::stored_rows(std::size_t log) const {
  std::uint64_t rows = logs_[log].rows;
  for (std::optional<std::size_t> older = logs_[log].older; older; older = logs_[*older].older) {
    rows += logs_[*older].rows;
  }
  return rows;
}

std::uint64_t Writer::stored_rows(std::string_view meter, std::string_view name) const {
  const auto found = by_name_.find(std::pair(std::string(meter), std::string(name)));
  return found == by_name_.end() ? 0 : stored_rows(found->second);
}

Result<void> Writer::commit(std::uint64_t max_bytes, Instant now) {
  if (!database_) {
    if (auto ok = reopen(); !ok) {
      return ok;
    }
  }
  Result<void> begun = stale_ ? read_state() : Result<void>();
  stale_ = !begun;
  begun = !begun ? begun : database_.run("BEGIN IMMEDIATE");
  if (!begun) {
    error_number_ = database_.error_number();
    return begun;
  }
  Result<void> done = write_all(now);
  done = !done ? done : trim_file(max_bytes);
  done = !done ? done : database_.run("COMMIT");
  if (!done) {
    stale_ = true;
    const int number = database_.error_number();
    if (database_.in_transaction()) {
      // If not even this works, the next read_state() says so.
      static_cast<void>(database_.run("ROLLBACK"));
    }
    error_number_ = number;
    return done;
  }
  if (!batch_.events.empty()) {
    committed_event_ = batch_.events.back().sequence;
  }
  if (!batch_.disturbances.empty()) {
    committed_disturbance_ = batch_.disturbances.back().id;
  }
  batch_ = Batch{};
  const auto used = read_used_bytes();
  used_bytes_ = used ? *used : used_bytes_;
  return {};
}

Result<void> Writer::write_all(Instant now) {
  for (LogState& log : logs_) {
    if (auto ok = save_log(log); !ok) {
      return ok;
    }
  }
  std::vector<std::size_t> touched;
  for (const PendingBlock& pending : batch_.blocks) {
    if (auto ok = write_block(pending); !ok) {
      return ok;
    }
    if (touched.empty() || touched.back() != pending.log) {
      touched.push_back(pending.log);
    }
  }
  for (const std::size_t log : touched) {
    if (auto ok = merge_tail(logs_[log]); !ok) {
      return ok;
    }
    if (auto ok = trim_log(log); !ok) {
      return ok;
    }
  }
  for (const StoredEvent& event : batch_.events) {
    if (auto ok = write_event(event); !ok) {
      return ok;
    }
  }
  for (const StoredDisturbance& disturbance : batch_.disturbances) {
    if (auto ok = write_disturbance(disturbance); !ok) {
      return ok;
    }
  }
  for (const PendingWaveform& pending : batch_.waveforms) {
    Statement& add = sql_.add_waveform;
    add.bind(1, pending.disturbance);
    add.bind(2, static_cast<std::int64_t>(pending.part));
    add.bind(3, pending.waveform.start.unix_ns());
    add.bind(4, pending.waveform.rate_hertz);
    std::int64_t inputs = 0;
    for (std::size_t i = 0; i < kInputCount; ++i) {
      inputs |= pending.waveform.inputs.has(static_cast<Input>(i)) ? std::int64_t{1} << i : 0;
    }
    add.bind(5, inputs);
    add.bind(6, static_cast<std::int64_t>(pending.waveform.lanes));
    add.bind(7, pending.data);
    add.bind(8, pending.rms);
    if (auto ok = add.run(); !ok) {
      return ok;
    }
  }
  for (const auto& [meter, registers] : batch_.registers) {
    if (auto ok = write_registers(registers, now); !ok) {
      return ok;
    }
  }
  for (const auto& [meter, setup] : batch_.setups) {
    if (auto ok = write_setup(setup); !ok) {
      return ok;
    }
  }
  return trim_events();
}

Result<std::int64_t> Writer::meter_id(const std::string& meter) {
  const auto found = meters_.find(meter);
  if (found != meters_.end()) {
    return found->second;
  }
  std::int64_t id = 1;
  for (const auto& [name, known] : meters_) {
    id = std::max(id, known + 1);
  }
  sql_.add_meter.bind(1, id);
  sql_.add_meter.bind(2, std::string_view(meter));
  if (auto ok = sql_.add_meter.run(); !ok) {
    return fail(ok.error());
  }
  meters_[meter] = id;
  return id;
}

Result<void> Writer::save_log(LogState& log) {
  if (!log.saved) {
    const auto meter = meter_id(log.definition.meter);
    if (!meter) {
      return fail(meter.error());
    }
    Statement& add = sql_.add_log;
    const std::string columns = columns_text(log.definition.columns);
    add.bind(1, log.id);
    add.bind(2, *meter);
    add.bind(3, std::string_view(log.definition.name));
    add.bind(4, std::string_view(columns));
    add.bind(5, log.definition.depth);
    add.bind(6, log.definition.stop_when_full ? 1 : 0);
    add.bind(7, log.definition.interval.count_ns());
    add.bind(8, log.dropped);
    if (auto ok = add.run(); !ok) {
      return ok;
    }
    log.saved = true;
    log.saved_dropped = log.dropped;
  } else if (log.dropped != log.saved_dropped) {
    sql_.change_log.bind(1, log.dropped);
    sql_.change_log.bind(2, log.id);
    if (auto ok = sql_.change_log.run(); !ok) {
      return ok;
    }
    log.saved_dropped = log.dropped;
  }
  return {};
}

Result<void> Writer::write_block(const PendingBlock& pending) {
  LogState& log = logs_[pending.log];
  Statement& add = sql_.add_block;
  add.bind(1, log.id);
  add.bind(2, pending.block.first.unix_ns());
  add.bind(3, pending.block.last.unix_ns());
  add.bind(4, static_cast<std::int64_t>(pending.block.rows));
  add.bind(5, static_cast<std::int64_t>(pending.block.gaps));
  add.bind(6, pending.block.summary);
  add.bind(7, pending.block.data);
  add.bind(8, static_cast<std::int64_t>(pending.block.marks));
  const auto row = add.step();
  const std::int64_t id = row && *row ? add.integer(0) : 0;
  add.finish();
  if (!row) {
    return fail(row.error());
  }
  log.rows += pending.block.rows;
  if (pending.block.rows < kMergedRows) {
    log.tail.push_back({id, pending.block.rows, pending.block.first, pending.block.last});
  } else {
    log.tail.clear();
  }
  return {};
}

// As in a number system: sixteen blocks of about the same size become one of the next.
Result<void> Writer::merge_tail(LogState& log) {
  const auto level = [](std::size_t rows) {
    int digits = 0;
    for (; rows >= kMergeCount; rows /= kMergeCount) {
      ++digits;
    }
    return digits;
  };
  for (;;) {
    std::size_t same = 0;
    while (same < log.tail.size() &&
           level(log.tail[log.tail.size() - 1 - same].rows) == level(log.tail.back().rows)) {
      ++same;
    }
    if (same < kMergeCount) {
      return {};
    }
    if (auto ok = merge(log, log.tail.size() - same); !ok) {
      return ok;
    }
  }
}

// The blocks of the tail from `first` on become one, or as many as times that go back make.
Result<void> Writer::merge(LogState& log, std::size_t first) {
  struct Target {
    BlockBuilder builder;
    std::int64_t id;
  };
  std::vector<Target> targets;
  std::vector<double> values(log.definition.columns.types.size());
  for (std::size_t t = first; t < log.tail.size(); ++t) {
    sql_.block_data.bind(1, log.tail[t].id);
    const auto row = sql_.block_data.step();
    Result<DecodedBlock> decoded = fail(ErrorCode::InvalidInput, "a block is missing");
    if (row && *row) {
      decoded = decode_block(sql_.block_data.blob(0), log.definition.columns.types, {});
    }
    sql_.block_data.finish();
    if (!row) {
      return fail(row.error());
    }
    if (!decoded) {
      // Damaged: stays as it is, for whoever may read more of it; its neighbours too.
      log.tail.clear();
      return {};
    }
    for (std::size_t r = 0; r < decoded->times.size(); ++r) {
      const bool fits = !targets.empty() && targets.back().builder.last() <= decoded->times[r] &&
                        targets.back().builder.rows() < kMaxBlockRows;
      if (!fits) {
        targets.push_back({BlockBuilder(log.definition.columns.types), log.tail[t].id});
      }
      for (std::size_t c = 0; c < values.size(); ++c) {
        values[c] = decoded->columns[c][r];
      }
      targets.back().builder.add(decoded->times[r], decoded->flags[r], values);
    }
  }
  std::vector<Tail> merged;
  for (Target& target : targets) {
    const EncodedBlock block = target.builder.finish(encoder_);
    Statement& replace = sql_.replace_block;
    replace.bind(1, block.first.unix_ns());
    replace.bind(2, block.last.unix_ns());
    replace.bind(3, static_cast<std::int64_t>(block.rows));
    replace.bind(4, static_cast<std::int64_t>(block.gaps));
    replace.bind(5, block.summary);
    replace.bind(6, block.data);
    replace.bind(7, static_cast<std::int64_t>(block.marks));
    replace.bind(8, target.id);
    if (auto ok = replace.run(); !ok) {
      return ok;
    }
    merged.push_back({target.id, block.rows, block.first, block.last});
  }
  for (std::size_t t = first; t < log.tail.size(); ++t) {
    const bool kept = std::any_of(merged.begin(), merged.end(),
                                  [&](const Tail& m) { return m.id == log.tail[t].id; });
    if (!kept) {
      sql_.remove_block.bind(1, log.tail[t].id);
      if (auto ok = sql_.remove_block.run(); !ok) {
        return ok;
      }
    }
  }
  log.tail.resize(first);
  if (merged.size() == 1 && merged.front().rows < kMergedRows) {
    log.tail.push_back(merged.front());
  } else {
    log.tail.clear();  // large enough, or split by a clock that went back: not merged again
  }
  return {};
}

Result<void> Writer::write_event(const StoredEvent& event) {
  const auto meter = meter_id(event.meter);
  if (!meter) {
    return fail(meter.error());
  }
  Statement& add = sql_.add_event;
  add.bind(1, event.sequence);
  add.bind(2, *meter);
  add.bind(3, event.time.unix_ns());
  add.bind(4, static_cast<std::int64_t>(event.priority));
  add.bind(5, std::string_view(event.module));
  add.bind(6, std::string_view(event.cause));
  add.bind(7, std::string_view(event.cause_value));
  add.bind(8, std::string_view(event.effect));
  add.bind(9, std::string_view(event.effect_value));
  add.bind(10, std::string_view(event.by));
  ++event_count_[event.meter];
  return add.run();
}

Result<void> Writer::write_disturbance(const StoredDisturbance& disturbance) {
  const auto meter = meter_id(disturbance.meter);
  if (!meter) {
    return fail(meter.error());
  }
  const quality::VoltageEvent& event = disturbance.event;
  Statement& add = sql_.add_disturbance;
  add.bind(1, disturbance.id);
  add.bind(2, *meter);
  add.bind(3, quality::name(event.type));
  add.bind(4, event.first_seen.unix_ns());
  bind_instant(add, 5, event.start);
  bind_instant(add, 6, event.end);
  add.bind(7, event.duration_seconds);
  add.bind(8, event.extreme_volts);
  add.bind(9, event.worst_phase);
  add.bind(10, event.threshold_ratio);
  add.bind(11, event.hysteresis_ratio);
  add.bind(12, event.reference_volts);
  add.bind(13, event.line_to_line ? 1 : 0);
  int involved = 0;
  for (int p = 0; p < 3; ++p) {
    const quality::PhaseEvent& phase = event.phases[static_cast<std::size_t>(p)];
    involved |= phase.involved ? 1 << p : 0;
    bind_instant(add, 15 + 3 * p, phase.start);
    bind_instant(add, 16 + 3 * p, phase.end);
    add.bind(17 + 3 * p, phase.extreme_volts);
  }
  add.bind(14, involved);
  return add.run();
}

Result<void> Writer::write_registers(const PendingRegisters& registers, Instant now) {
  const auto meter = meter_id(registers.meter);
  if (!meter) {
    return fail(meter.error());
  }
  auto labels = label_sets_.find(registers.labels);
  if (labels == label_sets_.end()) {
    sql_.add_labels.bind(1, std::string_view(registers.labels));
    const auto row = sql_.add_labels.step();
    const std::int64_t id = row && *row ? sql_.add_labels.integer(0) : 0;
    sql_.add_labels.finish();
    if (!row) {
      return fail(row.error());
    }
    labels = label_sets_.emplace(registers.labels, id).first;
  }
  const std::uint64_t sequence = ++sequences_[registers.meter];
  Statement& write = sql_.write_registers;
  write.bind(1, *meter);
  write.bind(2, static_cast<std::int64_t>(sequence % 2));
  write.bind(3, sequence);
  write.bind(4, now.unix_ns());
  write.bind(5, labels->second);
  write.bind(
      6, static_cast<std::int64_t>(register_checksum(sequence, labels->second, registers.data)));
  write.bind(7, registers.data);
  return write.run();
}

Result<void> Writer::write_setup(const PendingSetup& setup) {
  const auto meter = meter_id(setup.meter);
  if (!meter) {
    return fail(meter.error());
  }
  sql_.clear_setup.bind(1, *meter);
  if (auto ok = sql_.clear_setup.run(); !ok) {
    return ok;
  }
  for (const PendingSetup::Value& value : setup.values) {
    sql_.add_setup.bind(1, *meter);
    sql_.add_setup.bind(2, std::string_view(value.module));
    sql_.add_setup.bind(3, std::string_view(value.name));
    sql_.add_setup.bind(4, std::string_view(value.value));
    if (auto ok = sql_.add_setup.run(); !ok) {
      return ok;
    }
  }
  return {};
}

// Removes whole blocks while Depth rows remain without them; older columns first.
Result<void> Writer::trim_log(std::size_t index) {
  const std::uint64_t depth = logs_[index].definition.depth;
  for (;;) {
    std::size_t oldest = index;
    for (std::optional<std::size_t> older = logs_[index].older; older;
         older = logs_[*older].older) {
      oldest = logs_[*older].rows != 0 ? *older : oldest;
    }
    const std::uint64_t rows = stored_rows(index);
    if (rows <= depth) {
      return {};
    }
    sql_.oldest_block.bind(1, logs_[oldest].id);
    const auto row = sql_.oldest_block.step();
    const bool found = row && *row;
    const auto block_rows = static_cast<std::uint64_t>(found ? sql_.oldest_block.integer(1) : 0);
    sql_.oldest_block.finish();
    if (!row) {
      return fail(row.error());
    }
    if (!found || rows - block_rows < depth) {
      return {};
    }
    const auto removed = remove_oldest(logs_[oldest]);
    if (!removed) {
      return fail(removed.error());
    }
  }
}

Result<std::uint64_t> Writer::remove_oldest(LogState& log) {
  sql_.oldest_block.bind(1, log.id);
  const auto row = sql_.oldest_block.step();
  const bool found = row && *row;
  const std::int64_t id = found ? sql_.oldest_block.integer(0) : 0;
  const auto rows = static_cast<std::uint64_t>(found ? sql_.oldest_block.integer(1) : 0);
  sql_.oldest_block.finish();
  if (!row) {
    return fail(row.error());
  }
  if (!found) {
    return 0;
  }
  sql_.remove_block.bind(1, id);
  if (auto ok = sql_.remove_block.run(); !ok) {
    return fail(ok.error());
  }
  log.rows -= std::min(log.rows, rows);
  if (!log.tail.empty() && log.tail.front().id == id) {
    log.tail.erase(log.tail.begin());
  }
  return rows;
}

Result<void> Writer::trim_events() {
  for (auto& [meter, count] : event_count_) {
    const auto limit = event_depth_.find(meter);
    // A tenth above the depth before the oldest go: not a delete for every event.
    if (limit == event_depth_.end() || count <= limit->second + limit->second / 10) {
      continue;
    }
    const auto id = meter_id(meter);
    if (!id) {
      return fail(id.error());
    }
    sql_.trim_events.bind(1, *id);
    sql_.trim_events.bind(2, limit->second);
    if (auto ok = sql_.trim_events.run(); !ok) {
      return ok;
    }
    count = limit->second;
  }
  return {};
}

Result<std::uint64_t> Writer::read_used_bytes() {
  const auto pages = database_.integer("PRAGMA page_count");
  const auto unused = database_.integer("PRAGMA freelist_count");
  const auto size = database_.integer("PRAGMA page_size");
  if (!pages || !unused || !size) {
    return fail(!pages ? pages.error() : !unused ? unused.error() : size.error());
  }
  return static_cast<std::uint64_t>((*pages - *unused) * *size);
}

Result<void> Writer::trim_file(std::uint64_t max_bytes) {
  auto used = read_used_bytes();
  if (!used || *used <= max_bytes) {
    return used ? Result<void>() : fail(used.error());
  }
  // The oldest rows of circular logs first, whichever log they are in; then waveforms, then the
  // rows of the other logs. Events and registers stay.
  for (int n = 0; n<kRemovedAtOnce&& * used> max_bytes; ++n) {
    auto removed = remove_oldest_rows(false);
    removed = removed && !*removed ? remove_oldest_waveform() : removed;
    removed = removed && !*removed ? remove_oldest_rows(true) : removed;
    if (!removed) {
      return fail(removed.error());
    }
    if (!*removed) {
      break;
    }
    used = read_used_bytes();
    if (!used) {
      return fail(used.error());
    }
  }
  return database_.run(format("PRAGMA incremental_vacuum({})", kRemovedAtOnce));
}

Result<bool> Writer::remove_oldest_rows(bool stopping) {
  sql_.oldest_log.bind(1, stopping ? 1 : 0);
  const auto row = sql_.oldest_log.step();
  const std::int64_t id = row && *row ? sql_.oldest_log.integer(0) : 0;
  sql_.oldest_log.finish();
  if (!row || !*row) {
    return row;
  }
  const auto log = std::find_if(logs_.begin(), logs_.end(),
                                [&](const LogState& state) { return state.id == id; });
  const auto removed = remove_oldest(*log);
  return removed ? Result<bool>(true) : fail(removed.error());
}

Result<bool> Writer::remove_oldest_waveform() {
  const auto oldest = database_.integer("SELECT min(disturbance) FROM waveforms");
  if (!oldest || *oldest == 0) {
    return oldest ? Result<bool>(false) : fail(oldest.error());
  }
  const auto removed =
      database_.run(format("DELETE FROM waveforms WHERE disturbance = {}", *oldest));
  return removed ? Result<bool>(true) : fail(removed.error());
}

}  // namespace halfcycle::recorder
