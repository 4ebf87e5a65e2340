// SPDX-License-Identifier: Apache-2.0
// Exponential, logarithm and power that give the same bits on every x86-64: the C library picks
// its own by what the processor can do. IEEE operations in a fixed order only.
#pragma once

namespace halfcycle::modules {

/// ln x for x > 0, error below 2e-15 relative (1e-15 absolute near x = 1); NaN else.
[[nodiscard]] double natural_log(double x);
/// e^x, error below 1e-15·(1 + |x|) relative; infinity above the range of double.
[[nodiscard]] double exponential(double x);
/// x^y: by multiplication for whole y up to ±1024, by root for ½, else e^(y ln x); NaN for
/// negative x with other y and for 0 with y < 0.
[[nodiscard]] double power(double x, double y);

}  // namespace halfcycle::modules
