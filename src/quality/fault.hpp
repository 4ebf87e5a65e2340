// SPDX-License-Identifier: Apache-2.0
// What an engineer asks first of a fault record: when it began and cleared, which phases, how much
// current, how far the angle jumped.
#pragma once

#include <array>
#include <optional>

#include "base/instant.hpp"
#include "base/quality.hpp"

namespace halfcycle::quality {

struct FaultReport {
  Instant inception;                             ///< first departure from the steady wave before it
  std::optional<Instant> clearing;               ///< nothing: still on at the end
  double duration_seconds = kNotAvailable;       ///< inception to clearing
  std::array<bool, 3> phases{};                  ///< faulted phases
  bool ground = false;                           ///< residual current or voltage took part
  std::array<double, 4> current_peak_amperes;    ///< largest |i| during the fault, I1…I4
  std::array<double, 4> current_rms_amperes;     ///< largest Irms(1/2) during the fault, I1…I4
  std::array<double, 4> prefault_rms_amperes;    ///< Irms before it
  std::array<double, 3> voltage_residual_volts;  ///< smallest Urms(1/2) during the fault, V1…V3
  std::array<double, 3> phase_jump_radians;      ///< change of each voltage's angle at inception
};

}  // namespace halfcycle::quality
