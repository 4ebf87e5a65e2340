// SPDX-License-Identifier: Apache-2.0
#include "metrology/statistics.hpp"

#include <cmath>
#include <limits>

namespace halfcycle::metrology {
namespace {
InputMask all_inputs() {
  InputMask mask;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    mask.add(static_cast<Input>(i));
  }
  return mask;
}
}  // namespace

void Statistics::Extremes::add(double value) noexcept {
  if (std::isnan(value)) {
    return;
  }
  // Written so that the NaN of the beginning gives way to the first value.
  min = value >= min ? min : value;
  max = value <= max ? max : value;
  last = value;
}

Statistics::Statistics(const SystemSetup& system)
    : sums_(system),
      spectra_(std::make_unique<SpectrumState>()),
      mean_spectra_(std::make_unique<Spectra>()) {
  reset();
}

void Statistics::reset() noexcept {
  count_ = 0;
  sums_.reset();
  extremes_.fill(Extremes{});
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (auto* state : {&spectra_->min, &spectra_->max, &spectra_->last}) {
    for (auto& input : *state) {
      for (auto& kind : input) {
        kind.fill(kNaN);
      }
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
  prepare(*interval.spectra, all_inputs(), spectra_->terms);
  spectra_->sums.add(spectra_->terms, all_inputs());
  mean_valid_ = false;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    for (std::size_t k = 0; k < kSpectrumKinds; ++k) {
      const auto& from = interval.spectra->of_input[i][k];
      auto& min = spectra_->min[i][k];
      auto& max = spectra_->max[i][k];
      auto& last = spectra_->last[i][k];
      for (std::size_t h = 0; h <= kMaxOrder; ++h) {
        const float v = from[h];
        const bool there = v == v;
        min[h] = there && !(v >= min[h]) ? v : min[h];
        max[h] = there && !(v <= max[h]) ? v : max[h];
        last[h] = there ? v : last[h];
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
    spectra_->sums.result(all_inputs(), *mean_spectra_);
    mean_valid_ = true;
  }
  const std::size_t i = lane(input);
  const std::size_t k = static_cast<std::size_t>(kind);
  const std::size_t h = static_cast<std::size_t>(order);
  return {static_cast<double>(spectra_->min[i][k][h]),
          static_cast<double>(mean_spectra_->of_input[i][k][h]),
          static_cast<double>(spectra_->max[i][k][h]),
          static_cast<double>(spectra_->last[i][k][h])};
}

}  // namespace halfcycle::metrology
