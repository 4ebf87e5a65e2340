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

constexpr std::size_t kSources = 16;
enum Output : std::size_t { kResult, kTrigger };
enum Setup : std::size_t { kMode, kEvLogMode, kEvPriority };
enum Mode { kAnd, kOr, kNand, kNor };

consteval auto all_inputs() {
  constexpr std::array<std::string_view, kSources> kNames{
      "Source 1",  "Source 2",  "Source 3",  "Source 4",  "Source 5",  "Source 6",
      "Source 7",  "Source 8",  "Source 9",  "Source 10", "Source 11", "Source 12",
      "Source 13", "Source 14", "Source 15", "Source 16"};
  std::array<InputSpec, kSources> inputs{};
  for (std::size_t i = 0; i < kSources; ++i) {
    inputs[i] = {.name = kNames[i],
                 .accepts = RegisterClass::Boolean,
                 .need = i == 0 ? Need::Required : Need::Optional,
                 .help = i == 0 ? "A state; at least this one is linked"
                                : "A further state; ignored if not linked"};
  }
  return inputs;
}
constexpr auto kInputs = all_inputs();
constexpr std::array kOutputs{
    OutputSpec{.name = "Result", .cls = RegisterClass::Boolean, .help = "The combined state"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse when Result goes on"}};
constexpr std::array<std::string_view, 4> kModes{"AND", "OR", "NAND", "NOR"};
constexpr std::array kSetup{SetupSpec{.name = "Mode",
                                      .cls = RegisterClass::Enumerated,
                                      .default_value = kAnd,
                                      .choices = kModes,
                                      .help = "How the states are combined"},
                            SetupSpec{.name = "EvLog Mode",
                                      .cls = RegisterClass::Boolean,
                                      .help = "On: each change of Result is an event"},
                            graph::kEventPrioritySetup};

// Kleene's logic: what is not available decides nothing, and is decided by what is known.
double combine(const Context& context, bool is_and) {
  bool missing = false;
  for (std::size_t i = 0; i < kSources; ++i) {
    if (!context.linked(i)) {
      continue;
    }
    const double source = context.number(i);
    if (!is_available(source)) {
      missing = true;
    } else if ((source != 0.0) != is_and) {
      return is_and ? 0.0 : 1.0;
    }
  }
  if (missing) {
    return kNotAvailable;
  }
  return is_and ? 1.0 : 0.0;
}

void evaluate(Context& context) {
  const int mode = static_cast<int>(context.setup(kMode));
  double result = combine(context, mode == kAnd || mode == kNand);
  if (mode == kNand || mode == kNor) {
    result = is_available(result) ? 1.0 - result : result;
  }
  const double before = context.output(kResult);
  context.set(kResult, result);
  if (!is_available(result) || result == before) {
    return;
  }
  if (result == 1.0) {
    context.pulse(kTrigger);
  }
  if (context.setup_on(kEvLogMode) && (result == 1.0 || is_available(before))) {
    std::size_t cause = 0;
    while (cause + 1 < kSources && !context.updated(cause)) {
      ++cause;
    }
    context.post(context.setup(kEvPriority), context.input_end(cause), context.output_end(kResult));
  }
}

}  // namespace

constinit const graph::ModuleType kAndOr{
    .name = "AND/OR",
    .doc =
        "Combines up to 16 states by AND, OR, NAND or NOR.\n\nA state that is not available "
        "leaves the result open unless the others decide it: one off decides an AND, one on an "
        "OR.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .evaluate = evaluate};

}  // namespace halfcycle::modules
