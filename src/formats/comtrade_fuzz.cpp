// SPDX-License-Identifier: Apache-2.0
// One input is a .cff if it begins with dashes, else a .cfg and a .dat, divided at the first line
// "====". Whatever is read must also be written and read again.
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "formats/comtrade.hpp"

using halfcycle::formats::FileBytes;
using halfcycle::formats::Recording;

namespace {

FileBytes bytes_of(std::string_view text, const char* name) {
  return {name, std::as_bytes(std::span(text.data(), text.size())), nullptr};
}

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

void use(const Recording& r) {
  require(r.samples != nullptr && !r.segments.empty());
  std::uint64_t next = 0;
  for (const auto& segment : r.segments) {
    require(segment.first_sample == next && segment.sample_count > 0 && segment.rate_hertz > 0.0);
    next += segment.sample_count;
  }
  require(next == r.sample_count);
  std::vector<float> values(r.sample_count);
  std::vector<float> frames(r.sample_count * 8);
  for (std::size_t c = 0; c < r.analogs.size(); ++c) {
    r.samples->read_analog(c, 0, values);
    const std::array<halfcycle::formats::FrameLane, 1> lanes{{{c, c % 8}}};
    r.samples->read_frames(lanes, 0, 8, frames);
    for (std::size_t n = 0; n < values.size(); ++n) {
      const float other = frames[n * 8 + c % 8];
      require(values[n] == other || (std::isnan(values[n]) && std::isnan(other)));
    }
  }
  for (std::uint64_t n = 0; n < r.sample_count && !r.statuses.empty();) {
    const std::uint64_t same = r.samples->same_statuses(r.statuses.size(), n, r.sample_count - n);
    require(same >= 1 && same <= r.sample_count - n);
    n += same;
  }
  std::vector<std::uint8_t> states(r.sample_count);
  for (std::size_t c = 0; c < r.statuses.size(); ++c) {
    r.samples->read_status(c, 0, states);
    for (const std::uint8_t state : states) {
      require(state <= 2);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto recording = halfcycle::Result<Recording>();
  if (input.substr(0, 2) == "--") {
    recording = halfcycle::formats::read_cff(bytes_of(input, "x.cff"));
  } else {
    constexpr std::string_view kDivider = "\n====\n";
    const std::size_t at = input.find(kDivider);
    const std::string_view cfg = input.substr(0, at);
    const std::string_view dat =
        at == std::string_view::npos ? std::string_view() : input.substr(at + kDivider.size());
    recording = halfcycle::formats::read_comtrade(
        {.cfg = bytes_of(cfg, "x.cfg"), .dat = bytes_of(dat, "x.dat")});
  }
  if (recording) {
    use(*recording);
    const auto text = halfcycle::formats::write_comtrade(*recording, {});
    if (text) {
      const auto again = halfcycle::formats::read_comtrade(
          {.cfg = bytes_of(text->cfg, "y.cfg"), .dat = bytes_of(text->dat, "y.dat")});
      require(again.has_value() && again->sample_count == recording->sample_count);
    }
  }
  return 0;
}
