// SPDX-License-Identifier: Apache-2.0
// The angle of a phasor in single precision, for spectra: branch-free, the same on every machine.
#pragma once

namespace halfcycle::metrology {

using Floats4 [[gnu::vector_size(16)]] = float;

/// V: float, or Floats4 for four at once. Error < 3e-7 rad. The argument is reduced to
/// |x| < tan(π/8); there the odd series to x¹³, whose rest is below tan(π/8)^15/15 = 1.2e-7.
template <class V>
[[gnu::always_inline]] inline V arctangent2(V y, V x) {
  const V ax = x < 0.0F ? -x : x;
  const V ay = y < 0.0F ? -y : y;
  const auto steep = ay > ax;
  const V big = steep ? ay : ax;
  const V small = steep ? ax : ay;
  // Both are worked out and one is chosen, four times.
  const auto upper = small > 0.41421356F * big;
  const V difference = small - big;
  const V sum = small + big;
  const V t = (upper ? difference : small) / (upper ? sum : big);
  const V z = t * t;
  V a = t * (1.0F + z * (-1.0F / 3.0F +
                         z * (1.0F / 5.0F +
                              z * (-1.0F / 7.0F +
                                   z * (1.0F / 9.0F + z * (-1.0F / 11.0F + z * (1.0F / 13.0F)))))));
  const V raised = a + 0.78539816F;
  a = upper ? raised : a;
  const V across = 1.57079633F - a;
  a = steep ? across : a;
  const V behind = 3.14159265F - a;
  a = x < 0.0F ? behind : a;
  return y < 0.0F ? -a : a;
}

}  // namespace halfcycle::metrology
