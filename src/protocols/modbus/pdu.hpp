// SPDX-License-Identifier: Apache-2.0
// Requests and exceptions as PDUs (Modbus Application Protocol V1.1b3 §6, §7).
//
//   const Request request = parse_request(pdu);
//   if (const auto* read = std::get_if<ReadRegisters>(&request)) …
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace halfcycle::modbus {

inline constexpr std::uint8_t kReadHoldingRegisters = 0x03;
inline constexpr std::uint8_t kReadInputRegisters = 0x04;
inline constexpr std::uint8_t kEncapsulatedInterface = 0x2B;
inline constexpr std::uint8_t kReadDeviceIdentification = 0x0E;  ///< MEI type 14
inline constexpr std::size_t kMostRegistersRead = 125;

enum class Exception : std::uint8_t {
  IllegalFunction = 0x01,
  IllegalDataAddress = 0x02,
  IllegalDataValue = 0x03,
  ServerDeviceFailure = 0x04,
  GatewayTargetFailedToRespond = 0x0B,
};

/// Functions 03 and 04.
struct ReadRegisters {
  std::uint16_t address = 0;
  std::uint16_t count = 0;  ///< 1–125; address + count ≤ 65,536
};

/// Function 43/14.
struct ReadIdentification {
  enum class Scope : std::uint8_t { Basic = 1, Regular = 2, Extended = 3, One = 4 };
  Scope scope = Scope::Basic;
  std::uint8_t object = 0;  ///< the first wanted, or the only one
};

using Request = std::variant<Exception, ReadRegisters, ReadIdentification>;

/// pdu: at least the function code. Checks in the order of the specification: function (01), then
/// length and values (03), then the range of addresses (02).
[[nodiscard]] Request parse_request(std::span<const std::byte> pdu);

}  // namespace halfcycle::modbus
