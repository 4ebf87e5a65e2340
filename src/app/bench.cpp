// SPDX-License-Identifier: Apache-2.0
#include "app/bench.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "app/output.hpp"
#include "app/verify_signal.hpp"
#include "base/text.hpp"
#include "meter/meter.hpp"
#include "metrology/engine.hpp"

namespace halfcycle::app {
namespace {

using meter::Meter;
using metrology::Engine;

constexpr double kRateHertz = 25600.0;
constexpr double kFundamentalHertz = 50.0;
constexpr std::size_t kHalfCycleFrames = 256;
// Ten cycles repeat without a seam: every tone is a whole multiple of the fundamental.
constexpr std::size_t kPeriodFrames = 20 * kHalfCycleFrames;

VerifySignal feeder() {
  VerifySignal signal;
  signal.fundamental_hertz = kFundamentalHertz;
  signal.rate_hertz = kRateHertz;
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
  signal.channels.push_back({Input::I4, {{1, 0.1, 0.0}, {3, 2.4, 0.0}}});
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

// CPU seconds that the consumers take for so many half cycles, one after another in turns.
template <class Consumer>
Result<double> feed(const VerifySignal& signal, const std::vector<float>& period,
                    std::vector<std::unique_ptr<Consumer>>& consumers, std::size_t half_cycles,
                    const std::function<void(double)>& progress,
                    const std::function<bool()>& stop) {
  double cpu = 0.0;
  for (std::size_t turn = 0; turn < kWarmUpHalfCycles + half_cycles; ++turn) {
    if (stop && stop()) {
      return fail(ErrorCode::Interrupted, "stopped");
    }
    SampleBlock block;
    block.frames = period.data() + (turn * kHalfCycleFrames % kPeriodFrames) * 8;
    block.frame_count = kHalfCycleFrames;
    block.inputs = signal.inputs();
    block.first_index = turn * kHalfCycleFrames;
    block.time = {0, signal.start, kRateHertz};
    block.discontinuity = turn == 0 ? Discontinuity::Start : Discontinuity::None;
    const double before = thread_cpu_seconds();
    for (const auto& consumer : consumers) {
      consumer->push(block);
    }
    if (turn >= kWarmUpHalfCycles) {
      cpu += thread_cpu_seconds() - before;
    }
    if (progress && turn % 16 == 0) {
      progress(static_cast<double>(turn) / static_cast<double>(kWarmUpHalfCycles + half_cycles));
    }
  }
  return cpu;
}

}  // namespace

Result<BenchResult> run_bench(int meters, double seconds,
                              const std::function<void(double)>& progress,
                              const std::function<bool()>& stop) {
  const VerifySignal signal = feeder();
  std::vector<float> period;
  signal.render(0, kPeriodFrames, period);
  const auto half_cycles =
      static_cast<std::size_t>(std::max(1.0, std::ceil(seconds * 2.0 * kFundamentalHertz)));

  meter::MeterSetup setup;
  setup.inputs = signal.inputs();
  setup.sample_rate_hertz = kRateHertz;
  setup.system.nominal_frequency_hertz = kFundamentalHertz;

  BenchResult result;
  result.meters = meters;
  result.signal_seconds = static_cast<double>(half_cycles) / (2.0 * kFundamentalHertz);
  result.processor = processor_name();
  const auto half = [&](double from) {
    return [from, &progress](double share) {
      if (progress) {
        progress(from + 0.5 * share);
      }
    };
  };
  double engine_cpu = 0.0;
  {
    std::vector<std::unique_ptr<Engine>> engines;
    for (int i = 0; i < meters; ++i) {
      auto engine = Engine::create({setup.system, setup.inputs, kRateHertz});
      if (!engine) {
        return fail(engine.error());
      }
      engines.push_back(*std::move(engine));
    }
    const auto cpu = feed(signal, period, engines, half_cycles, half(0.0), stop);
    if (!cpu) {
      return fail(cpu.error());
    }
    engine_cpu = *cpu;
  }
  std::vector<std::unique_ptr<Meter>> all;
  for (int i = 0; i < meters; ++i) {
    auto meter = Meter::create(setup);
    if (!meter) {
      return fail(meter.error());
    }
    all.push_back(*std::move(meter));
  }
  const auto cpu = feed(signal, period, all, half_cycles, half(0.5), stop);
  if (!cpu) {
    return fail(cpu.error());
  }
  result.cpu_seconds = *cpu;
  for (const auto& meter : all) {
    result.bytes_per_meter +=
        static_cast<double>(meter->memory_bytes()) / static_cast<double>(meters);
  }
  // Measured as two runs, one after the other: what a meter takes beyond its engine is the rest.
  const double engine_share = std::min(engine_cpu, result.cpu_seconds);
  result.stages = {{"engine", engine_share},
                   {"detectors_and_graph", result.cpu_seconds - engine_share}};
  return result;
}

}  // namespace halfcycle::app
