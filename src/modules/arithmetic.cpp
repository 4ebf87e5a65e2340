// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>

#include "graph/context.hpp"
#include "modules/formula.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::InputSpec;
using graph::Need;
using graph::OutputSpec;
using graph::PreparedText;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr std::size_t kCount = Formula::kOperands;
constexpr std::size_t kCalculateNow = kCount + 2;

constexpr std::array<std::string_view, kCount> kSourceNames{
    "Source 1",  "Source 2",  "Source 3",  "Source 4",  "Source 5",  "Source 6",
    "Source 7",  "Source 8",  "Source 9",  "Source 10", "Source 11", "Source 12",
    "Source 13", "Source 14", "Source 15", "Source 16"};
constexpr std::array<std::string_view, kCount> kResultNames{
    "Result 1",  "Result 2",  "Result 3",  "Result 4",  "Result 5",  "Result 6",
    "Result 7",  "Result 8",  "Result 9",  "Result 10", "Result 11", "Result 12",
    "Result 13", "Result 14", "Result 15", "Result 16"};
constexpr std::array<std::string_view, kCount> kFormulaNames{
    "Formula 1",  "Formula 2",  "Formula 3",  "Formula 4",  "Formula 5",  "Formula 6",
    "Formula 7",  "Formula 8",  "Formula 9",  "Formula 10", "Formula 11", "Formula 12",
    "Formula 13", "Formula 14", "Formula 15", "Formula 16"};

consteval auto all_inputs() {
  std::array<InputSpec, kCount + 3> inputs{};
  for (std::size_t i = 0; i < kCount; ++i) {
    inputs[i] = {.name = kSourceNames[i],
                 .accepts = graph::kNumbersAndStates,
                 .need = i == 0 ? Need::Required : Need::Optional,
                 .help = i == 0 ? "S1 in the formulas; at least this one is linked"
                                : "S2 … S16 in the formulas"};
  }
  inputs[kCount] = graph::kEnableInput;
  inputs[kCount + 1] = graph::kResetInput;
  inputs[kCalculateNow] = {.name = "Calculate Now",
                           .accepts = RegisterClass::Pulse,
                           .help = "If linked, the formulas run only when a pulse comes"};
  return inputs;
}
consteval auto all_outputs() {
  std::array<OutputSpec, kCount> outputs{};
  for (std::size_t i = 0; i < kCount; ++i) {
    outputs[i] = {.name = kResultNames[i],
                  .unit_rule = graph::UnitRule::Open,
                  .help = "Value of the formula with the same number"};
  }
  return outputs;
}
consteval auto all_setup() {
  std::array<SetupSpec, kCount> setup{};
  for (std::size_t i = 0; i < kCount; ++i) {
    setup[i] = {.name = kFormulaNames[i],
                .cls = RegisterClass::String,
                .help = "An expression such as IF(S1 > 0, S1, 0); empty: not available"};
  }
  return setup;
}
constexpr auto kInputs = all_inputs();
constexpr auto kOutputs = all_outputs();
constexpr auto kSetup = all_setup();

struct PreparedFormula final : PreparedText {
  PreparedFormula(std::string_view t, Formula f) : PreparedText(t), formula(std::move(f)) {}
  Formula formula;
};

Result<std::shared_ptr<const PreparedText>> prepare(std::string_view text) {
  auto formula = Formula::compile(text);
  if (!formula) {
    return fail(formula.error());
  }
  return std::make_shared<const PreparedFormula>(text, std::move(*formula));
}

struct State {
  std::uint32_t computed;  // a bit per result: computed since the start or the latest reset
  std::uint32_t started;   // the formulas have run since the start or a change of setup
};

// True if a formula has something new to say; a change of Enable or a reset alone is nothing new.
bool is_due(const Context& context, const State& state) {
  if (context.linked(kCalculateNow)) {
    return context.pulsed(kCalculateNow);
  }
  if (state.started == 0) {
    return true;
  }
  for (std::size_t i = 0; i < kCount; ++i) {
    if (context.updated(i)) {
      return true;
    }
  }
  return false;
}

void evaluate(Context& context) {
  State& state = context.state<State>();
  if (context.reset()) {
    state.computed = 0;
    for (std::size_t k = 0; k < kCount; ++k) {
      context.set(k, kNotAvailable, {});
    }
  }
  if (!context.enabled() || !is_due(context, state)) {
    return;
  }
  state.started = 1;
  std::array<double, kCount> sources;
  std::array<double, kCount> results;
  for (std::size_t i = 0; i < kCount; ++i) {
    sources[i] = context.number(i);
    results[i] = (state.computed >> i & 1U) != 0 ? context.output(i) : 0.0;
  }
  const Marks marks = context.marks();
  for (std::size_t k = 0; k < kCount; ++k) {
    const auto& prepared = static_cast<const PreparedFormula&>(context.text(k));
    if (!prepared.formula.empty()) {
      results[k] = prepared.formula.run(sources, results);
      state.computed |= 1U << k;
      context.set(k, results[k], marks);
    }
  }
}

}  // namespace

constinit const graph::ModuleType kArithmetic{
    .name = "Arithmetic",
    .doc = R"(Computes up to 16 results from up to 16 sources by formulas.

Operators, loosest first: `< <= > >= = <>`, `+ -`, `* /`, sign, `^`. Functions: `IF(c, a, b)`,
`AND`, `OR`, `NOT`, `MIN`, `MAX`, `SUM`, `AVG`, `ABS`, `SQRT`, `EXP`, `LN`, `LOG10`, and `AVAIL(x)`,
which is 1 if x is available and 0 if not. `S1` to `S16` are the sources, `R1` to `R16` the results:
those of formulas before it are new, its own and those after it are those of the time before, and 0
before the first time. Whatever is computed from something not available is not available, and so is
a division by 0. The formulas run when a source has a new value, in their order.)",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .state_bytes = sizeof(State),
    .evaluate = evaluate,
    .prepare = prepare};

}  // namespace halfcycle::modules
