// SPDX-License-Identifier: Apache-2.0
#include "web/comtrade_download.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "formats/comtrade.hpp"

namespace halfcycle::web {
namespace {

class WaveformStore final : public formats::SampleStore {
 public:
  WaveformStore(recorder::StoredWaveform wave, std::vector<std::size_t> lanes)
      : wave_(std::move(wave)), lanes_(std::move(lanes)) {}
  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override {
    std::size_t at = static_cast<std::size_t>(first) * wave_.lanes + lanes_[channel];
    for (float& value : out) {
      value = wave_.frames[at];
      at += wave_.lanes;
    }
  }
  void read_status(std::size_t /*channel*/, std::uint64_t /*first*/,
                   std::span<std::uint8_t> /*out*/) const override {}

 private:
  recorder::StoredWaveform wave_;
  std::vector<std::size_t> lanes_;
};

}  // namespace

Result<std::string> comtrade_of(recorder::StoredWaveform wave, std::string_view station,
                                double nominal_frequency_hertz) {
  formats::Recording recording;
  recording.station = station;
  recording.device = "Halfcycle";
  recording.start = wave.start;
  recording.zone_known = true;
  recording.nominal_frequency_hertz = nominal_frequency_hertz;
  std::vector<std::size_t> lanes;
  for (std::size_t at = 0; at < std::min(kInputCount, wave.lanes); ++at) {
    const auto input = static_cast<Input>(at);
    if (!wave.inputs.has(input)) {
      continue;
    }
    lanes.push_back(at);
    formats::AnalogChannel channel;
    channel.name = name(input);
    channel.phase = at < lane(Input::I4) && at % 4 < 3 ? std::string(1, "ABC"[at % 4]) : "N";
    channel.unit = is_voltage(input) ? "V" : "A";
    recording.analogs.push_back(std::move(channel));
  }
  recording.sample_count = wave.lanes == 0 ? 0 : wave.frames.size() / wave.lanes;
  recording.segments.push_back({.first_sample = 0,
                                .sample_count = recording.sample_count,
                                .rate_hertz = wave.rate_hertz,
                                .start = {},
                                .discontinuity = Discontinuity::Start});
  recording.samples = std::make_shared<WaveformStore>(std::move(wave), std::move(lanes));
  std::string bytes;
  const auto written =
      formats::write_cff(recording, {.data = formats::ComtradeData::Float32, .revision = 2013},
                         formats::append_to(bytes));
  if (!written) {
    return fail(written.error());
  }
  return bytes;
}

}  // namespace halfcycle::web
