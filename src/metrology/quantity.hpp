// SPDX-License-Identifier: Apache-2.0
// The quantities of the meter as data: what they are called, their unit, how they aggregate. All
// else that names a quantity (registers, pages, CSV headers, documentation) derives from this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/unit.hpp"

namespace halfcycle::metrology {

enum class QuantityId : std::uint16_t {
#define HC_QUANTITY(id, ...) id,
#include "metrology/quantities.def"
#undef HC_QUANTITY
  Count
};
inline constexpr std::size_t kQuantityCount = static_cast<std::size_t>(QuantityId::Count);
[[nodiscard]] constexpr std::size_t index(QuantityId id) { return static_cast<std::size_t>(id); }

enum class Aggregation : std::uint8_t { Rms, Mean, Angle, PowerFactor, Last };
/// The module type whose outputs a quantity belongs to.
enum class QuantityGroup : std::uint8_t {
  PowerMeter,
  SymmetricalComponents,
  HarmonicsAnalyzer,
  Energy,
};

struct QuantityInfo {
  QuantityId id;
  std::string_view label;
  std::string_view high_speed_label;  ///< empty where there is no ½-cycle value
  Unit unit;
  Aggregation aggregation;
  QuantityGroup group;
  std::string_view help;
};

inline constexpr std::array<QuantityInfo, kQuantityCount> kQuantities{{
#define HC_QUANTITY(id, label, high_speed_label, unit, aggregation, group, help)        \
  {QuantityId::id,       label, high_speed_label, Unit::unit, Aggregation::aggregation, \
   QuantityGroup::group, help},
#include "metrology/quantities.def"
#undef HC_QUANTITY
}};
[[nodiscard]] constexpr const QuantityInfo& info(QuantityId id) { return kQuantities[index(id)]; }

/// Spectra are arrays with element labels, one array per input and kind, not thousands of scalars.
inline constexpr int kMaxOrder = 127;
enum class SpectrumKind : std::uint8_t { Magnitude, Angle, Interharmonic };
struct SpectrumInfo {
  SpectrumKind kind;
  std::string_view suffix;  ///< "HD", "HA", "IHD": the label of order 5 of V1 is "V1 HD5"
  int first_order;
  int last_order;
  Unit unit;
  Aggregation aggregation;
  std::string_view help;
};
inline constexpr std::array<SpectrumInfo, 3> kSpectra{{
    {SpectrumKind::Magnitude, "HD", 1, kMaxOrder, Unit::Percent, Aggregation::Rms,
     "Harmonic subgroup, % of the fundamental (IEC 61000-4-7 §5.6)"},
    {SpectrumKind::Angle, "HA", 2, kMaxOrder, Unit::Degree, Aggregation::Angle,
     "Angle of the harmonic against the fundamental of its own channel times the order"},
    {SpectrumKind::Interharmonic, "IHD", 0, kMaxOrder - 1, Unit::Percent, Aggregation::Rms,
     "Centred interharmonic subgroup above the order, % of the fundamental (IEC 61000-4-7)"},
}};
inline constexpr std::size_t kSpectrumKinds = kSpectra.size();

}  // namespace halfcycle::metrology
