// SPDX-License-Identifier: Apache-2.0
// What a recording is, whatever file it came from. Readers (COMTRADE, WAV, CSV, …) turn bytes into
// this; writers turn it back. No reader opens a file of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/sample_block.hpp"

namespace halfcycle::formats {

/// One analogue channel as the file describes it. Values are `a·x + b` in `unit`.
struct AnalogChannel {
  std::string name;       ///< UTF-8
  std::string phase;      ///< as written: "A", "L1", "", …
  std::string component;  ///< monitored circuit component (COMTRADE ccbm)
  std::string unit;       ///< as written: "kV", "ampere", …
  double a = 1.0;
  double b = 0.0;
  double skew_seconds = 0.0;  ///< true time of a sample = time of its row + skew
  double primary = 1.0;       ///< ratio of the instrument transformer; 1:1 if not given
  double secondary = 1.0;
  Side side = Side::Unknown;
};

struct StatusChannel {
  std::string name;
  std::string phase;
  std::string component;
  bool normal_state = false;
};

/// A run of equally spaced samples.
struct Segment {
  std::uint64_t first_sample = 0;
  std::uint64_t sample_count = 0;
  double rate_hertz = 0.0;
  Duration start;  ///< of its first sample, from the recording's first sample
  Discontinuity discontinuity = Discontinuity::Start;  ///< towards the segment before it
};

/// Where a channel lies in a frame, and what its values are multiplied with.
struct FrameLane {
  std::size_t channel = 0;
  std::size_t lane = 0;
  double scale = 1.0;
};

/// Decoded values, channel by channel or frame by frame. Thread-safe to read.
class SampleStore {
 public:
  virtual ~SampleStore() = default;
  /// Physical values `a·x + b` of `out.size()` samples from `first`; a missing one is NaN.
  virtual void read_analog(std::size_t channel, std::uint64_t first,
                           std::span<float> out) const = 0;
  /// 0 or 1; 2 where the file marks the state as missing.
  virtual void read_status(std::size_t channel, std::uint64_t first,
                           std::span<std::uint8_t> out) const = 0;

  /// Samples from `first` on as frames of `width` lanes (8 or 12, `out` whole frames): the values
  /// of read_analog(), multiplied in double precision where the scale is not 1. A lane without a
  /// channel holds 0.
  virtual void read_frames(std::span<const FrameLane> lanes, std::uint64_t first, std::size_t width,
                           std::span<float> out) const;
  /// How many of `count` samples from `first` on have the states that `first` has: 1 … count.
  [[nodiscard]] virtual std::uint64_t same_statuses(std::size_t channels, std::uint64_t first,
                                                    std::uint64_t count) const;
};

/// From a sample on, the clock was as good as this.
struct TimeQualityChange {
  std::uint64_t first_sample = 0;
  TimeQuality quality;
};

struct Recording {
  std::string format;  ///< "comtrade-1999-binary", "wav-pcm16", "csv", …
  std::string station;
  std::string device;
  std::optional<Instant> start;  ///< of the first sample, UTC; nothing if the file has none
  std::optional<Instant> trigger;
  bool zone_known = false;               ///< false: the file names no zone, UTC is assumed
  bool time_known = true;                ///< false: no rate and no stamps (a CSV without either)
  double nominal_frequency_hertz = 0.0;  ///< 0 if not given
  TimeQuality time_quality;              ///< the worst, where it changes
  std::vector<TimeQualityChange> time_qualities;  ///< in order, the first at sample 0; empty: none
  std::vector<AnalogChannel> analogs;
  std::vector<StatusChannel> statuses;
  std::vector<Segment> segments;  ///< in order, covering all samples
  std::uint64_t sample_count = 0;
  std::shared_ptr<const SampleStore> samples;
  std::vector<std::string> warnings;  ///< small deviations that were read around; each names a line

  [[nodiscard]] Duration duration() const;  ///< from the first sample to one period after the last
};

}  // namespace halfcycle::formats
