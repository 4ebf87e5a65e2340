// SPDX-License-Identifier: Apache-2.0
// One attached meter on the storage thread: from what its intake holds and what its graph shows to
// what the next transaction writes. Storage thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "recorder/intake.hpp"
#include "recorder/store.hpp"
#include "recorder/writer.hpp"

namespace halfcycle::recorder {

/// A disturbance whose samples are yet to be asked for.
struct AwaitedWaveform {
  std::uint64_t disturbance = 0;
  quality::VoltageEvent event;
  std::chrono::steady_clock::time_point until;
  std::shared_ptr<const WaveformReader> read;
};

class MeterRecording {
 public:
  /// `awaited`: where disturbances are noted whose waveform is to be asked for.
  MeterRecording(std::shared_ptr<Intake> intake, graph::Graph& graph, WaveformReader waveform,
                 Writer& writer, std::vector<AwaitedWaveform>& awaited);

  [[nodiscard]] const Intake& intake() const { return *intake_; }

  /// Empties the rings: rows into the builders, events and disturbances into the writer's batch.
  /// Without room, rows are counted as dropped and go.
  void drain(bool room);
  /// What has come together becomes part of the batch: open blocks, registers, changed setup.
  void close_batch(bool room);
  /// After a commit: tells the Event Log Controller how far the log is.
  void after_commit();

  /// Bytes of rows that are not yet in the batch.
  [[nodiscard]] std::uint64_t open_bytes() const;
  /// Rows and events that were not kept, so far.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_ + intake_->dropped_events(); }

 private:
  struct WaitingRow {
    IntakeRow row;
    std::vector<double> values;
  };
  struct DataRecorder {
    std::uint32_t module = 0;
    std::size_t log = 0;
    StoredColumns columns;
    BlockBuilder builder;
    Instant last = graph::kNoInstant;
    Duration gap;  ///< more than this between rows: some are missing; zero: cannot be told
    std::uint64_t dropped = 0;
    bool gap_next = true;  ///< the first row after a start
    std::size_t most_before = 0;
    std::deque<WaitingRow> before;  ///< rows from before a pulse that may come
  };
  struct RetainedGroup {
    graph::Tick tick = graph::Tick::Event;
    std::uint64_t version = ~0ULL;
    std::vector<std::uint32_t> registers;
    std::vector<bool> sticky;  ///< a measured sum: what is not available now was still counted
    bool known = false;        ///< read at least once
    std::size_t first = 0;     ///< place of its first register in the slot
  };

  void define_recorders();
  void find_retained();
  void take_rows(bool room);
  void take_row(const IntakeRow& row, std::span<const double> values, bool room);
  void add_row(DataRecorder& recorder, const IntakeRow& row, std::span<const double> values,
               bool room);
  void take_events();
  void take_event(std::span<const std::byte> message);
  void take_disturbances();
  void note_dropped();
  void seal(DataRecorder& recorder);
  void count_dropped(DataRecorder& recorder, std::uint64_t rows);
  void put_registers();
  Instant read_registers();
  void put_setup();
  [[nodiscard]] double setup_number(std::uint32_t module, std::size_t setup) const;

  std::shared_ptr<Intake> intake_;
  graph::Graph& graph_;
  std::shared_ptr<const WaveformReader> read_waveform_;  // null: none
  Writer& writer_;
  std::vector<AwaitedWaveform>& awaited_;
  std::vector<DataRecorder> recorders_;
  std::vector<std::int32_t> recorder_of_module_;
  std::vector<RetainedGroup> retained_;
  std::string retained_labels_;
  std::vector<std::byte> retained_data_;
  graph::GroupSnapshot snapshot_;
  BlockEncoder encoder_;
  std::int64_t event_log_ = -1;  // module, or -1
  double cutoff_ = 0.0;
  Instant newest_row_ = graph::kNoInstant;  ///< of this commit
  std::uint64_t newest_event_ = 0;
  std::uint64_t told_event_ = 0;
  std::uint64_t dropped_ = 0;
  bool setup_changed_ = false;
};

}  // namespace halfcycle::recorder
