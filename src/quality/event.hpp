// SPDX-License-Identifier: Apache-2.0
// Events that the quality detectors report.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/instant.hpp"
#include "base/quality.hpp"

namespace halfcycle::quality {

enum class EventType : std::uint8_t { Dip, Swell, Interruption };
[[nodiscard]] std::string_view name(EventType type);  ///< "dip", "swell", "interruption"

/// One phase's own part in a polyphase event.
struct PhaseEvent {
  bool involved = false;
  std::optional<Instant> start;          ///< nothing: before the first sample
  std::optional<Instant> end;            ///< nothing: still open at the end
  double extreme_volts = kNotAvailable;  ///< residual voltage, or the maximum of a swell
};

/// A dip, swell or interruption (IEC 61000-4-30 §5.4, §5.5).
/// start: start of the Urms(1/2) window that initiated it; end: end of the one that ended it.
struct VoltageEvent {
  EventType type = EventType::Dip;
  std::optional<Instant> start;
  std::optional<Instant> end;
  Instant first_seen;  ///< start of the first window that showed it, known or not to be its start
  double duration_seconds = kNotAvailable;  ///< of one whose start and end are both known
  double extreme_volts = kNotAvailable;
  int worst_phase = 0;  ///< 0, 1, 2
  double threshold_ratio = 0.9;
  double hysteresis_ratio = 0.02;
  double reference_volts = 0.0;
  bool line_to_line = false;
  std::array<PhaseEvent, 3> phases{};
};

}  // namespace halfcycle::quality
