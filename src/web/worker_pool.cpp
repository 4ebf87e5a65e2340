// SPDX-License-Identifier: Apache-2.0
#include "web/worker_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <utility>

namespace halfcycle::web {

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_waiting)
    : idle_(threads), max_waiting_(max_waiting) {
  // Signals of the process belong to the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool WorkerPool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= max_waiting_ + idle_) {
      return false;
    }
    waiting_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void WorkerPool::run() {
  constexpr int kLowPriority = 10;
  setpriority(PRIO_PROCESS, 0, kLowPriority);  // Linux: of this thread
  pthread_setname_np(pthread_self(), "web worker");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) {
      return;
    }
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    --idle_;
    lock.unlock();
    task();
    lock.lock();
    ++idle_;
  }
}

}  // namespace halfcycle::web
