// SPDX-License-Identifier: Apache-2.0
// The module types with behaviour, one file each.
#pragma once

#include "graph/module_type.hpp"

namespace halfcycle::modules {

extern const graph::ModuleType kAndOr;
extern const graph::ModuleType kArithmetic;
extern const graph::ModuleType kClock;
extern const graph::ModuleType kCounter;
extern const graph::ModuleType kExternalBoolean;
extern const graph::ModuleType kExternalNumeric;
extern const graph::ModuleType kExternalPulse;
extern const graph::ModuleType kFeedback;
extern const graph::ModuleType kIntegrator;
extern const graph::ModuleType kMaximum;
extern const graph::ModuleType kMinimum;
extern const graph::ModuleType kOneShotTimer;
extern const graph::ModuleType kPeriodicTimer;
extern const graph::ModuleType kSetpoint;
extern const graph::ModuleType kSlidingWindowDemand;

}  // namespace halfcycle::modules
