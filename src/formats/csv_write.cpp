// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "formats/csv.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::size_t kBlock = 4096;

std::string heading(const AnalogChannel& channel) {
  std::string text = channel.name;
  if (!channel.unit.empty()) {
    text += " [" + channel.unit + "]";
  }
  if (text.find_first_of(",;\t\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') {
      quoted += '"';
    }
    quoted += c == '\r' || c == '\n' ? ' ' : c;
  }
  return quoted + '"';
}

void append_seconds(std::string& out, Duration time) {
  const std::int64_t ns = time.count_ns();
  const auto magnitude = static_cast<std::uint64_t>(ns < 0 ? -ns : ns);
  format_to(std::back_inserter(out), "{}{}.{:09}", ns < 0 ? "-" : "", magnitude / 1000000000U,
            magnitude % 1000000000U);
}

}  // namespace

Result<void> write_csv(const Recording& recording, const CsvWriteOptions& options,
                       const ByteSink& csv) {
  if (options.iso_time && !recording.start) {
    return fail(ErrorCode::InvalidInput,
                "the recording has no start, so its times cannot be written as ISO 8601");
  }
  std::string out = "time";
  for (const AnalogChannel& channel : recording.analogs) {
    out += ',';
    out += heading(channel);
  }
  out += '\n';
  const std::size_t channels = recording.analogs.size();
  std::vector<float> values(channels * kBlock);
  for (const Segment& segment : recording.segments) {
    for (std::uint64_t done = 0; done < segment.sample_count; done += kBlock) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, segment.sample_count - done));
      for (std::size_t c = 0; c < channels; ++c) {
        recording.samples->read_analog(c, segment.first_sample + done,
                                       std::span(values).subspan(c * kBlock, count));
      }
      for (std::size_t i = 0; i < count; ++i) {
        const Duration time = segment.start + Duration::from_seconds(static_cast<double>(done + i) /
                                                                     segment.rate_hertz);
        if (options.iso_time) {
          out += to_iso8601(*recording.start + time);
        } else {
          append_seconds(out, time);
        }
        for (std::size_t c = 0; c < channels; ++c) {
          out += ',';
          const float value = values[c * kBlock + i];
          if (!std::isnan(value)) {
            std::array<char, 32> text;
            const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
            out.append(text.data(), end.ptr);
          }
        }
        out += '\n';
      }
      if (auto ok = csv(out); !ok) {
        return ok;
      }
      out.clear();
    }
  }
  return out.empty() ? Result<void>{} : csv(out);
}

}  // namespace halfcycle::formats
