// SPDX-License-Identifier: Apache-2.0
#include "graph/catalogue.hpp"

#include <algorithm>
#include <set>

namespace halfcycle::graph {
namespace {

template <class Spec>
Result<void> check_names(const ModuleType& type, std::span<const Spec> specs,
                         std::string_view what) {
  std::set<std::string_view> seen;
  for (const Spec& spec : specs) {
    if (spec.name.empty() || !seen.insert(spec.name).second) {
      return fail(ErrorCode::InvalidSetup, "module type '{}': {} '{}' is empty or there twice",
                  type.name, what, spec.name);
    }
  }
  return {};
}

Result<void> check_type(const ModuleType& type) {
  if (auto ok = check_names(type, type.inputs, "input"); !ok) {
    return ok;
  }
  if (auto ok = check_names(type, type.outputs, "output"); !ok) {
    return ok;
  }
  if (auto ok = check_names(type, type.setup, "setup register"); !ok) {
    return ok;
  }
  for (const OutputSpec& output : type.outputs) {
    const bool needs_input =
        output.unit_rule == UnitRule::OfInput || output.unit_rule == UnitRule::IntegralOfInput;
    if (needs_input && (output.unit_input < 0 ||
                        static_cast<std::size_t>(output.unit_input) >= type.inputs.size())) {
      return fail(ErrorCode::InvalidSetup,
                  "module type '{}': output '{}' takes its unit from an input that is not there",
                  type.name, output.name);
    }
    if ((output.cls == RegisterClass::NumericArray) != (output.element_count > 0)) {
      return fail(ErrorCode::InvalidSetup,
                  "module type '{}': output '{}': arrays, and only they, have elements", type.name,
                  output.name);
    }
  }
  for (const SetupSpec& setup : type.setup) {
    bool sound = true;
    switch (setup.cls) {
      case RegisterClass::NumericBounded:
        sound = setup.min < setup.max && setup.default_value >= setup.min &&
                setup.default_value <= setup.max;
        break;
      case RegisterClass::Boolean:
        sound = setup.default_value == 0.0 || setup.default_value == 1.0;
        break;
      case RegisterClass::Enumerated:
        sound = setup.default_value >= 0.0 &&
                setup.default_value < static_cast<double>(setup.choices.size());
        break;
      case RegisterClass::String:
        break;
      default:
        sound = false;
    }
    if (!sound) {
      return fail(ErrorCode::InvalidSetup,
                  "module type '{}': the bounds, choices or default of setup register '{}' do not "
                  "fit together",
                  type.name, setup.name);
    }
  }
  return {};
}

}  // namespace

Result<ModuleCatalogue> ModuleCatalogue::create(std::span<const ModuleType* const> types) {
  std::set<std::string_view> seen;
  for (const ModuleType* type : types) {
    if (type->name.empty() || !seen.insert(type->name).second) {
      return fail(ErrorCode::InvalidSetup, "module type '{}' has no name or is there twice",
                  type->name);
    }
    if (auto ok = check_type(*type); !ok) {
      return fail(ok.error());
    }
  }
  return ModuleCatalogue({types.begin(), types.end()});
}

const ModuleType* ModuleCatalogue::find(std::string_view name) const {
  const auto it = std::find_if(types_.begin(), types_.end(),
                               [&](const ModuleType* type) { return type->name == name; });
  return it == types_.end() ? nullptr : *it;
}

std::vector<std::string_view> ModuleCatalogue::names() const {
  std::vector<std::string_view> names;
  names.reserve(types_.size());
  for (const ModuleType* type : types_) {
    names.push_back(type->name);
  }
  return names;
}

}  // namespace halfcycle::graph
