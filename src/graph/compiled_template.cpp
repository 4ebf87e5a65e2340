// SPDX-License-Identifier: Apache-2.0
#include "graph/compiled_template.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace halfcycle::graph {
namespace {

// The element that `label` names in an array whose own label is `array`, or -1.
int element_of(const RegisterInfo& info, std::string_view label) {
  if (info.cls != RegisterClass::NumericArray || label.size() <= info.label.size() ||
      label.substr(0, info.label.size()) != info.label) {
    return -1;
  }
  const std::string_view digits = label.substr(info.label.size());
  int number = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool plain = ec == std::errc{} && end == digits.data() + digits.size() &&
                     (digits.size() == 1 || digits.front() != '0') && digits.front() != '-';
  if (!plain || number < info.first_element || number >= info.first_element + info.element_count) {
    return -1;
  }
  return number - info.first_element;
}

}  // namespace

std::optional<RegisterRef> CompiledTemplate::look_up(std::string_view label) const {
  if (const auto it = by_label_.find(label); it != by_label_.end()) {
    return RegisterRef{it->second, -1};
  }
  if (const RegisterInfo* array = array_of(label); array != nullptr) {
    if (const int element = element_of(*array, label); element >= 0) {
      return RegisterRef{static_cast<std::uint32_t>(array - registers_.data()), element};
    }
  }
  return std::nullopt;
}

// The register whose label is `label` without the number at its end.
const RegisterInfo* CompiledTemplate::array_of(std::string_view label) const {
  const std::size_t last_letter = label.find_last_not_of("0123456789");
  if (last_letter == std::string_view::npos || last_letter + 1 == label.size()) {
    return nullptr;
  }
  const auto it = by_label_.find(label.substr(0, last_letter + 1));
  return it == by_label_.end() ? nullptr : &registers_[it->second];
}

Result<RegisterRef> CompiledTemplate::find(std::string_view label) const {
  if (const auto ref = look_up(label)) {
    return *ref;
  }
  if (const RegisterInfo* array = array_of(label);
      array != nullptr && array->cls == RegisterClass::NumericArray) {
    return fail(ErrorCode::InvalidSetup, "no register '{}': '{}' goes from {} to {}", label,
                array->label, array->first_element,
                array->first_element + array->element_count - 1);
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
  return ref.element < 0 ? info.label
                         : format("{}{}", info.label, info.first_element + ref.element);
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
