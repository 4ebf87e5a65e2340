// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2 on x86-64; empty elsewhere.
#if defined(__x86_64__)
#include "metrology/flicker_kernel_impl.hpp"

namespace halfcycle::metrology {

const FlickerKernel& avx2_flicker_kernel() noexcept { return kLevelKernel; }

}  // namespace halfcycle::metrology
#endif
