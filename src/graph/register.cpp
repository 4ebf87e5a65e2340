// SPDX-License-Identifier: Apache-2.0
#include "graph/register.hpp"

#include <array>

namespace halfcycle::graph {

std::string_view name(RegisterClass cls) {
  static constexpr std::array<std::string_view, kRegisterClassCount> kNames{
      "numeric", "numeric bounded", "boolean",  "enumerated", "string", "pulse",
      "time",    "numeric array",   "waveform", "event",      "log",    "calendar"};
  return kNames[static_cast<std::size_t>(cls)];
}

std::string_view name(Tick tick) {
  static constexpr std::array<std::string_view, kTickCount> kNames{
      "half-cycle", "10-12-cycle", "1s", "150-180-cycle", "10s", "10min", "2h", "event"};
  return kNames[index(tick)];
}

}  // namespace halfcycle::graph
