// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "graph/context.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::InputSpec;
using graph::Need;
using graph::OutputSpec;
using graph::RegisterClass;

constexpr std::array kInputs{InputSpec{.name = "Source",
                                       .accepts = RegisterClass::Pulse,
                                       .need = Need::Required,
                                       .help = "The pulse to pass on"}};
constexpr std::array kOutputs{OutputSpec{
    .name = "Pulse", .cls = RegisterClass::Pulse, .help = "The pulse, one evaluation later"}};

void evaluate(graph::Context& context) {
  // The framework evaluates a loop breaker in the frame after its input was renewed.
  context.pulse(0);
}

}  // namespace

constinit const graph::ModuleType kFeedback{
    .name = "Feedback",
    .doc =
        "Passes a pulse on in the next evaluation, so that modules may form a loop.\n\nModules "
        "linked in a circle without it are refused. The next evaluation is that of the next "
        "tick of any kind: with half-cycle values a half cycle later.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .tick = graph::Tick::Event,
    .breaks_loops = true,
    .evaluate = evaluate};

}  // namespace halfcycle::modules
