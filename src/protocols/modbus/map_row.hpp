// SPDX-License-Identifier: Apache-2.0
// One row of a register map, as powerlogic_map.csv declares it; that file explains the columns.
//
//   for (const MapRow& row : powerlogic_map()) …   // in the order of their addresses
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace halfcycle::modbus {

/// How a value lies in registers: most significant word first, most significant byte first.
enum class Format : std::uint8_t {
  Unknown,  ///< the facts name no format: answered like an address that nobody knows
  Int16,
  Uint16,
  Int32,
  Uint32,
  Int64,
  Float32,
  FourQuadrantPf,  ///< Float32; power factor, lead and direction in one number
  Utf8,            ///< two characters a register, zeros behind the text
  DateTime,        ///< four registers: year, month and day, hour and minute, milliseconds
};

enum class RowState : std::uint8_t {
  Serve,     ///< from a register or a field of the meter
  Later,     ///< could be had; `note` says what is missing
  Reserved,  ///< belongs to the original's hardware or command interface
};

/// With which wiring a row has a value.
enum class RowWhen : std::uint8_t { Always, Wye, Delta };

struct MapRow {
  std::uint16_t number;  ///< of its first register, counted from 1: the address is one less
  std::uint8_t count;    ///< registers
  Format format;
  RowState state;
  RowWhen when;
  double factor;          ///< value in the map = value of the register × factor
  std::string_view unit;  ///< of the value in the map; "1" for a ratio, empty where there is none
  std::string_view name;  ///< as the sources of the map call it
  std::string_view from;  ///< label, "time of LABEL" or "@field"
  std::string_view confidence;
  std::string_view source;
  std::string_view note;

  [[nodiscard]] constexpr std::uint32_t address() const { return number - 1U; }
};

/// Sorted by address, without overlap.
[[nodiscard]] std::span<const MapRow> powerlogic_map();

}  // namespace halfcycle::modbus
