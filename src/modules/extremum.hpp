// SPDX-License-Identifier: Apache-2.0
// What Maximum and Minimum have in common: the value held since the latest reset, and a pulse at
// every new one.
#pragma once

#include <array>

#include "graph/context.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules::extremum {

enum Input : std::size_t { kSource };
enum Output : std::size_t { kHeld, kTrigger };

inline constexpr std::array kInputs{graph::InputSpec{.name = "Source",
                                                     .accepts = graph::kNumbers,
                                                     .need = graph::Need::Required,
                                                     .help = "The value to watch"},
                                    graph::kEnableInput, graph::kResetInput};

/// Better(a, b): a takes the place of b.
template <class Better>
void evaluate(graph::Context& context) {
  if (context.reset()) {
    context.set(kHeld, kNotAvailable, {});
  }
  const double source = context.number(kSource);
  if (!context.enabled() || !context.updated(kSource) || !is_available(source)) {
    return;
  }
  const double latest = context.output(kHeld);
  if (!is_available(latest) || Better{}(source, latest)) {
    context.set(kHeld, source, context.marks(kSource));
    context.pulse(kTrigger);
  }
}

}  // namespace halfcycle::modules::extremum
