// SPDX-License-Identifier: Apache-2.0
// The cases that separate a correct meter from a plausible one, as far as events show them: samples
// through the engine into the detectors. Truth is worked out here, from the exact Urms(1/2) of the
// programmed signal and the rules of IEC 61000-4-30.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "metrology/engine_test_signal.hpp"
#include "quality/rvc.hpp"
#include "quality/voltage_events.hpp"

namespace halfcycle::quality {
namespace {

using metrology::Engine;
using metrology::HalfCycleSink;
using metrology::Interval;
using metrology::VoltageWindow;
using metrology::test::block_of;
using metrology::test::IntervalCopy;
using metrology::test::kTestPi;
using metrology::test::mask_of;
using metrology::test::Recorder;
using metrology::test::Samples;

constexpr double kRoot2 = 1.41421356237309504880;
constexpr double kUdin = 230.0;
constexpr Instant kStart = Instant::from_unix_ns(1600000000000000000);  // a ten-minute tick + 400 s

double seconds(Instant t) { return (t - kStart).to_seconds(); }

/// A constant amplitude ratio of one phase in [from, to); 1 elsewhere.
struct Piece {
  int phase;
  double from;
  double to;
  double ratio;
};

/// Three phases of 230 V whose amplitudes change at given instants, moved midway between samples,
/// where samples and rectangle say the same.
struct Line {
  double hertz = 50.0;
  double rate = 10000.0;
  std::vector<Piece> pieces;

  void add(int phase, double from, double to, double ratio) {
    const auto edge = [this](double t) { return (std::floor(t * rate) + 0.5) / rate; };
    pieces.push_back({phase, edge(from), edge(to), ratio});
  }
  [[nodiscard]] double ratio(int phase, double t) const {
    double ratio = 1.0;
    for (const Piece& p : pieces) {
      ratio = p.phase == phase && t >= p.from && t < p.to ? p.ratio : ratio;
    }
    return ratio;
  }
  [[nodiscard]] Samples sample(double duration) const {
    Samples s(rate, duration);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        return ratio(k, t) * kUdin * kRoot2 * std::sin(2.0 * kTestPi * (hertz * t - k / 3.0));
      });
    }
    return s;
  }
  /// The exact Urms(1/2), over Udin, of the one-cycle window that begins at `t`.
  [[nodiscard]] double u_half(int phase, double t) const {
    const auto primitive = [&](double x) {
      return x - std::sin(4.0 * kTestPi * (hertz * x - phase / 3.0)) / (4.0 * kTestPi * hertz);
    };
    const double end = t + 1.0 / hertz;
    double sum = primitive(end) - primitive(t);
    for (const Piece& p : pieces) {
      const double a = std::max(t, p.from);
      const double b = std::min(end, p.to);
      if (p.phase == phase && b > a) {
        sum += (p.ratio * p.ratio - 1.0) * (primitive(b) - primitive(a));
      }
    }
    return std::sqrt(sum * hertz);
  }
  /// Starts of the exact windows of a channel, from its zero crossings, in [from, to).
  [[nodiscard]] std::vector<double> window_starts(int phase, double from, double to) const {
    std::vector<double> starts;
    for (double k = std::ceil(2.0 * (hertz * from - phase / 3.0));; k += 1.0) {
      const double t = (0.5 * k + phase / 3.0) / hertz;
      if (t >= to) {
        return starts;
      }
      starts.push_back(t);
    }
  }
};

struct Span {
  double start = 0.0;
  double end = 0.0;
};

/// The polyphase dip (below 0.9, back at 0.92) or interruption (all below 0.05, one back at 0.07)
/// of exact windows; nothing unless there is exactly one.
std::optional<Span> exact_event(const Line& line, double duration, bool interruption) {
  const double begin = interruption ? 0.05 : 0.90;
  const double back = interruption ? 0.07 : 0.92;
  struct Step {
    double end;
    double start;
    int phase;
    double ratio;
  };
  std::vector<Step> steps;
  for (int k = 0; k < 3; ++k) {
    for (const double t : line.window_starts(k, 0.1, duration - 0.1)) {
      steps.push_back({t + 1.0 / line.hertz, t, k, line.u_half(k, t)});
    }
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.end < b.end; });
  std::array<bool, 3> below{};
  std::vector<Span> found;
  bool on = false;
  for (const Step& s : steps) {
    bool& own = below[static_cast<std::size_t>(s.phase)];
    own = own ? s.ratio < back : s.ratio < begin;
    const bool any = below[0] || below[1] || below[2];
    const bool all = below[0] && below[1] && below[2];
    const bool now = interruption ? all : any;
    if (now && !on) {
      found.push_back({s.start, 0.0});
    }
    if (!now && on) {
      found.back().end = s.end;
    }
    on = now;
  }
  if (found.size() != 1 || on) {
    return std::nullopt;
  }
  return found[0];
}

/// Engine and detectors as a meter has them.
struct Chain final : HalfCycleSink, metrology::EventQuery {
  Chain()
      : detector({.reference_volts = kUdin},
                 [this](const VoltageEvent& e) { events.push_back(e); }),
        rvc({.reference_volts = kUdin}, [this](const RapidVoltageChange& c) {
          changes.push_back(c);
          reported_at.push_back(now);
        }) {}
  void on_voltage_window(const VoltageWindow& w) override {
    now = seconds(w.end);
    detector.push(w.channel, w.start, w.end, w.u_rms_volts);
    rvc.push(w.channel, w.start, w.end, w.u_rms_volts);
  }
  void on_break() override {
    detector.interrupt();
    rvc.interrupt();
  }
  [[nodiscard]] bool touched(Instant start, Instant end) const override {
    return detector.touched(start, end);
  }
  [[nodiscard]] std::vector<VoltageEvent> of(EventType type) const {
    std::vector<VoltageEvent> out;
    std::copy_if(events.begin(), events.end(), std::back_inserter(out),
                 [type](const VoltageEvent& e) { return e.type == type; });
    return out;
  }

  std::vector<VoltageEvent> events;
  std::vector<RapidVoltageChange> changes;
  std::vector<double> reported_at;
  double now = 0.0;
  VoltageEventDetector detector;
  RvcDetector rvc;
};

InputMask three_inputs() { return mask_of({Input::V1, Input::V2, Input::V3}); }

std::unique_ptr<Engine> engine_for(Chain& chain, Recorder& recorder, double rate) {
  auto engine = Engine::create({.system = {}, .inputs = three_inputs(), .sample_rate_hertz = rate});
  (*engine)->add_sink(&recorder);
  (*engine)->add_half_cycle_sink(&chain);
  (*engine)->set_event_query(&chain);
  return std::move(*engine);
}

void run(Chain& chain, const Line& line, double duration) {
  Recorder recorder(kStart);
  const auto engine = engine_for(chain, recorder, line.rate);
  const Samples s = line.sample(duration);
  engine->push(block_of(s, 0, s.count(), kStart, three_inputs()));
  engine->finish();
}

// ---- 3 -----------------------------------------------------------------------------------------

TEST(TenCases, Case3ADipRollingOverThreePhasesWithoutAGapIsOneEvent) {
  Line line;
  line.add(0, 0.5013, 0.6513, 0.5);
  line.add(1, 0.6513, 0.8013, 0.6);
  line.add(2, 0.8013, 0.9513, 0.4);
  Chain chain;
  run(chain, line, 1.5);
  ASSERT_EQ(chain.events.size(), 1U);
  const VoltageEvent& dip = chain.events[0];
  const auto truth = exact_event(line, 1.5, false);
  ASSERT_TRUE(truth);
  EXPECT_EQ(dip.type, EventType::Dip);
  EXPECT_NEAR(seconds(*dip.start), truth->start, 1e-5);
  EXPECT_NEAR(seconds(*dip.end), truth->end, 1e-5);
  EXPECT_NEAR(dip.extreme_volts, 0.4 * kUdin, 0.01);
  EXPECT_EQ(dip.worst_phase, 2);
  for (const PhaseEvent& phase : dip.phases) {
    EXPECT_TRUE(phase.involved);
    EXPECT_LT((*phase.end - *phase.start).to_seconds(), 0.2);
  }
}

TEST(TenCases, Case3ACollapseWithStaggeredRecoveryIsAnInterruptionShorterThanItsDip) {
  Line line;
  line.add(0, 0.5013, 0.8013, 0.01);
  line.add(1, 0.5013, 0.9013, 0.01);
  line.add(2, 0.5013, 1.0013, 0.01);
  Chain chain;
  run(chain, line, 1.5);
  ASSERT_EQ(chain.events.size(), 2U);
  const auto dips = chain.of(EventType::Dip);
  const auto interruptions = chain.of(EventType::Interruption);
  ASSERT_EQ(dips.size(), 1U);
  ASSERT_EQ(interruptions.size(), 1U);
  const auto dip = exact_event(line, 1.5, false);
  const auto interruption = exact_event(line, 1.5, true);
  ASSERT_TRUE(dip && interruption);
  EXPECT_NEAR(seconds(*dips[0].start), dip->start, 1e-5);
  EXPECT_NEAR(seconds(*dips[0].end), dip->end, 1e-5);
  EXPECT_NEAR(seconds(*interruptions[0].start), interruption->start, 1e-5);
  EXPECT_NEAR(seconds(*interruptions[0].end), interruption->end, 1e-5);
  EXPECT_GT(dips[0].duration_seconds, interruptions[0].duration_seconds + 0.2);
}

// ---- 4 -----------------------------------------------------------------------------------------

constexpr double kThreshold = 0.05;

/// IEC 61000-4-30 §5.11 over the exact Urms(1/2) of one channel, all at once: threshold 5 %,
/// hysteresis half of it, at 50 Hz. Nothing unless there is exactly one change. Over Udin.
struct ExactChange {
  double delta_max = 0.0;
  double delta_steady = 0.0;
  double start = 0.0;
  double end = 0.0;
};
std::optional<ExactChange> exact_change(const Line& line, int phase, double duration) {
  constexpr std::size_t kSecond = 100;
  const std::vector<double> starts = line.window_starts(phase, 0.1, duration - 0.1);
  std::vector<double> u;
  std::vector<ExactChange> found;
  bool steady = true;
  double mean_before = 1.0;
  for (std::size_t n = 0; n < starts.size(); ++n) {
    u.push_back(line.u_half(phase, starts[n]));
    if (n + 1 < kSecond) {
      continue;
    }
    double mean = 0.0;
    for (std::size_t k = n + 1 - kSecond; k <= n; ++k) {
      mean += u[k] / static_cast<double>(kSecond);
    }
    double furthest = 0.0;
    for (std::size_t k = n + 1 - kSecond; k <= n; ++k) {
      furthest = std::max(furthest, std::abs(u[k] - mean));
    }
    const bool now = furthest <= (steady ? kThreshold : 0.5 * kThreshold);
    if (steady && !now) {
      found.push_back({0.0, 0.0, starts[n], 0.0});
    }
    if (!now) {
      found.back().delta_max = std::max(found.back().delta_max, std::abs(u[n] - mean_before));
    } else if (!steady) {
      found.back().delta_steady = std::abs(mean - mean_before);
      found.back().end = starts[n] + 1.0 / line.hertz - 1.0;
    }
    steady = now;
    mean_before = now ? mean : mean_before;
  }
  if (found.size() != 1 || !steady) {
    return std::nullopt;
  }
  return found[0];
}

std::size_t changes_after_a_step_of(double ratio) {
  Line line;
  line.rate = 2000.0;
  line.add(0, 2.0, 100.0, 1.0 - ratio);
  Chain chain;
  run(chain, line, 6.0);
  for (std::size_t k = 0; k < chain.changes.size(); ++k) {
    EXPECT_GE(chain.reported_at[k], seconds(chain.changes[k].end) + 1.0 - 1e-3)
        << "nothing before the event's end plus a second";
  }
  return chain.changes.size();
}

TEST(TenCases, Case4RapidChangesAHundredthOfAPercentInsideAndOutsideTheThreshold) {
  // The smallest step that takes an exact Urms(1/2) beyond the threshold from the mean of its
  // second, by bisection.
  const auto leaves = [](double d) {
    Line line;
    line.rate = 2000.0;
    line.add(0, 2.0, 100.0, 1.0 - d);
    return exact_change(line, 0, 6.0).has_value();
  };
  double low = 0.04;
  double high = 0.06;
  for (int k = 0; k < 40; ++k) {
    const double middle = 0.5 * (low + high);
    (leaves(middle) ? high : low) = middle;
  }
  EXPECT_EQ(changes_after_a_step_of(low - 1e-4), 0U) << low;
  EXPECT_EQ(changes_after_a_step_of(low + 1e-4), 1U) << low;
}

TEST(TenCases, Case4AChangeThatCrossesTheDipThresholdLaterIsNone) {
  Line line;
  line.rate = 2000.0;
  line.add(1, 2.0, 100.0, 0.94);
  line.add(1, 2.9, 2.95, 0.85);
  Chain chain;
  run(chain, line, 6.0);
  EXPECT_TRUE(chain.changes.empty());
  EXPECT_EQ(chain.of(EventType::Dip).size(), 1U) << "only the dip is kept";
}

TEST(TenCases, Case4TwoStepsMergeWithinASecondAndAreTwoBeyondIt) {
  for (const auto& [apart, expected] : {std::pair{0.95, 1U}, std::pair{1.05, 2U}}) {
    Line line;
    line.rate = 2000.0;
    line.add(2, 2.0, 2.0 + apart, 0.94);
    Chain chain;
    run(chain, line, 6.0);
    EXPECT_EQ(chain.changes.size(), expected) << apart;
    if (expected == 1U && chain.changes.size() == 1U) {
      const auto truth = exact_change(line, 2, 6.0);
      ASSERT_TRUE(truth);
      EXPECT_NEAR(chain.changes[0].delta_max_volts, truth->delta_max * kUdin, 0.005);
      EXPECT_NEAR(chain.changes[0].delta_steady_volts, truth->delta_steady * kUdin, 0.005);
      EXPECT_NEAR(seconds(chain.changes[0].start), truth->start, 1e-3);
      EXPECT_NEAR(seconds(chain.changes[0].end), truth->end, 0.011);
    }
  }
}

// ---- 5 -----------------------------------------------------------------------------------------

TEST(TenCases, Case5ATenMillisecondDipOnL3MarksExactlyTheIntervalsThatItTouches) {
  Line line;
  line.rate = 2000.0;
  line.hertz = 49.97;
  // Across the end of a 150/180-cycle interval and of a second, 204 s after a ten-minute tick.
  line.add(2, 203.995, 204.005, 0.3);
  constexpr double kDuration = 820.0;
  Chain chain;
  Recorder r(kStart);
  const auto engine = engine_for(chain, r, line.rate);
  const Samples s = line.sample(kDuration);
  engine->push(block_of(s, 0, s.count(), kStart, three_inputs()));
  engine->finish();
  ASSERT_EQ(chain.events.size(), 1U);
  const auto truth = exact_event(line, kDuration, false);
  ASSERT_TRUE(truth);
  std::size_t flagged = 0;
  for (const Interval interval :
       {Interval::HalfCycle, Interval::TenTwelveCycle, Interval::OneSecond,
        Interval::OneFiftyOneEightyCycle, Interval::TenSecond, Interval::TenMinute}) {
    std::size_t here = 0;
    for (const IntervalCopy& v : r.get(interval)) {
      const bool touched = v.start < truth->end && v.end > truth->start;
      if (interval == Interval::TenTwelveCycle) {
        EXPECT_EQ(v.marks.flagged, touched) << v.start;
      } else if (interval == Interval::HalfCycle) {
        // One that is out before the event is known cannot know of it.
        EXPECT_TRUE(touched || !v.marks.flagged) << v.start;
      } else {
        const auto& inputs = r.get(Interval::TenTwelveCycle);
        const bool has_flagged =
            std::any_of(inputs.begin(), inputs.end(), [&v](const IntervalCopy& input) {
              return input.marks.flagged && input.end > v.start + 1e-4 && input.end < v.end + 1e-4;
            });
        EXPECT_EQ(v.marks.flagged, has_flagged) << name(interval) << " " << v.start;
      }
      EXPECT_TRUE(v.marks.complete || interval == Interval::TenMinute);
      EXPECT_TRUE(v.marks.clock_ok);
      EXPECT_TRUE(v.marks.sync_ok) << name(interval) << " " << v.start;
      here += v.marks.flagged ? 1 : 0;
    }
    flagged += here;
    EXPECT_GE(here, interval == Interval::TenMinute ? 0U : 1U) << name(interval);
    EXPECT_LE(here, interval == Interval::HalfCycle ? 8U : 2U) << name(interval);
  }
  EXPECT_GT(flagged, 0U);
}

TEST(TenCases, Case5AGapAloneFlagsNothing) {
  Line line;
  line.rate = 2000.0;
  Chain chain;
  Recorder r(kStart);
  const auto engine = engine_for(chain, r, line.rate);
  const Samples s = line.sample(30.0);
  const std::size_t half = s.count() / 2;
  engine->push(block_of(s, 0, half, kStart, three_inputs()));
  auto second = block_of(s, half, s.count() - half, kStart, three_inputs());
  // 7.3 s are missing; the samples after them are those of the later time.
  second.discontinuity = Discontinuity::Gap;
  second.time = {half, kStart + Duration::from_seconds(15.0 + 7.3), line.rate};
  engine->push(second);
  engine->finish();
  EXPECT_TRUE(chain.events.empty()) << "lost time is no interruption";
  EXPECT_TRUE(chain.changes.empty());
  for (const auto& values : r.of) {
    for (const IntervalCopy& v : values) {
      EXPECT_FALSE(v.marks.flagged) << name(v.interval) << " " << v.start;
      EXPECT_FALSE(v.start < 22.299 && v.end > 15.001 && v.marks.complete &&
                   v.interval != Interval::HalfCycle)
          << "what the gap touches is not complete: " << name(v.interval) << " " << v.start;
    }
  }
}

}  // namespace
}  // namespace halfcycle::quality
