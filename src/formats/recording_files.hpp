// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: recordings from files, and figures of their channels.
#pragma once

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/comtrade.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats::testing {

/// The contents of a file below tests/recordings; empty if there is none.
[[nodiscard]] inline FileBytes recording_file(const std::string& path) {
  std::ifstream in(std::string(HC_SOURCE_DIR) + "/tests/recordings/" + path, std::ios::binary);
  return own_bytes(path, std::string(std::istreambuf_iterator<char>(in), {}));
}

[[nodiscard]] inline Result<Recording> load_comtrade(const std::string& cfg,
                                                     const std::string& dat) {
  return read_comtrade({.cfg = recording_file(cfg), .dat = recording_file(dat)});
}

[[nodiscard]] inline Result<Recording> load_text(std::string cfg, std::string dat) {
  return read_comtrade(
      {.cfg = own_bytes("x.cfg", std::move(cfg)), .dat = own_bytes("x.dat", std::move(dat))});
}

[[nodiscard]] inline std::vector<float> analog(const Recording& r, std::size_t channel) {
  std::vector<float> values(r.sample_count);
  r.samples->read_analog(channel, 0, values);
  return values;
}

[[nodiscard]] inline std::vector<std::uint8_t> status(const Recording& r, std::size_t channel) {
  std::vector<std::uint8_t> values(r.sample_count);
  r.samples->read_status(channel, 0, values);
  return values;
}

/// Plain r.m.s. of `count` samples from `first`.
[[nodiscard]] inline double rms(const Recording& r, std::size_t channel, std::uint64_t first,
                                std::size_t count) {
  std::vector<float> values(count);
  r.samples->read_analog(channel, first, values);
  double sum = 0.0;
  for (const float v : values) {
    sum += static_cast<double>(v) * static_cast<double>(v);
  }
  return std::sqrt(sum / static_cast<double>(count));
}

[[nodiscard]] inline bool warns(const Recording& r, std::string_view text) {
  for (const std::string& warning : r.warnings) {
    if (warning.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace halfcycle::formats::testing
