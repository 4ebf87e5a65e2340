// SPDX-License-Identifier: Apache-2.0
#include "source/sv_listen.hpp"

#include <time.h>

#include <utility>

#include "source/packet_ring.hpp"

namespace halfcycle::source {
namespace {

constexpr RingSize kRing{.frame_bytes = 1522, .frames = 8192};

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void append(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
  }
}

}  // namespace

Result<std::optional<formats::FileBytes>> listen(const std::string& interface,
                                                 std::optional<std::uint16_t> app_id,
                                                 double patience_seconds, double listen_seconds) {
  auto ring = PacketRing::open(interface, {.app_id = app_id, .destination = {}}, kRing);
  if (!ring) {
    return fail(ring.error());
  }
  // Big-endian pcap with nanoseconds (draft-ietf-opsawg-pcap).
  std::string capture;
  for (const std::uint32_t word : {0xA1B23C4DU, 0x00020004U, 0U, 0U, 0x40000U, 1U}) {
    append(capture, word);
  }
  bool any = false;
  double until = monotonic_seconds() + patience_seconds;
  while (monotonic_seconds() < until) {
    while (const auto frame = (*ring)->next()) {
      if (!std::exchange(any, true)) {
        until = monotonic_seconds() + listen_seconds;
      }
      const std::int64_t ns = frame->time.unix_ns();
      append(capture, static_cast<std::uint32_t>(ns / 1000000000));
      append(capture, static_cast<std::uint32_t>(ns % 1000000000));
      append(capture, static_cast<std::uint32_t>(frame->bytes.size()));
      append(capture, static_cast<std::uint32_t>(frame->bytes.size()));
      capture.append(reinterpret_cast<const char*>(frame->bytes.data()), frame->bytes.size());
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = 5000000};
    nanosleep(&pause, nullptr);
  }
  if (!any) {
    return std::nullopt;
  }
  return formats::own_bytes("sv:" + interface, std::move(capture));
}

}  // namespace halfcycle::source
