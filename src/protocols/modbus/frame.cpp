// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/frame.hpp"

#include "protocols/modbus/data_format.hpp"

namespace halfcycle::modbus {
namespace {

constexpr std::size_t kBeforeUnit = 6;  // what the length field does not count

}  // namespace

FrameScan next_frame(std::span<const std::byte> bytes) {
  FrameScan scan;
  if (bytes.size() < kBeforeUnit) {
    return scan;
  }
  const std::size_t length = read_u16(bytes.data() + 4);
  if (length < 2 || length > 1 + kLargestPdu) {
    scan.state = FrameState::Broken;
    return scan;
  }
  if (bytes.size() < kBeforeUnit + length) {
    return scan;
  }
  scan.consumed = kBeforeUnit + length;
  if (read_u16(bytes.data() + 2) != 0) {
    scan.state = FrameState::Foreign;
    return scan;
  }
  scan.state = FrameState::Frame;
  scan.frame = {.transaction = read_u16(bytes.data()),
                .unit = static_cast<std::uint8_t>(bytes[kBeforeUnit]),
                .pdu = bytes.subspan(kHeaderBytes, length - 1)};
  return scan;
}

void write_header(std::uint16_t transaction, std::uint8_t unit, std::size_t pdu_bytes,
                  std::span<std::byte, kHeaderBytes> out) {
  write_u16(transaction, out.data());
  write_u16(0, out.data() + 2);
  write_u16(static_cast<std::uint16_t>(pdu_bytes + 1), out.data() + 4);
  out[kBeforeUnit] = static_cast<std::byte>(unit);
}

}  // namespace halfcycle::modbus
