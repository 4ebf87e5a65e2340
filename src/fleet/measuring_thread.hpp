// SPDX-License-Identifier: Apache-2.0
// A measuring thread: steps its meters when they are due, the one that is due first first.
//
//   MeasuringThread thread("measure 0");
//   thread.add(meter);
//   thread.remove(*meter);       // returns when the thread has let it go
//
// Threads: add() and remove() are for one other thread; heartbeat() for any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fleet/running_meter.hpp"

namespace halfcycle::fleet {

class MeasuringThread {
 public:
  /// `attention` is called where a meter waits for the attendant.
  MeasuringThread(const std::string& name, std::function<void()> attention);
  ~MeasuringThread();  ///< removes what is left
  MeasuringThread(const MeasuringThread&) = delete;
  MeasuringThread& operator=(const MeasuringThread&) = delete;

  void add(std::vector<std::shared_ptr<RunningMeter>> meters);
  /// Those that are on this thread finish and leave it; waits for that.
  void remove(const std::vector<std::shared_ptr<RunningMeter>>& meters);

  /// Load of the meters it has, in samples a second and lane.
  [[nodiscard]] double load() const { return load_; }
  [[nodiscard]] std::uint64_t heartbeat() const { return beats_.load(std::memory_order_relaxed); }

 private:
  struct Place {
    std::int64_t due_ns = 0;
    std::shared_ptr<RunningMeter> meter;
  };

  void run(const std::string& name);
  void take_orders();
  [[nodiscard]] bool work_on_one();

  const std::function<void()> attention_;
  double load_ = 0.0;  // of the thread that adds and removes
  std::atomic<std::uint64_t> beats_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<RunningMeter>> coming_, going_;  // guarded by mutex_
  bool stop_ = false;                                          // guarded by mutex_
  std::uint64_t orders_done_ = 0;                              // guarded by mutex_
  std::uint64_t orders_given_ = 0;                             // guarded by mutex_
  std::atomic<bool> orders_{false};

  std::vector<Place> places_;           // the thread's own: a heap, first due on top
  std::vector<RunningMeter*> working_;  // the same meters, for what is left for later
  std::size_t at_work_ = 0;             // the one that is at it
  std::thread thread_;                  // last: it uses all of the above
};

}  // namespace halfcycle::fleet
