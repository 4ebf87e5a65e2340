// SPDX-License-Identifier: Apache-2.0
// Checked commands on their way to the measuring thread: a bounded ring. Producers take turns under
// a lock of their own; the consumer neither locks nor frees memory: it swaps what it takes over
// with what it had, and the next producer to use the slot disposes of that.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/principal.hpp"
#include "graph/command.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::graph {

struct PendingCommand {
  Command::Kind kind = Command::Kind::Pulse;
  std::uint32_t module = 0;
  std::uint32_t index = 0;  // setup register or output register
  double number = kNotAvailable;
  std::shared_ptr<const PreparedText> text;
  std::array<char, kTextBytes> short_text{};  // Write to a String register
  EffectResult result;
  Principal by;
  std::uint64_t sequence = 0;
};

class CommandQueue {
 public:
  static constexpr std::uint64_t kCapacity = 64;

  /// Producers, one at a time. nullptr: full. Fill the slot, then push().
  [[nodiscard]] PendingCommand* slot() {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kCapacity) {
      return nullptr;
    }
    return &slots_[tail % kCapacity];
  }
  void push() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  /// Consumer. nullptr: empty. The slot stays its own until pop().
  [[nodiscard]] PendingCommand* front() {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) {
      return nullptr;
    }
    return &slots_[head % kCapacity];
  }
  void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  std::array<PendingCommand, kCapacity> slots_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace halfcycle::graph
