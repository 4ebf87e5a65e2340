// SPDX-License-Identifier: Apache-2.0
// Sine, cosine and arctangent with one fixed order of operations, so that results do not depend on
// the C library. Thread-safe, no state, no tables built at run time.
//
//   SinCos s = sin_cos_turns(0.125);   // 45°: both 0.7071…
//   double phi = atan2_radians(im, re);
#pragma once

#include <complex>

namespace halfcycle::signal {

inline constexpr double kPi = 3.14159265358979323846;
inline constexpr double kTwoPi = 6.28318530717958647692;

struct SinCos {
  double sin = 0.0;
  double cos = 1.0;
};

/// Of 2π·turns, |turns| < 2^50 (whole turns are dropped exactly). Absolute error < 4e-16.
/// NaN and infinities give NaN.
[[nodiscard]] SinCos sin_cos_turns(double turns) noexcept;

/// Angle of (x, y) in (−π, π], error < 5e-16 · π; atan2_radians(0, 0) is 0; NaN in, NaN out.
/// Infinite arguments give NaN: they are no samples.
[[nodiscard]] double atan2_radians(double y, double x) noexcept;

/// Angle of a phasor in (−π, π].
[[nodiscard]] inline double angle_radians(std::complex<double> z) noexcept {
  return atan2_radians(z.imag(), z.real());
}

/// The same angle in (−π, π]; |radians| < 1e15.
[[nodiscard]] double wrap_radians(double radians) noexcept;

}  // namespace halfcycle::signal
