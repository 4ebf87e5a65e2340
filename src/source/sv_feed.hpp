// SPDX-License-Identifier: Apache-2.0
// For tests, benchmarks and fuzzing: frames as a network would deliver them, without one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/sampled_values.hpp"
#include "source/packet_ring.hpp"
#include "source/sv_source.hpp"

namespace halfcycle::source::testing {

class FrameList : public FrameFeed {
 public:
  struct Frame {
    std::string bytes;
    std::int64_t time_ns = 0;
  };

  void add(std::string bytes, std::int64_t time_ns) {
    frames_.push_back({std::move(bytes), time_ns});
  }
  void drop(std::uint64_t frames) { drops_ += frames; }

  [[nodiscard]] std::optional<ReceivedFrame> next() override {
    if (at_ == frames_.size()) {
      return std::nullopt;
    }
    const Frame& frame = frames_[at_++];
    return ReceivedFrame{Instant::from_unix_ns(frame.time_ns),
                         std::as_bytes(std::span(frame.bytes))};
  }
  void put_back() override { --at_; }
  [[nodiscard]] std::uint64_t take_drops() override { return std::exchange(drops_, 0); }

 private:
  std::vector<Frame> frames_;
  std::size_t at_ = 0;
  std::uint64_t drops_ = 0;
};

/// Eight channels of 9-2LE on V1…V4, I1…I4.
[[nodiscard]] inline SvStreamSetup le_setup(int rate, const std::string& sv_id = "MU01") {
  SvStreamSetup setup;
  setup.uri = "sv:test";
  setup.choice.sv_id = sv_id;
  setup.rate = rate;
  setup.channels = 8;
  setup.info.live = true;
  constexpr Input kInputs[] = {Input::I1, Input::I2, Input::I3, Input::I4,
                               Input::V1, Input::V2, Input::V3, Input::V4};
  const auto channels = formats::sv_channels(8);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    setup.info.channels.push_back({.name = channels[c].name,
                                   .input = kInputs[c],
                                   .unit = channels[c].unit,
                                   .scale = 1.0,
                                   .number = c + 1});
  }
  setup.info.sample_rates_hertz = {static_cast<double>(rate)};
  return setup;
}

}  // namespace halfcycle::source::testing
