// SPDX-License-Identifier: Apache-2.0
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

constexpr auto kIds =
    pick_quantities<[](const QuantityInfo& row) { return is_in(row, QuantityGroup::Energy); }>();
constexpr auto kOutputs = measured_outputs(kIds, false, graph::Retain::Yes);

}  // namespace

constinit const graph::ModuleType kEnergy{
    .name = "Energy",
    .doc =
        "Energies delivered and received since the start, as the measuring engine integrates "
        "them.\n\nThe original builds its energy registers from Integrator modules on the 1 s "
        "powers. Here the engine itself integrates u·i sample by sample and splits the phase sum "
        "by its sign every half cycle, so that the energies are exact and a load that changes "
        "its direction within a second is not netted. Integrator remains for everything else. "
        "Published every second.",
    .outputs = kOutputs,
    .tick = graph::Tick::OneSecond,
    .max_instances = 1};

}  // namespace halfcycle::modules
