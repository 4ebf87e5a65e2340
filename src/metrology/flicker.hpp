// SPDX-License-Identifier: Apache-2.0
// Flickermeter, IEC 61000-4-15 ed. 2, class F1: four voltages at once.
//
//   Flicker flicker({.sample_rate_hertz = 25600, .system_hertz = 50, .lamp = Lamp::V230});
//   flicker.push(frames, count, lanes);                // every block, at the source's fixed rate
//   flicker.p_inst()[0];                               // Pinst of V1
//   auto pst = flicker.close_interval();               // at the 10-minute tick
//
// Works on samples at their fixed rate, not on resampled ones: those follow the frequency of the
// grid, the lamp does not. Block numbers below are those of the standard.
//   1  u² divided by the square of the rms of a few half cycles behind a first-order low-pass
//   of 27.3 s 2  square: triangular decimation to about 1.6 kS/s comes with it 3  high-pass 0.05
//   Hz, Butterworth low-pass of order 6 (35 Hz at 50 Hz, 42 Hz at 60 Hz systems),
//      lamp–eye weighting; bilinear, the Butterworth prewarped
//   4  square, first-order mean of 300 ms, scaled so that the reference modulation at 8.8 Hz gives
//      Pinst,max = 1 through these very filters
//   5  200 values a second into 4,352 classes (128 an octave), percentiles interpolated
// Error against tables 1, 2 and 5 of the standard: see flicker_test.cpp. Look-ahead: none; group
// delay of the decimator and the low-pass about 25 ms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace halfcycle::metrology {

enum class Lamp : std::uint8_t { V230, V120 };

struct FlickerSetup {
  double sample_rate_hertz = 25600.0;  ///< of the samples pushed
  double system_hertz = 50.0;          ///< 50 or 60: chooses the low-pass
  Lamp lamp = Lamp::V230;
};

/// Not thread-safe. Allocates when constructed only.
class Flicker {
 public:
  static constexpr std::size_t kChannels = 4;
  using Values = std::array<double, kChannels>;

  explicit Flicker(const FlickerSetup& setup);

  /// `count` frames of `lanes` floats; lanes 0…3 are V1…V4. A missing sample (NaN) holds the
  /// channel's u² at its last level and makes the interval's Pst of that channel incomplete.
  void push(const float* frames, std::size_t count, std::size_t lanes) noexcept;

  /// Instantaneous flicker sensation (output of block 4); NaN until the filters have settled.
  [[nodiscard]] Values p_inst() const noexcept;

  struct Interval {
    Values p_st;  ///< NaN if nothing was classified
    Values p_inst_max;
    std::array<bool, kChannels> complete;  ///< no sample was missing and the filters were settled
  };
  /// Pst since the last call; starts the next interval.
  [[nodiscard]] Interval close_interval() noexcept;

  /// Forgets the state, keeps the setup (a gap in the samples).
  void reset() noexcept;

  /// Plt of N Pst values: the cube root of the mean of their cubes; NaN if any is NaN or N is 0.
  [[nodiscard]] static double p_lt(const double* p_st, std::size_t count) noexcept;

 private:
  struct Section {  ///< biquad, transposed direct form II, states of all channels
    double b0, b1, b2, a1, a2;
    Values s1{}, s2{};
  };
  static constexpr int kClassesPerOctave = 128;
  static constexpr int kOctaves = 34;
  static constexpr double kLowestClass = 1.0 / 1048576.0;
  static constexpr std::size_t kClasses =
      static_cast<std::size_t>(kClassesPerOctave) * static_cast<std::size_t>(kOctaves);

  void step(const Values& u_squared) noexcept;
  void classify(std::size_t channel, double p) noexcept;
  [[nodiscard]] double exceeded(std::size_t channel, double percent) const noexcept;

  FlickerSetup setup_;
  std::size_t decimation_ = 1;
  double filter_rate_hertz_ = 1600.0;
  std::size_t classify_every_ = 8;
  std::size_t rms_steps_ = 16;
  double reference_gain_ = 0.0;  ///< block 1 low-pass, per rms
  double mean_gain_ = 0.0;       ///< block 4
  double scale_ = 0.0;           ///< block 4, to units of perceptibility
  std::uint64_t start_steps_ = 0;
  std::uint64_t settle_steps_ = 0;
  std::array<Section, 6> sections_{};

  std::size_t in_block_ = 0;
  std::array<float, kChannels> sum_{}, ramp_{};
  Values rising_{};  ///< the older half of the triangle
  std::array<float, kChannels> last_square_{};
  std::array<bool, kChannels> missing_{};
  std::uint64_t steps_ = 0;
  Values half_sum_{}, reference_{}, mean_{}, interval_max_{};
  std::array<double, kChannels> mean_input_{};
  std::array<std::vector<std::uint32_t>, kChannels> classes_;
  std::array<std::uint64_t, kChannels> classified_{};
};

}  // namespace halfcycle::metrology
