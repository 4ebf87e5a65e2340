// SPDX-License-Identifier: Apache-2.0
// Network addresses as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.hpp"

namespace halfcycle {

/// As in "127.0.0.1:502" and "[::1]:502".
[[nodiscard]] inline std::string address_and_port(std::string_view address, std::uint16_t port) {
  return address.find(':') == std::string_view::npos ? format("{}:{}", address, port)
                                                     : format("[{}]:{}", address, port);
}

}  // namespace halfcycle
