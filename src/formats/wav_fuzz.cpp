// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <vector>

#include "formats/wav.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto r =
      halfcycle::formats::read_wav({"x.wav", std::as_bytes(std::span(data, size)), nullptr});
  if (r) {
    std::vector<float> values(r->sample_count);
    for (std::size_t c = 0; c < r->analogs.size(); ++c) {
      r->samples->read_analog(c, 0, values);
    }
    if (r->segments.size() != 1 || r->segments[0].sample_count != r->sample_count) {
      std::abort();
    }
  }
  return 0;
}
