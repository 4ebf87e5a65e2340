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
  WaveformStore(std::vector<recorder::StoredWaveform> parts, std::vector<std::size_t> lanes)
      : parts_(std::move(parts)), lanes_(std::move(lanes)) {}
  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override {
    std::uint64_t before = 0;
    for (const recorder::StoredWaveform& part : parts_) {
      const std::uint64_t count = part.frames.size() / part.lanes;
      while (!out.empty() && first - before < count) {
        out.front() = part.frames[(first - before) * part.lanes + lanes_[channel]];
        out = out.subspan(1);
        ++first;
      }
      before += count;
    }
  }
  void read_status(std::size_t /*channel*/, std::uint64_t /*first*/,
                   std::span<std::uint8_t> /*out*/) const override {}

 private:
  std::vector<recorder::StoredWaveform> parts_;
  std::vector<std::size_t> lanes_;
};

}  // namespace

Result<std::string> comtrade_of(std::vector<recorder::StoredWaveform> parts,
                                std::string_view station, double nominal_frequency_hertz) {
  const recorder::StoredWaveform& wave = parts.front();
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
  std::erase_if(parts, [](const recorder::StoredWaveform& part) { return part.lanes == 0; });
  for (const recorder::StoredWaveform& part : parts) {
    const std::uint64_t count = part.frames.size() / part.lanes;
    const bool first = recording.segments.empty();
    recording.segments.push_back(
        {.first_sample = recording.sample_count,
         .sample_count = count,
         .rate_hertz = part.rate_hertz,
         .start = part.start - recording.start.value_or(part.start),
         .discontinuity = first ? Discontinuity::Start : Discontinuity::Gap});
    recording.sample_count += count;
  }
  recording.samples = std::make_shared<WaveformStore>(std::move(parts), std::move(lanes));
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
