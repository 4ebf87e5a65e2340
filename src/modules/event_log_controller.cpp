// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "graph/context.hpp"
#include "modules/data_recorder.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;
using namespace event_log;  // NOLINT(google-build-using-namespace): the declaration's indices

constexpr std::array kOutputs{OutputSpec{.name = "Event Log",
                                         .cls = RegisterClass::Event,
                                         .label = "Event Log",
                                         .help = "Number of the latest event that was stored"}};
constexpr std::array kSetup{
    SetupSpec{.name = "Event Log Depth",
              .min = 100.0,
              .max = 1e7,
              .default_value = kDefaultDepth,
              .integer = true,
              .help = "Events of this meter that are kept; the oldest go first"},
    SetupSpec{.name = "Cutoff",
              .min = 0.0,
              .max = 255.0,
              .default_value = kDefaultCutoff,
              .integer = true,
              .help = "Only events with a higher priority are logged"}};

void evaluate(Context& context) {
  if (const graph::EffectResult* result = context.effect_result(); result != nullptr) {
    context.set(kEventLog, result->value, {});
  }
}

}  // namespace

constinit const graph::ModuleType kEventLogController{
    .name = "Event Log Controller",
    .doc =
        "Says which events the log keeps, and how many.\n\nEvery event of every module goes to the "
        "log if its priority is above Cutoff: resets have 5, setup changes 10, registers written "
        "from outside 10 or 15, setpoints and disturbances what their EvPriority says; 64-127 are "
        "low, 128-191 medium, 192-255 high alarms. Without this module the log works with the "
        "defaults.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::Event,
    .setup_resets = false,
    .max_instances = 1,
    .evaluate = evaluate};

}  // namespace halfcycle::modules
