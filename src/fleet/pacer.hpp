// SPDX-License-Identifier: Apache-2.0
// When a block of samples is due: absolute times from one origin, so that no delay adds up.
//
//   Pacer pacer(pace);
//   pacer.start(now_ns, rate_hertz);
//   std::int64_t due = pacer.due_after(block);   // end of the block on the monotonic clock
//   pacer.took(block);
//
// Signal time is counted in samples from the latest discontinuity. A gap takes as long as it was,
// at most kLongestGapSeconds; a step of UTC takes no time.
#pragma once

#include <cstdint>

#include "base/sample_block.hpp"
#include "fleet/fleet.hpp"

namespace halfcycle::fleet {

class Pacer {
 public:
  static constexpr double kLongestGapSeconds = 60.0;

  explicit Pacer(const Pace& pace) : speed_(pace.speed) {}

  [[nodiscard]] bool flat_out() const { return !(speed_ > 0.0); }
  /// origin: the monotonic time at which the first sample would have been taken.
  void start(std::int64_t origin_ns, double rate_hertz) {
    origin_ns_ = origin_ns;
    rate_hertz_ = rate_hertz;
  }

  /// When the end of this block is due, ns of the monotonic clock. Not for a flat-out pace.
  [[nodiscard]] std::int64_t due_after(const SampleBlock& block) const {
    Pacer after = *this;
    after.took(block);
    return after.due();
  }
  /// When `frames` more at `rate` are due.
  [[nodiscard]] std::int64_t due_in(std::size_t frames, double rate_hertz) const {
    return at(elapsed() + static_cast<long double>(frames) / rate_hertz);
  }
  /// The block, or what was dropped in its place, is behind us.
  void took(const SampleBlock& block);
  void skipped(std::uint64_t frames);

  [[nodiscard]] std::int64_t due() const { return at(elapsed()); }

 private:
  [[nodiscard]] long double elapsed() const {
    return base_seconds_ +
           (rate_hertz_ > 0.0 ? static_cast<long double>(frames_) / rate_hertz_ : 0.0L);
  }
  [[nodiscard]] std::int64_t at(long double seconds) const {
    return origin_ns_ + static_cast<std::int64_t>(seconds * 1e9L / speed_);
  }

  double speed_;
  std::int64_t origin_ns_ = 0;
  long double base_seconds_ = 0.0L;  // signal before the present stretch
  std::uint64_t frames_ = 0;         // of the present stretch
  double rate_hertz_ = 0.0;
  bool any_ = false;  // a block was taken
  Instant end_;       // of the latest block
};

}  // namespace halfcycle::fleet
