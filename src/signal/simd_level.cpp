// SPDX-License-Identifier: Apache-2.0
#include "signal/simd_level.hpp"

#include "signal/kernels.hpp"

namespace halfcycle::signal {

SimdLevel best_simd_level() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 ? SimdLevel::Avx2 : SimdLevel::Base;
#else
  return SimdLevel::Base;
#endif
}

const Kernels& kernels(SimdLevel level) noexcept {
#if defined(__x86_64__)
  if (level == SimdLevel::Avx2) {
    return avx2_kernels();
  }
#else
  static_cast<void>(level);
#endif
  return base_kernels();
}

}  // namespace halfcycle::signal
