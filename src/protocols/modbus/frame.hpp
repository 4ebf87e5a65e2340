// SPDX-License-Identifier: Apache-2.0
// Frames of Modbus TCP in a stream of bytes (Modbus Messaging on TCP/IP V1.0b §3.1.3):
// transaction (2), protocol 0 (2), length (2) of what follows, unit (1), PDU (1–253).
//
//   const FrameScan scan = next_frame(bytes);
//   if (scan.state == FrameState::Frame) handle(scan.frame);
//   bytes = bytes.subspan(scan.consumed);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace halfcycle::modbus {

inline constexpr std::size_t kHeaderBytes = 7;
inline constexpr std::size_t kLargestPdu = 253;
inline constexpr std::size_t kLargestFrame = kHeaderBytes + kLargestPdu;

/// A view into the scanned bytes.
struct Frame {
  std::uint16_t transaction = 0;
  std::uint8_t unit = 0;
  std::span<const std::byte> pdu;
};

enum class FrameState : std::uint8_t {
  Incomplete,  ///< more bytes are needed; nothing consumed
  Frame,
  Foreign,  ///< protocol not 0: skipped, not answered
  Broken,   ///< length not 2–254: where the next frame begins cannot be known
};

struct FrameScan {
  FrameState state = FrameState::Incomplete;
  Frame frame;               ///< for FrameState::Frame
  std::size_t consumed = 0;  ///< bytes
};

[[nodiscard]] FrameScan next_frame(std::span<const std::byte> bytes);

/// Writes the header of an answer of pdu_bytes.
void write_header(std::uint16_t transaction, std::uint8_t unit, std::size_t pdu_bytes,
                  std::span<std::byte, kHeaderBytes> out);

}  // namespace halfcycle::modbus
