// SPDX-License-Identifier: Apache-2.0
// The angle of a phasor in single precision, for spectra: branch-free, the same on every machine.
#pragma once

#include <algorithm>
#include <cmath>

namespace halfcycle::metrology {

/// Error < 3e-7 rad. The argument is reduced to |x| < tan(π/8); there the odd series to x¹³,
/// whose rest is below tan(π/8)^15/15 = 1.2e-7.
inline float arctangent2(float y, float x) {
  const float ax = std::abs(x);
  const float ay = std::abs(y);
  const float big = std::max(ax, ay);
  const float small = std::min(ax, ay);
  const bool upper = small > 0.41421356F * big;
  const float t = upper ? (small - big) / (small + big) : small / big;
  const float z = t * t;
  float a =
      t * (1.0F + z * (-1.0F / 3.0F +
                       z * (1.0F / 5.0F +
                            z * (-1.0F / 7.0F +
                                 z * (1.0F / 9.0F + z * (-1.0F / 11.0F + z * (1.0F / 13.0F)))))));
  a = upper ? a + 0.78539816F : a;
  a = ay > ax ? 1.57079633F - a : a;
  a = x < 0.0F ? 3.14159265F - a : a;
  return y < 0.0F ? -a : a;
}

}  // namespace halfcycle::metrology
