// SPDX-License-Identifier: Apache-2.0
#include "graph/context.hpp"

#include <algorithm>
#include <cstring>

namespace halfcycle::graph {

double Context::number(std::size_t input) const {
  const RegisterRef from = link(input);
  if (from.index == kNoIndex) {
    return kNotAvailable;
  }
  if (from.element >= 0) {
    const RegisterInfo& info = graph_.compiled_->registers()[from.index];
    float value = 0.0F;
    std::memcpy(&value,
                reinterpret_cast<const unsigned char*>(graph_.words_.data() + info.first_word) +
                    static_cast<std::size_t>(from.element) * sizeof(float),
                sizeof(float));
    return static_cast<double>(value);
  }
  return graph_.slots_[from.index];
}

Instant Context::instant(std::size_t input) const {
  const RegisterRef from = link(input);
  return from.index == kNoIndex ? kNoInstant : slot_to_instant(graph_.slots_[from.index]);
}

std::size_t Context::array(std::size_t input, std::span<float> out) const {
  const RegisterRef from = link(input);
  if (from.index == kNoIndex) {
    return 0;
  }
  const RegisterInfo& info = graph_.compiled_->registers()[from.index];
  const auto count = static_cast<std::size_t>(info.element_count);
  std::memcpy(out.data(), graph_.words_.data() + info.first_word,
              std::min(count, out.size()) * sizeof(float));
  return count;
}

Marks Context::marks() const {
  Marks all;
  const std::span<const InputSpec> inputs = instance_.type->inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const RegisterRef from = link(i);
    if (from.index != kNoIndex && inputs[i].role == Role::Value) {
      all = all.combined(graph_.marks_[from.index]);
    }
  }
  return all;
}

bool Context::enabled() const {
  if (instance_.enable_input < 0) {
    return true;
  }
  const auto input = static_cast<std::size_t>(instance_.enable_input);
  // Not available is neither on nor off; what cannot be seen to be enabled does not act.
  return !linked(input) || number(input) == 1.0;
}

const EffectResult* Context::effect_result() const {
  const PendingCommand* command = graph_.current_command_;
  return command != nullptr && command->kind == Command::Kind::EffectResult &&
                 command->module == module_
             ? &command->result
             : nullptr;
}

void Context::set(std::size_t k, double value, Marks marks) { graph_.renew(reg(k), value, marks); }

void Context::set_instant(std::size_t k, Instant instant, Marks marks) {
  graph_.renew(reg(k), instant_to_slot(instant), marks);
}

void Context::set_text(std::size_t k, std::string_view text, Marks marks) {
  graph_.renew_text(reg(k), text, marks);
}

void Context::set_array(std::size_t k, std::span<const float> elements, Marks marks) {
  graph_.renew_array(reg(k), elements, marks);
}

void Context::pulse(std::size_t k) { graph_.renew_pulse(reg(k)); }

void Context::wake_at(Instant instant) {
  graph_.wake_[module_] = instant.unix_ns();
  auto& next = graph_.next_wake_[index(clock_tick(instance_.tick))];
  next = std::min(next, instant.unix_ns());
}

void Context::post(double priority, EventEnd cause, EventEnd effect) {
  if (priority <= 0.0) {
    return;
  }
  Event event;
  event.time = graph_.end_;
  event.priority = static_cast<std::uint8_t>(std::min(priority, 255.0));
  event.module = module_;
  event.cause = cause;
  event.effect = effect;
  graph_.post(event);
}

EventEnd Context::input_end(std::size_t input) const {
  if (!linked(input)) {
    return {};
  }
  return {EventEnd::Kind::Register, link(input).index, link(input).element, number(input), {}};
}

EventEnd Context::output_end(std::size_t k) const {
  return {EventEnd::Kind::Register, reg(k), -1, output(k), {}};
}

std::uint64_t Context::effect(std::string_view kind, std::span<const double> values,
                              std::string_view text, Marks marks) {
  const std::uint64_t sequence = ++graph_.effect_sequence_;
  if (graph_.effects_ != nullptr) {
    graph_.effects_->on_effect({graph_.end_, module_, sequence, kind, values, text, marks});
  }
  return sequence;
}

}  // namespace halfcycle::graph
