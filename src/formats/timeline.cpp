// SPDX-License-Identifier: Apache-2.0
#include "formats/timeline.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace halfcycle::formats {
namespace {

constexpr double kGapInSamples = 0.75;
// After a step, this many stamps must agree before it counts as a gap and not as one bad stamp.
constexpr std::uint64_t kLookAhead = 3;

// 285 years at most, so that no file makes the conversion overflow.
std::int64_t to_ns(double ns) { return std::llround(std::clamp(ns, -9e18, 9e18)); }

// Difference of two stamps; a step back that fits a counter starting again is taken as that.
std::int64_t step(const Stamps& stamps, std::int64_t from, std::int64_t to) {
  const std::int64_t d = to - from;
  if (d < 0 && stamps.wrap_ns > 0 && d + stamps.wrap_ns >= 0 &&
      d + stamps.wrap_ns < stamps.wrap_ns / 2) {
    return d + stamps.wrap_ns;
  }
  return d;
}

// Stamps one after the other, read a block at a time.
class StampReader {
 public:
  StampReader(const Stamps& stamps, std::uint64_t sample_count)
      : stamps_(stamps), sample_count_(sample_count) {}

  /// The stamps from sample `i` < sample_count on, as far as they are at hand: at least one.
  std::span<const std::int64_t> from(std::uint64_t i) {
    if (i - first_ >= held_) {
      first_ = i;
      held_ = static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), sample_count_ - i));
      stamps_.read(first_, std::span(block_).first(held_));
    }
    return std::span<const std::int64_t>(block_).subspan(static_cast<std::size_t>(i - first_),
                                                         held_ - (i - first_));
  }
  std::int64_t at(std::uint64_t i) { return from(i).front(); }

 private:
  const Stamps& stamps_;
  std::uint64_t sample_count_;
  std::uint64_t first_ = 0;
  std::size_t held_ = 0;
  std::array<std::int64_t, 2048> block_;
};

// The steps from stamp to stamp that lie within `limit_ns` of the period and do not go back.
class SteadySteps {
 public:
  SteadySteps(double period_ns, double limit_ns) : period_ns_(period_ns), limit_ns_(limit_ns) {
    const auto fits = [&](std::int64_t step_ns) {
      return std::abs(static_cast<double>(step_ns) - period_ns) <= limit_ns;
    };
    // Rounded as deviations are, not as the bounds happen to be.
    std::int64_t most = to_ns(period_ns + limit_ns) + 1;
    least_ = std::max<std::int64_t>(0, to_ns(period_ns - limit_ns) - 1);
    while (most >= least_ && !fits(most)) {
      --most;
    }
    while (least_ < most && !fits(least_)) {
      ++least_;
    }
    width_ = static_cast<std::uint64_t>(most - least_);
    none_ = most < least_ || most > kLongestNs;
  }
  [[nodiscard]] bool are_for(double period_ns, double limit_ns) const {
    return period_ns == period_ns_ && limit_ns == limit_ns_;
  }
  /// How many of `stamps` follow on `previous` and each other in such steps.
  [[nodiscard]] std::size_t count(std::int64_t previous,
                                  std::span<const std::int64_t> stamps) const {
    std::size_t n = 0;
    auto before = static_cast<std::uint64_t>(previous);
    while (n < stamps.size() && !none_) {
      const auto now = static_cast<std::uint64_t>(stamps[n]);
      if (now - before - static_cast<std::uint64_t>(least_) > width_) {
        break;
      }
      before = now;
      ++n;
    }
    return n;
  }

 private:
  // From a stamp within 4·10¹⁸ to a missing one it is further than this, up or down.
  static constexpr std::int64_t kLongestNs = 1'000'000'000'000'000'000;

  double period_ns_;
  double limit_ns_;
  std::int64_t least_ = 0;
  std::uint64_t width_ = 0;
  bool none_ = false;
};

// The period of the sample interval that begins at sample i, by the rates. Rising i only.
class PeriodCursor {
 public:
  explicit PeriodCursor(std::span<const RateRun> rates) : rates_(rates) {}
  double period_ns(std::uint64_t i) {
    while (run_ + 1 < rates_.size() && i >= rates_[run_].end_sample) {
      ++run_;
    }
    return 1e9 / rates_[run_].rate_hertz;
  }
  /// The first sample that the latest period may no longer hold for.
  [[nodiscard]] std::uint64_t end() const {
    return run_ + 1 < rates_.size() ? rates_[run_].end_sample
                                    : std::numeric_limits<std::uint64_t>::max();
  }

 private:
  std::span<const RateRun> rates_;
  std::size_t run_ = 0;
};

struct Gap {
  std::uint64_t sample = 0;     // the first one after the gap
  std::int64_t elapsed_ns = 0;  // its stamp, from the first stamp, wraps undone
  double surplus_ns = 0.0;      // step of the stamps beyond the period
};

enum class StampState { Usable, Missing, Constant, Unrelated, Backwards };

struct StampReport {
  StampState state = StampState::Missing;
  std::uint64_t sample = 0;  // where it was seen (0-based)
  std::vector<Gap> gaps;
  std::uint64_t bad_stamps = 0;  // single ones that contradict their neighbours
  std::uint64_t first_bad = 0;
  std::int64_t elapsed_ns = 0;  // of the last stamp from the first one
  double resolution_ns = 1.0;   // of the stamps as they are
  std::uint64_t first_stamped = 0;
  std::uint64_t last_stamped = 0;
};

// True if the stamps after `i` stay beyond the line through the samples before it.
bool step_lasts(const Stamps& stamps, PeriodCursor periods, std::uint64_t i,
                std::uint64_t sample_count, double deviation_ns, double limit_ns) {
  double sum = deviation_ns;
  std::int64_t previous = stamps.at(i);
  std::uint64_t previous_index = i;
  const std::uint64_t end = std::min(sample_count, i + 1 + kLookAhead);
  double expected = 0.0;
  for (std::uint64_t j = i + 1; j < end; ++j) {
    expected += periods.period_ns(j - 1);
    const std::int64_t stamp = stamps.at(j);
    if (stamp == kNoStamp) {
      continue;
    }
    sum += static_cast<double>(step(stamps, previous, stamp)) - expected;
    if (std::abs(sum) <= limit_ns || (sum > 0.0) != (deviation_ns > 0.0)) {
      return false;
    }
    previous = stamp;
    previous_index = j;
    expected = 0.0;
  }
  return previous_index + 1 >= end || expected > 0.0;
}

// The step of stamps coarser than the samples (milliseconds at 4 kHz: several equal ones, then a
// jump); the stated resolution otherwise.
std::int64_t real_resolution(const Stamps& stamps, std::uint64_t sample_count) {
  std::int64_t smallest = 0;
  bool repeats = false;
  std::int64_t previous = kNoStamp;
  const std::uint64_t end = std::min<std::uint64_t>(sample_count, 4096);
  StampReader reader(stamps, end);
  for (std::uint64_t i = 0; i < end; ++i) {
    const std::int64_t stamp = reader.at(i);
    if (stamp != kNoStamp && previous != kNoStamp) {
      const std::int64_t d = stamp - previous;
      repeats = repeats || d == 0;
      if (d > 0 && (smallest == 0 || d < smallest)) {
        smallest = d;
      }
    }
    previous = stamp;
  }
  return std::max(stamps.resolution_ns, repeats ? smallest : 0);
}

// A step further than this from the expected one needs explaining.
double limit_of(double period_ns, double resolution_ns) {
  return kGapInSamples * period_ns + resolution_ns;
}

StampReport examine(std::span<const RateRun> rates, std::uint64_t sample_count,
                    const Stamps& stamps) {
  StampReport report;
  if (!stamps.read) {
    return report;
  }
  const auto resolution = static_cast<double>(real_resolution(stamps, sample_count));
  report.resolution_ns = resolution;
  PeriodCursor periods(rates);
  std::int64_t previous = kNoStamp;
  double expected = 0.0;  // from the last stamp to this sample
  std::uint64_t steps = 0;
  std::uint64_t off = 0;
  std::uint64_t first_back = 0;
  std::uint64_t back = 0;
  bool moved = false;
  double period = 0.0;
  StampReader reader(stamps, sample_count);
  SteadySteps steady(0.0, 0.0);
  for (std::uint64_t i = 0; i < sample_count; ++i) {
    // Steps as expected, at one rate: nearly all samples of nearly all recordings.
    if (previous != kNoStamp && expected == 0.0 && i < periods.end()) {
      if (const double limit = limit_of(period, resolution); !steady.are_for(period, limit)) {
        steady = SteadySteps(period, limit);
      }
      auto ahead = reader.from(i);
      ahead = ahead.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(ahead.size(), periods.end() - i)));
      if (const std::size_t n = steady.count(previous, ahead); n > 0) {
        const std::int64_t elapsed = ahead[n - 1] - previous;
        moved = moved || elapsed != 0;
        steps += n;
        report.elapsed_ns += elapsed;
        previous = ahead[n - 1];
        report.last_stamped = i + n - 1;
        i = report.last_stamped;
        continue;
      }
    }
    const double period_before = period;
    period = periods.period_ns(i);
    if (i > 0) {
      expected += period_before;
    }
    const std::int64_t stamp = reader.at(i);
    if (stamp == kNoStamp) {
      continue;
    }
    if (previous == kNoStamp) {
      report.first_stamped = i;
    } else {
      const std::int64_t d = step(stamps, previous, stamp);
      moved = moved || d != 0;
      ++steps;
      const double deviation = static_cast<double>(d) - expected;
      // Between two rates the interval may be counted with either of them.
      const double limit = limit_of(std::max(period, period_before), resolution);
      if (std::abs(deviation) > limit) {
        ++off;
        if (off > 64 && off * 2 > steps) {
          break;  // unrelated: no need to see the rest
        }
        if (!step_lasts(stamps, periods, i, sample_count, deviation, limit)) {
          report.first_bad = report.bad_stamps++ == 0 ? i : report.first_bad;
          continue;  // this stamp alone is wrong: go on from the one before
        }
        if (deviation > 0.0) {
          report.gaps.push_back({i, report.elapsed_ns + d, deviation});
        } else {
          first_back = back++ == 0 ? i : first_back;
        }
      }
      report.elapsed_ns += d;
    }
    previous = stamp;
    expected = 0.0;
    report.last_stamped = i;
  }
  if (steps == 0) {
    report.state = StampState::Missing;
  } else if (!moved) {
    report.state = StampState::Constant;
  } else if (off > 8 && off > steps / 8) {
    report.state = StampState::Unrelated;
  } else if (off > 0 && off == steps) {
    report.state = StampState::Unrelated;
  } else if (back > 0) {
    report.state = StampState::Backwards;
    report.sample = first_back;
  } else {
    report.state = StampState::Usable;
  }
  return report;
}

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// Time of sample n by finished segments, in ns from the first sample.
double elapsed_by_segments(const std::vector<Segment>& segments, std::uint64_t n) {
  auto it = std::upper_bound(segments.begin(), segments.end(), n,
                             [](std::uint64_t v, const Segment& s) { return v < s.first_sample; });
  const Segment& s = *std::prev(it);
  return static_cast<double>(s.start.count_ns()) +
         static_cast<double>(n - s.first_sample) * 1e9 / s.rate_hertz;
}

void warn_of_stamps(Timeline& timeline, const StampReport& report, std::uint64_t sample_count) {
  auto& warnings = timeline.warnings;
  switch (report.state) {
    case StampState::Missing:
      return;
    case StampState::Constant:
      warnings.push_back("all time stamps are the same; the sampling rate is used");
      return;
    case StampState::Unrelated:
      warnings.push_back("the time stamps do not fit the sampling rate; the rate is used");
      return;
    case StampState::Backwards:
      warnings.push_back(
          format("the time stamps go back at sample {}; the sampling rate is used throughout",
                 report.sample + 1));
      return;
    case StampState::Usable:
      break;
  }
  if (report.bad_stamps > 0) {
    warnings.push_back(
        format("{} time stamp{} contradict{} the neighbours (first at sample {}); "
               "the sampling rate is used there",
               report.bad_stamps, report.bad_stamps == 1 ? "" : "s",
               report.bad_stamps == 1 ? "s" : "", report.first_bad + 1));
  }
  if (!report.gaps.empty()) {
    const Gap& first = report.gaps.front();
    warnings.push_back(
        format("the time stamps show {} gap{} (first before sample {}: {:.6g} s "
               "missing); the stamps are used there",
               report.gaps.size(), report.gaps.size() == 1 ? "" : "s", first.sample + 1,
               first.surplus_ns * 1e-9));
  }
  if (report.last_stamped < sample_count && report.first_stamped == 0) {
    const double by_rate = elapsed_by_segments(timeline.segments, report.last_stamped);
    const double difference = static_cast<double>(report.elapsed_ns) - by_rate;
    if (std::abs(difference) > 1e9 / timeline.segments.back().rate_hertz + report.resolution_ns) {
      warnings.push_back(format(
          "sampling rate and time stamps disagree: sample {} is at {:.6f} s by the rate and at "
          "{:.6f} s by its stamp; the rate is used",
          report.last_stamped + 1, by_rate * 1e-9, seconds(report.elapsed_ns)));
    }
  }
}

}  // namespace

Timeline timeline_from_rates(std::span<const RateRun> rates, std::uint64_t sample_count,
                             const Stamps& stamps) {
  const StampReport report = examine(rates, sample_count, stamps);
  Timeline timeline;
  std::span<const Gap> gaps;
  if (report.state == StampState::Usable) {
    gaps = report.gaps;
  }

  std::size_t run = 0;
  std::size_t gap = 0;
  std::uint64_t at = 0;
  double start_ns = 0.0;
  Discontinuity kind = Discontinuity::Start;
  while (at < sample_count) {
    while (run + 1 < rates.size() && rates[run].end_sample <= at) {
      ++run;
    }
    // Equal rates in a row are one run.
    std::size_t last_run = run;
    while (last_run + 1 < rates.size() &&
           (rates[last_run + 1].rate_hertz == rates[run].rate_hertz ||
            rates[last_run + 1].end_sample <= rates[last_run].end_sample)) {
      ++last_run;
    }
    std::uint64_t end = last_run + 1 < rates.size()
                            ? std::min(rates[last_run].end_sample, sample_count)
                            : sample_count;
    const bool gap_next =
        gap < gaps.size() && gaps[gap].sample <= end && gaps[gap].sample < sample_count;
    if (gap_next) {
      end = gaps[gap].sample;
    }
    const double rate = rates[run].rate_hertz;
    timeline.segments.push_back({.first_sample = at,
                                 .sample_count = end - at,
                                 .rate_hertz = rate,
                                 .start = Duration::ns(to_ns(start_ns)),
                                 .discontinuity = kind});
    start_ns += static_cast<double>(end - at) * 1e9 / rate;
    kind = Discontinuity::RateChange;
    if (gap_next) {
      // By the stamp itself, unless rate and stamps have drifted apart so far that it would lie in
      // the past: then by the step that the stamps make.
      const auto by_stamp = static_cast<double>(gaps[gap].elapsed_ns);
      start_ns = by_stamp > start_ns && report.first_stamped == 0 ? by_stamp
                                                                  : start_ns + gaps[gap].surplus_ns;
      kind = Discontinuity::Gap;
      ++gap;
    }
    at = end;
  }
  warn_of_stamps(timeline, report, sample_count);
  return timeline;
}

namespace {

double median_step(const std::vector<double>& t, std::uint64_t first, std::uint64_t end) {
  std::vector<double> steps;
  for (std::uint64_t i = first + 1; i < end; ++i) {
    steps.push_back(t[i] - t[i - 1]);
  }
  if (steps.empty()) {
    return 0.0;
  }
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// Least-squares slope of t over the sample index in [first, end), end − first ≥ 2.
double fitted_period(const std::vector<double>& t, std::uint64_t first, std::uint64_t end) {
  const auto n = static_cast<double>(end - first);
  const double mean_x = (n - 1.0) / 2.0;
  double mean_t = 0.0;
  for (std::uint64_t i = first; i < end; ++i) {
    mean_t += t[i] - t[first];
  }
  mean_t /= n;
  double sxy = 0.0;
  for (std::uint64_t i = first; i < end; ++i) {
    sxy += (static_cast<double>(i - first) - mean_x) * (t[i] - t[first] - mean_t);
  }
  return sxy / (n * (n * n - 1.0) / 12.0);
}

// A whole number of hertz if it explains the stamps as well as the fit does.
double rate_of(double period_ns, std::uint64_t samples, double resolution_ns) {
  const double rate = 1e9 / period_ns;
  const double whole = std::round(rate);
  if (whole >= 1.0 &&
      std::abs(1e9 / whole - period_ns) * static_cast<double>(samples - 1) <= resolution_ns) {
    return whole;
  }
  return rate;
}

// The end of the run that begins at `first`: the longest stretch for which one line through its
// first stamp passes all others within the tolerance (a cone of slopes that narrows).
std::uint64_t run_end(const std::vector<double>& t, std::uint64_t first, double resolution_ns) {
  const std::uint64_t n = t.size();
  const double guess = median_step(t, first, std::min<std::uint64_t>(n, first + 10));
  const double tolerance = 0.5 * guess + resolution_ns;
  double low = 0.0;
  double high = std::numeric_limits<double>::infinity();
  for (std::uint64_t i = first + 1; i < n; ++i) {
    const double x = static_cast<double>(i - first);
    const double y = t[i] - t[first];
    low = std::max(low, (y - tolerance) / x);
    high = std::min(high, (y + tolerance) / x);
    // The next step alone must fit too: a cone is wide while it is young.
    const bool jump = std::abs(t[i] - t[i - 1] - guess) > tolerance;
    if (low > high || jump) {
      return i;
    }
  }
  return n;
}

// Moves the boundary back to where the steps change from those of the run before to those after.
std::uint64_t refine_boundary(const std::vector<double>& t, std::uint64_t first,
                              std::uint64_t boundary) {
  if (boundary - first < 4 || boundary + 2 >= t.size()) {
    return boundary;
  }
  const std::uint64_t early = first + (boundary - first) * 3 / 4;
  const double before = median_step(t, first, std::max(early, first + 2));
  const double after = median_step(t, boundary, std::min<std::uint64_t>(t.size(), boundary + 10));
  // A step that is neither the old nor the new one is a gap, and the boundary is where it was.
  const auto is_new = [&](double d) {
    return std::abs(d - after) < 0.3 * after && std::abs(d - after) < std::abs(d - before);
  };
  std::uint64_t at = boundary;
  while (at > first + 2 && is_new(t[at] - t[at - 1])) {
    --at;
  }
  // The interval before the first sample of a new rate is one of the old rate, as in COMTRADE.
  return at;
}

}  // namespace

Result<Timeline> timeline_from_stamps(std::uint64_t sample_count, const Stamps& stamps) {
  if (sample_count < 2) {
    return fail(ErrorCode::InvalidInput,
                "there is no sampling rate, and one sample is too few to find it from time stamps");
  }
  std::vector<double> t(sample_count);
  std::int64_t previous = 0;
  double elapsed = 0.0;
  double smallest = std::numeric_limits<double>::infinity();
  bool repeats = false;
  StampReader reader(stamps, sample_count);
  for (std::uint64_t i = 0; i < sample_count; ++i) {
    const std::int64_t stamp = reader.at(i);
    if (stamp == kNoStamp) {
      return fail(ErrorCode::InvalidInput,
                  "there is no sampling rate, and sample {} has no time stamp", i + 1);
    }
    if (i > 0) {
      const std::int64_t d = step(stamps, previous, stamp);
      if (d < 0) {
        return fail(ErrorCode::InvalidInput,
                    "there is no sampling rate, and the time stamps go back at sample {}", i + 1);
      }
      repeats = repeats || d == 0;
      if (d > 0) {
        smallest = std::min(smallest, static_cast<double>(d));
      }
      elapsed += static_cast<double>(d);
    }
    previous = stamp;
    t[i] = elapsed;
  }
  if (elapsed <= 0.0) {
    return fail(ErrorCode::InvalidInput,
                "there is no sampling rate, and all time stamps are the same");
  }
  Timeline timeline;
  const auto stated = static_cast<double>(stamps.resolution_ns);
  if (repeats) {
    // Stamps coarser than the samples: only one rate throughout can be read from them.
    const double period = fitted_period(t, 0, sample_count);
    for (std::uint64_t i = 0; i < sample_count; ++i) {
      if (std::abs(t[i] - static_cast<double>(i) * period) > smallest + period) {
        return fail(ErrorCode::InvalidInput,
                    "there is no sampling rate, and the time stamps stand still and then jump "
                    "(sample {}): no rate fits them",
                    i + 1);
      }
    }
    timeline.segments.push_back({.first_sample = 0,
                                 .sample_count = sample_count,
                                 .rate_hertz = rate_of(period, sample_count, smallest),
                                 .start = {},
                                 .discontinuity = Discontinuity::Start});
    timeline.warnings.push_back(
        format("the time stamps are coarser than the samples; a rate of {:.7g} Hz was fitted",
               timeline.segments.front().rate_hertz));
    return timeline;
  }

  std::uint64_t first = 0;
  double period_before = 0.0;
  while (first < sample_count) {
    std::uint64_t end = run_end(t, first, stated);
    if (end < sample_count) {
      end = refine_boundary(t, first, end);
    }
    const std::uint64_t count = end - first;
    const double period = count >= 2
                              ? fitted_period(t, first, end)
                              : (period_before > 0.0 ? period_before : t[first + 1] - t[first]);
    Discontinuity kind = Discontinuity::Start;
    if (first > 0) {
      const double between = t[first] - t[first - 1];
      kind = between > 1.5 * std::max(period, period_before) + stated ? Discontinuity::Gap
                                                                      : Discontinuity::RateChange;
    }
    timeline.segments.push_back(
        {.first_sample = first,
         .sample_count = count,
         .rate_hertz = count >= 2 ? rate_of(period, count, stated) : 1e9 / period,
         .start = Duration::ns(to_ns(t[first])),
         .discontinuity = kind});
    const double rate = timeline.segments.back().rate_hertz;
    if (rate < kMinRateHertz || rate > kMaxRateHertz) {
      return fail(
          ErrorCode::InvalidInput,
          "there is no sampling rate, and the time stamps from sample {} on give {:.4g} Hz, "
          "which cannot be right",
          first + 1, rate);
    }
    if (timeline.segments.size() > 8 && timeline.segments.size() * 8 > sample_count) {
      return fail(ErrorCode::InvalidInput,
                  "there is no sampling rate, and the time stamps are too irregular to find one "
                  "(first break at sample {})",
                  timeline.segments[1].first_sample + 1);
    }
    period_before = period;
    first = end;
  }
  return timeline;
}

Result<void> check_span(const std::optional<Instant>& start, std::span<const Segment> segments) {
  constexpr double kCenturySeconds = 3.2e9;
  constexpr int kLastYear = 2130;
  const Segment& last = segments.back();
  const double end_seconds =
      last.start.to_seconds() + static_cast<double>(last.sample_count) / last.rate_hertz;
  if (end_seconds > kCenturySeconds) {
    return fail(ErrorCode::InvalidInput,
                "the samples would last more than a century: sampling rates or time stamps are "
                "wrong");
  }
  if (start && to_civil(*start).year > kLastYear) {
    return fail(ErrorCode::InvalidInput,
                "the recording begins in the year {}, which cannot be right",
                to_civil(*start).year);
  }
  return {};
}

}  // namespace halfcycle::formats
