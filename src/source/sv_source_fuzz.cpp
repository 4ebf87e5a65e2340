// SPDX-License-Identifier: Apache-2.0
// Frames from the network, as the ring hands them over. Each: two bytes of length, four of
// microseconds since the frame before, the frame.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "source/sv_feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle;
  auto feed = std::make_unique<source::testing::FrameList>();
  std::int64_t time_ns = 1700000000000000000;
  std::size_t at = 0;
  while (size - at >= 6) {
    const std::size_t length = std::size_t{data[at]} << 8U | data[at + 1];
    std::uint32_t us = 0;
    for (std::size_t i = 2; i < 6; ++i) {
      us = us << 8U | data[at + i];
    }
    at += 6;
    time_ns += std::int64_t{us} * 1000;
    const std::size_t present = std::min(length, size - at);
    feed->add(std::string(reinterpret_cast<const char*>(data) + at, present), time_ns);
    at += present;
  }
  const auto live = source::make_sv_source(source::testing::le_setup(4000, ""), std::move(feed));
  std::uint64_t index = 0;
  while (true) {
    const auto block = live->read(40);
    if (!block || (*block)->frame_count == 0) {
      return 0;
    }
    const SampleBlock& b = **block;
    // What the measuring thread relies on.
    if (b.first_index < index || b.frame_count > 40 || b.time.rate_hertz != 4000.0 ||
        std::isinf(b.frames[0])) {
      __builtin_trap();
    }
    index = b.first_index + b.frame_count;
  }
}
