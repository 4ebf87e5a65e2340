// SPDX-License-Identifier: Apache-2.0
// Samples as every source delivers them: frames of float lanes, time running outside.
//
//   for (std::size_t n = 0; n < block.frame_count; ++n)
//     const float v1 = block.frames[n * block.lanes + lane(Input::V1)];
//
// Lane order is that of Input: V1 V2 V3 V4 | I1 I2 I3 I4 [| I5 – – –]. Voltages and currents lie
// one half apart, so u·i is one product of four lanes (signal-notes §1: frames of eight lanes
// resample at 0.77 ns a lane against 1.16 ns with contiguous channels). A lane without an input
// holds 0. A sample that the source knows to be missing is NaN in its lane only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/instant.hpp"
#include "base/system.hpp"

namespace halfcycle {

/// Sample index → UTC. The rate is what the source believes the converter's true rate to be.
struct TimeMap {
  std::uint64_t index = 0;  ///< the sample whose instant is known
  Instant at;               ///< its instant
  double rate_hertz = 0.0;

  /// Instant of a (fractional) sample index, rounded to a nanosecond.
  [[nodiscard]] Instant instant_of(double sample_index) const {
    const double samples = sample_index - static_cast<double>(index);
    return at + Duration::from_seconds(samples / rate_hertz);
  }
};

/// What the source knows about its clock (IEC 61000-4-30 §4.6).
struct TimeQuality {
  bool clock_ok = true;  ///< within the class's limit to UTC
  double uncertainty_seconds = 0.0;
  bool operator==(const TimeQuality&) const = default;
};

/// What lies between this block's first sample and the one before it.
enum class Discontinuity : std::uint8_t {
  None,
  Start,       ///< the first block of a source
  Gap,         ///< samples are missing: the time map jumps
  RateChange,  ///< another sample rate from here on
  ClockStep,   ///< the samples go on without a gap, UTC was corrected
};

enum class Side : std::uint8_t { Unknown, Primary, Secondary, Mixed };

/// A view of samples; valid until the source is asked for the next block.
struct SampleBlock {
  const float* frames = nullptr;  ///< frame_count × lanes values, volts and amperes
  std::size_t frame_count = 0;
  std::size_t lanes = 8;          ///< 8, or 12 when I5 is present
  InputMask inputs;               ///< constant between two Discontinuity::Start or RateChange
  std::uint64_t first_index = 0;  ///< index of the first frame; counts on without a break through
                                  ///< a whole source, gaps included (a gap skips no index)
  TimeMap time;                   ///< constant from one discontinuity to the next, whatever the
                                  ///< size of the blocks, so that results do not depend on it
  TimeQuality time_quality;
  Discontinuity discontinuity = Discontinuity::None;
};

inline constexpr std::size_t kMaxLanes = 12;

}  // namespace halfcycle
