// SPDX-License-Identifier: Apache-2.0
#include "source/packet_ring.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "base/format.hpp"

namespace halfcycle::source {
namespace {

constexpr std::uint16_t kEveryProtocol = 3;  // ETH_P_ALL of linux/if_ether.h
constexpr std::uint32_t kEtherTypeVlan = 0x8100;
constexpr std::uint32_t kEtherTypeSv = 0x88BA;
constexpr std::size_t kBlockBytes = 64U << 10U;
// What the kernel puts before a frame in its slot.
constexpr std::size_t kSlotHeader = TPACKET_ALIGN(sizeof(tpacket2_hdr)) + sizeof(sockaddr_ll) + 32;

std::string error_text(int number) { return std::system_category().message(number); }

std::string interfaces() {
  std::string text;
  if (struct if_nameindex* all = if_nameindex(); all != nullptr) {
    for (const struct if_nameindex* i = all; i->if_index != 0; ++i) {
      text += (text.empty() ? "" : ", ") + std::string(i->if_name);
    }
    if_freenameindex(all);
  }
  return text.empty() ? "none" : text;
}

// A classic BPF program. Jumps to "drop" are patched once its place is known.
std::vector<sock_filter> program_of(const FrameFilter& filter) {
  std::vector<sock_filter> code;
  std::vector<std::size_t> to_drop;
  const auto load = [&](std::uint16_t size, std::uint32_t at) {
    code.push_back(sock_filter{static_cast<std::uint16_t>(BPF_LD | size | BPF_ABS), 0, 0, at});
  };
  const auto require = [&](std::uint32_t value) {
    to_drop.push_back(code.size());
    code.push_back(sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 0, value});
  };
  if (filter.destination) {
    const auto& d = *filter.destination;
    const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(d[i]); };
    load(BPF_W, 0);
    require(byte(0) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3));
    load(BPF_H, 4);
    require(byte(4) << 8U | byte(5));
  }
  // The index register holds how far a VLAN tag shifts the rest.
  code.push_back(sock_filter{BPF_LDX | BPF_IMM, 0, 0, 0});
  load(BPF_H, 12);
  code.push_back(sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 2, kEtherTypeVlan});
  code.push_back(sock_filter{BPF_LDX | BPF_IMM, 0, 0, 4});
  code.push_back(sock_filter{BPF_LD | BPF_H | BPF_IND, 0, 0, 12});
  require(kEtherTypeSv);
  if (filter.app_id) {
    code.push_back(sock_filter{BPF_LD | BPF_H | BPF_IND, 0, 0, 14});
    require(*filter.app_id);
  }
  code.push_back(sock_filter{BPF_RET | BPF_K, 0, 0, 0x40000});
  const std::size_t drop = code.size();
  code.push_back(sock_filter{BPF_RET | BPF_K, 0, 0, 0});
  for (const std::size_t at : to_drop) {
    code[at].jf = static_cast<std::uint8_t>(drop - at - 1);
  }
  return code;
}

tl::unexpected<Error> refused(const std::string& interface, int number) {
  if (number == EPERM || number == EACCES) {
    return fail(ErrorCode::Machine,
                "sv:{}: this program may not receive raw frames: it lacks CAP_NET_RAW. Give it to "
                "the program (sudo setcap cap_net_raw+ep PATH/halfcycle) or to the service "
                "(AmbientCapabilities=CAP_NET_RAW, see docs/running.md)",
                interface);
  }
  if (number == EAFNOSUPPORT) {
    return fail(ErrorCode::Machine,
                "sv:{}: packet sockets are not allowed here; of a service, "
                "RestrictAddressFamilies= must name AF_PACKET (see docs/running.md)",
                interface);
  }
  return fail(ErrorCode::Machine, "sv:{}: raw frames cannot be received: {}", interface,
              error_text(number));
}

}  // namespace

Result<std::unique_ptr<PacketRing>> PacketRing::open(const std::string& interface,
                                                     const FrameFilter& filter,
                                                     const RingSize& size) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) {
    return fail(ErrorCode::InvalidSetup,
                "sv:{}: there is no interface '{}'; the interfaces of this machine are: {}",
                interface, interface, interfaces());
  }
  std::unique_ptr<PacketRing> ring(new PacketRing);
  ring->interface_ = index;
  // Without a protocol nothing is received before filter and ring are there.
  ring->socket_ = Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!ring->socket_) {
    return refused(interface, errno);
  }
  const auto set = [&](int level, int option, const auto& value) {
    return setsockopt(ring->socket_.get(), level, option, &value, sizeof(value)) == 0;
  };
  std::vector<sock_filter> code = program_of(filter);
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  ring->slot_bytes_ = std::bit_ceil(kSlotHeader + size.frame_bytes);
  const std::size_t in_block = kBlockBytes / ring->slot_bytes_;
  const std::size_t blocks = (size.frames + in_block - 1) / in_block;
  ring->slots_ = blocks * in_block;
  tpacket_req request{};
  request.tp_block_size = static_cast<unsigned>(kBlockBytes);
  request.tp_block_nr = static_cast<unsigned>(blocks);
  request.tp_frame_size = static_cast<unsigned>(ring->slot_bytes_);
  request.tp_frame_nr = static_cast<unsigned>(ring->slots_);
  // Multicast that nobody has joined, and VLANs that the interface does not know, pass the adapter
  // in promiscuous mode only. It ends with the socket.
  packet_mreq everything{};
  everything.mr_ifindex = static_cast<int>(index);
  everything.mr_type = PACKET_MR_PROMISC;
  (void)set(SOL_PACKET, PACKET_IGNORE_OUTGOING, int{1});  // Linux 4.20; before, own frames come too
  if (!set(SOL_SOCKET, SO_ATTACH_FILTER, program) ||
      !set(SOL_PACKET, PACKET_VERSION, int{TPACKET_V2}) ||
      !set(SOL_PACKET, PACKET_RX_RING, request) ||
      !set(SOL_PACKET, PACKET_ADD_MEMBERSHIP, everything)) {
    return refused(interface, errno);
  }
  const std::size_t bytes = blocks * kBlockBytes;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->socket_.get(), 0);
  if (memory == MAP_FAILED) {
    return refused(interface, errno);
  }
  ring->memory_ = static_cast<std::byte*>(memory);
  ring->memory_bytes_ = bytes;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kEveryProtocol);
  address.sll_ifindex = static_cast<int>(index);
  if (bind(ring->socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    return refused(interface, errno);
  }
  return ring;
}

PacketRing::~PacketRing() {
  if (memory_ != nullptr) {
    munmap(memory_, memory_bytes_);
  }
}

std::optional<ReceivedFrame> PacketRing::next() {
  const auto header_of = [this](std::size_t slot) {
    return reinterpret_cast<tpacket2_hdr*>(memory_ + slot * slot_bytes_);
  };
  if (taken_) {
    taken_ = false;
    std::atomic_ref(header_of(slot_)->tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
    slot_ = slot_ + 1 == slots_ ? 0 : slot_ + 1;
  }
  tpacket2_hdr* header = header_of(slot_);
  if ((std::atomic_ref(header->tp_status).load(std::memory_order_acquire) & TP_STATUS_USER) == 0) {
    return std::nullopt;
  }
  taken_ = true;
  const std::byte* start = reinterpret_cast<const std::byte*>(header) + header->tp_mac;
  return ReceivedFrame{
      Instant::from_unix_ns(std::int64_t{header->tp_sec} * 1000000000 + header->tp_nsec),
      {start, header->tp_snaplen}};
}

bool PacketRing::is_on(const std::string& interface) const {
  return if_nametoindex(interface.c_str()) == interface_;
}

std::uint64_t PacketRing::take_drops() {
  tpacket_stats statistics{};
  socklen_t size = sizeof(statistics);
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) {
    return 0;
  }
  return statistics.tp_drops;  // reading sets it to 0
}

}  // namespace halfcycle::source
