// SPDX-License-Identifier: Apache-2.0
// Small files of text that a user names: scenarios and templates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace halfcycle::source {

/// The whole file. Never waits: a pipe, socket or device is refused without being read. `what`
/// names the kind of file in messages ("scenario"). Errors: InvalidInput (does not exist, a folder,
/// not a regular file, more than `limit_bytes`), Machine (permission, reading).
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::string_view what,
                                                 std::size_t limit_bytes);

}  // namespace halfcycle::source
