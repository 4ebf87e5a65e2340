// SPDX-License-Identifier: Apache-2.0
// Ethernet frames of one ethertype as the kernel receives them on an interface, in memory shared
// with it: taking one is no system call.
//
//   auto ring = PacketRing::open("eth0", {.app_id = 0x4000}, {});
//   while (auto frame = (*ring)->next()) … frame->bytes …       // until the next call
//
// A packet socket with a ring of TPACKET_V2: each frame can be read the moment it arrives, where
// version 3 keeps it until a block is full or a timer of some milliseconds runs out. The kernel
// filters by ethertype and, where given, by APPID and destination, before anything is copied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/descriptor.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"

namespace halfcycle::source {

struct ReceivedFrame {
  Instant time;                      ///< when the kernel received it, by this machine's clock
  std::span<const std::byte> bytes;  ///< from the destination address on; VLAN tags may be gone
};

/// Where frames come from, so that what reads them can be tested without a network.
class FrameFeed {
 public:
  virtual ~FrameFeed() = default;
  /// The next frame; nothing if none has come. Valid until the next call.
  [[nodiscard]] virtual std::optional<ReceivedFrame> next() = 0;
  /// next() gives the frame that it gave last once more.
  virtual void put_back() = 0;
  /// Frames that were lost since the last call because they were not taken fast enough.
  [[nodiscard]] virtual std::uint64_t take_drops() = 0;
};

struct FrameFilter {
  std::optional<std::uint16_t> app_id{};
  std::optional<std::array<std::byte, 6>> destination{};
};

struct RingSize {
  std::size_t frame_bytes = 1522;  ///< of the longest frame; longer ones are cut
  std::size_t frames = 4096;
};

class PacketRing : public FrameFeed {
 public:
  /// Frames of sampled values (ethertype 88BA, with or without a VLAN tag), received from now on.
  /// Errors: InvalidSetup (no such interface: lists those that there are), Machine (permission:
  /// says what to set; memory).
  [[nodiscard]] static Result<std::unique_ptr<PacketRing>> open(const std::string& interface,
                                                                const FrameFilter& filter,
                                                                const RingSize& size);
  ~PacketRing() override;
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;

  [[nodiscard]] std::optional<ReceivedFrame> next() override;
  void put_back() override { taken_ = false; }
  [[nodiscard]] std::uint64_t take_drops() override;
  /// The interface is the one that this was opened on; one that went and came back is another.
  [[nodiscard]] bool is_on(const std::string& interface) const;

 private:
  PacketRing() = default;

  Descriptor socket_;
  unsigned interface_ = 0;
  std::byte* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  std::size_t slot_bytes_ = 0;
  std::size_t slots_ = 0;
  std::size_t slot_ = 0;
  bool taken_ = false;  // the slot before is still being read
};

}  // namespace halfcycle::source
