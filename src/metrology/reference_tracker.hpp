// SPDX-License-Identifier: Apache-2.0
// Power frequency and the time line of cycles, from the phase of the positive sequence.
//
//   ReferenceTracker tracker(system, inputs, rate_hertz);
//   tracker.restart(start, first_frequency, alive);
//   const auto& cycle = tracker.push(correlate(ring, a, b), a, b);   // half cycle by half cycle
//   next_b = b + tracker.half_cycle_samples();
//   tracker.turns_reached(…), tracker.position_of(turns)             // windows of whole cycles
//
// Method: f = 1 + Δφ/2π cycles between the centres of successive one-cycle windows, φ the angle of
// the reference phasor against the grid of half cycles; harmonics lie in the zeros of the window.
// The reference is the positive sequence of the voltages; where it is missing (one conductor,
// reversed rotation, dead phases) the negative sequence or the strongest phase; currents where no
// voltage is connected. A step of phase is always taken with one reference on both sides.
//
// Gate: a change of frequency that comes with a change of magnitude, or of more than
// kGateHertz, is held back until it has proved to be more than a dip or a phase jump (three
// consistent cycles, or kHoldCycles); one cycle on both sides is discarded with it. So the windows
// do not follow dips and jumps, while the count of cycles (IEC 61000-4-30 §5.1.1) does. What both
// change by all the time, as with an interharmonic or a fluctuating load, is not held back: beyond
// the limits counts what exceeds the level of the last kLevelHalfCycles.
#pragma once

#include <array>
#include <complex>
#include <cstdint>

#include "base/quality.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "signal/phasor.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

using LanePhasors = std::array<std::complex<double>, kMaxLanes>;

/// One half cycle of the grid and the one-cycle window that ends with it.
struct GridCycle {
  std::int64_t number = 0;       ///< of the half cycle, from 0 at the segment's start
  signal::SamplePosition start;  ///< of the half cycle
  signal::SamplePosition end;
  signal::SamplePosition cycle_start;      ///< of the one-cycle window [cycle_start, end)
  signal::SamplePosition centre;           ///< of the one-cycle window
  bool has_cycle = false;                  ///< false for the first half cycle
  LanePhasors phasors{};                   ///< rms, against the grid; over the one-cycle window
  double frequency_hertz = kNotAvailable;  ///< of the cycle; held through dips and jumps
  double measured_hertz = kNotAvailable;   ///< not held
  double magnitude_change = 0.0;           ///< of the reference in one cycle, ratio
  double counted_turns = 0.0;              ///< phase of the reference at the centre, jumps included
  /// The same without what interharmonics and noise add to it; from final_number() down. As
  /// measured where the cycles around are not all there, lost or disturbed.
  double smooth_turns = 0.0;
  bool smoothed = false;     ///< smooth_turns is not as measured
  double gated_turns = 0.0;  ///< smooth_turns without what the gate holds back
  bool disturbed = false;    ///< held back by the gate
  bool lost = true;          ///< no fundamental, or not yet locked to it
};

class ReferenceTracker {
 public:
  static constexpr std::int64_t kHistory = 64;       ///< half cycles that are remembered
  static constexpr std::int64_t kSmoothBehind = 14;  ///< half cycles that smooth_turns looks at
  static constexpr std::int64_t kSmoothAhead = 2;
  /// Before it the phases of a segment are as measured, until it comes: then they are smoothed too.
  static constexpr std::int64_t kFirstSmoothed = kSmoothBehind + 2;
  static constexpr std::int64_t kGateHalfCycles = 2;  ///< discarded on both sides of a disturbance
  static constexpr std::int64_t kLevelHalfCycles = 40;

  ReferenceTracker(const SystemSetup& system, InputMask inputs, double rate_hertz);

  /// Forgets everything: the next half cycle starts at `start`. locked: the frequency was measured;
  /// else it is a guess and nothing is available until a fundamental has been there for three
  /// cycles.
  void restart(signal::SamplePosition start, double frequency_hertz, bool locked) noexcept;
  /// Takes over by how much the cycles changed all the time that another one saw.
  void expect_changes_of(const ReferenceTracker& other) noexcept;

  /// Takes in ∫ x·exp(−jπ(t−a)/(b−a)) dt of [a, b); a is the end of the last one.
  const GridCycle& push(const signal::PhasorSum& half, signal::SamplePosition a,
                        signal::SamplePosition b) noexcept;

  [[nodiscard]] double half_cycle_samples() const noexcept {
    return 0.5 * rate_hertz_ / frequency_;
  }
  /// The frequency that the grid follows: the last one accepted.
  [[nodiscard]] double grid_hertz() const noexcept { return frequency_; }
  [[nodiscard]] bool locked() const noexcept { return locked_; }

  [[nodiscard]] std::int64_t count() const noexcept { return next_; }  ///< half cycles taken in
  [[nodiscard]] const GridCycle& at(std::int64_t number) const noexcept {
    return cycles_[static_cast<std::size_t>(number) % cycles_.size()];
  }
  /// The newest half cycle whose gated phase is final; −1 if there is none.
  [[nodiscard]] std::int64_t final_number() const noexcept { return final_; }
  /// Makes the gated phase final up to the newest half cycle: nothing more will come.
  void close() noexcept;

  /// Gated phase, in turns, at a position; straight on beyond the known centres.
  [[nodiscard]] double turns_at(signal::SamplePosition position) const noexcept;
  /// Where the gated phase is `turns`; straight on beyond the known centres.
  [[nodiscard]] signal::SamplePosition position_at(double turns) const noexcept;
  /// True if there was no frequency at any time in [from, to).
  [[nodiscard]] bool lost_within(signal::SamplePosition from,
                                 signal::SamplePosition to) const noexcept;
  [[nodiscard]] bool disturbed_within(signal::SamplePosition from,
                                      signal::SamplePosition to) const noexcept;

 private:
  enum class Reference : std::uint8_t { Positive, Negative, Phase1, Phase2, Phase3 };

  [[nodiscard]] GridCycle& slot(std::int64_t number) noexcept {
    return cycles_[static_cast<std::size_t>(number) % cycles_.size()];
  }
  [[nodiscard]] std::array<std::complex<double>, 3> used_phasors(
      const LanePhasors& phasors) const noexcept;
  [[nodiscard]] static std::complex<double> reference_of(
      const std::array<std::complex<double>, 3>& p, Reference reference, bool acb) noexcept;
  void choose_reference(const LanePhasors& phasors) noexcept;
  /// Turns that the reference advances between two cycles against the grid, and both magnitudes.
  struct Step {
    double turns;
    double magnitude;
    double magnitude_before;
  };
  [[nodiscard]] Step step_between(const GridCycle& from, const GridCycle& to) const noexcept;
  /// Slope of the gated phase outside of the known centres; k: the nearest one.
  [[nodiscard]] double outer_turns_per_sample(std::int64_t k) const noexcept;
  /// Phase at the place of `number` (from first − 1 on), smoothed over the seventeen from `first`;
  /// false if they are not all there and undisturbed.
  bool smooth_at(std::int64_t first, std::int64_t number, double& turns) const noexcept;
  void smooth(std::int64_t number) noexcept;
  void smooth_beginning() noexcept;
  void follow_frequency() noexcept;
  /// By how much frequency and magnitude change all the time.
  struct Level {
    double hertz;
    double magnitude;
  };
  [[nodiscard]] Level usual_change() const noexcept;
  void judge(GridCycle& cycle) noexcept;
  void finalise(std::int64_t number) noexcept;

  SystemSetup system_;
  double rate_hertz_;
  std::size_t first_lane_ = 0;  ///< of the three lanes that the reference is made of
  double floor_ = 0.0;          ///< V or A rms, below it there is no fundamental
  std::array<GridCycle, kHistory> cycles_{};
  std::array<double, kHistory> mean_grid_turns_{};
  std::array<double, kHistory> held_hertz_{};
  std::array<double, kLevelHalfCycles> hertz_changes_{};
  std::array<double, kLevelHalfCycles> magnitude_changes_{};
  std::int64_t changes_ = 0;  ///< written to both
  signal::PhasorSum last_half_{};
  std::int64_t next_ = 0;
  std::int64_t final_ = -1;
  double frequency_ = 50.0;
  bool locked_ = false;
  int held_half_cycles_ = 0;
  Reference reference_ = Reference::Positive;
};

/// First guess of the frequency from the beginning of a segment, within a few tenths of a hertz:
/// the largest power of all lanes of the reference in 0.64 … 1.45 × nominal under a Hann window.
/// frames: frame_count × lanes. NaN if there is no fundamental. No allocation.
[[nodiscard]] double coarse_frequency(const float* frames, std::size_t frame_count,
                                      std::size_t lanes, double rate_hertz,
                                      const SystemSetup& system, InputMask inputs) noexcept;

}  // namespace halfcycle::metrology
