// SPDX-License-Identifier: Apache-2.0
#include "formats/packet_capture.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace halfcycle::formats {
namespace {

// Source: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
constexpr std::uint32_t kClassicMicro = 0xA1B2C3D4;
constexpr std::uint32_t kClassicNano = 0xA1B23C4D;
constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr std::uint32_t kByteOrder = 0x1A2B3C4D;
constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kOptionResolution = 9;

std::uint32_t swap32(std::uint32_t v) {
  return (v >> 24U) | ((v >> 8U) & 0xFF00U) | ((v << 8U) & 0xFF0000U) | (v << 24U);
}

Instant from_ticks(std::uint64_t ticks, std::uint64_t per_second) {
  const std::uint64_t seconds = ticks / per_second;
  const std::uint64_t rest = ticks % per_second;
  // Beyond an Instant's range is no time at all; the epoch shows it as such.
  if (seconds > 9000000000ULL) {
    return Instant{};
  }
  const double ns = static_cast<double>(rest) * (1e9 / static_cast<double>(per_second));
  return Instant::from_unix_ns(static_cast<std::int64_t>(seconds) * 1000000000 +
                               static_cast<std::int64_t>(ns + 0.5));
}

}  // namespace

PacketCapture::PacketCapture(std::span<const std::byte> bytes) : bytes_(bytes) {
  if (!has(0, 24)) {
    stop("the file is too short for a capture");
    return;
  }
  const std::uint32_t magic = u32(0);
  if (magic == kSectionHeader) {
    ng_ = true;
    return;
  }
  swapped_ = magic == swap32(kClassicMicro) || magic == swap32(kClassicNano);
  const std::uint32_t order = swapped_ ? swap32(magic) : magic;
  if (order != kClassicMicro && order != kClassicNano) {
    stop("this is no pcap or pcapng file");
    return;
  }
  classic_.ticks_per_second = order == kClassicNano ? 1000000000 : 1000000;
  classic_.link_type = static_cast<std::uint16_t>(u32(20) & 0xFFFFU);
  at_ = 24;
}

bool PacketCapture::has(std::size_t at, std::size_t count) const {
  return at <= bytes_.size() && count <= bytes_.size() - at;
}

std::uint16_t PacketCapture::u16(std::size_t at) const {
  const auto low = std::to_integer<unsigned>(bytes_[at]);
  const auto high = std::to_integer<unsigned>(bytes_[at + 1]);
  return static_cast<std::uint16_t>(swapped_ ? (low << 8U) | high : (high << 8U) | low);
}

std::uint32_t PacketCapture::u32(std::size_t at) const {
  const std::uint32_t first = u16(at);
  const std::uint32_t second = u16(at + 2);
  return swapped_ ? (first << 16U) | second : (second << 16U) | first;
}

std::nullopt_t PacketCapture::stop(const char* what) {
  error_ = format("byte {}: {}", at_, what);
  at_ = bytes_.size();
  return std::nullopt;
}

std::optional<CapturedPacket> PacketCapture::next() {
  if (!error_.empty()) {
    return std::nullopt;
  }
  return ng_ ? next_ng() : next_classic();
}

std::optional<CapturedPacket> PacketCapture::next_classic() {
  while (at_ < bytes_.size()) {
    if (!has(at_, 16)) {
      return stop("the last packet header is cut off");
    }
    const std::uint32_t seconds = u32(at_);
    const std::uint32_t ticks = u32(at_ + 4);
    const std::uint32_t kept = u32(at_ + 8);
    const std::uint32_t original = u32(at_ + 12);
    if (!has(at_ + 16, kept)) {
      return stop("the last packet is cut off");
    }
    CapturedPacket packet;
    packet.time =
        from_ticks(seconds * classic_.ticks_per_second + ticks, classic_.ticks_per_second);
    packet.frame = bytes_.subspan(at_ + 16, kept);
    packet.cut_short = kept < original;
    at_ += 16 + std::size_t{kept};
    if (classic_.link_type == kEthernet) {
      return packet;
    }
    ++passed_over_;
  }
  return std::nullopt;
}

void PacketCapture::read_interface(std::size_t body, std::size_t end) {
  Interface interface;
  interface.link_type = u16(body);
  std::size_t option = body + 8;
  while (option + 4 <= end) {
    const std::uint16_t code = u16(option);
    const std::size_t length = u16(option + 2);
    if (code == 0 || option + 4 + length > end) {
      break;
    }
    if (code == kOptionResolution && length >= 1) {
      const auto value = std::to_integer<unsigned>(bytes_[option + 4]);
      const unsigned exponent = value & 0x7FU;
      std::uint64_t ticks = 1;
      // Finer than this does not fit 64 bits: the default stays.
      if ((value & 0x80U) != 0 ? exponent <= 40 : exponent <= 12) {
        for (unsigned i = 0; i < exponent; ++i) {
          ticks *= (value & 0x80U) != 0 ? 2 : 10;
        }
        interface.ticks_per_second = ticks;
      }
    }
    option += 4 + (length + 3) / 4 * 4;
  }
  interfaces_.push_back(interface);
}

std::optional<CapturedPacket> PacketCapture::next_ng() {
  while (at_ < bytes_.size()) {
    if (!has(at_, 12)) {
      return stop("the last block is cut off");
    }
    if (u32(at_) == kSectionHeader) {
      if (!has(at_, 28)) {
        return stop("the section header is cut off");
      }
      swapped_ = false;
      if (u32(at_ + 8) != kByteOrder) {
        swapped_ = true;
        if (u32(at_ + 8) != kByteOrder) {
          return stop("the section header has no byte-order mark");
        }
      }
      interfaces_.clear();
    }
    const std::uint32_t type = u32(at_);
    const std::size_t length = u32(at_ + 4);
    if (length < 12 || length % 4 != 0 || !has(at_, length)) {
      return stop("a block has an impossible length, or the file is cut off here");
    }
    const std::size_t body = at_ + 8;
    const std::size_t end = at_ + length - 4;
    CapturedPacket packet;
    bool is_packet = false;
    std::size_t interface = 0;
    if (type == kInterfaceBlock && end - body >= 8) {
      read_interface(body, end);
    } else if (type == kEnhancedPacket && end - body >= 20) {
      interface = u32(body);
      const std::uint64_t ticks = (std::uint64_t{u32(body + 4)} << 32U) | u32(body + 8);
      const std::size_t kept = u32(body + 12);
      if (kept > end - body - 20) {
        return stop("a packet is longer than its block");
      }
      if (interface >= interfaces_.size()) {
        return stop("a packet names an interface that was not described");
      }
      packet.time = from_ticks(ticks, interfaces_[interface].ticks_per_second);
      packet.frame = bytes_.subspan(body + 20, kept);
      packet.cut_short = kept < u32(body + 16);
      is_packet = true;
    } else if (type == kSimplePacket && end - body >= 4 && !interfaces_.empty()) {
      const std::size_t original = u32(body);
      packet.frame = bytes_.subspan(body + 4, std::min(original, end - body - 4));
      packet.cut_short = packet.frame.size() < original;
      is_packet = true;
    }
    at_ += length;
    if (is_packet && interfaces_[interface].link_type == kEthernet) {
      return packet;
    }
    passed_over_ += is_packet ? 1U : 0U;
  }
  return std::nullopt;
}

}  // namespace halfcycle::formats
