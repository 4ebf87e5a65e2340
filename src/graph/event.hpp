// SPDX-License-Identifier: Apache-2.0
// What a graph tells the later rooms while it evaluates: events for the log, effects to carry out.
// Both are views, valid during the call, on the measuring thread; a sink copies what it keeps and
// must not block.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/principal.hpp"
#include "base/quality.hpp"

namespace halfcycle::graph {

class CompiledTemplate;

/// Common priorities of the ION architecture; modules with EvPriority use that.
inline constexpr std::uint8_t kResetPriority = 5;
inline constexpr std::uint8_t kSetupChangePriority = 10;
inline constexpr std::uint8_t kInputRegisterChangePriority = 15;

/// One side of an event: which register, and its value then.
struct EventEnd {
  enum class Kind : std::uint8_t { None, Register, Setup };
  Kind kind = Kind::None;
  std::uint32_t index = 0;    ///< of the register, or of the setup register, in the template
  std::int32_t element = -1;  ///< of an array register
  double value = kNotAvailable;
  std::string_view text{};  ///< value of a String register
};

struct Event {
  Instant time;
  std::uint8_t priority = 0;
  std::uint32_t module = 0;  ///< index in CompiledTemplate::modules()
  EventEnd cause;
  EventEnd effect;
  const Principal* by = nullptr;  ///< who, where a command caused it
};
/// "2026-01-01T00:00:00.000000000Z 128 Over V1: Vln a 253.1 V -> Over V1 Status on"
[[nodiscard]] std::string to_text(const CompiledTemplate& compiled, const Event& event);

/// The same in parts, as a log keeps it; empty: none.
struct EventText {
  std::string module;
  std::string cause, cause_value;
  std::string effect, effect_value;
};
[[nodiscard]] EventText describe(const CompiledTemplate& compiled, const Event& event);

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const Event& event) = 0;
};

/// Something that a module wants a later room to do (write a record, set a port, send a mail).
/// The room does it in its own time; what comes of it returns as Command::effect_result.
struct Effect {
  Instant time;
  std::uint32_t module = 0;
  std::uint64_t sequence = 0;  ///< names the effect in its result; counts from 1
  std::string_view kind;       ///< agreed between module type and room: "record", "output", …
  std::span<const double> values;
  std::string_view text;
  Marks marks;  ///< of the values, together
};

class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void on_effect(const Effect& effect) = 0;
};

struct EffectResult {
  std::uint64_t sequence = 0;
  bool done = false;
  double value = kNotAvailable;
};

}  // namespace halfcycle::graph
