// SPDX-License-Identifier: Apache-2.0
#include "modules/sag_swell.hpp"

#include <array>

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr std::array kOutputs{
    OutputSpec{.name = "DistType",
               .cls = RegisterClass::Enumerated,
               .help = "Of the latest disturbance: 0 dip, 1 swell, 2 interruption"},
    OutputSpec{.name = "DistStart", .cls = RegisterClass::Time, .help = "When it began"},
    OutputSpec{.name = "DistEnd", .cls = RegisterClass::Time, .help = "When it ended"},
    OutputSpec{.name = "DistDur", .unit = Unit::Second, .help = "How long it lasted"},
    OutputSpec{.name = "DistNom%",
               .unit = Unit::Percent,
               .help = "Residual voltage, or the maximum of a swell, in % of the reference"},
    OutputSpec{.name = "DistPhase",
               .help = "Phase with the lowest residual voltage or the highest swell: 1, 2, 3"},
    OutputSpec{.name = "DistStart Trigger",
               .cls = RegisterClass::Pulse,
               .help = "Pulse when a disturbance is reported"},
    OutputSpec{.name = "DistEnd Trigger",
               .cls = RegisterClass::Pulse,
               .help = "Pulse when a disturbance has ended"},
    OutputSpec{.name = "DistV1Ext",
               .unit = Unit::Volt,
               .help = "V1: its own residual voltage or maximum; not available if not involved"},
    OutputSpec{.name = "DistV2Ext", .unit = Unit::Volt, .help = "V2: likewise"},
    OutputSpec{.name = "DistV3Ext", .unit = Unit::Volt, .help = "V3: likewise"},
    OutputSpec{.name = "DistV1Dur",
               .unit = Unit::Second,
               .help = "V1: how long it was beyond the limit; not available if not involved"},
    OutputSpec{.name = "DistV2Dur", .unit = Unit::Second, .help = "V2: likewise"},
    OutputSpec{.name = "DistV3Dur", .unit = Unit::Second, .help = "V3: likewise"},
};
static_assert(kOutputs.size() == sag_swell::kOutputCount);

constexpr std::array<std::string_view, 2> kReferences{"nominal", "sliding"};
constexpr std::array kSetup{
    SetupSpec{.name = "Sag Lim",
              .unit = Unit::Percent,
              .min = 10.0,
              .max = 100.0,
              .default_value = 90.0,
              .help = "Dip threshold in % of the nominal voltage"},
    SetupSpec{.name = "Swell Lim",
              .unit = Unit::Percent,
              .min = 100.0,
              .max = 200.0,
              .default_value = 110.0,
              .help = "Swell threshold in % of the nominal voltage"},
    SetupSpec{.name = "Int Lim",
              .unit = Unit::Percent,
              .min = 0.5,
              .max = 20.0,
              .default_value = 5.0,
              .help = "Interruption threshold in % of the nominal voltage"},
    SetupSpec{.name = "Hysteresis",
              .unit = Unit::Percent,
              .min = 0.0,
              .max = 10.0,
              .default_value = 2.0,
              .help = "How far past its threshold the voltage must come back, in % of nominal"},
    SetupSpec{.name = "EvPriority",
              .min = 0.0,
              .max = 255.0,
              .default_value = 192.0,
              .integer = true,
              .help = "Priority of the disturbance events (high alarm by default)"},
    SetupSpec{.name = "Reference",
              .cls = RegisterClass::Enumerated,
              .choices = kReferences,
              .help = "What the limits refer to: the nominal voltage, or the sliding reference "
                      "voltage of each channel (a filter of about one minute)"},
};

}  // namespace

constinit const graph::ModuleType kSagSwell{
    .name = "Sag/Swell",
    .doc =
        "Dips, swells and interruptions from Urms(1/2) (IEC 61000-4-30 §5.4, §5.5).\n\nThe "
        "detector belongs to the meter; this module states its limits and holds the latest "
        "disturbance, which it reports once it has ended. Use the pulses to trigger recorders. "
        "V1, V2 and V3 are line-to-neutral in wye and single-phase systems, line-to-line in "
        "delta. The learning inputs of the original are not part of it.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
