// SPDX-License-Identifier: Apache-2.0
// Numbers out of bytes in the order that COMTRADE has on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace halfcycle::formats {

/// sizeof(T) bytes from `from` on, of any alignment.
template <class T>
[[nodiscard]] T load_little_endian(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) {
    std::array<std::byte, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    std::reverse(bytes.begin(), bytes.end());
    std::memcpy(&value, bytes.data(), sizeof value);
  }
  return value;
}

}  // namespace halfcycle::formats
