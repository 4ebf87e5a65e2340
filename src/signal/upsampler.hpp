// SPDX-License-Identifier: Apache-2.0
// Brings slow inputs (8 … about 96 samples a nominal cycle) to at least 128 samples a cycle by an
// integer factor, before anything else, so that the rest of the engine always sees a comfortable
// rate. Input frame n becomes output frame n·factor, unchanged.
//
//   const UpsamplerKernel kernel(upsampling_factor(16.0));       // 8
//   Upsampler upsample(&kernel);
//   upsample(in_ring, out_ring);    // appends every output frame that the input allows by now
//
// Method: Kaiser-windowed sinc of 64 taps at the input rate, cut-off at half the input rate: flat
// to 0.43 of it within 1e-6 and images of that content below 1e-6; between 0.43 and 0.5 the
// response falls to a half and images rise to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signal/aligned.hpp"
#include "signal/frame_ring.hpp"

namespace halfcycle::signal {

/// 1 for 96 samples in a nominal cycle and more; else the smallest factor that gives 128.
/// samples_per_cycle > 0.
[[nodiscard]] int upsampling_factor(double samples_per_cycle) noexcept;

/// Immutable; shared by all meters with the same factor. Thread-safe.
class UpsamplerKernel {
 public:
  static constexpr std::size_t kTaps = 64;  ///< at the input rate

  explicit UpsamplerKernel(int factor);  ///< factor ≥ 1

  [[nodiscard]] int factor() const noexcept { return factor_; }
  /// kTaps coefficients for each output phase 0 … factor − 1.
  [[nodiscard]] const float* phase(std::size_t p) const noexcept {
    return table_.data() + p * kTaps;
  }

 private:
  int factor_;
  AlignedFloats table_;
};

class Upsampler {
 public:
  /// Input frames needed before (kLead) and behind (kLag) an output frame.
  static constexpr std::size_t kLead = UpsamplerKernel::kTaps / 2 - 1;
  static constexpr std::size_t kLag = UpsamplerKernel::kTaps / 2;

  /// The kernel must outlive the upsampler.
  explicit Upsampler(const UpsamplerKernel* kernel, SimdLevel level = best_simd_level()) noexcept;

  /// The first output index that an input ring starting at `input_begin` allows; reset the output
  /// ring to it.
  [[nodiscard]] std::int64_t first_output(std::int64_t input_begin) const noexcept {
    return (input_begin + static_cast<std::int64_t>(kLead)) * kernel_->factor();
  }
  /// One past the last output index that an input ring ending at `input_end` allows.
  [[nodiscard]] std::int64_t end_output(std::int64_t input_end) const noexcept {
    return (input_end - static_cast<std::int64_t>(kLag)) * kernel_->factor();
  }

  /// Appends to `out` the frames [out.end(), end_output(in.end())), none if there are no new ones.
  /// in.max_contiguous() ≥ kTaps, equal lanes, and `in` still holds the frames needed. Thread-safe,
  /// no allocation. NaN spreads to kTaps · factor output frames of its lane.
  void operator()(const FrameRing& in, FrameRing& out) const noexcept;

 private:
  const UpsamplerKernel* kernel_;
  const Kernels* kernels_;
};

}  // namespace halfcycle::signal
