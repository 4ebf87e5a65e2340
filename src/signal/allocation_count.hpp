// SPDX-License-Identifier: Apache-2.0
// For tests: how often this program has allocated.
#pragma once

namespace halfcycle::signal::testing {

/// Calls of operator new so far, all threads.
[[nodiscard]] long allocation_count() noexcept;

}  // namespace halfcycle::signal::testing
