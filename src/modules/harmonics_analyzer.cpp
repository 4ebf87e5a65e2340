// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"
#include "modules/spectrum_outputs.hpp"

namespace halfcycle::modules {
namespace {

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::HarmonicsAnalyzer);
}>();
constexpr auto kLabels = spectrum_labels("");
constexpr auto kOutputs =
    with_spectra(measured_outputs(kIds, false, graph::Retain::No), kLabels, "");

constexpr std::array kSetup{
    graph::SetupSpec{.name = "Demand Current",
                     .unit = Unit::Ampere,
                     .min = 0.0,
                     .max = 1e6,
                     .help = "Largest demand current, what TDD refers to (IEEE 519); 0: the "
                             "nominal current of the meter"}};

}  // namespace

constinit const graph::ModuleType kHarmonicsAnalyzer{
    .name = "Harmonics Analyzer",
    .doc =
        "Distortion, crest and K factors, and the spectra of all inputs, over 10/12 cycles.\n\n"
        "Spectra are array registers: `V1 HD` holds the harmonic subgroups of V1, its element "
        "`V1 HD5` the fifth; `HA` angles, `IHD` centred interharmonic subgroups, `HG` groups, `HB` "
        "bands of 200 Hz from 2 to 9 kHz, `I1 HP` and `kW tot HP` the active power of each order, "
        "positive where it is delivered. Magnitudes are in % of the fundamental (IEC 61000-4-7); "
        "orders above half the sample rate are not available. The aggregators hold the same over "
        "longer intervals: `V1 HD5 10m`. `THD` counts all orders analysed, `THDS` and `THDG` those "
        "to 50, `thd` refers "
        "to the total rms, `TDD` to the largest demand current of the setup.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::TenTwelveCycle,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
