// SPDX-License-Identifier: Apache-2.0
// Where the one-cycle windows of one channel begin: at its own fundamental zero crossings.
//
//   ChannelWindow channel;
//   channel.restart();
//   channel.advance(tracker, cycle, phasor, phasor_before, alive);   // every half cycle of the
//   grid while (channel.pending()) { auto w = channel.front(); …; channel.pop(); }
//
// A window begins at a zero crossing and lasts one cycle of the grid (IEC 61000-4-30 §5.4.1:
// measured over one cycle, commencing at a fundamental zero crossing, refreshed each half cycle).
// The crossings follow the channel's angle against the grid while the channel is alive and steady.
// In a step (dip, jump) a one-cycle phasor is a mixture of two states, so the angle is held until
// it is steady again; where the channel is dead its crossings go on as they were.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>

#include "metrology/reference_tracker.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

class ChannelWindow {
 public:
  struct Window {
    signal::SamplePosition start;
    signal::SamplePosition end;
  };

  void restart() noexcept { *this = ChannelWindow{}; }

  /// cycle: the newest half cycle of the tracker, with has_cycle. phasor, between, before: of the
  /// channel in this one-cycle window, in the one half a cycle and in the one a cycle earlier,
  /// against the grid (NaN if there is none). floor_rms: below it the channel is dead.
  void advance(const ReferenceTracker& tracker, const GridCycle& cycle, std::complex<double> phasor,
               std::complex<double> between, std::complex<double> before,
               double floor_rms) noexcept;

  [[nodiscard]] bool pending() const noexcept { return count_ > 0; }
  [[nodiscard]] const Window& front() const noexcept { return queue_[first_]; }
  void pop() noexcept {
    first_ = (first_ + 1) % queue_.size();
    --count_;
  }

 private:
  /// Angles of the latest two half cycles, by their number; NaN where the channel was dead.
  std::array<double, 2> measured_turns_{kNotAvailable, kNotAvailable};
  double angle_turns_ = 0.0;   ///< of the channel's cosine against the grid
  bool known_ = false;         ///< the angle has been measured
  double steady_turns_ = 0.0;  ///< the latest angle measured, believed if the next is steady too
  bool steady_ = false;
  bool started_ = false;
  int held_half_cycles_ = 0;
  double last_turns_ = 0.0;  ///< grid phase of the latest crossing
  std::array<Window, 8> queue_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace halfcycle::metrology
