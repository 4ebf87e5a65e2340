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

enum Input : std::size_t { kSource, kEnableInputIndex };
enum Output : std::size_t { kStatus, kTrigger };
enum Setup : std::size_t {
  kHighLimit,
  kLowLimit,
  kSusUntlOn,
  kSusUntlOff,
  kEvalMode,
  kEvPriority,
  kEnable
};
enum Mode { kGreaterThan, kLessThan };

constexpr double kLargest = 1e15;

constexpr std::array kInputs{InputSpec{.name = "Source",
                                       .accepts = graph::kNumbersAndStates,
                                       .need = Need::Required,
                                       .help = "The value to compare; a state counts as 0 or 1"},
                             graph::kEnableInput};
constexpr std::array kOutputs{
    OutputSpec{.name = "Status",
               .cls = RegisterClass::Boolean,
               .help = "On while the condition holds; not available while disabled"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse when Status goes on"}};
constexpr std::array<std::string_view, 2> kModes{"GREATER THAN", "LESS THAN"};
constexpr std::array kSetup{
    SetupSpec{.name = "High Limit",
              .unit_input = kSource,
              .min = -kLargest,
              .max = kLargest,
              .help = "Greater than: above it the status goes on. Less than: from it on upwards "
                      "the status goes off"},
    SetupSpec{.name = "Low Limit",
              .unit_input = kSource,
              .min = -kLargest,
              .max = kLargest,
              .help = "Greater than: from it on downwards the status goes off. Less than: below it "
                      "the status goes on"},
    SetupSpec{.name = "SusUntlON",
              .unit = Unit::Second,
              .max = 1e6,
              .help = "How long the value must stay beyond the limit before the status goes on"},
    SetupSpec{.name = "SusUntlOFF",
              .unit = Unit::Second,
              .max = 1e6,
              .help = "How long the value must stay back before the status goes off"},
    SetupSpec{.name = "EvalMode",
              .cls = RegisterClass::Enumerated,
              .default_value = kGreaterThan,
              .choices = kModes,
              .help = "Which side of the limits is the condition"},
    graph::kEventPrioritySetup,
    SetupSpec{.name = "Enable",
              .cls = RegisterClass::Boolean,
              .default_value = 1.0,
              .help = "Off disables the setpoint as the input Enable does"}};

struct State {
  std::int64_t since_ns;  // since when the value asks for the other status
  std::int32_t asking;
};

void switch_status(Context& context, bool on, Marks marks) {
  const bool was_known = is_available(context.output(kStatus));
  context.set(kStatus, on ? 1.0 : 0.0, marks);
  if (on) {
    context.pulse(kTrigger);
  }
  // The first known status is news only if it is the condition.
  if (on || was_known) {
    context.post(context.setup(kEvPriority), context.input_end(kSource),
                 context.output_end(kStatus));
  }
}

void evaluate(Context& context) {
  State& state = context.state<State>();
  const double source = context.number(kSource);
  if (!context.enabled() || !context.setup_on(kEnable) || !is_available(source)) {
    state.asking = 0;
    context.set(kStatus, kNotAvailable, context.marks(kSource));
    return;
  }
  const double high = context.setup(kHighLimit);
  const double low = context.setup(kLowLimit);
  const bool greater = static_cast<int>(context.setup(kEvalMode)) == kGreaterThan;
  const bool wants_on = greater ? source > high : source < low;
  const bool wants_off = greater ? source <= low : source >= high;
  const bool is_on = context.output(kStatus) == 1.0;
  const Marks marks = context.marks(kSource);

  const bool asks = is_on ? wants_off && !wants_on : wants_on;
  if (!asks) {
    state.asking = 0;
    if (is_on || is_available(context.output(kStatus))) {
      context.set(kStatus, context.output(kStatus), marks);
    } else {
      switch_status(context, false, marks);
    }
    return;
  }
  const std::int64_t now = context.time().unix_ns();
  if (state.asking == 0 || now < state.since_ns) {
    state.asking = 1;
    state.since_ns = now;
  }
  const double sustain = context.setup(is_on ? kSusUntlOff : kSusUntlOn);
  if (Duration::ns(now - state.since_ns) >= Duration::from_seconds(sustain)) {
    state.asking = 0;
    switch_status(context, !is_on, marks);
  } else {
    context.set(kStatus, is_on ? 1.0 : 0.0, marks);
  }
}

}  // namespace

constinit const graph::ModuleType kSetpoint{
    .name = "Setpoint",
    .doc =
        "Tells when a value is beyond a limit, with hysteresis and delays.\n\nGreater than: on "
        "once the value has stayed above High Limit for SusUntlON, off once it has stayed at or "
        "below Low Limit for SusUntlOFF. Less than: on below Low Limit, off at or above High "
        "Limit. The delays count from the first value beyond the limit, on the sample clock. "
        "Each change is an event with EvPriority; its cause is the value. On a ½-cycle value "
        "it works every half cycle. Learning is not part of it.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
