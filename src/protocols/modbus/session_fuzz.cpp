// SPDX-License-Identifier: Apache-2.0
// Any stream of bytes, in pieces of any size: the session never reads beyond them, its answers are
// whole frames of Modbus TCP, and how the stream is cut makes no difference to them.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/server_session.hpp"

namespace {

using halfcycle::modbus::FrameScan;
using halfcycle::modbus::FrameState;
using halfcycle::modbus::next_frame;
using halfcycle::modbus::ServerSession;
using halfcycle::modbus::testing_meter::TestDirectory;
using halfcycle::modbus::testing_meter::TestMeter;

void check(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Server {
  std::shared_ptr<TestMeter> first = std::make_shared<TestMeter>("first", 1);
  std::shared_ptr<TestMeter> second = std::make_shared<TestMeter>("second", 2);
  TestDirectory directory{first, second};
  halfcycle::modbus::Units units{directory};
  halfcycle::modbus::Traffic traffic;
  ServerSession session{units, traffic};
};

// Feeds the stream in pieces through a buffer like that of a connection.
std::vector<std::byte> answers(ServerSession& session, std::span<const std::byte> stream,
                               std::size_t piece) {
  std::vector<std::byte> all;
  std::vector<std::byte> buffer;
  while (!stream.empty()) {
    const std::size_t n = std::min(piece, stream.size());
    buffer.insert(buffer.end(), stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(n));
    stream = stream.subspan(n);
    for (bool waiting = true; waiting;) {
      std::vector<std::byte> out;
      const auto step = session.answer(buffer, out);
      check(step.consumed <= buffer.size());
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(step.consumed));
      all.insert(all.end(), out.begin(), out.end());
      if (step.close) {
        return all;
      }
      waiting = step.waiting;
    }
    check(buffer.size() < halfcycle::modbus::kLargestFrame);
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server server;
  if (size < 1) {
    return 0;
  }
  const std::span stream(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  const auto whole = answers(server.session, stream, stream.size());
  const auto pieces = answers(server.session, stream, 1U + data[0]);
  check(whole == pieces);
  for (std::span<const std::byte> rest(whole); !rest.empty();) {
    const FrameScan scan = next_frame(rest);
    check(scan.state == FrameState::Frame && scan.frame.pdu.size() >= 2);
    rest = rest.subspan(scan.consumed);
  }
  return 0;
}
