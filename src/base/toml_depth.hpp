// SPDX-License-Identifier: Apache-2.0
// A guard before a TOML parser that descends by recursion.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace halfcycle {

/// Parts of a dotted key that are accepted; nothing here needs more than four.
inline constexpr std::size_t kMaxTomlKeyParts = 64;

/// The line (from 1) of the first key of more than kMaxTomlKeyParts parts, as a.a.a.a…, if there is
/// one: each part is a table in a table, and taking down a hundred thousand of them exhausts the
/// stack. Dots within strings and comments do not count; text that is no TOML does no harm.
[[nodiscard]] std::optional<std::size_t> line_of_too_deep_key(std::string_view toml);

}  // namespace halfcycle
