// SPDX-License-Identifier: Apache-2.0
// The quantities of the meter as data: what they are called, their unit, how they aggregate. All
// else that names a quantity (registers, pages, CSV headers, documentation) derives from this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/system.hpp"
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

enum class Aggregation : std::uint8_t { Rms, Mean, Angle, PowerFactor, Max, Cubic, Last };
/// The module type whose outputs a quantity belongs to.
enum class QuantityGroup : std::uint8_t {
  PowerMeter,
  SymmetricalComponents,
  HarmonicsAnalyzer,
  MainsSignalling,
  Flicker,
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
  std::array<std::string_view, 3> aggregate_labels;  ///< over 150/180 cycles, 10 min, 2 h
};

inline constexpr std::array<QuantityInfo, kQuantityCount> kQuantities{{
#define HC_QUANTITY(id, label, high_speed_label, unit, aggregation, group, help) \
  {QuantityId::id,                                                               \
   label,                                                                        \
   high_speed_label,                                                             \
   Unit::unit,                                                                   \
   Aggregation::aggregation,                                                     \
   QuantityGroup::group,                                                         \
   help,                                                                         \
   {label " 3s", label " 10m", label " 2hr"}},
#include "metrology/quantities.def"
#undef HC_QUANTITY
}};
[[nodiscard]] constexpr const QuantityInfo& info(QuantityId id) { return kQuantities[index(id)]; }

/// Spectra are arrays with element labels, one array per input and kind, not thousands of scalars.
inline constexpr int kMaxOrder = 127;
inline constexpr int kHighBands = 35;  ///< 2 to 9 kHz
enum class SpectrumKind : std::uint8_t {
  Magnitude,
  Angle,
  Interharmonic,
  Group,
  Power,
  TotalPower,
  HighBand
};
struct SpectrumInfo {
  SpectrumKind kind;
  std::string_view suffix;  ///< "HD", "HA", "IHD": the label of order 5 of V1 is "V1 HD5"
  int first_order;
  int last_order;
  Unit unit;
  Aggregation aggregation;
  std::string_view help;
};
inline constexpr std::array<SpectrumInfo, 7> kSpectra{{
    {SpectrumKind::Magnitude, "HD", 1, kMaxOrder, Unit::Percent, Aggregation::Rms,
     "Harmonic subgroup, % of the fundamental (IEC 61000-4-7 §5.6)"},
    {SpectrumKind::Angle, "HA", 2, kMaxOrder, Unit::Degree, Aggregation::Angle,
     "Angle of the harmonic against the fundamental of its own channel times the order"},
    {SpectrumKind::Interharmonic, "IHD", 0, kMaxOrder - 1, Unit::Percent, Aggregation::Rms,
     "Centred interharmonic subgroup above the order, % of the fundamental (IEC 61000-4-7)"},
    {SpectrumKind::Group, "HG", 1, kMaxOrder - 1, Unit::Percent, Aggregation::Rms,
     "Harmonic group, % of the fundamental (IEC 61000-4-7 §5.5)"},
    {SpectrumKind::Power, "HP", 1, kMaxOrder, Unit::Kilowatt, Aggregation::Mean,
     "Active power of the order in the current's phase, delivered positive; not in delta"},
    {SpectrumKind::TotalPower, "HP", 1, kMaxOrder, Unit::Kilowatt, Aggregation::Mean,
     "Active power of the order, total of the phases or wattmeters, delivered positive"},
    {SpectrumKind::HighBand, "HB", 1, kHighBands, Unit::Percent, Aggregation::Rms,
     "200 Hz band with its centre at 1.9 kHz + 0.2 kHz times the number, % of the fundamental "
     "(IEC 61000-4-7 Annex B)"},
}};
inline constexpr std::size_t kSpectrumKinds = kSpectra.size();
/// Where the total of all phases lies in Spectra.
inline constexpr Input kTotalInput = Input::I1;
/// True if the input has the kind: powers belong to the phase currents, their total to one of them.
[[nodiscard]] constexpr bool has_kind(Input input, SpectrumKind kind) {
  return kind == SpectrumKind::TotalPower ? input == kTotalInput
         : kind == SpectrumKind::Power
             ? input == Input::I1 || input == Input::I2 || input == Input::I3
             : true;
}
/// What the suffix follows in a label: "V1" of "V1 HD5", "kW tot" of "kW tot HP5".
[[nodiscard]] constexpr std::string_view spectrum_owner(Input input, SpectrumKind kind) {
  constexpr std::array<std::string_view, kInputCount> kNames{"V1", "V2", "V3", "V4", "I1",
                                                             "I2", "I3", "I4", "I5"};
  return kind == SpectrumKind::TotalPower ? std::string_view("kW tot") : kNames[lane(input)];
}

}  // namespace halfcycle::metrology
