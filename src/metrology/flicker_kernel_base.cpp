// SPDX-License-Identifier: Apache-2.0
#include "metrology/flicker_kernel_impl.hpp"

namespace halfcycle::metrology {

const FlickerKernel& base_flicker_kernel() noexcept { return kLevelKernel; }

const FlickerKernel& flicker_kernel(signal::SimdLevel level) noexcept {
#if defined(__x86_64__)
  if (level == signal::SimdLevel::Avx2) {
    return avx2_flicker_kernel();
  }
#endif
  static_cast<void>(level);
  return base_flicker_kernel();
}

}  // namespace halfcycle::metrology
