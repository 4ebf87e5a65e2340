// SPDX-License-Identifier: Apache-2.0
// Harmonic subgroups, groups and centred interharmonic subgroups of a 10/12-cycle spectrum,
// IEC 61000-4-7 §5.5 and §5.6, with their distortion factors and the power of each order.
//
//   HarmonicGrouping group({.cycles = 10, .lanes = 8, .highest_order = 50}, fft);
//   group(spectrum, inputs, false, floors, spectra, summary);
//
// The spectrum is that of signal::LaneFft: bins × (lanes real, lanes imaginary parts), peak values,
// `cycles` bins to an order.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/sample_block.hpp"
#include "metrology/interval.hpp"
#include "signal/lane_fft.hpp"

namespace halfcycle::metrology {

struct GroupingSetup {
  std::size_t cycles = 10;  ///< N: bins between two orders
  std::size_t lanes = 8;
  std::size_t highest_order = 50;  ///< H; the bins to N·H + 1 are there
};

/// The standard's evaluation goes to order 50 (IEC 61000-4-30 §5.8).
inline constexpr std::size_t kEvaluatedOrder = 50;

struct DistortionSummary {
  std::array<double, kInputCount> thd{};       ///< THDS, ratio (4-7 §3.3), orders 2 … H
  std::array<double, kInputCount> thd_even{};  ///< the even orders of thd
  std::array<double, kInputCount> thd_odd{};   ///< the odd orders of thd
  std::array<double, kInputCount> thds{};      ///< THDS, orders 2 … min(50, H)
  std::array<double, kInputCount> thdg{};      ///< THDG, orders 2 … min(50, H − 1)
  std::array<double, kInputCount> content{};   ///< harmonic content H_C, V or A rms
  std::array<double, kInputCount> k_factor{};  ///< Σh²·I_h² / ΣI_h² (UL 1561), orders 1 … H
};

class HarmonicGrouping {
 public:
  /// fft: the transform that the spectra come from; outlives the grouping.
  HarmonicGrouping(const GroupingSetup& setup, const signal::LaneFft& fft);

  /// Bins that a spectrum needs: N·H + 1 is the highest.
  [[nodiscard]] static std::size_t max_bin(const GroupingSetup& setup) noexcept {
    return setup.cycles * setup.highest_order + 1;
  }

  /// Fills the inputs of `inputs` in out and summary; all else is left alone. Orders above H are
  /// NaN, all orders where the fundamental is below its floor (volts or amperes rms, by lane) or
  /// NaN. dc: mean of each lane. Angles are not available below 1e-5 of the fundamental.
  /// Active power of each order, W, with its direction, positive where it is delivered: of phases
  /// 1, 2, 3 (lanes 0 and 4, …) and their total. line_to_line: lanes 0, 1, 2 are V12, V23, V31, so
  /// that there is only the total, by two wattmeters. Not thread-safe (workspace inside), no
  /// allocation.
  void operator()(const float* spectrum, const std::array<double, kMaxLanes>& dc, InputMask inputs,
                  double voltage_floor_volts, double current_floor_amperes, bool line_to_line,
                  Spectra& out, DistortionSummary& summary) noexcept;

 private:
  /// Rows of one lane, order by order.
  [[nodiscard]] const float* row(const std::vector<float>& rows, std::size_t l) const noexcept {
    return rows.data() + l * stride_;
  }
  void group(const float* spectrum) noexcept;
  void fill_magnitudes(std::size_t l, double dc, double fundamental_square, Spectra& out,
                       DistortionSummary& summary) const noexcept;
  void fill_angles(std::size_t l, Spectra& out) const noexcept;
  void fill_powers(InputMask inputs, bool line_to_line, Spectra& out) const noexcept;

  GroupingSetup setup_;
  const signal::LaneFft* fft_;
  std::size_t stride_;           ///< H + 1
  std::vector<float> subgroup_;  ///< lanes × (H + 1), squares of peak values
  std::vector<float> inter_;
  std::vector<float> group_;  ///< orders 1 … H − 1
  std::vector<float> re_;     ///< the line of each order
  std::vector<float> im_;
};

/// Turns lanes 0, 1, 2 of a spectrum into the differences 0−1, 1−2, 2−0 (line-to-line voltages).
void make_line_to_line(float* spectrum, std::size_t bins, std::size_t lanes) noexcept;

}  // namespace halfcycle::metrology
