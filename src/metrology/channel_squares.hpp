// SPDX-License-Identifier: Apache-2.0
// Mean squares of one voltage and one current over a window of their own: what Urms(1/2) and
// Irms(1/2) are made of. Every channel has other windows every half cycle, so each takes only its
// own sums (signal::WindowIntegrator takes all of all lanes).
//
//   double u_squared = mean_square(ring, weights, a, b, {.lane = 0});
//   double ab_squared = mean_square(ring, weights, a, b, {.lane = 0, .minus = 1, .line = 0});
#pragma once

#include <cstddef>

#include "metrology/end_weights.hpp"
#include "signal/frame_ring.hpp"

namespace halfcycle::metrology {

struct SquaredChannel {
  std::size_t lane = 0;
  bool is_line = false;  ///< lane − minus, which is line voltage number `line`
  std::size_t minus = 0;
  std::size_t line = 0;
};

/// Mean of x² over [a, b), b − a ≥ 2·EndWeights::kReach, not below 0. The ring holds kReach frames
/// more on both sides. NaN where one of them is missing. Thread-safe, no allocation.
[[nodiscard]] double mean_square(const signal::FrameRing& ring, const EndWeights& weights,
                                 signal::SamplePosition a, signal::SamplePosition b,
                                 const SquaredChannel& channel) noexcept;

}  // namespace halfcycle::metrology
