// SPDX-License-Identifier: Apache-2.0
// Fundamental phasors of all lanes over one half cycle, straight from the raw samples.
//
//   EndWeights weights;
//   PhasorSum half = correlate_half_cycle(ring, weights, a, b);
//   // ∫ x·exp(−jπ(t−a)/(b−a)) dt over [a, b), in samples; with the next half cycle to c:
//   (half.value(l) - next.value(l)) * (sqrt(2) / (c - a))    // rms phasor of the cycle [a, c)
//
// Over a whole cycle the integral has zeros at every other order, so harmonics do not disturb it.
// derived: as signal::WindowIntegrator: the integral of the interpolated product, samples near an
// end weighted by the running integral of a windowed sinc. Every sample is used once in a half
// cycle, at about a quarter of the cost of resampling them first.
#pragma once

#include "metrology/end_weights.hpp"
#include "signal/frame_ring.hpp"
#include "signal/phasor.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

/// b − a ≥ 2·EndWeights::kReach. [a − kReach, b + kReach] is held by the ring. Float products and
/// sums over 32 frames, then double: error < 1e-7 of the largest sum. NaN stays in its lane.
[[nodiscard]] signal::PhasorSum correlate_half_cycle(const signal::FrameRing& ring,
                                                     const EndWeights& weights,
                                                     signal::SamplePosition a,
                                                     signal::SamplePosition b) noexcept;

}  // namespace halfcycle::metrology
