// SPDX-License-Identifier: Apache-2.0
// The registers of one meter: values only; everything else is in the compiled template it shares.
//
//   auto graph = Graph::create(compiled);                  // unique_ptr
//   graph->begin(Tick::OneSecond, start, end);             // measuring thread: commands take
//   effect graph->write(kw_tot, 12.5, marks);                     //   measured quantities
//   graph->commit();                                       //   evaluates what changed, publishes
//
//   RegisterView v = graph->read(ref);                     // any thread, no lock
//   graph->read_group(Tick::HalfCycle, snapshot);          // one consistent group
//   graph->submit(Command::pulse("Reset Demand"), who);    // any thread
//
// Threads: begin(), write…(), commit() and the sinks belong to one measuring thread. read…(),
// version(), setup_value(), submit() and export_template() are for any thread; reads never wait
// for the measuring thread and never delay it. After creation the measuring thread neither
// allocates nor locks.
// Invariants: (1) what a reader sees of a group was published by one commit(); (2) same calls on
// the measuring thread, same values, whatever readers do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/principal.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "graph/command.hpp"
#include "graph/compiled_template.hpp"
#include "graph/event.hpp"
#include "graph/register.hpp"

namespace halfcycle::graph {

class CommandQueue;
struct PendingCommand;
class SnapshotBlock;

/// The tick at which a timed module looks at the time: its own, 1 s if that is Event.
[[nodiscard]] constexpr Tick clock_tick(Tick tick) {
  return tick == Tick::Event ? Tick::OneSecond : tick;
}

/// A consistent copy of all registers of one tick; reuse it to read without allocating.
class GroupSnapshot {
 public:
  [[nodiscard]] Tick tick() const { return tick_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// ref must be a register of this tick.
  [[nodiscard]] RegisterView view(RegisterRef ref) const;
  [[nodiscard]] std::string text(RegisterRef ref) const;
  /// Elements of an array register; returns how many there are.
  std::size_t array(RegisterRef ref, std::span<float> out) const;

 private:
  friend class Graph;
  const CompiledTemplate* compiled_ = nullptr;
  Tick tick_ = Tick::Event;
  std::uint64_t version_ = 0;
  std::vector<std::uint64_t> words_;
};

class Graph {
 public:
  [[nodiscard]] static std::unique_ptr<Graph> create(
      std::shared_ptr<const CompiledTemplate> compiled);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  [[nodiscard]] const CompiledTemplate& compiled() const { return *compiled_; }
  [[nodiscard]] const std::shared_ptr<const CompiledTemplate>& shared_template() const {
    return compiled_;
  }
  /// nullptr takes a sink away. Measuring thread; the sinks outlive the graph or are taken away.
  void set_event_sink(EventSink* sink) { events_ = sink; }
  void set_effect_sink(EffectSink* sink) { effects_ = sink; }

  // ── The measuring thread ────────────────────────────────────────────────────────────────────
  /// Opens a frame: commands that wait take effect. start and end of the interval that the written
  /// values cover; equal for Tick::Event. Ends of frames of one tick do not go back, those of
  /// different ticks may.

  void begin(Tick tick, Instant start, Instant end);
  /// Renews a register of a module without behaviour of its own. Array and text registers too.
  void write(std::uint32_t reg, double value, Marks marks);
  void write_array(std::uint32_t reg, std::span<const float> elements, Marks marks);
  void write_pulse(std::uint32_t reg);
  /// Posts an event in the name of a module that is fed from outside; priority 0 posts nothing.
  void post(const Event& event);
  /// Evaluates what depends on what was renewed, in order, and publishes the groups it touched.
  void commit();
  /// Before the first frame: a retained value from the store. publish_restored() shows it.
  void restore(std::uint32_t reg, double value, Instant time, Marks marks);
  /// Likewise a setup value that was accepted before a restart, as text; causes no event.
  /// Errors: InvalidSetup: there is no such setup register, or the value is no longer allowed.
  [[nodiscard]] Result<void> restore_setup(std::string_view module, std::string_view setup,
                                           const std::string& value);
  void publish_restored() { publish(); }
  /// Value of a register; NaN: not available.
  [[nodiscard]] double number(std::uint32_t reg) const { return slots_[reg]; }
  /// Live value of a setup register, by its number in the template.
  [[nodiscard]] double setup_number(std::uint32_t setup) const { return setup_numbers_[setup]; }
  /// Grows with each change of a setup register that has taken effect.
  [[nodiscard]] std::uint64_t setup_changes() const { return setup_changes_; }
  /// Modules evaluated since creation: what the tests of change propagation count.
  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

  // ── Any thread ──────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] RegisterView read(RegisterRef ref) const;
  [[nodiscard]] Result<RegisterView> read(std::string_view label) const;
  [[nodiscard]] std::string read_text(RegisterRef ref) const;
  /// Elements of an array register, consistent among themselves; returns how many there are.
  std::size_t read_array(RegisterRef ref, std::span<float> out) const;
  void read_group(Tick tick, GroupSnapshot& out) const;
  /// Grows with each publication of the group: what a subscriber polls.
  [[nodiscard]] std::uint64_t version(Tick tick) const;

  /// Checks the command (target, value, right) and queues it for the next frame.
  /// Returns its number; it has taken effect once applied() has reached it.
  /// Errors: InvalidSetup (what is wrong and what is allowed); Machine if the queue is full.
  [[nodiscard]] Result<std::uint64_t> submit(const Command& command, const Principal& by);
  [[nodiscard]] std::uint64_t applied() const { return applied_.load(std::memory_order_acquire); }
  /// Commands refused because the queue was full.
  [[nodiscard]] std::uint64_t refused_full() const {
    return refused_.load(std::memory_order_relaxed);
  }

  /// The setup as accepted so far, as text: setup_value("Over V1", "High Limit") == "110".
  [[nodiscard]] Result<std::string> setup_value(std::string_view module,
                                                std::string_view setup) const;
  /// The effective setup as a template that compiles to this graph again.
  [[nodiscard]] TemplateSource export_template() const;

  /// Bytes of this graph beyond the shared template.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend class Context;
  explicit Graph(std::shared_ptr<const CompiledTemplate> compiled);

  [[nodiscard]] Result<void> check_write(const Command& command, PendingCommand& checked) const;
  [[nodiscard]] Result<std::uint32_t> find_setup(std::string_view module,
                                                 std::string_view setup) const;
  [[nodiscard]] std::string accepted_text(std::uint32_t setup) const;
  void apply_commands();
  void apply(PendingCommand& command);
  // Each returns after marking what depends on the register; equal states renew only their time.
  void renew(std::uint32_t reg, double value, Marks marks);
  void renew_text(std::uint32_t reg, std::string_view text, Marks marks);
  void renew_array(std::uint32_t reg, std::span<const float> elements, Marks marks);
  void renew_pulse(std::uint32_t reg);
  void mark(std::uint32_t reg);
  void mark_module(std::uint32_t module);
  void run(std::uint32_t module);
  void wake_timers();
  void clear_module(std::uint32_t module);
  void publish();

  const std::shared_ptr<const CompiledTemplate> compiled_;

  // Measuring thread only.
  std::vector<double> slots_;          // per register
  std::vector<std::int64_t> times_;    // per register, unix ns
  std::vector<std::uint64_t> epochs_;  // per register: frame of the latest renewal
  std::vector<Marks> marks_;           // per register
  std::vector<std::uint64_t> words_;   // texts and arrays
  std::vector<double> setup_numbers_;  // per setup register
  std::vector<std::shared_ptr<const PreparedText>> setup_texts_;
  std::vector<std::uint64_t> state_;        // of all modules, 8-byte aligned
  std::vector<std::uint64_t> evaluated_;    // per module: frame of the latest evaluation
  std::vector<std::uint64_t> dirty_;        // a bit per module
  std::vector<std::uint64_t> deferred_;     // a bit per module: to be dirty in the next frame
  std::vector<std::uint64_t> reset_asked_;  // a bit per module: a Reset command
  std::vector<std::int64_t> wake_;          // per module; INT64_MAX: not asked for
  std::array<std::vector<std::uint32_t>, kTickCount> timed_;  // modules with wake_at
  std::array<std::int64_t, kTickCount> next_wake_{};
  std::array<bool, kTickCount> touched_{};
  const PendingCommand* current_command_ = nullptr;
  Tick tick_ = Tick::Event;
  Instant start_;
  Instant end_;
  std::uint64_t frame_ = 0;
  std::uint64_t evaluations_ = 0;
  std::uint64_t setup_changes_ = 0;
  std::uint64_t effect_sequence_ = 0;
  EventSink* events_ = nullptr;
  EffectSink* effects_ = nullptr;

  // Shared.
  std::array<std::unique_ptr<SnapshotBlock>, kTickCount> published_;
  std::unique_ptr<CommandQueue> queue_;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> refused_{0};

  // Submitters only, under submit_mutex_: the setup with all accepted commands applied.
  mutable std::mutex submit_mutex_;
  std::vector<double> accepted_numbers_;
  std::vector<std::shared_ptr<const PreparedText>> accepted_texts_;
  std::uint64_t submitted_ = 0;
};

}  // namespace halfcycle::graph
