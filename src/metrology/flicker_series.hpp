// SPDX-License-Identifier: Apache-2.0
// Pst of each 10 minutes and Plt of each 2 hours of the voltages of one meter: the flickermeter
// run along the meter's samples and the 10-minute ticks (IEC 61000-4-15 §5.7, 61000-4-30 §5.3).
//
//   FlickerSeries flicker({.sample_rate_hertz = 25600, …}, line_to_line);
//   flicker.begin();                                  // a segment: after a start or a gap
//   flicker.push(frames, count, lanes);               // canonical frames of the source
//   flicker.close(tick);                              // the sample at the tick is the next
//   flicker.run_to(frame);                            // the filters, when there is time
//   const FlickerSeries::Interval* last = flicker.find(tick);
//
// The filters run in run_to() and settle() only. What they give depends on the samples and on the
// frames that are asked for, not on when that is done.
// Channels are the quality voltages V1, V2, V3: the differences of the lanes where line_to_line.
// Allocates when constructed only; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "metrology/flicker.hpp"

namespace halfcycle::metrology {

class FlickerSeries {
 public:
  static constexpr std::size_t kPhases = 3;
  using Phases = std::array<double, kPhases>;

  FlickerSeries(const FlickerSetup& setup, bool line_to_line)
      : flicker_(setup), line_to_line_(line_to_line) {}

  /// Frames count from 0 again; what the interval has so far stays, incomplete.
  void begin() noexcept;
  void push(const float* frames, std::size_t count, std::size_t lanes) noexcept;
  /// The interval that ends at `tick` is over; found once settled.
  void close(Instant tick) noexcept;
  /// Works out what the frames before this one (since begin()) leave behind, and the intervals that
  /// end in them.
  void run_to(double frame) noexcept;
  /// Works out everything that was pushed.
  void settle() noexcept;
  /// Works out the interval that waits to be closed if its tick is not behind `now`.
  void close_by(Instant now) noexcept;

  struct Interval {
    Instant end;
    Phases p_st{kNotAvailable, kNotAvailable, kNotAvailable};
    std::array<bool, kPhases> complete{};
  };
  /// The interval that ended at `tick`, one of the latest two; nullptr if there is none.
  [[nodiscard]] const Interval* find(Instant tick) const noexcept;
  /// Largest Pinst over [from, to), frames since begin(), of what run_to() has worked out.
  [[nodiscard]] Phases p_inst_max(double from, double to) const noexcept;

 private:
  void close_now() noexcept;

  Flicker flicker_;
  bool line_to_line_;
  bool began_ = false;
  bool closing_ = false;
  Instant tick_;                ///< where closing_
  std::uint64_t close_at_ = 0;  ///< blocks of the flickermeter before the tick
  std::array<Interval, 2> latest_{};
};

}  // namespace halfcycle::metrology
