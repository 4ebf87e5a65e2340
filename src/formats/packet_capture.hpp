// SPDX-License-Identifier: Apache-2.0
// Network captures: pcap (classic, µs or ns, either byte order) and pcapng (SHB, IDB, EPB, SPB).
//
//   PacketCapture capture(bytes);
//   while (auto packet = capture.next()) … packet->frame …
//   if (capture.error()) …                     // where the file stopped making sense
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/instant.hpp"

namespace halfcycle::formats {

struct CapturedPacket {
  Instant time;
  std::span<const std::byte> frame;  ///< Ethernet frame from the destination address on
  bool cut_short = false;            ///< the capture kept only its beginning
};

/// Walks a capture; views into the bytes given, which must outlive it. Never reads outside them.
class PacketCapture {
 public:
  explicit PacketCapture(std::span<const std::byte> bytes);

  /// The next Ethernet packet; nothing at the end or at an error. Packets of other link types are
  /// passed over and counted.
  [[nodiscard]] std::optional<CapturedPacket> next();
  /// What is wrong and at which byte; empty while all is well.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }

 private:
  struct Interface {
    std::uint16_t link_type = 1;
    std::uint64_t ticks_per_second = 1000000;
  };
  [[nodiscard]] std::uint16_t u16(std::size_t at) const;
  [[nodiscard]] std::uint32_t u32(std::size_t at) const;
  [[nodiscard]] bool has(std::size_t at, std::size_t count) const;
  [[nodiscard]] std::optional<CapturedPacket> next_classic();
  [[nodiscard]] std::optional<CapturedPacket> next_ng();
  void read_interface(std::size_t body, std::size_t end);
  std::nullopt_t stop(const char* what);

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool ng_ = false;
  bool swapped_ = false;
  Interface classic_;
  std::vector<Interface> interfaces_;
  std::uint64_t passed_over_ = 0;
  std::string error_;
};

}  // namespace halfcycle::formats
