// SPDX-License-Identifier: Apache-2.0
// The durable memory of a process: one SQLite file in one folder for all its meters, one storage
// thread, one transaction every 0.9 s (docs/formats/store.md).
//
//   auto store = Store::open(folder, options, log);               // Result<std::unique_ptr<Store>>
//   // per meter, before its first sample: registers and setup come back, recording begins
//   auto intake = (*store)->attach("feeder-1", meter.graph(), read_waveform);
//   meter.graph().set_event_sink(intake->get());                  // graph events
//   meter.graph().set_effect_sink(intake->get());                 // rows of Data Recorders
//   meter.on_event([&](const quality::VoltageEvent& e) { (*intake)->on_voltage_event(e); });
//   // at the end, once the measuring thread no longer pushes into the meter:
//   (*store)->detach(**intake);                                   // then the graph may go
//   (*store)->close();                                            // the last commit
//
// Threads: open, attach, detach, flush, close and everything of History are for any thread
// but a measuring one. What the intake's owner calls while measuring is in recorder/intake.hpp.
// Losing power or `kill -9` loses what came after the latest commit, at most a second of it, and
// never damages what was committed. While the disk refuses (full, read-only, failing), measuring
// goes on, what comes waits in memory up to max_pending_bytes, then the oldest rows go and are
// counted; health() says so, the log once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "graph/graph.hpp"
#include "recorder/history.hpp"
#include "recorder/intake.hpp"

namespace halfcycle::recorder {

struct StoreOptions {
  /// Of the file. Beyond it the oldest rows of circular logs go, then waveforms, disturbances, the
  /// other logs; events and registers stay.
  std::uint64_t max_bytes = 8ULL << 30U;
  /// What may wait in memory while the disk refuses or is slow.
  std::uint64_t max_pending_bytes = 64ULL << 20U;
  Duration commit_interval = Duration::ms(900);
  /// Name of an SQLite VFS; empty: the machine's. For tests that make the disk fail.
  std::string vfs;
};

/// Samples around a disturbance that has ended, as far as the meter still has them: stretches in
/// order of time, whose `id` does not matter. None: not (or not yet) there; asked again for two
/// seconds. Called on the storage thread, which holds no lock of the store then; a call may still
/// be on its way when detach() returns, so that what it uses must outlive the store.
using WaveformReader = std::function<std::vector<StoredWaveform>(const quality::VoltageEvent&)>;

class Store final : public History {
 public:
  /// Makes the folder if it is not there, takes its lock, opens or creates the file, brings an
  /// older schema up to date and checks what it finds; health().check says the outcome.
  /// Errors: Machine: the folder cannot be written, another process uses it (named by its pid), the
  /// file is of a newer version. A damaged file is set aside (and said), not a reason to stop.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& folder,
                                                           const StoreOptions& options, Log& log);
  ~Store() override;

  /// Brings back what was kept of this meter (registers with Retain::Yes, setup changes; the log
  /// says how much), then begins to record it. Before the graph's first frame. `graph` stays until
  /// detach(); `waveform` may be empty.
  /// Errors: InvalidSetup if a meter of this id is attached already; Machine if what was kept
  /// cannot be read.
  [[nodiscard]] Result<std::shared_ptr<Intake>> attach(std::string_view meter, graph::Graph& graph,
                                                       WaveformReader waveform);
  /// Takes over what the intake still holds and lets go of the graph. The measuring thread must
  /// have stopped calling the intake.
  void detach(Intake& intake);

  /// Everything handed over so far is on disk when it returns without an error.
  [[nodiscard]] Result<void> flush();
  /// The last commit; nothing is recorded afterwards. Called by the destructor, where an error is
  /// only logged.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] Result<std::vector<LogInfo>> logs(std::string_view meter) const override;
  [[nodiscard]] Result<LogRows> rows(std::string_view meter, std::string_view log,
                                     const RowQuery& query) const override;
  [[nodiscard]] Result<std::vector<StoredEvent>> events(std::string_view meter,
                                                        const EventQuery& query) const override;
  [[nodiscard]] std::uint64_t latest_event() const override;
  [[nodiscard]] Result<std::vector<StoredDisturbance>> disturbances(
      std::string_view meter, const EventQuery& query) const override;
  [[nodiscard]] std::uint64_t latest_disturbance() const override;
  [[nodiscard]] Result<std::vector<StoredWaveform>> waveforms(
      std::string_view meter, std::uint64_t disturbance) const override;
  [[nodiscard]] StoreHealth health() const override;

  /// CPU time that the storage thread has used, s.
  [[nodiscard]] double storage_cpu_seconds() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace halfcycle::recorder
