// SPDX-License-Identifier: Apache-2.0
// Array outputs for all spectra, made from the tables of metrology at compile time.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/system.hpp"
#include "graph/module_type.hpp"
#include "metrology/quantity.hpp"
#include "modules/label_text.hpp"
#include "modules/measured_modules.hpp"

namespace halfcycle::modules {

[[nodiscard]] consteval std::size_t count_spectra() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    for (const metrology::SpectrumInfo& row : metrology::kSpectra) {
      count += has_kind(static_cast<Input>(i), row.kind) ? 1 : 0;
    }
  }
  return count;
}

/// Every spectrum of every input, in the order of the outputs.
inline constexpr auto kSpectrumOutputs = [] {
  std::array<SpectrumOutput, count_spectra()> spectra{};
  std::size_t next = 0;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    for (const metrology::SpectrumInfo& row : metrology::kSpectra) {
      if (has_kind(static_cast<Input>(i), row.kind)) {
        spectra[next++] = {static_cast<Input>(i), row.kind};
      }
    }
  }
  return spectra;
}();

using SpectrumLabels = std::array<LabelText, kSpectrumOutputs.size()>;

/// "V1 HD", … with what names the aggregate (" 10m") at the end.
[[nodiscard]] consteval SpectrumLabels spectrum_labels(std::string_view aggregate) {
  SpectrumLabels labels;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    const auto [input, kind] = kSpectrumOutputs[k];
    labels[k] = LabelText()
                    .add(spectrum_owner(input, kind))
                    .add(" ")
                    .add(metrology::kSpectra[static_cast<std::size_t>(kind)].suffix)
                    .add(aggregate);
  }
  return labels;
}

/// `scalars`, then all spectra. labels: in a constant that lives as long as the program; aggregate:
/// as it was given to spectrum_labels().
template <std::size_t N>
[[nodiscard]] consteval auto with_spectra(const std::array<graph::OutputSpec, N>& scalars,
                                          const SpectrumLabels& labels,
                                          std::string_view aggregate) {
  std::array<graph::OutputSpec, N + kSpectrumOutputs.size()> outputs{};
  for (std::size_t k = 0; k < N; ++k) {
    outputs[k] = scalars[k];
  }
  for (std::size_t k = 0; k < labels.size(); ++k) {
    const metrology::SpectrumInfo& row =
        metrology::kSpectra[static_cast<std::size_t>(kSpectrumOutputs[k].kind)];
    outputs[N + k] = {.name = labels[k].view(),
                      .cls = graph::RegisterClass::NumericArray,
                      .unit = row.unit,
                      .label = labels[k].view(),
                      .first_element = row.first_order,
                      .element_count = row.last_order - row.first_order + 1,
                      .element_suffix = aggregate,
                      .help = row.help};
  }
  return outputs;
}

}  // namespace halfcycle::modules
