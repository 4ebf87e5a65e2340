// SPDX-License-Identifier: Apache-2.0
// One meter at work: takes samples from its source when they are due, measures them, keeps the
// latest, and shows its state. The measuring thread steps it; everybody else reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/fleet.hpp"
#include "fleet/pacer.hpp"
#include "fleet/rms_ring.hpp"
#include "fleet/spsc_queue.hpp"
#include "fleet/waveform_ring.hpp"
#include "quality/event.hpp"

namespace halfcycle::fleet {

/// The monotonic clock that counts suspended time too, in nanoseconds.
[[nodiscard]] std::int64_t monotonic_ns();

/// Half cycles that a step takes if so many are due. With a thousand meters on a thread each comes
/// late to its turn; its memory is then loaded into the caches once for all of them.
inline constexpr int kMostHalfCyclesAtOnce = 20;

/// Message of a meter that was asked to stop.
inline constexpr std::string_view kStopped = "stopped";

/// A disturbance began or ended.
struct DisturbanceNotice {
  bool ended = false;
  quality::VoltageEvent event;
};

class RunningMeter final : public LiveMeter {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] static Result<std::shared_ptr<RunningMeter>> create(MeterPlan plan,
                                                                    const FleetSetup& setup);
  ~RunningMeter() override;

  // ── Any thread ──────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const MeterIdentity& identity() const override { return identity_; }
  [[nodiscard]] MeterStatus status() const override;
  [[nodiscard]] const graph::Graph& graph() const override { return *graph_; }
  [[nodiscard]] Result<std::uint64_t> submit(const graph::Command& command,
                                             const Principal& by) override;
  [[nodiscard]] std::optional<WaveformSnapshot> waveform(double seconds) const override;

  // ── Before it is given to its thread ────────────────────────────────────────────────────────
  /// Calls what the plan wants done; `self` is this meter.
  void attach(const std::shared_ptr<LiveMeter>& self);
  /// After finish(), on the thread of Fleet::apply().
  void release();
  /// The grid that it shares with others in place of its own source.
  void use(std::unique_ptr<source::Source> source) { source_ = std::move(source); }
  [[nodiscard]] std::unique_ptr<source::Source> give_source() { return std::move(source_); }
  [[nodiscard]] const std::string& share() const { return share_; }
  [[nodiscard]] std::size_t block_frames() const { return block_frames_; }
  /// So much later than it could, so that meters do not burst together.
  void set_phase(std::int64_t phase_ns) { phase_ns_ = phase_ns; }
  /// Samples a second and lane: what it costs its thread.
  [[nodiscard]] double load() const { return load_; }

  // ── The measuring thread ────────────────────────────────────────────────────────────────────
  /// What is due now. Returns when the next step is due on the monotonic clock; kNever: no more.
  [[nodiscard]] std::int64_t step(std::int64_t now_ns);
  /// One piece of what a step left for later; true if there is more to do now.
  [[nodiscard]] bool work() { return has_work_ && (has_work_ = meter_->work()); }
  /// Publishes what is complete and lets go of the sinks, once. `why` becomes the message.
  void finish(std::string_view why);

  // ── The attendant ───────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const WaveformRing& ring() const { return ring_; }
  [[nodiscard]] const RmsRing& rms() const { return rms_; }
  [[nodiscard]] bool next_notice(DisturbanceNotice& notice) { return notices_.pop(notice); }
  /// So many notices are worked off; samples from this position on are still wanted.
  void notices_done(std::uint64_t done, std::uint64_t wanted_from);
  [[nodiscard]] std::uint64_t lost_notices() const { return notices_.lost(); }
  /// The measuring thread waits for the attendant.
  [[nodiscard]] bool held_up() const { return held_up_.load(std::memory_order_acquire); }
  /// Opens a lost source again if it is time, and closes the one that it replaced.
  void try_reopen(std::int64_t now_ns);

 private:
  RunningMeter(MeterPlan plan, const FleetSetup& setup, std::unique_ptr<meter::Meter> meter);

  [[nodiscard]] std::int64_t step_source(std::int64_t now_ns);
  [[nodiscard]] bool has_room();
  void begin_now(std::int64_t now_ns);
  void drop_if_late(std::int64_t now_ns);
  [[nodiscard]] std::int64_t look_for_source(std::int64_t now_ns);
  void measure(SampleBlock block);
  void lose_source(std::string_view why);
  void fail_for_good(std::string_view why);
  void set_state(MeterState state, std::string_view message);
  void publish();

  // For all, constant.
  const MeterIdentity identity_;
  const std::string share_;
  const Pace pace_;
  const bool clock_ok_;
  const double max_lag_seconds_;
  const double lost_after_seconds_;
  const double retry_seconds_;
  const std::size_t block_frames_;
  const double load_;
  const std::unique_ptr<meter::Meter> meter_;
  const graph::Graph* const graph_;
  const std::function<Result<std::unique_ptr<source::Source>>()> reopen_;

  // The thread of Fleet::apply().
  std::function<void(const std::shared_ptr<LiveMeter>&, meter::Meter&)> attach_;
  std::function<void()> released_;

  // The measuring thread.
  std::unique_ptr<source::Source> source_;
  std::optional<SampleBlock> pending_;  // read and not due yet
  Pacer pacer_;
  std::int64_t phase_ns_ = 0;
  bool started_ = false;
  bool finished_ = false;
  bool has_work_ = false;
  bool live_ = false;
  std::optional<std::uint64_t> expected_index_;  // of the source; nothing: it is new
  std::uint64_t next_index_ = 0;                 // of what the meter gets
  bool renumbered_ = false;                      // its indices and times are not the source's
  bool gap_due_ = false;                         // samples were lost before the next block
  TimeMap map_;                                  // where renumbered
  double rate_hertz_ = 0.0;                      // of the latest block
  std::int64_t data_ns_ = 0;                     // when the source delivered last
  metrology::Interval withdrawn_{};              // of a lost source: what is not available by now
  MeterStatus now_;                              // message apart, what is published
  bool message_changed_ = true;

  // Between threads.
  WaveformRing ring_;
  RmsRing rms_;
  SpscQueue<DisturbanceNotice> notices_;
  std::atomic<std::uint64_t> notices_done_{0};
  std::atomic<std::uint64_t> wanted_from_{std::numeric_limits<std::uint64_t>::max()};
  std::atomic<bool> held_up_{false};
  std::atomic<bool> source_wanted_{false};
  std::atomic<source::Source*> reopened_{nullptr};  // owned
  std::atomic<source::Source*> retired_{nullptr};   // owned: to be closed by the attendant
  graph::SnapshotBlock status_;

  // The attendant.
  std::int64_t tried_ns_ = 0;
};

}  // namespace halfcycle::fleet
