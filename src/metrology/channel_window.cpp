// SPDX-License-Identifier: Apache-2.0
#include "metrology/channel_window.hpp"

#include <cmath>

#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {
// Steady: in a cycle the magnitude stayed within this, or the angle did (a slow fluctuation moves
// the magnitude only). In a drift of frequency the angle may move a little. The window half a cycle
// earlier has a say because a step that enters one cycle and leaves the next, as a swell of a cycle
// and a half may, gives both the same magnitude at two wrong angles.
constexpr double kSteadyMagnitude = 0.002;
constexpr double kSteadyTurns = 0.0001;
constexpr double kLargestDriftTurns = 0.02;
// A channel that never gets steady is followed all the same, this often.
constexpr int kLongestHoldHalfCycles = 50;

double wrap(double turns) { return turns - std::floor(turns + 0.5); }
}  // namespace

void ChannelWindow::advance(const ReferenceTracker& tracker, const GridCycle& cycle,
                            std::complex<double> phasor, std::complex<double> between,
                            std::complex<double> before, double floor_rms) noexcept {
  const bool alive = std::norm(phasor) > floor_rms * floor_rms;
  const double turns_before =
      measured_turns_[static_cast<std::size_t>(cycle.number % 2)];  // a cycle ago; NaN: dead
  measured_turns_[static_cast<std::size_t>(cycle.number % 2)] = kNotAvailable;
  if (alive) {
    const double turns = signal::angle_radians(phasor) / signal::kTwoPi;
    measured_turns_[static_cast<std::size_t>(cycle.number % 2)] = turns;
    bool steady = false;
    if (std::norm(before) > floor_rms * floor_rms) {
      const double moved = std::abs(wrap(turns - turns_before));
      const auto changed = [phasor](std::complex<double> other) {
        return std::abs(std::sqrt(std::norm(phasor) / std::norm(other)) - 1.0);
      };
      steady = moved < kSteadyTurns ||
               (moved < kLargestDriftTurns && changed(before) < kSteadyMagnitude &&
                changed(between) < kSteadyMagnitude);
    }
    // Until there are two cycles to compare, the first measured angle serves; then each is believed
    // half a cycle late: the first window that a step has touched may still look steady.
    held_half_cycles_ = steady ? 0 : held_half_cycles_ + 1;
    if (!known_ || held_half_cycles_ > kLongestHoldHalfCycles) {
      angle_turns_ = turns;
      known_ = true;
      held_half_cycles_ = 0;
    } else if (steady && steady_) {
      angle_turns_ = steady_turns_;
    }
    steady_ = steady;
    steady_turns_ = turns;
  } else {
    steady_ = false;
  }
  // Zero crossings lie where the grid's phase plus the angle is a quarter turn, and every half.
  const double offset = 0.25 - angle_turns_;
  const double newest = 0.5 * static_cast<double>(cycle.number + 1);
  for (;;) {
    const double wanted = started_ ? last_turns_ + 0.5 : 0.25;
    double turns = offset + 0.5 * std::round((wanted - offset) / 0.5);
    if (!started_ && turns < 0.0) {
      turns += 0.5;
    } else if (started_ && turns < last_turns_ + 0.2) {
      turns += 0.5;
    }
    if (turns >= newest || count_ == queue_.size()) {
      return;
    }
    std::int64_t half = static_cast<std::int64_t>(std::floor(2.0 * turns));
    half = half < cycle.number - 1 ? cycle.number - 1 : half;
    const GridCycle& at = tracker.at(half);
    const double length = at.end - at.start;
    Window& window = queue_[(first_ + count_) % queue_.size()];
    window.start = at.start + (2.0 * turns - static_cast<double>(half)) * length;
    window.end = window.start + 2.0 * tracker.half_cycle_samples();
    ++count_;
    last_turns_ = turns;
    started_ = true;
  }
}

}  // namespace halfcycle::metrology
