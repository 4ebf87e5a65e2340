// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/server_session.hpp"

#include <array>
#include <variant>

#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/identification.hpp"
#include "protocols/modbus/product.hpp"

namespace halfcycle::modbus {
namespace {

constexpr std::uint8_t kExceptionBit = 0x80;
constexpr std::uint8_t kBroadcast = 0;

std::variant<Exception, std::size_t> perform(const ReadRegisters& read, std::uint8_t function,
                                             RegisterImage& image, ImageScratch& scratch,
                                             std::span<std::byte, kLargestPdu> out) {
  const std::size_t bytes = 2U * read.count;
  out[0] = static_cast<std::byte>(function);
  out[1] = static_cast<std::byte>(bytes);
  image.read(read.address, read.count, out.subspan(2, bytes), scratch);
  return 2 + bytes;
}

std::variant<Exception, std::size_t> perform(const ReadIdentification& read,
                                             const fleet::MeterIdentity& identity,
                                             std::span<std::byte, kLargestPdu> out) {
  const std::array objects{IdentificationObject{0x00, kVendor},
                           IdentificationObject{0x01, kProductCode},
                           IdentificationObject{0x02, kVersion},
                           IdentificationObject{0x04, kProduct},
                           IdentificationObject{0x05, identity.template_name},
                           IdentificationObject{0x06, identity.name}};
  return write_identification(read, objects, out);
}

}  // namespace

ServerSession::Step ServerSession::answer(std::span<const std::byte> in,
                                          std::vector<std::byte>& out) {
  Step step;
  units_.refresh();
  for (;;) {
    const FrameScan scan = next_frame(in.subspan(step.consumed));
    step.consumed += scan.consumed;
    switch (scan.state) {
      case FrameState::Incomplete:
        return step;
      case FrameState::Broken:
        traffic_.broken.add();
        step.close = true;
        return step;
      case FrameState::Foreign:
        traffic_.foreign.add();
        break;
      case FrameState::Frame:
        traffic_.requests.add();
        answer_frame(scan.frame, out);
        if (out.size() >= kEnoughToSend) {
          step.waiting = true;
          return step;
        }
        break;
    }
  }
}

void ServerSession::answer_frame(const Frame& frame, std::vector<std::byte>& out) {
  if (frame.unit == kBroadcast) {
    return;
  }
  std::array<std::byte, kLargestFrame> answer;
  const std::span<std::byte, kLargestFrame> whole(answer);
  const std::size_t size = answer_pdu(frame, whole.subspan<kHeaderBytes, kLargestPdu>());
  write_header(frame.transaction, frame.unit, size, whole.first<kHeaderBytes>());
  out.insert(out.end(), answer.begin(),
             answer.begin() + static_cast<std::ptrdiff_t>(kHeaderBytes + size));
}

std::size_t ServerSession::answer_pdu(const Frame& frame, std::span<std::byte, kLargestPdu> out) {
  const auto function = static_cast<std::uint8_t>(frame.pdu.front());
  Units::Unit* const unit = units_.find(frame.unit);
  std::variant<Exception, std::size_t> result = Exception::GatewayTargetFailedToRespond;
  if (unit != nullptr) {
    const Request request = parse_request(frame.pdu);
    if (const auto* read = std::get_if<ReadRegisters>(&request)) {
      result = Exception::ServerDeviceFailure;
      if (!unit->failed) {
        result = perform(*read, function, unit->image, units_.scratch(), out);
      }
    } else if (const auto* identification = std::get_if<ReadIdentification>(&request)) {
      result = perform(*identification, unit->image.meter().identity(), out);
    } else {
      result = std::get<Exception>(request);
    }
  }
  if (const auto* size = std::get_if<std::size_t>(&result)) {
    return *size;
  }
  traffic_.exceptions.add();
  out[0] = static_cast<std::byte>(function | kExceptionBit);
  out[1] = static_cast<std::byte>(std::get<Exception>(result));
  return 2;
}

}  // namespace halfcycle::modbus
