// SPDX-License-Identifier: Apache-2.0
// Which machine code the sample-rate primitives run. Every level gives bit-identical results: the
// same templates are compiled once for each, lanes are independent, sums have one fixed order and
// products are never contracted (-ffp-contract=off). The level only changes the speed.
//
//   FrameRing ring(8, 8192, 256);                       // the best level of this machine
//   FrameRing slow(8, 8192, 256, SimdLevel::Base);      // for the test that compares them
#pragma once

#include <cstdint>

namespace halfcycle::signal {

enum class SimdLevel : std::uint8_t {
  Base,  ///< what every machine of the architecture has: SSE2 on x86-64, NEON on AArch64
  Avx2,  ///< x86-64 with AVX2 (no FMA is used)
};

/// The fastest level that this machine and this build have. Thread-safe, no state.
[[nodiscard]] SimdLevel best_simd_level() noexcept;

}  // namespace halfcycle::signal
