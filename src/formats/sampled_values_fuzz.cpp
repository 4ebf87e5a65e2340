// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/sampled_values.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle::formats;
  const FileBytes capture{"fuzz.pcap", std::as_bytes(std::span(data, size)), nullptr};
  const auto recording = read_sampled_values(capture, {});
  if (recording && recording->sample_count > 0) {
    std::vector<float> last(1);
    recording->samples->read_analog(0, recording->sample_count - 1, last);
    return last[0] > 1e30F ? 1 : 0;
  }
  return 0;
}
