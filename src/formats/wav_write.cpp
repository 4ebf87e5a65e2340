// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "formats/wav.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::size_t kBlock = 4096;

void put(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
}

std::size_t sample_size(WavEncoding encoding) {
  switch (encoding) {
    case WavEncoding::Pcm16:
      return 2;
    case WavEncoding::Pcm24:
      return 3;
    case WavEncoding::Pcm32:
    case WavEncoding::Float32:
      return 4;
  }
  return 4;
}

// ',' and ';' separate the comment's items.
std::string comment_item(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return c == ',' || c == ';' || static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

void append_list(std::string& out, std::string_view key, const std::vector<std::string>& items) {
  out += format("{}{}=", out.empty() ? "" : ";", key);
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += i == 0 ? "" : ",";
    out += items[i];
  }
}

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

// The largest magnitude of each channel; an error for a sample that PCM cannot hold.
Result<std::vector<double>> full_scales(const Recording& recording) {
  std::vector<double> scales;
  std::vector<float> block(kBlock);
  for (std::size_t c = 0; c < recording.analogs.size(); ++c) {
    double largest = 0.0;
    for (std::uint64_t first = 0; first < recording.sample_count; first += kBlock) {
      const std::span<float> part = std::span(block).first(static_cast<std::size_t>(
          std::min<std::uint64_t>(kBlock, recording.sample_count - first)));
      recording.samples->read_analog(c, first, part);
      for (const float value : part) {
        if (!std::isfinite(value)) {
          return fail(ErrorCode::InvalidInput,
                      "channel '{}' has a missing sample, which PCM cannot express; write float",
                      recording.analogs[c].name);
        }
        largest = std::max(largest, static_cast<double>(std::abs(value)));
      }
    }
    scales.push_back(largest > 0.0 ? largest : 1.0);
  }
  return scales;
}

}  // namespace

Result<void> write_wav(const Recording& recording, const WavWriteOptions& options,
                       const ByteSink& wav) {
  const std::size_t channels = recording.analogs.size();
  if (recording.segments.size() != 1 || recording.sample_count == 0) {
    return fail(ErrorCode::InvalidInput,
                "a WAVE file holds one stretch of samples at one rate, the recording has {}; write "
                "COMTRADE",
                recording.segments.size());
  }
  const double rate = recording.segments.front().rate_hertz;
  const double whole_rate = std::round(rate);
  if (channels == 0 || channels > 1024 || whole_rate < 1.0 || whole_rate > 4294967295.0) {
    return fail(ErrorCode::InvalidInput,
                "{} channels at {} Hz do not fit a WAVE file (1 to 1024 channels, 1 Hz or more)",
                channels, rate);
  }
  const bool is_float = options.encoding == WavEncoding::Float32;
  std::vector<double> scales(channels, 1.0);
  if (!is_float) {
    auto found = full_scales(recording);
    if (!found) {
      return fail(found.error());
    }
    scales = std::move(*found);
  }

  std::string comment;
  std::vector<std::string> names;
  std::vector<std::string> units;
  std::vector<std::string> scale_texts;
  const std::size_t bytes = sample_size(options.encoding);
  // A magnitude of full scale is 2^(bits−1) − 1 steps; the reader divides by 2^(bits−1).
  const double steps = std::ldexp(1.0, static_cast<int>(8 * bytes) - 1);
  for (std::size_t c = 0; c < channels; ++c) {
    scales[c] = is_float ? 1.0 : scales[c] * steps / (steps - 1.0);
    names.push_back(comment_item(recording.analogs[c].name));
    units.push_back(comment_item(recording.analogs[c].unit));
    scale_texts.push_back(number(scales[c]));
  }
  append_list(comment, "channels", names);
  append_list(comment, "units", units);
  if (!is_float) {
    append_list(comment, "scale", scale_texts);
  }
  if (recording.start) {
    comment += ";start=" + to_iso8601(*recording.start);
  }
  if (!recording.station.empty()) {
    comment += ";station=" + comment_item(recording.station);
  }
  if (recording.nominal_frequency_hertz > 0.0) {
    comment += ";frequency=" + number(recording.nominal_frequency_hertz);
  }
  if (rate != whole_rate) {
    comment += ";rate=" + number(rate);
  }
  comment += '\0';
  if (comment.size() % 2 != 0) {
    comment += '\0';
  }

  const std::size_t frame = bytes * channels;
  const std::uint64_t data_size = recording.sample_count * frame;
  std::string head;
  std::string body;  // the chunks before the samples, without RIFF's own head
  body += "fmt ";
  put(body, 40, 4);
  put(body, 0xFFFE, 2);  // extensible: required beyond two channels or 16 bits
  put(body, channels, 2);
  put(body, static_cast<std::uint64_t>(whole_rate), 4);
  put(body, std::min<std::uint64_t>(static_cast<std::uint64_t>(whole_rate) * frame, 0xFFFFFFFFU),
      4);
  put(body, frame, 2);
  put(body, 8 * bytes, 2);
  put(body, 22, 2);
  put(body, 8 * bytes, 2);
  put(body, 0, 4);  // no loudspeaker positions
  put(body, is_float ? 3 : 1, 2);
  body.append("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  body += "LIST";
  put(body, 4 + 8 + comment.size(), 4);
  body += "INFOICMT";
  put(body, comment.size(), 4);
  body += comment;
  body += "data";
  // RF64 where 32 bits do not hold the sizes (EBU Tech 3306): sizes move to a ds64 chunk.
  const bool big = data_size + body.size() + 64 > 0xFFFFFFFFU;
  put(body, big ? 0xFFFFFFFFU : data_size, 4);
  const std::uint64_t padded = data_size + (data_size & 1U);
  if (big) {
    std::string sizes;
    sizes += "ds64";
    put(sizes, 28, 4);
    put(sizes, 4 + 36 + body.size() + padded, 8);
    put(sizes, data_size, 8);
    put(sizes, recording.sample_count, 8);
    put(sizes, 0, 4);
    body = sizes + body;
  }
  head += big ? "RF64" : "RIFF";
  put(head, big ? 0xFFFFFFFFU : 4 + body.size() + padded, 4);
  head += "WAVE";
  if (auto ok = wav(head + body); !ok) {
    return ok;
  }

  std::vector<float> values(kBlock);
  std::string out;
  for (std::uint64_t first = 0; first < recording.sample_count; first += kBlock) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, recording.sample_count - first));
    out.assign(count * frame, '\0');
    for (std::size_t c = 0; c < channels; ++c) {
      recording.samples->read_analog(c, first, std::span(values).first(count));
      char* to = out.data() + c * bytes;
      for (std::size_t i = 0; i < count; ++i, to += frame) {
        std::uint32_t raw = std::bit_cast<std::uint32_t>(values[i]);
        if (!is_float) {
          const double x = static_cast<double>(values[i]) / scales[c] * steps;
          raw = static_cast<std::uint32_t>(
              static_cast<std::int32_t>(std::clamp(std::round(x), 1.0 - steps, steps - 1.0)));
        }
        for (std::size_t k = 0; k < bytes; ++k) {
          to[k] = static_cast<char>(raw >> (8 * k) & 0xFFU);
        }
      }
    }
    if (auto ok = wav(out); !ok) {
      return ok;
    }
  }
  if (data_size % 2 != 0) {
    return wav(std::string_view("\0", 1));
  }
  return {};
}

}  // namespace halfcycle::formats
