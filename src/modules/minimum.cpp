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

enum Input : std::size_t { kSource };
enum Output : std::size_t { kMinimum, kTrigger };

constexpr std::array kInputs{InputSpec{.name = "Source",
                                       .accepts = graph::kNumbers,
                                       .need = Need::Required,
                                       .help = "The value to watch"},
                             graph::kEnableInput, graph::kResetInput};
constexpr std::array kOutputs{
    OutputSpec{.name = "Minimum",
               .unit_rule = graph::UnitRule::OfInput,
               .unit_input = kSource,
               .retain = graph::Retain::Yes,
               .help = "The smallest value since the latest reset; its time is when it occurred"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse at every new minimum"}};

void evaluate(Context& context) {
  if (context.reset()) {
    context.set(kMinimum, kNotAvailable, {});
  }
  const double source = context.number(kSource);
  if (!context.enabled() || !context.updated(kSource) || !is_available(source)) {
    return;
  }
  const double latest = context.output(kMinimum);
  if (!is_available(latest) || source < latest) {
    context.set(kMinimum, source, context.marks(kSource));
    context.pulse(kTrigger);
  }
}

}  // namespace

constinit const graph::ModuleType kMinimum{
    .name = "Minimum",
    .doc =
        "The smallest value of the source since the latest reset.\n\nValues that are not available "
        "and values while it is disabled do not count. After a reset it is not available until "
        "the next value. The register keeps the time and the marks of the value it holds.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .evaluate = evaluate};

}  // namespace halfcycle::modules
