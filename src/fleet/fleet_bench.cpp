// SPDX-License-Identifier: Apache-2.0
// From the last sample of a half cycle to the register that a protocol reads: meters of one thread
// whose half cycles end together, each taken in turn as a measuring thread does. Between two half
// cycles the deferred work is done, as in the idle time of a thread. The figures are of wall-clock
// time: take the smallest of several runs on a machine that does nothing else.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include "fleet/running_meter.hpp"
#include "metrology/engine.hpp"

namespace halfcycle::fleet {
namespace {

constexpr double kRate = 25600.0;
constexpr std::size_t kHalfCycle = 256;
constexpr std::size_t kPeriod = 20 * kHalfCycle;  // repeats without a seam

// Seven channels with harmonics, from memory: what a converter's driver hands over.
class PeriodSource final : public source::Source {
 public:
  explicit PeriodSource(const std::vector<float>& period) : period_(period) {
    info_.uri = "bench";
    for (const Input input :
         {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3, Input::I4}) {
      inputs_.add(input);
    }
  }
  [[nodiscard]] const source::SourceInfo& info() const override { return info_; }
  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    SampleBlock block;
    block.frames = period_.data() + next_ % kPeriod * 8;
    block.frame_count = max_frames;
    block.inputs = inputs_;
    block.first_index = next_;
    block.time = {0, Instant(), kRate};
    block.discontinuity = next_ == 0 ? Discontinuity::Start : Discontinuity::None;
    next_ += max_frames;
    return block;
  }
  [[nodiscard]] InputMask inputs() const { return inputs_; }

 private:
  const std::vector<float>& period_;
  source::SourceInfo info_;
  InputMask inputs_;
  std::uint64_t next_ = 0;
};

std::vector<float> make_period() {
  std::vector<float> frames;
  for (std::size_t n = 0; n < kPeriod; ++n) {
    const double angle = 2.0 * std::numbers::pi * 50.0 * static_cast<double>(n) / kRate;
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double own = angle - 2.0 * std::numbers::pi / 3.0 * static_cast<double>(lane % 4);
      const double size = lane < 4 ? 325.0 : 7.0;
      const bool used = lane != 3;
      frames.push_back(static_cast<float>(
          used ? size * (std::sin(own) + 0.03 * std::sin(5 * own) + 0.02 * std::sin(7 * own)) : 0));
    }
  }
  return frames;
}

void last_sample_to_register(benchmark::State& state) {
  const std::vector<float> period = make_period();
  std::vector<std::shared_ptr<RunningMeter>> meters;
  std::shared_ptr<const metrology::EngineTables> tables;
  std::shared_ptr<metrology::EngineWorkspace> workspace;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    auto source = std::make_unique<PeriodSource>(period);
    MeterPlan plan;
    plan.setup.inputs = source->inputs();
    plan.setup.sample_rate_hertz = kRate;
    if (!tables) {
      tables = metrology::make_engine_tables(
          {.system = plan.setup.system, .inputs = plan.setup.inputs, .sample_rate_hertz = kRate});
      workspace = metrology::make_engine_workspace(*tables);
    }
    plan.setup.engine_tables = tables;
    plan.setup.engine_workspace = workspace;
    plan.identity.sample_rate_hertz = kRate;
    plan.identity.system = plan.setup.system;
    plan.identity.inputs = plan.setup.inputs;
    plan.pace.speed = 0.0;
    plan.pace.real_time = true;  // waits for nobody
    plan.source = std::move(source);
    auto meter = RunningMeter::create(std::move(plan), {});
    if (!meter) {
      state.SkipWithError(meter.error().message.c_str());
      return;
    }
    meters.push_back(*std::move(meter));
  }
  const auto rest = [&] {
    for (const auto& meter : meters) {
      while (meter->work()) {
      }
    }
  };
  for (int warm = 0; warm < 120; ++warm) {
    for (const auto& meter : meters) {
      benchmark::DoNotOptimize(meter->step(0));
    }
    rest();
  }
  std::vector<double> microseconds;
  for (auto _ : state) {
    const std::int64_t began = monotonic_ns();
    for (const auto& meter : meters) {
      const std::uint64_t version = meter->graph().version(graph::Tick::HalfCycle);
      benchmark::DoNotOptimize(meter->step(began));
      if (meter->graph().version(graph::Tick::HalfCycle) != version) {
        microseconds.push_back(static_cast<double>(monotonic_ns() - began) * 1e-3);
      }
    }
    state.PauseTiming();
    rest();
    state.ResumeTiming();
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double share) {
    return microseconds.empty() ? 0.0
                                : microseconds[static_cast<std::size_t>(
                                      share * static_cast<double>(microseconds.size() - 1))];
  };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["max_us"] = at(1.0);
}
BENCHMARK(last_sample_to_register)->Arg(1)->Arg(10)->Arg(50)->Iterations(2000);

}  // namespace
}  // namespace halfcycle::fleet
