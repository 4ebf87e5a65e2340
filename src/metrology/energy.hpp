// SPDX-License-Identifier: Apache-2.0
// Energies: active from exact sums half cycle by half cycle, phases summed first, then split by the
// sign of the latest one-cycle value (energy-accuracy §8, §11). Quadrants are those of total P and
// Q1; phases count by their own direction.
//
//   Energies energies;
//   energies.add(half_cycle_end, {.joules = …, .p_sign = …, .var_seconds = …, .va_seconds = …});
//   energies.at(position, values);     // the Energy rows as they were at a position
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "metrology/quantity.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

/// What one half cycle (or a remaining fraction) adds. NaN adds nothing.
struct EnergyStep {
  double joules = 0.0;                    ///< ∫ p dt of all phases
  double p_watts = 0.0;                   ///< latest one-cycle P: its sign decides del or rec
  double var_seconds = 0.0;               ///< Q·t, its sign decides
  double va_seconds = 0.0;                ///< S·t, goes where P goes
  std::array<double, 3> phase_joules{};   ///< of each phase; NaN where phases have no power
  std::array<double, 3> phase_p_watts{};  ///< its sign decides for its phase
};

class Energies {
 public:
  /// Positions start anew: what was added stays.
  void restart(signal::SamplePosition start) noexcept;
  void add(signal::SamplePosition end, const EnergyStep& step) noexcept;
  /// Writes all Energy rows as they were at `position`, between two ends straight.
  void at(signal::SamplePosition position, std::span<double> values) const noexcept;
  /// Writes all Energy rows as they are now.
  void latest(std::span<double> values) const noexcept;
  [[nodiscard]] double value(QuantityId id) const noexcept;

 private:
  enum : std::size_t {
    kWhDel,
    kWhRec,
    kVarhDel,
    kVarhRec,
    kVahDel,
    kVahRec,
    kWhQuadrant,  ///< four in a row
    kVarhQuadrant = kWhQuadrant + 4,
    kVahQuadrant = kVarhQuadrant + 4,
    kWhDelPhase = kVahQuadrant + 4,  ///< three in a row
    kWhRecPhase = kWhDelPhase + 3,
    kCounters = kWhRecPhase + 3
  };
  using Counters = std::array<double, kCounters>;
  struct Point {
    signal::SamplePosition end;
    Counters counters{};
  };
  static void write(const Counters& counters, std::span<double> values) noexcept;
  void count(std::size_t counter, double amount) noexcept;

  Counters counters_{};
  Counters rests_{};  ///< what rounding took from each sum so far (Kahan)
  std::array<Point, 64> points_{};
  std::size_t newest_ = 0;
  std::size_t held_ = 1;
};

}  // namespace halfcycle::metrology
