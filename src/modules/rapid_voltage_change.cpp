// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/power_quality_events.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr std::array kOutputs{
    OutputSpec{.name = "RVC Start",
               .cls = RegisterClass::Time,
               .label = "RVC Start",
               .help = "When the latest rapid voltage change began"},
    OutputSpec{.name = "RVC End",
               .cls = RegisterClass::Time,
               .label = "RVC End",
               .help = "When it ended: one second before the voltage had proved to be steady"},
    OutputSpec{.name = "RVC Duration",
               .unit = Unit::Second,
               .label = "RVC Duration",
               .help = "How long it lasted"},
    OutputSpec{.name = "Delta Umax",
               .unit = Unit::Volt,
               .label = "RVC Delta Umax",
               .help = "Largest difference from the mean just before, of the worst phase"},
    OutputSpec{.name = "Delta Umax %",
               .unit = Unit::Percent,
               .label = "RVC Delta Umax %",
               .help = "The same in % of the nominal voltage"},
    OutputSpec{.name = "Delta Uss",
               .unit = Unit::Volt,
               .label = "RVC Delta Uss",
               .help = "Difference of the steady means after and before, of the worst phase"},
    OutputSpec{.name = "Delta Uss %",
               .unit = Unit::Percent,
               .label = "RVC Delta Uss %",
               .help = "The same in % of the nominal voltage"},
    OutputSpec{.name = "RVC Phase",
               .label = "RVC Phase",
               .help = "Phase with the largest Delta Umax: 1, 2, 3"},
    OutputSpec{.name = "RVC Trigger",
               .cls = RegisterClass::Pulse,
               .label = "RVC Trigger",
               .help = "Pulse when a rapid voltage change is reported"},
};
static_assert(kOutputs.size() == rapid_voltage_change::kOutputCount);

constexpr std::array kSetup{
    SetupSpec{.name = "RVC Enable",
              .cls = RegisterClass::Boolean,
              .default_value = 1.0,
              .help = "Off reports nothing"},
    SetupSpec{.name = "Threshold",
              .unit = Unit::Percent,
              .min = 1.0,
              .max = 6.0,
              .default_value = 5.0,
              .help = "How far Urms(1/2) may lie from its mean over a second, in % of the nominal "
                      "voltage; a change begins the proof of the steady state anew"},
    SetupSpec{
        .name = "Hysteresis",
        .unit = Unit::Percent,
        .min = 0.0,
        .max = 6.0,
        .default_value = 2.5,
        .help = "By so much less within an event; the standard recommends half the threshold"},
    graph::kEventPrioritySetup,
};

}  // namespace

constinit const graph::ModuleType kRapidVoltageChange{
    .name = "Rapid Voltage Change",
    .doc =
        "Rapid voltage changes from Urms(1/2) (IEC 61000-4-30 §5.11).\n\nThe voltage is steady "
        "while "
        "its values of a second lie within the threshold around their mean; a change is reported "
        "one second after its end. Changes less than a second apart are one; what crosses a limit "
        "of dips or swells meanwhile is none; the first second after a start or a gap only proves "
        "the steady state.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
