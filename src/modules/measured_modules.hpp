// SPDX-License-Identifier: Apache-2.0
// Core modules whose outputs are measured quantities. The outputs are the rows of
// metrology/quantities.def, by group; MeasurementFeed writes them.
#pragma once

#include <cstddef>

#include "graph/module_type.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::modules {

extern const graph::ModuleType kPowerMeter;
namespace power_meter {
enum Setup : std::size_t { kKvaMethod, kPfSign, kPhaseOrder };
}
extern const graph::ModuleType kHighSpeedPowerMeter;
extern const graph::ModuleType kEnergy;
extern const graph::ModuleType kHarmonicsAnalyzer;
namespace harmonics_analyzer {
enum Setup : std::size_t { kDemandCurrent };
}
extern const graph::ModuleType kSymmetricalComponents;
extern const graph::ModuleType kFlicker;
extern const graph::ModuleType kAggregator3s;
extern const graph::ModuleType kAggregator10m;
extern const graph::ModuleType kAggregator2hr;

/// The quantity behind an output of one of them; of the Harmonics Analyzer and the aggregators only
/// of their scalars, which come first.
[[nodiscard]] metrology::QuantityId quantity_of(const graph::ModuleType& type, std::size_t output);
[[nodiscard]] std::size_t scalar_count(const graph::ModuleType& type);
/// The spectra behind the array outputs, which follow; by their number, the same in all of them.
struct SpectrumOutput {
  Input input = Input::V1;
  metrology::SpectrumKind kind{};
};
[[nodiscard]] SpectrumOutput spectrum_of(std::size_t array);

}  // namespace halfcycle::modules
