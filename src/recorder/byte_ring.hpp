// SPDX-License-Identifier: Apache-2.0
// Messages of any length from one thread to one other, in a bounded ring: neither side locks,
// allocates or waits. A message that finds no room is refused, and counted by whoever sends it.
//
//   if (std::byte* at = ring.reserve(size)) { fill(at); ring.publish(); } else { ++dropped; }
//   while (auto message = ring.front(); !message.empty()) { use(message); ring.pop(); }
//
// Invariant: a message lies in one piece; at the end of the buffer a filler goes round the corner.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace halfcycle::recorder {

class ByteRing {
 public:
  /// Bytes, rounded up to a power of two. The memory is touched only as it is used.
  explicit ByteRing(std::size_t capacity) {
    while (capacity_ < capacity) {
      capacity_ *= 2;
    }
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
  }

  /// Producer: room for a message of `size` bytes, aligned to 8. nullptr: none.
  [[nodiscard]] std::byte* reserve(std::size_t size) {
    const std::size_t need = kHeader + (size + 7) / 8 * 8;
    const std::size_t at = tail_local_ & (capacity_ - 1);
    const std::size_t to_end = capacity_ - at;
    const std::size_t filler = need > to_end ? to_end : 0;
    if (need > capacity_ / 2 || tail_local_ + filler + need - head_seen_ > capacity_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (need > capacity_ / 2 || tail_local_ + filler + need - head_seen_ > capacity_) {
        return nullptr;
      }
    }
    if (filler != 0) {
      write_header(at, filler - kHeader, true);
      tail_local_ += filler;
    }
    const std::size_t start = tail_local_ & (capacity_ - 1);
    write_header(start, size, false);
    pending_ = need;
    return bytes_.get() + start + kHeader;
  }
  void publish() {
    tail_local_ += pending_;
    tail_.store(tail_local_, std::memory_order_release);
  }

  /// Consumer: the oldest message; empty if there is none. Valid until pop().
  [[nodiscard]] std::span<const std::byte> front() {
    for (;;) {
      if (head_local_ == tail_seen_) {
        tail_seen_ = tail_.load(std::memory_order_acquire);
        if (head_local_ == tail_seen_) {
          return {};
        }
      }
      const std::size_t at = head_local_ & (capacity_ - 1);
      std::uint64_t header = 0;
      std::memcpy(&header, bytes_.get() + at, sizeof(header));
      const auto size = static_cast<std::size_t>(header >> 1U);
      taken_ = kHeader + (size + 7) / 8 * 8;
      if ((header & 1U) == 0) {
        return {bytes_.get() + at + kHeader, size};
      }
      pop();
    }
  }
  void pop() {
    head_local_ += taken_;
    head_.store(head_local_, std::memory_order_release);
  }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// Any thread; a snapshot.
  [[nodiscard]] std::size_t used() const {
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    return static_cast<std::size_t>(tail_.load(std::memory_order_acquire) - head);
  }

 private:
  static constexpr std::size_t kHeader = 8;  // size × 2, the lowest bit marks a filler

  void write_header(std::size_t at, std::size_t size, bool filler) {
    const std::uint64_t header = (static_cast<std::uint64_t>(size) << 1U) | (filler ? 1U : 0U);
    std::memcpy(bytes_.get() + at, &header, sizeof(header));
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 1024;
  // Producer.
  alignas(64) std::uint64_t tail_local_ = 0;
  std::uint64_t head_seen_ = 0;
  std::size_t pending_ = 0;
  // Consumer.
  alignas(64) std::uint64_t head_local_ = 0;
  std::uint64_t tail_seen_ = 0;
  std::size_t taken_ = 0;
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  alignas(64) std::atomic<std::uint64_t> head_{0};
};

}  // namespace halfcycle::recorder
