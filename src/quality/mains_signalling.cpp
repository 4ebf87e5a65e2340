// SPDX-License-Identifier: Apache-2.0
#include "quality/mains_signalling.hpp"

namespace halfcycle::quality {

bool SignallingRecorder::push(Instant start, Instant end, const Levels& levels) {
  double largest = kNotAvailable;
  int channel = 0;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    if (is_available(levels[k]) && !(levels[k] <= largest)) {
      largest = levels[k];
      channel = static_cast<int>(k);
    }
  }
  const bool above = largest > setup_.threshold_ratio;
  if (!recording_) {
    // One emission, one record: the next begins with a value that rises above the threshold.
    over_ = over_ || !above;
    if (!above || !over_) {
      return false;
    }
    recording_ = true;
    over_ = false;
    count_ = 0;
    emission_ = SignallingEmission{};
    emission_.start = start;
  }
  if (count_ < record_.size()) {
    record_[count_++] = static_cast<float>(largest);
  }
  if (above) {
    emission_.end = end;
    if (largest > emission_.max_ratio) {
      emission_.max_ratio = largest;
      emission_.channel = channel;
    }
  }
  if ((end - emission_.start).to_seconds() < setup_.record_seconds - 1e-3) {
    return false;
  }
  recording_ = false;
  over_ = !above;
  return true;
}

bool SignallingRecorder::interrupt() {
  const bool was = recording_;
  recording_ = false;
  over_ = true;
  return was;
}

}  // namespace halfcycle::quality
