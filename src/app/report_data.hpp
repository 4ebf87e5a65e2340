// SPDX-License-Identifier: Apache-2.0
// Everything that `analyze` knows about one recording once it has been through the meter. The
// outputs (summary, JSON, CSV, HTML) are functions of this and of nothing else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/system.hpp"
#include "base/unit.hpp"
#include "meter/meter.hpp"
#include "metrology/interval.hpp"
#include "quality/event.hpp"
#include "quality/fault.hpp"
#include "source/source.hpp"

namespace halfcycle::app {

/// A run of equally spaced waveform points; between two runs lies a gap or a change of rate.
struct WaveformSegment {
  double start_seconds = 0.0;  ///< of its first point, from the first sample of the recording
  double rate_hertz = 0.0;     ///< of the points
  std::size_t first_point = 0;
  std::size_t point_count = 0;
};

/// One input's wave. Point k of a segment is at start_seconds + k / rate_hertz.
struct WaveformChannel {
  Input input = Input::V1;
  std::string name;  ///< as in the file
  Unit unit = Unit::Volt;
  std::vector<float> points;  ///< of all segments one after another; NaN = missing
};

struct Waveforms {
  std::vector<WaveformSegment> segments;  ///< shared by all channels
  std::vector<WaveformChannel> channels;  ///< in the order of Input
  /// 1: points are samples. Else a long recording was thinned: each two points are the smallest and
  /// the largest of 2 × samples_per_point samples, in the order in which they occurred.
  std::size_t samples_per_point = 1;
};

/// Rows of one interval. `values` holds rows × columns, row by row, in the columns' units; NaN is
/// not available.
struct IntervalTable {
  metrology::Interval interval = metrology::Interval::TenTwelveCycle;
  std::vector<meter::Column> columns;
  std::vector<Instant> start;
  std::vector<Instant> end;
  std::vector<Marks> marks;
  std::vector<double> values;

  [[nodiscard]] std::size_t rows() const { return end.size(); }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return values[row * columns.size() + column];
  }
  /// Index of a column by label; nothing if the table has none.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view label) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].label == label) {
        return i;
      }
    }
    return std::nullopt;
  }
};

/// Fundamental phasors of one 10/12-cycle window.
struct PhasorSet {
  struct Phasor {
    Input input = Input::V1;
    double rms = kNotAvailable;            ///< of the fundamental, V or A
    double angle_degrees = kNotAvailable;  ///< to V1 (to I1 without voltages), −180…180
  };
  Instant start;
  Instant end;
  bool flagged = false;
  std::vector<Phasor> phasors;
};

/// Harmonic subgroups of one input in percent of its fundamental; index = order, [0] is unused.
struct HarmonicBars {
  Input input = Input::V1;
  std::vector<double> mean_percent;                ///< rms over all windows; NaN = not available
  std::vector<std::vector<float>> window_percent;  ///< [window][order], windows as in `windows`
};

struct RegisterStatistics {
  meter::Column column;
  meter::Statistics statistics;
};

/// Instants count from the epoch where the recording has no start time (source.start is empty):
/// show them then as seconds from `first`.
struct ReportData {
  std::string version;
  source::SourceInfo source;
  SystemSetup system;
  std::vector<std::string> assumed;   ///< keys of the JSON that were inferred, not given
  std::vector<std::string> warnings;  ///< of the source and of the analysis
  Instant first;                      ///< of the first sample
  Instant last;                       ///< one sample period after the last sample
  std::vector<RegisterStatistics> registers;
  std::vector<std::string> selected;    ///< labels that were asked for by name (--registers)
  std::optional<IntervalTable> series;  ///< with --every
  std::vector<quality::VoltageEvent> events;
  std::vector<quality::RapidVoltageChange> changes;
  std::optional<quality::RvcSetup> change_limits;
  std::vector<quality::TransientEvent> transients;
  std::vector<meter::SignallingRecord> signalling;
  std::vector<quality::FaultReport> faults;
  double dip_threshold_ratio = 0.90;
  double swell_threshold_ratio = 1.10;
  double interruption_threshold_ratio = 0.05;

  /// Filled where a picture is wanted (summary and HTML). A recording's status channels are
  /// source.statuses; their transitions are sample indices, to be turned into time by
  /// seconds_of_sample().
  Waveforms waveforms;
  IntervalTable half_cycle;        ///< rms traces: HS voltages, currents, frequency
  IntervalTable windows;           ///< 10/12-cycle: powers, unbalance, THD, frequency, …
  std::vector<PhasorSet> phasors;  ///< one each row of `windows`
  std::vector<HarmonicBars> harmonics;

  /// First sample and time of each run of equally spaced samples.
  struct TimePiece {
    std::uint64_t first_sample = 0;
    double start_seconds = 0.0;
    double rate_hertz = 0.0;
  };
  std::vector<TimePiece> time;
  /// Seconds from the first sample; 0 if there are no samples.
  [[nodiscard]] double seconds_of_sample(std::uint64_t sample) const {
    double seconds = 0.0;
    for (const TimePiece& piece : time) {
      if (piece.first_sample > sample) {
        break;
      }
      seconds =
          piece.start_seconds + static_cast<double>(sample - piece.first_sample) / piece.rate_hertz;
    }
    return seconds;
  }
  /// Seconds from the first sample.
  [[nodiscard]] double seconds_of(Instant instant) const { return (instant - first).to_seconds(); }
};

}  // namespace halfcycle::app
