// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "graph/module_type.hpp"

namespace halfcycle::modules {

extern const graph::ModuleType kSagSwell;

/// Indices of the declaration, for MeasurementFeed.
namespace sag_swell {
enum Output : std::size_t {
  kDistType,
  kDistStart,
  kDistEnd,
  kDistDur,
  kDistNomPct,
  kWorstPhase,
  kStartPulse,
  kEndPulse,
  kFirstPhaseExtreme,
  kFirstPhaseDur = kFirstPhaseExtreme + 3,
  kOutputCount = kFirstPhaseDur + 3
};
enum Setup : std::size_t { kSagLim, kSwellLim, kIntLim, kHysteresis, kEvPriority, kReference };
}  // namespace sag_swell

}  // namespace halfcycle::modules
