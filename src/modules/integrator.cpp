// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "graph/context.hpp"
#include "modules/sample_time.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::InputSpec;
using graph::Need;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

enum Input : std::size_t { kIntegrand, kEnable, kReset, kIntervalReset };
enum Output : std::size_t { kResult, kRollovers, kTrigger, kInterval };
enum Setup : std::size_t { kDivisor, kIntMode, kRollValue };
enum Mode { kForward, kReverse, kAbsolute, kNet };

constexpr std::array kInputs{
    InputSpec{.name = "Integrand",
              .accepts = graph::kNumbers,
              .need = Need::Required,
              .help = "The value to integrate over time"},
    graph::kEnableInput, graph::kResetInput,
    InputSpec{.name = "Interval Reset",
              .accepts = RegisterClass::Pulse,
              .help = "A pulse moves what came together since the one before to Interval"}};
constexpr std::array kOutputs{
    OutputSpec{.name = "Result",
               .unit_rule = graph::UnitRule::IntegralOfInput,
               .unit_input = kIntegrand,
               .retain = graph::Retain::Yes,
               .initial = 0.0,
               .help = "The integral, from 0 to RollValue"},
    OutputSpec{.name = "Rollover Count",
               .retain = graph::Retain::Yes,
               .initial = 0.0,
               .help = "How often Result reached RollValue"},
    OutputSpec{
        .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse when Result rolls over"},
    OutputSpec{.name = "Interval",
               .unit_rule = graph::UnitRule::IntegralOfInput,
               .unit_input = kIntegrand,
               .retain = graph::Retain::Yes,
               .help = "The integral between the latest two pulses at Interval Reset"}};
constexpr std::array<std::string_view, 4> kModes{"FORWARD", "REVERSE", "ABSOLUTE", "NET"};
constexpr std::array kSetup{
    SetupSpec{.name = "Divisor",
              .unit = Unit::Second,
              .min = 1e-3,
              .max = 1e9,
              .default_value = 3600.0,
              .help = "The integral over seconds is divided by it: 3600 gives hours"},
    SetupSpec{.name = "Int Mode",
              .cls = RegisterClass::Enumerated,
              .default_value = kForward,
              .choices = kModes,
              .help = "Forward: positive values; reverse: negative ones, counted up; absolute: "
                      "both counted up; net: forward less reverse"},
    SetupSpec{.name = "RollValue",
              .min = 1e-3,
              .max = 1e12,
              .default_value = 1e8,
              .help = "Result starts again from 0 when it reaches it; the remainder is kept"}};

struct State {
  CountedTime counted;
  // What Result cannot hold: the exact sum is Result + remainder. Within an ulp of Result.
  double remainder;
  double interval;
  double interval_remainder;
};

// sum + remainder becomes exact sum + remainder + value, up to the rounding of the remainder
// (Knuth's TwoSum): a year of half cycles leaves no drift.
void add(double& sum, double& remainder, double value) {
  const double y = value + remainder;
  const double t = sum + y;
  const double rounded = t - sum;
  remainder = (sum - (t - rounded)) + (y - rounded);
  sum = t;
}

double counted_value(double value, int mode) {
  switch (mode) {
    case kForward:
      return value > 0.0 ? value : 0.0;
    case kReverse:
      return value < 0.0 ? -value : 0.0;
    case kAbsolute:
      return std::fabs(value);
    default:
      return value;
  }
}

void integrate(Context& context, State& state) {
  const double integrand = context.number(kIntegrand);
  const Duration dt = take_new_time(context, state.counted);
  if (!is_available(integrand) || !context.enabled() || dt.count_ns() == 0) {
    return;
  }
  const double rate = counted_value(integrand, static_cast<int>(context.setup(kIntMode)));
  const double part = rate * static_cast<double>(dt.count_ns()) / (context.setup(kDivisor) * 1e9);
  double result = context.output(kResult);
  double rollovers = context.output(kRollovers);
  add(result, state.remainder, part);
  add(state.interval, state.interval_remainder, part);
  const double roll = context.setup(kRollValue);
  if (std::fabs(result) >= roll) {
    const double times = std::trunc(result / roll);
    result = std::fmod(result, roll);
    rollovers += std::fabs(times);
    context.set(kRollovers, rollovers, {});
    context.pulse(kTrigger);
  }
  context.set(kResult, result, context.marks(kIntegrand));
}

void evaluate(Context& context) {
  State& state = context.state<State>();
  if (context.reset()) {
    state.remainder = state.interval = state.interval_remainder = 0.0;
    context.set(kResult, 0.0, {});
    context.set(kRollovers, 0.0, {});
    context.set(kInterval, kNotAvailable, {});
  }
  if (context.updated(kIntegrand)) {
    integrate(context, state);
  }
  if (context.pulsed(kIntervalReset)) {
    context.set(kInterval, state.interval, context.marks(kIntegrand));
    state.interval = state.interval_remainder = 0.0;
  }
}

}  // namespace

constinit const graph::ModuleType kIntegrator{
    .name = "Integrator",
    .doc =
        "Integrates a value over time: kW to kWh.\n\nEach new value counts for exactly the "
        "time its interval covers on the sample clock; time without values (a gap, a value "
        "that is not available, the module disabled) adds nothing. What a double cannot hold of "
        "a small addition to a large sum is carried along and not lost. The energies of the "
        "meter itself are in the Energy module.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
