// SPDX-License-Identifier: Apache-2.0
// What people and protocols ask of a running graph. Always with a Principal, checked when it is
// submitted, applied between ticks, and logged.
//
//   graph.submit(Command::set_setup("Over V1", "High Limit", "110"), Principal::local());
//   graph.submit(Command::pulse("Reset Demand"), principal);
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "graph/event.hpp"

namespace halfcycle::graph {

struct Command {
  enum class Kind : std::uint8_t { SetSetup, Write, Pulse, Reset, EffectResult };
  Kind kind = Kind::Pulse;
  std::string target;  ///< label of a module (SetSetup, Reset, EffectResult) or register
  std::string name;    ///< SetSetup: name of the setup register
  std::string text;    ///< SetSetup: value as a person writes it; Write: of a String register
  double number = kNotAvailable;  ///< Write
  EffectResult result;

  /// Right::Setup. value: a number in the register's unit, "on"/"off", a choice, or text.
  [[nodiscard]] static Command set_setup(std::string module, std::string setup, std::string value) {
    return {Kind::SetSetup,   std::move(module), std::move(setup),
            std::move(value), kNotAvailable,     {}};
  }
  /// Right::Operate. A writable register (External Numeric, External Boolean).
  [[nodiscard]] static Command write(std::string register_label, double value) {
    return {Kind::Write, std::move(register_label), {}, {}, value, {}};
  }
  /// Right::Operate. A writable pulse register (External Pulse).
  [[nodiscard]] static Command pulse(std::string register_label) {
    return {Kind::Pulse, std::move(register_label), {}, {}, kNotAvailable, {}};
  }
  /// Right::Reset. As a pulse at the module's Reset input.
  [[nodiscard]] static Command reset(std::string module) {
    return {Kind::Reset, std::move(module), {}, {}, kNotAvailable, {}};
  }
  /// Right::Operate. From the room that carried out an effect.
  [[nodiscard]] static Command effect_result(std::string module, EffectResult result) {
    return {Kind::EffectResult, std::move(module), {}, {}, kNotAvailable, result};
  }
};

}  // namespace halfcycle::graph
