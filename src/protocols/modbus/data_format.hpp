// SPDX-License-Identifier: Apache-2.0
// Values as bytes of Modbus registers, and what stands for "not available" in each format.
// Facts: the original's manual, "Modbus: reads of registers that hold nothing".
//
// All functions write all of `out`, whose size is that of the row (two bytes a register). They
// round to nearest; what the format cannot hold is "not available", never a neighbour of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/instant.hpp"
#include "protocols/modbus/map_row.hpp"

namespace halfcycle::modbus {

/// A register of an address that the map does not know.
inline constexpr std::uint16_t kUnmapped = 0x8000;

/// INT16 8000, UINT16 FFFF, INT32 80000000, UINT32 FFFFFFFF, INT64 8000000000000000,
/// FLOAT32 FFC00000, UTF8 zeros, DATETIME FFFF in each register, unknown 8000.
void write_not_available(Format format, std::span<std::byte> out);
/// Int16 … Float32. NaN is not available.
void write_number(Format format, double value, std::span<std::byte> out);
/// Four quadrants in one Float32, from the power factor (its sign does not matter), P and Q:
/// P ≥ 0 and Q ≥ 0 (lag): |PF|; P ≥ 0 and Q < 0 (lead): 2 − |PF|;
/// P < 0 and Q < 0 (lag): −|PF|; P < 0 and Q ≥ 0 (lead): |PF| − 2.
void write_four_quadrant_pf(double pf, double p, double q, std::span<std::byte> out);
/// Cut at a whole character where it does not fit.
void write_text(std::string_view utf8, std::span<std::byte> out);
/// UTC. Word 1: year − 2000 (bits 0–6); 2: month (8–11), day of the week, Sunday 1 (5–7), day
/// (0–4); 3: hour (8–12), minute (0–5); 4: milliseconds in the minute. Outside 2000–2127: not
/// available.
void write_date_time(Instant instant, std::span<std::byte> out);

/// 1 = Sunday … 7 = Saturday, UTC.
[[nodiscard]] int day_of_week(Instant instant);

/// Big-endian.
inline void write_u16(std::uint16_t value, std::byte* out) {
  out[0] = static_cast<std::byte>(value >> 8U);
  out[1] = static_cast<std::byte>(value & 0xFFU);
}
[[nodiscard]] inline std::uint16_t read_u16(const std::byte* in) {
  return static_cast<std::uint16_t>((static_cast<unsigned>(in[0]) << 8U) |
                                    static_cast<unsigned>(in[1]));
}

}  // namespace halfcycle::modbus
