// SPDX-License-Identifier: Apache-2.0
// Coherent resampling: M points a cycle out of a ring of raw samples, whatever the frequency.
//
//   ResamplerKernel kernel({.input_per_cycle = 512, .output_per_cycle = 512, .highest_order =
//   127}); Resampler resample(&kernel, SimdLevel::Avx2); resample(ring, start, step, 512, out); //
//   needs ring.end() ≥ kernel.end_frame(last position)
//
// Method: a least-squares kernel (LeastSquaresKernel) while it is short, a windowed sinc (Kaiser)
// where the transition is so narrow that it is not; 512 phases, coefficients interpolated linearly,
// each phase of gain 1 at DC. Zero delay: output k is the value at start + k·step; the price is a
// look-ahead of taps/2 input samples.
//
// Worst errors over 85 … 115 % of the nominal frequency, upsampler and transform included, measured
// (resampler_test.cpp holds them): r.m.s. of a sine; tones of 10 % at order 50 (or half the
// highest) and at the highest order, relative to the tone; "spill": largest bin of the analysed
// orders of a full-size tone between them and half the input rate, its own leakage aside.
//
//   input a cycle   points   orders   taps   r.m.s.   middle   highest   spill
//        8 …  64       128   2 … 23     16     1e-7     2e-6     1e-6     6e-7
//             96       128       35     36     2e-6     8e-6     4e-5     2e-6
//            128       128       40     28     6e-7     8e-6     2e-5     4e-6
//            200       256       73     36     5e-7     1e-5     5e-5     9e-7
//            256       256       80     28     2e-7     9e-6     2e-5     4e-6
//            400       512      127     24     3e-8     1e-6     1e-5     8e-7
//            512       512      127     16     1e-7     9e-6     6e-5     7e-6
//           1024       512      127     32     8e-8     9e-6     5e-5     3e-5
//
// Tones above the analysed orders are partly attenuated, and what of them is not a whole number of
// cycles in the window leaks, as it does in any transform of a rectangular window.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/aligned.hpp"
#include "signal/frame_ring.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::signal {

/// Points a cycle of the resampled grid for an input of so many samples in a nominal cycle: 512
/// from 400 on, 256 from 160 on, else 128. With 10 or 12 cycles the FFT's length has the factors
/// 2, 3 and 5 only.
[[nodiscard]] int choose_points_per_cycle(double input_per_cycle) noexcept;

/// The highest harmonic order that an input of so many samples in a nominal cycle carries at the
/// upper end of the frequency range (1.15 × nominal) with 0.42 of the sample rate: at most 127,
/// and at most 5/16 of points_per_cycle. input_per_cycle is that of the source, before upsampling.
/// 512 → 127 (points 512), 256 → 80, 200 → 73, 128 → 40, 32 → 11, 8 → 2.
[[nodiscard]] int highest_analysable_order(double input_per_cycle, int points_per_cycle) noexcept;

struct ResamplerDesign {
  double input_per_cycle = 512.0;  ///< input samples in a nominal cycle, ≥ 32
  int output_per_cycle = 512;      ///< M
  int highest_order = 127;         ///< orders to here are flat and nothing folds into them
  double lowest_ratio = 0.85;      ///< frequency range over nominal: 42.5 … 57.5 of 50 Hz
  double highest_ratio = 1.15;     ///< and 51 … 69 of 60 Hz
};

/// The immutable table; shared by all meters of one sample rate. Thread-safe.
class ResamplerKernel {
 public:
  static constexpr std::size_t kPhases = 512;

  explicit ResamplerKernel(const ResamplerDesign& design);

  [[nodiscard]] std::size_t taps() const noexcept { return taps_; }  ///< multiple of 4, ≥ 16
  [[nodiscard]] const ResamplerDesign& design() const noexcept { return design_; }
  /// First input frame read for an output at p: floor(p) − taps/2 + 1.
  [[nodiscard]] std::int64_t first_frame(SamplePosition p) const noexcept {
    return p.whole() - static_cast<std::int64_t>(taps_ / 2) + 1;
  }
  /// One past the last input frame read for an output at p: floor(p) + taps/2 + 1.
  [[nodiscard]] std::int64_t end_frame(SamplePosition p) const noexcept {
    return p.whole() + static_cast<std::int64_t>(taps_ / 2) + 1;
  }
  /// taps() coefficients of each phase 0 … kPhases (both included), phase by phase.
  [[nodiscard]] const float* table() const noexcept { return table_.data(); }
  /// Largest deviation from 1 for orders ≤ highest_order, and largest trace of a full-size tone
  /// that is above them, in them; as designed.
  [[nodiscard]] double designed_ripple() const noexcept { return ripple_; }

 private:
  template <class Kernel>
  void fill_table(const Kernel& kernel);

  ResamplerDesign design_;
  std::size_t taps_ = 0;
  double ripple_ = 0.0;
  AlignedFloats table_;
};

class Resampler {
 public:
  /// The kernel must outlive the resampler.
  explicit Resampler(const ResamplerKernel* kernel, SimdLevel level = best_simd_level()) noexcept;

  /// out: count frames of ring.lanes() values at start, start + step, … All input frames from
  /// kernel.first_frame(start) to kernel.end_frame(last) are held, and the ring's max_contiguous
  /// is at least kernel.taps(). step > 0. NaN stays in its lane. Thread-safe, no allocation.
  void operator()(const FrameRing& ring, SamplePosition start, SamplePosition step,
                  std::size_t count, float* out) const noexcept;

  [[nodiscard]] const ResamplerKernel& kernel() const noexcept { return *kernel_; }

 private:
  const ResamplerKernel* kernel_;
  const Kernels* kernels_;
};

}  // namespace halfcycle::signal
