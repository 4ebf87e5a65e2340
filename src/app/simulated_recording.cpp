// SPDX-License-Identifier: Apache-2.0
#include "app/simulated_recording.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "base/quality.hpp"
#include "source/simulator.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kFramesAtOnce = 8192;
constexpr double kMostSamples = 4294967295.0;  // what COMTRADE can number

/// Plays the scenario and keeps the frames that were asked for last. Writers go through a recording
/// block by block, channel by channel, once or twice: a step back starts the scenario anew.
class SimulatedStore : public formats::SampleStore {
 public:
  explicit SimulatedStore(source::Scenario scenario) : scenario_(std::move(scenario)) {}

  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override {
    const std::lock_guard lock(mutex_);
    hold(first, out.size());
    const std::size_t at = lane(scenario_.channels[channel].input);
    for (std::size_t n = 0; n < out.size(); ++n) {
      out[n] = first + n < held_first_ + held_count_
                   ? held_[(static_cast<std::size_t>(first - held_first_) + n) * kMaxLanes + at]
                   : static_cast<float>(kNotAvailable);
    }
  }

  void read_status(std::size_t /*channel*/, std::uint64_t /*first*/,
                   std::span<std::uint8_t> out) const override {
    std::fill(out.begin(), out.end(), std::uint8_t{2});
  }

 private:
  void hold(std::uint64_t first, std::size_t count) const {
    if (first >= held_first_ && first + count <= held_first_ + held_count_) {
      return;
    }
    if (simulator_ == nullptr || first < next_) {
      simulator_ = source::make_simulator(scenario_, "sim:");
      next_ = 0;
    }
    held_.clear();
    held_first_ = first;
    held_count_ = 0;
    while (held_count_ < count) {
      const auto wanted = std::min<std::uint64_t>(kFramesAtOnce, first + count - next_);
      const auto block = simulator_->read(static_cast<std::size_t>(wanted));
      if (!block || !*block) {
        return;
      }
      const SampleBlock& samples = **block;
      for (std::size_t n = 0; n < samples.frame_count; ++n, ++next_) {
        if (next_ < first) {
          continue;
        }
        const float* frame = samples.frames + n * samples.lanes;
        const std::size_t begin = held_.size();
        held_.resize(begin + kMaxLanes, 0.0F);
        std::copy_n(frame, samples.lanes, held_.begin() + static_cast<std::ptrdiff_t>(begin));
        ++held_count_;
      }
    }
  }

  source::Scenario scenario_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<source::Source> simulator_;
  mutable std::uint64_t next_ = 0;  ///< the sample that the simulator gives next
  mutable std::vector<float> held_;
  mutable std::uint64_t held_first_ = 0;
  mutable std::uint64_t held_count_ = 0;
};

// Of a delta with two transformers V3 is V32 (base/system.hpp).
std::string phase_of(Input input, Wiring wiring, bool has_v2) {
  constexpr std::array kPhases{"A", "B", "C", "N"};
  const std::array pairs{"AB", "BC", has_v2 ? "CA" : "CB", "N"};
  const std::size_t number = lane(input) - lane(is_voltage(input) ? Input::V1 : Input::I1);
  if (number >= kPhases.size()) {
    return {};
  }
  return is_voltage(input) && wiring == Wiring::Delta ? pairs[number] : kPhases[number];
}

/// Runs of equally spaced samples, by playing the scenario once.
Result<std::vector<formats::Segment>> segments_of(const source::Scenario& scenario) {
  std::vector<formats::Segment> segments;
  const auto simulator = source::make_simulator(scenario, "sim:");
  while (true) {
    const auto block = simulator->read(kFramesAtOnce);
    if (!block) {
      return fail(block.error());
    }
    if (!*block) {
      return segments;
    }
    const SampleBlock& samples = **block;
    if (segments.empty() || samples.discontinuity != Discontinuity::None) {
      formats::Segment segment;
      segment.first_sample = samples.first_index;
      segment.rate_hertz = samples.time.rate_hertz;
      segment.start =
          samples.time.instant_of(static_cast<double>(samples.first_index)) - scenario.start;
      segment.discontinuity = samples.discontinuity;
      segments.push_back(segment);
    }
    segments.back().sample_count += samples.frame_count;
  }
}

}  // namespace

Result<formats::Recording> simulated_recording(const source::Scenario& scenario) {
  if (!scenario.duration) {
    return fail(ErrorCode::InvalidSetup, "scenario '{}' has no end: give --duration SECONDS",
                scenario.name);
  }
  const auto simulator = source::make_simulator(scenario, "sim:");
  const std::uint64_t count = simulator->info().sample_count;
  if (count == 0 || static_cast<double>(count) > kMostSamples) {
    return fail(ErrorCode::InvalidSetup,
                "{} samples cannot be recorded: choose another duration or rate (at most 2^32 - 1 "
                "samples)",
                count);
  }
  formats::Recording recording;
  recording.format = "simulator";
  recording.station = scenario.name;
  recording.device = "halfcycle simulator";
  recording.start = scenario.start;
  recording.trigger = scenario.start;
  recording.zone_known = true;
  recording.nominal_frequency_hertz = scenario.system.nominal_frequency_hertz;
  const bool has_v2 =
      std::any_of(scenario.channels.begin(), scenario.channels.end(),
                  [](const source::ScenarioChannel& c) { return c.input == Input::V2; });
  for (const source::ScenarioChannel& channel : scenario.channels) {
    formats::AnalogChannel analog;
    analog.phase = phase_of(channel.input, scenario.system.wiring, has_v2);
    // The name of a line-to-line voltage says so, for formats that know names only.
    analog.name = analog.phase.size() == 2 ? "V" + analog.phase : std::string(name(channel.input));
    analog.unit = is_voltage(channel.input) ? "V" : "A";
    analog.side = Side::Primary;
    recording.analogs.push_back(std::move(analog));
  }
  if (scenario.gaps.empty() && scenario.clock_steps.empty()) {
    recording.segments = {{0, count, scenario.rate_hertz, {}, Discontinuity::Start}};
  } else {
    auto segments = segments_of(scenario);
    if (!segments) {
      return fail(segments.error());
    }
    recording.segments = *std::move(segments);
  }
  for (const formats::Segment& segment : recording.segments) {
    recording.sample_count += segment.sample_count;
  }
  recording.samples = std::make_shared<SimulatedStore>(scenario);
  return recording;
}

}  // namespace halfcycle::app
