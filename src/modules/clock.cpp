// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "graph/context.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {
namespace {

using graph::Context;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

enum Output : std::size_t {
  kUniversalTime,
  kLocalTime,
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kDayOfWeek,
  kNewYear,
  kNewMonth,
  kNewDay,
  kNewHour,
  kNewMinute
};
enum Setup : std::size_t { kTzOffset };

constexpr std::array kOutputs{
    OutputSpec{.name = "Universal Time", .cls = RegisterClass::Time, .help = "UTC"},
    OutputSpec{.name = "LocalTime", .cls = RegisterClass::Time, .help = "UTC plus TZ Offset"},
    OutputSpec{.name = "Year", .help = "Of local time"},
    OutputSpec{.name = "Month", .help = "1 to 12, of local time"},
    OutputSpec{.name = "Day", .help = "1 to 31, of local time"},
    OutputSpec{.name = "Hour", .help = "0 to 23, of local time"},
    OutputSpec{.name = "Minute", .help = "0 to 59"},
    OutputSpec{.name = "Second", .help = "0 to 59"},
    OutputSpec{.name = "DayOfWeek", .help = "1 Sunday to 7 Saturday, of local time"},
    OutputSpec{.name = "New Year", .cls = RegisterClass::Pulse, .help = "Local year begins"},
    OutputSpec{.name = "New Month", .cls = RegisterClass::Pulse, .help = "Local month begins"},
    OutputSpec{.name = "New Day", .cls = RegisterClass::Pulse, .help = "Local day begins"},
    OutputSpec{.name = "New Hour", .cls = RegisterClass::Pulse, .help = "Local hour begins"},
    OutputSpec{.name = "New Minute", .cls = RegisterClass::Pulse, .help = "Minute begins"}};
constexpr std::array kSetup{SetupSpec{.name = "TZ Offset",
                                      .unit = Unit::Second,
                                      .min = -50400.0,
                                      .max = 50400.0,
                                      .integer = true,
                                      .help = "Local time less UTC, without daylight saving"}};

struct State {
  std::int64_t local_ns;
  std::int32_t any;
  std::int32_t unused;
};

constexpr std::int64_t kNsPerDay = 86400LL * 1000000000LL;

void evaluate(Context& context) {
  State& state = context.state<State>();
  const Instant utc = context.time().floor_to(Duration::seconds(1));
  const Instant local =
      utc + Duration::seconds(static_cast<std::int64_t>(context.setup(kTzOffset)));
  const CivilTime now = to_civil(local);
  const Marks marks;
  context.set_instant(kUniversalTime, utc, marks);
  context.set_instant(kLocalTime, local, marks);
  const auto set_if_new = [&](std::size_t output, int value) {
    if (context.output(output) != value) {
      context.set(output, value, marks);
    }
  };
  set_if_new(kYear, now.year);
  set_if_new(kMonth, now.month);
  set_if_new(kDay, now.day);
  set_if_new(kHour, now.hour);
  set_if_new(kMinute, now.minute);
  set_if_new(kSecond, now.second);
  // 1970-01-01 was a Thursday, day 5 of a week that begins on Sunday.
  const std::int64_t days = local.floor_to(Duration::ns(kNsPerDay)).unix_ns() / kNsPerDay;
  set_if_new(kDayOfWeek, static_cast<int>(((days + 4) % 7 + 7) % 7) + 1);

  if (state.any != 0 && local.unix_ns() > state.local_ns) {
    const CivilTime before = to_civil(Instant::from_unix_ns(state.local_ns));
    const bool year = now.year != before.year;
    const bool month = year || now.month != before.month;
    const bool day = month || now.day != before.day;
    const bool hour = day || now.hour != before.hour;
    const bool minute = hour || now.minute != before.minute;
    const std::array<bool, 5> begun{year, month, day, hour, minute};
    for (std::size_t i = 0; i < begun.size(); ++i) {
      if (begun[i]) {
        context.pulse(kNewYear + i);
      }
    }
  }
  state.any = 1;
  state.local_ns = local.unix_ns();
  context.wake_at(utc + Duration::seconds(1));
}

}  // namespace

constinit const graph::ModuleType kClock{
    .name = "Clock",
    .doc =
        "Date and time as registers, and pulses when a minute, hour, day, month or year "
        "begins.\n\nThe time is that of the samples. If a gap swallows the moment, the pulse "
        "comes with the first second after it.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::OneSecond,
    .timed = true,
    .max_instances = 1,
    .state_bytes = sizeof(State),
    .evaluate = evaluate};

}  // namespace halfcycle::modules
