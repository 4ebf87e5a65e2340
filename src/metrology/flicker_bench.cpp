// SPDX-License-Identifier: Apache-2.0
// Cost of the flickermeter: one second of the four voltages of one meter, ½ cycle by ½ cycle.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <vector>

#include "metrology/flicker.hpp"

namespace halfcycle::metrology {
namespace {

void second_of_flicker(benchmark::State& state) {
  const auto rate = static_cast<std::size_t>(state.range(0));
  const auto meters = static_cast<std::size_t>(state.range(1));
  std::vector<float> frames(rate * 8);
  for (std::size_t n = 0; n < rate; ++n) {
    for (std::size_t c = 0; c < 8; ++c) {
      frames[n * 8 + c] = static_cast<float>(
          325.0 * std::sin(314.159 * static_cast<double>(n) / static_cast<double>(rate)));
    }
  }
  std::vector<std::unique_ptr<Flicker>> all;
  for (std::size_t m = 0; m < meters; ++m) {
    all.push_back(
        std::make_unique<Flicker>(FlickerSetup{.sample_rate_hertz = static_cast<double>(rate)}));
  }
  const std::size_t half_cycle = rate / 100;
  const auto second = [&] {
    for (std::size_t n = 0; n + half_cycle <= rate; n += half_cycle) {
      for (const auto& flicker : all) {
        flicker->push(frames.data() + n * 8, half_cycle, 8);
      }
    }
  };
  for (int warm_up = 0; warm_up < 25; ++warm_up) {
    second();
  }
  for (auto _ : state) {
    second();
  }
  state.counters["us_per_meter_second"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(meters) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(second_of_flicker)->Args({25600, 1})->Args({25600, 100})->Args({10000, 1});

}  // namespace
}  // namespace halfcycle::metrology
