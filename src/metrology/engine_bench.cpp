// SPDX-License-Identifier: Apache-2.0
// Cost of the engine: one second of one meter with seven channels, ½ cycle by ½ cycle, in memory
// that engines share as a fleet does. 1e6 / (µs per second and meter) is the meters of one core.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <vector>

#include "metrology/engine_test_signal.hpp"

namespace halfcycle::metrology::test {
namespace {

void second_of_meters(benchmark::State& state) {
  const auto meters = static_cast<std::size_t>(state.range(0));
  const double rate = static_cast<double>(state.range(1));
  Feeder feeder = Feeder::balanced(50.02);
  feeder.add_harmonic(5, 0.05, 0.10, 40.0);
  feeder.add_harmonic(7, 0.05, 0.10, -20.0);
  const Samples samples = feeder.sample(rate, 50.0 / 50.02 * 1.0);
  EngineSetup setup{.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = rate};
  setup.tables = make_engine_tables(setup);
  setup.workspace = make_engine_workspace(*setup.tables);
  std::vector<std::unique_ptr<Engine>> engines;
  for (std::size_t m = 0; m < meters; ++m) {
    engines.push_back(std::move(*Engine::create(setup)));
  }
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  const std::size_t half_cycle = static_cast<std::size_t>(rate / 100.0);
  std::uint64_t index = 0;
  const auto second = [&] {
    for (std::size_t n = 0; n < samples.count(); n += half_cycle) {
      const std::size_t count = std::min(half_cycle, samples.count() - n);
      SampleBlock block = block_of(samples, n, count, start, seven_inputs());
      block.first_index = index;
      block.discontinuity = index == 0 ? Discontinuity::Start : Discontinuity::None;
      for (const auto& engine : engines) {
        engine->push(block);
      }
      index += count;
    }
  };
  second();  // the first second measures the first frequency
  for (auto _ : state) {
    second();
  }
  state.counters["us_per_meter_second"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(meters) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_meter"] = static_cast<double>(engines[0]->memory_bytes());
}

/// The urgent and the deferred step apart: push() of one half cycle, or the work() that follows it,
/// of so many meters whose half cycles and windows end together. The longest push of all meters
/// together is what the last of them waits for its half cycle.
void step_of_meters(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const auto meters = static_cast<std::size_t>(state.range(0));
  const bool deferred = state.range(1) != 0;
  constexpr double kRate = 25600.0;
  constexpr std::size_t kHalfCycle = 256;
  Feeder feeder = Feeder::balanced(50.0);
  feeder.add_harmonic(5, 0.05, 0.10, 40.0);
  feeder.add_harmonic(7, 0.05, 0.10, -20.0);
  const Samples samples = feeder.sample(kRate, 1.0);
  EngineSetup setup{.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = kRate};
  setup.tables = make_engine_tables(setup);
  setup.workspace = make_engine_workspace(*setup.tables);
  std::vector<std::unique_ptr<Engine>> engines;
  for (std::size_t m = 0; m < meters; ++m) {
    engines.push_back(std::move(*Engine::create(setup)));
  }
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  std::uint64_t index = 0;
  const auto turn = [&] {
    SampleBlock block =
        block_of(samples, index % samples.count(), kHalfCycle, start, seven_inputs());
    block.first_index = index;
    block.discontinuity = index == 0 ? Discontinuity::Start : Discontinuity::None;
    index += kHalfCycle;
    const Clock::time_point a = Clock::now();
    for (const auto& engine : engines) {
      engine->push(block);
    }
    const Clock::time_point b = Clock::now();
    for (const auto& engine : engines) {
      while (engine->work()) {
      }
    }
    return std::chrono::duration<double>(deferred ? Clock::now() - b : b - a).count();
  };
  for (int k = 0; k < 100; ++k) {
    turn();
  }
  for (auto _ : state) {
    state.SetIterationTime(turn());
  }
}

BENCHMARK(step_of_meters)
    ->ArgNames({"meters", "deferred"})
    ->Args({1, 0})
    ->Args({50, 0})
    ->Args({1, 1})
    ->Args({50, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(second_of_meters)
    ->Args({1, 25600})
    ->Args({100, 25600})
    ->Args({1, 10000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halfcycle::metrology::test
