// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace halfcycle::modules::flicker {

/// Indices of the declaration, for MeasurementFeed.
enum Setup : std::size_t { kLampType };

}  // namespace halfcycle::modules::flicker
