// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2 on x86-64; empty elsewhere.
#if defined(__x86_64__)
#include "signal/kernels_impl.hpp"

namespace halfcycle::signal {

const Kernels& avx2_kernels() noexcept { return kLevelKernels; }

}  // namespace halfcycle::signal
#endif
