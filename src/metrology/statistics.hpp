// SPDX-License-Identifier: Apache-2.0
// Minimum, mean, maximum and latest of every quantity and spectrum element over the intervals of a
// run (DESIGN §5, "Windows").
//
//   Statistics statistics(system, inputs);
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

/// Of the values of a run; NaN is skipped.
struct Extremes {
  double min = kNotAvailable;
  double max = kNotAvailable;
  double last = kNotAvailable;
  void add(double value) noexcept {
    if (value == value) {
      // Written so that the NaN of the beginning gives way to the first value.
      min = value >= min ? min : value;
      max = value <= max ? max : value;
      last = value;
    }
  }
};

/// Values that are not available are skipped. Energies have only `last`. Not thread-safe; allocates
/// when constructed (about 150 KB), never later.
class Statistics {
 public:
  /// inputs: whose spectra are taken in; those of others are not available.
  Statistics(const SystemSetup& system, InputMask inputs);
  void reset() noexcept;
  void add(const IntervalValues& interval) noexcept;

  /// Number of intervals added.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] Summary of(QuantityId id) const noexcept;
  /// order: index of the element, 0 … kMaxOrder.
  [[nodiscard]] Summary of(Input input, SpectrumKind kind, int order) const noexcept;

 private:
  /// Of the elements of one input and kind. Nothing there yet: min is above max.
  struct Row {
    std::array<float, kMaxOrder + 1> min;
    std::array<float, kMaxOrder + 1> max;
    std::array<float, kMaxOrder + 1> last;
    void reset() noexcept;
    void add(const Spectra::Orders& values) noexcept;
  };
  struct SpectrumState {
    std::array<std::array<Row, kSpectrumKinds>, kInputCount> rows;
    SpectrumAccumulator sums;
    SpectrumTerms terms;
  };

  /// True if rows of this input and kind are kept. Powers lie at fixed inputs, their own or not.
  [[nodiscard]] bool keeps(std::size_t input, SpectrumKind kind) const noexcept;

  InputMask inputs_;
  std::uint64_t count_ = 0;
  ValueAccumulator sums_;
  std::array<Extremes, kQuantityCount> extremes_{};
  std::unique_ptr<SpectrumState> spectra_;
  mutable std::unique_ptr<Spectra> mean_spectra_;  ///< worked out when asked for
  mutable bool mean_valid_ = false;
};

}  // namespace halfcycle::metrology
