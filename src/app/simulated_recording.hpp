// SPDX-License-Identifier: Apache-2.0
// A scenario as a recording whose samples are computed when a writer asks for them.
#pragma once

#include "base/result.hpp"
#include "formats/recording.hpp"
#include "source/scenario.hpp"

namespace halfcycle::app {

/// Errors: InvalidSetup for a scenario without an end or with too many samples.
[[nodiscard]] Result<formats::Recording> simulated_recording(const source::Scenario& scenario);

}  // namespace halfcycle::app
