// SPDX-License-Identifier: Apache-2.0
// Which time a sample has: by the sampling rate that a file states, or by the stamps that it gives
// each sample. One rule for every format (docs: "Time"):
//
// - Rates, and stamps that are missing, wrapped or within a sample of the rates: the rates.
// - Stamps that show a real gap (a lasting step of more than 3/4 of a sample against the rates): a
//   new segment begins at the stamp, marked as a gap; inside segments the rates hold.
// - Stamps that contradict the rates otherwise (another unit, steps back, a drift of more than a
//   sample): the rates, with a warning.
// - No rate: the stamps. Runs of samples that lie within half a sample of a straight line become a
//   segment with the fitted rate (least squares), so that stamps of 1249 and 1250 µs in turn give
//   one segment of 800.2 Hz.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

/// Faster or slower than anything that samples a power system; such a rate is a damaged file.
inline constexpr double kMaxRateHertz = 1e9;
inline constexpr double kMinRateHertz = 1e-3;

inline constexpr std::int64_t kNoStamp = std::numeric_limits<std::int64_t>::min();

struct Stamps {
  /// Fills in the nanoseconds of the samples from `first` (0-based) on, from any origin, or
  /// kNoStamp. Called for long stretches in rising order, and again for a few samples;
  /// |value| < 4·10¹⁸. Empty: there are no stamps.
  std::function<void(std::uint64_t first, std::span<std::int64_t> out)> read;
  std::int64_t resolution_ns = 1;  ///< step of the stamps as written, ≥ 1
  std::int64_t wrap_ns = 0;        ///< stamps start again at 0 after this; 0 if they do not

  [[nodiscard]] std::int64_t at(std::uint64_t sample) const {
    std::int64_t stamp = kNoStamp;
    read(sample, std::span(&stamp, 1));
    return stamp;
  }
};

/// Samples up to `end_sample` (exclusive, 0-based: the number of samples so far) have this rate.
struct RateRun {
  double rate_hertz = 0.0;
  std::uint64_t end_sample = 0;
};

struct Timeline {
  std::vector<Segment> segments;
  std::vector<std::string> warnings;
};

/// rates: at least one, all from kMinRateHertz to kMaxRateHertz, end_sample not falling; the last
/// one holds to the end whatever its end_sample. stamps.read may be empty. sample_count ≥ 1. Time
/// O(sample_count).
[[nodiscard]] Timeline timeline_from_rates(std::span<const RateRun> rates,
                                           std::uint64_t sample_count, const Stamps& stamps);

/// Errors: fewer than two samples, a missing stamp, stamps that go back or stand still,
/// stamps so irregular that no rate fits, or a rate beyond the limits. The message names the sample
/// (counted from 1) and has no file name. Time O(sample_count).
[[nodiscard]] Result<Timeline> timeline_from_stamps(std::uint64_t sample_count,
                                                    const Stamps& stamps);

/// An error if the samples last more than a century or begin after 2130: Instants end in 2262, and
/// no reader of the recording should have to fear that a sum of times overflows.
[[nodiscard]] Result<void> check_span(const std::optional<Instant>& start,
                                      std::span<const Segment> segments);

}  // namespace halfcycle::formats
