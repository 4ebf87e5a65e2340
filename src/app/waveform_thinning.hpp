// SPDX-License-Identifier: Apache-2.0
// Fewer points for a picture of a long waveform: the smallest and the largest sample of each bucket
// stay, so that no peak disappears, and chosen spans keep every point.
//
//   ThinnedWaveforms picture = thin(data.waveforms, spans_around_events, 500'000);
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "app/report_data.hpp"

namespace halfcycle::app {

/// Seconds from the first sample of the recording.
struct TimeSpan {
  double begin_seconds = 0.0;
  double end_seconds = 0.0;
};

/// Equally spaced points; point k is at start_seconds + k · step_seconds.
struct WaveformPiece {
  double start_seconds = 0.0;
  double step_seconds = 0.0;
  std::size_t point_count = 0;
  bool envelope = false;  ///< each two points are the extremes of a bucket, in their order in time
  bool follows_gap = true;  ///< false: goes on where the piece before it ended
};

struct ThinnedWaveforms {
  std::vector<WaveformPiece> pieces;
  std::vector<std::vector<float>> channels;  ///< points of all pieces, by channel of the input
};

/// At most about `max_points` points over all channels together. Spans in `keep` keep their points,
/// the first ones first, as long as they need no more than half of that.
[[nodiscard]] ThinnedWaveforms thin(const Waveforms& waveforms, std::span<const TimeSpan> keep,
                                    std::size_t max_points);

}  // namespace halfcycle::app
