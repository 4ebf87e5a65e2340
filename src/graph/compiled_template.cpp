// SPDX-License-Identifier: Apache-2.0
#include "graph/compiled_template.hpp"

#include "base/text.hpp"
#include "graph/element_label.hpp"

namespace halfcycle::graph {
std::optional<RegisterRef> CompiledTemplate::look_up(std::string_view label) const {
  if (const auto it = by_label_.find(label); it != by_label_.end()) {
    return RegisterRef{it->second, -1};
  }
  return element_of(label, true);
}

// The element of an array that `label` names. in_range false: of an array that does not have it.
std::optional<RegisterRef> CompiledTemplate::element_of(std::string_view label,
                                                        bool in_range) const {
  std::optional<RegisterRef> found;
  read_element_label(label, [&](std::string_view array, std::string_view suffix, int number) {
    const auto it = by_label_.find(array);
    if (it == by_label_.end()) {
      return false;
    }
    const RegisterInfo& info = registers_[it->second];
    const int element = number - info.first_element;
    if (info.cls == RegisterClass::NumericArray && info.element_suffix == suffix &&
        (element >= 0 && element < info.element_count) == in_range) {
      found = RegisterRef{it->second, element};
    }
    return found.has_value();
  });
  return found;
}

Result<RegisterRef> CompiledTemplate::find(std::string_view label) const {
  if (const auto ref = look_up(label)) {
    return *ref;
  }
  if (const auto beyond = element_of(label, false)) {
    const RegisterInfo& array = registers_[beyond->index];
    return fail(ErrorCode::InvalidSetup, "no register '{}': '{}' goes from {} to {}", label,
                array.label, array.first_element, array.first_element + array.element_count - 1);
  }
  std::vector<std::string_view> labels;
  labels.reserve(registers_.size());
  for (const RegisterInfo& info : registers_) {
    labels.push_back(info.label);
  }
  return fail(ErrorCode::InvalidSetup, "no register '{}'.{}", label, did_you_mean(label, labels));
}

Result<std::uint32_t> CompiledTemplate::find_module(std::string_view label) const {
  if (const auto it = modules_by_label_.find(label); it != modules_by_label_.end()) {
    return it->second;
  }
  std::vector<std::string_view> labels;
  labels.reserve(modules_.size());
  for (const ModuleInstance& module : modules_) {
    labels.push_back(module.label);
  }
  return fail(ErrorCode::InvalidSetup, "no module '{}'.{}", label, did_you_mean(label, labels));
}

std::string CompiledTemplate::label(RegisterRef ref) const {
  const RegisterInfo& info = registers_[ref.index];
  return ref.element < 0
             ? info.label
             : element_label(info.label, info.element_suffix, info.first_element + ref.element);
}

const SetupSpec& CompiledTemplate::setup_spec(std::uint32_t setup) const {
  const ModuleInstance& module = modules_[setup_modules_[setup]];
  return module.type->setup[setup - module.first_setup];
}

std::string CompiledTemplate::setup_label(std::uint32_t setup) const {
  return format("{} {}", modules_[setup_modules_[setup]].label, setup_spec(setup).name);
}

std::size_t CompiledTemplate::memory_bytes() const {
  std::size_t bytes = sizeof(*this);
  bytes += modules_.capacity() * sizeof(ModuleInstance);
  bytes += registers_.capacity() * sizeof(RegisterInfo);
  bytes += links_.capacity() * sizeof(RegisterRef);
  bytes += (consumer_begin_.capacity() + consumers_.capacity()) * sizeof(std::uint32_t);
  bytes += setup_numbers_.capacity() * (sizeof(double) + 2 * sizeof(std::uint32_t));
  for (const RegisterInfo& info : registers_) {
    // The label twice, and the node of the map: three pointers, a colour, the pair.
    bytes += 2 * info.label.capacity() + 4 * sizeof(void*) + sizeof(std::string) + 8;
  }
  for (const TemplateModule& module : source_.modules) {
    bytes += sizeof(module) + module.type.capacity() + module.label.capacity();
    for (const auto* entries : {&module.inputs, &module.setup, &module.outputs, &module.units}) {
      bytes += entries->capacity() * sizeof(TemplateEntry);
    }
  }
  return bytes;
}

}  // namespace halfcycle::graph
