// SPDX-License-Identifier: Apache-2.0
// What a client says on the WebSocket. The JSON parser stays inside the .cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::web {

inline constexpr std::size_t kMaxStreamMessage = 65536;
inline constexpr int kMinIntervalMs = 50;
inline constexpr int kMaxIntervalMs = 60000;
inline constexpr double kMaxStreamedSeconds = 1.0;

struct StreamRequest {
  enum class What : std::uint8_t { Registers, Waveform, Events, Disturbances, Unsubscribe };
  What what = What::Registers;
  std::uint64_t id = 0;  ///< of the subscription, chosen by the client
  std::string meter;     ///< empty: all (Events, Disturbances)
  std::vector<std::string> labels;
  double seconds = 0.08;  ///< Waveform
  int interval_ms = 200;
};

struct StreamMessage {
  std::optional<std::uint64_t> id;  ///< as far as it could be read, for the answer
  Result<StreamRequest> request;
};
/// Errors: InvalidInput (no JSON, no or several kinds of subscription, a member of the wrong type
/// or out of range, an unknown member; the message names it).
[[nodiscard]] StreamMessage parse_stream_message(std::string_view text);

}  // namespace halfcycle::web
