// SPDX-License-Identifier: Apache-2.0
#include "app/waveform_thinning.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halfcycle::app {
namespace {

/// Points [begin, end) of one segment, kept as they are or thinned.
struct Run {
  std::size_t segment = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool keep = false;
};

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The points of a segment inside a span; empty if there are none.
Range points_inside(const WaveformSegment& segment, const TimeSpan& span) {
  const auto point_at = [&](double seconds) {
    const double point = (seconds - segment.start_seconds) * segment.rate_hertz;
    return static_cast<std::size_t>(
        std::clamp(std::ceil(point), 0.0, static_cast<double>(segment.point_count)));
  };
  return {point_at(span.begin_seconds), point_at(span.end_seconds)};
}

/// The kept ranges of each segment, merged and in order; no more than `budget` points in all.
std::vector<std::vector<Range>> kept_ranges(const Waveforms& waveforms,
                                            std::span<const TimeSpan> keep, std::size_t budget) {
  std::vector<std::vector<Range>> kept(waveforms.segments.size());
  std::size_t used = 0;
  for (const TimeSpan& span : keep) {
    for (std::size_t s = 0; s < waveforms.segments.size(); ++s) {
      const Range range = points_inside(waveforms.segments[s], span);
      if (range.begin >= range.end || used + (range.end - range.begin) > budget) {
        continue;
      }
      used += range.end - range.begin;
      kept[s].push_back(range);
    }
  }
  for (std::vector<Range>& ranges : kept) {
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.begin < b.begin; });
    std::vector<Range> merged;
    for (const Range& range : ranges) {
      if (!merged.empty() && range.begin <= merged.back().end) {
        merged.back().end = std::max(merged.back().end, range.end);
      } else {
        merged.push_back(range);
      }
    }
    ranges = std::move(merged);
  }
  return kept;
}

std::vector<Run> make_runs(const Waveforms& waveforms,
                           const std::vector<std::vector<Range>>& kept) {
  std::vector<Run> runs;
  for (std::size_t s = 0; s < waveforms.segments.size(); ++s) {
    std::size_t at = 0;
    for (const Range& range : kept[s]) {
      if (range.begin > at) {
        runs.push_back({s, at, range.begin, false});
      }
      runs.push_back({s, range.begin, range.end, true});
      at = range.end;
    }
    if (at < waveforms.segments[s].point_count) {
      runs.push_back({s, at, waveforms.segments[s].point_count, false});
    }
  }
  return runs;
}

void append_extremes(std::span<const float> bucket, std::vector<float>& out) {
  std::size_t low = bucket.size();
  std::size_t high = bucket.size();
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    if (std::isnan(bucket[i])) {
      continue;
    }
    if (low == bucket.size() || bucket[i] < bucket[low]) {
      low = i;
    }
    if (high == bucket.size() || bucket[i] > bucket[high]) {
      high = i;
    }
  }
  if (low == bucket.size()) {
    out.insert(out.end(), 2, static_cast<float>(kNotAvailable));
    return;
  }
  out.push_back(bucket[std::min(low, high)]);
  out.push_back(bucket[std::max(low, high)]);
}

}  // namespace

ThinnedWaveforms thin(const Waveforms& waveforms, std::span<const TimeSpan> keep,
                      std::size_t max_points) {
  std::size_t total = 0;
  for (const WaveformSegment& segment : waveforms.segments) {
    total += segment.point_count;
  }
  const std::size_t channel_count = std::max<std::size_t>(waveforms.channels.size(), 1);
  const std::size_t budget = std::max<std::size_t>(max_points / channel_count, 2);

  const bool fits = total <= budget;
  std::vector<std::vector<Range>> kept(waveforms.segments.size());
  if (!fits) {
    kept = kept_ranges(waveforms, keep, budget / 2);
  }
  const std::vector<Run> runs = make_runs(waveforms, kept);
  std::size_t kept_points = 0;
  for (const Run& run : runs) {
    kept_points += run.keep ? run.end - run.begin : 0;
  }
  const double thinned_points = static_cast<double>(total - kept_points);
  const double points_per_bucket =
      2.0 * thinned_points / static_cast<double>(std::max<std::size_t>(budget - kept_points, 2));

  ThinnedWaveforms result;
  double end_of_previous = -std::numeric_limits<double>::infinity();
  result.channels.resize(waveforms.channels.size());
  for (const Run& run : runs) {
    const WaveformSegment& segment = waveforms.segments[run.segment];
    const std::size_t count = run.end - run.begin;
    const auto buckets = static_cast<std::size_t>(
        std::ceil(static_cast<double>(count) / std::max(points_per_bucket, 1.0)));
    const bool as_it_is = fits || run.keep || 2 * buckets >= count;
    WaveformPiece piece;
    piece.start_seconds =
        segment.start_seconds + static_cast<double>(run.begin) / segment.rate_hertz;
    piece.step_seconds = 1.0 / segment.rate_hertz;
    piece.point_count = count;
    piece.envelope = !as_it_is || waveforms.samples_per_point > 1;
    // A new segment may be a mere change of rate.
    piece.follows_gap = piece.start_seconds > end_of_previous + 0.5 * piece.step_seconds;
    end_of_previous = piece.start_seconds + static_cast<double>(count) / segment.rate_hertz;
    if (!as_it_is) {
      piece.step_seconds *= static_cast<double>(count) / static_cast<double>(2 * buckets);
      piece.point_count = 2 * buckets;
    }
    result.pieces.push_back(piece);
    for (std::size_t c = 0; c < waveforms.channels.size(); ++c) {
      const std::span<const float> points =
          std::span(waveforms.channels[c].points).subspan(segment.first_point + run.begin, count);
      std::vector<float>& out = result.channels[c];
      if (as_it_is) {
        out.insert(out.end(), points.begin(), points.end());
        continue;
      }
      for (std::size_t b = 0; b < buckets; ++b) {
        const std::size_t begin = b * count / buckets;
        const std::size_t end = (b + 1) * count / buckets;
        append_extremes(points.subspan(begin, end - begin), out);
      }
    }
  }
  return result;
}

}  // namespace halfcycle::app
