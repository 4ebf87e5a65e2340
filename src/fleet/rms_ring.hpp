// SPDX-License-Identifier: Apache-2.0
// The latest ½-cycle values of the inputs of one meter: written by its measuring thread, read by
// any other without delaying it.
//
//   RmsRing ring(400);
//   ring.push(end, rms);                     // measuring thread, every half cycle
//   RmsTrace trace = ring.between(a, b);     // any thread
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/instant.hpp"
#include "fleet/live_meter.hpp"

namespace halfcycle::fleet {

class RmsRing {
 public:
  explicit RmsRing(std::size_t rows);

  /// `rms`: V or A by input, kInputCount of them. No allocation.
  void push(Instant end, std::span<const double> rms);
  /// Values of the windows that end in (from, to], as far as they are still there.
  [[nodiscard]] RmsTrace between(Instant from, Instant to) const;

 private:
  const std::size_t capacity_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::atomic<std::uint64_t> claimed_{0};  // rows that may be written already
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace halfcycle::fleet
