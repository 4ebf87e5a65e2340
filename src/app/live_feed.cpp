// SPDX-License-Identifier: Apache-2.0
#include "app/live_feed.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/live_screen.hpp"

namespace halfcycle::app {

using metrology::Interval;

Result<LiveFeed::Columns> LiveFeed::attach(meter::Meter& meter) {
  Columns columns;
  const auto observe = [&](Interval interval, Message::Kind kind,
                           std::vector<meter::Column>& out) -> Result<void> {
    std::vector<std::string> labels = LiveValues::labels(meter.columns(interval));
    labels.resize(std::min(labels.size(), kMaxValues));
    auto observed = meter.observe(interval, labels, [this, kind](const meter::Row& row) {
      Message message;
      message.kind = kind;
      message.end = row.end;
      message.marks = row.marks;
      std::copy_n(row.values.begin(), std::min(row.values.size(), kMaxValues),
                  message.values.begin());
      put(message);
    });
    if (!observed) {
      return fail(observed.error());
    }
    out = *std::move(observed);
    return {};
  };
  for (const auto& done : {observe(Interval::TenTwelveCycle, Message::Kind::Window, columns.window),
                           observe(Interval::OneSecond, Message::Kind::Second, columns.second)}) {
    if (!done) {
      return fail(done.error());
    }
  }
  meter.on_event([this](const quality::VoltageEvent& event) {
    Message message;
    message.kind = Message::Kind::Event;
    message.event = event;
    put(message);
  });
  return columns;
}

void LiveFeed::put(const Message& message) {
  while (complete_ && queue_.full() && !closed_.load(std::memory_order_acquire)) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  queue_.push(message);
}

void LiveFeed::take(const std::function<void(const Message&)>& sink) {
  Message message;
  while (queue_.pop(message)) {
    sink(message);
  }
}

}  // namespace halfcycle::app
