// SPDX-License-Identifier: Apache-2.0
// A short interpolation kernel for wide transitions, by weighted least squares.
//
//   LeastSquaresKernel h(16, 0.285, 0.639);   // pass to 0.285 cycles a sample, stop from 0.639 on
//   float c = float(h(t));                    // t in samples, 0 outside ±8
//
// h is a sum of cosines over the support, h(t) = Σ a_m·cos(2πmt/taps), m ≤ 3/4·taps; the a_m
// minimise the weighted squares of the departures of its spectrum from 1 in the pass band and from
// 0 in the stop band. What most matters in a mains signal weighs most: the images k ± y of the
// fundamental and of orders in the lower pass band. Against a windowed sinc (Kaiser) the same
// errors at these take four fifths of the taps. The work grows with the cube of the taps: for short
// kernels only.
#pragma once

#include <cstddef>
#include <vector>

namespace halfcycle::signal {

class LeastSquaresKernel {
 public:
  static constexpr std::size_t kMostTaps = 40;

  /// taps: even, 8 … kMostTaps; 0 < pass < ½ ≤ stop ≤ 1 − pass, cycles a sample.
  LeastSquaresKernel(std::size_t taps, double pass, double stop);

  [[nodiscard]] double operator()(double t) const noexcept;
  /// Largest departure from 1 in the pass band or from 0 in the stop band.
  [[nodiscard]] double largest_departure() const noexcept { return largest_departure_; }

 private:
  double taps_;
  std::vector<double> cosines_;  ///< a_m
  double largest_departure_ = 0.0;
};

}  // namespace halfcycle::signal
