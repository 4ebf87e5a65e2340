// SPDX-License-Identifier: Apache-2.0
// Dips, swells and interruptions of `halfcycle verify`. The truth is worked out from the definition
// of Urms(1/2): windows of one cycle that start at each zero crossing of the own channel, the
// integral of sin² over each in closed form, thresholds and hysteresis of IEC 61000-4-30 §5.4.
#include <algorithm>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

constexpr double kDip = 0.90;
constexpr double kSwell = 1.10;
constexpr double kInterruption = 0.05;
constexpr double kHysteresis = 0.02;
constexpr double kPhaseCycles = -1.0 / 3.0;  // of L2 against L1

struct Truth {
  double start_seconds = 0.0;
  double end_seconds = 0.0;
  double extreme_ratio = 1.0;
};

// One event of the kind, over the phases by the polyphase rule.
Truth truth_of(const VerifySignal& signal, quality::EventType type) {
  const double begin = type == quality::EventType::Dip     ? kDip
                       : type == quality::EventType::Swell ? kSwell
                                                           : kInterruption;
  const bool swell = type == quality::EventType::Swell;
  Truth truth{1e9, -1e9, 1.0};
  // An interruption begins when all channels are below its threshold and ends when one is above.
  double latest_start = -1e9;
  double earliest_end = 1e9;
  const double cycles = signal.seconds * signal.fundamental_hertz;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    // Zero crossings of the channel: where x + angle is a multiple of a half.
    const double first = 0.5 - std::fmod(static_cast<double>(phase) * kPhaseCycles + 10.0, 0.5);
    bool active = false;
    for (double x = first; x + 1.0 <= cycles; x += 0.5) {
      const double ratio = signal.urms_ratio(phase, x);
      if (!active && (swell ? ratio > begin : ratio < begin)) {
        active = true;
        truth.start_seconds = std::min(truth.start_seconds, x);
        latest_start = std::max(latest_start, x);
      } else if (active && (swell ? ratio <= begin - kHysteresis : ratio >= begin + kHysteresis)) {
        active = false;
        truth.end_seconds = std::max(truth.end_seconds, x + 1.0);
        earliest_end = std::min(earliest_end, x + 1.0);
      }
      if (active) {
        truth.extreme_ratio =
            swell ? std::max(truth.extreme_ratio, ratio) : std::min(truth.extreme_ratio, ratio);
      }
    }
  }
  if (type == quality::EventType::Interruption) {
    truth.start_seconds = latest_start;
    truth.end_seconds = earliest_end;
  }
  truth.start_seconds /= signal.fundamental_hertz;
  truth.end_seconds /= signal.fundamental_hertz;
  return truth;
}

struct EventCase {
  std::string text;
  quality::EventType type;
  double frequency_offset_hertz;
  std::vector<VerifyStep> steps;
};

constexpr std::array<bool, 3> kOne{true, false, false};
constexpr std::array<bool, 3> kTwo{true, true, false};
constexpr std::array<bool, 3> kThree{true, true, true};
constexpr std::array<bool, 3> kSecond{false, true, false};
constexpr std::array<bool, 3> kThird{false, false, true};

// At a zero crossing of L1, and at points on the wave where the windows cut through.
std::vector<EventCase> named_cases() {
  using enum quality::EventType;
  return {{"dip to 40 %, one phase, 5 cycles", Dip, 0.0, {{20.0, 5.0, 0.40, kOne}}},
          {"dip to 70 %, two phases, 10 cycles", Dip, 0.4, {{20.0, 10.0, 0.70, kTwo}}},
          {"dip to 80 %, three phases, 25.25 cycles", Dip, -0.6, {{20.25, 25.25, 0.80, kThree}}},
          {"swell to 120 %, one phase, 10 cycles", Swell, 0.0, {{20.0, 10.0, 1.20, kOne}}},
          {"swell to 150 %, three phases, 5.25 cycles", Swell, 0.7, {{20.25, 5.25, 1.50, kThree}}},
          {"interruption to 2 %, three phases, 25 cycles",
           Interruption,
           0.0,
           {{20.0, 25.0, 0.02, kThree}}},
          {"dip rolling from L1 over L2 to L3, one event",
           Dip,
           0.0,
           {{20.0, 4.1, 0.50, kOne}, {23.0, 4.1, 0.60, kSecond}, {26.0, 4.1, 0.70, kThird}}},
          {"collapse with recovery phase by phase: the dip",
           Dip,
           0.3,
           {{20.0, 10.0, 0.01, kOne}, {20.0, 15.0, 0.01, kSecond}, {20.0, 20.0, 0.01, kThird}}},
          {"collapse with recovery phase by phase: the interruption",
           Interruption,
           0.3,
           {{20.0, 10.0, 0.01, kOne}, {20.0, 15.0, 0.01, kSecond}, {20.0, 20.0, 0.01, kThird}}}};
}

std::vector<EventCase> cases() {
  using enum quality::EventType;
  std::vector<EventCase> all = named_cases();
  struct Shape {
    double point;  ///< on the wave of L1, cycles
    double cycles;
  };
  const auto add = [&all](quality::EventType type, std::string_view name,
                          std::initializer_list<double> ratios,
                          std::initializer_list<Shape> shapes) {
    // One, two and three phases in turn; an interruption is on all of them.
    std::size_t turn = 0;
    for (const double ratio : ratios) {
      for (const Shape& shape : shapes) {
        constexpr std::array kPhases{kOne, kThird, kTwo, kThree};
        const auto& phases = type == Interruption ? kThree : kPhases[turn++ % kPhases.size()];
        const auto count = std::count(phases.begin(), phases.end(), true);
        all.push_back({format("{} to {:g} %, {} phase{}, {:g} cycle{} from {:g} degrees on", name,
                              100.0 * ratio, count, count == 1 ? "" : "s", shape.cycles,
                              shape.cycles == 1.0 ? "" : "s", 360.0 * shape.point),
                       type,
                       0.0,
                       {{20.0 + shape.point, shape.cycles, ratio, phases}}});
      }
    }
  };
  add(Dip, "dip", {0.05, 0.30, 0.50, 0.70, 0.85},
      {{0.0, 1.0}, {0.25, 1.0}, {0.125, 1.5}, {0.25, 5.0}, {0.0, 30.0}});
  add(Swell, "swell", {1.15, 1.20, 1.50, 1.80}, {{0.25, 1.0}, {0.0, 5.0}, {0.125, 30.0}});
  add(Interruption, "interruption", {0.0, 0.02, 0.04}, {{0.0, 2.0}, {0.25, 5.0}, {0.0, 50.0}});
  return all;
}

Result<std::vector<VerifyRow>> run_case(double nominal, const EventCase& event,
                                        const VerifyStop& stop) {
  VerifySignal signal;
  signal.fundamental_hertz = nominal + event.frequency_offset_hertz;
  signal.rate_hertz = 512.0 * nominal;
  signal.start = verify_start();
  for (std::size_t phase = 0; phase < 3; ++phase) {
    signal.channels.push_back(
        {static_cast<Input>(phase),
         {{1.0, kVerifyUdin, 2.0 * std::numbers::pi * kPhaseCycles * static_cast<double>(phase)}}});
  }
  double last = 0.0;
  for (VerifyStep step : event.steps) {
    const double end = signal.between_samples(step.start_cycle + step.cycles);
    step.start_cycle = signal.between_samples(step.start_cycle);
    step.cycles = end - step.start_cycle;
    signal.steps.push_back(step);
    last = std::max(last, end);
  }
  signal.seconds = (last + 12.0) / signal.fundamental_hertz;
  const auto run = run_verify(signal, nominal, {"Vln a"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const Truth truth = truth_of(signal, event.type);
  double duration_error = kNotAvailable;
  double start_error = kNotAvailable;
  double extreme_error = kNotAvailable;
  std::size_t found = 0;
  for (const quality::VoltageEvent& candidate : run->events) {
    if (candidate.type != event.type) {
      continue;
    }
    // A second event of the kind is one too many: no value is right then.
    if (++found > 1 || !candidate.start || !candidate.end) {
      duration_error = start_error = extreme_error = kNotAvailable;
      break;
    }
    const double hertz = signal.fundamental_hertz;
    const double start = (*candidate.start - signal.start).to_seconds();
    const double end = (*candidate.end - signal.start).to_seconds();
    start_error = std::abs(start - truth.start_seconds) * hertz;
    duration_error = std::abs((end - start) - (truth.end_seconds - truth.start_seconds)) * hertz;
    extreme_error = 100.0 * std::abs(candidate.extreme_volts / kVerifyUdin - truth.extreme_ratio);
  }
  const std::string condition =
      format("{:g} Hz system, {:g} Hz: {}", nominal, signal.fundamental_hertz, event.text);
  const bool swell = event.type == quality::EventType::Swell;
  // The budget of a time: the same windows, and their edges to 0.01 cycle.
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.4", swell ? "maximum voltage" : "residual voltage", condition, 0.2, 0.005,
       extreme_error, "% of Udin"},
      {"IEC 61000-4-30 5.4", "start", condition, 0.5, 0.01, start_error, "cycles"},
      {event.type == quality::EventType::Interruption ? "IEC 61000-4-30 5.5" : "IEC 61000-4-30 5.4",
       "duration", condition, 1.0, 0.01, duration_error, "cycles"}};
}

}  // namespace

std::vector<VerifyJob> event_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    for (const EventCase& event : cases()) {
      jobs.emplace_back(
          [nominal, event](const VerifyStop& stop) { return run_case(nominal, event, stop); });
    }
  }
  return jobs;
}

}  // namespace halfcycle::app
