// SPDX-License-Identifier: Apache-2.0
// As Statistics, over the quantities that have ½-cycle values, and no more: what comes a hundred
// times a second must not cost what comes five times.
//
//   HighSpeedStatistics statistics(system);
//   statistics.add(interval);                                  // every half cycle
//   statistics.of(QuantityId::VlnA).max;
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/system.hpp"
#include "metrology/interval.hpp"
#include "metrology/power.hpp"
#include "metrology/quantity.hpp"
#include "metrology/statistics.hpp"

namespace halfcycle::metrology {

inline constexpr std::size_t kHighSpeedCount = static_cast<std::size_t>(
    std::count_if(kQuantities.begin(), kQuantities.end(),
                  [](const QuantityInfo& row) { return !row.high_speed_label.empty(); }));

/// Values that are not available are skipped. Not thread-safe; allocates nothing.
class HighSpeedStatistics {
 public:
  explicit HighSpeedStatistics(const SystemSetup& system)
      : convention_(system.pf_sign_iec ? PfConvention::Iec : PfConvention::Ieee) {}
  void add(const IntervalValues& interval) noexcept;
  /// Not available for a quantity without ½-cycle values.
  [[nodiscard]] Summary of(QuantityId id) const noexcept;

  static constexpr std::size_t kFactors = 4;  ///< power factors of the phases and in total

 private:
  struct Row {
    Extremes extremes;
    double sum = 0.0;  ///< of values or their squares, as the row aggregates, or the largest
    std::uint64_t count = 0;
  };

  PfConvention convention_;
  std::array<Row, kHighSpeedCount> rows_{};
  std::array<std::array<double, 3>, kFactors> factor_sums_{};  ///< ΣP, ΣQ, ΣS
};

}  // namespace halfcycle::metrology
