// SPDX-License-Identifier: Apache-2.0
// Output declarations made from the quantity table at compile time.
#pragma once

#include <array>
#include <cstddef>

#include "graph/module_type.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::modules {

using metrology::kQuantities;
using metrology::QuantityGroup;
using metrology::QuantityId;
using metrology::QuantityInfo;

[[nodiscard]] constexpr bool is_in(const QuantityInfo& row, QuantityGroup group) {
  return row.group == group;
}
[[nodiscard]] constexpr bool is_high_speed(const QuantityInfo& row) {
  return !row.high_speed_label.empty();
}

/// Rows that `wanted` picks, in the order of the table.
template <auto Wanted>
[[nodiscard]] consteval std::size_t count_quantities() {
  std::size_t count = 0;
  for (const QuantityInfo& row : kQuantities) {
    count += Wanted(row) ? 1 : 0;
  }
  return count;
}
template <auto Wanted>
[[nodiscard]] consteval auto pick_quantities() {
  std::array<QuantityId, count_quantities<Wanted>()> ids{};
  std::size_t next = 0;
  for (const QuantityInfo& row : kQuantities) {
    if (Wanted(row)) {
      ids[next++] = row.id;
    }
  }
  return ids;
}

[[nodiscard]] constexpr graph::OutputSpec measured_output(QuantityId id, bool high_speed,
                                                          graph::Retain retain) {
  const QuantityInfo& row = info(id);
  const std::string_view label = high_speed ? row.high_speed_label : row.label;
  return {.name = label, .unit = row.unit, .label = label, .retain = retain, .help = row.help};
}

template <std::size_t N>
[[nodiscard]] consteval auto measured_outputs(const std::array<QuantityId, N>& ids, bool high_speed,
                                              graph::Retain retain) {
  std::array<graph::OutputSpec, N> outputs{};
  for (std::size_t i = 0; i < N; ++i) {
    outputs[i] = measured_output(ids[i], high_speed, retain);
  }
  return outputs;
}

}  // namespace halfcycle::modules
