// SPDX-License-Identifier: Apache-2.0
#include "recorder/reader.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "recorder/row_collector.hpp"
#include "recorder/schema.hpp"

namespace halfcycle::recorder {
namespace {

std::optional<Instant> instant_at(const Statement& row, int column) {
  if (row.is_null(column)) {
    return std::nullopt;
  }
  return Instant::from_unix_ns(row.integer(column));
}

/// Calls use(row) for every row of a statement whose parameters are bound.
template <class Use>
Result<void> each_row(Statement& statement, const Use& use) {
  for (;;) {
    const auto row = statement.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      statement.finish();
      return {};
    }
    use(statement);
  }
}

Result<std::vector<std::string>> names(Database& database, const char* sql, std::int64_t of) {
  auto statement = database.prepare(sql);
  if (!statement) {
    return fail(statement.error());
  }
  if (of != 0) {
    statement->bind(1, of);
  }
  std::vector<std::string> out;
  if (auto ok = each_row(*statement, [&](const Statement& row) { out.push_back(row.text(0)); });
      !ok) {
    return fail(ok.error());
  }
  return out;
}

std::string did_you_mean_one(std::string_view text, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return did_you_mean(text, views);
}

Result<std::int64_t> find_meter(Database& database, std::string_view meter) {
  auto statement = database.prepare("SELECT id FROM meters WHERE name = ?");
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, meter);
  const auto row = statement->step();
  if (!row) {
    return fail(row.error());
  }
  if (*row) {
    return statement->integer(0);
  }
  const auto known = names(database, "SELECT name FROM meters", 0);
  return fail(ErrorCode::InvalidSetup, "the store knows no meter '{}'.{}", meter,
              known ? did_you_mean_one(meter, *known) : std::string());
}

// A log's rows lie under one number as long as its columns stay the same.
struct Generation {
  std::int64_t id = 0;
  StoredColumns columns;
};

Result<std::vector<Generation>> find_log(Database& database, std::int64_t meter,
                                         std::string_view log) {
  auto statement =
      database.prepare("SELECT id, columns FROM logs WHERE meter = ? AND name = ? ORDER BY id");
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, meter);
  statement->bind(2, log);
  std::vector<Generation> out;
  const auto ok = each_row(*statement, [&](const Statement& row) {
    out.push_back({row.integer(0), parse_columns(row.text(1))});
  });
  if (!ok) {
    return fail(ok.error());
  }
  if (out.empty()) {
    const auto known = names(database, "SELECT DISTINCT name FROM logs WHERE meter = ?", meter);
    return fail(ErrorCode::InvalidSetup, "there is no log '{}'.{}", log,
                known ? did_you_mean_one(log, *known) : std::string());
  }
  return out;
}

// Inputs of a recorder that are not linked have a column without a register.
bool is_linked(const LogColumn& column) { return !column.label.starts_with("(Source "); }

Result<std::vector<LogColumn>> choose_columns(const std::vector<Generation>& generations,
                                              const std::vector<std::string>& wanted) {
  std::vector<LogColumn> newest;
  for (const LogColumn& column : generations.back().columns.columns) {
    if (is_linked(column)) {
      newest.push_back(column);
    }
  }
  if (wanted.empty()) {
    return newest;
  }
  std::vector<LogColumn> all = newest;
  for (const Generation& generation : generations) {
    all.insert(all.end(), generation.columns.columns.begin(), generation.columns.columns.end());
  }
  std::vector<LogColumn> out;
  for (const std::string& label : wanted) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const LogColumn& column) { return column.label == label; });
    if (found == all.end()) {
      std::vector<std::string> labels;
      for (const LogColumn& column : newest) {
        labels.push_back(column.label);
      }
      return fail(ErrorCode::InvalidSetup, "the log has no column '{}'.{}", label,
                  did_you_mean_one(label, labels));
    }
    out.push_back(*found);
  }
  return out;
}

struct Extent {
  std::uint64_t blocks = 0;
  std::uint64_t rows = 0;  // of all blocks that reach into the range
  std::int64_t first = INT64_MAX;
  std::int64_t last = INT64_MIN;
};

// FROM and TO are bound to 2 and 3.
constexpr const char* kInRange = " FROM blocks WHERE log = ?1 AND first < ?3 AND last >= ?2";

Result<void> add_extent(Database& database, std::int64_t log, std::int64_t from, std::int64_t to,
                        Extent& extent) {
  auto statement =
      database.prepare(std::string("SELECT count(*), sum(rows), min(first), max(last)") + kInRange);
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, log);
  statement->bind(2, from);
  statement->bind(3, to);
  return each_row(*statement, [&](const Statement& row) {
    if (row.integer(0) != 0) {
      extent.blocks += static_cast<std::uint64_t>(row.integer(0));
      extent.rows += static_cast<std::uint64_t>(row.integer(1));
      extent.first = std::min(extent.first, row.integer(2));
      extent.last = std::max(extent.last, row.integer(3));
    }
  });
}

Result<void> collect(Database& database, const Generation& generation,
                     const std::vector<LogColumn>& columns, std::int64_t from, std::int64_t to,
                     RowCollector& collector) {
  // The places of the columns in this generation; what it does not have is not available.
  std::vector<std::size_t> wanted;
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto& own = generation.columns.columns;
    const auto found = std::find_if(own.begin(), own.end(), [&](const LogColumn& column) {
      return column.label == columns[k].label;
    });
    if (found != own.end()) {
      wanted.push_back(static_cast<std::size_t>(found - own.begin()));
      places.push_back(k);
    }
  }
  if (wanted.empty()) {
    return {};
  }
  auto blocks = database.prepare(std::string("SELECT id, first, last, rows, gaps, summary, marks") +
                                 kInRange + " ORDER BY first, id");
  auto data = database.prepare("SELECT data FROM blocks WHERE id = ?");
  if (!blocks || !data) {
    return fail(!blocks ? blocks.error() : data.error());
  }
  blocks->bind(1, generation.id);
  blocks->bind(2, from);
  blocks->bind(3, to);
  for (;;) {
    const auto row = blocks->step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return {};
    }
    const Instant first = Instant::from_unix_ns(blocks->integer(1));
    const Instant last = Instant::from_unix_ns(blocks->integer(2));
    // Of a block from before version 3 the marks are in its rows only.
    if (collector.takes_whole(first, last) && !blocks->is_null(6)) {
      const auto summary = read_summary(blocks->blob(5), generation.columns.types, wanted);
      if (!summary.empty()) {
        collector.add_block(first, last, static_cast<std::uint64_t>(blocks->integer(3)),
                            blocks->integer(4) != 0, static_cast<std::uint8_t>(blocks->integer(6)),
                            summary, places);
        continue;
      }
    }
    data->bind(1, blocks->integer(0));
    const auto found = data->step();
    if (!found) {
      return fail(found.error());
    }
    Result<DecodedBlock> decoded = fail(ErrorCode::InvalidInput, "a block is gone");
    if (*found) {
      decoded = decode_block(data->blob(0), generation.columns.types, wanted);
    }
    data->finish();
    if (decoded) {
      collector.add_rows(*decoded, places);
    } else {
      collector.add_damaged();
    }
  }
}

// The conditions that events and disturbances share; `key` is the column that numbers them.
struct Conditions {
  std::string text = " WHERE 1";
  std::vector<std::int64_t> values;
  void add(std::string_view condition, std::int64_t value) {
    text += " AND ";
    text += condition;
    values.push_back(value);
  }
};

Result<Conditions> conditions_of(Database& database, std::string_view meter,
                                 const EventQuery& query, std::string_view key,
                                 std::string_view time) {
  Conditions out;
  if (!meter.empty()) {
    const auto id = find_meter(database, meter);
    if (!id) {
      return fail(id.error());
    }
    out.add("t.meter = ?", *id);
  }
  if (query.from) {
    out.add(format("{} >= ?", time), query.from->unix_ns());
  }
  if (query.to) {
    out.add(format("{} < ?", time), query.to->unix_ns());
  }
  if (query.after_sequence != 0) {
    out.add(format("t.{} > ?", key), static_cast<std::int64_t>(query.after_sequence));
  }
  if (query.before_sequence != 0) {
    out.add(format("t.{} < ?", key), static_cast<std::int64_t>(query.before_sequence));
  }
  return out;
}

void bind_all(Statement& statement, const Conditions& conditions, std::size_t limit) {
  int index = 1;
  for (const std::int64_t value : conditions.values) {
    statement.bind(index++, value);
  }
  statement.bind(index, static_cast<std::int64_t>(std::min<std::size_t>(limit, 1U << 30U)));
}

quality::EventType event_type(std::string_view text) {
  for (const auto type : {quality::EventType::Swell, quality::EventType::Interruption}) {
    if (quality::name(type) == text) {
      return type;
    }
  }
  return quality::EventType::Dip;
}

StoredDisturbance disturbance_of(const Statement& row) {
  StoredDisturbance out;
  out.id = static_cast<std::uint64_t>(row.integer(0));
  out.meter = row.text(1);
  out.has_waveform = row.integer(2) != 0;
  quality::VoltageEvent& event = out.event;
  event.type = event_type(row.text(3));
  event.first_seen = Instant::from_unix_ns(row.integer(4));
  event.start = instant_at(row, 5);
  event.end = instant_at(row, 6);
  event.duration_seconds = row.number(7);
  event.extreme_volts = row.number(8);
  event.worst_phase = static_cast<int>(row.integer(9));
  event.threshold_ratio = row.number(10);
  event.hysteresis_ratio = row.number(11);
  event.reference_volts = row.number(12);
  event.line_to_line = row.integer(13) != 0;
  for (int p = 0; p < 3; ++p) {
    quality::PhaseEvent& phase = event.phases[static_cast<std::size_t>(p)];
    phase.involved = (row.integer(14) >> p & 1) != 0;
    phase.start = instant_at(row, 15 + 3 * p);
    phase.end = instant_at(row, 16 + 3 * p);
    phase.extreme_volts = row.number(17 + 3 * p);
  }
  return out;
}

Result<StoredWaveform> waveform_of(const Statement& row) {
  StoredWaveform out;
  out.start = Instant::from_unix_ns(row.integer(0));
  out.rate_hertz = row.number(1);
  for (std::size_t i = 0; i < kInputCount; ++i) {
    if ((row.integer(2) >> i & 1) != 0) {
      out.inputs.add(static_cast<Input>(i));
    }
  }
  out.lanes = static_cast<std::size_t>(row.integer(3));
  auto frames = decode_waveform(row.blob(4), out.lanes, out.inputs);
  if (!frames) {
    return fail(frames.error());
  }
  out.frames = *std::move(frames);
  if (!row.blob(5).empty()) {
    auto rms = decode_rms(row.blob(5));
    if (!rms) {
      return fail(rms.error());
    }
    out.rms = *std::move(rms);
  }
  return out;
}

}  // namespace

class Reader::Lease {
 public:
  explicit Lease(Reader& reader)
      : reader_(reader), file_(reader.file()), database_(reader.take()) {}
  ~Lease() {
    if (database_) {
      reader_.give_back(*std::move(database_), file_);
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Result<Database>& operator*() { return database_; }

 private:
  Reader& reader_;
  const std::uint64_t file_;
  Result<Database> database_;
};

Result<Database> Reader::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Database database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  return Database::open(path_, Database::Mode::ReadOnly, vfs_);
}

std::uint64_t Reader::file() {
  const std::lock_guard lock(mutex_);
  return file_;
}

void Reader::forget() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
  ++file_;
}

void Reader::give_back(Database database, std::uint64_t file) {
  constexpr std::size_t kKept = 4;
  const std::lock_guard lock(mutex_);
  if (file == file_ && idle_.size() < kKept) {
    idle_.push_back(std::move(database));
  }
}

Result<std::vector<LogInfo>> Reader::logs(std::string_view meter) {
  Lease lease(*this);
  if (!*lease) {
    return fail((*lease).error());
  }
  Database& database = **lease;
  const auto id = find_meter(database, meter);
  if (!id) {
    return fail(id.error());
  }
  auto statement = database.prepare(
      "SELECT l.name, l.columns, l.depth, l.stop_when_full, l.dropped, (SELECT sum(rows) FROM "
      "blocks b WHERE b.log = l.id), (SELECT min(first) FROM blocks b WHERE b.log = l.id), (SELECT "
      "max(last) FROM blocks b WHERE b.log = l.id) FROM logs l WHERE l.meter = ? ORDER BY l.id");
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, *id);
  std::vector<LogInfo> out;
  const auto ok = each_row(*statement, [&](const Statement& row) {
    const std::string name = row.text(0);
    auto at = std::find_if(out.begin(), out.end(),
                           [&](const LogInfo& info) { return info.name == name; });
    if (at == out.end()) {
      out.push_back({});
      at = out.end() - 1;
      at->name = name;
    }
    at->columns.clear();
    for (LogColumn& column : parse_columns(row.text(1)).columns) {
      if (is_linked(column)) {
        at->columns.push_back(std::move(column));
      }
    }
    at->depth = static_cast<std::uint64_t>(row.integer(2));
    at->stop_when_full = row.integer(3) != 0;
    at->dropped_rows += static_cast<std::uint64_t>(row.integer(4));
    at->rows += static_cast<std::uint64_t>(row.integer(5));
    if (const auto first = instant_at(row, 6)) {
      at->first = std::min(at->first.value_or(*first), *first);
    }
    if (const auto last = instant_at(row, 7)) {
      at->last = std::max(at->last.value_or(*last), *last);
    }
  });
  if (!ok) {
    return fail(ok.error());
  }
  return out;
}

Result<LogRows> Reader::rows(std::string_view meter, std::string_view log, const RowQuery& query) {
  Lease lease(*this);
  if (!*lease) {
    return fail((*lease).error());
  }
  Database& database = **lease;
  const auto id = find_meter(database, meter);
  if (!id) {
    return fail(id.error());
  }
  const auto generations = find_log(database, *id, log);
  if (!generations) {
    return fail(generations.error());
  }
  const auto columns = choose_columns(*generations, query.columns);
  if (!columns) {
    return fail(columns.error());
  }
  const std::int64_t from = query.from ? query.from->unix_ns() : INT64_MIN;
  const std::int64_t to = query.to ? query.to->unix_ns() : INT64_MAX;

  // One snapshot for counting and reading.
  if (auto ok = database.run("BEGIN"); !ok) {
    return fail(ok.error());
  }
  Extent extent;
  Result<void> done;
  for (const Generation& generation : *generations) {
    done = !done ? done : add_extent(database, generation.id, from, to, extent);
  }
  const auto span = RowCollector::Span{
      std::max(from, extent.first), to == INT64_MAX ? extent.last : std::min(to - 1, extent.last)};
  RowCollector collector(columns->size(), {from, to}, span, query.max_points, extent.rows,
                         extent.blocks);
  if (done && extent.rows != 0 && !collector.fits()) {
    done =
        fail(ErrorCode::InvalidSetup,
             "the range holds some {} rows of {} columns, too many to give at once; narrow it or "
             "ask for points",
             extent.rows, columns->size());
  }
  for (const Generation& generation : *generations) {
    if (done && extent.rows != 0) {
      done = collect(database, generation, *columns, from, to, collector);
    }
  }
  // Ends the snapshot; there is nothing to lose.
  static_cast<void>(database.run("COMMIT"));
  if (!done) {
    return fail(done.error());
  }
  LogRows out = collector.finish();
  out.columns = *columns;
  return out;
}

Result<std::vector<StoredEvent>> Reader::events(std::string_view meter, const EventQuery& query) {
  Lease lease(*this);
  if (!*lease) {
    return fail((*lease).error());
  }
  Database& database = **lease;
  auto conditions = conditions_of(database, meter, query, "sequence", "t.time");
  if (!conditions) {
    return fail(conditions.error());
  }
  if (query.min_priority != 0) {
    conditions->add("t.priority >= ?", query.min_priority);
  }
  auto statement = database.prepare(
      "SELECT t.sequence, m.name, t.time, t.priority, t.module, t.cause, t.cause_value, t.effect, "
      "t.effect_value, t.who FROM events t JOIN meters m ON m.id = t.meter" +
      conditions->text + " ORDER BY t.sequence DESC LIMIT ?");
  if (!statement) {
    return fail(statement.error());
  }
  bind_all(*statement, *conditions, query.limit);
  std::vector<StoredEvent> out;
  const auto ok = each_row(*statement, [&](const Statement& row) {
    out.push_back({static_cast<std::uint64_t>(row.integer(0)), row.text(1),
                   Instant::from_unix_ns(row.integer(2)), static_cast<std::uint8_t>(row.integer(3)),
                   row.text(4), row.text(5), row.text(6), row.text(7), row.text(8), row.text(9)});
  });
  if (!ok) {
    return fail(ok.error());
  }
  return out;
}

Result<std::vector<StoredDisturbance>> Reader::disturbances(std::string_view meter,
                                                            const EventQuery& query) {
  Lease lease(*this);
  if (!*lease) {
    return fail((*lease).error());
  }
  Database& database = **lease;
  const auto conditions = conditions_of(database, meter, query, "id", "t.first_seen");
  if (!conditions) {
    return fail(conditions.error());
  }
  auto statement = database.prepare(
      "SELECT t.id, m.name, EXISTS(SELECT 1 FROM waveforms w WHERE w.disturbance = t.id), t.type, "
      "t.first_seen, t.start, t.end, t.duration_s, t.extreme_v, t.worst_phase, t.threshold, "
      "t.hysteresis, t.reference_v, t.line_to_line, t.involved, t.start_1, t.end_1, "
      "t.extreme_v_1, t.start_2, t.end_2, t.extreme_v_2, t.start_3, t.end_3, t.extreme_v_3 FROM "
      "disturbances t JOIN meters m ON m.id = t.meter" +
      conditions->text + " ORDER BY t.id DESC LIMIT ?");
  if (!statement) {
    return fail(statement.error());
  }
  bind_all(*statement, *conditions, query.limit);
  std::vector<StoredDisturbance> out;
  const auto ok =
      each_row(*statement, [&](const Statement& row) { out.push_back(disturbance_of(row)); });
  if (!ok) {
    return fail(ok.error());
  }
  return out;
}

Result<std::vector<StoredWaveform>> Reader::waveforms(std::string_view meter,
                                                      std::uint64_t disturbance) {
  Lease lease(*this);
  if (!*lease) {
    return fail((*lease).error());
  }
  Database& database = **lease;
  const auto id = find_meter(database, meter);
  if (!id) {
    return fail(id.error());
  }
  auto statement = database.prepare(
      "SELECT w.start, w.rate_hz, w.inputs, w.lanes, w.data, w.rms FROM waveforms w JOIN "
      "disturbances d ON d.id = w.disturbance WHERE w.disturbance = ? AND d.meter = ? ORDER BY "
      "w.part");
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, disturbance);
  statement->bind(2, *id);
  std::vector<StoredWaveform> out;
  bool damaged = false;
  const auto ok = each_row(*statement, [&](const Statement& row) {
    auto part = waveform_of(row);
    damaged = damaged || !part;
    if (part) {
      part->id = disturbance;
      out.push_back(*std::move(part));
    }
  });
  if (!ok) {
    return fail(ok.error());
  }
  if (damaged) {
    return fail(ErrorCode::Machine, "the waveform of disturbance {} is damaged in the store",
                disturbance);
  }
  if (out.empty()) {
    return fail(ErrorCode::InvalidSetup, "there is no waveform of disturbance {} of meter '{}'",
                disturbance, meter);
  }
  return out;
}

}  // namespace halfcycle::recorder
