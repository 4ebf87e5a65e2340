// SPDX-License-Identifier: Apache-2.0
#include "metrology/energy.hpp"

#include <algorithm>
#include <cmath>

#include "metrology/power.hpp"

namespace halfcycle::metrology {

void Energies::restart(signal::SamplePosition start) noexcept {
  newest_ = 0;
  held_ = 1;
  points_[0] = {start, counters_};
}

void Energies::count(std::size_t counter, double amount) noexcept {
  const double y = amount - rests_[counter];
  const double sum = counters_[counter] + y;
  rests_[counter] = (sum - counters_[counter]) - y;
  counters_[counter] = sum;
}

void Energies::add(signal::SamplePosition end, const EnergyStep& step) noexcept {
  // A half cycle may have the other sign than the cycle it belongs to: it counts backwards then,
  // so that delivered minus received stays the exact integral.
  const bool delivered = step.p_watts >= 0.0;
  if (std::isfinite(step.joules) && std::isfinite(step.p_watts)) {
    count(delivered ? kWhDel : kWhRec, delivered ? step.joules : -step.joules);
    if (std::isfinite(step.va_seconds)) {
      count(delivered ? kVahDel : kVahRec, step.va_seconds);
    }
  }
  if (std::isfinite(step.var_seconds)) {
    count(step.var_seconds >= 0.0 ? kVarhDel : kVarhRec, std::abs(step.var_seconds));
  }
  const int quadrant = quadrant_of(step.p_watts, step.var_seconds);
  if (quadrant > 0) {
    const auto q = static_cast<std::size_t>(quadrant - 1);
    if (std::isfinite(step.joules)) {
      count(kWhQuadrant + q, delivered ? step.joules : -step.joules);
    }
    count(kVarhQuadrant + q, std::abs(step.var_seconds));
    if (std::isfinite(step.va_seconds)) {
      count(kVahQuadrant + q, step.va_seconds);
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double joules = step.phase_joules[k];
    if (std::isfinite(joules) && std::isfinite(step.phase_p_watts[k])) {
      const bool out = step.phase_p_watts[k] >= 0.0;
      count((out ? kWhDelPhase : kWhRecPhase) + k, out ? joules : -joules);
    }
  }
  newest_ = (newest_ + 1) % points_.size();
  held_ = std::min(held_ + 1, points_.size());
  points_[newest_] = {end, counters_};
}

void Energies::at(signal::SamplePosition position, std::span<double> values) const noexcept {
  const auto back = [this](std::size_t k) -> const Point& {
    return points_[(newest_ + points_.size() - k) % points_.size()];
  };
  std::size_t k = 0;
  while (k + 1 < held_ && position < back(k).end) {
    ++k;
  }
  const Point& before = back(k);
  Counters counters = before.counters;
  if (k > 0 && before.end < position) {
    const Point& after = back(k - 1);
    const double part = (position - before.end) / (after.end - before.end);
    for (std::size_t c = 0; c < kCounters; ++c) {
      counters[c] += part * (after.counters[c] - before.counters[c]);
    }
  }
  write(counters, values);
}

void Energies::latest(std::span<double> values) const noexcept { write(counters_, values); }

void Energies::write(const Counters& counters, std::span<double> values) noexcept {
  using Q = QuantityId;
  const auto rows = [&](std::size_t del, std::size_t rec, Q id_del, Q id_rec, Q id_net, Q id_tot) {
    values[index(id_del)] = counters[del];
    values[index(id_rec)] = counters[rec];
    values[index(id_net)] = counters[del] - counters[rec];
    values[index(id_tot)] = counters[del] + counters[rec];
  };
  rows(kWhDel, kWhRec, Q::KwhDel, Q::KwhRec, Q::KwhNet, Q::KwhTot);
  rows(kVarhDel, kVarhRec, Q::KvarhDel, Q::KvarhRec, Q::KvarhNet, Q::KvarhTot);
  rows(kVahDel, kVahRec, Q::KvahDel, Q::KvahRec, Q::KvahNet, Q::KvahTot);
  constexpr std::array kWhQ{Q::KwhQ1, Q::KwhQ2, Q::KwhQ3, Q::KwhQ4};
  constexpr std::array kVarhQ{Q::KvarhQ1, Q::KvarhQ2, Q::KvarhQ3, Q::KvarhQ4};
  constexpr std::array kVahQ{Q::KvahQ1, Q::KvahQ2, Q::KvahQ3, Q::KvahQ4};
  for (std::size_t q = 0; q < 4; ++q) {
    values[index(kWhQ[q])] = counters[kWhQuadrant + q];
    values[index(kVarhQ[q])] = counters[kVarhQuadrant + q];
    values[index(kVahQ[q])] = counters[kVahQuadrant + q];
  }
  constexpr std::array kDel{Q::KwhDelA, Q::KwhDelB, Q::KwhDelC};
  constexpr std::array kRec{Q::KwhRecA, Q::KwhRecB, Q::KwhRecC};
  for (std::size_t k = 0; k < 3; ++k) {
    values[index(kDel[k])] = counters[kWhDelPhase + k];
    values[index(kRec[k])] = counters[kWhRecPhase + k];
  }
}

double Energies::value(QuantityId id) const noexcept {
  std::array<double, kQuantityCount> values{};
  write(counters_, values);
  return info(id).group == QuantityGroup::Energy ? values[index(id)] : 0.0;
}

}  // namespace halfcycle::metrology
