// SPDX-License-Identifier: Apache-2.0
// What a Modbus TCP server answers: bytes in, bytes out. It knows no socket and no clock.
//
//   ServerSession session(units, traffic);
//   const auto step = session.answer(received, to_send);
//   received = received.subspan(step.consumed);
//
// A session keeps nothing from one call to the next; one serves all connections of a server.
// Threads: one, that of the server.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocols/modbus/frame.hpp"
#include "protocols/modbus/pdu.hpp"
#include "protocols/modbus/units.hpp"

namespace halfcycle::modbus {

/// Counted by one thread, read by any.
class Count {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Traffic {
  Count requests;    ///< frames for a unit or for nobody, broadcasts included
  Count exceptions;  ///< answers that are exceptions
  Count foreign;     ///< frames of another protocol, skipped
  Count broken;      ///< streams given up because of an impossible length
};

class ServerSession {
 public:
  /// Both outlive the session.
  ServerSession(Units& units, Traffic& traffic) : units_(units), traffic_(traffic) {}

  /// An answer that has grown beyond this ends a call, however many requests wait: the peer must
  /// read first.
  static constexpr std::size_t kEnoughToSend = 16 * 1024;

  struct Step {
    std::size_t consumed = 0;  ///< bytes of `in`
    bool close = false;        ///< the stream makes no sense; send what there is and close
    bool waiting = false;      ///< whole frames may be left: call again once `out` has been sent
  };
  /// Answers every whole frame of `in`, in order; appends to `out`.
  [[nodiscard]] Step answer(std::span<const std::byte> in, std::vector<std::byte>& out);

 private:
  void answer_frame(const Frame& frame, std::vector<std::byte>& out);
  /// Writes the answer's PDU and returns its size.
  [[nodiscard]] std::size_t answer_pdu(const Frame& frame, std::span<std::byte, kLargestPdu> out);

  Units& units_;
  Traffic& traffic_;
};

}  // namespace halfcycle::modbus
