// SPDX-License-Identifier: Apache-2.0
#include "base/system.hpp"
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using metrology::kSpectra;
using metrology::SpectrumKind;

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::HarmonicsAnalyzer);
}>();
constexpr auto kScalars = measured_outputs(kIds, false, graph::Retain::No);

struct ArrayRow {
  Input input;
  SpectrumKind kind;
  std::string_view label;
};
#define HC_SPECTRA(input)                                         \
  {Input::input, SpectrumKind::Magnitude, #input " HD"},          \
      {Input::input, SpectrumKind::Angle, #input " HA"},          \
      {Input::input, SpectrumKind::Interharmonic, #input " IHD"}, \
      {Input::input, SpectrumKind::Group, #input " HG"}, {        \
    Input::input, SpectrumKind::HighBand, #input " HB"            \
  }
// The label of order 5 of V1 is "V1 HD" + "5".
constexpr std::array kArrays{std::to_array<ArrayRow>({HC_SPECTRA(V1),
                                                      HC_SPECTRA(V2),
                                                      HC_SPECTRA(V3),
                                                      HC_SPECTRA(V4),
                                                      HC_SPECTRA(I1),
                                                      {Input::I1, SpectrumKind::Power, "I1 HP"},
                                                      HC_SPECTRA(I2),
                                                      {Input::I2, SpectrumKind::Power, "I2 HP"},
                                                      HC_SPECTRA(I3),
                                                      {Input::I3, SpectrumKind::Power, "I3 HP"},
                                                      HC_SPECTRA(I4),
                                                      HC_SPECTRA(I5)})};
#undef HC_SPECTRA

consteval auto all_outputs() {
  std::array<OutputSpec, kScalars.size() + kArrays.size()> outputs{};
  std::size_t next = 0;
  for (const OutputSpec& scalar : kScalars) {
    outputs[next++] = scalar;
  }
  for (const ArrayRow& row : kArrays) {
    const metrology::SpectrumInfo& spectrum = kSpectra[static_cast<std::size_t>(row.kind)];
    outputs[next++] = {.name = row.label,
                       .cls = RegisterClass::NumericArray,
                       .unit = spectrum.unit,
                       .label = row.label,
                       .first_element = spectrum.first_order,
                       .element_count = spectrum.last_order - spectrum.first_order + 1,
                       .help = spectrum.help};
  }
  return outputs;
}
constexpr auto kOutputs = all_outputs();

}  // namespace

SpectrumOutput spectrum_of(std::size_t array) {
  return {kArrays[array].input, kArrays[array].kind};
}

constinit const graph::ModuleType kHarmonicsAnalyzer{
    .name = "Harmonics Analyzer",
    .doc =
        "Distortion, crest and K factors, and the spectra of all inputs, over 10/12 cycles.\n\n"
        "Spectra are array registers: `V1 HD` holds the harmonic subgroups of V1, its element "
        "`V1 HD5` the fifth; `HA` angles, `IHD` centred interharmonic subgroups, `HG` groups, "
        "`I1 HP` the active power of each order, positive where it is delivered. Magnitudes are in "
        "% of the fundamental (IEC 61000-4-7); orders above half the sample rate are not "
        "available. `THD` counts all orders analysed, `THDS` and `THDG` those to 50, `thd` refers "
        "to the total rms, `TDD` to the largest demand current of the meter's setup.",
    .outputs = kOutputs,
    .tick = graph::Tick::TenTwelveCycle,
    .max_instances = 1};

}  // namespace halfcycle::modules
