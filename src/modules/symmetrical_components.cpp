// SPDX-License-Identifier: Apache-2.0
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::SymmetricalComponents);
}>();
constexpr auto kOutputs = measured_outputs(kIds, false, graph::Retain::No);

}  // namespace

constinit const graph::ModuleType kSymmetricalComponents{
    .name = "Symmetrical Components",
    .doc =
        "Zero, positive and negative sequence of the fundamental voltages and currents, over "
        "150/180 cycles.\n\nNo setup. Not available in a single-phase system.",
    .outputs = kOutputs,
    .tick = graph::Tick::OneFiftyOneEightyCycle,
    .max_instances = 1};

}  // namespace halfcycle::modules
