// SPDX-License-Identifier: Apache-2.0
// What a channel is, from its name, phase field and unit as recorders of many makes write them:
// `UA`, `Ia`, `VAN`, `IL1`, `HV Bus VR`, `F5-VA`, `U21`, `Iв` (a Cyrillic letter), `系统A相电压`.
//
// There is no standard for these names (IEEE C37.111-2013 §7.4.4 leaves ch_id and ph free), so the
// rules are the habits of relay makers; channel_name_test.cpp and mapping_test.cpp list them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/recording.hpp"

namespace halfcycle::source {

enum class Quantity {
  Unknown,  ///< no unit given, and the name does not say
  Voltage,
  Current,
  Other,  ///< Hz, degrees, percent, per unit, …: never an input
};

struct UnitReading {
  Quantity quantity = Quantity::Unknown;
  double scale = 1.0;  ///< to V or A
};

/// "kV" → voltage, 1000; "ampere" → current, 1; "" → unknown, 1; "deg" → other.
[[nodiscard]] UnitReading read_unit(std::string_view unit);

enum class Role {
  None,
  Phase,       ///< a phase against neutral or earth, or a line current
  LineToLine,  ///< from `phase` to `second`
  Neutral,     ///< measured in or at the neutral: IN, IG, UN
  Residual,    ///< sum of the phases: 3I0, 3U0, U0
  Fourth,      ///< U4, I4
  Fifth,       ///< I5
};

struct ChannelReading {
  Quantity quantity = Quantity::Unknown;
  double unit_scale = 1.0;
  Role role = Role::None;
  char phase = 0;          ///< A, B, C, R, S, T, Y, 1, 2, 3 as written (upper case, Latin)
  char second = 0;         ///< of a line-to-line voltage
  std::string stem;        ///< the name without what says quantity and phase, as written
  std::string key;         ///< the stem for comparison
  bool from_name = false;  ///< the name itself says the role plainly, not only the phase field
  bool wave = true;        ///< false: a magnitude, an angle, a DC or computed quantity
};

/// One reading per channel. Looks at all channels together: numbers that only count the channels
/// ("1-Ia", "2-Ib"; "F5-VA", "F6-VB") do not belong to the stem.
[[nodiscard]] std::vector<ChannelReading> read_channels(
    const std::vector<formats::AnalogChannel>& channels);

}  // namespace halfcycle::source
