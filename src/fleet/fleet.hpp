// SPDX-License-Identifier: Apache-2.0
// The meters of a process: each on one of the measuring threads, at the pace of its source.
//
//   auto fleet = Fleet::create({.threads = 2}, log);
//   std::vector<Entry> entries;
//   entries.push_back(MeterPlan{.identity = …, .setup = …, .source = …});
//   fleet->apply(std::move(entries));           // starts, keeps and stops meters
//   for (const auto& meter : fleet->meters()) meter->graph().read("kW tot");
//   fleet->stop();
//
// Threads: measuring threads share nothing but the tables that nobody writes. One more thread, the
// attendant, does for them what may take time: it takes waveforms of disturbances out of the rings,
// says in the log what happened to a source, and opens lost sources again.
// apply() and stop() belong to one thread; everything of Directory is for any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "fleet/live_meter.hpp"
#include "meter/meter.hpp"
#include "source/source.hpp"

namespace halfcycle::fleet {

class RunningMeter;

/// How fast samples are taken from a source that does not set its own pace.
struct Pace {
  double speed = 1.0;  ///< against real time; 0: as fast as the meter takes them
  /// The source stands for a converter that goes on whether we keep up or not (a simulated grid in
  /// real time): what is later than FleetSetup::max_lag_seconds is dropped, counted, and a gap.
  /// Else nothing is dropped, it just takes longer.
  bool real_time = false;
};

/// Everything that a meter is started with.
struct MeterPlan {
  MeterIdentity identity;
  meter::MeterSetup setup;  ///< tables and workspace are added here
  std::unique_ptr<source::Source> source;
  Pace pace;
  /// Meters with the same text, started together, read one simulated grid; empty: none do.
  std::string share;
  /// The clock of this machine is off: no value has a valid time.
  bool clock_ok = true;
  /// Opens the source again after it was lost (live sources); empty: it stays lost.
  std::function<Result<std::unique_ptr<source::Source>>()> reopen;
  /// Once a meter of the same id that it replaces has stopped, before the first sample: values from
  /// the store, sinks, observers. What is attached outlives the meter's time on its thread.
  std::function<void(const std::shared_ptr<LiveMeter>&, meter::Meter&)> attach;
  /// The measuring thread has let the meter go; its last values are published.
  std::function<void()> released;
};

/// One place of the new set of meters: a meter that goes on as it is, by its id, or a new one.
using Entry = std::variant<std::string, MeterPlan>;

struct FleetSetup {
  std::size_t threads = 0;            ///< measuring threads; 0: one a core
  double waveform_seconds = 2.0;      ///< samples that each meter keeps (0.5 … 60)
  double max_lag_seconds = 2.0;       ///< of a real-time source before samples are dropped
  double capture_before_cycles = 10;  ///< of samples before a disturbance
  double capture_after_cycles = 10;
  double capture_max_seconds = 3.0;  ///< of a long disturbance: its beginning with what is before
  double capture_end_seconds = 0.5;  ///< of a long disturbance: before its end
  double lost_after_seconds = 1.0;   ///< a live source that delivers nothing is lost then
  double retry_seconds = 2.0;        ///< between attempts to open it again
  /// Memory for waveforms of disturbances until somebody has asked for them; 0: nobody will.
  std::size_t capture_max_bytes = 256U << 20U;
};

class Fleet final : public Directory {
 public:
  /// Errors: InvalidSetup for values outside their range.
  [[nodiscard]] static Result<std::unique_ptr<Fleet>> create(const FleetSetup& setup, Log& log);
  ~Fleet() override;  ///< stops
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Makes the meters of the process these, in this order. First all new meters are made; if one
  /// cannot be, nothing changes. Then those that are not named stop (their last values are
  /// published and stay readable), then the new ones start.
  /// Errors: those of meter::Meter; InvalidSetup for an id or unit id that is there twice, or an id
  /// to keep that is not there.
  [[nodiscard]] Result<void> apply(std::vector<Entry> entries);
  /// Stops all meters; what they had is complete and handed over when it returns.
  void stop();

  [[nodiscard]] std::vector<std::shared_ptr<LiveMeter>> meters() const override;
  [[nodiscard]] std::shared_ptr<LiveMeter> find(std::string_view id) const override;
  [[nodiscard]] std::shared_ptr<LiveMeter> find_unit(std::uint8_t unit_id) const override;
  [[nodiscard]] std::uint64_t generation() const override;

  /// True once no meter will deliver anything more.
  [[nodiscard]] bool all_ended() const;
  /// Rounds of each measuring thread: one that does not grow for seconds hangs. On the thread of
  /// apply().
  [[nodiscard]] std::vector<std::uint64_t> heartbeats() const;
  /// Samples around a disturbance that has ended, from some cycles before it to some after it, in
  /// one; of a long one its beginning and its end. None: not known, or not yet complete. Any
  /// thread, may copy much.
  [[nodiscard]] std::vector<WaveformSnapshot> captured(std::string_view id,
                                                       const quality::VoltageEvent& event) const;
  /// Waveforms of disturbances that had to go before anybody asked, or never came.
  [[nodiscard]] std::uint64_t lost_captures() const;

 private:
  struct State;
  explicit Fleet(std::unique_ptr<State> state);
  void halt(const std::vector<std::shared_ptr<RunningMeter>>& meters);

  std::unique_ptr<State> state_;
};

}  // namespace halfcycle::fleet
