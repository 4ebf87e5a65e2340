// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>

#include "modules/extremum.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;

constexpr std::array kOutputs{
    OutputSpec{.name = "Maximum",
               .unit_rule = graph::UnitRule::OfInput,
               .unit_input = extremum::kSource,
               .retain = graph::Retain::Yes,
               .help = "The largest value since the latest reset; its time is when it occurred"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse at every new maximum"}};

}  // namespace

constinit const graph::ModuleType kMaximum{
    .name = "Maximum",
    .doc =
        "The largest value of the source since the latest reset.\n\nValues that are not available "
        "and values while it is disabled do not count. After a reset it is not available until "
        "the next value. The register keeps the time and the marks of the value it holds.",
    .inputs = extremum::kInputs,
    .outputs = kOutputs,
    .evaluate = extremum::evaluate<std::greater<>>};

}  // namespace halfcycle::modules
