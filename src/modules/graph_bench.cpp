// SPDX-License-Identifier: Apache-2.0
// What the module graph of the standard template costs, per tick and per second of signal, and the
// memory of each further meter. Beside the module types, because it needs the standard template.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <vector>

#include "graph/graph.hpp"
#include "modules/catalogue.hpp"
#include "modules/measurement_feed.hpp"

namespace halfcycle::modules {
namespace {

using metrology::Interval;

struct Meter {
  explicit Meter(const std::shared_ptr<const graph::CompiledTemplate>& compiled)
      : graph(graph::Graph::create(compiled)), feed(*graph) {}
  std::unique_ptr<graph::Graph> graph;
  MeasurementFeed feed;
  std::array<Instant, metrology::kIntervalCount> ends{};
};

struct Source {
  Source() : values(metrology::kQuantityCount), spectra(std::make_unique<metrology::Spectra>()) {
    for (std::size_t q = 0; q < values.size(); ++q) {
      values[q] = 100.0 + static_cast<double>(q);
    }
    for (auto& input : spectra->of_input) {
      for (auto& kind : input) {
        kind.fill(0.01F);
      }
    }
  }
  void step(Meter& meter, Interval interval, Duration length) {
    // New values each time: minima, maxima and setpoints have something to do.
    phase += 0.1;
    values[0] = 230.0 + std::sin(phase);
    metrology::IntervalValues out;
    out.interval = interval;
    Instant& now = meter.ends[static_cast<std::size_t>(interval)];
    out.start = now;
    now += length;
    out.end = now;
    out.values = values;
    out.spectra = interval >= Interval::TenTwelveCycle ? spectra.get() : nullptr;
    meter.feed.feed(out);
  }
  std::vector<double> values;
  std::unique_ptr<metrology::Spectra> spectra;
  double phase = 0.0;
};

std::shared_ptr<const graph::CompiledTemplate> standard() {
  return graph::compile_template(*shipped_template("standard"), "standard.toml", catalogue())
      .value();
}

void tick(benchmark::State& state, Interval interval, Duration length) {
  Meter meter(standard());
  Source source;
  for (auto _ : state) {
    source.step(meter, interval, length);
  }
}
BENCHMARK_CAPTURE(tick, half_cycle, Interval::HalfCycle, Duration::ms(10));
BENCHMARK_CAPTURE(tick, ten_twelve_cycle, Interval::TenTwelveCycle, Duration::ms(200));
BENCHMARK_CAPTURE(tick, one_second, Interval::OneSecond, Duration::seconds(1));
BENCHMARK_CAPTURE(tick, one_fifty_one_eighty_cycle, Interval::OneFiftyOneEightyCycle,
                  Duration::seconds(3));

// One second of signal at 50 Hz, for as many meters as the argument says (their values in turn, so
// that what does not fit the cache is paid for).
void second_of_signal(benchmark::State& state) {
  const auto compiled = standard();
  std::vector<std::unique_ptr<Meter>> meters;
  for (std::int64_t m = 0; m < state.range(0); ++m) {
    meters.push_back(std::make_unique<Meter>(compiled));
  }
  Source source;
  std::size_t next = 0;
  for (auto _ : state) {
    Meter& meter = *meters[next++ % meters.size()];
    for (int h = 0; h < 100; ++h) {
      source.step(meter, Interval::HalfCycle, Duration::ms(10));
      if (h % 20 == 19) {
        source.step(meter, Interval::TenTwelveCycle, Duration::ms(200));
      }
    }
    source.step(meter, Interval::OneSecond, Duration::seconds(1));
    source.step(meter, Interval::OneFiftyOneEightyCycle, Duration::seconds(3));
  }
  state.counters["graph_bytes"] = static_cast<double>(meters[0]->graph->memory_bytes());
  state.counters["template_bytes"] = static_cast<double>(compiled->memory_bytes());
  state.counters["registers"] = static_cast<double>(compiled->registers().size());
  state.counters["modules"] = static_cast<double>(compiled->modules().size());
}
BENCHMARK(second_of_signal)->Arg(1)->Arg(1000)->Unit(benchmark::kMicrosecond);

void compile_standard(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(standard());
  }
}
BENCHMARK(compile_standard)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halfcycle::modules
