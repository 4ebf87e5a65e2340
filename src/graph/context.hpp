// SPDX-License-Identifier: Apache-2.0
// What a module sees while it is evaluated: its inputs, setup, state and outputs, and the time of
// the frame. Valid during the call. Indices are those of the declaration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "graph/command_queue.hpp"
#include "graph/graph.hpp"

namespace halfcycle::graph {

class Context {
 public:
  /// End of the frame; never goes back within one tick.
  [[nodiscard]] Instant time() const { return graph_.end_; }
  /// Length of the frame: what the values renewed in it cover; zero in an Event frame.
  [[nodiscard]] Duration length() const { return graph_.end_ - graph_.start_; }
  [[nodiscard]] Tick tick() const { return graph_.tick_; }

  // Inputs.
  [[nodiscard]] bool linked(std::size_t input) const { return link(input).index != kNoIndex; }
  /// NaN: not linked or not available.
  [[nodiscard]] double number(std::size_t input) const;
  /// kNoInstant: not linked or not available.
  [[nodiscard]] Instant instant(std::size_t input) const;
  /// Renewed since the module was last evaluated, if only with the same value.
  [[nodiscard]] bool updated(std::size_t input) const {
    return linked(input) && graph_.epochs_[link(input).index] > graph_.evaluated_[module_];
  }
  /// A pulse came in this frame.
  [[nodiscard]] bool pulsed(std::size_t input) const { return updated(input); }
  [[nodiscard]] Marks marks(std::size_t input) const {
    return linked(input) ? graph_.marks_[link(input).index] : Marks{};
  }
  /// Copies the elements of a linked array register; returns how many it has, 0 if not linked.
  std::size_t array(std::size_t input, std::span<float> out) const;
  /// All linked value inputs together: what set() uses unless told otherwise.
  [[nodiscard]] Marks marks() const;
  [[nodiscard]] bool enabled() const;
  /// A pulse at Reset, or a Reset command.
  [[nodiscard]] bool reset() const { return reset_; }
  /// What became of an effect; nullptr unless that is why the module is evaluated.
  [[nodiscard]] const EffectResult* effect_result() const;

  // Setup and state.
  [[nodiscard]] double setup(std::size_t k) const {
    return graph_.setup_numbers_[instance_.first_setup + k];
  }
  [[nodiscard]] bool setup_on(std::size_t k) const { return setup(k) != 0.0; }
  [[nodiscard]] const PreparedText& text(std::size_t k) const {
    return *graph_.setup_texts_[graph_.compiled_->text_slots()[instance_.first_setup + k]];
  }
  /// Zero at the start, after a reset of the meter and after a change of setup.
  template <class State>
  [[nodiscard]] State& state() {
    static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= 8);
    return *reinterpret_cast<State*>(  // NOLINT: the template sized and aligned it for this type
        reinterpret_cast<char*>(graph_.state_.data()) + instance_.state_offset);
  }

  // Outputs. Setting a state to what it was, or to not available again, renews nothing downstream.
  [[nodiscard]] double output(std::size_t k) const { return graph_.slots_[reg(k)]; }
  [[nodiscard]] Marks output_marks(std::size_t k) const { return graph_.marks_[reg(k)]; }
  void set(std::size_t k, double value) { set(k, value, marks()); }
  void set(std::size_t k, double value, Marks marks);
  void set_instant(std::size_t k, Instant instant, Marks marks);
  void set_text(std::size_t k, std::string_view text, Marks marks);
  void set_array(std::size_t k, std::span<const float> elements, Marks marks);
  /// At most one pulse of a register in a frame.
  void pulse(std::size_t k);

  /// To be evaluated at the first frame of the module's tick (1 s for Event) not before `instant`.
  /// Only for types that are `timed`.
  void wake_at(Instant instant);

  /// Posts an event; priority 0 posts nothing.
  void post(double priority, EventEnd cause, EventEnd effect);
  [[nodiscard]] EventEnd input_end(std::size_t input) const;
  [[nodiscard]] EventEnd output_end(std::size_t k) const;
  /// Posts an effect; returns the number that its result will carry.
  std::uint64_t effect(std::string_view kind, std::span<const double> values, std::string_view text,
                       Marks marks = {});

 private:
  friend class Graph;
  Context(Graph& graph, std::uint32_t module, bool reset)
      : graph_(graph),
        instance_(graph.compiled_->modules()[module]),
        module_(module),
        reset_(reset) {}
  [[nodiscard]] RegisterRef link(std::size_t input) const {
    return graph_.compiled_->links()[instance_.first_input + input];
  }
  [[nodiscard]] std::uint32_t reg(std::size_t k) const {
    return instance_.first_register + static_cast<std::uint32_t>(k);
  }

  Graph& graph_;
  const ModuleInstance& instance_;
  std::uint32_t module_;
  bool reset_;
};

}  // namespace halfcycle::graph
