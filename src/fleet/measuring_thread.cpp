// SPDX-License-Identifier: Apache-2.0
#include "fleet/measuring_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace halfcycle::fleet {
namespace {

// Longest sleep: a hung thread is told from an idle one by its heartbeat.
constexpr std::int64_t kLongestSleepNs = 200000000;

}  // namespace

MeasuringThread::MeasuringThread(const std::string& name, std::function<void()> attention)
    : attention_(std::move(attention)), thread_([this, name] { run(name); }) {}

MeasuringThread::~MeasuringThread() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    orders_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
  thread_.join();
}

void MeasuringThread::add(std::vector<std::shared_ptr<RunningMeter>> meters) {
  {
    const std::scoped_lock lock(mutex_);
    for (auto& meter : meters) {
      load_ += meter->load();
      coming_.push_back(std::move(meter));
    }
    ++orders_given_;
    orders_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void MeasuringThread::remove(const std::vector<std::shared_ptr<RunningMeter>>& meters) {
  std::unique_lock lock(mutex_);
  for (const auto& meter : meters) {
    load_ -= meter->load();
    going_.push_back(meter);
  }
  const std::uint64_t order = ++orders_given_;
  orders_.store(true, std::memory_order_release);
  changed_.notify_all();
  changed_.wait(lock, [&] { return orders_done_ >= order; });
}

void MeasuringThread::take_orders() {
  const auto later = [](const Place& a, const Place& b) { return a.due_ns > b.due_ns; };
  std::vector<std::shared_ptr<RunningMeter>> going;
  std::uint64_t order = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& meter : coming_) {
      places_.push_back({0, std::move(meter)});
    }
    coming_.clear();
    going.swap(going_);
    order = orders_given_;
    orders_.store(false, std::memory_order_release);
  }
  for (const auto& meter : going) {
    meter->finish(kStopped);
    std::erase_if(places_, [&](const Place& place) { return place.meter == meter; });
  }
  going.clear();
  working_.clear();
  at_work_ = 0;
  for (const Place& place : places_) {
    working_.push_back(place.meter.get());
  }
  std::make_heap(places_.begin(), places_.end(), later);
  {
    const std::scoped_lock lock(mutex_);
    orders_done_ = order;
  }
  changed_.notify_all();
}

// Deferred work of one meter until it is through: those of a thread share their workspace.
bool MeasuringThread::work_on_one() {
  for (std::size_t tried = 0; tried < working_.size(); ++tried) {
    if (working_[at_work_]->work()) {
      return true;
    }
    at_work_ = (at_work_ + 1) % working_.size();
  }
  return false;
}

void MeasuringThread::run(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);

  const auto later = [](const Place& a, const Place& b) { return a.due_ns > b.due_ns; };
  for (;;) {
    beats_.fetch_add(1, std::memory_order_relaxed);
    if (orders_.load(std::memory_order_acquire)) {
      bool stop = false;
      {
        const std::scoped_lock lock(mutex_);
        stop = stop_;
      }
      take_orders();
      if (stop) {
        break;
      }
    }
    std::int64_t now = monotonic_ns();
    std::int64_t due = places_.empty() ? RunningMeter::kNever : places_.front().due_ns;
    if (due <= now) {
      std::pop_heap(places_.begin(), places_.end(), later);
      Place& place = places_.back();
      place.due_ns = place.meter->step(now);
      if (place.meter->held_up()) {
        attention_();
      }
      std::push_heap(places_.begin(), places_.end(), later);
      continue;
    }
    if (work_on_one()) {
      continue;
    }
    const std::int64_t sleep = std::min(due - now, kLongestSleepNs);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(sleep),
                      [this] { return orders_.load(std::memory_order_relaxed); });
  }
  for (const Place& place : places_) {
    place.meter->finish(kStopped);
  }
  places_.clear();
}

}  // namespace halfcycle::fleet
