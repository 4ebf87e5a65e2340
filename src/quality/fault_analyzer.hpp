// SPDX-License-Identifier: Apache-2.0
// Finds faults in a record and answers what an engineer asks first: inception, clearing, phases,
// peak and rms fault current, residual voltage, phase-angle jump.
//
//   FaultAnalyzer analyzer(setup, [](const FaultReport& r) { … });
//   analyzer.push(block);                 // raw samples, kept for about two seconds
//   analyzer.push(half_cycle);            // rms of the cycle that has just been measured
//   analyzer.finish();
//
// Method (derived, after the superimposed-quantity principle of numerical relays): the half-cycle
// values decide that there is a fault; the instant is then looked up in the samples. A sample
// belongs to the wave before the fault while it equals the one a cycle earlier; it belongs to the
// wave after clearing once it equals the one a cycle later. Resolution: one sample, if the change
// exceeds 10 % of the peak at that point of the wave.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "base/instant.hpp"
#include "base/sample_block.hpp"
#include "quality/fault.hpp"

namespace halfcycle::quality {

struct FaultSetup {
  InputMask inputs;
  double sample_rate_hertz = 0.0;
  double nominal_frequency_hertz = 50.0;
  bool line_to_line = false;  ///< the voltages say nothing about ground
  /// A voltage below this share of its level before counts as a fault (as the dip threshold).
  double voltage_ratio = 0.90;
  /// A current above this multiple of its level before counts, if a voltage moved with it.
  double current_ratio = 2.0;
};

/// What was measured over the one-cycle window that ended last.
struct FaultHalfCycle {
  Instant start;
  Instant end;
  double frequency_hertz = kNotAvailable;
  std::array<double, 3> u_rms_volts{kNotAvailable, kNotAvailable, kNotAvailable};
  std::array<double, 4> i_rms_amperes{kNotAvailable, kNotAvailable, kNotAvailable, kNotAvailable};
};

/// For recordings: holds two seconds of samples. Not thread-safe; allocates when constructed.
class FaultAnalyzer {
 public:
  using Sink = std::function<void(const FaultReport&)>;
  FaultAnalyzer(const FaultSetup& setup, Sink sink);

  /// At most a second of samples a call, before the half cycles measured from them.
  void push(const SampleBlock& block);
  void push(const FaultHalfCycle& half_cycle);
  /// What follows is beyond a break (a gap, another rate, a clock step) whose block has been pushed
  /// already: an open fault is reported without a clearing time.
  void interrupt();
  void finish() { interrupt(); }

 private:
  static constexpr std::size_t kHistory = 12;  ///< half cycles: six cycles before the fault
  static constexpr std::size_t kChannels = 7;  ///< V1…V3, I1…I4
  static constexpr std::size_t kLanes = 8;     ///< of a frame that are kept: those up to I4

  [[nodiscard]] double sample(std::size_t channel, double index) const;
  [[nodiscard]] bool in_ring(double index) const;
  [[nodiscard]] std::size_t place_of(std::uint64_t index) const {
    return (index & (capacity_ - 1)) * kLanes;
  }
  [[nodiscard]] double index_of(Instant instant) const;
  [[nodiscard]] std::optional<double> angle(std::size_t channel, double first, double count) const;
  [[nodiscard]] double level_before(std::size_t channel) const;
  using Phases = std::array<bool, 3>;
  [[nodiscard]] bool is_faulted(const FaultHalfCycle& now, Phases& over, Phases& low) const;
  [[nodiscard]] Phases faulted_phases() const;
  void begin(const FaultHalfCycle& now);
  void track(const FaultHalfCycle& now);
  void scan_peaks(double until);
  void end(std::optional<Instant> clearing);
  [[nodiscard]] Instant locate_inception(const FaultHalfCycle& now) const;
  [[nodiscard]] Instant locate_clearing(const FaultHalfCycle& now) const;

  FaultSetup setup_;
  Sink sink_;
  std::unique_ptr<float[]> ring_;  ///< capacity_ frames of kLanes; those from oldest_ on are filled
  std::size_t capacity_ = 0;
  std::uint64_t newest_ = 0;  ///< index after the last frame held
  std::uint64_t oldest_ = 0;
  TimeMap time_;
  std::optional<TimeMap> next_time_;  ///< after a break that interrupt() has not reached yet
  std::uint64_t next_oldest_ = 0;

  std::array<std::array<double, kHistory>, kChannels> history_{};
  std::size_t steps_ = 0;
  std::array<double, kChannels> before_{};  ///< rms levels before the fault
  double frequency_hertz_;
  bool active_ = false;
  int quiet_steps_ = 0;
  double scanned_ = 0.0;
  FaultHalfCycle first_quiet_;
  Phases over_{};  ///< phases with overcurrent, with undervoltage, since the inception
  Phases low_{};
  FaultReport report_;
};

}  // namespace halfcycle::quality
