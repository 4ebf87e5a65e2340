// SPDX-License-Identifier: Apache-2.0
#include "signal/kernels_impl.hpp"

namespace halfcycle::signal {

const Kernels& base_kernels() noexcept { return kLevelKernels; }

}  // namespace halfcycle::signal
