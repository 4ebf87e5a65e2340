// SPDX-License-Identifier: Apache-2.0
// From 10/12-cycle values to 1 s, 150/180 cycles, 10 s, 10 min and 2 h (IEC 61000-4-30 §4.4, §4.5).
//
//   Aggregator aggregation(system, inputs, sink);
//   aggregation.begin(segment_start);
//   aggregation.add(ten_twelve_cycle, terms, resynchronised);   // in order; publishes what it ends
//   aggregation.end(segment_end);                                // and what is complete by then
//
// Intervals from 1 s up are aligned to UTC. A 10/12-cycle value belongs to the interval in which it
// ends; one that goes on beyond a ten-minute tick belongs to what ends at the tick, and is counted
// once. The first 10/12-cycle value from a tick on starts a 150/180-cycle interval; one in progress
// goes on beside it until it has its fifteen (§4.5, overlap 1 and 2). The first interval of a run,
// begun before the first sample, and the last, not ended, are left out; one with a gap inside is
// published as not complete.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/instant.hpp"
#include "metrology/accumulator.hpp"
#include "metrology/flicker_series.hpp"
#include "metrology/interval.hpp"

namespace halfcycle::metrology {

/// Whole cycles in an interval over their time, IEC 61000-4-30 §5.1.1, aligned to UTC.
class CycleCounter {
 public:
  explicit CycleCounter(Duration period) : period_(period) {}
  void reset() noexcept;
  /// A fundamental period begins; in order of time.
  void crossing(Instant at) noexcept;
  /// There is no frequency at this time: neither is there for the interval it lies in.
  void lost(Instant at) noexcept;
  /// UTC was corrected by so much; the cycles go on.
  void clock_step(Duration by) noexcept;
  /// Nothing more before `now`.
  void advance(Instant now) noexcept;
  /// Frequency of the interval that starts at `start`; NaN if it was not measured throughout.
  [[nodiscard]] double result(Instant start) const noexcept;
  /// The same for one that has ended by its windows: with a clock that was set back they end before
  /// the cycles do.
  [[nodiscard]] double ended(Instant start) const noexcept;

 private:
  void open(Instant at) noexcept;
  void close() noexcept;
  [[nodiscard]] double counted() const noexcept;

  struct Result {
    Instant start;
    double hertz = kNotAvailable;
  };
  Duration period_;
  bool running_ = false;
  bool valid_ = false;
  Instant start_;
  Instant first_;
  Instant last_;
  std::int64_t crossings_ = 0;
  std::array<Result, 8> results_{};
  std::size_t next_ = 0;
};

/// IEC 61000-4-30 §4.4: where 10/12-cycle windows are synchronised again.
inline constexpr Duration kTickPeriod = Duration::seconds(600);
/// The ends of windows carry the noise of the phase measurement; one this close to a tick ends at
/// it.
inline constexpr Duration kTickTolerance = Duration::us(100);

class Aggregator {
 public:
  Aggregator(const SystemSetup& system, InputMask inputs, IntervalSink& sink);

  /// Measuring begins (again) here, after a start, a gap or a clock step.
  void begin(Instant start) noexcept;
  /// resynchronised: `values` is the first from a ten-minute tick on.
  void add(const IntervalValues& values, const SpectrumTerms* terms,
           bool resynchronised = false) noexcept {
    add(values, terms, resynchronised, values.marks.flagged);
  }
  /// flicker_flagged: of the part of the window before the tick that it goes on beyond.
  void add(const IntervalValues& values, const SpectrumTerms* terms, bool resynchronised,
           bool flicker_flagged) noexcept;
  /// Measuring stops here.
  void end(Instant at) noexcept;

  /// Takes over what Engine::follow says.
  void follow(const SystemSetup& system) noexcept;

  /// Where Pst comes from; outlives the aggregator or is replaced.
  void set_flicker(const FlickerSeries* flicker) noexcept { flicker_ = flicker; }

  CycleCounter& one_second_cycles() noexcept { return one_second_cycles_; }
  CycleCounter& ten_second_cycles() noexcept { return ten_second_cycles_; }

  /// Frequency of the latest 10 s published; NaN before the first, after a gap and where it was
  /// not measured throughout.
  [[nodiscard]] double power_frequency_hertz() const noexcept { return power_frequency_hertz_; }

 private:
  struct Level {
    Interval interval = Interval::OneSecond;
    Duration period;                  ///< 0: counted, not aligned
    std::uint32_t inputs_wanted = 0;  ///< of a counted interval
    bool open = false;
    bool leave_out = false;  ///< begun before the first sample of the run
    bool whole = false;      ///< measured since its first instant
    Instant start;
    Instant covered_to;  ///< end of the latest input
    std::uint32_t inputs = 0;
    std::uint64_t number = 0;
    Marks marks;
    Marks flicker_marks;  ///< of the inputs, exactly to the tick
    ValueAccumulator sums;
    /// Spectra of a few inputs, or of any number: the latter take in the former when those end, so
    /// that a window adds to two intervals and not to all.
    std::unique_ptr<SpectrumTerms> few;
    std::unique_ptr<SpectrumAccumulator> many;
    explicit Level(const SystemSetup& system) : sums(system) {}
  };
  struct PastPst {
    Instant end;
    FlickerSeries::Phases p_st{};
    Marks marks;
  };
  enum : std::size_t { kOneSecond, kOneFiftyOneEighty, kTenSecond, kTenMinute, kTwoHour, kLevels };

  void open(Level& level, Instant start, bool whole) noexcept;
  void take(Level& level, const IntervalValues& values, const SpectrumTerms* terms,
            bool flicker_flagged) noexcept;
  void evaluate_flicker(const Level& ten_minutes, Instant end) noexcept;
  void count(const IntervalValues& values, const SpectrumTerms* terms,
             bool resynchronised) noexcept;
  void publish(Level& level, Instant end) noexcept;
  void close_until(Level& level, Instant now) noexcept;

  InputMask inputs_;
  IntervalSink& sink_;
  std::vector<Level> levels_;
  Level overlap_;  ///< a 150/180-cycle interval that goes on beyond a ten-minute tick
  CycleCounter one_second_cycles_{Duration::seconds(1)};
  CycleCounter ten_second_cycles_{Duration::seconds(10)};
  double power_frequency_hertz_ = kNotAvailable;
  bool began_ = false;
  const FlickerSeries* flicker_ = nullptr;
  std::array<PastPst, 12> past_pst_{};  ///< a ring; the latest is at past_next_ − 1
  std::size_t past_next_ = 0;
  std::size_t past_count_ = 0;  ///< that follow on each other
  FlickerSeries::Phases p_lt_{kNotAvailable, kNotAvailable, kNotAvailable};
  FlickerMarks flicker_marks_;
  std::array<double, kQuantityCount> values_{};
  std::unique_ptr<Spectra> spectra_;
  std::unique_ptr<SpectrumTerms> terms_;  ///< of 10-minute values on their way to 2 h
};

}  // namespace halfcycle::metrology
