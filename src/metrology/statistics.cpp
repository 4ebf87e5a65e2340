// SPDX-License-Identifier: Apache-2.0
#include "metrology/statistics.hpp"

#include <limits>

namespace halfcycle::metrology {

void Statistics::Row::reset() noexcept {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  min.fill(kInfinity);
  max.fill(-kInfinity);
  last.fill(std::numeric_limits<float>::quiet_NaN());
}

void Statistics::Row::add(const Spectra::Orders& values) noexcept {
  // NaN compares false: what is not available changes nothing.
  for (std::size_t h = 0; h <= kMaxOrder; ++h) {
    const float v = values[h];
    min[h] = v < min[h] ? v : min[h];
    max[h] = v > max[h] ? v : max[h];
    last[h] = v == v ? v : last[h];
  }
}

Statistics::Statistics(const SystemSetup& system, InputMask inputs)
    : inputs_(inputs),
      sums_(system),
      spectra_(std::make_unique<SpectrumState>()),
      mean_spectra_(std::make_unique<Spectra>()) {
  reset();
}

bool Statistics::keeps(std::size_t input, SpectrumKind kind) const noexcept {
  const bool power = kind == SpectrumKind::Power || kind == SpectrumKind::TotalPower;
  const auto at = static_cast<Input>(input);
  return has_kind(at, kind) && (power || inputs_.has(at));
}

void Statistics::reset() noexcept {
  count_ = 0;
  sums_.reset();
  extremes_.fill(Extremes{});
  for (auto& input : spectra_->rows) {
    for (Row& row : input) {
      row.reset();
    }
  }
  spectra_->sums.reset();
  clear(*mean_spectra_);
  mean_valid_ = false;
}

void Statistics::add(const IntervalValues& interval) noexcept {
  ++count_;
  sums_.add(interval.values);
  for (std::size_t k = 0; k < kQuantityCount; ++k) {
    extremes_[k].add(interval.values[k]);
  }
  if (interval.spectra == nullptr) {
    return;
  }
  prepare(*interval.spectra, inputs_, spectra_->terms);
  spectra_->sums.add(spectra_->terms, inputs_);
  mean_valid_ = false;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    for (const SpectrumInfo& info : kSpectra) {
      if (keeps(i, info.kind)) {
        const auto k = static_cast<std::size_t>(info.kind);
        spectra_->rows[i][k].add(interval.spectra->of_input[i][k]);
      }
    }
  }
}

Summary Statistics::of(QuantityId id) const noexcept {
  const Extremes& e = extremes_[index(id)];
  if (info(id).group == QuantityGroup::Energy) {
    return {kNotAvailable, kNotAvailable, kNotAvailable, e.last};
  }
  std::array<double, kQuantityCount> means{};
  sums_.result(means);
  return {e.min, means[index(id)], e.max, e.last};
}

Summary Statistics::of(Input input, SpectrumKind kind, int order) const noexcept {
  if (order < 0 || order > kMaxOrder) {
    return {};
  }
  if (!mean_valid_) {
    spectra_->sums.result(inputs_, *mean_spectra_);
    mean_valid_ = true;
  }
  const std::size_t i = lane(input);
  const auto k = static_cast<std::size_t>(kind);
  const auto h = static_cast<std::size_t>(order);
  const Row& row = spectra_->rows[i][k];
  if (row.min[h] > row.max[h]) {
    return {};
  }
  return {static_cast<double>(row.min[h]), static_cast<double>(mean_spectra_->of_input[i][k][h]),
          static_cast<double>(row.max[h]), static_cast<double>(row.last[h])};
}

}  // namespace halfcycle::metrology
