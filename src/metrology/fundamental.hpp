// SPDX-License-Identifier: Apache-2.0
// Fundamental phasors of all lanes over one half cycle, straight from the raw samples.
//
//   FundamentalCorrelator correlate;
//   PhasorSum half = correlate(ring, a, b);     // ∫ x·exp(−jπ(t−a)/(b−a)) dt over [a, b), samples
//   (half_1.value(lane) − half_2.value(lane)) * (√2 / (c − a))   // rms phasor of one cycle [a, c)
//
// Over a whole cycle the integral has zeros at every other order, so harmonics do not disturb it.
// derived: as signal::WindowIntegrator: the integral of the interpolated product, samples near an
// end weighted by the running integral of a windowed sinc. Every sample is used once in a half
// cycle, at about a quarter of the cost of resampling them first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "signal/frame_ring.hpp"
#include "signal/phasor.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

/// Immutable after construction; thread-safe.
class FundamentalCorrelator {
 public:
  /// Frames needed before the start and behind the end.
  static constexpr std::int64_t kReach = 12;

  FundamentalCorrelator();

  /// b − a ≥ 2·kReach. [a − kReach, b + kReach] is held by the ring. Float products and sums over
  /// 16 frames, then double: error < 1e-7 of the largest sum. NaN stays in its lane.
  [[nodiscard]] signal::PhasorSum operator()(const signal::FrameRing& ring,
                                             signal::SamplePosition a,
                                             signal::SamplePosition b) const noexcept;

 private:
  static constexpr std::size_t kPhases = 256;
  /// S(t): 0 for t ≤ −kReach, 1 for t ≥ kReach.
  void weights(signal::SamplePosition end, std::array<float, 2 * kReach>& out) const noexcept;

  std::vector<float> steps_;
};

}  // namespace halfcycle::metrology
