// SPDX-License-Identifier: Apache-2.0
// What sampled values an interface carries, kept as a capture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/sampled_values.hpp"

namespace halfcycle::source {

/// Listens until `listen_seconds` after the first frame, at most `patience_seconds` for that one. A
/// capture in the format of pcap with its frames; nothing if none came. Errors: those of
/// PacketRing::open.
[[nodiscard]] Result<std::optional<formats::FileBytes>> listen(const std::string& interface,
                                                               std::optional<std::uint16_t> app_id,
                                                               double patience_seconds,
                                                               double listen_seconds);

}  // namespace halfcycle::source
