// SPDX-License-Identifier: Apache-2.0
// The closed forms of a scenario: the grid's angle at any time as the exact integral of its
// frequency, and the piecewise constant or linear state of every channel. Nothing accumulates, so
// the thousandth hour is as exact as the first second.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "source/scenario.hpp"

namespace halfcycle::source {

/// Seconds since the first sample. 64 bits of mantissa: exact to 1e-11 s after ten years.
using Seconds = long double;
inline constexpr Seconds kNever = std::numeric_limits<Seconds>::infinity();
[[nodiscard]] inline Seconds to_seconds(Duration d) {
  return static_cast<Seconds>(d.count_ns()) / 1e9L;
}

/// One occurrence of an event. A permanent one ends at kNever.
struct Occurrence {
  const ScenarioEvent* event = nullptr;
  Seconds start = 0.0L;
  Seconds end = 0.0L;
};

/// State of a channel from one change to the next.
///   a(t) = gain · (ramp + ramp_slope·(t − at)) · (daily + daily_slope·(t − at)) · sine flicker
struct ChannelState {
  double gain = 1.0;
  double ramp = 1.0;
  double ramp_slope = 0.0;  ///< 1/s
  double daily = 1.0;
  double daily_slope = 0.0;    ///< 1/s
  double angle_degrees = 0.0;  ///< δ
  bool pure = false;           ///< a fault current: fundamental only
  [[nodiscard]] double amplitude(double dt) const {
    return gain * (ramp + ramp_slope * dt) * (daily + daily_slope * dt);
  }
  [[nodiscard]] bool is_constant() const { return ramp_slope == 0.0 && daily_slope == 0.0; }
  bool operator==(const ChannelState&) const = default;
};

/// θ around a time: turns = fraction + c1·τ + c2·τ² + … with τ in seconds.
struct AngleSeries {
  double fraction = 0.0;  ///< turns, in [0, 1)
  std::array<double, 5> c{};
};

class ScenarioModel {
 public:
  explicit ScenarioModel(const Scenario& scenario);  ///< keeps a reference

  /// θ/2π including whole turns. Strictly increasing.
  [[nodiscard]] long double turns(Seconds t) const;
  [[nodiscard]] double frequency_hertz(Seconds t) const;
  /// Taylor series of turns() at t, valid up to the next change of the frequency's state.
  [[nodiscard]] AngleSeries angle_series(Seconds t) const;
  /// Longest |τ| for which the series errs by less than 1e-12 turns; kNever without modulation.
  [[nodiscard]] Seconds angle_series_reach() const { return series_reach_; }
  /// The first t ≥ from at which turns(t) = target.
  [[nodiscard]] Seconds when(long double target_turns, Seconds from) const;

  /// Everything that is on at some time of [from, to), in order of definition, then of time.
  [[nodiscard]] std::vector<Occurrence> occurrences(Seconds from, Seconds to) const;

  /// State at t (right limit). `active` must hold all occurrences that contain t.
  [[nodiscard]] ChannelState state(const ScenarioChannel& channel, Seconds t,
                                   const std::vector<Occurrence>& active) const;
  /// The next time after t at which a state, a slope or the frequency's law changes.
  [[nodiscard]] Seconds next_change(Seconds t, const std::vector<Occurrence>& active) const;

  /// Angle of the fundamental of a channel against θ at the steady state of t, turns: channel
  /// angle plus permanent phase jumps.
  [[nodiscard]] double steady_angle_degrees(const ScenarioChannel& channel, Seconds t) const;

  /// Start value of the decaying direct current of a fault in one current channel: what makes the
  /// current continuous at its inception.
  [[nodiscard]] double fault_offset(const ScenarioChannel& channel, const Occurrence& fault,
                                    const std::vector<Occurrence>& active) const;

 private:
  struct FrequencyPiece {
    Seconds start = 0.0L;
    long double turns = 0.0L;  ///< at start
    long double hertz = 0.0L;  ///< at start
    long double slope = 0.0L;  ///< Hz/s
  };
  [[nodiscard]] const FrequencyPiece& piece_at(Seconds t) const;
  [[nodiscard]] Seconds first_start(const ScenarioEvent& event, Seconds nominal) const;
  [[nodiscard]] const ScenarioLoad* load_at(Seconds t) const;

  const Scenario& scenario_;
  std::vector<FrequencyPiece> pieces_;
  Seconds series_reach_ = kNever;
  Seconds hour_offset_ = 0.0L;  ///< of the first sample in its UTC hour
  int first_hour_ = 0;
};

/// +1 at a rectangular flicker's high half, −1 at its low half.
[[nodiscard]] double rectangular_sign(const ScenarioFlicker& flicker, Seconds t);

}  // namespace halfcycle::source
