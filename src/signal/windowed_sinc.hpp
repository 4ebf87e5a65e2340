// SPDX-License-Identifier: Apache-2.0
// The Kaiser-windowed sinc that the resampler, the upsampler and the window integrals are made of.
// Internal to signal. Own arithmetic throughout, so that tables are the same on every machine.
// Source: Kaiser (1974), as in Oppenheim/Schafer, Discrete-Time Signal Processing, §7.5 (window,
// β from the attenuation, length from attenuation and transition width).
#pragma once

#include <cstddef>
#include <vector>

namespace halfcycle::signal {

class WindowedSinc {
 public:
  /// reach_samples: half length; cutoff: in cycles per sample (−6 dB); attenuation_db ≥ 50.
  WindowedSinc(double reach_samples, double cutoff, double attenuation_db) noexcept;

  /// h(t), t in samples; 0 from the reach on. ∫h ≈ 1.
  [[nodiscard]] double operator()(double t) const noexcept;

  /// ∫h from −reach to −reach + k/cells_per_sample, k = 0 … 2·reach·cells_per_sample, by Simpson's
  /// rule in each cell. For a whole reach.
  [[nodiscard]] std::vector<double> running_integral(std::size_t cells_per_sample) const;

 private:
  double reach_;
  double cutoff_;
  double beta_;
  double window_scale_;
};

/// Stop-band attenuation in dB that `taps` coefficients give for a transition band of
/// `width` cycles per sample: 2.285·(taps − 1)·2π·width + 8.
[[nodiscard]] double kaiser_attenuation_db(double taps, double width) noexcept;

}  // namespace halfcycle::signal
