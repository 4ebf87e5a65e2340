// SPDX-License-Identifier: Apache-2.0
#include "base/system.hpp"
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using metrology::kSpectra;
using metrology::kSpectrumKinds;

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::HarmonicsAnalyzer);
}>();
constexpr auto kScalars = measured_outputs(kIds, false, graph::Retain::No);

// By input, then by kind of spectrum; the label of order 5 of V1 is "V1 HD" + "5".
constexpr std::array<std::string_view, kInputCount * kSpectrumKinds> kArrayLabels{
    "V1 HD", "V1 HA", "V1 IHD", "V2 HD", "V2 HA", "V2 IHD", "V3 HD", "V3 HA", "V3 IHD",
    "V4 HD", "V4 HA", "V4 IHD", "I1 HD", "I1 HA", "I1 IHD", "I2 HD", "I2 HA", "I2 IHD",
    "I3 HD", "I3 HA", "I3 IHD", "I4 HD", "I4 HA", "I4 IHD", "I5 HD", "I5 HA", "I5 IHD"};

consteval auto all_outputs() {
  std::array<OutputSpec, kScalars.size() + kArrayLabels.size()> outputs{};
  std::size_t next = 0;
  for (const OutputSpec& scalar : kScalars) {
    outputs[next++] = scalar;
  }
  for (std::size_t i = 0; i < kArrayLabels.size(); ++i) {
    const metrology::SpectrumInfo& spectrum = kSpectra[i % kSpectrumKinds];
    outputs[next++] = {.name = kArrayLabels[i],
                       .cls = RegisterClass::NumericArray,
                       .unit = spectrum.unit,
                       .label = kArrayLabels[i],
                       .first_element = spectrum.first_order,
                       .element_count = spectrum.last_order - spectrum.first_order + 1,
                       .help = spectrum.help};
  }
  return outputs;
}
constexpr auto kOutputs = all_outputs();

}  // namespace

constinit const graph::ModuleType kHarmonicsAnalyzer{
    .name = "Harmonics Analyzer",
    .doc =
        "Distortion, crest and K factors, and the spectra of all inputs, over 10/12 cycles.\n\n"
        "Spectra are array registers: `V1 HD` holds the harmonic subgroups of V1, its element "
        "`V1 HD5` the fifth. Magnitudes are in % of the fundamental (IEC 61000-4-7); orders "
        "above half the sample rate are not available.",
    .outputs = kOutputs,
    .tick = graph::Tick::TenTwelveCycle,
    .max_instances = 1};

}  // namespace halfcycle::modules
