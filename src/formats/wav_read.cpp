// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/text.hpp"
#include "formats/text_encoding.hpp"
#include "formats/timeline.hpp"
#include "formats/wav.hpp"

namespace halfcycle::formats {
namespace {

// Microsoft Multimedia Programming Interface 1.0 (RIFF, 1991) and "Multiple channel audio data and
// WAVE files" (WAVE_FORMAT_EXTENSIBLE, 2001); RF64: EBU Tech 3306.
constexpr std::uint16_t kFormatPcm = 1;
constexpr std::uint16_t kFormatFloat = 3;
constexpr std::uint16_t kFormatExtensible = 0xFFFE;
constexpr std::uint32_t kSizeIn64 = 0xFFFFFFFFU;
constexpr std::size_t kMaxChannels = 1024;

std::uint64_t load(std::span<const std::byte> from, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
  }
  return value;
}

class WavStore final : public SampleStore {
 public:
  WavStore(FileBytes file, std::size_t data_offset, WavEncoding encoding, std::size_t channels,
           std::vector<AnalogChannel> scales)
      : file_(std::move(file)),
        data_(file_.bytes.data() + data_offset),
        encoding_(encoding),
        sample_size_(encoding == WavEncoding::Pcm16   ? 2
                     : encoding == WavEncoding::Pcm24 ? 3
                                                      : 4),
        frame_size_(sample_size_ * channels),
        scales_(std::move(scales)) {}

  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override {
    const std::byte* from = data_ + first * frame_size_ + channel * sample_size_;
    const double a = scales_[channel].a;
    const double b = scales_[channel].b;
    if (encoding_ == WavEncoding::Float32) {
      for (float& value : out) {
        const auto raw = std::bit_cast<float>(word(from));
        value = a == 1.0 && b == 0.0 ? raw : static_cast<float>(a * static_cast<double>(raw) + b);
        from += frame_size_;
      }
      return;
    }
    for (float& value : out) {
      value = static_cast<float>(a * full_scale(from) + b);
      from += frame_size_;
    }
  }
  void read_status(std::size_t, std::uint64_t, std::span<std::uint8_t> out) const override {
    std::fill(out.begin(), out.end(), std::uint8_t{2});
  }

 private:
  static std::uint32_t word(const std::byte* p) {
    return std::to_integer<std::uint32_t>(p[0]) | std::to_integer<std::uint32_t>(p[1]) << 8 |
           std::to_integer<std::uint32_t>(p[2]) << 16 | std::to_integer<std::uint32_t>(p[3]) << 24;
  }
  // −1 … 1: the sample shifted to the top of 32 bits, over 2³¹.
  [[nodiscard]] double full_scale(const std::byte* p) const {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < sample_size_; ++i) {
      bits |= std::to_integer<std::uint32_t>(p[i]) << (8 * (4 - sample_size_ + i));
    }
    return static_cast<double>(static_cast<std::int32_t>(bits)) / 2147483648.0;
  }

  FileBytes file_;
  const std::byte* data_;
  WavEncoding encoding_;
  std::size_t sample_size_;
  std::size_t frame_size_;
  std::vector<AnalogChannel> scales_;
};

std::string_view format_name(WavEncoding encoding) {
  switch (encoding) {
    case WavEncoding::Pcm16:
      return "wav-pcm16";
    case WavEncoding::Pcm24:
      return "wav-pcm24";
    case WavEncoding::Pcm32:
      return "wav-pcm32";
    case WavEncoding::Float32:
      return "wav-float32";
  }
  return "";
}

struct Chunks {
  std::span<const std::byte> format;
  std::size_t data_offset = 0;
  std::uint64_t data_size = 0;
  bool has_data = false;
  std::string comment;
};

void read_info(std::span<const std::byte> list, Chunks& chunks) {
  std::size_t at = 4;  // after "INFO"
  while (at + 8 <= list.size()) {
    const std::uint64_t size = load(list, at + 4, 4);
    const std::string_view id(reinterpret_cast<const char*>(list.data()) + at, 4);
    const std::uint64_t there = std::min<std::uint64_t>(size, list.size() - at - 8);
    if (id == "ICMT") {
      std::string_view text(reinterpret_cast<const char*>(list.data()) + at + 8,
                            static_cast<std::size_t>(there));
      text = text.substr(0, text.find('\0'));
      chunks.comment = decode_text(text).utf8;
    }
    at += 8 + static_cast<std::size_t>(there + (there & 1U));
  }
}

Result<Chunks> find_chunks(const FileBytes& wav) {
  const std::span<const std::byte> all = wav.bytes;
  const std::string_view text = wav.text();
  const bool rf64 = text.substr(0, 4) == "RF64";
  if (all.size() < 12 || (text.substr(0, 4) != "RIFF" && !rf64) || text.substr(8, 4) != "WAVE") {
    return fail(ErrorCode::InvalidInput, "{}: no WAVE file (it does not begin with RIFF…WAVE)",
                wav.name);
  }
  Chunks chunks;
  std::uint64_t size64 = 0;
  std::size_t at = 12;
  while (at + 8 <= all.size()) {
    const std::string_view id = text.substr(at, 4);
    std::uint64_t size = load(all, at + 4, 4);
    const std::size_t body = at + 8;
    if (id == "data") {
      if (rf64 && size == kSizeIn64) {
        size = size64;
      }
      if (!chunks.has_data) {
        chunks.has_data = true;
        chunks.data_offset = body;
        chunks.data_size = size;
      }
    }
    const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(size, all.size() - body));
    const auto contents = all.subspan(body, there);
    if (id == "fmt " && chunks.format.empty()) {
      chunks.format = contents;
    } else if (id == "ds64" && there >= 16) {
      size64 = load(contents, 8, 8);
    } else if (id == "LIST" && there >= 4 && text.substr(body, 4) == "INFO") {
      read_info(contents, chunks);
    }
    at = body + there + (there & 1U);
  }
  if (chunks.format.size() < 16 || !chunks.has_data) {
    return fail(ErrorCode::InvalidInput, "{}: the WAVE file has no {} chunk", wav.name,
                chunks.has_data ? "complete fmt" : "data");
  }
  return chunks;
}

// "channels=V1,V2;units=V,V;…" of write_wav; nothing else has a `channels` key.
void apply_comment(std::string_view comment, const std::string& name, Recording& recording) {
  if (trim(comment).substr(0, 9) != "channels=") {
    return;
  }
  std::vector<AnalogChannel>& channels = recording.analogs;
  for (const std::string_view item : split(comment, ';')) {
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      continue;
    }
    const std::string_view key = trim(item.substr(0, equals));
    const std::string_view value = trim(item.substr(equals + 1));
    if (key == "start") {
      if (const auto start = parse_iso8601(value)) {
        recording.start = *start;
        recording.zone_known = true;
      } else {
        recording.warnings.push_back(
            format("{}: the start '{}' in the comment is no time", name, value));
      }
      continue;
    }
    if (key == "station") {
      recording.station = std::string(value);
      continue;
    }
    if (key == "rate") {
      const auto rate = parse_number(value);
      // Only what the header had to round.
      if (rate && std::abs(*rate - recording.segments.front().rate_hertz) <= 0.5 && *rate > 0.0) {
        recording.segments.front().rate_hertz = *rate;
      }
      continue;
    }
    if (key == "frequency") {
      const auto frequency = parse_number(value);
      if (frequency && *frequency >= 0.0 && *frequency <= 1000.0) {
        recording.nominal_frequency_hertz = *frequency;
      }
      continue;
    }
    if (key != "channels" && key != "units" && key != "scale") {
      continue;
    }
    const auto values = split(value, ',');
    if (values.size() != channels.size()) {
      recording.warnings.push_back(format("{}: the comment has {} {} for {} channels; ignored",
                                          name, values.size(), key, channels.size()));
      continue;
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (key == "channels" && !trim(values[i]).empty()) {
        channels[i].name = std::string(trim(values[i]));
      } else if (key == "units") {
        channels[i].unit = std::string(trim(values[i]));
      } else if (key == "scale") {
        const auto scale = parse_number(values[i]);
        if (scale && *scale > 0.0) {
          channels[i].a = *scale;
        } else {
          recording.warnings.push_back(
              format("{}: the scale '{}' in the comment is no positive number; 1 is used", name,
                     values[i]));
        }
      }
    }
  }
}

}  // namespace

Result<Recording> read_wav(const FileBytes& wav) {
  const auto chunks = find_chunks(wav);
  if (!chunks) {
    return fail(chunks.error());
  }
  const auto format_chunk = chunks->format;
  auto tag = static_cast<std::uint16_t>(load(format_chunk, 0, 2));
  const auto channels = static_cast<std::size_t>(load(format_chunk, 2, 2));
  const auto rate = static_cast<std::uint32_t>(load(format_chunk, 4, 4));
  const auto frame_size = static_cast<std::size_t>(load(format_chunk, 12, 2));
  const auto bits = static_cast<int>(load(format_chunk, 14, 2));
  if (tag == kFormatExtensible && format_chunk.size() >= 40) {
    tag = static_cast<std::uint16_t>(load(format_chunk, 24, 2));  // the GUID begins with the tag
  }
  if (channels == 0 || channels > kMaxChannels) {
    return fail(ErrorCode::InvalidInput, "{}: {} channels (1 to {} can be read)", wav.name,
                channels, kMaxChannels);
  }
  if (rate == 0) {
    return fail(ErrorCode::InvalidInput, "{}: the sample rate is 0", wav.name);
  }
  WavEncoding encoding{};
  if (tag == kFormatPcm && (bits == 16 || bits == 24 || bits == 32)) {
    encoding = bits == 16   ? WavEncoding::Pcm16
               : bits == 24 ? WavEncoding::Pcm24
                            : WavEncoding::Pcm32;
  } else if (tag == kFormatFloat && bits == 32) {
    encoding = WavEncoding::Float32;
  } else {
    return fail(ErrorCode::InvalidInput,
                "{}: WAVE format {} with {} bits is not supported (PCM of 16, 24 or 32 bits, or "
                "32-bit float)",
                wav.name, tag, bits);
  }
  const std::size_t expected_frame = channels * static_cast<std::size_t>(bits / 8);
  if (frame_size != expected_frame) {
    return fail(ErrorCode::InvalidInput, "{}: frames of {} bytes do not fit {} channels of {} bits",
                wav.name, frame_size, channels, bits);
  }

  Recording recording;
  std::uint64_t size = chunks->data_size;
  const std::uint64_t there = wav.bytes.size() - chunks->data_offset;
  if (size > there) {
    // Recorders that stream leave 0xFFFFFFFF; anything else was cut short.
    if (size != kSizeIn64) {
      recording.warnings.push_back(
          format("{}: {} bytes of samples are announced, {} are there", wav.name, size, there));
    }
    size = there;
  }
  if (size % frame_size != 0) {
    recording.warnings.push_back(
        format("{}: ends with {} bytes of an incomplete frame; they are left out", wav.name,
               size % frame_size));
  }
  recording.sample_count = size / frame_size;
  if (recording.sample_count == 0) {
    return fail(ErrorCode::InvalidInput, "{}: there are no samples in it", wav.name);
  }
  recording.format = format_name(encoding);
  for (std::size_t i = 0; i < channels; ++i) {
    AnalogChannel channel;
    channel.name = format("{}", i + 1);
    recording.analogs.push_back(std::move(channel));
  }
  recording.segments.push_back({.first_sample = 0,
                                .sample_count = recording.sample_count,
                                .rate_hertz = static_cast<double>(rate),
                                .start = {},
                                .discontinuity = Discontinuity::Start});
  apply_comment(chunks->comment, wav.name, recording);
  if (auto ok = check_span(recording.start, recording.segments); !ok) {
    return fail(ErrorCode::InvalidInput, "{}: {}", wav.name, ok.error().message);
  }
  recording.samples = std::make_shared<const WavStore>(wav, chunks->data_offset, encoding, channels,
                                                       recording.analogs);
  return recording;
}

}  // namespace halfcycle::formats
