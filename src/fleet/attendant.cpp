// SPDX-License-Identifier: Apache-2.0
#include "fleet/attendant.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "base/format.hpp"

namespace halfcycle::fleet {
namespace {

constexpr std::chrono::milliseconds kRound{25};
// A capture that nobody asked for by then is not wanted.
constexpr std::int64_t kKeepNs = 20000000000;
// Drops that are further apart are told one by one.
constexpr std::int64_t kCalmNs = 10000000000;

}  // namespace

Attendant::Attendant(const FleetSetup& setup, Log& log)
    : setup_(setup), log_(log), thread_([this] { run(); }) {}

Attendant::~Attendant() {
  {
    const std::scoped_lock lock(sleep_mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Attendant::add(const std::shared_ptr<RunningMeter>& meter) {
  const std::scoped_lock lock(mutex_);
  Charge charge;
  charge.meter = meter;
  charge.capture = std::make_shared<DisturbanceCapture>(meter, setup_);
  charges_.insert_or_assign(meter->identity().id, std::move(charge));
}

void Attendant::remove(const std::shared_ptr<RunningMeter>& meter) {
  const std::scoped_lock lock(mutex_);
  const auto at = charges_.find(meter->identity().id);
  if (at != charges_.end() && at->second.meter == meter) {
    at->second.capture->finish();
    report_state(at->second);
    at->second.gone = true;
  }
}

void Attendant::wake() {
  // Without the lock: who sleeps just now is late by one round.
  wanted_.store(true, std::memory_order_release);
  changed_.notify_all();
}

std::vector<WaveformSnapshot> Attendant::find(std::string_view id,
                                              const quality::VoltageEvent& event) const {
  std::shared_ptr<DisturbanceCapture> capture;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = charges_.find(id);
    if (at == charges_.end()) {
      return {};
    }
    capture = at->second.capture;
  }
  return capture->find(event);
}

void Attendant::run() {
  pthread_setname_np(pthread_self(), "attendant");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    {
      std::unique_lock lock(sleep_mutex_);
      changed_.wait_for(lock, kRound,
                        [this] { return stop_ || wanted_.load(std::memory_order_acquire); });
      if (stop_) {
        return;
      }
      wanted_.store(false, std::memory_order_release);
    }
    const std::scoped_lock lock(mutex_);
    const std::int64_t now = monotonic_ns();
    for (auto& [id, charge] : charges_) {
      if (!charge.gone) {
        look_after(charge, now);
      }
    }
    let_go(now);
  }
}

void Attendant::look_after(Charge& charge, std::int64_t now_ns) {
  charge.capture->work();
  if (const std::uint64_t lost = charge.meter->lost_notices(); lost > charge.lost_notices) {
    lost_.fetch_add(lost - charge.lost_notices, std::memory_order_relaxed);
    charge.lost_notices = lost;
  }
  charge.meter->try_reopen(now_ns);
  report_state(charge);
  report_drops(charge, now_ns);
}

void Attendant::report_state(Charge& charge) {
  const MeterStatus status = charge.meter->status();
  if (status.state == charge.state && status.message == charge.message) {
    return;
  }
  const std::string area = format("meter {}", charge.meter->identity().id);
  const bool goes_on = charge.state == MeterState::Measuring;
  const bool was_lost = charge.state == MeterState::SourceLost ||
                        (charge.state == MeterState::Starting && !charge.message.empty());
  charge.state = status.state;
  charge.message = status.message;
  switch (status.state) {
    case MeterState::Measuring:
      if (!goes_on) {
        log_.write(LogLevel::Info, area,
                   was_lost ? "the source is back, measuring goes on"
                            : format("measures {}", charge.meter->identity().source_uri));
      }
      if (!status.message.empty()) {
        log_.write(LogLevel::Warning, area, status.message);
      } else if (goes_on) {
        log_.write(LogLevel::Info, area, "nothing is wrong with the samples any more");
      }
      break;
    case MeterState::SourceLost:
      log_.write(LogLevel::Warning, area,
                 format("{}: the source is lost: {}", charge.meter->identity().source_uri,
                        status.message));
      break;
    case MeterState::Ended:
      if (status.message != kStopped) {
        log_.write(LogLevel::Info, area, status.message);
      }
      break;
    case MeterState::Failed:
      log_.write(LogLevel::Error, area, format("measures no more: {}", status.message));
      break;
    case MeterState::Starting:
      break;
  }
}

void Attendant::report_drops(Charge& charge, std::int64_t now_ns) {
  const std::uint64_t dropped = charge.meter->status().dropped_samples;
  if (dropped > charge.dropped) {
    if (charge.dropping_since_ns == 0) {
      charge.dropping_since_ns = now_ns;
      charge.dropped_before = charge.dropped;
      log_.write(LogLevel::Warning, format("meter {}", charge.meter->identity().id),
                 format("cannot keep up: samples are dropped and marked as a gap; give this "
                        "machine fewer meters or a lower sample rate, or look for what else uses "
                        "its processors"));
    }
    charge.dropped = dropped;
    charge.dropped_ns = now_ns;
  } else if (charge.dropping_since_ns != 0 && now_ns - charge.dropped_ns > kCalmNs) {
    log_.write(LogLevel::Info, format("meter {}", charge.meter->identity().id),
               format("keeps up again; {} samples were dropped in {:.1f} s",
                      charge.dropped - charge.dropped_before,
                      static_cast<double>(charge.dropped_ns - charge.dropping_since_ns) * 1e-9));
    charge.dropping_since_ns = 0;
  }
}

void Attendant::let_go(std::int64_t now_ns) {
  std::size_t bytes = 0;
  for (auto& [id, charge] : charges_) {
    while (now_ns - std::min(charge.capture->oldest_ns(), now_ns) > kKeepNs) {
      charge.capture->drop_oldest();
    }
    bytes += charge.capture->bytes();
  }
  while (bytes > setup_.capture_max_bytes) {
    Charge* oldest = nullptr;
    for (auto& [id, charge] : charges_) {
      if (oldest == nullptr || charge.capture->oldest_ns() < oldest->capture->oldest_ns()) {
        oldest = &charge;
      }
    }
    bytes -= oldest->capture->bytes();
    oldest->capture->drop_oldest();
    bytes += oldest->capture->bytes();
    lost_.fetch_add(1, std::memory_order_relaxed);
  }
  std::erase_if(charges_, [](const auto& entry) {
    return entry.second.gone && entry.second.capture->oldest_ns() == RunningMeter::kNever;
  });
}

}  // namespace halfcycle::fleet
