// SPDX-License-Identifier: Apache-2.0
// What the measuring engine hands over at the end of an interval: one dense array of all scalar
// quantities, the spectra where the interval has them, its time and its marks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/system.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::metrology {

enum class Interval : std::uint8_t {
  HalfCycle,
  TenTwelveCycle,
  OneSecond,
  OneFiftyOneEightyCycle,
  TenSecond,
  TenMinute,
  TwoHour,
};
inline constexpr std::size_t kIntervalCount = 7;
/// "half-cycle", "10-12-cycle", "1s", "150-180-cycle", "10s", "10min", "2h".
[[nodiscard]] std::string_view name(Interval interval);
[[nodiscard]] std::optional<Interval> parse_interval(std::string_view text);

/// Spectra of one interval, per voltage or current input (V1…V4, I1…I5 by lane), as ratios to the
/// fundamental, radians and W (the total of the phases at kTotalInput); NaN where the sample rate
/// does not carry the order.
struct Spectra {
  using Orders = std::array<float, kMaxOrder + 1>;  ///< index = order; [0] of Magnitude is DC
  std::array<std::array<Orders, kSpectrumKinds>, kInputCount> of_input{};
  [[nodiscard]] const Orders& get(Input input, SpectrumKind kind) const {
    return of_input[lane(input)][static_cast<std::size_t>(kind)];
  }
};

/// Flicker has intervals of its own beside the windows of the other quantities: exactly from tick
/// to tick, so its marks are its own, too (IEC 61000-4-30 §4.7).
struct FlickerMarks {
  Marks p_st;
  Marks p_lt;
  Marks p_lt_sliding;
};

/// A view; valid during the call that hands it over.
struct IntervalValues {
  Interval interval = Interval::TenTwelveCycle;
  std::uint64_t number = 0;  ///< counts the intervals of this kind from 0
  Instant start;
  Instant end;
  Marks marks;
  std::uint32_t inputs = 1;          ///< number of values that were aggregated
  std::span<const double> values;    ///< kQuantityCount, SI, by QuantityId; NaN = not available
  const Spectra* spectra = nullptr;  ///< from the 10/12-cycle interval up
  const FlickerMarks* flicker_marks = nullptr;  ///< of the Flicker rows; nullptr: none are there

  [[nodiscard]] double operator[](QuantityId id) const { return values[index(id)]; }
  [[nodiscard]] Marks marks_of(QuantityId id) const;
};

/// Receives what the engine measures, on the measuring thread; must not block or allocate.
class IntervalSink {
 public:
  virtual ~IntervalSink() = default;
  virtual void on_interval(const IntervalValues& interval) = 0;
};

}  // namespace halfcycle::metrology
