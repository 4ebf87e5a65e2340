// SPDX-License-Identifier: Apache-2.0
// Minimum, mean, maximum and latest of every quantity and spectrum element over the intervals of a
// run (DESIGN §5, "Windows").
//
//   Statistics statistics(system);
//   statistics.add(interval);                                  // every 10/12-cycle value, say
//   statistics.of(QuantityId::VlnA).mean;                      // SI; NaN = nothing there
//   statistics.of(Input::V1, SpectrumKind::Magnitude, 5).max;
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/quality.hpp"
#include "base/system.hpp"
#include "metrology/accumulator.hpp"
#include "metrology/interval.hpp"

namespace halfcycle::metrology {

struct Summary {
  double min = kNotAvailable;
  double mean = kNotAvailable;  ///< by the row's rule: rms, arithmetic, circular, ΣP/ΣS
  double max = kNotAvailable;
  double last = kNotAvailable;  ///< the latest one that was available
};

/// Values that are not available are skipped. Energies have only `last`. Not thread-safe; allocates
/// when constructed (about 150 KB), never later.
class Statistics {
 public:
  explicit Statistics(const SystemSetup& system);
  void reset() noexcept;
  void add(const IntervalValues& interval) noexcept;

  /// Number of intervals added.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] Summary of(QuantityId id) const noexcept;
  /// order: index of the element, 0 … kMaxOrder.
  [[nodiscard]] Summary of(Input input, SpectrumKind kind, int order) const noexcept;

 private:
  struct Extremes {
    double min = kNotAvailable;
    double max = kNotAvailable;
    double last = kNotAvailable;
    void add(double value) noexcept;
  };
  struct SpectrumState {
    std::array<std::array<std::array<float, kMaxOrder + 1>, kSpectrumKinds>, kInputCount> min;
    std::array<std::array<std::array<float, kMaxOrder + 1>, kSpectrumKinds>, kInputCount> max;
    std::array<std::array<std::array<float, kMaxOrder + 1>, kSpectrumKinds>, kInputCount> last;
    SpectrumAccumulator sums;
    SpectrumTerms terms;
  };

  std::uint64_t count_ = 0;
  ValueAccumulator sums_;
  std::array<Extremes, kQuantityCount> extremes_{};
  std::unique_ptr<SpectrumState> spectra_;
  mutable std::unique_ptr<Spectra> mean_spectra_;  ///< worked out when asked for
  mutable bool mean_valid_ = false;
};

}  // namespace halfcycle::metrology
