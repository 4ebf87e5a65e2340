// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/pdu.hpp"

#include "protocols/modbus/data_format.hpp"

namespace halfcycle::modbus {
namespace {

Request parse_read(std::span<const std::byte> pdu) {
  if (pdu.size() != 5) {
    return Exception::IllegalDataValue;
  }
  const ReadRegisters read{.address = read_u16(pdu.data() + 1), .count = read_u16(pdu.data() + 3)};
  if (read.count < 1 || read.count > kMostRegistersRead) {
    return Exception::IllegalDataValue;
  }
  if (std::size_t{read.address} + read.count > 65536) {
    return Exception::IllegalDataAddress;
  }
  return read;
}

Request parse_encapsulated(std::span<const std::byte> pdu) {
  if (pdu.size() < 2) {
    return Exception::IllegalDataValue;
  }
  // Another MEI type is another function that is not there.
  if (static_cast<std::uint8_t>(pdu[1]) != kReadDeviceIdentification) {
    return Exception::IllegalFunction;
  }
  if (pdu.size() != 4) {
    return Exception::IllegalDataValue;
  }
  const auto scope = static_cast<std::uint8_t>(pdu[2]);
  if (scope < 1 || scope > 4) {
    return Exception::IllegalDataValue;
  }
  return ReadIdentification{.scope = static_cast<ReadIdentification::Scope>(scope),
                            .object = static_cast<std::uint8_t>(pdu[3])};
}

}  // namespace

Request parse_request(std::span<const std::byte> pdu) {
  switch (static_cast<std::uint8_t>(pdu.front())) {
    case kReadHoldingRegisters:
    case kReadInputRegisters:
      return parse_read(pdu);
    case kEncapsulatedInterface:
      return parse_encapsulated(pdu);
    default:
      return Exception::IllegalFunction;
  }
}

}  // namespace halfcycle::modbus
