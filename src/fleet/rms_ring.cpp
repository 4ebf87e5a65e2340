// SPDX-License-Identifier: Apache-2.0
#include "fleet/rms_ring.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace halfcycle::fleet {
namespace {

// Time, then two values a word.
constexpr std::size_t kValueWords = (kInputCount + 1) / 2;
constexpr std::size_t kRowWords = 1 + kValueWords;

}  // namespace

RmsRing::RmsRing(std::size_t rows)
    : capacity_(std::max<std::size_t>(rows, 1)),
      words_(std::make_unique<std::atomic<std::uint64_t>[]>(capacity_ * kRowWords)) {}

void RmsRing::push(Instant end, std::span<const double> rms) {
  const std::uint64_t at = written_.load(std::memory_order_relaxed);
  claimed_.store(at + 1, std::memory_order_relaxed);
  std::array<float, 2 * kValueWords> values{};
  for (std::size_t i = 0; i < std::min(rms.size(), kInputCount); ++i) {
    values[i] = static_cast<float>(rms[i]);
  }
  auto* row = words_.get() + at % capacity_ * kRowWords;
  // Every word with release order: who sees one sees what was claimed before it.
  row[0].store(std::bit_cast<std::uint64_t>(end.unix_ns()), std::memory_order_release);
  for (std::size_t w = 0; w < kValueWords; ++w) {
    std::uint64_t word = 0;
    std::memcpy(&word, values.data() + 2 * w, sizeof(word));
    row[1 + w].store(word, std::memory_order_release);
  }
  written_.store(at + 1, std::memory_order_release);
}

RmsTrace RmsRing::between(Instant from, Instant to) const {
  const std::uint64_t written = written_.load(std::memory_order_acquire);
  const std::uint64_t oldest = written > capacity_ ? written - capacity_ : 0;
  const auto time_of = [&](std::uint64_t row) {
    return Instant::from_unix_ns(std::bit_cast<std::int64_t>(
        words_[row % capacity_ * kRowWords].load(std::memory_order_acquire)));
  };
  std::uint64_t first = written;
  while (first > oldest && time_of(first - 1) > from) {
    --first;
  }
  RmsTrace trace;
  std::array<float, 2 * kValueWords> values{};
  std::uint64_t row = first;
  for (; row < written && !(time_of(row) > to); ++row) {
    trace.time.push_back(time_of(row));
    const auto* words = words_.get() + row % capacity_ * kRowWords + 1;
    for (std::size_t w = 0; w < kValueWords; ++w) {
      const std::uint64_t word = words[w].load(std::memory_order_acquire);
      std::memcpy(values.data() + 2 * w, &word, sizeof(word));
    }
    trace.values.insert(trace.values.end(), values.begin(), values.begin() + kInputCount);
  }
  // Whoever overwrote a word that was read had claimed its row before.
  const std::uint64_t claimed = claimed_.load(std::memory_order_relaxed);
  const std::uint64_t safe = claimed > capacity_ ? claimed - capacity_ : 0;
  const auto lost = static_cast<std::ptrdiff_t>(std::min(std::max(safe, first), row) - first);
  trace.time.erase(trace.time.begin(), trace.time.begin() + lost);
  trace.values.erase(trace.values.begin(),
                     trace.values.begin() + lost * static_cast<std::ptrdiff_t>(kInputCount));
  return trace;
}

}  // namespace halfcycle::fleet
