// SPDX-License-Identifier: Apache-2.0
// What kind of recording a file is, from its first bytes and, where those leave it open, its name.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace halfcycle::formats {

enum class FileKind {
  Unknown,
  ComtradeCfg,
  ComtradeDat,  ///< by name only
  ComtradeCff,
  Wav,
  Csv,
  Pqdif,
  Pcap,  ///< pcap or pcapng
};

/// head: the first bytes, 4 KiB are enough. Contents win over the name where both speak.
[[nodiscard]] FileKind sniff(std::string_view name, std::span<const std::byte> head);

/// Why a file of this kind cannot be read as a recording: a .dat given instead of its .cfg, or an
/// unknown kind. Not for readable kinds.
[[nodiscard]] Error refusal(FileKind kind, std::string_view name);

}  // namespace halfcycle::formats
