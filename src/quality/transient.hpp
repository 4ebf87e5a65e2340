// SPDX-License-Identifier: Apache-2.0
// Transient overvoltages: samples beyond a fixed limit (the comparator method, IEC 61000-4-30
// Annex A).
//
//   TransientDetector detector([](const TransientEvent& t) { … });
//   detector.push(k, excess_peak_volts, first, last, half_cycle_end);   // each half cycle
//
// Samples of one channel less than a half cycle apart belong to one transient; it is handed over
// when a half cycle has passed without any. Content above half the sample rate is not seen.
#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "base/instant.hpp"

namespace halfcycle::quality {

struct TransientEvent {
  int channel = 0;                ///< 0, 1, 2
  Instant start;                  ///< of the first sample beyond the limit
  Instant end;                    ///< of the last one
  double peak_volts = 0.0;        ///< with its sign
  double duration_seconds = 0.0;  ///< from the first to one sample behind the last
};

/// Not thread-safe; no allocation.
class TransientDetector {
 public:
  using Sink = std::function<void(const TransientEvent&)>;
  explicit TransientDetector(Sink sink) : sink_(std::move(sink)) {}

  /// What one half cycle holds of channel 0, 1 or 2; peak 0: nothing beyond the limit.
  /// sample_seconds: how long one sample lasts.
  void push(std::size_t channel, double peak_volts, Instant first, Instant last,
            double sample_seconds);
  /// Samples are missing from here on, or the source has ended: what is open is handed over.
  void interrupt();

 private:
  struct Open {
    bool active = false;
    TransientEvent event;
  };
  void close(Open& open);
  Sink sink_;
  std::array<Open, 3> open_{};
};

}  // namespace halfcycle::quality
