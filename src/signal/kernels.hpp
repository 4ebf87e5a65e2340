// SPDX-License-Identifier: Apache-2.0
// The inner loops at sample rate, once per machine level. Internal to signal.
//
// `lanes` is 8 or 12 everywhere; frames lie in a row. The filters (fir, resample) want frames and
// coefficients on 16 bytes; no other pointer needs an alignment beyond that of float. Every
// function treats lanes independently in a fixed order of operations, so the tables give the same
// bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/simd_level.hpp"

namespace halfcycle::signal {

/// One step of a transform by decimation in frequency, `blocks` blocks of radix·out_step complex
/// elements in a row: the transform of the elements p + j·in_step over j becomes, turned by
/// 2π·p·j/(radix·out_step), the elements p + j·out_step; for p from `first` on, where in and out
/// point to.
struct FftStep {
  std::size_t radix;  ///< 2, 3, 4, 5 or 8
  std::size_t in_step;
  std::size_t out_step;
  std::size_t first;
  std::size_t count;
  std::size_t blocks;
  const float* twiddles;  ///< (cos, sin), j = 1 … radix−1, p outside
};

/// Bins 0 … max_bin of a real transform of 2·half points from the complex one of half points.
struct FftSeparation {
  const float* in;
  std::size_t half;
  const std::uint16_t* places;  ///< where in `in` each element of the complex transform lies
  std::size_t max_bin;
  const float* twiddles;  ///< (cos, sin) of 2πk/(2·half)
};

/// A run of outputs at position, position + step, …; each Σ c[t]·frame[floor(position) − lead + t],
/// with c interpolated between the table rows around the position's fraction.
struct ResampleRun {
  static constexpr int kPhaseBits = 9;  ///< the table has 2^kPhaseBits + 1 rows
  static constexpr std::size_t kMostTaps = 1024;
  static constexpr std::size_t kMostRowTaps = 64;  ///< from 68 on rows are not kept in memory

  const float* storage;  ///< of the ring: frame n lies at (n & mask)·lanes, taps frames in a row
  std::size_t mask;      ///< below 2^24
  const float* table;    ///< rows of `taps` coefficients
  std::size_t taps;      ///< a multiple of 4
  std::int64_t lead;     ///< taps/2 − 1
  std::int64_t whole;    ///< position: frame index and fraction in 2^-64
  std::uint64_t fraction;
  std::int64_t step_whole;
  std::uint64_t step_fraction;
  std::size_t count;
};

/// A correlation with a rotation that need not be periodic.
struct TurnedPhasorRun {
  const float* frames;
  const float* weights;  ///< null: all 1
  std::size_t count;
  const float* rotation;  ///< (cos, sin) of the first 32 steps
  double start_cos;       ///< of the first frame
  double start_sin;
  double block_cos;  ///< of 32 steps
  double block_sin;
};

struct Kernels {
  /// Plain sums, minimum and maximum of `count` ≥ 1 frames (count ≤ 32 for full accuracy) into
  /// ChunkLayout::floats() values.
  void (*chunk_sums)(const float* frames, std::size_t count, std::size_t lanes,
                     float* out) noexcept;
  /// The same of 32 frames, which it copies to `to`.
  void (*take_chunk)(const float* frames, std::size_t lanes, float* to, float* out) noexcept;
  /// Adds the weighted sums of `count` frames to ChunkLayout::added_floats() values. Products are
  /// summed in float over at most 32 frames.
  void (*weighted_sums)(const float* frames, const float* weights, std::size_t count,
                        std::size_t lanes, double* sums) noexcept;
  /// Adds `count` chunks, `chunk_floats` apart, to sums (added_floats values) and extends min, max.
  void (*add_chunks)(const float* chunks, std::size_t count, std::size_t lanes, double* sums,
                     float* min, float* max) noexcept;
  /// out = Σ coefficients[t]·frames[t], t < taps (a multiple of 4).
  void (*fir)(const float* frames, const float* coefficients, std::size_t taps, std::size_t lanes,
              float* out) noexcept;
  void (*resample)(const ResampleRun& run, std::size_t lanes, float* out) noexcept;
  /// Extends min and max by `count` frames; NaN is skipped.
  void (*extremes)(const float* frames, std::size_t count, std::size_t lanes, float* min,
                   float* max) noexcept;
  /// Adds Σ w·x² of lanes 0 … 7; weights: null for 1. In float over at most 32 frames.
  void (*squares)(const float* frames, const float* weights, std::size_t count, std::size_t lanes,
                  double* sums) noexcept;
  /// Adds Σ w·d², d the differences u1−u2, u2−u3, u3−u1, to 4 values (the last: 0).
  void (*difference_squares)(const float* frames, const float* weights, std::size_t count,
                             std::size_t lanes, double* sums) noexcept;
  /// Adds Re and Im of Σ w·x·exp(−jφ) of each lane. By blocks of 32 frames in float.
  void (*turned_phasor)(const TurnedPhasorRun& run, std::size_t lanes, double* re,
                        double* im) noexcept;
  /// in and out: apart, or the same.
  void (*fft_step)(const float* in, float* out, const FftStep& step, std::size_t lanes) noexcept;
  /// Adds re² + im² of `count` bins in a row to `lanes` sums, bin by bin.
  void (*add_bin_powers)(const float* bins, std::size_t count, std::size_t lanes,
                         float* sums) noexcept;
  /// See LaneFft::group.
  void (*group_bins)(const float* spectrum, std::size_t cycles, std::size_t highest,
                     std::size_t lanes, float* out) noexcept;
  void (*fft_separate)(const FftSeparation& run, std::size_t lanes, float* out) noexcept;
};

[[nodiscard]] const Kernels& kernels(SimdLevel level) noexcept;
[[nodiscard]] const Kernels& base_kernels() noexcept;
#if defined(__x86_64__)
[[nodiscard]] const Kernels& avx2_kernels() noexcept;
#endif

}  // namespace halfcycle::signal
