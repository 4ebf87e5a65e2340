// SPDX-License-Identifier: Apache-2.0
// The first byte says whether a rate is given; the rest is the file.
#include <cstdlib>
#include <vector>

#include "formats/csv.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  halfcycle::formats::CsvReadOptions options;
  if (data[0] % 2 != 0) {
    options.rate_hertz = 1000.0;
  }
  const auto r = halfcycle::formats::read_csv(
      {"x.csv", std::as_bytes(std::span(data + 1, size - 1)), nullptr}, options);
  if (r) {
    std::uint64_t samples = 0;
    for (const auto& segment : r->segments) {
      samples += segment.sample_count;
    }
    if (samples != r->sample_count || r->analogs.empty()) {
      std::abort();
    }
    std::vector<float> values(r->sample_count);
    for (std::size_t c = 0; c < r->analogs.size(); ++c) {
      r->samples->read_analog(c, 0, values);
    }
  }
  return 0;
}
