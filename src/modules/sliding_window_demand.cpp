// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

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

constexpr int kMaxSubIntervals = 30;
constexpr double kNsPerSecond = 1e9;

enum Input : std::size_t { kSource, kEnable, kReset, kSync };
enum Output : std::size_t { kDemand, kPredicted, kTimeLeft, kIntervalEnd };
enum Setup : std::size_t { kSubInterval, kSubIntervals, kPredResp };

constexpr std::array kInputs{
    InputSpec{.name = "Source",
              .accepts = graph::kNumbers,
              .need = Need::Required,
              .help = "The value to average, usually a power or a current"},
    graph::kEnableInput, graph::kResetInput,
    InputSpec{.name = "Sync",
              .accepts = RegisterClass::Pulse,
              .help = "If linked, a pulse ends the sub-interval instead of the clock"}};
constexpr std::array kOutputs{
    OutputSpec{.name = "SWinDemand",
               .unit_rule = graph::UnitRule::OfInput,
               .unit_input = kSource,
               .retain = graph::Retain::Yes,
               .help = "Mean over the latest sub-intervals, renewed when one ends"},
    OutputSpec{.name = "PredDemand",
               .unit_rule = graph::UnitRule::OfInput,
               .unit_input = kSource,
               .help = "What SWinDemand will be at the end of this sub-interval if the load stays"},
    OutputSpec{.name = "Time Left",
               .unit = Unit::Second,
               .help = "Until the sub-interval ends; not available with Sync"},
    OutputSpec{.name = "Interval End",
               .cls = RegisterClass::Pulse,
               .help = "Pulse when a sub-interval ends"}};
constexpr std::array kSetup{
    SetupSpec{.name = "Sub Intvl",
              .unit = Unit::Second,
              .min = 1.0,
              .max = 86400.0,
              .default_value = 900.0,
              .integer = true,
              .help = "Length of a sub-interval, aligned to the hour in UTC"},
    SetupSpec{.name = "#SubIntvls",
              .min = 1.0,
              .max = kMaxSubIntervals,
              .default_value = 1.0,
              .integer = true,
              .help = "Sub-intervals in the window: 1 gives a block demand"},
    SetupSpec{.name = "Pred Resp",
              .unit = Unit::Percent,
              .min = 1.0,
              .max = 99.0,
              .default_value = 70.0,
              .help = "How fast the prediction follows the load: weight of the newest value"}};

struct Sum {
  double value_ns = 0.0;    // integral of the source over time
  double covered_ns = 0.0;  // time with values
  double length_ns = 0.0;
  Marks marks;
};

struct State {
  std::int32_t initialised = 0;  // bytes of 0 are not the state to begin with: see evaluate()
  std::int32_t running = 0;
  std::int32_t first_is_partial = 0;
  std::int32_t count = 0;  // finished sub-intervals held
  std::int32_t next = 0;
  std::int32_t has_smooth = 0;
  CountedTime counted;
  std::int64_t begin_ns = 0;  // of the current sub-interval
  double smooth = 0.0;
  Sum current;
  std::array<Sum, kMaxSubIntervals> ring;
};

std::int64_t floor_to(std::int64_t ns, std::int64_t step) {
  const std::int64_t quotient = ns / step;
  return (quotient - (ns % step < 0 ? 1 : 0)) * step;
}

// The latest finished sub-intervals, newest first.
const Sum& held(const State& state, int back) {
  return state.ring[static_cast<std::size_t>((state.next - 1 - back + kMaxSubIntervals) %
                                             kMaxSubIntervals)];
}

void finish_sub_interval(Context& context, State& state) {
  const int wanted = static_cast<int>(context.setup(kSubIntervals));
  if (state.first_is_partial != 0) {
    // It began in the middle: a demand of part of an interval would be billed as a whole one.
    state.first_is_partial = 0;
  } else {
    state.ring[static_cast<std::size_t>(state.next)] = state.current;
    state.next = (state.next + 1) % kMaxSubIntervals;
    state.count = std::min(state.count + 1, wanted);
    double value = 0.0;
    double covered = 0.0;
    double length = 0.0;
    Marks marks;
    for (int i = 0; i < state.count; ++i) {
      marks = marks.combined(held(state, i).marks);
      value += held(state, i).value_ns;
      covered += held(state, i).covered_ns;
      length += held(state, i).length_ns;
    }
    marks.complete = marks.complete && state.count == wanted && covered >= length;
    context.set(kDemand, covered > 0.0 ? value / covered : kNotAvailable, marks);
  }
  state.current = Sum{};
  context.pulse(kIntervalEnd);
}

void start_sub_interval(State& state, std::int64_t begin, std::int64_t length) {
  state.begin_ns = begin;
  state.current.length_ns = static_cast<double>(length);
}

// Adds a constant value over [from, to), cut at the ends of sub-intervals.
void add_by_clock(Context& context, State& state, double value, std::int64_t from,
                  std::int64_t to) {
  const auto step = static_cast<std::int64_t>(context.setup(kSubInterval)) * 1000000000;
  if (state.running == 0) {
    state.running = 1;
    const std::int64_t begin = floor_to(from, step);
    state.first_is_partial = begin != from ? 1 : 0;
    start_sub_interval(state, begin, step);
  }
  while (to >= state.begin_ns + step) {
    const std::int64_t end = state.begin_ns + step;
    if (end - from > 0 && is_available(value)) {
      const auto part = static_cast<double>(end - std::max(from, state.begin_ns));
      state.current.value_ns += value * part;
      state.current.covered_ns += part;
    }
    finish_sub_interval(context, state);
    // A long gap ends one sub-interval, not thousands: nothing was measured in the others.
    const std::int64_t begin = std::max(end, floor_to(std::max(from, end), step));
    if (begin != end) {
      state.count = 0;
    }
    start_sub_interval(state, begin, step);
    from = std::max(from, begin);
  }
  if (to > from && is_available(value)) {
    const auto part = static_cast<double>(to - std::max(from, state.begin_ns));
    state.current.value_ns += value * part;
    state.current.covered_ns += part;
  }
}

void predict(Context& context, State& state, double value, std::int64_t now) {
  const double weight = context.setup(kPredResp) / 100.0;
  if (is_available(value)) {
    state.smooth = state.has_smooth != 0 ? state.smooth + weight * (value - state.smooth) : value;
    state.has_smooth = 1;
  }
  if (context.linked(kSync)) {
    return;
  }
  const double step = context.setup(kSubInterval) * kNsPerSecond;
  const double left = step - static_cast<double>(now - state.begin_ns);
  context.set(kTimeLeft, left / kNsPerSecond, {});
  if (state.has_smooth == 0) {
    return;
  }
  const int wanted = static_cast<int>(context.setup(kSubIntervals));
  const int before = std::min(state.count, wanted - 1);
  double sum = state.current.value_ns + state.smooth * left;
  double length = state.current.covered_ns + left;
  for (int i = 0; i < before; ++i) {
    sum += held(state, i).value_ns;
    length += held(state, i).covered_ns;
  }
  context.set(kPredicted, sum / length, context.marks(kSource));
}

void evaluate(Context& context) {
  State& state = context.state<State>();
  if (state.initialised == 0 || context.reset()) {
    const CountedTime counted = state.counted;
    state = State{};
    state.initialised = 1;
    state.counted = counted;
  }
  if (context.reset()) {
    context.set(kDemand, kNotAvailable, {});
    context.set(kPredicted, kNotAvailable, {});
  }
  const bool synchronised = context.linked(kSync);
  if (context.updated(kSource)) {
    const Duration dt = take_new_time(context, state.counted);
    const double value = context.enabled() ? context.number(kSource) : kNotAvailable;
    const std::int64_t to = context.time().unix_ns();
    const std::int64_t from = to - dt.count_ns();
    if (dt.count_ns() > 0) {
      const Marks marks = context.marks(kSource);
      state.current.marks = state.current.marks.combined(marks);
      if (!synchronised) {
        add_by_clock(context, state, value, from, to);
      } else if (state.running != 0 && is_available(value)) {
        state.current.value_ns += value * static_cast<double>(dt.count_ns());
        state.current.covered_ns += static_cast<double>(dt.count_ns());
      }
      if (state.running != 0) {
        predict(context, state, value, to);
      }
    }
  }
  if (synchronised && context.pulsed(kSync)) {
    const std::int64_t now = context.time().unix_ns();
    if (state.running != 0) {
      state.current.length_ns = static_cast<double>(now - state.begin_ns);
      finish_sub_interval(context, state);
    }
    state.running = 1;
    start_sub_interval(state, now, 0);
  }
}

}  // namespace

constinit const graph::ModuleType kSlidingWindowDemand{
    .name = "Sliding Window Demand",
    .doc =
        "Mean of a value over a window of sub-intervals, renewed when one ends.\n\nThe "
        "sub-intervals lie at multiples of Sub Intvl in UTC; the first one after a start or "
        "reset counts only if it was seen whole. Until the window is full the mean covers what "
        "there is, marked incomplete, as it is after gaps. PredDemand (this meter's own "
        "definition; the original does not publish its) takes the finished sub-intervals, the "
        "current one so far, and for the rest of it the exponentially smoothed load.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
