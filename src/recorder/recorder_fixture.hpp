// SPDX-License-Identifier: Apache-2.0
// For the tests of the recorder: a folder of its own, a log that remembers, and a meter's graph
// that is driven by hand: "X" (kW, measured), "E" (kWh, an energy) and whatever the template adds.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "graph/graph.hpp"
#include "modules/catalogue.hpp"
#include "recorder/store.hpp"

namespace halfcycle::recorder::testing_store {

/// Calls of operator new on this thread so far (allocation_count_test.cpp).
[[nodiscard]] std::size_t allocations();

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "halfcycle_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no temporary folder");
    }
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

class Remembering final : public Log {
 public:
  void write(LogLevel level, std::string_view area, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back({level, std::string(area) + ": " + std::string(message)});
  }
  [[nodiscard]] std::size_t count(LogLevel level) const {
    const std::lock_guard lock(mutex_);
    std::size_t n = 0;
    for (const auto& [of, text] : lines_) {
      n += of == level ? 1 : 0;
    }
    return n;
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& [level, line] : lines_) {
      all += line + "\n";
    }
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> lines_;
};

inline constexpr const char* kMeasured = R"(
[[module]]
type = "Power Meter"
outputs = { "kW tot" = "X", "kVAR tot" = "Y" }
[[module]]
type = "Energy"
outputs = { "kWh del" = "E" }
[[module]]
type = "External Pulse"
label = "Button"
outputs = { Trigger = "Button" }
[[module]]
type = "External Numeric"
label = "Written"
outputs = { Number = "Written" }
)";

/// A log "L" of X and E, a row a second.
inline constexpr const char* kSecondLog = R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "X", "Source 2" = "E", Record = "Button" }
setup = { Depth = 100000, Interval = 1 }
)";

inline std::shared_ptr<const graph::CompiledTemplate> compile(std::string_view text) {
  static const graph::ModuleCatalogue kCatalogue = modules::catalogue();
  auto compiled = graph::compile_template(text, "test.toml", kCatalogue);
  if (!compiled) {
    throw std::runtime_error(compiled.error().message);
  }
  return *compiled;
}

/// 2026-01-01.
inline constexpr Instant kStart = Instant::from_unix_ns(1767225600LL * 1000000000);

struct TestMeter {
  explicit TestMeter(std::string_view text, Instant begin = kStart)
      : graph(graph::Graph::create(compile(std::string(kMeasured) + std::string(text)))),
        now(begin) {}
  ~TestMeter() {
    if (store != nullptr) {
      store->detach(*intake);
    }
  }
  TestMeter(const TestMeter&) = delete;
  TestMeter& operator=(const TestMeter&) = delete;

  void attach(Store& to, std::string_view name = "m", WaveformReader waveform = {}) {
    auto attached = to.attach(name, *graph, std::move(waveform));
    if (!attached) {
      throw std::runtime_error(attached.error().message);
    }
    intake = *attached;
    store = &to;
    graph->set_event_sink(intake.get());
    graph->set_effect_sink(intake.get());
  }
  void detach() {
    graph->set_event_sink(nullptr);
    graph->set_effect_sink(nullptr);
    store->detach(*intake);
    store = nullptr;
  }
  [[nodiscard]] std::uint32_t reg(std::string_view label) const {
    return graph->compiled().find(label).value().index;
  }
  /// One frame of a tick with these values.
  void frame(double x, double e, graph::Tick tick = graph::Tick::OneSecond,
             Duration length = Duration::seconds(1), Marks marks = {}) {
    graph->begin(tick, now, now + length);
    now += length;
    graph->write(reg("X"), x, marks);
    graph->write(reg("E"), e, marks);
    graph->commit();
  }
  void press() {
    graph->begin(graph::Tick::Event, now, now);
    graph->write_pulse(reg("Button"));
    graph->commit();
  }
  void command(const graph::Command& command) {
    if (auto ok = graph->submit(command, Principal::local()); !ok) {
      throw std::runtime_error(ok.error().message);
    }
    graph->begin(graph::Tick::Event, now, now);
    graph->commit();
  }
  [[nodiscard]] double value(std::string_view label) const {
    return graph->read(label).value().number();
  }

  std::unique_ptr<graph::Graph> graph;
  Instant now;
  std::shared_ptr<Intake> intake;
  Store* store = nullptr;
};

inline std::unique_ptr<Store> open(const Folder& folder, Log& log, StoreOptions options = {}) {
  auto store = Store::open(folder.path(), options, log);
  if (!store) {
    throw std::runtime_error(store.error().message);
  }
  return *std::move(store);
}

/// The store commits when it is told to, and only then.
inline StoreOptions only_when_told() {
  StoreOptions options;
  options.commit_interval = Duration::seconds(100000);
  return options;
}

}  // namespace halfcycle::recorder::testing_store
