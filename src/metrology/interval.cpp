// SPDX-License-Identifier: Apache-2.0
#include "metrology/interval.hpp"

#include "base/text.hpp"

namespace halfcycle::metrology {
namespace {
constexpr std::array<std::string_view, kIntervalCount> kNames{
    "half-cycle", "10-12-cycle", "1s", "150-180-cycle", "10s", "10min", "2h"};
}  // namespace

std::string_view name(Interval interval) { return kNames[static_cast<std::size_t>(interval)]; }

std::optional<Interval> parse_interval(std::string_view text) {
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (equals_ignoring_case(text, kNames[k])) {
      return static_cast<Interval>(k);
    }
  }
  return std::nullopt;
}

Marks IntervalValues::marks_of(QuantityId id) const {
  if (info(id).group != QuantityGroup::Flicker || flicker_marks == nullptr) {
    return marks;
  }
  switch (id) {
    case QuantityId::V1Plt:
    case QuantityId::V2Plt:
    case QuantityId::V3Plt:
      return flicker_marks->p_lt;
    case QuantityId::V1PltSliding:
    case QuantityId::V2PltSliding:
    case QuantityId::V3PltSliding:
      return flicker_marks->p_lt_sliding;
    default:
      return flicker_marks->p_st;
  }
}

}  // namespace halfcycle::metrology
