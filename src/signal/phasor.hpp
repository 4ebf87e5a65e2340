// SPDX-License-Identifier: Apache-2.0
// Fundamental phasors from the resampled grid, by half cycles.
//
//   PhasorTable table(512);
//   PhasorSum half = table.sum(frames, 8, 256, 0);     // the first half cycle of the window
//   half += table.sum(frames + 256 * 8, 8, 256, 256);  // and the second: a one-cycle phasor
//   std::complex<double> u1_peak_volts = half.value(0) * (2.0 / 512);
//
// The one-cycle sum has zeros at every other order, so harmonics do not disturb it on a locked
// grid.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <vector>

#include "base/sample_block.hpp"
#include "signal/simd_level.hpp"

namespace halfcycle::signal {

struct Kernels;

/// Σ x[n]·exp(−jφ[n]) of each lane, unscaled.
struct PhasorSum {
  std::array<double, kMaxLanes> re{};
  std::array<double, kMaxLanes> im{};

  PhasorSum& operator+=(const PhasorSum& o) noexcept;
  [[nodiscard]] std::complex<double> value(std::size_t lane) const noexcept {
    return {re[lane], im[lane]};
  }
};

/// Cosine and sine of one cycle in M points. Immutable; shared by all meters and threads.
class PhasorTable {
 public:
  /// points_per_cycle: M ≥ 4.
  explicit PhasorTable(std::size_t points_per_cycle, SimdLevel level = best_simd_level());

  [[nodiscard]] std::size_t points_per_cycle() const noexcept { return points_; }

  /// Σ over frame_count frames of `lanes` (8 or 12) values; φ[n] = 2π·order·(phase_index + n)/M.
  /// Float products and sums over 16 frames, then double: error < 1e-7 of the largest sum.
  /// NaN stays in its lane. Thread-safe, no allocation.
  [[nodiscard]] PhasorSum sum(const float* frames, std::size_t lanes, std::size_t frame_count,
                              std::size_t phase_index, std::size_t order = 1) const noexcept;

 private:
  std::size_t points_;
  const Kernels* kernels_;
  std::vector<float> table_;  ///< cos, sin, cos, sin, …
};

/// Symmetrical components of three phasors, as Fortescue defined them, for the phase order a, b, c:
/// positive = (A + αB + α²C)/3, negative = (A + α²B + αC)/3, zero = (A + B + C)/3, α = 1∠120°.
struct SequenceComponents {
  std::complex<double> positive, negative, zero;
};
[[nodiscard]] SequenceComponents sequence_components(std::complex<double> a, std::complex<double> b,
                                                     std::complex<double> c) noexcept;

}  // namespace halfcycle::signal
