// SPDX-License-Identifier: Apache-2.0
// For the tests of module types: a graph from a few lines of template, driven second by second
// through "External" registers or measured quantities.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "modules/catalogue.hpp"
#include "modules/measurement_feed.hpp"

namespace halfcycle::modules::testing_graph {

inline std::shared_ptr<const graph::CompiledTemplate> compile(std::string_view text) {
  static const graph::ModuleCatalogue kCatalogue = catalogue();
  auto compiled = graph::compile_template(text, "test.toml", kCatalogue);
  if (!compiled) {
    throw std::runtime_error(compiled.error().message);
  }
  return *compiled;
}
inline std::string compile_error(std::string_view text) {
  static const graph::ModuleCatalogue kCatalogue = catalogue();
  const auto compiled = graph::compile_template(text, "test.toml", kCatalogue);
  return compiled ? "no error" : compiled.error().message;
}

/// Calls of operator new on this thread so far (allocation_count_test.cpp).
[[nodiscard]] std::size_t allocations();

/// "X" (numeric, kW) and "Y" come each second; "On" is a switch, "P" and "Q" are buttons.
inline constexpr const char* kInputs = R"(
[[module]]
type = "Power Meter"
outputs = { "kW tot" = "X", "kVAR tot" = "Y" }
[[module]]
type = "External Boolean"
label = "On"
outputs = { Switch = "On" }
[[module]]
type = "External Pulse"
label = "P"
outputs = { Trigger = "P" }
[[module]]
type = "External Pulse"
label = "Q"
outputs = { Trigger = "Q" }
)";

struct Bench : graph::EventSink {
  explicit Bench(std::string_view text, std::int64_t start_second = 0)
      : graph(graph::Graph::create(compile(std::string(kInputs) + std::string(text)))),
        now(Instant::from_unix_ns(0) + Duration::seconds(start_second)) {
    graph->set_event_sink(this);
  }
  void on_event(const graph::Event& event) override {
    events.push_back(graph::to_text(graph->compiled(), event));
    priorities.push_back(event.priority);
  }
  [[nodiscard]] std::uint32_t reg(std::string_view label) const {
    return graph->compiled().find(label).value().index;
  }
  void begin(Duration length = Duration::seconds(1)) {
    graph->begin(graph::Tick::OneSecond, now, now + length);
    now += length;
  }
  void commit() { graph->commit(); }
  /// One second with this value of X.
  void x(double value, Marks marks = {}, Duration length = Duration::seconds(1)) {
    begin(length);
    graph->write(reg("X"), value, marks);
    graph->commit();
  }
  void xy(double first, double second) {
    begin();
    graph->write(reg("X"), first, {});
    graph->write(reg("Y"), second, {});
    graph->commit();
  }
  /// A button, in an event frame at the present time.
  void press(std::string_view label) {
    graph->begin(graph::Tick::Event, now, now);
    graph->write_pulse(reg(label));
    graph->commit();
  }
  void flip(std::string_view label, bool on) {
    graph->begin(graph::Tick::Event, now, now);
    graph->write(reg(label), on ? 1.0 : 0.0, {});
    graph->commit();
  }
  void skip(std::int64_t seconds) { now += Duration::seconds(seconds); }
  [[nodiscard]] double value(std::string_view label) const {
    return graph->read(label).value().number();
  }
  [[nodiscard]] graph::RegisterView view(std::string_view label) const {
    return graph->read(label).value();
  }
  [[nodiscard]] bool available(std::string_view label) const { return view(label).available(); }
  /// Pulses counted since the previous call, per label.
  [[nodiscard]] double pulses(std::string_view label) const { return value(label); }
  void setup(const std::string& module, const std::string& name, const std::string& text) {
    if (auto ok = graph->submit(graph::Command::set_setup(module, name, text), Principal::local());
        !ok) {
      throw std::runtime_error(ok.error().message);
    }
  }

  std::unique_ptr<graph::Graph> graph;
  Instant now;
  std::vector<std::string> events;
  std::vector<int> priorities;
};

}  // namespace halfcycle::modules::testing_graph
