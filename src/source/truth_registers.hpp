// SPDX-License-Identifier: Apache-2.0
// Registers of a steady stretch and energies of a whole run, from phasors and closed integrals.
#pragma once

#include <vector>

#include "source/truth.hpp"
#include "source/truth_signal.hpp"

namespace halfcycle::source {

/// All registers that this wiring has, without energies. The piece must be steady.
[[nodiscard]] std::vector<TruthValue> registers_of(const TruthSignal& signal,
                                                   const Scenario& scenario,
                                                   const TruthPiece& piece);

/// Energies from the first sample to the end; NaN where a stretch has no closed integral.
[[nodiscard]] std::vector<TruthValue> energies_of(const TruthSignal& signal,
                                                  const Scenario& scenario);

}  // namespace halfcycle::source
