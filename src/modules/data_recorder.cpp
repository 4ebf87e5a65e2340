// SPDX-License-Identifier: Apache-2.0
#include "modules/data_recorder.hpp"

#include <algorithm>
#include <array>

#include "graph/context.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::InputSpec;
using graph::Need;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;
using graph::Tick;
using namespace data_recorder;  // NOLINT(google-build-using-namespace): the declaration's indices

// "Source 1" … "Source 50", in storage of their own: names are views.
struct SourceNames {
  std::array<std::array<char, 9>, kSources> text{};
  std::array<std::size_t, kSources> length{};
};
consteval SourceNames source_names() {
  SourceNames names;
  constexpr std::string_view kStem = "Source ";
  for (std::size_t i = 0; i < kSources; ++i) {
    std::size_t at = 0;
    for (const char c : kStem) {
      names.text[i][at++] = c;
    }
    const std::size_t number = i + 1;
    if (number >= 10) {
      names.text[i][at++] = static_cast<char>('0' + number / 10);
    }
    names.text[i][at++] = static_cast<char>('0' + number % 10);
    names.length[i] = at;
  }
  return names;
}
constexpr SourceNames kNames = source_names();

consteval auto all_inputs() {
  std::array<InputSpec, kRearm + 1> inputs{};
  for (std::size_t i = 0; i < kSources; ++i) {
    inputs[i] = {
        .name = std::string_view(kNames.text[i].data(), kNames.length[i]),
        .accepts = graph::kNumbersAndStates,
        .need = i == 0 ? Need::Required : Need::Optional,
        .help = i == 0 ? "The first column; at least this one is linked" : "A further column each"};
  }
  inputs[kEnable] = graph::kEnableInput;
  inputs[kRecord] = {.name = "Record",
                     .accepts = RegisterClass::Pulse,
                     .help = "A pulse records a row, whatever Trigger On says"};
  inputs[kRearm] = {.name = "Rearm",
                    .accepts = RegisterClass::Pulse,
                    .help =
                        "STOP WHEN FULL: a pulse lets a full log begin again; its rows then "
                        "make room for new ones as in a circular log, once round"};
  return inputs;
}
constexpr auto kInputs = all_inputs();

constexpr std::array kOutputs{
    OutputSpec{.name = "Data Log",
               .cls = RegisterClass::Log,
               .retain = graph::Retain::Yes,
               .initial = 0.0,
               .help = "Rows in the log"},
    OutputSpec{.name = "Record Left",
               .help = "Rows until the log is full; not available while it is circular"},
    OutputSpec{.name = "Log State",
               .cls = RegisterClass::Enumerated,
               .help = "0 disabled, 1 recording, 2 full"},
    OutputSpec{.name = "Rec Complete",
               .cls = RegisterClass::Pulse,
               .help = "Pulse at every row that was handed to the store"}};

constexpr std::array<std::string_view, 2> kModes{"CIRCULAR", "STOP WHEN FULL"};
constexpr std::array<std::string_view, 3> kTriggers{"INTERVAL", "UPDATE", "PULSE"};
constexpr std::array kSetup{
    SetupSpec{.name = "Depth",
              .min = 1.0,
              .max = 1e9,
              .default_value = 3360.0,
              .integer = true,
              .help = "Rows that the log keeps at least (3360: 35 days of 15 minutes)"},
    SetupSpec{.name = "RecordMode",
              .cls = RegisterClass::Enumerated,
              .default_value = kCircular,
              .choices = kModes,
              .help = "What becomes of new rows once there are Depth: they replace the oldest, or "
                      "they are not recorded"},
    SetupSpec{.name = "Trigger On",
              .cls = RegisterClass::Enumerated,
              .default_value = kOnInterval,
              .choices = kTriggers,
              .help = "INTERVAL: every Interval; UPDATE: whenever Source 1 is renewed, down to "
                      "every half cycle; PULSE: only at pulses of Record"},
    SetupSpec{.name = "Interval",
              .unit = Unit::Second,
              .min = 1.0,
              .max = 604800.0,
              .default_value = 900.0,
              .integer = true,
              .help = "Time between rows, aligned to its multiples in UTC"},
    SetupSpec{
        .name = "Pre-trigger Records",
        .min = 0.0,
        .max = 1200.0,
        .default_value = 0.0,
        .integer = true,
        .help = "Trigger On PULSE: rows from before each pulse, one at each renewal of Source 1"},
    SetupSpec{.name = "Post-trigger Records",
              .min = 0.0,
              .max = 1e6,
              .default_value = 0.0,
              .integer = true,
              .help = "Trigger On PULSE: rows after each pulse, likewise"}};

struct State {
  std::int64_t next_ns;
  std::int32_t followed;  // the interval that next_ns belongs to, s; 0: none yet
  std::int32_t columns;   // up to the last linked source; 0: not counted yet
  std::int32_t before;    // rows that wait for a pulse
  std::int32_t after;     // rows that a pulse still asks for
};

// True once per boundary of the interval. Only whole seconds look at the time, so that a row holds
// what belongs to its second and not what a faster tick has already written of the next one.
bool interval_is_over(Context& context, State& state) {
  if (context.tick() != Tick::OneSecond) {
    return false;
  }
  const Instant now = context.time();
  const auto seconds = static_cast<std::int32_t>(context.setup(kInterval));
  const Duration interval = Duration::seconds(seconds);
  const Instant boundary = now.floor_to(interval);
  bool due = false;
  if (state.followed != seconds) {
    due = boundary == now;
    state.followed = seconds;
    state.next_ns = (boundary + interval).unix_ns();
  } else if (now.unix_ns() >= state.next_ns ||
             Instant::from_unix_ns(state.next_ns) - now > interval) {
    // Reached, or the clock was set back; boundaries that a gap swallowed give one row.
    due = now.unix_ns() >= state.next_ns || boundary == now;
    state.next_ns = (boundary + interval).unix_ns();
  }
  context.wake_at(Instant::from_unix_ns(state.next_ns));
  return due;
}

bool is_due(Context& context, State& state) {
  const auto trigger = static_cast<int>(context.setup(kTriggerOn));
  const bool timed = trigger == kOnInterval && interval_is_over(context, state);
  if (trigger == kOnPulse && context.pulsed(kRecord)) {
    // A pulse within a burst makes it longer.
    state.after = static_cast<std::int32_t>(context.setup(kAfter));
    return true;
  }
  if (trigger == kOnPulse && state.after > 0 && context.updated(0)) {
    --state.after;
    return true;
  }
  return timed || context.pulsed(kRecord) || (trigger == kOnUpdate && context.updated(0));
}

/// What a pulse would need of this moment; false: nothing.
bool waits_for_pulse(Context& context) {
  return static_cast<int>(context.setup(kTriggerOn)) == kOnPulse && context.setup(kBefore) > 0.0 &&
         context.updated(0);
}

int count_columns(const Context& context) {
  std::size_t count = kSources;
  while (count > 1 && !context.linked(count - 1)) {
    --count;
  }
  return static_cast<int>(count);
}

void show_state(Context& context, double rows) {
  const bool stops = static_cast<int>(context.setup(kRecordMode)) == kStopWhenFull;
  const double left = std::max(context.setup(kDepth) - rows, 0.0);
  const double state = !context.enabled() ? kDisabled : stops && left == 0.0 ? kFull : kRecording;
  if (context.output(kLogState) != state) {
    context.set(kLogState, state, {});
  }
  const double shown = stops ? left : kNotAvailable;
  if (context.output(kRecordLeft) != shown &&
      (stops || is_available(context.output(kRecordLeft)))) {
    context.set(kRecordLeft, shown, {});
  }
}

void evaluate(Context& context) {
  State& state = context.state<State>();
  if (state.columns == 0) {
    state.columns = count_columns(context);
  }
  const double depth = context.setup(kDepth);
  double rows = std::min(context.output(kDataLog), depth);
  if (context.pulsed(kRearm)) {
    rows = 0.0;
    context.set(kDataLog, rows, {});
  }
  // Asked for first: the interval is followed even while nothing may be recorded.
  const bool due = is_due(context, state);
  const bool full = static_cast<int>(context.setup(kRecordMode)) == kStopWhenFull && rows >= depth;
  if (!context.enabled() || full) {
    state.before = state.after = 0;
  } else if (due || waits_for_pulse(context)) {
    std::array<double, kSources> values;
    const auto columns = static_cast<std::size_t>(state.columns);
    for (std::size_t i = 0; i < columns; ++i) {
      values[i] = context.number(i);
    }
    context.effect(due ? kRecordEffect : kBeforeEffect, std::span(values).first(columns), {},
                   context.marks());
    if (due) {
      rows = std::min(rows + 1.0 + state.before, depth);
      state.before = 0;
      context.pulse(kRecComplete);
    } else {
      state.before = std::min(state.before + 1, static_cast<std::int32_t>(context.setup(kBefore)));
    }
  }
  if (rows != context.output(kDataLog)) {
    context.set(kDataLog, rows, {});
  }
  show_state(context, rows);
}

}  // namespace

constinit const graph::ModuleType kDataRecorder{
    .name = "Data Recorder",
    .doc =
        "Records rows of up to 50 values in a log that outlives a restart.\n\nA row holds the "
        "values of the linked sources at one moment, with its time (UTC) and their common marks. "
        "It is taken every Interval, whenever Source 1 is renewed, or at a pulse of Record. With "
        "Pre-trigger Records or Post-trigger Records a pulse gives a burst: a row at each renewal "
        "of "
        "Source 1 before and after it, 100 or 120 a second from a ½-cycle source; a pulse within a "
        "burst makes it longer. The recorder keeps rows: within a second they are on disk. "
        "Energies and states are kept as they "
        "are, measured values with the 7 digits of a 32-bit float. What could not be stored (disk "
        "full, storage too slow) is counted and leaves a gap; nothing is filled in. A change of "
        "setup keeps the rows.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = Tick::Event,
    .timed = true,
    .setup_resets = false,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
