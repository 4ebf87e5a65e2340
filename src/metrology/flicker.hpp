// SPDX-License-Identifier: Apache-2.0
// Flickermeter, IEC 61000-4-15 ed. 2, class F1: four voltages at once.
//
//   Flicker flicker({.sample_rate_hertz = 25600, .system_hertz = 50, .lamp = Lamp::V230});
//   flicker.push(frames, count, lanes);                // every block, at the source's fixed rate
//   flicker.p_inst()[0];                               // Pinst of V1
//   auto pst = flicker.close_interval();               // at the 10-minute tick
//
// or in two steps, where the filters have to wait:
//
//   flicker.take(frames, count, lanes);                // squares and decimates
//   flicker.run_to(flicker.blocks_until(frame));       // filters, up to a frame
//
// Works on samples at their fixed rate, not on resampled ones: those follow the frequency of the
// grid, the lamp does not. Block numbers below are those of the standard.
//   1  u² divided by the square of the rms of a few half cycles behind a first-order low-pass of
//      27.3 s
//   2  square; triangular decimation to about 1.6 kS/s comes with it
//   3  high-pass 0.05 Hz, Butterworth low-pass of order 6 (35 Hz in 50 Hz, 42 Hz in 60 Hz systems),
//      lamp–eye weighting; bilinear, the Butterworth prewarped
//   4  square, first-order mean of 300 ms, scaled so that the reference modulation at 8.8 Hz gives
//      Pinst,max = 1 through these very filters
//   5  200 values a second into 4,352 classes (128 an octave), percentiles interpolated
// Error against tables 1, 2 and 5 of the standard: see flicker_test.cpp. Look-ahead: none; group
// delay of the decimator and the low-pass about 28 ms. Cost: flicker_bench.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrology/flicker_kernel.hpp"
#include "signal/simd_level.hpp"

namespace halfcycle::metrology {

enum class Lamp : std::uint8_t { V230, V120 };

struct FlickerSetup {
  double sample_rate_hertz = 25600.0;  ///< of the samples pushed
  double system_hertz = 50.0;          ///< 50 or 60: chooses the low-pass
  Lamp lamp = Lamp::V230;
  signal::SimdLevel level = signal::best_simd_level();
};

/// Not thread-safe. Allocates when constructed only.
class Flicker {
 public:
  static constexpr std::size_t kChannels = 4;
  using Values = std::array<double, kChannels>;

  explicit Flicker(const FlickerSetup& setup);

  /// `count` frames of `lanes` floats; lanes 0…3 are V1…V4. A missing sample (NaN) counts as the
  /// reference voltage, with the block of samples around it that the decimator takes in at once,
  /// and makes the interval's Pst of that channel incomplete.
  void push(const float* frames, std::size_t count, std::size_t lanes) noexcept;

  /// The first step of push(): what the frames leave for the filters waits until run_to(), for
  /// kWaitSeconds at least; beyond them the filters run at once.
  void take(const float* frames, std::size_t count, std::size_t lanes) noexcept;
  /// As many frames can be taken in before the filters have to run.
  [[nodiscard]] bool has_room(std::size_t count) const noexcept {
    return taken_ - steps_ + count / decimator_.decimation + 1 < waiting_.size();
  }
  /// Blocks of the decimator that have ended by a frame since the last restart or reset.
  [[nodiscard]] std::uint64_t blocks_until(double frame) const noexcept;
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }  ///< blocks taken in
  /// Runs the filters over the blocks before number `block`, as far as they are there.
  void run_to(std::uint64_t block) noexcept;

  /// Instantaneous flicker sensation (output of block 4); NaN until the filters have settled.
  [[nodiscard]] Values p_inst() const noexcept;

  struct Interval {
    Values p_st;  ///< NaN if nothing was classified
    Values p_inst_max;
    std::array<bool, kChannels> complete;  ///< no sample was missing and the filters were settled
  };
  /// Pst since the last call; starts the next interval.
  [[nodiscard]] Interval close_interval() noexcept;

  /// Largest Pinst over the frames [from, to) since the last restart or reset, out of about the
  /// latest two seconds that were filtered; NaN where the filters had not settled.
  [[nodiscard]] Values p_inst_max(double from_frame, double to_frame) const noexcept;

  /// The samples go on after a gap: the filters settle anew, the interval goes on, incomplete.
  void restart() noexcept;
  /// Forgets everything but the setup.
  void reset() noexcept;

  /// Plt of N Pst values: the cube root of the mean of their cubes; NaN if any is NaN or N is 0.
  [[nodiscard]] static double p_lt(const double* p_st, std::size_t count) noexcept;

 private:
  static constexpr int kClassesPerOctave = 128;
  static constexpr int kOctaves = 34;
  static constexpr double kLowestClass = 1.0 / 1048576.0;
  static constexpr std::size_t kClasses =
      static_cast<std::size_t>(kClassesPerOctave) * static_cast<std::size_t>(kOctaves);
  static constexpr std::size_t kHistory = 512;
  static constexpr double kWaitSeconds = 0.6;

  void serve() noexcept;
  void schedule() noexcept;
  void classify(std::size_t channel, double p) noexcept;
  [[nodiscard]] double exceeded(std::size_t channel, double percent) const noexcept;

  FlickerSetup setup_;
  const FlickerKernel* kernel_;
  double filter_rate_hertz_ = 1600.0;
  std::size_t classify_every_ = 8;
  std::size_t rms_steps_ = 16;
  double reference_gain_ = 0.0;  ///< block 1 low-pass, per rms
  std::uint64_t start_steps_ = 0;
  std::uint64_t settle_steps_ = 0;

  FlickerDecimator decimator_{};
  FlickerState state_{};
  std::vector<FlickerBlock> waiting_;  ///< a ring, a power of two
  std::uint64_t taken_ = 0;            ///< blocks that went into it
  std::uint64_t steps_ = 0;            ///< blocks that the filters took out
  std::uint64_t service_at_ = 0;       ///< the step after which serve() has something to do
  Values reference_{};
  Values interval_max_{};
  std::array<bool, kChannels> interval_missing_{};
  std::array<std::vector<std::uint32_t>, kChannels> classes_;
  std::array<std::uint64_t, kChannels> classified_{};
  std::vector<std::array<float, kChannels>> history_;  ///< Pinst at each classification, a ring
  std::uint64_t history_count_ = 0;
};

}  // namespace halfcycle::metrology
