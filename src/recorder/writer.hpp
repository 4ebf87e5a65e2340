// SPDX-License-Identifier: Apache-2.0
// What the storage thread writes: one transaction for everything that has come together. Keeps in
// memory what the next transaction needs to know of the file (numbers, rows of each log); after a
// failed one it reads that again.
//
//   auto log = writer.define(definition);                // known at once, on disk with the next
//   writer.batch().blocks.push_back({log, block});       //   commit
//   if (auto done = writer.commit(); !done) …            // the batch is as it was; try again
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "recorder/column_block.hpp"
#include "recorder/history.hpp"
#include "recorder/schema.hpp"
#include "recorder/sqlite.hpp"

namespace halfcycle::recorder {

struct LogDefinition {
  std::string meter;
  std::string name;
  StoredColumns columns;
  std::uint64_t depth = 0;
  bool stop_when_full = false;
  Duration interval;  ///< expected between rows; zero: none
};

struct PendingBlock {
  std::size_t log = 0;  ///< as define() named it
  EncodedBlock block;
};
struct PendingWaveform {
  std::uint64_t disturbance = 0;
  unsigned part = 0;
  StoredWaveform waveform;  ///< without frames and ½-cycle values
  std::vector<std::byte> data, rms;
};
struct PendingRegisters {
  std::string meter;
  std::string labels;  ///< a line each
  std::vector<std::byte> data;
};
struct PendingSetup {
  struct Value {
    std::string module, name, value;
  };
  std::string meter;
  std::vector<Value> values;  ///< all that differ from the template
};

struct Batch {
  std::vector<PendingBlock> blocks;
  std::vector<StoredEvent> events;  ///< numbered already
  std::vector<StoredDisturbance> disturbances;
  std::vector<PendingWaveform> waveforms;
  std::map<std::string, PendingRegisters> registers;  ///< the newest of each meter
  std::map<std::string, PendingSetup> setups;
  [[nodiscard]] std::uint64_t bytes() const;
};

struct OpenError {
  Error error;
  bool damaged = false;  ///< the file itself is at fault
};

class Writer {
 public:
  /// Opens the file, brings its schema up to date. `found_version`: 0 for a new file.
  [[nodiscard]] static tl::expected<std::unique_ptr<Writer>, OpenError> open(
      const std::string& path, const std::string& vfs);
  /// A new connection to the same file, after errors that a connection may keep. The batch stays.
  [[nodiscard]] Result<void> reopen();

  /// The log of this meter and name; made, or changed, or begun anew if its columns are others.
  [[nodiscard]] std::size_t define(const LogDefinition& definition);
  [[nodiscard]] const LogDefinition& definition(std::size_t log) const {
    return logs_[log].definition;
  }
  /// Rows on disk under the log's name, older columns included.
  [[nodiscard]] std::uint64_t stored_rows(std::size_t log) const;
  [[nodiscard]] std::uint64_t stored_rows(std::string_view meter, std::string_view name) const;
  void count_dropped(std::size_t log, std::uint64_t rows) { logs_[log].dropped += rows; }
  void set_event_depth(const std::string& meter, std::uint64_t depth) {
    event_depth_[meter] = depth;
  }

  [[nodiscard]] Batch& batch() { return batch_; }
  [[nodiscard]] std::uint64_t next_event() { return next_event_++; }
  [[nodiscard]] std::uint64_t next_disturbance() { return next_disturbance_++; }
  [[nodiscard]] std::uint64_t latest_event() const { return committed_event_; }
  [[nodiscard]] std::uint64_t latest_disturbance() const { return committed_disturbance_; }

  /// One transaction: the batch, then what retention takes away. The batch is empty afterwards.
  /// On an error nothing of it is in the file and the batch is as it was.
  [[nodiscard]] Result<void> commit(std::uint64_t max_bytes, Instant now);
  /// Bytes in use in the file, as of the latest commit.
  [[nodiscard]] std::uint64_t used_bytes() const { return used_bytes_; }
  [[nodiscard]] int found_version() const { return found_version_; }
  /// SQLite's number of the latest error.
  [[nodiscard]] int error_number() const { return error_number_; }

  [[nodiscard]] Database& database() { return database_; }

 private:
  struct Tail {  // a block at the end of a log that may be merged with its neighbours
    std::int64_t id = 0;
    std::uint32_t rows = 0;
    Instant first, last;
  };
  struct LogState {
    LogDefinition definition;
    std::int64_t id = 0;
    bool saved = false;  // this definition is in the file
    std::uint64_t rows = 0;
    std::uint64_t dropped = 0;
    std::uint64_t saved_dropped = 0;
    std::optional<std::size_t> older;  // the same log with other columns, before
    std::vector<Tail> tail;
  };
  struct Statements {
    Statement add_meter, add_log, change_log, add_block, replace_block, remove_block, block_data,
        oldest_block, oldest_log, add_event, trim_events, add_disturbance, add_waveform, add_labels,
        write_registers, clear_setup, add_setup;
  };

  Writer(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> read_state();
  [[nodiscard]] Result<void> read_log(LogState& log);
  [[nodiscard]] Result<void> write_all(Instant now);
  [[nodiscard]] Result<std::int64_t> meter_id(const std::string& meter);
  [[nodiscard]] Result<void> save_log(LogState& log);
  [[nodiscard]] Result<void> write_block(const PendingBlock& pending);
  [[nodiscard]] Result<void> merge_tail(LogState& log);
  [[nodiscard]] Result<void> merge(LogState& log, std::size_t first);
  [[nodiscard]] Result<void> write_event(const StoredEvent& event);
  [[nodiscard]] Result<void> write_disturbance(const StoredDisturbance& disturbance);
  [[nodiscard]] Result<void> write_registers(const PendingRegisters& registers, Instant now);
  [[nodiscard]] Result<void> write_setup(const PendingSetup& setup);
  [[nodiscard]] Result<void> trim_log(std::size_t log);
  [[nodiscard]] Result<std::uint64_t> remove_oldest(LogState& log);
  [[nodiscard]] Result<bool> remove_oldest_rows(bool stopping);
  [[nodiscard]] Result<bool> remove_oldest_waveform();
  [[nodiscard]] Result<void> trim_events();
  [[nodiscard]] Result<void> trim_file(std::uint64_t max_bytes);
  [[nodiscard]] Result<std::uint64_t> read_used_bytes();

  const std::string path_;
  const std::string vfs_;
  Database database_;
  Statements sql_;
  int found_version_ = 0;
  int error_number_ = 0;
  std::vector<LogState> logs_;
  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  // the newest of each
  std::map<std::string, std::int64_t> meters_;                          // in the file
  std::map<std::string, std::int64_t> label_sets_;                      // in the file
  std::map<std::string, std::uint64_t> sequences_;    // of the registers, per meter
  std::map<std::string, std::uint64_t> event_depth_;  // per meter
  std::map<std::string, std::uint64_t> event_count_;  // per meter, in the file
  Batch batch_;
  std::uint64_t next_event_ = 1;
  std::uint64_t next_disturbance_ = 1;
  std::uint64_t committed_event_ = 0;
  std::uint64_t committed_disturbance_ = 0;
  std::int64_t next_log_ = 1;
  std::uint64_t used_bytes_ = 0;
  bool stale_ = false;  // a transaction failed: what is known of the file may be wrong
  BlockEncoder encoder_;
};

/// Checksum of a register slot: CRC-32 (as in zlib) of sequence, number of the labels and data.
[[nodiscard]] std::uint32_t register_checksum(std::uint64_t sequence, std::int64_t labels,
                                              std::span<const std::byte> data);

/// A register in the data of a slot: value, time, marks; kRegisterBytes each, in order of labels.
inline constexpr std::size_t kRegisterBytes = 17;
struct RetainedRegister {
  std::string label;
  double slot = kNotAvailable;
  Instant time;
  Marks marks;
};
void put_register(double slot, Instant time, Marks marks, std::span<std::byte> out);
[[nodiscard]] RetainedRegister get_register(std::string label, std::span<const std::byte> data);

}  // namespace halfcycle::recorder
