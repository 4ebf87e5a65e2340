// SPDX-License-Identifier: Apache-2.0
// Discrete Fourier transform of all lanes of a window at once.
//
//   LaneFft fft(5120, 8, 1280);                       // 10 cycles of 512 points, bins 0 … 1280
//   std::vector<float> work(fft.workspace_floats());  // one per thread, shared by its meters
//   fft(frames, spectrum, work.data());
//   std::complex<double> u1_50hz = {spectrum[10 * 16 + 0], spectrum[10 * 16 + 8 + 0]};
//
// Convention: X[k] = (2/N)·Σ x[n]·exp(−j2πkn/N), but 1/N instead of 2/N for k = 0 and k = N/2:
// |X[k]| is the peak value of a tone in bin k, the angle is that of a cosine at n = 0. Method: one
// complex transform of N/2 points (two frames in a row are one packed element) by decimation in
// frequency with radices 5, 3, 8, 4 and 2, and a last step that puts the bins asked for in order
// and separates them. After the first radix the rest is done in place, sub-transform by
// sub-transform: 512 points of 8 lanes are 32 KB and stay in the first cache. Float arithmetic,
// factors computed in double. Error against a long double DFT: < 1e-7 of the largest tone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "signal/simd_level.hpp"

namespace halfcycle::signal {

struct Kernels;

/// Immutable; shared by all meters and threads.
class LaneFft {
 public:
  /// True if points is even and points/2 has no other prime factors than 2, 3 and 5.
  [[nodiscard]] static bool supports(std::size_t points) noexcept;

  /// points: N ≤ 131072, see supports(). lanes: 8 or 12. max_bin ≤ N/2.
  LaneFft(std::size_t points, std::size_t lanes, std::size_t max_bin,
          SimdLevel level = best_simd_level());

  [[nodiscard]] std::size_t points() const noexcept { return points_; }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_; }
  /// Adds re² + im² of `count` bins from `first` on to a sum for each lane, bin by bin.
  void add_powers(const float* spectrum, std::size_t first, std::size_t count,
                  float* sums) const noexcept;
  /// Sums of re² + im² around the orders 0 … highest, `cycles` bins apart (even, ≥ 6): for each
  /// order three rows of lanes, the subgroup (its bin and one on each side; 0 of order 0), the
  /// centred interharmonic subgroup above it (the bins between, but one on each side), and the
  /// group (from half-way below to half-way above; both bins half-way count half). Those above and
  /// around the highest order are 0.
  void group(const float* spectrum, std::size_t cycles, std::size_t highest,
             float* out) const noexcept;
  [[nodiscard]] std::size_t max_bin() const noexcept { return max_bin_; }
  /// Floats of workspace that a call needs.
  [[nodiscard]] std::size_t workspace_floats() const noexcept { return points_ * lanes_; }
  /// Floats of output: (max_bin + 1) bins × (lanes real parts, lanes imaginary parts).
  [[nodiscard]] std::size_t output_floats() const noexcept { return (max_bin_ + 1) * 2 * lanes_; }

  /// frames: points() × lanes() values, unchanged. work: workspace_floats(). out: output_floats().
  /// No two may overlap; no alignment is needed. NaN stays in its lane. Thread-safe.
  void operator()(const float* frames, float* out, float* work) const noexcept;

  // The same step by step, for input that is made piece by piece and need not be there at once.
  /// The first radix takes one element from each of so many equal parts of the window.
  [[nodiscard]] std::size_t parts() const noexcept { return steps_.front().radix; }
  /// The first step for the frames [first, first + count) of each part; both even. frames: count
  /// frames of each part, part by part.
  void start(const float* frames, std::size_t first, std::size_t count, float* work) const noexcept;
  /// All others, when every frame has been started.
  void transform(float* work) const noexcept;
  /// The bins, in order.
  void separate(const float* work, float* out) const noexcept;

 private:
  struct Step {
    std::size_t radix;
    std::size_t length;  ///< of the transforms that it takes apart
    std::size_t twiddle_offset;
  };

  std::size_t points_;
  std::size_t lanes_;
  std::size_t max_bin_;
  const Kernels* kernels_;
  std::vector<Step> steps_;
  std::vector<float> twiddles_;  ///< per step: (cos, sin) of p·j for j = 1 … radix−1, p outside
  std::vector<std::uint16_t> places_;  ///< where the steps leave each element
  std::vector<float> separate_;        ///< (cos, sin) of 2πk/N, k = 0 … max_bin
};

}  // namespace halfcycle::signal
