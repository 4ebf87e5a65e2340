// SPDX-License-Identifier: Apache-2.0
// The inner loops of the flickermeter, once per machine level: the decimator at the rate of the
// samples, and the filters at the rate behind it. Internal to metrology: see flicker.hpp for what
// they compute.
//
// Four channels lie side by side. Every level does the same operations in the same order, so the
// bits are the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/simd_level.hpp"

namespace halfcycle::metrology {

/// What a block of frames leaves of its squares u², of four channels; NaN where a sample is
/// missing.
struct FlickerBlock {
  float total[4];  ///< Σ u²
  float rising[4];  ///< Σ (k + 1)·u², k from 0: its share in the triangle that the next block ends
};

struct alignas(32) FlickerDecimator {
  static constexpr std::size_t kChannels = 4;
  // Sums over a block of `decimation` frames. Frame k adds to sum k % 4, so that the additions do
  // not wait for each other; `twice` sums the sums, which weighs its frames by J, J − 1, … 1.
  float sum[4][kChannels];
  float twice[4][kChannels];
  float weight[4];  ///< 4·J + i + 1, J frames add to sum i
  std::size_t decimation;
  std::size_t in_block;  ///< frames that the sums hold; with 0 what they hold does not count
};

struct alignas(32) FlickerState {
  static constexpr std::size_t kChannels = 4;
  static constexpr std::size_t kStages = 6;
  using Row = double[kChannels];  // plain arrays: no code of the library in the kernels

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
  double norm;  ///< 1 / decimation²
  double decimation;
  bool missing[kChannels];  ///< a sample was, since this was cleared
};

struct FlickerKernel {
  /// Takes in frames (lanes 0…3 of `lanes`) until `count` or the end of a block, which goes to
  /// `out`; returns how many. The block is ended if in_block is 0 then.
  std::size_t (*decimate)(FlickerDecimator& decimator, const float* frames, std::size_t count,
                          std::size_t lanes, FlickerBlock& out) noexcept;
  /// A step of the filters for each of `count` blocks.
  void (*filter)(FlickerState& state, const FlickerBlock* blocks, std::size_t count) noexcept;
};

[[nodiscard]] const FlickerKernel& base_flicker_kernel() noexcept;
#if defined(__x86_64__)
[[nodiscard]] const FlickerKernel& avx2_flicker_kernel() noexcept;
#endif
[[nodiscard]] const FlickerKernel& flicker_kernel(signal::SimdLevel level) noexcept;

}  // namespace halfcycle::metrology
