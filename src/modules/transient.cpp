// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/power_quality_events.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr auto output(std::string_view name, RegisterClass cls, Unit unit, std::string_view help) {
  return OutputSpec{.name = name, .cls = cls, .unit = unit, .label = name, .help = help};
}

constexpr std::string_view kMaxHelp =
    "Largest peak of the latest transient, in % of the nominal peak; negative below zero";
constexpr std::string_view kDurHelp = "From its first to its last sample beyond the threshold";
constexpr std::string_view kStartHelp = "When it began";
constexpr std::string_view kTriggerHelp = "Pulse when a transient is reported";
constexpr std::array kOutputs{
    output("TranV1Max", RegisterClass::Numeric, Unit::Percent, kMaxHelp),
    output("TranV2Max", RegisterClass::Numeric, Unit::Percent, kMaxHelp),
    output("TranV3Max", RegisterClass::Numeric, Unit::Percent, kMaxHelp),
    output("TranV1Dur", RegisterClass::Numeric, Unit::Second, kDurHelp),
    output("TranV2Dur", RegisterClass::Numeric, Unit::Second, kDurHelp),
    output("TranV3Dur", RegisterClass::Numeric, Unit::Second, kDurHelp),
    output("TranV1Start", RegisterClass::Time, Unit::One, kStartHelp),
    output("TranV2Start", RegisterClass::Time, Unit::One, kStartHelp),
    output("TranV3Start", RegisterClass::Time, Unit::One, kStartHelp),
    output("TranV1Trig", RegisterClass::Pulse, Unit::One, kTriggerHelp),
    output("TranV2Trig", RegisterClass::Pulse, Unit::One, kTriggerHelp),
    output("TranV3Trig", RegisterClass::Pulse, Unit::One, kTriggerHelp),
};
static_assert(kOutputs.size() == transient::kOutputCount);

constexpr std::array kSetup{
    SetupSpec{.name = "Threshold",
              .unit = Unit::Percent,
              .min = 110.0,
              .max = 1000.0,
              .default_value = 200.0,
              .help = "In % of the nominal peak, root of 2 times the nominal voltage"},
    graph::kEventPrioritySetup,
};

}  // namespace

constinit const graph::ModuleType kTransient{
    .name = "Transient",
    .doc =
        "Transient overvoltages: peak and duration of samples beyond a fixed threshold (the "
        "comparator method of IEC 61000-4-30 Annex A).\n\nSamples less than a half cycle apart are "
        "one transient. What is shorter than a sample or lies above half the sample rate is not "
        "seen. V1, V2 and V3 are line-to-neutral in wye and single-phase systems, line-to-line in "
        "delta.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
