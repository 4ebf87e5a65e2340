// SPDX-License-Identifier: Apache-2.0
#include "formats/sampled_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "formats/packet_capture.hpp"
#include "formats/planar_store.hpp"
#include "formats/sv_sequence.hpp"

namespace halfcycle::formats {
namespace {

// Rates of 9-2LE and of the preferred list of IEC 61869-9, samples a second.
constexpr std::array<int, 8> kUsualRates{4000, 4800, 12800, 14400, 15360, 5760, 96000, 5000};

struct WalkCounts {
  std::uint64_t packets = 0;
  std::uint64_t sv_frames = 0;
  std::uint64_t malformed = 0;
  std::uint64_t simulated = 0;  // and left out
  std::string first_malformed;
  std::string capture_error;
};

// Calls visit(packet, frame, asdu) for each ASDU in the capture; of simulated frames only if asked.
template <class Visit>
WalkCounts walk(const FileBytes& capture, bool simulated, Visit visit) {
  WalkCounts counts;
  PacketCapture packets(capture.bytes);
  SvFrame frame;
  while (auto packet = packets.next()) {
    ++counts.packets;
    const SvFrame::Kind kind = frame.parse(packet->frame);
    if (kind == SvFrame::Kind::Malformed) {
      if (counts.malformed++ == 0) {
        counts.first_malformed = format("packet {}: {}", counts.packets, frame.problem());
      }
    }
    if (kind != SvFrame::Kind::Values) {
      continue;
    }
    ++counts.sv_frames;
    if (frame.simulated() && !simulated) {
      ++counts.simulated;
      continue;
    }
    for (const SvAsdu& asdu : frame.asdus()) {
      visit(*packet, frame, asdu);
    }
  }
  counts.capture_error = packets.error();
  return counts;
}

// How one stream's samples lie in time.
struct StreamScan {
  std::uint64_t samples = 0;
  std::size_t data_bytes = 0;
  bool mixed_layout = false;
  std::uint16_t highest_count = 0;
  std::optional<std::uint16_t> smp_rate;
  bool wrapped = false;
  std::uint16_t previous = 0;
  Instant last_time;
  // The longest run without a lost sample tells the rate by the capture's clock.
  std::uint64_t run = 0;
  Instant run_start;
  std::uint64_t longest_run = 0;
  double longest_run_seconds = 0.0;
};

StreamScan scan(const FileBytes& capture, const SvChoice& stream, WalkCounts& counts) {
  StreamScan result;
  counts = walk(
      capture, stream.test,
      [&](const CapturedPacket& packet, const SvFrame& frame, const SvAsdu& asdu) {
        const bool repeated = result.samples > 0 && asdu.smp_cnt == result.previous &&
                              (packet.time - result.last_time).to_seconds() < 0.5;
        if (!stream.fits(asdu.sv_id, frame.app_id()) || repeated) {
          return;
        }
        if (result.samples == 0) {
          result.data_bytes = asdu.data.size();
          result.smp_rate = asdu.smp_rate;
        }
        const bool follows = result.samples > 0 && asdu.smp_cnt == result.previous + 1 &&
                             (packet.time - result.last_time).to_seconds() < 0.5;
        if (!follows) {
          result.run = 0;
          result.run_start = packet.time;
        }
        if (result.run++ > result.longest_run) {
          result.longest_run = result.run - 1;
          result.longest_run_seconds = (packet.time - result.run_start).to_seconds();
        }
        result.mixed_layout = result.mixed_layout || asdu.data.size() != result.data_bytes;
        result.wrapped = result.wrapped || (result.samples > 0 && asdu.smp_cnt < result.previous);
        result.highest_count = std::max(result.highest_count, asdu.smp_cnt);
        result.previous = asdu.smp_cnt;
        result.last_time = packet.time;
        ++result.samples;
      });
  return result;
}

// Samples a second, which is also where smpCnt wraps.
std::optional<int> infer_rate(const StreamScan& scan) {
  const int counted = scan.highest_count + 1;
  if (scan.wrapped) {
    for (const int rate : kUsualRates) {
      if (counted == rate) {
        return rate;
      }
    }
  }
  const double by_clock = scan.longest_run_seconds > 0.0
                              ? static_cast<double>(scan.longest_run) / scan.longest_run_seconds
                              : 0.0;
  std::optional<int> nearest;
  for (const int rate : kUsualRates) {
    // The receiver's clock jitters; the usual rates lie 4 % apart or more.
    if (counted <= rate && std::abs(by_clock - rate) < 0.01 * rate) {
      nearest = rate;
    }
  }
  if (!nearest && scan.smp_rate && *scan.smp_rate >= 1000) {
    nearest = *scan.smp_rate;
  }
  if (!nearest && scan.wrapped && counted >= 400) {
    nearest = counted;
  }
  return nearest;
}

// What the quality bits of a channel said.
struct ChannelQuality {
  std::uint64_t missing = 0;
  std::uint64_t doubtful = 0;
  std::uint32_t missing_bits = 0;
  std::uint32_t doubtful_bits = 0;
};

// "12 values are marked as no measurement (Ua: invalid; Un: test) and count as missing".
void warn_of_quality(Recording& recording, const std::vector<ChannelQuality>& channels) {
  const auto warn = [&](auto count, auto bits, std::string_view what, std::string_view effect) {
    std::uint64_t total = 0;
    std::string list;
    for (std::size_t c = 0; c < channels.size(); ++c) {
      if (channels[c].*count > 0) {
        total += channels[c].*count;
        list += format("{}{}: {}", list.empty() ? "" : "; ", recording.analogs[c].name,
                       sv_quality::describe(channels[c].*bits));
      }
    }
    if (total > 0) {
      recording.warnings.push_back(
          format("{} values are marked {} ({}) {}", total, what, list, effect));
    }
  };
  warn(&ChannelQuality::missing, &ChannelQuality::missing_bits, "as no measurement",
       "and count as missing");
  warn(&ChannelQuality::doubtful, &ChannelQuality::doubtful_bits, "as questionable",
       "and were taken as they are");
}

// Puts the samples of one stream into segments and a store.
class StreamReader {
 public:
  StreamReader(Recording& recording, int rate, std::uint64_t most, bool test)
      : recording_(recording),
        sequence_(rate),
        rate_(rate),
        test_(test),
        store_(std::make_shared<PlanarStore>(recording.analogs.size(), 0, most)),
        qualities_(recording.analogs.size()) {}

  void take(const SvAsdu& asdu, Instant received) {
    const SvPlace place = sequence_.place(asdu, received);
    switch (place.kind) {
      case SvPlace::Kind::Repeated:
        ++repeated_;
        return;
      case SvPlace::Kind::Late:
        ++late_;
        return;
      case SvPlace::Kind::Beyond:
        ++beyond_;
        return;
      case SvPlace::Kind::First:
        recording_.start = place.at;
        recording_.time_quality = place.quality;
        begin(place.at, Discontinuity::Start);
        break;
      case SvPlace::Kind::Gap:
        lost_ += place.lost;
        begin(place.at, Discontinuity::Gap);
        break;
      case SvPlace::Kind::ClockStep:
        ++steps_;
        begin(place.at, Discontinuity::ClockStep);
        break;
      case SvPlace::Kind::Next:
        break;
    }
    note_clock(asdu, place.quality);
    ++recording_.segments.back().sample_count;
    for (std::size_t c = 0; c < qualities_.size(); ++c) {
      const std::uint32_t quality = asdu.quality(c);
      const bool missing = sv_quality::is_missing(quality, test_);
      store_->analog(c)[written_] =
          missing ? std::numeric_limits<float>::quiet_NaN()
                  : static_cast<float>(recording_.analogs[c].a * asdu.value(c));
      if (missing) {
        ++qualities_[c].missing;
        qualities_[c].missing_bits |= quality;
      } else if (sv_quality::is_doubtful(quality)) {
        ++qualities_[c].doubtful;
        qualities_[c].doubtful_bits |= quality;
      }
      if (written_ == 0 && c < 32 && (quality & sv_quality::kDerived) != 0) {
        derived_ |= 1U << c;
      }
    }
    ++written_;
  }

  void finish() {
    store_->shorten(written_);
    recording_.sample_count = written_;
    recording_.samples = store_;
    if (recording_.time_qualities.size() == 1) {
      recording_.time_qualities.clear();
    }
    if (lowest_synch_ != 2) {
      recording_.warnings.push_back(format(
          "smpSynch is {}{}: the samples are {}, their time is that of the receiver to a "
          "second",
          lowest_synch_, recording_.time_qualities.empty() ? "" : " at times",
          lowest_synch_ == 0 || lowest_synch_ == 255 ? "not synchronised"
                                                     : "synchronised to a local clock only"));
    }
    const auto warn = [&](std::uint64_t count, std::string_view text) {
      if (count > 0) {
        recording_.warnings.push_back(format("{} {}", count, text));
      }
    };
    warn(lost_, "samples were lost (smpCnt jumps): the record has gaps there");
    warn(repeated_, "samples came twice and were taken once");
    warn(late_, "samples came after their successors and were left out");
    warn(beyond_, "samples have a smpCnt beyond the sample rate and were left out");
    warn(steps_, "times the samples go on but their time is corrected");
    warn_of_quality(recording_, qualities_);
    std::string derived;
    for (std::size_t c = 0; c < std::min<std::size_t>(qualities_.size(), 32); ++c) {
      if (((derived_ >> c) & 1U) != 0) {
        derived += (derived.empty() ? "" : ", ") + recording_.analogs[c].name;
      }
    }
    if (!derived.empty()) {
      recording_.warnings.push_back(
          format("calculated by the merging unit and not measured: {}", derived));
    }
  }

 private:
  void begin(Instant at, Discontinuity discontinuity) {
    Segment segment;
    segment.first_sample = written_;
    segment.rate_hertz = rate_;
    segment.start = at - *recording_.start;
    segment.discontinuity = discontinuity;
    recording_.segments.push_back(segment);
  }

  void note_clock(const SvAsdu& asdu, const TimeQuality& quality) {
    auto& changes = recording_.time_qualities;
    if (changes.empty() || !(changes.back().quality == quality)) {
      changes.push_back({written_, quality});
    }
    TimeQuality& worst = recording_.time_quality;
    worst.clock_ok = worst.clock_ok && quality.clock_ok;
    worst.uncertainty_seconds = std::max(worst.uncertainty_seconds, quality.uncertainty_seconds);
    if (!quality.clock_ok) {
      lowest_synch_ = lowest_synch_ == 2 ? asdu.smp_synch : std::min(lowest_synch_, asdu.smp_synch);
    }
  }

  Recording& recording_;
  SvSequence sequence_;
  int rate_;
  bool test_;
  std::shared_ptr<PlanarStore> store_;
  std::vector<ChannelQuality> qualities_;
  std::uint64_t written_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t beyond_ = 0;
  std::uint64_t steps_ = 0;
  std::uint32_t derived_ = 0;  // a bit a channel
  std::uint8_t lowest_synch_ = 2;
};

}  // namespace

std::vector<AnalogChannel> sv_channels(std::size_t channels) {
  constexpr std::array<std::string_view, 8> kNames{"Ia", "Ib", "Ic", "In", "Ua", "Ub", "Uc", "Un"};
  constexpr std::array<std::string_view, 8> kPhases{"A", "B", "C", "N", "A", "B", "C", "N"};
  std::vector<AnalogChannel> all;
  for (std::size_t c = 0; c < channels; ++c) {
    AnalogChannel channel;
    if (channels == kNames.size()) {
      channel.name = kNames[c];
      channel.phase = kPhases[c];
      channel.unit = c < 4 ? "A" : "V";
      channel.a = c < 4 ? 0.001 : 0.01;  // IEC 61850-9-2LE, clause 7.1.4
      channel.side = Side::Primary;
    } else {
      channel.name = format("{}", c + 1);
    }
    all.push_back(std::move(channel));
  }
  return all;
}

std::string SvChoice::text() const {
  std::string text = sv_id.empty() ? "" : format("svID '{}'", to_valid_utf8(sv_id));
  if (app_id) {
    text += format("{}APPID 0x{:04x}", text.empty() ? "" : ", ", *app_id);
  }
  return text.empty() ? "any stream" : text;
}

std::string describe(const std::vector<SvStream>& streams) {
  std::string text;
  for (const SvStream& s : streams) {
    text += format("{}{} (APPID 0x{:04x}, {} channels)", text.empty() ? "" : ", ",
                   to_valid_utf8(s.sv_id), s.app_id, s.channels);
  }
  return text;
}

Result<std::vector<SvStream>> list_streams(const FileBytes& capture) {
  std::vector<SvStream> streams;
  const WalkCounts counts = walk(
      capture, true, [&](const CapturedPacket& packet, const SvFrame& frame, const SvAsdu& asdu) {
        auto known = std::find_if(streams.begin(), streams.end(), [&](const SvStream& s) {
          return s.app_id == frame.app_id() && s.sv_id == asdu.sv_id;
        });
        if (known == streams.end()) {
          SvStream stream{.sv_id = std::string(asdu.sv_id),
                          .app_id = frame.app_id(),
                          .channels = asdu.channels(),
                          .samples = 0,
                          .frames = 0,
                          .frame_bytes = 0,
                          .destination = {}};
          std::copy_n(frame.destination().begin(), stream.destination.size(),
                      stream.destination.begin());
          streams.push_back(std::move(stream));
          known = streams.end() - 1;
        }
        ++known->samples;
        known->frames += &asdu == frame.asdus().data() ? 1U : 0U;
        known->frame_bytes = std::max(known->frame_bytes, packet.frame.size());
      });
  if (streams.empty()) {
    return fail(ErrorCode::InvalidInput,
                "{}: {} packets, none of them IEC 61850-9-2 sampled values (ethertype 88BA){}{}{}",
                capture.name, counts.packets,
                counts.malformed > 0 ? format("; {} are malformed ones, {}", counts.malformed,
                                              to_valid_utf8(counts.first_malformed))
                                     : "",
                counts.capture_error.empty() ? "" : "; ", counts.capture_error);
  }
  return streams;
}

Result<Recording> read_sampled_values(const FileBytes& capture, const SvChoice& choice) {
  const auto streams = list_streams(capture);
  if (!streams) {
    return fail(streams.error());
  }
  const auto fits = [&](const SvStream& s) { return choice.fits(s.sv_id, s.app_id); };
  const auto chosen = std::find_if(streams->begin(), streams->end(), fits);
  if (chosen == streams->end()) {
    return fail(ErrorCode::InvalidSetup, "{}: there is no stream with {}; the streams here are: {}",
                capture.name, choice.text(), describe(*streams));
  }
  SvChoice one = choice;
  one.sv_id = chosen->sv_id;
  one.app_id = chosen->app_id;

  WalkCounts counts;
  const StreamScan found = scan(capture, one, counts);
  Recording recording;
  recording.format = "iec61850-9-2";
  recording.station = to_valid_utf8(chosen->sv_id);
  recording.zone_known = true;
  if (found.samples == 0) {
    return fail(ErrorCode::InvalidInput,
                "{}: stream '{}' is simulated by a test set (bit S of its frames); add test=yes to "
                "the address to take it",
                capture.name, recording.station);
  }
  if (found.mixed_layout || found.data_bytes == 0 || found.data_bytes % kSvBytesPerChannel != 0) {
    return fail(ErrorCode::InvalidInput,
                "{}: stream '{}' sends {} bytes a sample, which is no whole number of INT32 with "
                "quality, or changes its layout",
                capture.name, recording.station, found.data_bytes);
  }
  const auto shown = infer_rate(found);
  const auto rate = choice.rate ? choice.rate : shown;
  if (!rate) {
    return fail(ErrorCode::InvalidInput,
                "{}: the sample rate of stream '{}' cannot be told from {} samples (highest smpCnt "
                "{}); capture a few seconds",
                capture.name, recording.station, found.samples, found.highest_count);
  }
  if (*rate <= found.highest_count || (shown && *shown != *rate)) {
    return fail(ErrorCode::InvalidSetup,
                "{}: the rate of stream '{}' is {} and not {} samples a second", capture.name,
                recording.station,
                shown ? format("{}", *shown) : format("more than {}", found.highest_count), *rate);
  }
  recording.analogs = sv_channels(found.data_bytes / kSvBytesPerChannel);
  if (recording.analogs.size() != 8) {
    recording.warnings.push_back(
        format("stream '{}' has {} channels, not the eight of 9-2LE: they are numbered, map them "
               "with --map and scale them with --scale",
               recording.station, recording.analogs.size()));
  }
  if (std::count_if(streams->begin(), streams->end(), fits) > 1) {
    recording.warnings.push_back(
        format("there are {} streams: {}; this is '{}', choose another with --set or, in the "
               "address, with svid= and appid=",
               streams->size(), describe(*streams), recording.station));
  }

  StreamReader reader(recording, *rate, found.samples, choice.test);
  (void)walk(capture, choice.test,
             [&](const CapturedPacket& packet, const SvFrame& frame, const SvAsdu& asdu) {
               if (one.fits(asdu.sv_id, frame.app_id())) {
                 reader.take(asdu, packet.time);
               }
             });
  reader.finish();
  if (counts.simulated > 0) {
    recording.warnings.push_back(
        format("{} frames are simulated by a test set and were left out", counts.simulated));
  }
  if (counts.malformed > 0) {
    recording.warnings.push_back(format("{} SV frames are malformed and were left out; {}",
                                        counts.malformed, to_valid_utf8(counts.first_malformed)));
  }
  if (!counts.capture_error.empty()) {
    recording.warnings.push_back(format("the capture ends early: {}", counts.capture_error));
  }
  return recording;
}

}  // namespace halfcycle::formats
