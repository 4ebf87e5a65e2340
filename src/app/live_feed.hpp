// SPDX-License-Identifier: Apache-2.0
// Values and events of one meter on their way from its measuring thread to the terminal.
//
//   LiveFeed feed(true);                     // true: every row counts, the meter waits for us
//   auto columns = feed.attach(meter);       // before its first sample
//   feed.take([&](const LiveFeed::Message& m) { … });     // the thread of the terminal
//
// Threads: attach() before measuring; take() and close() belong to one thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "fleet/spsc_queue.hpp"
#include "meter/meter.hpp"

namespace halfcycle::app {

class LiveFeed {
 public:
  static constexpr std::size_t kMaxValues = 64;
  struct Message {
    enum class Kind : std::uint8_t { Window, Second, Event } kind = Kind::Window;
    Instant end;
    Marks marks;
    std::array<double, kMaxValues> values{};
    quality::VoltageEvent event;
  };

  /// complete: a full queue holds the meter up; else what finds no room is left out.
  explicit LiveFeed(bool complete) : complete_(complete), queue_(256) {}

  struct Columns {
    std::vector<meter::Column> window, second;
  };
  [[nodiscard]] Result<Columns> attach(meter::Meter& meter);
  void take(const std::function<void(const Message&)>& sink);
  /// Nobody takes any more: the meter waits no longer.
  void close() { closed_.store(true, std::memory_order_release); }

 private:
  void put(const Message& message);

  const bool complete_;
  std::atomic<bool> closed_{false};
  fleet::SpscQueue<Message> queue_;
};

}  // namespace halfcycle::app
