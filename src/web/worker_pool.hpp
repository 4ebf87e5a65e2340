// SPDX-License-Identifier: Apache-2.0
// A few threads for what would hold up the I/O thread, with a queue that has an end. They run at a
// lower priority than measuring threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace halfcycle::web {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t max_waiting);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False: so many wait already that this one is refused, or the pool has been stopped.
  /// The task does not throw. Any thread.
  [[nodiscard]] bool post(std::function<void()> task);
  /// Waits for the tasks that run; those that wait are dropped.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;  // under mutex_
  bool stopping_ = false;                      // under mutex_
  std::size_t idle_ = 0;                       // under mutex_
  const std::size_t max_waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace halfcycle::web
