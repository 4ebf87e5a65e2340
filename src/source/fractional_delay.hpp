// SPDX-License-Identifier: Apache-2.0
// The value of a sampled signal between its samples: a windowed sinc of 48 taps (Kaiser, β = 12),
// gain 1 at DC, right to 4e-6 up to 0.4 of the sample rate.
//
// derived: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function"
// (1974): attenuation A = 8.7 + β/0.1102 ≈ 118 dB and transition width (A − 8)/(2.285·2π·47) =
// 0.163 of the sample rate, half of it below the Nyquist frequency. Sine and Bessel function are
// computed here, in a fixed order, so that the coefficients are the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace halfcycle::source {

inline constexpr std::size_t kHalfTaps = 24;

/// Coefficients for the value at `fraction` (0 ≤ fraction < 1) after tap kHalfTaps − 1.
class DelayKernel {
 public:
  explicit DelayKernel(double fraction);
  /// samples: 2·kHalfTaps of them. NaN if one of them is.
  [[nodiscard]] double apply(const float* samples) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < 2 * kHalfTaps; ++k) {
      sum += taps_[k] * static_cast<double>(samples[k]);
    }
    return sum;
  }

 private:
  std::array<double, 2 * kHalfTaps> taps_;
};

/// The value at `position` (0 = the first sample) from the few samples around it, for places where
/// the kernel does not fit: a polynomial through at most six samples, four where it has to go
/// beyond the ends, which it does for one sample at most. NaN further out, or next to a NaN.
[[nodiscard]] double interpolate_near_edge(std::span<const float> samples, double position);

}  // namespace halfcycle::source
