// SPDX-License-Identifier: Apache-2.0
// Mean squares of one voltage and one current over a window of their own: what Urms(1/2) and
// Irms(1/2) are made of. Every channel has other windows every half cycle, so each takes only its
// own sums (signal::WindowIntegrator takes all of all lanes).
//
//   const std::array channels{SquaredChannel{.lane = 0}, SquaredChannel{.is_line = true, .line =
//   0}}; mean_squares(ring, weights, a, b, channels, u_squared_and_ab_squared);
#pragma once

#include <cstddef>
#include <span>

#include "metrology/end_weights.hpp"
#include "signal/frame_ring.hpp"

namespace halfcycle::metrology {

struct SquaredChannel {
  std::size_t lane = 0;
  bool is_line = false;  ///< not a lane but line voltage number `line`: u1−u2, u2−u3, u3−u1
  std::size_t line = 0;
};

/// Mean of x² over [a, b), b − a ≥ 2·EndWeights::kReach, not below 0, of each of `channels` into
/// `out`. The ring holds kReach frames more on both sides. NaN where one of them is missing. Lanes
/// 0 … 7. Thread-safe, no allocation.
void mean_squares(const signal::FrameRing& ring, const EndWeights& weights,
                  signal::SamplePosition a, signal::SamplePosition b,
                  std::span<const SquaredChannel> channels, std::span<double> out) noexcept;

}  // namespace halfcycle::metrology
