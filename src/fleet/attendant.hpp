// SPDX-License-Identifier: Apache-2.0
// The thread that does for the measuring threads what may take time: waveforms of disturbances out
// of the rings, what happened to a source into the log, lost sources opened again.
//
//   Attendant attendant(setup, log);
//   attendant.add(meter);
//   attendant.remove(meter);       // its last disturbances are captured when it returns
//
// Threads: add(), remove() and find() are for any thread but a measuring one; wake() for any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "fleet/disturbance_capture.hpp"
#include "fleet/fleet.hpp"
#include "fleet/running_meter.hpp"

namespace halfcycle::fleet {

class Attendant {
 public:
  Attendant(const FleetSetup& setup, Log& log);
  ~Attendant();
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;

  void add(const std::shared_ptr<RunningMeter>& meter);
  /// After the meter has left its measuring thread. What was captured stays for a while.
  void remove(const std::shared_ptr<RunningMeter>& meter);
  /// A measuring thread waits for disturbances to be worked off.
  void wake();
  [[nodiscard]] std::vector<WaveformSnapshot> find(std::string_view id,
                                                   const quality::VoltageEvent& event) const;
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Charge {
    std::shared_ptr<RunningMeter> meter;
    std::shared_ptr<DisturbanceCapture> capture;
    MeterState state = MeterState::Starting;  // said last
    std::string message;
    std::uint64_t dropped = 0;
    std::int64_t dropping_since_ns = 0;  // 0: nothing is dropped
    std::int64_t dropped_ns = 0;         // when it was seen last
    std::uint64_t dropped_before = 0;
    std::uint64_t lost_notices = 0;
    bool gone = false;
  };

  void run();
  void look_after(Charge& charge, std::int64_t now_ns);
  void report_state(Charge& charge);
  void report_drops(Charge& charge, std::int64_t now_ns);
  void let_go(std::int64_t now_ns);

  const FleetSetup setup_;
  Log& log_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> wanted_{false};

  mutable std::mutex mutex_;  // a round holds it; measuring threads never take it
  std::map<std::string, Charge, std::less<>> charges_;  // guarded by mutex_
  std::mutex sleep_mutex_;
  std::condition_variable changed_;
  bool stop_ = false;   // guarded by sleep_mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace halfcycle::fleet
