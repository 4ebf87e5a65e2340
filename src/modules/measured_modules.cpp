// SPDX-License-Identifier: Apache-2.0
#include "modules/measured_modules.hpp"

#include <algorithm>

namespace halfcycle::modules {

metrology::QuantityId quantity_of(const graph::ModuleType& type, std::size_t output) {
  const std::string_view label = type.outputs[output].label;
  const bool high_speed = &type == &kHighSpeedPowerMeter;
  const auto row = std::find_if(
      metrology::kQuantities.begin(), metrology::kQuantities.end(),
      [&](const auto& info) { return (high_speed ? info.high_speed_label : info.label) == label; });
  return row->id;
}

std::size_t scalar_count(const graph::ModuleType& type) {
  return static_cast<std::size_t>(std::count_if(
      type.outputs.begin(), type.outputs.end(),
      [](const auto& output) { return output.cls == graph::RegisterClass::Numeric; }));
}

}  // namespace halfcycle::modules
