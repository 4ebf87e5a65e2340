// SPDX-License-Identifier: Apache-2.0
// IEC 61850-9-2 sampled values (9-2LE with 80 or 256 samples a cycle, IEC 61869-9): captures of
// them as recordings.
//
//   auto streams = list_streams(capture);                        // what a capture holds
//   auto recording = read_sampled_values(capture, {.sv_id = "A1MU0101"});
//
// The published layout of 9-2LE and of 61869-9 "I4U4" is eight INT32 with a quality each: Ia Ib Ic
// In in mA, Ua Ub Uc Un in 10 mV, primary values. Other layouts are read with numbered channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"
#include "formats/sv_frame.hpp"

namespace halfcycle::formats {

struct SvStream {
  std::string sv_id;
  std::uint16_t app_id = 0;
  std::size_t channels = 0;
  std::uint64_t samples = 0;
  std::uint64_t frames = 0;
  std::size_t frame_bytes = 0;             ///< of the longest frame with it
  std::array<std::byte, 6> destination{};  ///< Ethernet address of its first frame
};

/// Which stream is meant, and how it is taken.
struct SvChoice {
  std::string sv_id{};                    ///< empty: any
  std::optional<std::uint16_t> app_id{};  ///< nothing: any
  bool test = false;                      ///< take what is marked as a test or simulated
  std::optional<int> rate{};              ///< samples a second, where it is known

  [[nodiscard]] bool fits(std::string_view id, std::uint16_t app) const {
    return (sv_id.empty() || sv_id == id) && (!app_id || *app_id == app);
  }
  /// "svID 'MU01', APPID 0x4000"; "any stream".
  [[nodiscard]] std::string text() const;
};

/// "MU01 (APPID 0x4000, 8 channels), MU02 (…)".
[[nodiscard]] std::string describe(const std::vector<SvStream>& streams);

/// Streams differ by svID or APPID. Error: there are none.
[[nodiscard]] Result<std::vector<SvStream>> list_streams(const FileBytes& capture);

/// The first stream that fits the choice. Lost samples (jumps of smpCnt) are gaps; values whose
/// quality says that they are no measurement are missing.
[[nodiscard]] Result<Recording> read_sampled_values(const FileBytes& capture,
                                                    const SvChoice& choice);

/// The channels of a stream: of eight those of 9-2LE, else numbered ones.
[[nodiscard]] std::vector<AnalogChannel> sv_channels(std::size_t channels);

}  // namespace halfcycle::formats
