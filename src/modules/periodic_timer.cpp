// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "graph/context.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::InputSpec;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

enum Input : std::size_t { kEnable, kSync };
enum Output : std::size_t { kTrigger };
enum Setup : std::size_t { kPeriod, kSyncMode };
enum SyncMode { kTriggerOnSync, kNoTriggerOnSync };

constexpr std::array kInputs{
    graph::kEnableInput,
    InputSpec{.name = "Sync",
              .accepts = RegisterClass::Pulse,
              .help = "If linked, the period counts from its latest pulse, not from the hour"}};
constexpr std::array kOutputs{OutputSpec{
    .name = "Trigger", .cls = RegisterClass::Pulse, .help = "Pulse at the end of each period"}};
constexpr std::array<std::string_view, 2> kSyncModes{"TRIGGER ON SYNC", "NO TRIGGER ON SYNC"};
constexpr std::array kSetup{SetupSpec{.name = "Period",
                                      .unit = Unit::Second,
                                      .min = 1.0,
                                      .max = 1e7,
                                      .default_value = 900.0,
                                      .integer = true,
                                      .help = "Time between pulses"},
                            SetupSpec{.name = "Sync Mode",
                                      .cls = RegisterClass::Enumerated,
                                      .default_value = kTriggerOnSync,
                                      .choices = kSyncModes,
                                      .help = "Whether a pulse at Sync is passed on as well"}};

struct State {
  std::int64_t next_ns;
  std::int32_t running;
  std::int32_t unused;
};

void evaluate(Context& context) {
  State& state = context.state<State>();
  const Instant now = context.time();
  const Duration period = Duration::seconds(static_cast<std::int64_t>(context.setup(kPeriod)));
  const bool synchronised = context.linked(kSync);
  bool fire = false;

  if (synchronised && context.pulsed(kSync)) {
    state.running = 1;
    state.next_ns = (now + period).unix_ns();
    fire = static_cast<int>(context.setup(kSyncMode)) == kTriggerOnSync;
  } else if (state.running == 0) {
    // A first look at the time. On a boundary the period before it was not seen from its start,
    // but the boundary was: that is what recorders are triggered by.
    if (!synchronised) {
      const Instant boundary = now.floor_to(period);
      fire = boundary == now;
      state.running = 1;
      state.next_ns = (boundary + period).unix_ns();
    }
  } else if (now.unix_ns() >= state.next_ns) {
    fire = true;
    const std::int64_t missed = (now.unix_ns() - state.next_ns) / period.count_ns();
    state.next_ns += (missed + 1) * period.count_ns();
  } else if (Instant::from_unix_ns(state.next_ns) - now > period) {
    // The clock was set back.
    state.next_ns =
        synchronised ? (now + period).unix_ns() : (now.floor_to(period) + period).unix_ns();
  }
  if (fire && context.enabled()) {
    context.pulse(kTrigger);
  }
  if (state.running != 0) {
    context.wake_at(Instant::from_unix_ns(state.next_ns));
  }
}

}  // namespace

constinit const graph::ModuleType kPeriodicTimer{
    .name = "Periodic Timer",
    .doc =
        "A pulse every so many seconds.\n\nPulses lie at multiples of the period in UTC, so "
        "that they are aligned to the hour whenever the period divides it; with Sync linked "
        "they count from its latest pulse. Periods that a gap swallowed give one pulse "
        "together. Time is that of the samples, looked at every second.",
    .inputs = kInputs,
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::OneSecond,
    .timed = true,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
