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

enum Input : std::size_t { kTriggerInput, kEnable };
enum Output : std::size_t { kState, kTrigger };
enum Setup : std::size_t { kDuration };

constexpr std::array kInputs{InputSpec{.name = "Trigger",
                                       .accepts = RegisterClass::Pulse,
                                       .need = Need::Required,
                                       .help = "A pulse starts the timer, or starts it again"},
                             graph::kEnableInput};
constexpr std::array kOutputs{
    OutputSpec{.name = "State",
               .cls = RegisterClass::Boolean,
               .initial = 0.0,
               .help = "On while the timer runs"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse when the time is over"}};
constexpr std::array kSetup{SetupSpec{.name = "Duration",
                                      .unit = Unit::Second,
                                      .min = 0.01,
                                      .max = 1e6,
                                      .default_value = 1.0,
                                      .help = "How long the timer runs"}};

struct State {
  std::int64_t end_ns;
  std::int32_t running;
  std::int32_t unused;
};

void evaluate(Context& context) {
  State& state = context.state<State>();
  const std::int64_t now = context.time().unix_ns();
  if (!context.enabled()) {
    state.running = 0;
    context.set(kState, 0.0, {});
    return;
  }
  if (state.running != 0 && now >= state.end_ns) {
    state.running = 0;
    context.set(kState, 0.0, {});
    context.pulse(kTrigger);
  }
  if (context.pulsed(kTriggerInput)) {
    state.running = 1;
    state.end_ns = now + Duration::from_seconds(context.setup(kDuration)).count_ns();
    context.set(kState, 1.0, {});
  }
  if (state.running != 0) {
    context.wake_at(Instant::from_unix_ns(state.end_ns));
  }
}

}  // namespace

constinit const graph::ModuleType kOneShotTimer{
    .name = "One-Shot Timer",
    .doc =
        "Runs for a set time after a pulse.\n\nA pulse while it runs starts the time again. "
        "Time is that of the samples, looked at with each tick of what triggers it: every half "
        "cycle behind a ½-cycle setpoint, else every second.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .timed = true,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
