// SPDX-License-Identifier: Apache-2.0
// From a meter of the configuration to what the fleet starts: its source opened, its system known,
// its template compiled.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/run_config.hpp"
#include "base/result.hpp"
#include "fleet/fleet.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::app {

/// What the meters of one start have in common.
struct PlanContext {
  Instant now;           ///< simulated grids in real time begin then
  bool clock_ok = true;  ///< the clock of this machine is no earlier than this program
  std::optional<double> duration_seconds;  ///< of signal, from each source
  std::map<std::string, std::shared_ptr<const graph::CompiledTemplate>> templates;
};

struct LivePlan {
  fleet::MeterPlan plan;
  std::vector<std::string> warnings;
};

/// Errors: those of the source, the template and the meter, each with where it was asked for.
[[nodiscard]] Result<LivePlan> make_live_plan(const MeterConfig& meter, PlanContext& context);

/// UTC of this machine.
[[nodiscard]] Instant machine_time();
/// True unless the clock shows a time before this version was made: then it was never set.
[[nodiscard]] bool is_plausible_time(Instant now);

}  // namespace halfcycle::app
