// SPDX-License-Identifier: Apache-2.0
// What recording costs, and how quickly a log of ten million rows is read.
//
// HalfCycleRecorders paces 64 recorders of 50 registers at 100 rows a second each, as a meter does
// (DESIGN §6: at most 10 % of a core): percent of a core for the measuring side, with and without
// recorders, and for the storage thread.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>

#include "recorder/recorder_fixture.hpp"
#include "recorder/writer.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::Remembering;

double thread_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// The registers of the High-Speed Power Meter, round and round, 50 to a recorder.
std::string recorders(int count) {
  std::string text = "[[module]]\ntype = \"High-Speed Power Meter\"\n";
  const auto compiled = testing_store::compile(text);
  const std::size_t registers = compiled->registers().size();
  for (int n = 0; n < count; ++n) {
    text += format("[[module]]\ntype = \"Data Recorder\"\nlabel = \"R{}\"\n", n);
    text += "setup = { \"Trigger On\" = \"UPDATE\", Depth = 1000000 }\n[module.inputs]\n";
    for (std::size_t i = 0; i < 50; ++i) {
      const std::size_t reg = (static_cast<std::size_t>(n) + i) % registers;
      text += format("\"Source {}\" = \"{}\"\n", i + 1, compiled->registers()[reg].label);
    }
  }
  return text;
}

struct Feed {
  explicit Feed(const std::shared_ptr<const graph::CompiledTemplate>& compiled)
      : graph(graph::Graph::create(compiled)), now(testing_store::kStart) {
    for (std::uint32_t r = 0; r < compiled->registers().size(); ++r) {
      if (compiled->registers()[r].tick == graph::Tick::HalfCycle) {
        registers.push_back(r);
      }
    }
  }
  void half_cycle(int n) {
    graph->begin(graph::Tick::HalfCycle, now, now + Duration::ms(10));
    now += Duration::ms(10);
    for (std::size_t i = 0; i < registers.size(); ++i) {
      // About 2e-4 of noise, from a hash.
      std::uint32_t h = static_cast<std::uint32_t>(n) * 2654435761U + static_cast<std::uint32_t>(i);
      h ^= h >> 15U;
      h *= 2246822519U;
      h ^= h >> 13U;
      const double noise = static_cast<double>(h) * (4e-4 / 4294967296.0);
      graph->write(registers[i], (100.0 + static_cast<double>(i)) * (1.0 + noise), Marks{});
    }
    graph->commit();
  }
  std::unique_ptr<graph::Graph> graph;
  Instant now;
  std::vector<std::uint32_t> registers;
};

// CPU seconds of a paced run on this thread.
double run(Feed& feed, int half_cycles) {
  const double before = thread_seconds();
  auto next = std::chrono::steady_clock::now();
  for (int n = 0; n < half_cycles; ++n) {
    feed.half_cycle(n);
    next += std::chrono::milliseconds(10);
    std::this_thread::sleep_until(next);
  }
  return thread_seconds() - before;
}

void HalfCycleRecorders(benchmark::State& state) {
  const int half_cycles = 100 * static_cast<int>(state.range(0));
  const double seconds = static_cast<double>(state.range(0));
  for (auto _ : state) {
    const Folder folder;
    Remembering log;
    const auto store = testing_store::open(folder, log);
    Feed without(testing_store::compile(recorders(0)));
    const double bare = run(without, half_cycles / 4) * 4.0;
    Feed feed(testing_store::compile(recorders(64)));
    const auto intake = store->attach("m", *feed.graph, {}).value();
    feed.graph->set_event_sink(intake.get());
    feed.graph->set_effect_sink(intake.get());
    const double stored_before = store->storage_cpu_seconds();
    const double measuring = run(feed, half_cycles);
    store->detach(*intake);
    static_cast<void>(store->flush());
    const double storage = store->storage_cpu_seconds() - stored_before;
    const StoreHealth health = store->health();
    std::uint64_t rows = 0;
    const std::vector<LogInfo> logs = store->logs("m").value();
    for (const LogInfo& info : logs) {
      rows += info.rows;
    }
    state.counters["measuring_%"] = measuring / seconds * 100.0;
    state.counters["of_which_bare_%"] = bare / seconds * 100.0;
    state.counters["storage_%"] = storage / seconds * 100.0;
    state.counters["missing_rows"] =
        static_cast<double>(half_cycles) * 64.0 - static_cast<double>(rows);
    state.counters["dropped"] = static_cast<double>(health.dropped_records);
    state.counters["bytes_per_row"] = static_cast<double>(health.bytes) / static_cast<double>(rows);
    state.counters["last_commit_ms"] = health.last_commit_seconds * 1e3;
  }
}
BENCHMARK(HalfCycleRecorders)->Arg(15)->Iterations(1)->Unit(benchmark::kSecond);

// Ten million rows of 12 columns, a row a second (115 days), as merged blocks of 256 rows.
class TenMillionRows : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& /*state*/) override {
    if (store_) {
      return;
    }
    auto writer = Writer::open(folder_.file(), "").value();
    LogDefinition definition{"m", "L", {}, 20'000'000, false, Duration::seconds(1)};
    for (int c = 0; c < 12; ++c) {
      definition.columns.columns.push_back({format("C{}", c), Unit::Volt});
      definition.columns.types.push_back(ColumnType::Float32);
    }
    const std::size_t log = writer->define(definition);
    BlockEncoder encoder;
    BlockBuilder builder(definition.columns.types);
    std::array<double, 12> row{};
    for (int r = 0; r < kRows; ++r) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        row[c] = 230.0 + std::sin(r * 1e-4 + static_cast<double>(c)) + (r * 79 % 101) * 1e-3;
      }
      builder.add(testing_store::kStart + Duration::seconds(r), 14, row);
      if (builder.rows() == 256 || r == kRows - 1) {
        writer->batch().blocks.push_back({log, builder.finish(encoder)});
        if (writer->batch().blocks.size() == 2000 || r == kRows - 1) {
          const auto done = writer->commit(UINT64_MAX, testing_store::kStart);
          if (!done) {
            throw std::runtime_error(done.error().message);
          }
        }
      }
    }
    writer.reset();
    store_ = testing_store::open(folder_, log_);
  }
  static constexpr int kRows = 10'000'000;

 protected:
  Folder folder_;
  Remembering log_;
  std::unique_ptr<Store> store_;
};

BENCHMARK_DEFINE_F(TenMillionRows, Query)(benchmark::State& state) {
  const Instant to = testing_store::kStart + Duration::seconds(kRows);
  const RowQuery query{.from = to - Duration::seconds(state.range(0)),
                       .to = to,
                       .columns = {"C0", "C5", "C11"},
                       .max_points = 2000};
  for (auto _ : state) {
    const auto rows = store_->rows("m", "L", query);
    benchmark::DoNotOptimize(rows.value().time.data());
    state.counters["points"] = static_cast<double>(rows->time.size());
    state.counters["rows"] = static_cast<double>(rows->rows);
  }
}
BENCHMARK_REGISTER_F(TenMillionRows, Query)
    ->Arg(TenMillionRows::kRows)
    ->Arg(30 * 86400)
    ->Arg(86400)
    ->Arg(1800)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halfcycle::recorder
