// SPDX-License-Identifier: Apache-2.0
#include "graph/event.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::graph {
namespace {

std::string register_value(RegisterClass cls, Unit unit, double value) {
  switch (cls) {
    case RegisterClass::Boolean:
      return !is_available(value) ? "not available" : value != 0.0 ? "on" : "off";
    case RegisterClass::Pulse:
      return "pulse";
    case RegisterClass::Time:
      return to_iso8601(slot_to_instant(value));
    default:
      break;
  }
  if (!is_available(value)) {
    return "not available";
  }
  std::string text;
  append_json_number(text, value);
  if (unit != Unit::One) {
    text += ' ';
    text += info(unit).symbol;
  }
  return text;
}

struct EndText {
  std::string label, value;
};

EndText end_text(const CompiledTemplate& compiled, const EventEnd& end) {
  switch (end.kind) {
    case EventEnd::Kind::None:
      return {};
    case EventEnd::Kind::Register: {
      const RegisterInfo& info = compiled.registers()[end.index];
      const RegisterClass cls = end.element >= 0 ? RegisterClass::Numeric : info.cls;
      return {compiled.label({end.index, end.element}), register_value(cls, info.unit, end.value)};
    }
    case EventEnd::Kind::Setup:
      return {compiled.setup_label(end.index),
              setup_text(compiled.setup_spec(end.index), end.value, end.text)};
  }
  return {};
}

}  // namespace

EventText describe(const CompiledTemplate& compiled, const Event& event) {
  EndText cause = end_text(compiled, event.cause);
  EndText effect = end_text(compiled, event.effect);
  return {compiled.modules()[event.module].label, std::move(cause.label), std::move(cause.value),
          std::move(effect.label), std::move(effect.value)};
}

std::string to_text(const CompiledTemplate& compiled, const Event& event) {
  const EventText parts = describe(compiled, event);
  std::string text = format("{} {} {}", to_iso8601(event.time), event.priority, parts.module);
  if (event.priority == kResetPriority && event.effect.kind == EventEnd::Kind::None) {
    text += " reset";
  }
  const bool has_cause = event.cause.kind != EventEnd::Kind::None;
  const bool has_effect = event.effect.kind != EventEnd::Kind::None;
  if (has_cause || has_effect) {
    text += ": ";
  }
  if (has_cause) {
    text += format("{} {}", parts.cause, parts.cause_value);
  }
  if (has_cause && has_effect) {
    text += " -> ";
  }
  if (has_effect) {
    text += format("{} {}", parts.effect, parts.effect_value);
  }
  if (event.by != nullptr) {
    text += format(" by {} ({})", event.by->user, event.by->origin);
  }
  return text;
}

}  // namespace halfcycle::graph
