// SPDX-License-Identifier: Apache-2.0
// Modules that show what the detectors of the meter find besides dips, swells and interruptions.
#pragma once

#include <cstddef>

#include "graph/module_type.hpp"

namespace halfcycle::modules {

extern const graph::ModuleType kRapidVoltageChange;
extern const graph::ModuleType kTransient;
extern const graph::ModuleType kMainsSignalling;

/// Indices of the declarations, for MeasurementFeed.
namespace rapid_voltage_change {
enum Output : std::size_t {
  kStart,
  kEnd,
  kDuration,
  kDeltaMax,
  kDeltaMaxPercent,
  kDeltaSteady,
  kDeltaSteadyPercent,
  kPhase,
  kTrigger,
  kOutputCount
};
enum Setup : std::size_t { kEnabled, kThreshold, kHysteresis, kEvPriority };
}  // namespace rapid_voltage_change

namespace transient {
enum Output : std::size_t {
  kFirstMax,                        ///< of V1, V2, V3
  kFirstDur = kFirstMax + 3,        ///< likewise
  kFirstStart = kFirstDur + 3,      ///< likewise
  kFirstTrigger = kFirstStart + 3,  ///< likewise
  kOutputCount = kFirstTrigger + 3
};
enum Setup : std::size_t { kThreshold, kEvPriority };
}  // namespace transient

namespace mains_signalling {
inline constexpr std::size_t kCarriers = 3;
inline constexpr std::size_t kLevels = 9;  ///< rows of quantities.def, carrier by carrier
/// Behind the levels, carrier by carrier.
enum Output : std::size_t { kActive, kStart, kDuration, kMax, kRecord, kOutputsACarrier };
enum Setup : std::size_t { kFirstCarrier, kThreshold = kCarriers, kRecordTime, kEvPriority };
}  // namespace mains_signalling

}  // namespace halfcycle::modules
