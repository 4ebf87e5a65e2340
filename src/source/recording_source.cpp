// SPDX-License-Identifier: Apache-2.0
#include "source/recording_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/quality.hpp"
#include "base/text.hpp"
#include "source/fractional_delay.hpp"
#include "source/nominal.hpp"

namespace halfcycle::source {
namespace {

using formats::AnalogChannel;
using formats::Recording;
using formats::Segment;

constexpr double kSkewLimitSeconds = 50e-9;  // 0.001° at 60 Hz is 46 ns
constexpr double kTrackingRange = 0.02;
constexpr std::size_t kLargestBlock = 65536;

/// Samples delivered at one rate: (a part of) a segment, or of several tracking ones.
struct Run {
  std::uint64_t first_index = 0;  // of the source
  std::uint64_t count = 0;
  std::uint64_t skipped = 0;  // samples cut off before the first one
  Duration start;             // of its sample 0 (cut or not), from the recording's first sample
  double rate_hertz = 0.0;
  Discontinuity discontinuity = Discontinuity::None;
  std::uint64_t record_first = 0;  // the samples of the recording that it is made from
  std::uint64_t record_count = 0;
  bool measurable = true;  // enough samples a cycle
  struct Piece {
    double start_seconds = 0.0;  // from the run's sample 0
    std::uint64_t first = 0;     // from record_first
    double rate_hertz = 0.0;
  };
  std::vector<Piece> pieces;  // empty: the recording's own samples
};

struct Lane {
  Input input = Input::V1;
  std::size_t channel = 0;
  double scale = 1.0;
  double skew_seconds = 0.0;  // against the instants delivered
};

std::string number_of(std::uint64_t n, std::string_view what) {
  return format("{} {}{}", n, what, n == 1 ? "" : "s");
}

class RecordingSource final : public Source {
 public:
  RecordingSource(Recording recording, const OpenOptions& options)
      : recording_(std::move(recording)), options_(options) {}

  Result<void> prepare(std::string uri) {
    if (recording_.sample_count == 0 || recording_.segments.empty() || !recording_.samples) {
      return fail(ErrorCode::InvalidInput, "{}: the recording has no samples", uri);
    }
    if (!recording_.time_known) {
      return fail(ErrorCode::InvalidInput,
                  "{}: the recording has neither a sample rate nor time stamps; give --rate HZ",
                  uri);
    }
    info_.uri = std::move(uri);
    info_.warnings = recording_.warnings;
    const bool by_number = number_inputs();
    auto mapping = map_channels(recording_.analogs, options_.mapping);
    if (!mapping) {
      return fail(mapping.error().code, "{}: {}", info_.uri, mapping.error().message);
    }
    mapping_ = std::move(*mapping);
    mapping_.inferred = mapping_.inferred || by_number;
    drop_residual_voltage();
    info_.warnings.insert(info_.warnings.end(), mapping_.warnings.begin(), mapping_.warnings.end());
    if (auto done = make_lanes(); !done) {
      return done;
    }
    settle_skew();
    make_runs();
    if (auto done = cut(); !done) {
      return done;
    }
    describe();
    return {};
  }

  [[nodiscard]] const SourceInfo& info() const override { return info_; }

  Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    if (run_ == runs_.size()) {
      return std::optional<SampleBlock>{};
    }
    const Run& run = runs_[run_];
    const std::uint64_t limit = std::clamp<std::uint64_t>(max_frames, 1, kLargestBlock);
    const std::uint64_t from = run.skipped + in_run_;
    const auto [quality, quality_lasts] = time_quality_at(run.record_first + from);
    const auto frames =
        static_cast<std::size_t>(std::min({limit, run.count - in_run_, quality_lasts}));
    fill(run, from, frames);
    trace_statuses(run, from, frames, run.first_index + in_run_);

    SampleBlock block;
    block.frames = frames_.data();
    block.frame_count = frames;
    block.lanes = lane_count_;
    block.inputs = inputs_;
    block.first_index = run.first_index + in_run_;
    block.time = {.index = run.first_index,
                  .at = recording_.start.value_or(Instant{}) + start_of(run),
                  .rate_hertz = run.rate_hertz};
    block.time_quality = quality;
    block.discontinuity = in_run_ > 0 ? Discontinuity::None
                          : run_ == 0 ? Discontinuity::Start
                                      : run.discontinuity;
    in_run_ += frames;
    if (in_run_ == run.count) {
      in_run_ = 0;
      ++run_;
    }
    return std::optional<SampleBlock>{block};
  }

 private:
  [[nodiscard]] double frequency() const {
    const double declared =
        options_.nominal_frequency_hertz.value_or(recording_.nominal_frequency_hertz);
    return declared > 0.0 ? declared : 50.0;
  }

  /// What the clock was at a sample of the recording, and for how many samples that holds.
  [[nodiscard]] std::pair<TimeQuality, std::uint64_t> time_quality_at(std::uint64_t sample) const {
    const auto& changes = recording_.time_qualities;
    const auto after = std::upper_bound(
        changes.begin(), changes.end(), sample,
        [](std::uint64_t n, const formats::TimeQualityChange& c) { return n < c.first_sample; });
    const std::uint64_t lasts = after == changes.end() ? std::numeric_limits<std::uint64_t>::max()
                                                       : after->first_sample - sample;
    return {after == changes.begin() ? recording_.time_quality : (after - 1)->quality, lasts};
  }

  // --- inputs -------------------------------------------------------------------------------

  /// The channels of a WAVE file have numbers only: they are taken in the order of the inputs.
  bool number_inputs() {
    const auto& channels = recording_.analogs;
    const std::size_t n = channels.size();
    constexpr std::array<std::string_view, 10> kByCount{"",
                                                        "V1",
                                                        "V1 I1",
                                                        "V1 V2 V3",
                                                        "V1 V2 V3 V4",
                                                        "",
                                                        "V1 V2 V3 I1 I2 I3",
                                                        "V1 V2 V3 I1 I2 I3 I4",
                                                        "V1 V2 V3 V4 I1 I2 I3 I4",
                                                        "V1 V2 V3 V4 I1 I2 I3 I4 I5"};
    if (recording_.format.substr(0, 3) != "wav" || n >= kByCount.size() || kByCount[n].empty() ||
        !options_.mapping.map.empty()) {
      return false;
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (trim(channels[i].name) != std::to_string(i + 1) || !trim(channels[i].unit).empty()) {
        return false;
      }
    }
    for (const std::string_view input : split(kByCount[n], ' ')) {
      const std::size_t number = options_.mapping.map.size() + 1;
      options_.mapping.map.push_back(
          {parse_input(input).value_or(Input::V1), format("#{}", number)});
    }
    info_.warnings.push_back(format(
        "the {} channel{} of the file {} taken as {}, in volts and amperes (--map and --scale "
        "say otherwise)",
        n, n == 1 ? "" : "s", n == 1 ? "is" : "are", kByCount[n]));
    return true;
  }

  /// Relays call many things UN or VN. The voltage of the neutral against earth is no higher than
  /// the phase voltages, and what the phases have in common is a third of their sum: derived: each
  /// phase against earth is its source voltage plus that of the neutral, and balanced source
  /// voltages cancel. A channel that follows the whole sum is a residual voltage (3U0, open delta).
  void drop_residual_voltage() {
    auto& inputs = mapping_.inputs;
    const auto find = [&](Input input) {
      return std::find_if(inputs.begin(), inputs.end(),
                          [&](const Assignment& a) { return a.input == input; });
    };
    const auto neutral = find(Input::V4);
    const bool by_hand =
        std::any_of(options_.mapping.map.begin(), options_.mapping.map.end(),
                    [](const MapEntry& entry) { return entry.input == Input::V4; });
    if (neutral == inputs.end() || by_hand || mapping_.wiring != Wiring::FourWireWye ||
        read_channels(recording_.analogs)[neutral->channel].role != Role::Neutral) {
      return;
    }
    constexpr std::uint64_t kExamined = std::uint64_t{1} << 18U;
    constexpr std::uint64_t kBlock = 8192;
    double sum_sum = 0.0;
    double neutral_neutral = 0.0;
    double sum_neutral = 0.0;
    double phases = 0.0;
    std::vector<float> samples(kBlock);
    std::vector<double> total(kBlock);
    const std::uint64_t end = std::min(recording_.sample_count, kExamined);
    for (std::uint64_t first = 0; first < end; first += kBlock) {
      const std::span<float> in(samples.data(),
                                static_cast<std::size_t>(std::min(kBlock, end - first)));
      std::fill(total.begin(), total.end(), 0.0);
      for (const Input input : {Input::V1, Input::V2, Input::V3}) {
        const auto phase = find(input);
        if (phase == inputs.end()) {
          return;
        }
        recording_.samples->read_analog(phase->channel, first, in);
        for (std::size_t n = 0; n < in.size(); ++n) {
          const double u = std::isnan(in[n]) ? 0.0 : static_cast<double>(in[n]) * phase->scale;
          total[n] += u;
          phases += u * u / 3.0;
        }
      }
      recording_.samples->read_analog(neutral->channel, first, in);
      for (std::size_t n = 0; n < in.size(); ++n) {
        const double u = std::isnan(in[n]) ? 0.0 : static_cast<double>(in[n]) * neutral->scale;
        sum_sum += total[n] * total[n];
        neutral_neutral += u * u;
        sum_neutral += total[n] * u;
      }
    }
    const bool follows = sum_neutral * sum_neutral > 0.81 * sum_sum * neutral_neutral &&
                         neutral_neutral > 1e-4 * phases;
    const double part = std::abs(sum_neutral) / sum_sum;
    const bool residual = follows && !(part > 0.28 && part < 0.39);
    if (residual || neutral_neutral > phases) {
      const std::string_view channel = trim(recording_.analogs[neutral->channel].name);
      info_.warnings.push_back(format(
          "channel '{}' is not taken as the voltage of the neutral against earth, because it "
          "{}; --map V4={} takes it all the same",
          channel,
          residual ? "follows the sum of the phase voltages (a residual voltage)"
                   : "is higher than the phase voltages",
          channel));
      inputs.erase(neutral);
    }
  }

  Result<void> make_lanes() {
    for (const Assignment& assignment : mapping_.inputs) {
      const AnalogChannel& channel = recording_.analogs[assignment.channel];
      Lane l{.input = assignment.input,
             .channel = assignment.channel,
             .scale = assignment.scale,
             .skew_seconds = channel.skew_seconds};
      if (options_.side) {
        const auto factor = side_factor(channel, assignment.input);
        if (!factor) {
          return fail(factor.error());
        }
        l.scale *= *factor;
      }
      for (const auto& [input, scale] : options_.scales) {
        l.scale *= input == assignment.input ? scale : 1.0;
      }
      if (options_.inverted.has(assignment.input)) {
        l.scale = -l.scale;
      }
      inputs_.add(assignment.input);
      lanes_.push_back(l);
    }
    for (const auto& [input, scale] : options_.scales) {
      if (!inputs_.has(input)) {
        info_.warnings.push_back(
            format("the scale of {} has no effect: no channel is mapped to it", name(input)));
      }
    }
    if (!options_.side && (options_.pt || options_.ct)) {
      info_.warnings.emplace_back(
          "the transformer ratio given has no effect without --side primary or --side secondary");
    }
    lane_count_ = inputs_.has(Input::I5) ? kMaxLanes : 8;
    return {};
  }

  /// Error: there is no ratio to convert with.
  Result<double> side_factor(const AnalogChannel& channel, Input input) {
    const Side wanted = *options_.side;
    if (channel.side == wanted) {
      return 1.0;
    }
    const auto& given = is_voltage(input) ? options_.pt : options_.ct;
    const Ratio ratio = given.value_or(Ratio{channel.primary, channel.secondary});
    const bool usable =
        ratio.primary > 0.0 && ratio.secondary > 0.0 && (given || ratio.primary != ratio.secondary);
    if (!usable) {
      return fail(
          ErrorCode::InvalidSetup,
          "{}: channel '{}' cannot be converted to {} values: the file gives no transformer "
          "ratio for it. Give one with {}",
          info_.uri, trim(channel.name), wanted == Side::Primary ? "primary" : "secondary",
          is_voltage(input) ? "--pt, as in --pt 110000/100" : "--ct, as in --ct 600/5");
    }
    if (channel.side == Side::Unknown && !side_guessed_) {
      side_guessed_ = true;
      info_.warnings.push_back(
          format("the file does not say which side its values are on; they are taken as {} and "
                 "converted",
                 wanted == Side::Primary ? "secondary" : "primary"));
      info_.assumed.emplace_back("side");
    }
    const double factor = ratio.primary / ratio.secondary;
    return wanted == Side::Primary ? factor : 1.0 / factor;
  }

  /// A skew that all inputs have in common is a matter of time; only differences need a filter.
  void settle_skew() {
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    for (const Lane& l : lanes_) {
      least = std::min(least, l.skew_seconds);
      most = std::max(most, l.skew_seconds);
    }
    if (!(most - least >= kSkewLimitSeconds)) {
      common_skew_ = Duration::from_seconds(least);
      for (Lane& l : lanes_) {
        l.skew_seconds = 0.0;
      }
      return;
    }
    double slowest = std::numeric_limits<double>::infinity();
    for (const Segment& segment : recording_.segments) {
      if (segment.rate_hertz >= kLeastSamplesPerCycle * frequency()) {
        slowest = std::min(slowest, segment.rate_hertz);
      }
    }
    for (Lane& l : lanes_) {
      if (std::abs(l.skew_seconds) < kSkewLimitSeconds) {
        l.skew_seconds = 0.0;
      } else if (std::isfinite(slowest) && std::abs(l.skew_seconds) * slowest > 1.5) {
        info_.warnings.push_back(format(
            "channel '{}' has a skew of {:.6g} µs, more than the time between two samples; it is "
            "ignored",
            trim(recording_.analogs[l.channel].name), l.skew_seconds * 1e6));
        l.skew_seconds = 0.0;
      }
    }
  }

  // --- time ---------------------------------------------------------------------------------

  void make_runs() {
    const auto& segments = recording_.segments;
    for (std::size_t i = 0; i < segments.size();) {
      std::size_t end = i + 1;
      double low = segments[i].rate_hertz;
      double high = low;
      while (end < segments.size() && segments[end].sample_count > 0 &&
             segments[end].discontinuity == Discontinuity::RateChange) {
        low = std::min(low, segments[end].rate_hertz);
        high = std::max(high, segments[end].rate_hertz);
        if (high > low * (1.0 + kTrackingRange)) {
          break;
        }
        ++end;
      }
      if (segments[i].sample_count > 0) {
        add_run(i, end);
      }
      i = end;
    }
  }

  void add_run(std::size_t first, std::size_t end) {
    const Segment& head = recording_.segments[first];
    Run run{.first_index = 0,
            .count = 0,
            .skipped = 0,
            .start = head.start,
            .rate_hertz = head.rate_hertz,
            .discontinuity = head.discontinuity,
            .record_first = head.first_sample,
            .record_count = 0,
            .measurable = true,
            .pieces = {}};
    double seconds = 0.0;
    for (std::size_t i = first; i < end; ++i) {
      const Segment& segment = recording_.segments[i];
      if (end - first > 1) {
        run.pieces.push_back({seconds, run.record_count, segment.rate_hertz});
      }
      seconds += static_cast<double>(segment.sample_count) / segment.rate_hertz;
      run.record_count += segment.sample_count;
    }
    run.count = run.record_count;
    if (!run.pieces.empty()) {
      run.rate_hertz = static_cast<double>(run.count) / seconds;
      const auto [low, high] = std::minmax_element(
          run.pieces.begin(), run.pieces.end(),
          [](const auto& a, const auto& b) { return a.rate_hertz < b.rate_hertz; });
      info_.warnings.push_back(
          format("the sample rate follows the frequency ({} rates from {:.6g} to {:.6g} Hz); the "
                 "samples are brought to {:.6g} Hz throughout",
                 run.pieces.size(), low->rate_hertz, high->rate_hertz, run.rate_hertz));
    }
    run.measurable = run.rate_hertz >= kLeastSamplesPerCycle * frequency();
    runs_.push_back(std::move(run));
  }

  /// Instant of a run's first delivered sample, from the recording's first one.
  [[nodiscard]] Duration start_of(const Run& run) const {
    return run.start + common_skew_ +
           Duration::from_seconds(static_cast<double>(run.skipped) / run.rate_hertz);
  }

  [[nodiscard]] Result<Duration> from_start(const TimeBound& bound, std::string_view option) const {
    if (!bound.at) {
      return bound.from_start;
    }
    if (!recording_.start) {
      return fail(
          ErrorCode::InvalidSetup,
          "{}: {} is an instant, but the recording has no start time; give seconds from its "
          "first sample",
          info_.uri, option);
    }
    return *bound.at - *recording_.start;
  }

  Result<void> cut() {
    if (options_.from) {
      const auto from = from_start(*options_.from, "--from");
      if (!from) {
        return fail(from.error());
      }
      for (Run& run : runs_) {
        run.skipped = std::min(run.count, samples_before(run, *from));
      }
    }
    if (options_.to) {
      const auto to = from_start(*options_.to, "--to");
      if (!to) {
        return fail(to.error());
      }
      for (Run& run : runs_) {
        run.count = std::min(run.count, samples_before(run, *to));
      }
    }
    std::uint64_t index = 0;
    std::vector<Run> kept;
    for (Run& run : runs_) {
      if (run.count <= run.skipped) {
        continue;
      }
      run.count -= run.skipped;
      run.first_index = index;
      index += run.count;
      kept.push_back(std::move(run));
    }
    if (kept.empty()) {
      const Duration whole = recording_.duration();
      std::string range = format("0 … {:.6f} s", whole.to_seconds());
      if (recording_.start) {
        range += format(", {} … {}", to_iso8601(*recording_.start),
                        to_iso8601(*recording_.start + whole));
      }
      return fail(ErrorCode::InvalidSetup,
                  "{}: no sample lies between --from and --to; the recording covers {}", info_.uri,
                  range);
    }
    runs_ = std::move(kept);
    return {};
  }

  /// How many samples of a run lie before `bound`; a thousandth of a sample early counts as on it.
  [[nodiscard]] static std::uint64_t samples_before(const Run& run, Duration bound) {
    const double samples = (bound - run.start).to_seconds() * run.rate_hertz;
    if (!(samples > 0.0)) {
      return 0;
    }
    return static_cast<std::uint64_t>(std::min(std::ceil(samples - 1e-3), 1e18));
  }

  // --- samples ------------------------------------------------------------------------------

  /// True if the lane's values are samples of the recording, not ones between them.
  [[nodiscard]] static bool is_direct(const Run& run, const Lane& l) {
    return run.pieces.empty() && (l.skew_seconds == 0.0 || !run.measurable);
  }

  void fill(const Run& run, std::uint64_t from, std::size_t frames) {
    std::array<formats::FrameLane, kInputCount> direct;
    std::size_t count = 0;
    for (const Lane& l : lanes_) {
      if (is_direct(run, l)) {
        direct[count++] = {l.channel, lane(l.input), l.scale};
      }
    }
    frames_.resize(std::max(frames_.size(), frames * lane_count_));
    recording_.samples->read_frames(std::span(direct).first(count), run.record_first + from,
                                    lane_count_, std::span(frames_).first(frames * lane_count_));
    for (const Lane& l : lanes_) {
      if (!is_direct(run, l)) {
        interpolate(run, l, from, frames);
      }
    }
  }

  void interpolate(const Run& run, const Lane& l, std::uint64_t from, std::size_t frames) {
    float* out = frames_.data() + lane(l.input);
    // The recording's samples in reach of these frames.
    constexpr auto kReach = static_cast<std::int64_t>(kHalfTaps + 1);
    const auto count = static_cast<std::int64_t>(run.record_count);
    const auto low =
        std::clamp<std::int64_t>(place(run, from, l.skew_seconds).left - kReach, 0, count - 1);
    const auto high = std::clamp<std::int64_t>(
        place(run, from + frames - 1, l.skew_seconds).left + kReach, low + 1, count);
    const std::span<const float> in = record(run, l.channel, static_cast<std::uint64_t>(low),
                                             static_cast<std::size_t>(high - low));
    const DelayKernel* kernel =
        run.pieces.empty() ? &exact_kernel(place(run, from, l.skew_seconds).fraction) : nullptr;
    for (std::size_t n = 0; n < frames; ++n) {
      const Place at = place(run, from + n, l.skew_seconds);
      out[n * lane_count_] = static_cast<float>(value_at(in, low, count, at, kernel) * l.scale);
    }
  }

  /// A place between two samples of a recording, counted from the run's first.
  struct Place {
    std::int64_t left = 0;
    double fraction = 0.0;
  };

  /// Where the n-th delivered sample lies. Without pieces, the fraction does not depend on n.
  [[nodiscard]] static Place place(const Run& run, std::uint64_t n, double skew_seconds) {
    if (run.pieces.empty()) {
      const double shift = -skew_seconds * run.rate_hertz;
      const double whole = std::floor(shift);
      return {static_cast<std::int64_t>(n) + static_cast<std::int64_t>(whole), shift - whole};
    }
    const double seconds = static_cast<double>(n) / run.rate_hertz;
    const auto after =
        std::upper_bound(run.pieces.begin() + 1, run.pieces.end(), seconds,
                         [](double t, const Run::Piece& p) { return t < p.start_seconds; });
    const Run::Piece& piece = *(after - 1);
    const double distance = (seconds - piece.start_seconds - skew_seconds) * piece.rate_hertz;
    const double whole = std::floor(distance);
    return {static_cast<std::int64_t>(piece.first) + static_cast<std::int64_t>(whole),
            distance - whole};
  }

  /// in: the run's samples from `low` on; count: how many the run has; kernel: for this fraction,
  /// or null to interpolate one.
  double value_at(std::span<const float> in, std::int64_t low, std::int64_t count, const Place& at,
                  const DelayKernel* kernel) {
    constexpr auto kHalf = static_cast<std::int64_t>(kHalfTaps);
    const std::int64_t first_tap = at.left - (kHalf - 1);
    if (first_tap >= 0 && at.left + kHalf < count) {
      const float* taps = in.data() + (first_tap - low);
      const double value =
          kernel != nullptr ? kernel->apply(taps) : interpolated_kernel(at.fraction, taps);
      if (is_available(value)) {
        return value;
      }
    }
    // The samples that decide are the same whatever the block: a few, or the run's ends.
    const std::int64_t first = std::max<std::int64_t>(0, at.left - 5);
    const std::int64_t end = std::min<std::int64_t>(count, at.left + 7);
    if (first >= end) {
      return kNotAvailable;
    }
    return interpolate_near_edge(
        in.subspan(static_cast<std::size_t>(first - low), static_cast<std::size_t>(end - first)),
        static_cast<double>(at.left - first) + at.fraction);
  }

  const DelayKernel& exact_kernel(double fraction) {
    auto& slot = exact_kernels_[fraction];
    if (!slot) {
      slot = std::make_unique<DelayKernel>(fraction);
    }
    return *slot;
  }

  /// Between the kernels of a table; error (π/kFractions)²/8 at the Nyquist frequency, 1e-6.
  double interpolated_kernel(double fraction, const float* taps) {
    if (table_.empty()) {
      for (std::size_t i = 0; i <= kFractions; ++i) {
        table_.emplace_back(static_cast<double>(i) / static_cast<double>(kFractions));
      }
    }
    const double scaled = fraction * static_cast<double>(kFractions);
    const auto i = std::min(static_cast<std::size_t>(scaled), kFractions - 1);
    const double weight = scaled - static_cast<double>(i);
    return (1.0 - weight) * table_[i].apply(taps) + weight * table_[i + 1].apply(taps);
  }

  std::span<const float> record(const Run& run, std::size_t channel, std::uint64_t first,
                                std::size_t count) {
    scratch_.resize(std::max(scratch_.size(), count));
    const std::span<float> out(scratch_.data(), count);
    recording_.samples->read_analog(channel, run.record_first + first, out);
    return out;
  }

  void trace_statuses(const Run& run, std::uint64_t from, std::size_t frames, std::uint64_t index) {
    const std::size_t channels = recording_.statuses.size();
    for (std::uint64_t n = 0; n < frames && channels > 0;) {
      const std::uint64_t sample = run.record_first + from + n;
      for (std::size_t c = 0; c < channels; ++c) {
        std::uint8_t read = 0;
        recording_.samples->read_status(c, sample, std::span(&read, 1));
        if (read > 1) {
          continue;  // missing: as before
        }
        const bool state = read == 1;
        StatusTrace& trace = info_.statuses[c];
        if (index + n == 0) {
          trace.initial = state;
        } else if (state != status_now_[c]) {
          trace.transitions.emplace_back(index + n, state);
        }
        status_now_[c] = state;
      }
      n += recording_.samples->same_statuses(channels, sample, frames - n);
    }
  }

  // --- description --------------------------------------------------------------------------

  void describe() {
    info_.format = recording_.format;
    info_.station = std::string(trim(recording_.station));
    info_.device = std::string(trim(recording_.device));
    info_.trigger = recording_.trigger;
    if (recording_.start) {
      info_.start = *recording_.start + start_of(runs_.front());
      if (!recording_.zone_known) {
        info_.assumed.emplace_back("start");
      }
    }
    const Run& last = runs_.back();
    info_.duration_seconds = (start_of(last) - start_of(runs_.front())).to_seconds() +
                             static_cast<double>(last.count) / last.rate_hertz;
    info_.sample_count = last.first_index + last.count;
    describe_rates();
    describe_channels();
    for (const auto& status : recording_.statuses) {
      info_.statuses.push_back({std::string(trim(status.name)), status.normal_state, {}});
      status_now_.push_back(status.normal_state);
    }
    info_.wiring = options_.wiring ? options_.wiring : mapping_.wiring;
    if (mapping_.inferred) {
      info_.assumed.emplace_back("channels");
    }
    if (!options_.wiring) {
      info_.assumed.emplace_back("wiring");
    }
    if (recording_.nominal_frequency_hertz > 0.0) {
      info_.nominal_frequency_hertz = recording_.nominal_frequency_hertz;
    }
  }

  void describe_rates() {
    std::uint64_t too_slow = 0;
    for (const Run& run : runs_) {
      too_slow += run.measurable ? 0 : run.count;
      std::vector<double> rates{run.rate_hertz};
      if (!run.pieces.empty()) {
        rates.clear();
        for (const auto& piece : run.pieces) {
          rates.push_back(piece.rate_hertz);
        }
      }
      for (const double rate : rates) {
        auto& known = info_.sample_rates_hertz;
        if (std::find(known.begin(), known.end(), rate) == known.end()) {
          known.push_back(rate);
        }
      }
    }
    if (too_slow > 0) {
      info_.warnings.push_back(
          format("{} of {} have a rate of less than {:.0f} samples a cycle; nothing is measured "
                 "there",
                 too_slow, number_of(info_.sample_count, "sample"), kLeastSamplesPerCycle));
    }
  }

  void describe_channels() {
    bool primary = false;
    bool secondary = false;
    bool unknown = false;
    for (const Lane& l : lanes_) {
      const AnalogChannel& channel = recording_.analogs[l.channel];
      info_.channels.push_back({.name = std::string(trim(channel.name)),
                                .input = l.input,
                                .unit = is_voltage(l.input) ? "V" : "A",
                                .scale = l.scale,
                                .number = l.channel + 1});
      const Side side = options_.side.value_or(channel.side);
      primary = primary || side == Side::Primary;
      secondary = secondary || side == Side::Secondary;
      unknown = unknown || side == Side::Unknown;
    }
    info_.side = primary && secondary ? Side::Mixed
                 : unknown            ? Side::Unknown
                 : primary            ? Side::Primary
                                      : Side::Secondary;
    describe_nominal_voltage();
  }

  void describe_nominal_voltage() {
    for (const Lane& l : lanes_) {
      if (l.input > Input::V3) {
        continue;
      }
      const AnalogChannel& channel = recording_.analogs[l.channel];
      const Ratio file{channel.primary, channel.secondary};
      const bool on_primary = options_.side.value_or(channel.side) == Side::Primary;
      const Wiring wiring = options_.wiring.value_or(mapping_.wiring.value_or(Wiring::FourWireWye));
      const auto nominal =
          nominal_secondary_volts(file, wiring == Wiring::Delta,
                                  first_level_volts(l) / (on_primary ? ratio_of(file) : 1.0));
      if (nominal && channel.side != Side::Unknown) {
        const Ratio used = options_.side && options_.pt ? *options_.pt : file;
        info_.nominal_voltage_volts = *nominal * (on_primary ? ratio_of(used) : 1.0);
      }
      return;
    }
  }

  [[nodiscard]] static double ratio_of(const Ratio& ratio) {
    return ratio.primary / ratio.secondary;
  }

  /// r.m.s. of the first three cycles or so, only to tell a phase voltage from a line voltage.
  double first_level_volts(const Lane& l) {
    const Run& run = runs_.front();
    const auto wanted = static_cast<std::uint64_t>(3.0 * run.rate_hertz / frequency()) + 1;
    const auto count = static_cast<std::size_t>(
        std::min({wanted, run.count, static_cast<std::uint64_t>(kLargestBlock)}));
    double sum = 0.0;
    std::size_t present = 0;
    for (const float x : record(run, l.channel, run.skipped, count)) {
      if (!std::isnan(x)) {
        const double volts = static_cast<double>(x) * l.scale;
        sum += volts * volts;
        ++present;
      }
    }
    return present == 0 ? kNotAvailable : std::sqrt(sum / static_cast<double>(present));
  }

  static constexpr std::size_t kFractions = 1024;

  Recording recording_;
  OpenOptions options_;
  SourceInfo info_;
  Mapping mapping_;
  std::vector<Lane> lanes_;
  InputMask inputs_;
  std::size_t lane_count_ = 8;
  bool side_guessed_ = false;
  Duration common_skew_;
  std::vector<Run> runs_;
  std::size_t run_ = 0;
  std::uint64_t in_run_ = 0;
  std::vector<float> frames_;
  std::vector<float> scratch_;
  std::vector<bool> status_now_;
  std::map<double, std::unique_ptr<DelayKernel>> exact_kernels_;
  std::vector<DelayKernel> table_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_recording_source(formats::Recording recording, std::string uri,
                                                      const OpenOptions& options) {
  auto source = std::make_unique<RecordingSource>(std::move(recording), options);
  if (auto done = source->prepare(std::move(uri)); !done) {
    return fail(done.error());
  }
  return source;
}

}  // namespace halfcycle::source
