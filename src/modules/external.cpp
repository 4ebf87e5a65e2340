// SPDX-License-Identifier: Apache-2.0
// External Numeric, External Boolean, External Pulse: registers that people and protocols write.
#include <array>

#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr std::array kSetup{
    SetupSpec{.name = "EvPriority",
              .min = 0.0,
              .max = 255.0,
              .default_value = 10.0,
              .integer = true,
              .help = "Priority of the event that each write causes; 0 for none"}};

constexpr std::array kNumber{OutputSpec{.name = "Number",
                                        .unit_rule = graph::UnitRule::Open,
                                        .retain = graph::Retain::Yes,
                                        .writable = true,
                                        .help = "What was written; not available before"}};
constexpr std::array kSwitch{OutputSpec{.name = "Switch",
                                        .cls = RegisterClass::Boolean,
                                        .retain = graph::Retain::Yes,
                                        .writable = true,
                                        .initial = 0.0,
                                        .help = "What was written; off before"}};
constexpr std::array kPulse{OutputSpec{.name = "Trigger",
                                       .cls = RegisterClass::Pulse,
                                       .writable = true,
                                       .help = "A pulse for each that was sent"}};

}  // namespace

constinit const graph::ModuleType kExternalNumeric{
    .name = "External Numeric",
    .doc =
        "A number that is written from outside, by a person or a protocol.\n\nWriting needs the "
        "right to operate. The value is kept over a restart.",
    .outputs = kNumber,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false};

constinit const graph::ModuleType kExternalBoolean{
    .name = "External Boolean",
    .doc =
        "A switch that is operated from outside, by a person or a protocol.\n\nWriting needs "
        "the right to operate. The state is kept over a restart.",
    .outputs = kSwitch,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false};

constinit const graph::ModuleType kExternalPulse{
    .name = "External Pulse",
    .doc =
        "A push button that is pressed from outside, by a person or a protocol.\n\nSending a "
        "pulse needs the right to operate. Linked to Reset inputs it resets them together.",
    .outputs = kPulse,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false};

}  // namespace halfcycle::modules
