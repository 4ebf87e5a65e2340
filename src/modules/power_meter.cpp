// SPDX-License-Identifier: Apache-2.0
// Power Meter and High-Speed Power Meter: what the meter measures each second and each ½ cycle.
#include <array>
#include <string_view>

#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

constexpr auto kSecondIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::PowerMeter);
}>();
constexpr auto kSecondOutputs = measured_outputs(kSecondIds, false, graph::Retain::No);

constexpr auto kHalfCycleIds = pick_quantities<is_high_speed>();
constexpr auto kHalfCycleOutputs = measured_outputs(kHalfCycleIds, true, graph::Retain::No);

constexpr std::array<std::string_view, 3> kMethods{"vector", "arithmetic", "effective"};
constexpr std::array<std::string_view, 2> kSigns{"IEEE", "IEC"};
constexpr std::array<std::string_view, 2> kOrders{"ABC", "ACB"};
constexpr std::array kSetup{
    graph::SetupSpec{.name = "kVA Method",
                     .cls = graph::RegisterClass::Enumerated,
                     .choices = kMethods,
                     .help = "What the total kVA is, and so the total power factor: vector sum of "
                             "the totals, arithmetic sum of the phases, or effective (IEEE 1459)"},
    graph::SetupSpec{.name = "PF Sign",
                     .cls = graph::RegisterClass::Enumerated,
                     .choices = kSigns,
                     .help = "Sign of power factors: IEEE minus while lagging, IEC that of kW"},
    graph::SetupSpec{.name = "Phase Order",
                     .cls = graph::RegisterClass::Enumerated,
                     .choices = kOrders,
                     .help = "How the phases follow each other: what is a positive sequence, and "
                             "what a reversal"}};

}  // namespace

constinit const graph::ModuleType kPowerMeter{
    .name = "Power Meter",
    .doc =
        "Voltages, currents, powers, power factors, unbalance and fundamental phasors, renewed "
        "every second.\n\nThe values cover the UTC second that ends at their time. A quantity "
        "that the wiring or the sample rate does not have is not available. Wiring, ratios and "
        "nominal values are those of the meter. Its setup holds for the whole meter, from the next "
        "10/12-cycle window on; longer intervals in progress hold both.",
    .outputs = kSecondOutputs,
    .setup = kSetup,
    .tick = graph::Tick::OneSecond,
    .setup_resets = false,
    .max_instances = 1};

constinit const graph::ModuleType kHighSpeedPowerMeter{
    .name = "High-Speed Power Meter",
    .doc =
        "The main quantities of the Power Meter, renewed every half cycle.\n\nEach value covers "
        "one cycle, begun at a zero crossing of the fundamental and renewed each half cycle "
        "(Urms(1/2) of IEC 61000-4-30). No setup of its own: it follows the meter's.",
    .outputs = kHalfCycleOutputs,
    .tick = graph::Tick::HalfCycle,
    .max_instances = 1};

}  // namespace halfcycle::modules
