// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "graph/context.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::InputSpec;
using graph::Need;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

enum Input : std::size_t { kTrigger, kPreset };
enum Output : std::size_t { kCount };
enum Setup : std::size_t { kMultiplier, kCountMode, kPresetValue };
enum Mode { kUp, kDown };

constexpr double kLargest = 1e12;

constexpr std::array kInputs{InputSpec{.name = "Trigger",
                                       .accepts = RegisterClass::Pulse,
                                       .need = Need::Required,
                                       .help = "The pulses to count"},
                             InputSpec{.name = "Preset",
                                       .accepts = RegisterClass::Pulse,
                                       .help = "A pulse sets the count to Preset Value"}};
constexpr std::array kOutputs{OutputSpec{.name = "Count",
                                         .unit_rule = graph::UnitRule::Open,
                                         .retain = graph::Retain::Yes,
                                         .initial = 0.0,
                                         .help = "The count, times Multiplier"}};
constexpr std::array<std::string_view, 2> kModes{"UP", "DOWN"};
constexpr std::array kSetup{SetupSpec{.name = "Multiplier",
                                      .min = -kLargest,
                                      .max = kLargest,
                                      .default_value = 1.0,
                                      .help = "What one pulse adds"},
                            SetupSpec{.name = "Count Mode",
                                      .cls = RegisterClass::Enumerated,
                                      .default_value = kUp,
                                      .choices = kModes,
                                      .help = "Up adds, down subtracts"},
                            SetupSpec{.name = "Preset Value",
                                      .min = -kLargest,
                                      .max = kLargest,
                                      .help = "The count after a pulse at Preset"}};

void evaluate(Context& context) {
  double count = context.output(kCount);
  if (context.pulsed(kPreset)) {
    count = context.setup(kPresetValue);
  }
  if (context.pulsed(kTrigger)) {
    const double step = context.setup(kMultiplier);
    count += static_cast<int>(context.setup(kCountMode)) == kUp ? step : -step;
  }
  if (count != context.output(kCount)) {
    context.set(kCount, count, {});
  }
}

}  // namespace

constinit const graph::ModuleType kCounter{
    .name = "Counter",
    .doc =
        "Counts pulses up or down.\n\nPulses that arrive in the same evaluation count once; a "
        "pulse at Preset in the same evaluation takes effect first. A change of setup leaves "
        "the count as it is.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .setup_resets = false,
    .evaluate = evaluate};

}  // namespace halfcycle::modules
