// SPDX-License-Identifier: Apache-2.0
#include "fleet/pacer.hpp"

#include <algorithm>

namespace halfcycle::fleet {

void Pacer::took(const SampleBlock& block) {
  if (block.discontinuity != Discontinuity::None) {
    base_seconds_ = elapsed();
    frames_ = 0;
    if (block.discontinuity == Discontinuity::Gap && any_) {
      const Instant start = block.time.instant_of(static_cast<double>(block.first_index));
      base_seconds_ += std::clamp(static_cast<long double>((start - end_).to_seconds()), 0.0L,
                                  static_cast<long double>(kLongestGapSeconds));
    }
    rate_hertz_ = block.time.rate_hertz;
  }
  any_ = true;
  frames_ += block.frame_count;
  end_ = block.time.instant_of(static_cast<double>(block.first_index + block.frame_count));
}

void Pacer::skipped(std::uint64_t frames) {
  frames_ += frames;
  if (rate_hertz_ > 0.0) {
    end_ += Duration::from_seconds(static_cast<double>(frames) / rate_hertz_);
  }
}

}  // namespace halfcycle::fleet
