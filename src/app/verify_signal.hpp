// SPDX-License-Identifier: Apache-2.0
// Signals whose exact values are known in closed form, for `halfcycle verify`. Nothing here is
// shared with the code that measures or simulates.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <functional>
#include <vector>

#include "base/instant.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"

namespace halfcycle::app {

/// √2·rms·sin(2π·order·f·t + angle)
struct VerifyTone {
  double order = 1.0;  ///< of the fundamental; not whole for an interharmonic
  double rms = 0.0;
  double angle_radians = 0.0;
};

struct VerifyChannel {
  Input input = Input::V1;
  std::vector<VerifyTone> tones;     ///< the first is the fundamental
  [[nodiscard]] double rms() const;  ///< of all tones
  [[nodiscard]] std::complex<double> fundamental() const;
};

/// From `start_cycle` on (cycles of the fundamental from the first sample, at a zero crossing of
/// V1), for so many cycles, the voltages in `phases` are multiplied by `ratio`.
struct VerifyStep {
  double start_cycle = 0.0;
  double cycles = 0.0;
  double ratio = 1.0;
  std::array<bool, 3> phases{};
};

struct VerifySignal {
  double fundamental_hertz = 50.0;  ///< at the first sample
  double ramp_hertz_per_second = 0.0;
  double rate_hertz = 10000.0;
  double seconds = 1.0;
  Instant start;
  std::vector<VerifyChannel> channels;
  std::vector<VerifyStep> steps;
  /// Last touch to each sample: input, index, cycles of the fundamental, value; may be empty. The
  /// figures below do not know of it.
  std::function<double(Input, std::size_t, double, double)> shape;
  double clock_uncertainty_seconds = 0.0;  ///< that its source states

  /// Cycles of the fundamental, which orders refer to, since the first sample.
  [[nodiscard]] double cycles_at(double seconds_from_start) const {
    const double t = seconds_from_start;
    return fundamental_hertz * t + 0.5 * ramp_hertz_per_second * t * t;
  }
  /// The moment amid two samples that is nearest to so many cycles, in cycles: a step there does
  /// not depend on how it is sampled.
  [[nodiscard]] double between_samples(double cycles) const;
  [[nodiscard]] InputMask inputs() const;
  [[nodiscard]] std::size_t frame_count() const;
  /// Frames from `first` on into `frames` (count × 8 floats, lanes by Input); exact to the rounding
  /// of a float.
  void render(std::size_t first, std::size_t count, std::vector<float>& frames) const;
  /// The block for frames rendered so.
  [[nodiscard]] SampleBlock block(std::size_t first, std::size_t count,
                                  const std::vector<float>& frames) const;
  [[nodiscard]] const VerifyChannel& channel(Input input) const;

  /// Urms(1/2) of cycles [x, x + 1) of the voltage of phase 0, 1, 2 over what it would be without
  /// the steps; fundamentals alone, −120° from phase to phase.
  [[nodiscard]] double urms_ratio(std::size_t phase, double x) const;

  // What a meter must find, by definition (IEEE 1459, IEC 61000-4-30). Phase 0, 1, 2; star.
  [[nodiscard]] double active_power(int phase) const;
  [[nodiscard]] double fundamental_reactive_power(int phase) const;
  [[nodiscard]] double apparent_power(int phase) const;
  /// |X2/X1| and |X0/X1| of three voltages (first V1) or currents (first I1).
  [[nodiscard]] double negative_sequence_ratio(Input first) const;
  [[nodiscard]] double zero_sequence_ratio(Input first) const;
  /// Share of an order of the fundamental.
  [[nodiscard]] double harmonic_ratio(Input input, int order) const;
  [[nodiscard]] double thd_ratio(Input input) const;
};

/// What the rectangular window of IEC 61000-4-7 gives of a tone: the square of the rms of line k,
/// of a tone of 1 rms that makes so many turns in the window and begins with the phase. derived:
/// the mean of sin(2πxt + φ)·exp(−j2πkt) over the window, in closed form.
[[nodiscard]] double line_square(double turns, double phase_radians, double k);

}  // namespace halfcycle::app
