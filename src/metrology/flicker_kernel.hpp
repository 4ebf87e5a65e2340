// SPDX-License-Identifier: Apache-2.0
// The sample-rate part of the flickermeter, once per machine level. Internal to metrology: see
// flicker.hpp for what it computes.
//
// Four channels lie side by side. Every level does the same operations in the same order, so the
// bits are the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/simd_level.hpp"

namespace halfcycle::metrology {

struct alignas(32) FlickerState {
  static constexpr std::size_t kChannels = 4;
  static constexpr std::size_t kStages = 6;
  using Row = double[kChannels];  // plain arrays: no code of the library in the kernels

  // Sums over a block of `decimation` frames. Frame k adds to sum k % 4, so that the additions do
  // not wait for each other; `twice` sums the sums, which weighs its frames by J, J − 1, … 1.
  float sum[4][kChannels];
  float twice[4][kChannels];
  Row rising;     ///< of the block before, the older half of the triangle
  Row inverse;    ///< 1 over the square of the reference; 0 without one
  Row bias;       ///< 0; 1 without a reference: a steady voltage
  Row hold;       ///< u² of a block with a missing sample
  Row sum_steps;  ///< Σ u² since the reference was renewed
  // Stage k works on what stage k − 1 gave a step ago, so that no stage waits for another; outputs
  // are a factor `scale` takes care of.
  Row input[kStages];
  Row s1[kStages], s2[kStages];
  Row mean_input, mean, max;

  double low_a1[3], low_a2[3];  ///< Butterworth
  double high_a1;
  double first_a1, first_a2;  ///< weighting, k·ω1·s / (s² + 2λs + ω1²)
  double second_b1, second_b2, second_a1, second_a2;  ///< weighting, the rest
  double scale;                                       ///< of the square, to units of perceptibility
  double mean_gain;
  double norm;      ///< 1 / decimation²
  float weight[4];  ///< 4·J + i + 1, J frames add to sum i
  std::size_t decimation;
  std::size_t in_block;
  std::uint64_t steps;
  std::uint64_t service_at;  ///< run() returns after this step
  bool missing[kChannels];   ///< a sample was, since this was cleared
};

struct FlickerKernel {
  /// Takes in frames (lanes 0…3 of `lanes`) until `count` or step `service_at` is reached; returns
  /// how many.
  std::size_t (*run)(FlickerState& state, const float* frames, std::size_t count,
                     std::size_t lanes) noexcept;
};

[[nodiscard]] const FlickerKernel& base_flicker_kernel() noexcept;
#if defined(__x86_64__)
[[nodiscard]] const FlickerKernel& avx2_flicker_kernel() noexcept;
#endif
[[nodiscard]] const FlickerKernel& flicker_kernel(signal::SimdLevel level) noexcept;

}  // namespace halfcycle::metrology
