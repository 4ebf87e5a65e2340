// SPDX-License-Identifier: Apache-2.0
// A bounded queue from one thread to one other. Neither waits; what does not fit is counted.
//
//   SpscQueue<Message> queue(64);
//   queue.push(message);                     // the producer; false: full, counted as lost
//   while (queue.pop(message)) { … }         // the consumer
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace halfcycle::fleet {

template <class T>
class SpscQueue {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Room for at least `capacity` entries.
  explicit SpscQueue(std::size_t capacity) : slots_(std::bit_ceil(capacity)) {}

  bool push(const T& value) {
    const std::uint64_t at = pushed_.load(std::memory_order_relaxed);
    if (at - popped_.load(std::memory_order_acquire) == slots_.size()) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    slots_[at & (slots_.size() - 1)] = value;
    pushed_.store(at + 1, std::memory_order_release);
    return true;
  }
  bool pop(T& value) {
    const std::uint64_t at = popped_.load(std::memory_order_relaxed);
    if (at == pushed_.load(std::memory_order_acquire)) {
      return false;
    }
    value = slots_[at & (slots_.size() - 1)];
    popped_.store(at + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool full() const {
    return pushed_.load(std::memory_order_acquire) - popped_.load(std::memory_order_acquire) >=
           slots_.size();
  }
  [[nodiscard]] std::uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  std::vector<T> slots_;
  alignas(64) std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> lost_{0};
  alignas(64) std::atomic<std::uint64_t> popped_{0};
};

}  // namespace halfcycle::fleet
