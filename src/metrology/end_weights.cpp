// SPDX-License-Identifier: Apache-2.0
#include "metrology/end_weights.hpp"

#include <algorithm>

#include "signal/windowed_sinc.hpp"

namespace halfcycle::metrology {

EndWeights::EndWeights() : table_((kPhases + 1) * kCount) {
  constexpr double kCell = 1.0 / static_cast<double>(kPhases);
  const double reach = static_cast<double>(kReach);
  const signal::WindowedSinc sinc(reach, 0.5, 70.0);
  const std::vector<double> running = sinc.running_integral(kPhases);
  for (std::size_t p = 0; p <= kPhases; ++p) {
    // Frame k of a row lies at k + 1 − kReach − p/kPhases from the end.
    const double fraction = static_cast<double>(p) * kCell;
    std::array<double, kCount> step{};
    std::array<double, kCount> slope{};
    double sum = 0.0;
    double gain = 0.0;
    for (std::size_t k = 0; k < kCount; ++k) {
      step[k] = running[(k + 1) * kPhases - p] / running.back();
      slope[k] = sinc(static_cast<double>(k + 1) - reach - fraction);
      sum += step[k];
      gain += slope[k];
    }
    // A constant must integrate exactly: the end is shifted by what the row is short of.
    const double shift = (reach + 0.5 - fraction - sum) / gain;
    for (std::size_t k = 0; k < kCount; ++k) {
      table_[p * kCount + k] = static_cast<float>(step[k] + shift * slope[k]);
    }
  }
}

EndWeights::Row EndWeights::at(signal::SamplePosition end) const noexcept {
  const double scaled = end.fraction() * static_cast<double>(kPhases);
  const std::size_t p = std::min(static_cast<std::size_t>(scaled), kPhases - 1);
  const float part = static_cast<float>(scaled - static_cast<double>(p));
  const float* row = table_.data() + p * kCount;
  Row out;
  for (std::size_t k = 0; k < kCount; ++k) {
    out[k] = row[k] + part * (row[k + kCount] - row[k]);
  }
  return out;
}

}  // namespace halfcycle::metrology
