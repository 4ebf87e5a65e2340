// SPDX-License-Identifier: Apache-2.0
// Emissions of mains signalling, IEC 61000-4-30 §5.10: from the first 10/12-cycle value above a
// threshold on, the values of a set time are recorded; the largest is the result.
//
//   SignallingRecorder recorder({.threshold_ratio = 0.003, .record_seconds = 120.0});
//   if (recorder.push(start, end, {level_v1, level_v2, level_v3})) {
//     const SignallingEmission& done = recorder.emission();     // valid until the next one begins
//   }
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/instant.hpp"
#include "base/quality.hpp"

namespace halfcycle::quality {

struct SignallingSetup {
  double threshold_ratio = 0.003;  ///< of Udin; above 0.003 by the standard
  double record_seconds = 30.0;    ///< at most 120
};

struct SignallingEmission {
  Instant start;  ///< of the first value above the threshold
  Instant end;    ///< of the last value above it within the record
  double max_ratio = 0.0;
  int channel = 0;  ///< with the largest value: 0, 1, 2
};

/// Not thread-safe; no allocation after construction.
class SignallingRecorder {
 public:
  /// 120 s of windows at the highest frequency in range (69 Hz, 5.75 a second).
  static constexpr std::size_t kMost = 700;
  using Levels = std::array<double, 3>;

  explicit SignallingRecorder(const SignallingSetup& setup) : setup_(setup) {}

  /// From the next value on; a record in progress goes on.
  void set_limits(const SignallingSetup& setup) { setup_ = setup; }

  /// One 10/12-cycle value, ratios of Udin; NaN: the channel is not there. True when it completes a
  /// record.
  bool push(Instant start, Instant end, const Levels& levels);
  /// Measuring was interrupted: true if that ends a record.
  bool interrupt();

  [[nodiscard]] bool recording() const { return recording_; }
  [[nodiscard]] const SignallingEmission& emission() const { return emission_; }
  /// The values of the latest record: the largest of the channels, one a window.
  [[nodiscard]] std::span<const float> record() const { return {record_.data(), count_}; }

 private:
  SignallingSetup setup_;
  bool recording_ = false;
  bool over_ = true;  ///< the emission has ended since the latest record
  SignallingEmission emission_;
  std::array<float, kMost> record_{};
  std::size_t count_ = 0;
};

}  // namespace halfcycle::quality
