// SPDX-License-Identifier: Apache-2.0
#include "modules/measured_modules.hpp"

#include <algorithm>

#include "modules/spectrum_outputs.hpp"

namespace halfcycle::modules {

namespace {
const metrology::QuantityInfo* row_of(const graph::ModuleType& type, std::size_t output) {
  const auto label_of = [&type](const metrology::QuantityInfo& row) {
    return &type == &kHighSpeedPowerMeter ? row.high_speed_label
           : &type == &kAggregator3s      ? row.aggregate_labels[0]
           : &type == &kAggregator10m     ? row.aggregate_labels[1]
           : &type == &kAggregator2hr     ? row.aggregate_labels[2]
                                          : row.label;
  };
  const std::string_view label = type.outputs[output].label;
  const auto row = std::find_if(metrology::kQuantities.begin(), metrology::kQuantities.end(),
                                [&](const auto& info) { return label_of(info) == label; });
  return row == metrology::kQuantities.end() ? nullptr : &*row;
}
}  // namespace

metrology::QuantityId quantity_of(const graph::ModuleType& type, std::size_t output) {
  return row_of(type, output)->id;
}

SpectrumOutput spectrum_of(std::size_t array) { return kSpectrumOutputs[array]; }

std::size_t scalar_count(const graph::ModuleType& type) {
  std::size_t count = 0;
  while (count < type.outputs.size() && row_of(type, count) != nullptr) {
    ++count;
  }
  return count;
}

}  // namespace halfcycle::modules
