// SPDX-License-Identifier: Apache-2.0
// Units of registers. Inside signal, metrology and quality everything is SI; a register's unit and
// the factor from SI are stated once, here.
#pragma once

#include <cstdint>
#include <string_view>

namespace halfcycle {

enum class Unit : std::uint8_t {
  One,
  Volt,
  Ampere,
  Hertz,
  Kilowatt,
  Kilovar,
  Kilovoltampere,
  KilowattHour,
  KilovarHour,
  KilovoltampereHour,
  Percent,
  Degree,
  Second,
  Millisecond,
  Cycle,
  Pulse,
  Celsius,
};

struct UnitInfo {
  std::string_view symbol;  ///< as shown and as in JSON: "kW"; "1" for a ratio
  double per_si;            ///< register value = SI value × per_si
};

/// SI is V, A, Hz, W, var, VA, J (W·s), var·s, VA·s, 1, rad, s.
[[nodiscard]] constexpr UnitInfo info(Unit unit) {
  switch (unit) {
    case Unit::One:
      return {"1", 1.0};
    case Unit::Volt:
      return {"V", 1.0};
    case Unit::Ampere:
      return {"A", 1.0};
    case Unit::Hertz:
      return {"Hz", 1.0};
    case Unit::Kilowatt:
      return {"kW", 1e-3};
    case Unit::Kilovar:
      return {"kVAR", 1e-3};
    case Unit::Kilovoltampere:
      return {"kVA", 1e-3};
    case Unit::KilowattHour:
      return {"kWh", 1.0 / 3.6e6};
    case Unit::KilovarHour:
      return {"kVARh", 1.0 / 3.6e6};
    case Unit::KilovoltampereHour:
      return {"kVAh", 1.0 / 3.6e6};
    case Unit::Percent:
      return {"%", 100.0};
    case Unit::Degree:
      return {"°", 57.295779513082320877};
    case Unit::Second:
      return {"s", 1.0};
    case Unit::Millisecond:
      return {"ms", 1e3};
    case Unit::Cycle:
      return {"cycles", 1.0};
    case Unit::Pulse:
      return {"pulses", 1.0};
    case Unit::Celsius:
      return {"°C", 1.0};
  }
  return {"1", 1.0};
}

}  // namespace halfcycle
