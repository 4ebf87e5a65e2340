// SPDX-License-Identifier: Apache-2.0
// A block of words that one thread publishes and any number read, always as a whole: a sequence
// lock. The writer never waits; a reader that met a writer tries again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace halfcycle::graph {

class SnapshotBlock {
 public:
  explicit SnapshotBlock(std::size_t words)
      : words_(std::make_unique<std::atomic<std::uint64_t>[]>(words)), size_(words) {}

  // Writer. Every word is stored with release order: a reader that sees one sees the odd sequence
  // before it, and so cannot take a mixture for a whole. (No fences: thread sanitizers do not know
  // them; on x86 these are plain moves.)
  void begin() { sequence_.store(++next_, std::memory_order_relaxed); }
  void store(std::size_t i, std::uint64_t word) {
    words_[i].store(word, std::memory_order_release);
  }
  /// Words from `first` on, each of `count` made by make(k).
  template <class Make>
  void store_row(std::size_t first, std::size_t count, const Make& make) {
    std::atomic<std::uint64_t>* const to = words_.get() + first;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < count; ++k) {
      to[k].store(make(k), std::memory_order_release);
    }
  }
  void end() { sequence_.store(++next_, std::memory_order_release); }

  /// copy(load) reads words through load(i) and is called until it met no writer.
  template <class Copy>
  std::uint64_t read(Copy&& copy) const {
    const auto load = [this](std::size_t i) { return words_[i].load(std::memory_order_acquire); };
    for (;;) {
      const std::uint64_t before = sequence_.load(std::memory_order_acquire);
      if (before % 2 == 0) {
        copy(load);
        if (sequence_.load(std::memory_order_relaxed) == before) {
          return before / 2;
        }
      }
    }
  }

  /// Publications so far.
  [[nodiscard]] std::uint64_t version() const {
    return sequence_.load(std::memory_order_acquire) / 2;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::size_t size_;
  std::atomic<std::uint64_t> sequence_{0};
  std::uint64_t next_ = 0;  // the writer's own copy
};

}  // namespace halfcycle::graph
