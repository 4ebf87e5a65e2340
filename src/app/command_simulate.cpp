// SPDX-License-Identifier: Apache-2.0
// halfcycle simulate: a scenario as a recording, with the exact truth beside it.
#include <array>
#include <filesystem>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/number_text.hpp"
#include "app/output.hpp"
#include "app/simulated_recording.hpp"
#include "app/terminal.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "formats/comtrade.hpp"
#include "formats/csv.hpp"
#include "formats/wav.hpp"
#include "source/simulator.hpp"
#include "source/truth.hpp"

namespace halfcycle::app {
namespace {

constexpr double kDefaultSeconds = 10.0;  // of a scenario without an end

enum class Container { Cfg, Cff, Wav, Csv };

struct Target {
  Container container = Container::Cfg;
  formats::ComtradeData comtrade = formats::ComtradeData::Float32;
  formats::WavEncoding wav = formats::WavEncoding::Float32;
};

template <class T, std::size_t N>
Result<T> choose(const std::string& format_name,
                 const std::array<std::pair<std::string_view, T>, N>& choices,
                 std::string_view container) {
  std::string all;
  for (const auto& [name, value] : choices) {
    if (equals_ignoring_case(name, format_name)) {
      return value;
    }
    all += all.empty() ? std::string(name) : format(", {}", name);
  }
  return fail(ErrorCode::Usage, "--format: {} has no format '{}'; there are {}", container,
              printable(format_name), all);
}

Result<Target> target_of(const SimulateOptions& options) {
  using formats::ComtradeData;
  using formats::WavEncoding;
  const std::string extension = to_lower(std::filesystem::path(options.out).extension().string());
  Target target;
  if (extension == ".cfg" || extension == ".cff") {
    target.container = extension == ".cfg" ? Container::Cfg : Container::Cff;
    if (!options.format.empty()) {
      constexpr std::array<std::pair<std::string_view, ComtradeData>, 4> kChoices{
          {{"ascii", ComtradeData::Ascii},
           {"binary", ComtradeData::Binary},
           {"binary32", ComtradeData::Binary32},
           {"float32", ComtradeData::Float32}}};
      const auto chosen = choose(options.format, kChoices, "COMTRADE");
      if (!chosen) {
        return fail(chosen.error());
      }
      target.comtrade = *chosen;
    }
    return target;
  }
  if (extension == ".wav") {
    target.container = Container::Wav;
    if (!options.format.empty()) {
      constexpr std::array<std::pair<std::string_view, WavEncoding>, 4> kChoices{
          {{"pcm16", WavEncoding::Pcm16},
           {"pcm24", WavEncoding::Pcm24},
           {"pcm32", WavEncoding::Pcm32},
           {"float32", WavEncoding::Float32}}};
      const auto chosen = choose(options.format, kChoices, "WAV");
      if (!chosen) {
        return fail(chosen.error());
      }
      target.wav = *chosen;
    }
    return target;
  }
  if (extension == ".csv") {
    target.container = Container::Csv;
    if (!options.format.empty()) {
      return fail(ErrorCode::Usage, "--format: a CSV has one format only; leave it out");
    }
    return target;
  }
  return fail(ErrorCode::Usage,
              "--out: '{}' says no format; give it the extension .cfg, .cff, .wav or .csv",
              printable(options.out));
}

// "dip.cfg" → "dip.dat", "DIP.CFG" → "DIP.DAT".
std::string data_file_of(const std::string& cfg) {
  const bool upper = cfg.ends_with(".CFG");
  return cfg.substr(0, cfg.size() - 4) + (upper ? ".DAT" : ".dat");
}

Result<void> write_recording(const formats::Recording& recording, const SimulateOptions& options,
                             const Target& target, Progress& progress) {
  const bool pair = target.container == Container::Cfg;
  auto file = OutputFile::create(pair ? data_file_of(options.out) : options.out);
  if (!file) {
    return fail(file.error());
  }
  std::uint64_t written = 0;
  const formats::ByteSink sink = [&](std::string_view bytes) -> Result<void> {
    if (stop_requested()) {
      return fail(ErrorCode::Interrupted, "stopped");
    }
    written += bytes.size();
    progress.show(-1.0, format("{:.1f} MB", static_cast<double>(written) / 1e6));
    return file->write(bytes);
  };
  std::string cfg;
  Result<void> done;
  switch (target.container) {
    case Container::Cfg: {
      auto text = formats::write_comtrade_dat(recording, {.data = target.comtrade}, sink);
      if (text) {
        cfg = *std::move(text);
      } else {
        done = fail(text.error());
      }
      break;
    }
    case Container::Cff:
      done = formats::write_cff(recording, {.data = target.comtrade}, sink);
      break;
    case Container::Wav:
      done = formats::write_wav(recording, {.encoding = target.wav}, sink);
      break;
    case Container::Csv:
      done = formats::write_csv(recording, {}, sink);
      break;
  }
  if (!done) {
    return done;
  }
  if (auto committed = file->commit(); !committed) {
    return committed;
  }
  return pair ? write_file(options.out, cfg) : Result<void>();
}

}  // namespace

Result<int> run_command(const SimulateOptions& options) {
  const auto target = target_of(options);
  if (!target) {
    return fail(target.error());
  }
  source::SimulatorOverrides overrides;
  overrides.rate_hertz = options.rate_hertz;
  overrides.duration_seconds = options.duration_seconds;
  auto scenario = source::load_scenario(options.scenario, overrides);
  if (!scenario) {
    return fail(scenario.error());
  }
  const auto note = [&](std::string_view text) {
    if (!options.quiet) {
      print_message(format("halfcycle: {}", printable(text)));
    }
  };
  if (!scenario->duration) {
    scenario->duration = Duration::from_seconds(kDefaultSeconds);
    note(format("the scenario has no end: {:g} s are written (--duration says otherwise)",
                kDefaultSeconds));
  }
  for (const std::string& warning : scenario->warnings) {
    note("warning: " + warning);
  }
  const auto recording = simulated_recording(*scenario);
  if (!recording) {
    return fail(recording.error());
  }
  Progress progress(!options.quiet, "halfcycle: writing");
  if (auto written = write_recording(*recording, options, *target, progress); !written) {
    return fail(written.error());
  }
  progress.show(-1.0, "the truth");
  const auto truth = source::compute_truth(*scenario);
  if (!truth) {
    return fail(truth.error());
  }
  std::string json;
  source::write_truth_json(*truth, json);
  const std::string truth_path = options.out + ".truth.json";
  if (auto written = write_file(truth_path, json); !written) {
    return fail(written.error());
  }
  progress.clear();
  note(format("{}: {}, {} samples at {:g} Hz; {}", options.out,
              duration_text(recording->duration().to_seconds(), false),
              count_text(recording->sample_count), scenario->rate_hertz, truth_path));
  return 0;
}

}  // namespace halfcycle::app
