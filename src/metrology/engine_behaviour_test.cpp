// SPDX-License-Identifier: Apache-2.0
// What the engine does when the signal is not steady: dips, jumps, dead lines, ramps, missing
// samples, gaps, short records, blocks of any size; and that it allocates nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "metrology/engine_test_signal.hpp"

namespace {
// Counts every allocation of this program while `counting` is set.
std::size_t allocations = 0;
bool counting = false;
}  // namespace

// Not inlined: the compiler would see free() on what it thinks another new made.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations += counting ? 1 : 0;
  if (void* p = std::malloc(size == 0 ? 1 : size)) {
    return p;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace halfcycle::metrology::test {
namespace {

using Q = QuantityId;
constexpr double kRoot2 = 1.41421356237309504880;

/// Three voltages of 230 V with amplitude a(k, t) and phase turns p(t), 17 currents absent.
Samples three_voltages(double rate, double seconds, const std::function<double(int, double)>& a,
                       const std::function<double(double)>& turns) {
  Samples s(rate, seconds);
  for (int k = 0; k < 3; ++k) {
    s.fill(static_cast<Input>(k), [&](double t) {
      const double theta = 2.0 * kTestPi * (turns(t) - k / 3.0 + 0.05);
      return a(k, t) * 230.0 * kRoot2 * (std::sin(theta) + 0.05 * std::sin(5.0 * theta));
    });
  }
  return s;
}

InputMask three_inputs() { return mask_of({Input::V1, Input::V2, Input::V3}); }

TEST(Engine, APhaseThatDipsDoesNotMoveTheFrequency) {
  constexpr double kHertz = 50.3;
  const Recorder r =
      measure({}, three_inputs(),
              three_voltages(
                  10000.0, 2.0,
                  [](int k, double t) { return k == 1 && t >= 0.513 && t < 0.777 ? 0.4 : 1.0; },
                  [](double t) { return kHertz * t; }));
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_NEAR(h[Q::Freq], kHertz, 1e-3) << h.end;
    EXPECT_TRUE(h.marks.sync_ok);
  }
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    EXPECT_NEAR(v[Q::Freq], kHertz, 1e-5);
    EXPECT_NEAR(v[Q::VlnA], 230.0 * std::hypot(1.0, 0.05), 1e-3);
  }
}

// A step of amplitude at any point on wave: Urms(1/2) on its own window has a closed form, and the
// windows stay at the zero crossings of the undisturbed fundamental.
TEST(Engine, UrmsHalfOfAOneCycleDipSweptOverThePointsOnWave) {
  constexpr double kHertz = 50.0;
  double smallest = 1.0;
  double largest = 0.0;
  for (int point = 0; point < 36; ++point) {
    const double start = 0.3 + point / 36.0 / kHertz;
    const double end = start + 1.0 / kHertz;
    Samples s(25600.0, 0.6);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        const double a = t >= start && t < end ? 0.5 : 1.0;
        return a * 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (kHertz * t - k / 3.0));
      });
    }
    const Recorder r = measure({}, three_inputs(), s);
    std::array<double, 3> residual{1.0, 1.0, 1.0};
    for (const WindowCopy& w : r.windows) {
      // ∫ of a²·2·sin² over the parts of the window outside and inside the dip.
      const auto primitive = [&](double t) {
        const double theta = 2.0 * kTestPi * (kHertz * t - w.channel / 3.0);
        return t - std::sin(2.0 * theta) / (4.0 * kTestPi * kHertz);
      };
      const auto between = [&](double a, double b) {
        return b > a ? primitive(b) - primitive(a) : 0.0;
      };
      const double inside = between(std::max(w.start, start), std::min(w.end, end));
      const double whole = between(w.start, w.end);
      const double truth = std::sqrt((whole - 0.75 * inside) * kHertz);
      // One sample of a step lies on either side of its edge: 1/512 of a cycle at worst.
      EXPECT_NEAR(w.rms / 230.0, truth, 2.5e-3) << point << " " << w.start;
      const double half_turns = 2.0 * (kHertz * w.start - w.channel / 3.0);
      EXPECT_NEAR(half_turns, std::round(half_turns), 2e-3) << point << " " << w.start;
      residual[static_cast<std::size_t>(w.channel)] =
          std::min(residual[static_cast<std::size_t>(w.channel)], w.rms / 230.0);
    }
    for (const double x : residual) {
      smallest = std::min(smallest, x);
      largest = std::max(largest, x);
    }
  }
  EXPECT_NEAR(smallest, 0.500, 0.002);
  // A dip that begins at a quarter of the wave: windows at zero crossings see half cycles of it.
  // derived: 3/4 of the cycle's square sum inside, 1/4 out: √(0.25·0.75 + 0.25) = 0.6614.
  EXPECT_NEAR(largest, 0.661, 0.002);
}

// One-cycle phasors that take in the beginning and the end of such a swell are equal in magnitude
// and wrong in angle: they must not move the windows.
TEST(Engine, ASwellOfOneAndAHalfCyclesDoesNotMoveTheWindows) {
  constexpr double kHertz = 50.0;
  constexpr double kRate = 25600.0;
  for (const double factor : {1.2, 1.3, 1.6}) {
    const double start = 0.305 + 0.5 / kRate;
    const double end = start + 1.5 / kHertz;
    Samples s(kRate, 0.6);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        const double a = t >= start && t < end ? factor : 1.0;
        return a * 230.0 * kRoot2 * std::sin(2.0 * kTestPi * (kHertz * t - k / 3.0));
      });
    }
    const Recorder r = measure({}, three_inputs(), s);
    EXPECT_GT(r.windows.size(), 150U);
    for (const WindowCopy& w : r.windows) {
      const double half_turns = 2.0 * (kHertz * w.start - w.channel / 3.0);
      EXPECT_NEAR(half_turns, std::round(half_turns), 2e-4) << factor << " " << w.start;
    }
  }
}

// An interharmonic moves magnitude and angle of every cycle; that is no disturbance. Windows keep
// their lock from the first to the last one of a record: order 29 would read low otherwise.
TEST(Engine, ASteadyInterharmonicMovesNeitherWindowsNorSpectra) {
  constexpr double kHertz = 47.3;
  for (const double order : {0.5, 1.5, 1.7, 2.3, 2.5, 3.5}) {
    for (const double ratio : {0.01, 0.05}) {
      for (const bool one_phase : {true, false}) {
        Feeder feeder = Feeder::balanced(kHertz);
        feeder.add_harmonic(29.0, 0.01, 0.01, 20.0);
        for (std::size_t k = 0; k < (one_phase ? 1U : 3U); ++k) {
          feeder.u[k].tones.push_back(
              {order * kHertz, ratio * 230.0, 71.0 - 120.0 * order * static_cast<double>(k)});
        }
        const Recorder r = measure({}, seven_inputs(), feeder.sample(10000.0, 0.45));
        ASSERT_EQ(r.get(Interval::TenTwelveCycle).size(), 2U);
        for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
          EXPECT_NEAR(v[Q::Freq], kHertz, 1e-3) << order << " " << ratio;
          const auto magnitude = [&v](SpectrumKind kind, std::size_t h) {
            return static_cast<double>(v.spectra->get(Input::V1, kind)[h]);
          };
          EXPECT_NEAR(magnitude(SpectrumKind::Magnitude, 29), 0.01, 0.01 * 2e-4)
              << order << " " << ratio;
          EXPECT_NEAR(
              magnitude(SpectrumKind::Interharmonic, static_cast<std::size_t>(std::floor(order))),
              ratio, 1e-3 * ratio)
              << order;
        }
      }
    }
  }
}

// The gate takes what changes all the time for granted and nothing more.
TEST(Engine, ADipBesideAnInterharmonicIsStillHeldBack) {
  constexpr double kHertz = 49.8;
  for (const double order : {1.5, 2.5}) {
    Samples s(10000.0, 2.0);
    for (int k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), [&](double t) {
        const double theta = 2.0 * kTestPi * (kHertz * t - k / 3.0 + 0.05);
        const double a = t >= 0.9181 && t < 0.9681 ? 0.6 : 1.0;
        return 230.0 * kRoot2 *
               (a * std::sin(theta) + 0.01 * std::sin(order * theta + 1.0 - 0.3 * k));
      });
    }
    const Recorder r = measure({}, three_inputs(), s);
    for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
      EXPECT_NEAR(v[Q::Freq], kHertz, 5e-3) << order << " " << v.start;
    }
  }
}

TEST(Engine, APhaseJumpIsNotAFrequency) {
  for (const double degrees : {-30.0, 20.0, 60.0, 120.0}) {
    const Recorder r =
        measure({}, three_inputs(),
                three_voltages(
                    10000.0, 2.0, [](int, double) { return 1.0; },
                    [&](double t) { return 49.8 * t + (t >= 0.513 ? degrees / 360.0 : 0.0); }));
    for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
      EXPECT_NEAR(v[Q::Freq], 49.8, 1e-4) << degrees << " " << v.start;
    }
    for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
      EXPECT_NEAR(h[Q::Freq], 49.8, 2e-3) << degrees << " " << h.end;
    }
    // The standard's count of cycles over a second takes the jump in.
    ASSERT_EQ(r.get(Interval::OneSecond).size(), 2U);
    EXPECT_NEAR(r.get(Interval::OneSecond)[1][Q::Freq], 49.8, 1e-4);
    if (degrees == 20.0) {
      EXPECT_NEAR(r.get(Interval::OneSecond)[0][Q::Freq], 49.8 + 20.0 / 360.0 / 0.97, 2e-3)
          << "49 whole cycles in 0.97 s, and the jump";
    }
  }
}

TEST(Engine, ADeadLineKeepsItsWindowsAndHasNoFrequency) {
  constexpr double kHertz = 50.3;
  const auto dead = [](double t) { return t >= 0.713 && t < 1.977; };
  const Recorder r =
      measure({}, three_inputs(),
              three_voltages(
                  10000.0, 3.2, [&](int, double t) { return dead(t) ? 0.0 : 1.0; },
                  [&](double t) { return kHertz * t + (t > 1.0 ? 1.0 / 3.0 : 0.0); }));
  const auto& windows = r.get(Interval::TenTwelveCycle);
  ASSERT_EQ(windows.size(), 16U);
  for (std::size_t k = 0; k < windows.size(); ++k) {
    const IntervalCopy& v = windows[k];
    EXPECT_NEAR(v.end - v.start, 10.0 / kHertz, 1e-6) << "at the last frequency";
    EXPECT_NEAR(v.start, k == 0 ? 0.0 : windows[k - 1].end, 2e-9);
    const bool touched = v.end > 0.70 && v.start < 2.06;
    EXPECT_EQ(v.marks.sync_ok, !touched) << v.start;
    EXPECT_EQ(is_available(v[Q::Freq]), !touched) << v.start;
    EXPECT_TRUE(v.marks.complete);
    if (v.start > 0.72 && v.end < 1.97) {
      EXPECT_NEAR(v[Q::VlnA], 0.0, 1e-3);
      EXPECT_FALSE(is_available(v[Q::VunbalU2]));
      EXPECT_FALSE(is_available(v[Q::V2Ang]));
      EXPECT_FALSE(is_available(v[Q::V1Thd]));
    }
  }
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    if (h.start > 0.73 && h.end < 1.97) {
      EXPECT_FALSE(is_available(h[Q::Freq])) << h.end;
      EXPECT_FALSE(h.marks.sync_ok);
      EXPECT_NEAR(h[Q::VlnA], 0.0, 0.1) << h.end;
    } else if (is_available(h[Q::Freq])) {
      EXPECT_NEAR(h[Q::Freq], kHertz, 2e-3) << h.end;
    }
  }
  EXPECT_FALSE(is_available(r.get(Interval::OneSecond).at(1)[Q::Freq]));
}

TEST(Engine, WithTheReferencePhaseDeadTheOthersCarryTheFrequency) {
  const Recorder r =
      measure({}, three_inputs(),
              three_voltages(
                  10000.0, 1.2, [](int k, double t) { return k != 2 && t > 0.4 ? 0.0 : 1.0; },
                  [](double t) { return 49.9 * t; }));
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    if (h.start > 0.5) {
      EXPECT_NEAR(h[Q::Freq], 49.9, 1e-3);
      EXPECT_TRUE(h.marks.sync_ok);
      EXPECT_NEAR(h[Q::VlnC], 230.0 * std::hypot(1.0, 0.05), 0.01);
    }
  }
}

TEST(Engine, WindowsFollowARampAndSpectraStayClean) {
  for (const double slope : {-1.0, 1.0}) {
    const Recorder r = measure({}, three_inputs(),
                               three_voltages(
                                   10000.0, 2.5, [](int, double) { return 1.0; },
                                   [&](double t) { return 50.0 * t + 0.5 * slope * t * t; }));
    const auto& windows = r.get(Interval::TenTwelveCycle);
    for (std::size_t k = 1; k < windows.size(); ++k) {
      const IntervalCopy& v = windows[k];
      const double mean = 50.0 + slope * 0.5 * (v.start + v.end);
      EXPECT_NEAR(v[Q::Freq], mean, 1e-4) << v.start;
      const auto& h = v.spectra->get(Input::V1, SpectrumKind::Magnitude);
      EXPECT_NEAR(static_cast<double>(h[5]), 0.05, 1e-5);
      for (std::size_t n = 2; n < 50; ++n) {
        EXPECT_LT(static_cast<double>(v.spectra->get(Input::V1, SpectrumKind::Interharmonic)[n]),
                  1e-4);
        if (n != 5) {
          EXPECT_LT(static_cast<double>(h[n]), 1e-4);
        }
      }
    }
    for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
      if (h.start > 0.3) {
        // The per-cycle value belongs to the centres of two cycles: half a cycle before its own.
        const double at = 0.5 * (h.start + h.end) - 0.01;
        EXPECT_NEAR(h[Q::Freq], 50.0 + slope * at, 1e-3) << h.end;
      }
    }
  }
}

TEST(Engine, AStepOfFrequencyIsFollowedWithinAFewCycles) {
  const Recorder r =
      measure({}, three_inputs(),
              three_voltages(
                  10000.0, 2.0, [](int, double) { return 1.0; },
                  [](double t) { return t < 0.8 ? 50.0 * t : 50.0 * 0.8 + 51.5 * (t - 0.8); }));
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    if (h.start > 0.9) {
      EXPECT_NEAR(h[Q::Freq], 51.5, 1e-3) << h.end;
    }
  }
  EXPECT_NEAR(r.get(Interval::TenTwelveCycle).back()[Q::Freq], 51.5, 1e-4);
}

TEST(Engine, MissingSamplesMakeOnlyWhatTheyTouchNotAvailable) {
  Samples s = Feeder::balanced(50.0).sample(10000.0, 1.0);
  s.frames[4321 * 8 + lane(Input::V2)] = std::numeric_limits<float>::quiet_NaN();
  const Recorder r = measure({}, seven_inputs(), s);
  const auto& windows = r.get(Interval::TenTwelveCycle);
  ASSERT_EQ(windows.size(), 5U);
  for (std::size_t k = 0; k < 5; ++k) {
    const IntervalCopy& v = windows[k];
    const bool touched = k == 2;
    EXPECT_EQ(is_available(v[Q::VlnB]), !touched);
    EXPECT_EQ(is_available(v[Q::KwTot]), !touched);
    EXPECT_EQ(is_available(v[Q::VllBc]), !touched);
    EXPECT_EQ(is_available(v[Q::VunbalU2]), !touched);
    EXPECT_EQ(v.marks.complete, !touched);
    EXPECT_NEAR(v[Q::VlnA], 230.0, 1e-3);
    EXPECT_NEAR(v[Q::KwC], 230.0 * 5.0 * std::sqrt(0.75), 1e-2);
    EXPECT_NEAR(v[Q::Freq], 50.0, 1e-5);
  }
  std::size_t missing = 0;
  for (const WindowCopy& w : r.windows) {
    missing += w.channel == 1 && std::isnan(w.rms) ? 1 : 0;
    EXPECT_TRUE(w.channel == 1 || !std::isnan(w.rms));
  }
  EXPECT_GE(missing, 2U);
  EXPECT_LE(missing, 4U);
  for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
    EXPECT_NEAR(h[Q::Freq], 50.0, 1e-3) << h.end;
  }
}

TEST(Engine, NothingSpansAGap) {
  const Feeder feeder = Feeder::balanced(50.1);
  const Samples s = feeder.sample(10000.0, 2.0);
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  Recorder r(start);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  ASSERT_TRUE(engine);
  (*engine)->add_sink(&r);
  (*engine)->add_half_cycle_sink(&r);
  // 0.9 s, then 5.0 s missing, then the rest: a gap skips no index.
  (*engine)->push(block_of(s, 0, 9000, start, seven_inputs()));
  SampleBlock after = block_of(s, 9000, 11000, start, seven_inputs());
  after.discontinuity = Discontinuity::Gap;
  after.time = {9000, start + Duration::ms(5900), s.rate};
  (*engine)->push(after);
  (*engine)->finish();
  EXPECT_EQ(r.breaks, 1);
  std::size_t before_gap = 0;
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    EXPECT_TRUE(v.end <= 0.9 + 1e-6 || v.start >= 5.9 - 1e-6) << v.start;
    before_gap += v.end < 1.0 ? 1 : 0;
    EXPECT_NEAR(v[Q::VlnA], 230.0, 2e-3);
    EXPECT_TRUE(v.marks.complete);
  }
  EXPECT_EQ(before_gap, 4U);
  EXPECT_EQ(r.get(Interval::TenTwelveCycle).size(), 4U + 5U);
  EXPECT_NEAR(r.get(Interval::TenTwelveCycle)[4].start, 5.9, 1e-6);
  for (const WindowCopy& w : r.windows) {
    EXPECT_TRUE(w.end <= 0.9 + 1e-4 || w.start >= 5.9) << w.start;
    EXPECT_NEAR(w.rms, 230.0, 0.01) << "lost time never looks like an interruption";
  }
  // Second 0 is cut by the gap and marked, in 5 no window ends, 6 is whole.
  const auto& seconds = r.get(Interval::OneSecond);
  ASSERT_EQ(seconds.size(), 2U);
  EXPECT_FALSE(seconds[0].marks.complete);
  EXPECT_EQ(seconds[0].inputs, 4U);
  EXPECT_TRUE(seconds[1].marks.complete);
  EXPECT_NEAR(seconds[1].start, 6.0, 1e-9);
  EXPECT_NEAR((*engine)->energy(Q::KwhDel), 3.0 * 230.0 * 5.0 * std::sqrt(0.75) * 2.0, 0.5);
}

void expect_same(const Recorder& a, const Recorder& b) {
  for (std::size_t k = 0; k < kIntervalCount; ++k) {
    ASSERT_EQ(a.of[k].size(), b.of[k].size()) << k;
    for (std::size_t n = 0; n < a.of[k].size(); ++n) {
      const IntervalCopy& x = a.of[k][n];
      const IntervalCopy& y = b.of[k][n];
      EXPECT_EQ(x.start, y.start);
      EXPECT_EQ(x.end, y.end);
      EXPECT_EQ(x.marks, y.marks);
      EXPECT_EQ(std::memcmp(x.values.data(), y.values.data(), x.values.size() * sizeof(double)), 0);
      ASSERT_EQ(x.spectra == nullptr, y.spectra == nullptr);
      if (x.spectra != nullptr) {
        EXPECT_EQ(std::memcmp(x.spectra.get(), y.spectra.get(), sizeof(Spectra)), 0);
      }
    }
  }
  ASSERT_EQ(a.windows.size(), b.windows.size());
  for (std::size_t n = 0; n < a.windows.size(); ++n) {
    EXPECT_EQ(a.windows[n].start, b.windows[n].start);
    EXPECT_EQ(a.windows[n].channel, b.windows[n].channel);
    EXPECT_EQ(std::memcmp(&a.windows[n].rms, &b.windows[n].rms, sizeof(double)), 0);
  }
}

TEST(Engine, BlocksOfAnySizeGiveTheSameBits) {
  for (const double rate : {1000.0, 10000.0}) {
    Feeder feeder = Feeder::balanced(49.93);
    feeder.add_harmonic(5, 0.05, 0.1, 10.0);
    Samples s = feeder.sample(rate, 1.3);
    for (std::size_t n = s.count() / 2; n < s.count() * 3 / 4; ++n) {
      s.frames[n * 8 + 1] *= 0.3F;  // a dip
    }
    const Recorder whole = measure({}, seven_inputs(), s, s.count());
    EXPECT_FALSE(whole.get(Interval::OneSecond).empty());
    for (const std::size_t block : {1U, 7U, 480U, 4096U}) {
      expect_same(measure({}, seven_inputs(), s, block), whole);
    }
  }
}

/// What was handed over, in order: half cycles, voltage windows and intervals.
class Order final : public IntervalSink, public HalfCycleSink {
 public:
  void on_interval(const IntervalValues& v) override {
    entries.push_back({static_cast<int>(v.interval), v.end});
    sum_ += v[QuantityId::VlnA] * static_cast<double>(entries.size());
  }
  void on_voltage_window(const VoltageWindow& w) override {
    entries.push_back({100 + w.channel, w.end});
  }
  void on_half_cycle(const HalfCycleDetail& d) override { entries.push_back({200, d.end}); }
  [[nodiscard]] double sum() const { return sum_; }
  std::vector<std::pair<int, Instant>> entries;

 private:
  double sum_ = 0.0;
};

TEST(Engine, WorkBetweenTheBlocksChangesNeitherValuesNorOrder) {
  Feeder feeder = Feeder::balanced(50.07);
  feeder.add_harmonic(7, 0.05, 0.1, 10.0);
  const Samples s = feeder.sample(10000.0, 2.2);
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  EngineSetup setup{.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate};
  setup.tables = make_engine_tables(setup);
  setup.workspace = make_engine_workspace(*setup.tables);
  // Two engines on one workspace; calls: how often work() is asked for after the n-th block.
  const auto run = [&](auto calls) {
    std::array<Recorder, 2> values{Recorder(start), Recorder(start)};
    std::array<Order, 2> orders;
    std::array<std::unique_ptr<Engine>, 2> engines;
    for (std::size_t k = 0; k < 2; ++k) {
      engines[k] = std::move(*Engine::create(setup));
      engines[k]->add_sink(&values[k]);
      engines[k]->add_sink(&orders[k]);
      engines[k]->add_half_cycle_sink(&orders[k]);
    }
    for (std::size_t n = 0; n < s.count(); n += 50) {
      for (const auto& engine : engines) {
        engine->push(
            block_of(s, n, std::min<std::size_t>(50, s.count() - n), start, seven_inputs()));
      }
      for (int c = calls(n / 50); c > 0; --c) {
        engines[static_cast<std::size_t>(c) % 3 % 2]->work();
      }
    }
    for (const auto& engine : engines) {
      engine->finish();
    }
    return std::pair{std::move(values), std::move(orders)};
  };
  const auto never = run([](std::size_t) { return 0; });
  EXPECT_EQ(never.first[0].get(Interval::TenTwelveCycle).size(), 11U);
  EXPECT_EQ(never.first[0].get(Interval::OneSecond).size(), 2U);
  const auto always = run([](std::size_t) { return 100; });
  const auto now_and_then = run([](std::size_t n) { return static_cast<int>(n * n % 5); });
  for (const auto* other : {&always, &now_and_then}) {
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_TRUE(other->second[k].entries == never.second[k].entries);
      EXPECT_EQ(other->second[k].sum(), never.second[k].sum());
      expect_same(other->first[k], never.first[k]);
    }
  }
}

TEST(Engine, WorkHasTheWindowReadyBeforePushMustDoIt) {
  const Samples s = Feeder::balanced(50.0).sample(10000.0, 2.0);
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  ASSERT_TRUE(engine);
  struct Sink final : IntervalSink {
    bool pushing = false;
    int by_push = 0;
    int by_work = 0;
    void on_interval(const IntervalValues& v) override {
      if (v.interval == Interval::TenTwelveCycle) {
        ++(pushing ? by_push : by_work);
      }
    }
  } sink;
  (*engine)->add_sink(&sink);
  for (std::size_t n = 0; n < s.count(); n += 100) {
    sink.pushing = true;
    (*engine)->push(block_of(s, n, 100, start, seven_inputs()));
    sink.pushing = false;
    while ((*engine)->work()) {
    }
  }
  EXPECT_EQ(sink.by_push, 0);
  EXPECT_EQ(sink.by_work, 8);
}

TEST(Engine, PushAllocatesNothing) {
  const Samples s = Feeder::balanced(50.02).sample(10000.0, 3.0);
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  ASSERT_TRUE(engine);
  struct Counter final : IntervalSink {
    std::size_t count = 0;
    void on_interval(const IntervalValues&) override { ++count; }
  } sink;
  (*engine)->add_sink(&sink);
  allocations = 0;
  counting = true;
  for (std::size_t n = 0; n < s.count(); n += 100) {
    (*engine)->push(block_of(s, n, 100, start, seven_inputs()));
  }
  (*engine)->finish();
  counting = false;
  EXPECT_EQ(allocations, 0U);
  EXPECT_GT(sink.count, 300U);
}

TEST(Engine, ShortRecordsGiveWhatTheyHold) {
  struct Row {
    double cycles;
    std::size_t half_cycles;
    std::size_t windows;
  };
  for (const double rate : {1000.0, 10000.0}) {
    for (const Row& row : {Row{0.4, 0, 0}, Row{1.0, 1, 0}, Row{2.5, 4, 0}, Row{9.9, 18, 0},
                           Row{10.0, 19, 1}, Row{10.4, 19, 1}, Row{20.0, 39, 2}}) {
      Feeder feeder = Feeder::balanced(50.0);
      feeder.add_harmonic(5, 0.05, 0.05, 40.0);
      const Recorder r = measure({}, seven_inputs(), feeder.sample(rate, row.cycles / 50.0));
      EXPECT_EQ(r.get(Interval::HalfCycle).size(), row.half_cycles) << row.cycles << " " << rate;
      EXPECT_EQ(r.get(Interval::TenTwelveCycle).size(), row.windows) << row.cycles << " " << rate;
      for (const WindowCopy& w : r.windows) {
        EXPECT_NEAR(w.rms, 230.0 * std::hypot(1.0, 0.05), 5e-5 * 230.0);
      }
      for (const IntervalCopy& h : r.get(Interval::HalfCycle)) {
        EXPECT_NEAR(h[Q::VlnA], 230.0 * std::hypot(1.0, 0.05), 5e-5 * 230.0);
      }
    }
  }
}

TEST(Engine, BelowEightSamplesACycleThereIsNothing) {
  const Recorder r = measure({}, seven_inputs(), Feeder::balanced(50.0).sample(50.0 * 7.5, 2.0));
  EXPECT_TRUE(r.get(Interval::TenTwelveCycle).empty());
  EXPECT_TRUE(r.get(Interval::HalfCycle).empty());
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = 375.0});
  ASSERT_TRUE(engine);
  EXPECT_FALSE((*engine)->has(Q::VlnA));
}

TEST(Engine, AWindowTouchedByAnEventIsFlaggedThoughTheEventIsFoundInIt) {
  struct Query final : EventQuery, HalfCycleSink {
    Instant from;
    Instant to;
    mutable Instant latest_window;
    Instant asked_until;
    [[nodiscard]] bool touched(Instant start, Instant end) const override {
      // Whoever asks has handed over all windows that begin before `end`: they end a cycle later.
      if (end - start > Duration::ms(100)) {
        EXPECT_GE(latest_window, end + Duration::ms(19));
      }
      return start < to && from < end;
    }
    void on_voltage_window(const VoltageWindow& w) override {
      latest_window = std::max(latest_window, w.end);
    }
  } query;
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  query.from = start + Duration::ms(590);
  query.to = start + Duration::ms(610);
  Recorder r(start);
  const Samples s = Feeder::balanced(50.0).sample(10000.0, 1.5);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  (*engine)->add_sink(&r);
  (*engine)->add_half_cycle_sink(&query);
  (*engine)->set_event_query(&query);
  (*engine)->push(block_of(s, 0, s.count(), start, seven_inputs()));
  const auto& windows = r.get(Interval::TenTwelveCycle);
  ASSERT_GE(windows.size(), 5U);
  for (const IntervalCopy& v : windows) {
    EXPECT_EQ(v.marks.flagged, v.number == 2 || v.number == 3) << v.start;
  }
  ASSERT_FALSE(r.get(Interval::OneSecond).empty());
  EXPECT_TRUE(r.get(Interval::OneSecond)[0].marks.flagged);
}

TEST(Engine, AClockThatIsNotOkMarksItsIntervals) {
  const Instant start = Instant::from_unix_ns(1600000000000000000);
  const Samples s = Feeder::balanced(50.0).sample(10000.0, 1.0);
  Recorder r(start);
  auto engine =
      Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = s.rate});
  (*engine)->add_sink(&r);
  for (std::size_t n = 0; n < s.count(); n += 500) {
    SampleBlock block = block_of(s, n, 500, start, seven_inputs());
    block.time_quality.clock_ok = n != 4500;  // 0.45 … 0.50 s
    (*engine)->push(block);
  }
  (*engine)->finish();
  for (const IntervalCopy& v : r.get(Interval::TenTwelveCycle)) {
    EXPECT_EQ(v.marks.clock_ok, v.number != 2) << v.start;
  }
}

TEST(Engine, RefusesWhatCannotBeMeasured) {
  EXPECT_FALSE(Engine::create({.system = {}, .inputs = seven_inputs(), .sample_rate_hertz = 0.0}));
  EXPECT_FALSE(Engine::create({.system = {}, .inputs = InputMask(), .sample_rate_hertz = 1e4}));
  SystemSetup system;
  system.nominal_frequency_hertz = 0.0;
  const auto refused =
      Engine::create({.system = system, .inputs = seven_inputs(), .sample_rate_hertz = 1e4});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("nominal frequency 0"), std::string::npos);
}

}  // namespace
}  // namespace halfcycle::metrology::test
