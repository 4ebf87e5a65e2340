// SPDX-License-Identifier: Apache-2.0
// What decoding is: from the bytes of a recording in memory to blocks of frames in volts and
// amperes that nobody measures. A minute of seven channels at 25.6 kS/s; `hour_s` is the time of
// an hour at that rate.
#include <benchmark/benchmark.h>

#include <cmath>

#include "formats/comtrade.hpp"
#include "formats/planar_store.hpp"
#include "source/recording_source.hpp"

namespace halfcycle::source {
namespace {

using formats::ComtradeData;

constexpr std::size_t kSamples = 60 * 25600;
constexpr std::size_t kBlock = 2048;
constexpr std::array kNames{"V1", "V2", "V3", "I1", "I2", "I3", "I4"};

formats::ComtradeText minute(ComtradeData data, std::size_t statuses) {
  auto store = std::make_shared<formats::PlanarStore>(kNames.size(), statuses, kSamples);
  formats::Recording r;
  for (std::size_t c = 0; c < kNames.size(); ++c) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      store->analog(c)[i] = static_cast<float>(
          325.0 * std::sin(0.0122718463 * static_cast<double>(i) + 2.1 * static_cast<double>(c)));
    }
    formats::AnalogChannel& channel = r.analogs.emplace_back();
    channel.name = kNames[c];
    channel.unit = c < 3 ? "V" : "A";
  }
  r.statuses.resize(statuses);
  r.segments = {{0, kSamples, 25600.0, {}, Discontinuity::Start}};
  r.sample_count = kSamples;
  r.samples = std::move(store);
  return *write_comtrade(r, {.data = data});
}

formats::FileBytes view(const std::string& text, const char* name) {
  return {name, std::as_bytes(std::span(text.data(), text.size())), nullptr};
}

void decode(benchmark::State& state, ComtradeData data, std::size_t statuses) {
  const formats::ComtradeText text = minute(data, statuses);
  for (auto _ : state) {
    auto recording =
        formats::read_comtrade({.cfg = view(text.cfg, "x.cfg"), .dat = view(text.dat, "x.dat")});
    auto source = make_recording_source(*std::move(recording), "x.cfg", {});
    while (const auto block = *(*source)->read(kBlock)) {
      benchmark::DoNotOptimize(block->frames);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.dat.size()) * state.iterations());
  state.counters["hour_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) / 60.0,
      benchmark::Counter::Flags(benchmark::Counter::kIsRate | benchmark::Counter::kInvert));
}

BENCHMARK_CAPTURE(decode, ascii, ComtradeData::Ascii, 0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary, ComtradeData::Binary, 0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary_16_states, ComtradeData::Binary, 16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary32, ComtradeData::Binary32, 0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, float32, ComtradeData::Float32, 0)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halfcycle::source
