// SPDX-License-Identifier: Apache-2.0
#include "source/simulator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "source/scenario_model.hpp"
#include "source/simulator_synthesis.hpp"
#include "source/text_file.hpp"

namespace halfcycle::source {
namespace {

constexpr std::size_t kMaxScenarioBytes = 4U << 20U;
constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

std::uint64_t first_sample_from(Duration t, double rate) {
  const Seconds position = to_seconds(t) * static_cast<Seconds>(rate);
  return static_cast<std::uint64_t>(std::max(0.0L, std::ceil(position - 1e-6L)));
}

/// A place where the next block must begin anew.
struct Break {
  std::uint64_t sample = 0;  ///< of the signal
  std::uint64_t resume = 0;  ///< after a gap; = sample for a clock step
  Duration step;
};

class Simulator : public Source {
 public:
  Simulator(Scenario scenario, std::string_view uri)
      : scenario_(std::move(scenario)), model_(scenario_), synthesis_(scenario_, model_) {
    const double rate = scenario_.rate_hertz;
    if (scenario_.duration) {
      const Seconds samples = to_seconds(*scenario_.duration) * static_cast<Seconds>(rate);
      total_ = static_cast<std::uint64_t>(std::llround(samples));
    }
    for (const ScenarioChannel& channel : scenario_.channels) {
      inputs_.add(channel.input);
      info_.channels.push_back({std::string(halfcycle::name(channel.input)), channel.input,
                                is_voltage(channel.input) ? "V" : "A", 1.0});
    }
    lanes_ = inputs_.has(Input::I5) ? 12 : 8;
    chunk_frames_.resize(kChunkFrames * lanes_);
    std::uint64_t missing = 0;
    for (const ScenarioGap& gap : scenario_.gaps) {
      if (gap.channels.empty()) {
        const std::uint64_t from = std::min(first_sample_from(gap.at, rate), total_);
        const std::uint64_t to = std::min(first_sample_from(gap.at + gap.duration, rate), total_);
        if (to > from) {
          breaks_.push_back({from, to, {}});
          missing += to - from;
        }
      }
    }
    for (const ScenarioClockStep& step : scenario_.clock_steps) {
      const std::uint64_t at = first_sample_from(step.at, rate);
      breaks_.push_back({at, at, step.by});
    }
    std::stable_sort(breaks_.begin(), breaks_.end(),
                     [](const Break& a, const Break& b) { return a.sample < b.sample; });
    info_.uri = uri;
    info_.format = "simulator";
    info_.station = scenario_.name;
    // Of the first sample that is delivered: a gap may come first.
    const std::uint64_t first = !breaks_.empty() && breaks_[0].sample == 0 ? breaks_[0].resume : 0;
    info_.start = scenario_.start + Duration::from_seconds(static_cast<double>(first) / rate);
    info_.duration_seconds =
        scenario_.duration ? static_cast<double>(to_seconds(*scenario_.duration)) : 0.0;
    info_.sample_count = scenario_.duration ? total_ - missing : 0;
    info_.sample_rates_hertz = {rate};
    info_.side = Side::Primary;
    info_.warnings = scenario_.warnings;
    info_.wiring = scenario_.system.wiring;
    info_.nominal_voltage_volts = scenario_.system.nominal_voltage_volts;
    info_.nominal_frequency_hertz = scenario_.system.nominal_frequency_hertz;
  }

  [[nodiscard]] const SourceInfo& info() const override { return info_; }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    pass_breaks();
    if (next_ >= total_) {
      return std::nullopt;
    }
    const std::uint64_t end =
        next_break_ < breaks_.size() ? std::min(total_, breaks_[next_break_].sample) : total_;
    const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>(end - next_, std::max<std::size_t>(max_frames, 1)));
    frames_.resize(std::max(frames_.size(), count * lanes_));
    for (std::size_t done = 0; done < count;) {
      const std::uint64_t chunk = (next_ + done) / kChunkFrames;
      if (chunk != chunk_) {
        synthesis_.generate(chunk, lanes_, chunk_frames_.data());
        mark_missing(chunk);
        chunk_ = chunk;
      }
      const auto within = static_cast<std::size_t>((next_ + done) % kChunkFrames);
      const std::size_t n = std::min(kChunkFrames - within, count - done);
      std::copy_n(chunk_frames_.data() + within * lanes_, n * lanes_,
                  frames_.data() + done * lanes_);
      done += n;
    }
    SampleBlock block;
    block.frames = frames_.data();
    block.frame_count = count;
    block.lanes = lanes_;
    block.inputs = inputs_;
    block.first_index = delivered_;
    block.time = map_;
    block.discontinuity = std::exchange(pending_, Discontinuity::None);
    next_ += count;
    delivered_ += count;
    return block;
  }

  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t frames) override {
    pass_breaks();
    const std::uint64_t end =
        next_break_ < breaks_.size() ? std::min(total_, breaks_[next_break_].sample) : total_;
    const std::uint64_t count = next_ < end ? std::min(end - next_, frames) : 0;
    next_ += count;
    delivered_ += count;
    return count;
  }

 private:
  void pass_breaks() {
    if (next_ == 0 && delivered_ == 0) {
      map_ = {0, scenario_.start, scenario_.rate_hertz};
    }
    bool moved = false;
    while (next_break_ < breaks_.size() && breaks_[next_break_].sample <= next_) {
      const Break& at = breaks_[next_break_++];
      moved = true;
      clock_ += at.step;
      if (at.resume > next_) {
        next_ = at.resume;
        gap_ = true;
      }
    }
    if (moved) {
      const Seconds seconds =
          static_cast<Seconds>(next_) / static_cast<Seconds>(scenario_.rate_hertz);
      map_ = {delivered_, scenario_.start + Duration::ns(std::llround(seconds * 1e9L)) + clock_,
              scenario_.rate_hertz};
      if (pending_ != Discontinuity::Start) {
        pending_ = gap_ ? Discontinuity::Gap : Discontinuity::ClockStep;
      }
      gap_ = false;
    }
  }

  /// NaN where single channels are missing.
  void mark_missing(std::uint64_t chunk) {
    const std::uint64_t first = chunk * kChunkFrames;
    for (const ScenarioGap& gap : scenario_.gaps) {
      if (gap.channels.empty()) {
        continue;
      }
      const std::uint64_t from = first_sample_from(gap.at, scenario_.rate_hertz);
      const std::uint64_t to = first_sample_from(gap.at + gap.duration, scenario_.rate_hertz);
      for (std::uint64_t n = std::max(from, first); n < std::min(to, first + kChunkFrames); ++n) {
        for (const Input input : gap.channels) {
          chunk_frames_[static_cast<std::size_t>(n - first) * lanes_ + lane(input)] =
              std::numeric_limits<float>::quiet_NaN();
        }
      }
    }
  }

  const Scenario scenario_;
  const ScenarioModel model_;
  Synthesis synthesis_;
  SourceInfo info_;
  InputMask inputs_;
  std::size_t lanes_ = 8;
  std::uint64_t total_ = kNoEnd;
  std::vector<Break> breaks_;
  std::size_t next_break_ = 0;
  std::uint64_t next_ = 0;       ///< sample of the signal
  std::uint64_t delivered_ = 0;  ///< index of the source: gaps do not count
  TimeMap map_;
  Duration clock_;  ///< sum of the clock steps so far
  bool gap_ = false;
  Discontinuity pending_ = Discontinuity::Start;
  std::uint64_t chunk_ = kNoEnd;
  std::vector<float> chunk_frames_;
  std::vector<float> frames_;
};

std::string_view without_scheme(std::string_view name) {
  return name.substr(0, 4) == "sim:" ? name.substr(4) : name;
}

}  // namespace

Result<Scenario> load_scenario(std::string_view path_or_name, const SimulatorOverrides& overrides) {
  const std::string_view name = without_scheme(path_or_name);
  const bool is_file = name.find('/') != std::string_view::npos ||
                       (name.size() > 5 && name.substr(name.size() - 5) == ".toml");
  Result<Scenario> scenario = Scenario{};
  if (is_file) {
    const std::string path(name);
    const Result<std::string> text = read_text_file(path, "scenario", kMaxScenarioBytes);
    if (!text) {
      const std::string stem = std::filesystem::path(path).stem().string();
      for (const ShippedScenario& shipped : shipped_scenarios()) {
        if (shipped.name == stem) {
          return fail(text.error().code, "{}. The shipped scenario of that name is sim:{}",
                      text.error().message, stem);
        }
      }
      return fail(text.error());
    }
    scenario = parse_scenario(*text, path);
  } else {
    const auto shipped = shipped_scenarios();
    const auto it = std::find_if(shipped.begin(), shipped.end(),
                                 [&](const ShippedScenario& s) { return s.name == name; });
    if (it == shipped.end()) {
      std::vector<std::string_view> names;
      std::string list;
      for (const ShippedScenario& s : shipped) {
        names.push_back(s.name);
        list += list.empty() ? "" : ", ";
        list += s.name;
      }
      return fail(ErrorCode::InvalidSetup,
                  "there is no shipped scenario '{}'.{} There are: {}. A file needs its path or "
                  "its ending .toml",
                  name, did_you_mean(name, names), list);
    }
    scenario = parse_scenario(it->text, format("{}.toml", name));
  }
  if (!scenario) {
    return scenario;
  }
  if (overrides.rate_hertz) {
    scenario = with_rate(std::move(*scenario), *overrides.rate_hertz);
    if (!scenario) {
      return scenario;
    }
  }
  if (overrides.duration_seconds) {
    const double seconds = *overrides.duration_seconds;
    if (!(seconds >= 0.0 && seconds <= 3.2e8)) {
      return fail(ErrorCode::InvalidSetup,
                  "duration {} s: must be from 0 (endless) to 3.2e8 s (ten years)", seconds);
    }
    scenario->duration.reset();
    if (seconds > 0.0) {
      scenario->duration = Duration::from_seconds(seconds);
    }
  }
  if (overrides.start) {
    scenario->start = *overrides.start;
  }
  return scenario;
}

std::unique_ptr<Source> make_simulator(Scenario scenario, std::string_view uri) {
  return std::make_unique<Simulator>(std::move(scenario), uri);
}

Result<std::unique_ptr<Source>> open_simulator(std::string_view path_or_name,
                                               const SimulatorOverrides& overrides) {
  Result<Scenario> scenario = load_scenario(path_or_name, overrides);
  if (!scenario) {
    return fail(scenario.error());
  }
  return make_simulator(std::move(*scenario), format("sim:{}", without_scheme(path_or_name)));
}

}  // namespace halfcycle::source
