// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/data_format.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/quality.hpp"

namespace halfcycle::modbus {
namespace {

constexpr std::uint32_t kFloatNotAvailable = 0xFFC00000;  // quiet NaN, sign set

void write_be(std::uint64_t value, std::span<std::byte> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[out.size() - 1 - i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFU);
  }
}

void repeat(std::uint16_t word, std::span<std::byte> out) {
  for (std::size_t i = 0; i + 1 < out.size(); i += 2) {
    write_u16(word, out.data() + i);
  }
}

void write_float(double value, std::span<std::byte> out) {
  const auto single = static_cast<float>(value);
  write_be(std::isfinite(single) ? std::bit_cast<std::uint32_t>(single) : kFloatNotAvailable, out);
}

// Whole numbers low … high; the code for "not available" lies outside of them.
void write_whole(Format format, double value, double low, double high, std::span<std::byte> out) {
  const double whole = std::nearbyint(value);
  if (!(whole >= low && whole <= high)) {
    write_not_available(format, out);
    return;
  }
  write_be(static_cast<std::uint64_t>(static_cast<std::int64_t>(whole)), out);
}

}  // namespace

void write_not_available(Format format, std::span<std::byte> out) {
  switch (format) {
    case Format::Unknown:
      repeat(kUnmapped, out);
      return;
    case Format::Uint16:
    case Format::Uint32:
    case Format::DateTime:
      repeat(0xFFFF, out);
      return;
    case Format::Int16:
      write_be(0x8000U, out);
      return;
    case Format::Int32:
      write_be(0x80000000U, out);
      return;
    case Format::Int64:
      write_be(0x8000000000000000U, out);
      return;
    case Format::Float32:
    case Format::FourQuadrantPf:
      write_be(kFloatNotAvailable, out);
      return;
    case Format::Utf8:
      std::fill(out.begin(), out.end(), std::byte{0});
      return;
  }
}

void write_number(Format format, double value, std::span<std::byte> out) {
  switch (format) {
    case Format::Int16:
      return write_whole(format, value, -32767.0, 32767.0, out);
    case Format::Uint16:
      return write_whole(format, value, 0.0, 65534.0, out);
    case Format::Int32:
      return write_whole(format, value, -2147483647.0, 2147483647.0, out);
    case Format::Uint32:
      return write_whole(format, value, 0.0, 4294967294.0, out);
    case Format::Int64:
      // The largest double below 2^63.
      return write_whole(format, value, -9223372036854774784.0, 9223372036854774784.0, out);
    case Format::Float32:
      return write_float(value, out);
    case Format::Unknown:
    case Format::FourQuadrantPf:
    case Format::Utf8:
    case Format::DateTime:
      return write_not_available(format, out);
  }
}

void write_four_quadrant_pf(double pf, double p, double q, std::span<std::byte> out) {
  if (!is_available(pf) || !is_available(p) || !is_available(q)) {
    write_not_available(Format::FourQuadrantPf, out);
    return;
  }
  const double size = std::min(std::abs(pf), 1.0);
  const bool lead = (p < 0.0) != (q < 0.0);
  const double value = lead ? 2.0 - size : size;
  write_float(p < 0.0 ? -value : value, out);
}

void write_text(std::string_view utf8, std::span<std::byte> out) {
  std::size_t length = std::min(utf8.size(), out.size());
  // 10xxxxxx continues a character: do not cut before it.
  while (length > 0 && length < utf8.size() &&
         (static_cast<unsigned char>(utf8[length]) & 0xC0U) == 0x80U) {
    --length;
  }
  std::transform(utf8.begin(), utf8.begin() + static_cast<std::ptrdiff_t>(length), out.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(length), out.end(), std::byte{0});
}

int day_of_week(Instant instant) {
  constexpr std::int64_t kNsPerDay = 86'400'000'000'000;
  // 1970-01-01 was a Thursday.
  const std::int64_t days = instant.floor_to(Duration::ns(kNsPerDay)).unix_ns() / kNsPerDay;
  return static_cast<int>(((days + 4) % 7 + 7) % 7) + 1;
}

void write_date_time(Instant instant, std::span<std::byte> out) {
  const CivilTime t = to_civil(instant);
  if (t.year < 2000 || t.year > 2127) {
    write_not_available(Format::DateTime, out);
    return;
  }
  const auto bits = [](int value, unsigned shift) { return static_cast<unsigned>(value) << shift; };
  const auto put = [&](std::size_t word, unsigned value) {
    write_u16(static_cast<std::uint16_t>(value), out.data() + 2 * word);
  };
  put(0, bits(t.year - 2000, 0));
  put(1, bits(t.month, 8) | bits(day_of_week(instant), 5) | bits(t.day, 0));
  put(2, bits(t.hour, 8) | bits(t.minute, 0));
  put(3, bits(t.second * 1000 + static_cast<int>(t.nanosecond / 1'000'000), 0));
}

}  // namespace halfcycle::modbus
