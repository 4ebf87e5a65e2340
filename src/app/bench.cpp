// SPDX-License-Identifier: Apache-2.0
#include "app/bench.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <thread>

#include "app/output.hpp"
#include "app/verify_signal.hpp"
#include "base/text.hpp"
#include "meter/meter.hpp"
#include "metrology/engine.hpp"

namespace halfcycle::app {
namespace {

using meter::Meter;
using metrology::Stage;
using Clock = std::chrono::steady_clock;

constexpr double kFundamentalHertz = 50.0;
// A cycle repeats without a seam: every tone is a whole multiple of the fundamental.
constexpr std::size_t kPeriodHalfCycles = 2;

VerifySignal feeder(const BenchSetup& setup) {
  VerifySignal signal;
  signal.fundamental_hertz = kFundamentalHertz;
  signal.rate_hertz = setup.rate_hertz;
  signal.start = to_instant({2024, 1, 1, 0, 0, 0, 0});
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle = -2.0943951023931953 * static_cast<double>(phase);
    signal.channels.push_back(
        {static_cast<Input>(phase), {{1, 230.0, angle}, {5, 6.0, 5 * angle}, {7, 4.0, 7 * angle}}});
  }
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle = -2.0943951023931953 * static_cast<double>(phase) - 0.4;
    signal.channels.push_back(
        {static_cast<Input>(lane(Input::I1) + phase),
         {{1, 5.0, angle}, {3, 0.8, 3 * angle}, {5, 0.9, 5 * angle}, {7, 0.5, 7 * angle}}});
  }
  if (setup.channels > 6) {
    signal.channels.push_back({Input::I4, {{1, 0.1, 0.0}, {3, 2.4, 0.0}}});
  }
  return signal;
}

// The first line of /proc/cpuinfo that names the processor.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) {
      const auto colon = line.find(':');
      return colon == std::string::npos ? "" : std::string(trim(line.substr(colon + 1)));
    }
  }
  return {};
}

// Before the count starts: the meters find the frequency and fill their windows.
constexpr std::size_t kWarmUpHalfCycles = 100;
// Behind it: with a clock at every stage, which costs too much to be on while the rest is measured.
constexpr std::size_t kStageHalfCycles = 100;

// The time that one thread spends in each stage.
class Stages final : public metrology::StageClock {
 public:
  void enter(Stage stage) noexcept override {
    const Clock::time_point now = Clock::now();
    // No stage takes so long in one go: the thread was not running.
    constexpr double kLongest = 5e-4;
    const double seconds = std::chrono::duration<double>(now - last_).count();
    spent[static_cast<std::size_t>(stage_)] += seconds < kLongest ? seconds : 0.0;
    stage_ = stage;
    last_ = now;
  }
  void resume() noexcept { last_ = Clock::now(); }
  std::array<double, metrology::kStageCount> spent{};

 private:
  Stage stage_ = Stage::Ingest;
  Clock::time_point last_;
};

// What one thread does and finds.
struct Share {
  std::vector<std::unique_ptr<Meter>> meters;
  double cpu_seconds = 0.0;
  std::vector<float> latencies;  // s
  Stages stages;
};

struct Feed {
  const VerifySignal& signal;
  const std::vector<float>& samples;  // whole periods, one and a block more
  std::size_t at_once;                // half cycles of a block
  std::size_t half_cycle_frames;
  std::size_t half_cycles;
  const std::function<void(double)>& progress;
  const std::function<bool()>& stop;
  std::atomic<bool> stopped = false;
};

void run_share(Feed& feed, Share& share, bool first) {
  const std::size_t counted_end = kWarmUpHalfCycles + feed.half_cycles;
  const std::size_t total = counted_end + kStageHalfCycles;
  share.latencies.reserve(feed.half_cycles / feed.at_once * share.meters.size());
  bool staged = false;
  for (std::size_t turn = 0; turn < total && !feed.stopped; turn += feed.at_once) {
    if (first) {
      if (feed.stop && feed.stop()) {
        feed.stopped = true;
        return;
      }
      if (feed.progress && turn / feed.at_once % 16 == 0) {
        feed.progress(static_cast<double>(turn) / static_cast<double>(total));
      }
    }
    SampleBlock block;
    block.frames =
        feed.samples.data() + turn % kPeriodHalfCycles * feed.half_cycle_frames * block.lanes;
    block.frame_count = feed.at_once * feed.half_cycle_frames;
    block.inputs = feed.signal.inputs();
    block.first_index = turn * feed.half_cycle_frames;
    block.time = {0, feed.signal.start, feed.signal.rate_hertz};
    block.discontinuity = turn == 0 ? Discontinuity::Start : Discontinuity::None;
    const bool counted = turn >= kWarmUpHalfCycles && turn < counted_end;
    if (turn >= counted_end && !staged) {
      staged = true;
      for (const auto& meter : share.meters) {
        meter->set_stage_clock(&share.stages);
      }
    }
    share.stages.resume();
    const double before = thread_cpu_seconds();
    const Clock::time_point there = Clock::now();
    for (const auto& meter : share.meters) {
      meter->push(block);
      if (counted) {
        share.latencies.push_back(std::chrono::duration<float>(Clock::now() - there).count());
      }
    }
    for (const auto& meter : share.meters) {
      while (meter->work()) {
      }
    }
    if (turn >= counted_end) {
      share.stages.enter(Stage::Ingest);
    }
    if (counted) {
      share.cpu_seconds += thread_cpu_seconds() - before;
    }
  }
}

BenchLatency latency_of(std::vector<float>& latencies) {
  if (latencies.empty()) {
    return {};
  }
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    const double last = static_cast<double>(latencies.size() - 1);
    return static_cast<double>(latencies[static_cast<std::size_t>(share * last)]);
  };
  return {at(0.5), at(0.99), at(1.0)};
}

}  // namespace

Result<BenchResult> run_bench(const BenchSetup& setup, const std::function<void(double)>& progress,
                              const std::function<bool()>& stop) {
  const VerifySignal signal = feeder(setup);
  const auto half_cycle_frames =
      static_cast<std::size_t>(std::lround(setup.rate_hertz / (2.0 * kFundamentalHertz)));
  const auto at_once = static_cast<std::size_t>(setup.at_once);
  std::vector<float> samples;
  signal.render(0, (kPeriodHalfCycles + at_once) * half_cycle_frames, samples);
  const double blocks = setup.seconds * 2.0 * kFundamentalHertz / setup.at_once;
  Feed feed{.signal = signal,
            .samples = samples,
            .at_once = at_once,
            .half_cycle_frames = half_cycle_frames,
            .half_cycles = at_once * static_cast<std::size_t>(std::max(1.0, std::ceil(blocks))),
            .progress = progress,
            .stop = stop};

  meter::MeterSetup meter;
  meter.inputs = signal.inputs();
  meter.sample_rate_hertz = setup.rate_hertz;
  meter.system.nominal_frequency_hertz = kFundamentalHertz;
  const metrology::EngineSetup engine{
      .system = meter.system, .inputs = meter.inputs, .sample_rate_hertz = meter.sample_rate_hertz};
  meter.engine_tables = metrology::make_engine_tables(engine);

  std::vector<Share> shares(static_cast<std::size_t>(std::min(setup.threads, setup.meters)));
  for (Share& share : shares) {
    meter.engine_workspace = metrology::make_engine_workspace(*meter.engine_tables);
    const std::size_t k = static_cast<std::size_t>(&share - shares.data());
    for (std::size_t m = k; m < static_cast<std::size_t>(setup.meters); m += shares.size()) {
      auto made = Meter::create(meter);
      if (!made) {
        return fail(made.error());
      }
      meter.compiled_template = (*made)->setup().compiled_template;
      share.meters.push_back(*std::move(made));
    }
  }
  {
    std::vector<std::jthread> others;
    for (std::size_t k = 1; k < shares.size(); ++k) {
      others.emplace_back([&feed, &share = shares[k]] { run_share(feed, share, false); });
    }
    run_share(feed, shares[0], true);
  }
  if (feed.stopped) {
    return fail(ErrorCode::Interrupted, "stopped");
  }

  BenchResult result;
  result.setup = setup;
  result.setup.threads = static_cast<int>(shares.size());
  result.signal_seconds = static_cast<double>(feed.half_cycles) / (2.0 * kFundamentalHertz);
  result.processor = processor_name();
  std::array<double, metrology::kStageCount> spent{};
  std::vector<float> latencies;
  double in_stages = 0.0;
  for (Share& share : shares) {
    result.cpu_seconds += share.cpu_seconds;
    latencies.insert(latencies.end(), share.latencies.begin(), share.latencies.end());
    for (std::size_t k = 0; k < spent.size(); ++k) {
      spent[k] += share.stages.spent[k];
      in_stages += share.stages.spent[k];
    }
    for (const auto& each : share.meters) {
      result.bytes_per_meter += static_cast<double>(each->memory_bytes()) / setup.meters;
    }
  }
  result.latency = latency_of(latencies);
  for (std::size_t k = 0; k < spent.size(); ++k) {
    result.stages.push_back({std::string(metrology::name(static_cast<Stage>(k))),
                             spent[k] / in_stages * result.cpu_seconds});
  }
  return result;
}

}  // namespace halfcycle::app
