// SPDX-License-Identifier: Apache-2.0
// For the tests of the framework: a few tiny module types, and short ways to build and drive a
// graph made of them.
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/context.hpp"
#include "graph/graph.hpp"

namespace halfcycle::graph::testing_types {

// "Source": outputs written by the test. One per tick.
inline constexpr std::array kSourceOutputs{
    OutputSpec{.name = "A", .unit = Unit::Kilowatt, .help = "a"},
    OutputSpec{.name = "B", .unit = Unit::Volt, .help = "b"},
    OutputSpec{.name = "State", .cls = RegisterClass::Boolean, .help = "s"},
    OutputSpec{.name = "Pulse", .cls = RegisterClass::Pulse, .help = "p"},
    OutputSpec{.name = "Array",
               .cls = RegisterClass::NumericArray,
               .unit = Unit::Percent,
               .first_element = 1,
               .element_count = 5,
               .help = "array"},
    OutputSpec{.name = "When", .cls = RegisterClass::Time, .help = "t"},
    OutputSpec{.name = "Array 10m",
               .cls = RegisterClass::NumericArray,
               .first_element = 0,
               .element_count = 21,
               .element_suffix = " 10m",
               .help = "array of an aggregate"}};
inline constexpr ModuleType kSource{
    .name = "Source", .doc = "Test.", .outputs = kSourceOutputs, .tick = Tick::OneSecond};
inline constexpr ModuleType kFastSource{
    .name = "Fast Source", .doc = "Test.", .outputs = kSourceOutputs, .tick = Tick::HalfCycle};

// "Add": X + Y + Offset. Counts its evaluations.
inline constexpr std::array kAddInputs{
    InputSpec{.name = "X", .accepts = kNumbers, .need = Need::Required, .help = "x"},
    InputSpec{.name = "Y", .accepts = kNumbers, .help = "y"}, kEnableInput, kResetInput};
inline constexpr std::array kAddOutputs{
    OutputSpec{.name = "Sum", .unit_rule = UnitRule::OfInput, .unit_input = 0, .help = "sum"},
    OutputSpec{.name = "Count", .initial = 0.0, .help = "evaluations"}};
inline constexpr std::array kAddSetup{
    SetupSpec{.name = "Offset",
              .unit = Unit::Kilowatt,
              .min = -100.0,
              .max = 100.0,
              .default_value = 0.0,
              .help = "o"},
    SetupSpec{.name = "Whole",
              .min = 1.0,
              .max = 9.0,
              .default_value = 2.0,
              .integer = true,
              .help = "w"},
    SetupSpec{.name = "Flag", .cls = RegisterClass::Boolean, .default_value = 1.0, .help = "f"}};
struct AddState {
  double evaluations;
  double resets;
};
inline void add(Context& context) {
  auto& state = context.state<AddState>();
  state.evaluations += 1.0;
  if (context.reset()) {
    state.evaluations = 0.0;
  }
  double sum = context.number(0) + context.setup(0);
  if (context.linked(1)) {
    sum += context.number(1);
  }
  if (context.enabled()) {
    context.set(0, sum);
  }
  context.set(1, state.evaluations, {});
}
inline constexpr ModuleType kAdd{.name = "Add",
                                 .doc = "Test.",
                                 .inputs = kAddInputs,
                                 .outputs = kAddOutputs,
                                 .setup = kAddSetup,
                                 .state_bytes = sizeof(AddState),
                                 .evaluate = add};

// "Relay": passes a pulse on, "Late" in the next frame.
inline constexpr std::array kRelayInputs{
    InputSpec{.name = "In", .accepts = RegisterClass::Pulse, .need = Need::Required, .help = "i"},
    InputSpec{.name = "In 2", .accepts = RegisterClass::Pulse, .help = "i"}};
inline constexpr std::array kRelayOutputs{
    OutputSpec{.name = "Out", .cls = RegisterClass::Pulse, .help = "o"}};
inline void relay(Context& context) { context.pulse(0); }
inline constexpr ModuleType kRelay{.name = "Relay",
                                   .doc = "Test.",
                                   .inputs = kRelayInputs,
                                   .outputs = kRelayOutputs,
                                   .evaluate = relay};
inline constexpr ModuleType kLate{.name = "Late",
                                  .doc = "Test.",
                                  .inputs = kRelayInputs,
                                  .outputs = kRelayOutputs,
                                  .breaks_loops = true,
                                  .evaluate = relay};

// "Mailer": a pulse posts an effect; its result is the output.
inline constexpr std::array kMailOutputs{OutputSpec{.name = "Answer", .help = "a"}};
inline void mail(Context& context) {
  if (const EffectResult* result = context.effect_result()) {
    context.set(0, result->value, {});
  }
  if (context.pulsed(0)) {
    const std::array<double, 2> values{1.5, 2.5};
    context.effect("mail", values, "hello");
  }
}
inline constexpr ModuleType kMailer{.name = "Mailer",
                                    .doc = "Test.",
                                    .inputs = kRelayInputs,
                                    .outputs = kMailOutputs,
                                    .evaluate = mail};

// "Written": writable registers of each class, "Note" a text.
inline constexpr std::array kWrittenOutputs{
    OutputSpec{.name = "Number", .writable = true, .help = "n"},
    OutputSpec{.name = "Switch", .cls = RegisterClass::Boolean, .writable = true, .help = "s"},
    OutputSpec{.name = "Button", .cls = RegisterClass::Pulse, .writable = true, .help = "b"},
    OutputSpec{.name = "Note", .cls = RegisterClass::String, .writable = true, .help = "n"}};
inline constexpr std::array kWrittenSetup{kEventPrioritySetup};
inline constexpr ModuleType kWritten{.name = "Written",
                                     .doc = "Test.",
                                     .outputs = kWrittenOutputs,
                                     .setup = kWrittenSetup,
                                     .tick = Tick::Event};

inline ModuleCatalogue catalogue() {
  static constexpr std::array<const ModuleType*, 7> kTypes{
      &kSource, &kFastSource, &kAdd, &kRelay, &kLate, &kMailer, &kWritten};
  return ModuleCatalogue::create(kTypes).value();
}

inline std::shared_ptr<const CompiledTemplate> compile(std::string_view text) {
  static const ModuleCatalogue kCatalogue = catalogue();
  auto compiled = compile_template(text, "test.toml", kCatalogue);
  if (!compiled) {
    throw std::runtime_error(compiled.error().message);
  }
  return *compiled;
}
inline std::string compile_error(std::string_view text) {
  static const ModuleCatalogue kCatalogue = catalogue();
  const auto compiled = compile_template(text, "test.toml", kCatalogue);
  return compiled ? "no error" : compiled.error().message;
}

/// A graph with a clock of seconds.
struct Bench {
  explicit Bench(std::string_view text) : graph(Graph::create(compile(text))) {}
  void begin(Tick tick = Tick::OneSecond) {
    const Instant start = Instant::from_unix_ns(0) + Duration::seconds(second);
    ++second;
    graph->begin(tick, start, start + Duration::seconds(1));
  }
  void write(std::string_view label, double value, Marks marks = {}) {
    graph->write(graph->compiled().find(label).value().index, value, marks);
  }
  void pulse(std::string_view label) {
    graph->write_pulse(graph->compiled().find(label).value().index);
  }
  void commit() { graph->commit(); }
  void step() {
    begin();
    commit();
  }
  void step(std::string_view label, double value) {
    begin();
    write(label, value);
    commit();
  }
  [[nodiscard]] double number(std::string_view label) const {
    return graph->read(label).value().number();
  }
  std::int64_t second = 0;
  std::unique_ptr<Graph> graph;
};

/// Keeps the text of each event.
struct EventLog final : EventSink {
  explicit EventLog(Graph& g) : graph(g) { graph.set_event_sink(this); }
  void on_event(const Event& event) override {
    lines.push_back(to_text(graph.compiled(), event));
    priorities.push_back(event.priority);
  }
  Graph& graph;
  std::vector<std::string> lines;
  std::vector<int> priorities;
};

}  // namespace halfcycle::graph::testing_types
