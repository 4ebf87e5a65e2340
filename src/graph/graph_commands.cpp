// SPDX-License-Identifier: Apache-2.0
// Commands and setup of a graph: checked where they are submitted, applied between ticks.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.hpp"
#include "graph/context.hpp"

namespace halfcycle::graph {
namespace {

constexpr std::int64_t kAtOnce = INT64_MIN;

Result<void> check_right(const Principal& by, Right right, std::string_view name) {
  if (by.may(right)) {
    return {};
  }
  return fail(ErrorCode::InvalidSetup, "{} ({}) does not have the right to {}", by.user, by.origin,
              name);
}

}  // namespace

// ── The measuring thread ──────────────────────────────────────────────────────────────────────

void Graph::apply_commands() {
  while (PendingCommand* command = queue_->front()) {
    current_command_ = command;
    apply(*command);
    const std::uint64_t sequence = command->sequence;
    // A result or a reset asks for an evaluation of its own, so that each is seen once and acts
    // before the values of this frame; those then belong to a frame of their own.
    if (command->kind == Command::Kind::EffectResult || command->kind == Command::Kind::Reset) {
      run(command->module);
      ++frame_;
    }
    current_command_ = nullptr;
    queue_->pop();
    applied_.store(sequence, std::memory_order_release);
  }
}

void Graph::apply(PendingCommand& command) {
  const ModuleInstance& module = compiled_->modules()[command.module];
  Event event;
  event.time = end_;
  event.module = command.module;
  event.by = &command.by;
  switch (command.kind) {
    case Command::Kind::SetSetup: {
      const std::uint32_t slot = compiled_->text_slots()[command.index];
      event.priority = kSetupChangePriority;
      event.cause = {EventEnd::Kind::Setup, command.index, -1, setup_numbers_[command.index], {}};
      event.effect = {EventEnd::Kind::Setup, command.index, -1, command.number, {}};
      if (slot != kNoIndex) {
        event.cause.text = setup_texts_[slot]->text;
        event.effect.text = command.text->text;
      }
      post(event);
      setup_numbers_[command.index] = command.number;
      ++setup_changes_;
      if (slot != kNoIndex) {
        setup_texts_[slot].swap(command.text);
      }
      if (module.type->setup_resets) {
        clear_module(command.module);
      }
      mark_module(command.module);
      break;
    }
    case Command::Kind::Write:
    case Command::Kind::Pulse: {
      const RegisterClass cls = compiled_->registers()[command.index].cls;
      if (command.kind == Command::Kind::Pulse) {
        renew_pulse(command.index);
      } else if (cls == RegisterClass::String) {
        const auto* bytes = command.short_text.data();
        renew_text(command.index,
                   {bytes + 1, static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]))},
                   Marks{});
      } else {
        renew(command.index, command.number, Marks{});
      }
      if (module.priority_setup >= 0) {
        event.priority = static_cast<std::uint8_t>(
            setup_numbers_[module.first_setup + static_cast<std::uint32_t>(module.priority_setup)]);
        event.effect = {EventEnd::Kind::Register, command.index, -1, slots_[command.index], {}};
        post(event);
      }
      break;
    }
    case Command::Kind::Reset:
      event.priority = kResetPriority;
      post(event);
      reset_asked_[command.module / 64] |= std::uint64_t{1} << (command.module % 64);
      break;
    case Command::Kind::EffectResult:
      break;
  }
}

void Graph::clear_module(std::uint32_t index_of_module) {
  const ModuleInstance& module = compiled_->modules()[index_of_module];
  const std::size_t state_words = (module.type->state_bytes + 7) / 8;
  std::fill_n(state_.begin() + module.state_offset / 8, state_words, 0);
  for (std::uint32_t k = 0; k < module.type->outputs.size(); ++k) {
    const std::uint32_t reg = module.first_register + k;
    const OutputSpec& spec = module.type->outputs[k];
    if (spec.cls == RegisterClass::Pulse) {
      continue;
    }
    if (spec.cls == RegisterClass::Time) {
      renew(reg, instant_to_slot(kNoInstant), Marks{});
    } else if (spec.cls == RegisterClass::NumericArray) {
      renew_array(reg, {}, Marks{});
    } else {
      renew(reg, spec.initial, Marks{});
    }
  }
  if (module.type->timed && !module.offline) {
    wake_[index_of_module] = kAtOnce;
    next_wake_[index(clock_tick(module.tick))] = kAtOnce;
  }
}

// ── Any thread ────────────────────────────────────────────────────────────────────────────────

Result<std::uint64_t> Graph::submit(const Command& command, const Principal& by) {
  PendingCommand checked;
  checked.kind = command.kind;
  checked.by = by;
  switch (command.kind) {
    case Command::Kind::SetSetup: {
      if (auto ok = check_right(by, Right::Setup, "change the setup"); !ok) {
        return fail(ok.error());
      }
      auto setup = find_setup(command.target, command.name);
      if (!setup) {
        return fail(setup.error());
      }
      checked.index = *setup;
      checked.module = compiled_->module_of_setup(*setup);
      const ModuleType& type = *compiled_->modules()[checked.module].type;
      auto value = check_setup(type, compiled_->setup_spec(*setup), command.text,
                               format("'{}' of '{}'", command.name, command.target));
      if (!value) {
        return fail(value.error());
      }
      checked.number = value->number;
      checked.text = std::move(value->text);
      break;
    }
    case Command::Kind::Write:
    case Command::Kind::Pulse: {
      if (auto ok = check_right(by, Right::Operate, "operate the meter"); !ok) {
        return fail(ok.error());
      }
      if (auto ok = check_write(command, checked); !ok) {
        return fail(ok.error());
      }
      break;
    }
    case Command::Kind::Reset: {
      if (auto ok = check_right(by, Right::Reset, "reset"); !ok) {
        return fail(ok.error());
      }
      const auto module = compiled_->find_module(command.target);
      if (!module) {
        return fail(module.error());
      }
      if (compiled_->modules()[*module].reset_input < 0) {
        return fail(ErrorCode::InvalidSetup, "'{}' ({}) has nothing to reset", command.target,
                    compiled_->modules()[*module].type->name);
      }
      checked.module = *module;
      break;
    }
    case Command::Kind::EffectResult: {
      if (auto ok = check_right(by, Right::Operate, "operate the meter"); !ok) {
        return fail(ok.error());
      }
      const auto module = compiled_->find_module(command.target);
      if (!module) {
        return fail(module.error());
      }
      checked.module = *module;
      checked.result = command.result;
      break;
    }
  }

  const std::lock_guard lock(submit_mutex_);
  PendingCommand* slot = queue_->slot();
  if (slot == nullptr) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return fail(ErrorCode::Machine,
                "{} commands are waiting already and the meter has not taken them up; try again",
                CommandQueue::kCapacity);
  }
  if (checked.kind == Command::Kind::SetSetup) {
    accepted_numbers_[checked.index] = checked.number;
    if (checked.text) {
      accepted_texts_[compiled_->text_slots()[checked.index]] = checked.text;
    }
  }
  checked.sequence = ++submitted_;
  *slot = std::move(checked);
  queue_->push();
  return submitted_;
}

Result<void> Graph::check_write(const Command& command, PendingCommand& checked) const {
  const auto ref = compiled_->find(command.target);
  if (!ref) {
    return fail(ref.error());
  }
  const RegisterInfo& info = compiled_->registers()[ref->index];
  if (!info.writable || ref->element >= 0) {
    return fail(ErrorCode::InvalidSetup, "'{}' ({}) cannot be written", command.target,
                compiled_->modules()[info.module].type->name);
  }
  if ((command.kind == Command::Kind::Pulse) != (info.cls == RegisterClass::Pulse)) {
    return fail(ErrorCode::InvalidSetup, "'{}' is a {} register: it takes {}", command.target,
                name(info.cls), info.cls == RegisterClass::Pulse ? "pulses only" : "no pulses");
  }
  if (info.cls == RegisterClass::Boolean && command.number != 0.0 && command.number != 1.0) {
    return fail(ErrorCode::InvalidSetup, "'{}' takes 0 (off) or 1 (on)", command.target);
  }
  if (info.cls == RegisterClass::String) {
    if (command.text.size() >= kTextBytes) {
      return fail(ErrorCode::InvalidSetup, "'{}' takes at most {} bytes of text", command.target,
                  kTextBytes - 1);
    }
    checked.short_text[0] = static_cast<char>(command.text.size());
    std::memcpy(checked.short_text.data() + 1, command.text.data(), command.text.size());
  } else if (command.kind == Command::Kind::Write && !std::isfinite(command.number)) {
    return fail(ErrorCode::InvalidSetup, "'{}' takes a finite number", command.target);
  }
  checked.index = ref->index;
  checked.module = info.module;
  checked.number = command.number;
  return {};
}

Result<std::uint32_t> Graph::find_setup(std::string_view module, std::string_view setup) const {
  const auto found = compiled_->find_module(module);
  if (!found) {
    return fail(found.error());
  }
  const ModuleInstance& instance = compiled_->modules()[*found];
  std::vector<std::string_view> names;
  for (std::uint32_t k = 0; k < instance.type->setup.size(); ++k) {
    names.push_back(instance.type->setup[k].name);
    if (names.back() == setup) {
      return instance.first_setup + k;
    }
  }
  return fail(ErrorCode::InvalidSetup, "'{}' ({}) has no setup register '{}'.{}", module,
              instance.type->name, setup, did_you_mean(setup, names));
}

Result<void> Graph::restore_setup(std::string_view module, std::string_view setup,
                                  const std::string& value) {
  const auto found = find_setup(module, setup);
  if (!found) {
    return fail(found.error());
  }
  const ModuleInstance& instance = compiled_->modules()[compiled_->module_of_setup(*found)];
  auto checked = check_setup(*instance.type, compiled_->setup_spec(*found), value,
                             format("'{}' of '{}'", setup, module));
  if (!checked) {
    return fail(checked.error());
  }
  const std::lock_guard lock(submit_mutex_);
  setup_numbers_[*found] = accepted_numbers_[*found] = checked->number;
  ++setup_changes_;
  if (checked->text) {
    const std::uint32_t slot = compiled_->text_slots()[*found];
    setup_texts_[slot] = accepted_texts_[slot] = std::move(checked->text);
  }
  return {};
}

Result<std::string> Graph::setup_value(std::string_view module, std::string_view setup) const {
  const auto index_of_setup = find_setup(module, setup);
  if (!index_of_setup) {
    return fail(index_of_setup.error());
  }
  const std::lock_guard lock(submit_mutex_);
  return accepted_text(*index_of_setup);
}

std::string Graph::accepted_text(std::uint32_t setup) const {
  const std::uint32_t slot = compiled_->text_slots()[setup];
  return setup_text(compiled_->setup_spec(setup), accepted_numbers_[setup],
                    slot == kNoIndex ? std::string_view() : accepted_texts_[slot]->text);
}

TemplateSource Graph::export_template() const {
  TemplateSource source = compiled_->source();
  const std::lock_guard lock(submit_mutex_);
  for (std::size_t m = 0; m < source.modules.size(); ++m) {
    const ModuleInstance& module = compiled_->modules()[compiled_->file_order()[m]];
    std::vector<TemplateEntry>& entries = source.modules[m].setup;
    for (std::uint32_t k = 0; k < module.type->setup.size(); ++k) {
      const SetupSpec& spec = module.type->setup[k];
      const std::uint32_t setup = module.first_setup + k;
      const std::string text = accepted_text(setup);
      const auto given = std::find_if(entries.begin(), entries.end(),
                                      [&](const auto& entry) { return entry.key == spec.name; });
      const std::string default_text = setup_text(spec, spec.default_value, spec.default_text);
      if (given == entries.end() && text == default_text) {
        continue;
      }
      TemplateEntry entry{std::string(spec.name), text, 0};
      if (spec.cls == RegisterClass::Boolean) {
        entry.value = accepted_numbers_[setup] != 0.0;
      } else if (spec.cls == RegisterClass::NumericBounded) {
        entry.value = accepted_numbers_[setup];
      }
      if (given == entries.end()) {
        entries.push_back(std::move(entry));
      } else {
        given->value = std::move(entry.value);
      }
    }
  }
  return source;
}

}  // namespace halfcycle::graph
