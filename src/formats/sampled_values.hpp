// SPDX-License-Identifier: Apache-2.0
// IEC 61850-9-2 sampled values: the frames (9-2LE with 80 or 256 samples a cycle, IEC 61869-9) and
// captures of them as recordings.
//
//   auto streams = list_streams(capture);                       // which svIDs a capture holds
//   auto recording = read_sampled_values(capture, "A1MU0101");  // "" takes the first stream
//
// The published layout of 9-2LE and of 61869-9 "I4U4" is eight INT32 with a quality each: Ia Ib Ic
// In in mA, Ua Ub Uc Un in 10 mV, primary values. Other layouts are read with numbered channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

/// One application service data unit; views into the frame.
struct SvAsdu {
  std::string_view sv_id;
  std::uint16_t smp_cnt = 0;
  std::uint32_t conf_rev = 0;
  std::uint8_t smp_synch = 0;             ///< 0 none, 1 local, 2 global clock
  std::optional<std::uint16_t> smp_rate;  ///< as sent; its meaning depends on smpMod
  std::span<const std::byte> data;        ///< seqOfData
};

struct SvFrame {
  std::uint16_t app_id = 0;
  std::vector<SvAsdu> asdus;
};

/// Nothing if the frame is no SV frame (another ethertype). An error says at which byte a frame
/// that claims to be one is malformed. Accepts one VLAN tag.
[[nodiscard]] Result<std::optional<SvFrame>> parse_sv_frame(std::span<const std::byte> frame);

struct SvStream {
  std::string sv_id;
  std::uint16_t app_id = 0;
  std::size_t channels = 0;
  std::uint64_t samples = 0;
};

[[nodiscard]] Result<std::vector<SvStream>> list_streams(const FileBytes& capture);

/// stream: an svID of list_streams, or empty for the first one. Lost samples (jumps of smpCnt) are
/// gaps; invalid values (quality) are missing.
[[nodiscard]] Result<Recording> read_sampled_values(const FileBytes& capture,
                                                    std::string_view stream);

}  // namespace halfcycle::formats
