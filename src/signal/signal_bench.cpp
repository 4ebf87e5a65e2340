// SPDX-License-Identifier: Apache-2.0
// Time of each primitive at both machine levels. The counter "ns_per_lane_sample" is CPU time per
// lane and per sample that the primitive consumes or makes at 512 points a cycle.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "signal/aligned.hpp"
#include "signal/chunk_sums.hpp"
#include "signal/edge_extension.hpp"
#include "signal/frame_ring.hpp"
#include "signal/lane_fft.hpp"
#include "signal/resampler.hpp"
#include "signal/trig.hpp"
#include "signal/upsampler.hpp"

namespace halfcycle::signal {
namespace {

constexpr double kPerCycle = 512.0;

SimdLevel level_of(const benchmark::State& state) {
  return state.range(0) == 0 ? SimdLevel::Base : SimdLevel::Avx2;
}

bool supported(benchmark::State& state) {
  if (level_of(state) == SimdLevel::Avx2 && best_simd_level() == SimdLevel::Base) {
    state.SkipWithError("this machine has no AVX2");
    return false;
  }
  return true;
}

std::size_t lanes_of(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(1));
}

AlignedFloats frames(std::size_t count, std::size_t lanes, double per_cycle = kPerCycle) {
  AlignedFloats out(count * lanes);
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const double turns = static_cast<double>(n) / per_cycle - static_cast<double>(lane) / 3.0;
      out[n * lanes + lane] = static_cast<float>(325.0 * sin_cos_turns(turns).cos +
                                                 12.0 * sin_cos_turns(5.0 * turns).sin);
    }
  }
  return out;
}

void count_samples(benchmark::State& state, std::size_t samples) {
  const double lane_samples = static_cast<double>(samples * lanes_of(state));
  state.counters["ns_per_lane_sample"] =
      benchmark::Counter(lane_samples * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                                  benchmark::Counter::kInvert);
}

void push_with_chunk_sums(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  FrameRing ring(lanes_of(state), 8192, 256, level_of(state));
  const AlignedFloats block = frames(512, lanes_of(state));
  for (auto _ : state) {
    ring.push(block.data(), 512);
    benchmark::DoNotOptimize(ring.end());
  }
  count_samples(state, 512);
}

void half_cycle_window(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  FrameRing ring(lanes_of(state), 8192, 256, level_of(state));
  ring.push(frames(8192, lanes_of(state)).data(), 8192);
  const WindowIntegrator integrate;
  const auto ends = state.range(2) == 0 ? WindowEnds::Fast : WindowEnds::Fine;
  for (auto _ : state) {
    WindowSums w =
        integrate(ring, SamplePosition::at(1000, 0.3), SamplePosition::at(1256, 0.9), ends);
    benchmark::DoNotOptimize(w);
  }
  count_samples(state, 256);
}

void ten_cycle_window(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  FrameRing ring(lanes_of(state), 8192, 256, level_of(state));
  ring.push(frames(8192, lanes_of(state)).data(), 8192);
  const WindowIntegrator integrate;
  for (auto _ : state) {
    WindowSums w = integrate(ring, SamplePosition::at(1000, 0.3), SamplePosition::at(6120, 0.9),
                             WindowEnds::Fine);
    benchmark::DoNotOptimize(w);
  }
  count_samples(state, 5120);
}

void resample(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  const auto per_cycle = static_cast<double>(state.range(2));
  FrameRing ring(lanes_of(state), 8192, 256, level_of(state));
  ring.push(frames(8192, lanes_of(state)).data(), 8192);
  const int points = choose_points_per_cycle(per_cycle);
  const ResamplerKernel kernel({.input_per_cycle = per_cycle,
                                .output_per_cycle = points,
                                .highest_order = highest_analysable_order(per_cycle, points)});
  const Resampler resampler(&kernel, level_of(state));
  AlignedFloats out(256 * lanes_of(state));
  const SamplePosition step = SamplePosition::from_samples(per_cycle * 0.98 / points);
  for (auto _ : state) {
    resampler(ring, SamplePosition::at(1000, 0.3), step, 256, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetLabel(std::to_string(kernel.taps()) + " taps");
  count_samples(state, 256);
}

void upsample_by_two(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  FrameRing in(lanes_of(state), 1024, 256, level_of(state));
  FrameRing out(lanes_of(state), 1024, 256, level_of(state));
  const UpsamplerKernel kernel(2);
  const Upsampler upsample(&kernel, level_of(state));
  const AlignedFloats block = frames(64, lanes_of(state), 80.0);
  in.push(block.data(), 64);
  out.reset(upsample.first_output(0));
  for (auto _ : state) {
    in.push(block.data(), 64);
    upsample(in, out);
    benchmark::DoNotOptimize(out.end());
  }
  count_samples(state, 128);
}

void transform(benchmark::State& state) {
  if (!supported(state)) {
    return;
  }
  const auto points = static_cast<std::size_t>(state.range(2));
  const LaneFft fft(points, lanes_of(state), points / 4 + 1, level_of(state));
  const AlignedFloats in = frames(points, lanes_of(state));
  AlignedFloats out(fft.output_floats());
  AlignedFloats work(fft.workspace_floats());
  for (auto _ : state) {
    fft(in.data(), out.data(), work.data());
    benchmark::DoNotOptimize(out.data());
  }
  count_samples(state, points);
}

void extend_record(benchmark::State& state) {
  EdgeExtender extend({.lanes = 8, .samples_per_cycle = 512.0, .horizon_frames = 64});
  const AlignedFloats in = frames(5120, 8);
  AlignedFloats out(64 * 8);
  for (auto _ : state) {
    extend.before(in.data(), 5120, out.data());
    benchmark::DoNotOptimize(out.data());
  }
}

void phase_angle(benchmark::State& state) {
  double x = 0.3;
  for (auto _ : state) {
    x = atan2_radians(0.7, x) + 0.1;
    benchmark::DoNotOptimize(x);
  }
}

void sine_and_cosine(benchmark::State& state) {
  double x = 0.3;
  for (auto _ : state) {
    x = sin_cos_turns(x).cos + 0.1;
    benchmark::DoNotOptimize(x);
  }
}

BENCHMARK(push_with_chunk_sums)->ArgsProduct({{0, 1}, {8, 12}});
BENCHMARK(half_cycle_window)->ArgsProduct({{0, 1}, {8, 12}, {0, 1}});
BENCHMARK(ten_cycle_window)->ArgsProduct({{0, 1}, {8, 12}});
BENCHMARK(resample)->ArgsProduct({{0, 1}, {8, 12}, {512}})->ArgsProduct({{0, 1}, {8}, {200, 1024}});
BENCHMARK(upsample_by_two)->ArgsProduct({{0, 1}, {8}});
BENCHMARK(transform)
    ->ArgsProduct({{0, 1}, {8}, {5120, 6144, 2560}})
    ->ArgsProduct({{0, 1}, {12}, {5120}});
BENCHMARK(extend_record);
BENCHMARK(phase_angle);
BENCHMARK(sine_and_cosine);

}  // namespace
}  // namespace halfcycle::signal
