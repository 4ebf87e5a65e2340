// SPDX-License-Identifier: Apache-2.0
// Who asks. Every command carries one; logs and audit name it.
#pragma once

#include <cstdint>
#include <string>

namespace halfcycle {

enum class Right : std::uint16_t {
  Read = 1,
  Operate = 2,
  Setup = 4,
  TimeSync = 8,
  Reset = 16,
  Security = 32
};

struct Principal {
  std::string user;    ///< "local" for the command line of this machine
  std::string origin;  ///< "cli", "modbus 127.0.0.1:40312", …
  std::uint16_t rights = 0;

  [[nodiscard]] bool may(Right right) const {
    return (rights & static_cast<std::uint16_t>(right)) != 0;
  }
  [[nodiscard]] static Principal local() { return {"local", "cli", 0xFFFF}; }
};

}  // namespace halfcycle
