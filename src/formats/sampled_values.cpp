// SPDX-License-Identifier: Apache-2.0
#include "formats/sampled_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "formats/packet_capture.hpp"
#include "formats/planar_store.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::uint16_t kEtherTypeVlan = 0x8100;
constexpr std::uint16_t kEtherTypeSv = 0x88BA;
constexpr std::size_t kBytesPerChannel = 8;  // INT32 value, 32 bits of quality
constexpr std::uint32_t kValidityMask = 3;   // 0 good, 1 invalid, 2 reserved, 3 questionable
constexpr std::uint32_t kQuestionable = 3;

// Rates of 9-2LE and of the preferred list of IEC 61869-9, samples a second.
constexpr std::array<int, 8> kUsualRates{4000, 4800, 12800, 14400, 15360, 5760, 96000, 5000};

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (const std::byte b : bytes) {
    value = (value << 8U) | std::to_integer<std::uint32_t>(b);
  }
  return value;
}

// BER elements inside a bounded span.
class Ber {
 public:
  explicit Ber(std::span<const std::byte> bytes) : bytes_(bytes) {}
  struct Element {
    unsigned tag = 0;
    std::span<const std::byte> value;
  };
  [[nodiscard]] bool done() const { return at_ >= bytes_.size(); }
  [[nodiscard]] std::optional<Element> next() {
    if (bytes_.size() - at_ < 2) {
      return std::nullopt;
    }
    Element element;
    element.tag = std::to_integer<unsigned>(bytes_[at_]);
    std::size_t length = std::to_integer<std::size_t>(bytes_[at_ + 1]);
    at_ += 2;
    if (length >= 0x80) {
      const std::size_t octets = length & 0x7FU;
      if (octets == 0 || octets > 3 || bytes_.size() - at_ < octets) {
        return std::nullopt;
      }
      length = big_endian(bytes_.subspan(at_, octets));
      at_ += octets;
    }
    if (bytes_.size() - at_ < length) {
      return std::nullopt;
    }
    element.value = bytes_.subspan(at_, length);
    at_ += length;
    return element;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

Result<SvAsdu> parse_asdu(std::span<const std::byte> bytes) {
  SvAsdu asdu;
  bool has_count = false;
  bool has_data = false;
  Ber ber(bytes);
  while (!ber.done()) {
    const auto element = ber.next();
    if (!element) {
      return fail(ErrorCode::InvalidInput, "an ASDU element runs past its end");
    }
    const auto value = element->value;
    switch (element->tag) {
      case 0x80:
        asdu.sv_id = {reinterpret_cast<const char*>(value.data()), value.size()};
        break;
      case 0x82:
        if (value.size() != 2) {
          return fail(ErrorCode::InvalidInput, "smpCnt has {} bytes instead of 2", value.size());
        }
        asdu.smp_cnt = static_cast<std::uint16_t>(big_endian(value));
        has_count = true;
        break;
      case 0x83:
        asdu.conf_rev = value.size() <= 4 ? big_endian(value) : 0;
        break;
      case 0x85:
        asdu.smp_synch = value.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(value[0]);
        break;
      case 0x86:
        if (value.size() == 2) {
          asdu.smp_rate = static_cast<std::uint16_t>(big_endian(value));
        }
        break;
      case 0x87:
        asdu.data = value;
        has_data = true;
        break;
      default:  // datSet, refrTm, smpMod, extensions
        break;
    }
  }
  if (!has_count || !has_data) {
    return fail(ErrorCode::InvalidInput, "an ASDU has no {}", has_count ? "data" : "smpCnt");
  }
  return asdu;
}

struct WalkCounts {
  std::uint64_t packets = 0;
  std::uint64_t sv_frames = 0;
  std::uint64_t malformed = 0;
  std::string first_malformed;
  std::string capture_error;
};

// Calls visit(packet, frame, asdu) for each ASDU in the capture.
template <class Visit>
WalkCounts walk(const FileBytes& capture, Visit visit) {
  WalkCounts counts;
  PacketCapture packets(capture.bytes);
  while (auto packet = packets.next()) {
    ++counts.packets;
    auto frame = parse_sv_frame(packet->frame);
    if (!frame) {
      if (counts.malformed++ == 0) {
        counts.first_malformed = format("packet {}: {}", counts.packets, frame.error().message);
      }
      continue;
    }
    if (!*frame) {
      continue;
    }
    ++counts.sv_frames;
    for (const SvAsdu& asdu : (*frame)->asdus) {
      visit(*packet, **frame, asdu);
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
  std::uint16_t first_count = 0;
  std::uint8_t lowest_synch = 255;
  std::uint32_t conf_rev = 0;
  std::optional<std::uint16_t> smp_rate;
  bool wrapped = false;
  std::uint16_t previous = 0;
  Instant first_time;
  Instant last_time;
  // The longest run without a lost sample tells the rate by the capture's clock.
  std::uint64_t run = 0;
  Instant run_start;
  std::uint64_t longest_run = 0;
  double longest_run_seconds = 0.0;
};

StreamScan scan(const FileBytes& capture, std::string_view stream, WalkCounts& counts) {
  StreamScan result;
  counts = walk(capture, [&](const CapturedPacket& packet, const SvFrame&, const SvAsdu& asdu) {
    if (asdu.sv_id != stream) {
      return;
    }
    if (result.samples == 0) {
      result.data_bytes = asdu.data.size();
      result.first_count = asdu.smp_cnt;
      result.first_time = packet.time;
      result.conf_rev = asdu.conf_rev;
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
    result.lowest_synch = std::min(result.lowest_synch, asdu.smp_synch);
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
    // The capture's clock jitters; the usual rates lie 4 % apart or more.
    if (counted <= rate && std::abs(by_clock - rate) < 0.02 * rate) {
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

void describe_channels(Recording& recording, std::size_t channels) {
  constexpr std::array<std::string_view, 8> kNames{"Ia", "Ib", "Ic", "In", "Ua", "Ub", "Uc", "Un"};
  constexpr std::array<std::string_view, 8> kPhases{"A", "B", "C", "N", "A", "B", "C", "N"};
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
    recording.analogs.push_back(std::move(channel));
  }
}

}  // namespace

Result<std::optional<SvFrame>> parse_sv_frame(std::span<const std::byte> frame) {
  std::size_t at = 12;
  if (frame.size() < at + 2) {
    return std::nullopt;
  }
  std::uint32_t type = big_endian(frame.subspan(at, 2));
  if (type == kEtherTypeVlan && frame.size() >= at + 6) {
    at += 4;
    type = big_endian(frame.subspan(at, 2));
  }
  if (type != kEtherTypeSv) {
    return std::nullopt;
  }
  at += 2;
  if (frame.size() < at + 8) {
    return fail(ErrorCode::InvalidInput, "the SV header is cut off");
  }
  SvFrame sv;
  sv.app_id = static_cast<std::uint16_t>(big_endian(frame.subspan(at, 2)));
  const std::size_t length = big_endian(frame.subspan(at + 2, 2));
  if (length < 8 || frame.size() - at < length) {
    return fail(ErrorCode::InvalidInput, "its length field says {} bytes, the frame holds {}",
                length, frame.size() - at);
  }
  Ber outer(frame.subspan(at + 8, length - 8));
  const auto apdu = outer.next();
  if (!apdu || apdu->tag != 0x60) {
    return fail(ErrorCode::InvalidInput, "there is no savPdu (tag 60) after the header");
  }
  Ber pdu(apdu->value);
  std::optional<std::uint32_t> announced;
  while (!pdu.done()) {
    const auto element = pdu.next();
    if (!element) {
      return fail(ErrorCode::InvalidInput, "an element of the savPdu runs past its end");
    }
    if (element->tag == 0x80 && element->value.size() <= 4) {
      announced = big_endian(element->value);
    } else if (element->tag == 0xA2) {
      Ber sequence(element->value);
      while (!sequence.done()) {
        const auto item = sequence.next();
        if (!item || item->tag != 0x30) {
          return fail(ErrorCode::InvalidInput, "the sequence of ASDUs is malformed");
        }
        auto asdu = parse_asdu(item->value);
        if (!asdu) {
          return fail(asdu.error());
        }
        sv.asdus.push_back(*asdu);
      }
    }
  }
  if (announced && *announced != sv.asdus.size()) {
    return fail(ErrorCode::InvalidInput, "noASDU says {}, the frame holds {}", *announced,
                sv.asdus.size());
  }
  return sv;
}

Result<std::vector<SvStream>> list_streams(const FileBytes& capture) {
  std::vector<SvStream> streams;
  const WalkCounts counts =
      walk(capture, [&](const CapturedPacket&, const SvFrame& frame, const SvAsdu& asdu) {
        auto known = std::find_if(streams.begin(), streams.end(),
                                  [&](const SvStream& s) { return s.sv_id == asdu.sv_id; });
        if (known == streams.end()) {
          streams.push_back(
              {std::string(asdu.sv_id), frame.app_id, asdu.data.size() / kBytesPerChannel, 0});
          known = streams.end() - 1;
        }
        ++known->samples;
      });
  if (streams.empty()) {
    return fail(ErrorCode::InvalidInput,
                "{}: {} packets, none of them IEC 61850-9-2 sampled values (ethertype 88BA){}{}",
                capture.name, counts.packets, counts.capture_error.empty() ? "" : "; ",
                counts.capture_error);
  }
  return streams;
}

Result<Recording> read_sampled_values(const FileBytes& capture, std::string_view stream) {
  const auto streams = list_streams(capture);
  if (!streams) {
    return fail(streams.error());
  }
  std::vector<std::string_view> names;
  std::string listing;
  for (const SvStream& s : *streams) {
    names.emplace_back(s.sv_id);
    listing += (listing.empty() ? "" : ", ") + to_valid_utf8(s.sv_id);
  }
  const std::string_view chosen = stream.empty() ? names.front() : stream;
  if (std::find(names.begin(), names.end(), chosen) == names.end()) {
    return fail(ErrorCode::InvalidSetup, "{}: there is no stream '{}'; the capture holds: {}",
                capture.name, chosen, listing);
  }

  WalkCounts counts;
  const StreamScan found = scan(capture, chosen, counts);
  Recording recording;
  recording.format = "iec61850-9-2";
  recording.station = to_valid_utf8(chosen);
  recording.zone_known = true;
  if (found.mixed_layout || found.data_bytes == 0 || found.data_bytes % kBytesPerChannel != 0) {
    return fail(ErrorCode::InvalidInput,
                "{}: stream '{}' sends {} bytes a sample, which is no whole number of INT32 with "
                "quality, or changes its layout",
                capture.name, chosen, found.data_bytes);
  }
  const auto rate = infer_rate(found);
  if (!rate) {
    return fail(ErrorCode::InvalidInput,
                "{}: the sample rate of stream '{}' cannot be told from {} samples (highest smpCnt "
                "{}); capture a few seconds",
                capture.name, chosen, found.samples, found.highest_count);
  }
  const std::size_t channels = found.data_bytes / kBytesPerChannel;
  describe_channels(recording, channels);
  if (channels != 8) {
    recording.warnings.push_back(
        format("stream '{}' has {} channels, not the eight of 9-2LE: they are numbered, map them "
               "with --map and scale them with --scale",
               recording.station, channels));
  }
  if (streams->size() > 1) {
    recording.warnings.push_back(
        format("the capture holds {} streams ({}); this is '{}', choose another with --set",
               streams->size(), listing, recording.station));
  }

  auto store = std::make_shared<PlanarStore>(channels, 0, found.samples);
  std::uint64_t written = 0;
  std::uint64_t position = 0;  // samples since the first one, lost ones counted
  std::uint64_t lost = 0;
  std::uint64_t invalid = 0;
  std::uint64_t questionable = 0;
  std::uint64_t repeated = 0;
  std::uint16_t previous = 0;
  Instant previous_time;
  std::uint64_t previous_position = 0;
  (void)walk(capture, [&](const CapturedPacket& packet, const SvFrame&, const SvAsdu& asdu) {
    if (asdu.sv_id != chosen) {
      return;
    }
    bool new_segment = written == 0;
    if (written > 0) {
      const int step = (asdu.smp_cnt - previous + *rate) % *rate;
      if (step == 0 && (packet.time - previous_time).to_seconds() < 0.5) {
        ++repeated;
        return;
      }
      // Whole seconds that were lost do not show in smpCnt but in the capture's clock.
      const double apart = (packet.time - previous_time).to_seconds();
      const double seconds = std::round(apart - static_cast<double>(step) / *rate);
      position =
          previous_position + static_cast<std::uint64_t>(step) +
          static_cast<std::uint64_t>(std::max(0.0, seconds)) * static_cast<std::uint64_t>(*rate);
      if (position != previous_position + 1) {
        lost += position - previous_position - 1;
        new_segment = true;
      }
    }
    if (new_segment) {
      Segment segment;
      segment.first_sample = written;
      segment.rate_hertz = *rate;
      segment.start = Duration::from_seconds(static_cast<double>(position) / *rate);
      segment.discontinuity = written == 0 ? Discontinuity::Start : Discontinuity::Gap;
      recording.segments.push_back(segment);
    }
    ++recording.segments.back().sample_count;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto raw = asdu.data.subspan(c * kBytesPerChannel, kBytesPerChannel);
      const auto value = static_cast<std::int32_t>(big_endian(raw.first(4)));
      const std::uint32_t validity = big_endian(raw.last(4)) & kValidityMask;
      const bool good = validity == 0 || validity == kQuestionable;
      questionable += validity == kQuestionable ? 1U : 0U;
      invalid += good ? 0U : 1U;
      store->analog(c)[written] = good ? static_cast<float>(recording.analogs[c].a * value)
                                       : std::numeric_limits<float>::quiet_NaN();
    }
    previous = asdu.smp_cnt;
    previous_time = packet.time;
    previous_position = position;
    ++written;
  });
  store->shorten(written);
  recording.sample_count = written;
  recording.samples = store;

  // smpCnt counts from the full second of a synchronised merging unit.
  const Duration into_second =
      Duration::from_seconds(static_cast<double>(found.first_count) / *rate);
  if (found.lowest_synch >= 1) {
    const Instant second = found.first_time - into_second;
    recording.start = (second + Duration::ms(500)).floor_to(Duration::seconds(1)) + into_second;
  } else {
    recording.start = found.first_time;
  }
  recording.time_quality.clock_ok = found.lowest_synch == 2;
  recording.time_quality.uncertainty_seconds = found.lowest_synch == 2 ? 1e-6 : 1.0;
  if (found.lowest_synch < 2) {
    recording.warnings.push_back(format(
        "smpSynch is {}: the samples are {}, their time is the capture's to a second",
        found.lowest_synch,
        found.lowest_synch == 1 ? "synchronised to a local clock only" : "not synchronised"));
  }
  const auto warn = [&](std::uint64_t count, std::string_view text) {
    if (count > 0) {
      recording.warnings.push_back(format("{} {}", count, text));
    }
  };
  warn(lost, "samples were lost (smpCnt jumps): the record has gaps there");
  warn(repeated, "samples came twice and were taken once");
  warn(invalid, "values are marked invalid and count as missing");
  warn(questionable, "values are marked questionable and were taken as they are");
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
