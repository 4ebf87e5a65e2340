// SPDX-License-Identifier: Apache-2.0
// The inner loops at sample rate, once per machine level. Internal to signal.
//
// `lanes` is 8 or 12 everywhere; no pointer needs an alignment beyond that of float; frames lie in
// a row. Every function treats lanes independently in a fixed order of operations, so the tables
// give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/simd_level.hpp"

namespace halfcycle::signal {

/// One step of Stockham's transform: radix × (remaining/radix) × stride complex elements.
struct FftPass {
  std::size_t radix;      ///< 2, 3, 4, 5 or 8
  std::size_t remaining;  ///< length of the sub-transforms still to be done, this radix included
  std::size_t stride;     ///< product of the radices already done
  const float* twiddles;  ///< (cos, sin) of 2π·p·j/remaining, j = 1 … radix−1 inside, p outside
};

struct Kernels {
  /// Plain sums, minimum and maximum of `count` ≥ 1 frames (count ≤ 16 for full accuracy) into
  /// ChunkLayout::floats() values.
  void (*chunk_sums)(const float* frames, std::size_t count, std::size_t lanes,
                     float* out) noexcept;
  /// Adds the weighted sums of `count` frames to ChunkLayout::added_floats() values. Products are
  /// summed in float over at most 16 frames.
  void (*weighted_sums)(const float* frames, const float* weights, std::size_t count,
                        std::size_t lanes, double* sums) noexcept;
  /// Adds `count` chunks, `chunk_floats` apart, to sums (added_floats values) and extends min, max.
  void (*add_chunks)(const float* chunks, std::size_t count, std::size_t lanes, double* sums,
                     float* min, float* max) noexcept;
  /// out = Σ coefficients[t]·frames[t], t < taps (a multiple of 4).
  void (*fir)(const float* frames, const float* coefficients, std::size_t taps, std::size_t lanes,
              float* out) noexcept;
  /// The same for a table row interpolated between `row` and row + taps: row + part·(next − row).
  void (*fir_between)(const float* frames, const float* row, float part, std::size_t taps,
                      std::size_t lanes, float* out) noexcept;
  /// Adds Σ x·cos and −Σ x·sin to re and im; table: (cos, sin) of `points`, read from `index` on
  /// in steps of `step` < points.
  void (*phasor)(const float* frames, std::size_t count, std::size_t lanes, const float* table,
                 std::size_t points, std::size_t index, std::size_t step, double* re,
                 double* im) noexcept;
  void (*fft_pass)(const float* in, float* out, const FftPass& pass, std::size_t lanes) noexcept;
  /// Bins 0 … max_bin of a real transform of 2·half points from the complex one of half points.
  /// twiddles: (cos, sin) of 2πk/(2·half).
  void (*fft_separate)(const float* in, float* out, std::size_t half, std::size_t max_bin,
                       const float* twiddles, std::size_t lanes) noexcept;
};

[[nodiscard]] const Kernels& kernels(SimdLevel level) noexcept;
[[nodiscard]] const Kernels& base_kernels() noexcept;
#if defined(__x86_64__)
[[nodiscard]] const Kernels& avx2_kernels() noexcept;
#endif

}  // namespace halfcycle::signal
