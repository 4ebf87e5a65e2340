// SPDX-License-Identifier: Apache-2.0
// Decoding speed in bytes of the .dat per second, opening the recording and reading all channels in
// blocks of 4096 samples. Nine analogue and sixteen status channels, 25.6 kS/s.
#include <benchmark/benchmark.h>

#include <cmath>

#include "formats/comtrade.hpp"
#include "formats/planar_store.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::size_t kAnalogs = 9;
constexpr std::size_t kStatuses = 16;
constexpr std::size_t kSamples = 1'000'000;
constexpr std::size_t kBlock = 4096;

const ComtradeText& file(ComtradeData data) {
  static const std::array<ComtradeText, 4> kFiles = [] {
    auto store = std::make_shared<PlanarStore>(kAnalogs, kStatuses, kSamples);
    for (std::size_t c = 0; c < kAnalogs; ++c) {
      for (std::size_t i = 0; i < kSamples; ++i) {
        store->analog(c)[i] = static_cast<float>(
            325.0 * std::sin(0.0122718463 * static_cast<double>(i) + 2.0 * static_cast<double>(c)));
      }
    }
    Recording r;
    r.analogs.resize(kAnalogs);
    r.statuses.resize(kStatuses);
    r.segments = {{0, kSamples, 25600.0, {}, Discontinuity::Start}};
    r.sample_count = kSamples;
    r.samples = std::move(store);
    std::array<ComtradeText, 4> files;
    for (std::size_t i = 0; i < 4; ++i) {
      files[i] = *write_comtrade(r, {.data = static_cast<ComtradeData>(i)});
    }
    return files;
  }();
  return kFiles[static_cast<std::size_t>(data)];
}

FileBytes view(const std::string& text, const char* name) {
  return {name, std::as_bytes(std::span(text.data(), text.size())), nullptr};
}

void decode(benchmark::State& state, ComtradeData data, bool with_statuses) {
  const ComtradeText& text = file(data);
  std::vector<float> values(kBlock);
  std::vector<std::uint8_t> states(kBlock);
  for (auto _ : state) {
    const auto r = read_comtrade({.cfg = view(text.cfg, "x.cfg"), .dat = view(text.dat, "x.dat")});
    for (std::uint64_t first = 0; first < r->sample_count; first += kBlock) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, r->sample_count - first));
      for (std::size_t c = 0; c < kAnalogs; ++c) {
        r->samples->read_analog(c, first, std::span(values).first(count));
        benchmark::DoNotOptimize(values.data());
      }
      for (std::size_t c = 0; with_statuses && c < kStatuses; ++c) {
        r->samples->read_status(c, first, std::span(states).first(count));
        benchmark::DoNotOptimize(states.data());
      }
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.dat.size()) * state.iterations());
}

BENCHMARK_CAPTURE(decode, ascii, ComtradeData::Ascii, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary_analog, ComtradeData::Binary, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary, ComtradeData::Binary, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, binary32, ComtradeData::Binary32, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, float32_analog, ComtradeData::Float32, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode, float32, ComtradeData::Float32, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halfcycle::formats
