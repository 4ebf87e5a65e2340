// SPDX-License-Identifier: Apache-2.0
#include "recorder/opening.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "modules/data_recorder.hpp"

namespace halfcycle::recorder {
namespace {

namespace fs = std::filesystem;

// Up to this size SQLite's own check of the whole file runs at the start; of a larger one the
// newest blocks are read, which is where an interrupted write would show.
constexpr std::uint64_t kCheckedWhole = 32ULL << 20U;
constexpr int kBlocksRead = 64;

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

std::string bytes_text(std::uint64_t bytes) {
  return bytes < 10U << 20U ? format("{} KiB", bytes >> 10U) : format("{} MiB", bytes >> 20U);
}

struct Newest {
  int read = 0;
  int damaged = 0;
};

Result<Newest> read_newest_blocks(Database& database) {
  auto statement = database.prepare(
      "SELECT b.data, l.columns FROM blocks b JOIN logs l ON l.id = b.log ORDER BY b.id DESC LIMIT "
      "?");
  if (!statement) {
    return fail(statement.error());
  }
  statement->bind(1, kBlocksRead);
  Newest out;
  for (;;) {
    const auto row = statement->step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return out;
    }
    ++out.read;
    out.damaged +=
        decode_block(statement->blob(0), parse_columns(statement->text(1)).types, {}) ? 0 : 1;
  }
}

// Nothing wrong: what there is. Something wrong: an error.
Result<std::string> look_over(Database& database, std::uint64_t bytes) {
  if (bytes <= kCheckedWhole) {
    auto check = database.prepare("PRAGMA quick_check(1)");
    if (!check) {
      return fail(check.error());
    }
    const auto row = check->step();
    if (!row) {
      return fail(row.error());
    }
    if (check->text(0) != "ok") {
      return fail(ErrorCode::InvalidInput, "{}", check->text(0));
    }
  }
  const auto newest = read_newest_blocks(database);
  const auto rows = database.integer("SELECT sum(rows) FROM blocks");
  const auto logs = database.integer("SELECT count(*) FROM logs");
  const auto events = database.integer("SELECT count(*) FROM events");
  const auto last = database.integer("SELECT max(written) FROM registers");
  if (!newest || !rows || !logs || !events || !last) {
    return fail(!newest   ? newest.error()
                : !rows   ? rows.error()
                : !logs   ? logs.error()
                : !events ? events.error()
                          : last.error());
  }
  std::string text = format("{} rows in {} logs, {} events", *rows, *logs, *events);
  if (*last != 0) {
    text += format(", last written {}", to_iso8601(Instant::from_unix_ns(*last)));
  }
  text += bytes <= kCheckedWhole ? "; the whole file was checked"
                                 : format("; the newest {} blocks were checked", newest->read);
  if (newest->damaged != 0) {
    text += format(", {} of the newest {} blocks cannot be read and are left out", newest->damaged,
                   newest->read);
  }
  return text;
}

// The damaged file and what belongs to it, out of the way but not away.
Result<std::string> set_aside(const std::string& path, Instant now) {
  const CivilTime civil = to_civil(now);
  const std::string aside = format("{}.damaged-{:04}{:02}{:02}T{:02}{:02}{:02}", path, civil.year,
                                   civil.month, civil.day, civil.hour, civil.minute, civil.second);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::error_code error;
    if (fs::exists(path + part, error)) {
      fs::rename(path + part, aside + part, error);
    }
    if (error) {
      return fail(ErrorCode::Machine, "{} is damaged and cannot be renamed: {}", path,
                  error.message());
    }
  }
  return aside;
}

// Registers and setup of a damaged file, as far as they can be read, into the new one.
std::size_t save_registers(const std::string& damaged, const std::string& vfs, Writer& writer,
                           Instant now) {
  auto old = Database::open(damaged, Database::Mode::ReadWrite, vfs);
  if (!old) {
    return 0;
  }
  auto meters = old->prepare("SELECT name FROM meters");
  if (!meters) {
    return 0;
  }
  std::vector<std::string> names;
  for (auto row = meters->step(); row && *row; row = meters->step()) {
    names.push_back(meters->text(0));
  }
  std::size_t saved = 0;
  for (const std::string& meter : names) {
    if (const auto retained = read_retained(*old, meter); retained && !retained->empty()) {
      PendingRegisters pending;
      pending.meter = meter;
      pending.data.resize(retained->size() * kRegisterBytes);
      for (std::size_t i = 0; i < retained->size(); ++i) {
        pending.labels += (*retained)[i].label + "\n";
        put_register((*retained)[i].slot, (*retained)[i].time, (*retained)[i].marks,
                     std::span(pending.data).subspan(i * kRegisterBytes));
      }
      saved += retained->size();
      writer.batch().registers[meter] = std::move(pending);
    }
    if (auto setup = read_setup(*old, meter); setup && !setup->empty()) {
      writer.batch().setups[meter] = {meter, *std::move(setup)};
    }
  }
  // A failure now shows again at the first commit of the storage thread.
  static_cast<void>(writer.commit(UINT64_MAX, now));
  return saved;
}

std::vector<RetainedRegister> get_registers(const std::string& labels,
                                            std::span<const std::byte> data) {
  std::vector<RetainedRegister> out;
  const std::vector<std::string_view> names = split(labels, '\n');
  // The last label ends with a line feed too.
  for (std::size_t i = 0; i + 1 < names.size() && (i + 1) * kRegisterBytes <= data.size(); ++i) {
    out.push_back(get_register(std::string(names[i]), data.subspan(i * kRegisterBytes)));
  }
  return out;
}

}  // namespace

Result<Opened> open_file(const std::string& path, const std::string& vfs, Instant now, Log& log) {
  const std::uint64_t journal = size_of(path + "-wal");
  const std::uint64_t bytes = size_of(path);
  Opened out;
  std::string damage;
  {
    auto writer = Writer::open(path, vfs);
    if (!writer && !writer.error().damaged) {
      return fail(writer.error().error);
    }
    if (writer) {
      out.writer = *std::move(writer);
      auto found = look_over(out.writer->database(), bytes);
      if (found) {
        out.check = *std::move(found);
      } else if (found.error().code == ErrorCode::InvalidInput || says_damaged(found.error())) {
        damage = found.error().message;
        out.writer.reset();
      } else {
        return fail(found.error());
      }
    } else {
      damage = writer.error().error.message;
    }
  }
  if (!damage.empty()) {
    const auto aside = set_aside(path, now);
    if (!aside) {
      return fail(aside.error());
    }
    auto writer = Writer::open(path, vfs);
    if (!writer) {
      return fail(writer.error().error);
    }
    out.writer = *std::move(writer);
    const std::size_t saved = save_registers(*aside, vfs, *out.writer, now);
    out.check = format(
        "the file was damaged ({}); it is kept as {}, a new one begun with {} "
        "registers of it",
        damage, *aside, saved);
    log.write(LogLevel::Error, "store",
              out.check + "; look at it with the sqlite3 command (.recover)");
    return out;
  }
  if (bytes == 0) {
    out.check = "a new store";
  } else if (out.writer->found_version() != kSchemaVersion) {
    out.check +=
        format("; brought from version {} to {}", out.writer->found_version(), kSchemaVersion);
  }
  if (journal != 0) {
    out.check += format("; the run before did not close it, {} of its journal were taken over",
                        bytes_text(journal));
  }
  log.write(LogLevel::Info, "store", format("{}: {}", path, out.check));
  return out;
}

Result<std::vector<RetainedRegister>> read_retained(Database& database, std::string_view meter) {
  auto slots = database.prepare(
      "SELECT r.sequence, r.labels, r.checksum, r.data, s.labels FROM registers r JOIN meters m ON "
      "m.id = r.meter JOIN register_sets s ON s.id = r.labels WHERE m.name = ? ORDER BY r.sequence "
      "DESC");
  if (!slots) {
    return fail(slots.error());
  }
  slots->bind(1, meter);
  for (;;) {
    const auto row = slots->step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return std::vector<RetainedRegister>();
    }
    const std::span<const std::byte> data = slots->blob(3);
    const auto sequence = static_cast<std::uint64_t>(slots->integer(0));
    if (static_cast<std::int64_t>(register_checksum(sequence, slots->integer(1), data)) ==
        slots->integer(2)) {
      return get_registers(slots->text(4), data);
    }
  }
}

Result<std::vector<PendingSetup::Value>> read_setup(Database& database, std::string_view meter) {
  auto values = database.prepare(
      "SELECT s.module, s.name, s.value FROM setup s JOIN meters m ON m.id = s.meter WHERE m.name "
      "= ? ORDER BY s.module, s.name");
  if (!values) {
    return fail(values.error());
  }
  values->bind(1, meter);
  std::vector<PendingSetup::Value> out;
  for (;;) {
    const auto row = values->step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return out;
    }
    out.push_back({values->text(0), values->text(1), values->text(2)});
  }
}

Result<void> bring_back(Writer& writer, std::string_view meter, graph::Graph& graph, Log& log) {
  // A meter that was detached a moment ago, or while the disk refuses, is newer in the batch.
  const Batch& batch = writer.batch();
  const auto pending = batch.registers.find(std::string(meter));
  const auto pending_setup = batch.setups.find(std::string(meter));
  const auto retained = pending != batch.registers.end()
                            ? Result<std::vector<RetainedRegister>>(
                                  get_registers(pending->second.labels, pending->second.data))
                            : read_retained(writer.database(), meter);
  const auto setup = pending_setup != batch.setups.end()
                         ? Result<std::vector<PendingSetup::Value>>(pending_setup->second.values)
                         : read_setup(writer.database(), meter);
  if (!retained || !setup) {
    return fail(!retained ? retained.error() : setup.error());
  }
  const std::string area = format("meter {}", meter);
  std::size_t values = 0;
  for (const PendingSetup::Value& value : *setup) {
    if (const auto ok = graph.restore_setup(value.module, value.name, value.value); !ok) {
      log.write(LogLevel::Warning, area,
                format("the setup that was changed before the restart does not fit the template "
                       "any more and is left out: {}",
                       ok.error().message));
    } else {
      ++values;
    }
  }
  std::size_t registers = 0;
  std::size_t unknown = 0;
  Instant newest = graph::kNoInstant;
  const graph::CompiledTemplate& compiled = graph.compiled();
  for (const RetainedRegister& kept : *retained) {
    const auto ref = compiled.find(kept.label);
    if (!ref || ref->element >= 0 ||
        compiled.registers()[ref->index].retain != graph::Retain::Yes) {
      ++unknown;
      continue;
    }
    double slot = kept.slot;
    const graph::RegisterInfo& info = compiled.registers()[ref->index];
    const graph::ModuleInstance& module = compiled.modules()[info.module];
    if (module.type == &modules::kDataRecorder) {
      // What was handed over and not stored is not there to be counted.
      slot = std::min(slot, static_cast<double>(writer.stored_rows(meter, module.label)));
    }
    if (kept.time != graph::kNoInstant) {
      graph.restore(ref->index, slot, kept.time, kept.marks);
      newest = std::max(newest, kept.time);
      ++registers;
    }
  }
  graph.publish_restored();
  if (registers + values != 0) {
    log.write(
        LogLevel::Info, area,
        format("{} registers{} and {} changed setup values are back", registers,
               newest == graph::kNoInstant ? std::string() : format(" of {}", to_iso8601(newest)),
               values));
  }
  if (unknown != 0) {
    log.write(LogLevel::Warning, area,
              format("{} stored registers are not in the template any more; their values are gone "
                     "with the next commit",
                     unknown));
  }
  return {};
}

}  // namespace halfcycle::recorder
