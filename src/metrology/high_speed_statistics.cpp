// SPDX-License-Identifier: Apache-2.0
#include "metrology/high_speed_statistics.hpp"

#include <cmath>

#include "metrology/window_values.hpp"

namespace halfcycle::metrology {
namespace {

constexpr auto kHighSpeed = [] {
  std::array<QuantityId, kHighSpeedCount> ids{};
  std::size_t next = 0;
  for (const QuantityInfo& row : kQuantities) {
    if (!row.high_speed_label.empty()) {
      ids[next++] = row.id;
    }
  }
  return ids;
}();

constexpr std::size_t kFactors = HighSpeedStatistics::kFactors;

constexpr bool has_rule(Aggregation aggregation) {
  return aggregation == Aggregation::Rms || aggregation == Aggregation::Mean ||
         aggregation == Aggregation::Max || aggregation == Aggregation::PowerFactor;
}
static_assert(std::all_of(kHighSpeed.begin(), kHighSpeed.end(),
                          [](QuantityId id) { return has_rule(info(id).aggregation); }));
// Their S is a quantity of its own, not worked out from P and Q.
static_assert(std::all_of(kPowerFactorRows.begin(), kPowerFactorRows.begin() + kFactors,
                          [](const PowerFactorRow& row) { return row.s != row.p; }));

constexpr std::size_t factor_of(QuantityId id) {
  std::size_t row = 0;
  while (kPowerFactorRows[row].factor != id) {
    ++row;
  }
  return row;
}
static_assert(std::all_of(kHighSpeed.begin(), kHighSpeed.end(), [](QuantityId id) {
  return info(id).aggregation != Aggregation::PowerFactor || factor_of(id) < kFactors;
}));

}  // namespace

void HighSpeedStatistics::add(const IntervalValues& interval) noexcept {
  for (std::size_t k = 0; k < kHighSpeedCount; ++k) {
    const QuantityId id = kHighSpeed[k];
    const double value = interval[id];
    if (std::isnan(value)) {
      continue;
    }
    Row& row = rows_[k];
    row.extremes.add(value);
    ++row.count;
    switch (info(id).aggregation) {
      case Aggregation::Rms:
        row.sum += value * value;
        break;
      case Aggregation::Max:
        row.sum = row.count == 1 ? value : std::max(row.sum, value);
        break;
      default:
        row.sum += value;
        break;
    }
  }
  for (std::size_t r = 0; r < kFactors; ++r) {
    const PowerFactorRow& row = kPowerFactorRows[r];
    if (!std::isnan(interval[row.factor])) {
      factor_sums_[r][0] += interval[row.p];
      factor_sums_[r][1] += interval[row.q];
      factor_sums_[r][2] += interval[row.s];
    }
  }
}

Summary HighSpeedStatistics::of(QuantityId id) const noexcept {
  const auto place = std::find(kHighSpeed.begin(), kHighSpeed.end(), id);
  if (place == kHighSpeed.end()) {
    return {};
  }
  const Row& row = rows_[static_cast<std::size_t>(place - kHighSpeed.begin())];
  if (row.count == 0) {
    return {};
  }
  const auto n = static_cast<double>(row.count);
  double mean = row.sum / n;
  switch (info(id).aggregation) {
    case Aggregation::Rms:
      mean = std::sqrt(row.sum / n);
      break;
    case Aggregation::Max:
      mean = row.sum;
      break;
    case Aggregation::PowerFactor: {
      const auto& sums = factor_sums_[factor_of(id)];
      mean = signed_power_factor(sums[0], sums[1], sums[2], convention_);
      break;
    }
    default:
      break;
  }
  return {row.extremes.min, mean, row.extremes.max, row.extremes.last};
}

}  // namespace halfcycle::metrology
