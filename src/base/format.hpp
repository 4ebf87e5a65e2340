// SPDX-License-Identifier: Apache-2.0
// Text formatting. Only `base` names the library behind it, so that moving to std::format is a
// change of this file.
#pragma once

#include <fmt/format.h>

namespace halfcycle {
using fmt::format;
using fmt::format_to;
}  // namespace halfcycle
