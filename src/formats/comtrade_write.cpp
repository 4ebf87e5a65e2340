// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/quality.hpp"
#include "base/text.hpp"
#include "formats/comtrade.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::uint32_t kNoStamp32 = 0xFFFFFFFFU;

struct Codes {
  std::string_view name;
  double limit = 0.0;       // largest magnitude of a number
  double full_scale = 0.0;  // of a scale made by the writer
  std::int64_t missing = 0;
};

Codes codes(ComtradeData data) {
  switch (data) {
    case ComtradeData::Ascii:
      return {"ASCII", 99998.0, 99000.0, 99999};
    case ComtradeData::Binary:
      return {"BINARY", 32767.0, 32000.0, -32768};
    case ComtradeData::Binary32:
      return {"BINARY32", 2147483647.0, 2e9, -2147483648};
    case ComtradeData::Float32:
      return {"FLOAT32", 0.0, 0.0, 0};
  }
  return {};
}

struct ChannelScale {
  double a = 1.0;
  double b = 0.0;
  double low = 0.0;  // range of the raw numbers
  double high = 0.0;
};

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

std::string clean(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return c == ',' || static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

class Writer {
 public:
  Writer(const Recording& recording, const ComtradeWriteOptions& options)
      : recording_(recording), options_(options), codes_(codes(options.data)) {}

  Result<void> plan();
  [[nodiscard]] std::string cfg() const;
  Result<void> write_data(const ByteSink& sink) const;
  [[nodiscard]] std::uint64_t record_bytes() const {
    const std::size_t value = options_.data == ComtradeData::Binary ? 2 : 4;
    return 8 + value * recording_.analogs.size() + 2 * ((recording_.statuses.size() + 15) / 16);
  }

 private:
  Result<void> check() const;
  void plan_stamps();
  [[nodiscard]] ChannelScale find_scale(std::size_t channel) const;
  [[nodiscard]] double raw(const ChannelScale& scale, double value) const;
  [[nodiscard]] std::int64_t stamp(const Segment& segment, std::uint64_t sample) const;
  [[nodiscard]] std::string date(Instant instant) const;
  [[nodiscard]] std::string time_quality() const;

  const Recording& recording_;
  const ComtradeWriteOptions& options_;
  Codes codes_;
  std::vector<ChannelScale> scales_;
  std::int64_t stamp_unit_ns_ = 1000;  // of one step, the multiplier included
  std::int64_t multiplier_ = 1;
  bool stamps_ = true;
};

Result<void> Writer::check() const {
  const auto& r = recording_;
  if (options_.revision != 1991 && options_.revision != 1999 && options_.revision != 2013) {
    return fail(ErrorCode::InvalidSetup, "COMTRADE has the revisions 1991, 1999 and 2013, not {}",
                options_.revision);
  }
  const bool new_type =
      options_.data == ComtradeData::Binary32 || options_.data == ComtradeData::Float32;
  if (new_type && options_.revision != 2013) {
    return fail(ErrorCode::InvalidSetup, "{} data need the revision 2013, not {}", codes_.name,
                options_.revision);
  }
  if (r.sample_count == 0 || r.segments.empty() || r.samples == nullptr ||
      (r.analogs.empty() && r.statuses.empty())) {
    return fail(ErrorCode::InvalidInput, "a recording without samples cannot be written");
  }
  if (r.sample_count >= kNoStamp32) {
    return fail(ErrorCode::InvalidInput, "{} samples are more than COMTRADE can number",
                r.sample_count);
  }
  if (options_.revision == 1991 && r.start) {
    const int year = to_civil(*r.start).year;
    if (year < 1970 || year > 2069) {
      return fail(ErrorCode::InvalidInput, "the year {} cannot be written with two digits (1991)",
                  year);
    }
  }
  return {};
}

// Steps as fine as the longest stamp allows: 2³² in binary, the digits of the standard in ASCII.
void Writer::plan_stamps() {
  const bool ascii = options_.data == ComtradeData::Ascii;
  const double most = !ascii                      ? 4294967294.0
                      : options_.revision == 2013 ? 9999999999999.0
                                                  : 9999999999.0;
  const std::int64_t base = options_.revision == 2013 ? 1 : 1000;
  const auto total = static_cast<double>(recording_.duration().count_ns());
  while (total / static_cast<double>(base * multiplier_) > most) {
    multiplier_ *= 10;
  }
  double shortest = std::numeric_limits<double>::infinity();
  for (const Segment& segment : recording_.segments) {
    shortest = std::min(shortest, 1e9 / segment.rate_hertz);
  }
  const bool gaps =
      std::any_of(recording_.segments.begin(), recording_.segments.end(),
                  [](const Segment& s) { return s.discontinuity == Discontinuity::Gap; });
  stamp_unit_ns_ = base * multiplier_;
  // Too coarse to tell samples apart, or not to be had in 1991, which has no multiplier.
  const bool useless = static_cast<double>(stamp_unit_ns_) > shortest / 2.0 ||
                       (options_.revision == 1991 && multiplier_ != 1);
  if (useless && !gaps) {
    stamps_ = false;
    multiplier_ = 1;
    stamp_unit_ns_ = base;
  }
}

double Writer::raw(const ChannelScale& scale, double value) const {
  double x = std::round((value - scale.b) / scale.a);
  // In 1991 0xFFFF is no number: the nearest that is.
  if (x == -1.0 && options_.revision == 1991 && options_.data == ComtradeData::Binary) {
    x = (value - scale.b) / scale.a > -1.0 ? 0.0 : -2.0;
  }
  return std::clamp(x, -codes_.limit, codes_.limit);
}

ChannelScale Writer::find_scale(std::size_t channel) const {
  const AnalogChannel& c = recording_.analogs[channel];
  ChannelScale own{c.a != 0.0 ? c.a : 1.0, c.b, 0.0, 0.0};
  bool on_grid = true;
  double low = 0.0;
  double high = 0.0;
  bool any = false;
  std::vector<float> block(kBlock);
  for (std::uint64_t first = 0; first < recording_.sample_count; first += kBlock) {
    const auto part = std::span(block).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, recording_.sample_count - first)));
    recording_.samples->read_analog(channel, first, part);
    for (const float value : part) {
      if (!std::isfinite(value)) {
        continue;
      }
      const auto v = static_cast<double>(value);
      low = any ? std::min(low, v) : v;
      high = any ? std::max(high, v) : v;
      any = true;
      on_grid = on_grid && static_cast<float>(own.a * raw(own, v) + own.b) == value;
    }
  }
  ChannelScale scale = own;
  if (!on_grid) {
    const double largest = std::max(std::abs(low), std::abs(high));
    scale = {largest > 0.0 ? largest / codes_.full_scale : 1.0, 0.0, 0.0, 0.0};
  }
  scale.low = std::min(raw(scale, low), raw(scale, high));
  scale.high = std::max(raw(scale, low), raw(scale, high));
  return scale;
}

Result<void> Writer::plan() {
  if (auto ok = check(); !ok) {
    return ok;
  }
  plan_stamps();
  const bool gaps_lost = options_.revision == 1991 && multiplier_ != 1;
  if (gaps_lost) {
    return fail(ErrorCode::InvalidInput,
                "a recording of {:.0f} s with gaps is too long for the stamps of 1991; write 1999 "
                "or 2013",
                recording_.duration().to_seconds());
  }
  for (std::size_t c = 0; c < recording_.analogs.size(); ++c) {
    if (options_.data == ComtradeData::Float32) {
      constexpr double kLargest = 3.4028234e38;
      scales_.push_back({1.0, 0.0, -kLargest, kLargest});
    } else {
      scales_.push_back(find_scale(c));
    }
  }
  return {};
}

std::string Writer::date(Instant instant) const {
  const bool nanoseconds = options_.revision == 2013;
  if (!nanoseconds) {
    instant = Instant::from_unix_ns(instant.unix_ns() + 500).floor_to(Duration::us(1));
  }
  const CivilTime t = to_civil(instant);
  const std::string clock = to_time_of_day(instant, nanoseconds ? 9 : 6);
  if (options_.revision == 1991) {
    return format("{:02}/{:02}/{:02},{}", t.month, t.day, t.year % 100, clock);
  }
  return format("{:02}/{:02}/{:04},{}", t.day, t.month, t.year, clock);
}

std::string Writer::time_quality() const {
  const TimeQuality& q = recording_.time_quality;
  if (!q.clock_ok && !std::isfinite(q.uncertainty_seconds)) {
    return "F";
  }
  int code = 0;
  if (q.uncertainty_seconds > 0.0) {
    // Code k says "within 10^(k−10) s".
    code = 1;
    while (code < 11 && std::pow(10.0, code - 10) < q.uncertainty_seconds) {
      ++code;
    }
  }
  if (!q.clock_ok) {
    code = std::max(code, 9);
  }
  return format("{:X}", code);
}

std::string Writer::cfg() const {
  const Recording& r = recording_;
  const bool old = options_.revision == 1991;
  std::string out = clean(r.station) + "," + clean(r.device);
  out += old ? std::string("\r\n") : format(",{}\r\n", options_.revision);
  out += format("{},{}A,{}D\r\n", r.analogs.size() + r.statuses.size(), r.analogs.size(),
                r.statuses.size());
  for (std::size_t i = 0; i < r.analogs.size(); ++i) {
    const AnalogChannel& c = r.analogs[i];
    const ChannelScale& s = scales_[i];
    out += format("{},{},{},{},{},{},{},{},{},{}", i + 1, clean(c.name), clean(c.phase),
                  clean(c.component), clean(c.unit), number(s.a), number(s.b),
                  number(c.skew_seconds * 1e6), number(s.low), number(s.high));
    if (!old) {
      // 1999 knows only P and S. Values of an unknown side have the ratio 1:1, where both agree.
      const bool secondary = c.side == Side::Secondary;
      out += format(",{},{},{}", number(c.primary), number(c.secondary), secondary ? "S" : "P");
    }
    out += "\r\n";
  }
  for (std::size_t i = 0; i < r.statuses.size(); ++i) {
    const StatusChannel& c = r.statuses[i];
    const int normal = c.normal_state ? 1 : 0;
    out += old ? format("{},{},{}\r\n", i + 1, clean(c.name), normal)
               : format("{},{},{},{},{}\r\n", i + 1, clean(c.name), clean(c.phase),
                        clean(c.component), normal);
  }
  out += number(r.nominal_frequency_hertz) + "\r\n";
  out += format("{}\r\n", r.segments.size());
  for (const Segment& s : r.segments) {
    out += format("{},{}\r\n", number(s.rate_hertz), s.first_sample + s.sample_count);
  }
  const Instant start = r.start.value_or(Instant());
  out += date(start) + "\r\n" + date(r.trigger.value_or(start)) + "\r\n";
  out += format("{}\r\n", codes_.name);
  if (!old) {
    out += format("{}\r\n", multiplier_);
  }
  if (options_.revision == 2013) {
    out += format("0,x\r\n{},3\r\n", time_quality());
  }
  return out;
}

std::int64_t Writer::stamp(const Segment& segment, std::uint64_t sample) const {
  const double ns = static_cast<double>(segment.start.count_ns()) +
                    static_cast<double>(sample - segment.first_sample) * 1e9 / segment.rate_hertz;
  return std::llround(ns / static_cast<double>(stamp_unit_ns_));
}

void put(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
}

void put_text(std::string& out, std::int64_t value) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end.ptr);
}

Result<void> Writer::write_data(const ByteSink& sink) const {
  const Recording& r = recording_;
  const std::size_t analogs = r.analogs.size();
  const std::size_t statuses = r.statuses.size();
  const bool ascii = options_.data == ComtradeData::Ascii;
  const std::size_t value_size = options_.data == ComtradeData::Binary ? 2 : 4;
  const std::int64_t missing =
      options_.revision == 1991 && options_.data == ComtradeData::Binary ? -1 : codes_.missing;
  std::vector<float> values(analogs * kBlock);
  std::vector<std::uint8_t> states(statuses * kBlock);
  std::string out;
  for (const Segment& segment : r.segments) {
    const std::uint64_t end = segment.first_sample + segment.sample_count;
    for (std::uint64_t first = segment.first_sample; first < end; first += kBlock) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, end - first));
      for (std::size_t c = 0; c < analogs; ++c) {
        r.samples->read_analog(c, first, std::span(values).subspan(c * kBlock, count));
      }
      for (std::size_t c = 0; c < statuses; ++c) {
        r.samples->read_status(c, first, std::span(states).subspan(c * kBlock, count));
      }
      out.clear();
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t n = first + i;
        const std::int64_t time = stamps_ ? stamp(segment, n) : 0;
        if (ascii) {
          put_text(out, static_cast<std::int64_t>(n + 1));
          out += ',';
          if (stamps_) {
            put_text(out, time);
          }
        } else {
          put(out, n + 1, 4);
          put(out, stamps_ ? static_cast<std::uint64_t>(time) : kNoStamp32, 4);
        }
        for (std::size_t c = 0; c < analogs; ++c) {
          const float value = values[c * kBlock + i];
          if (options_.data == ComtradeData::Float32) {
            put(out, std::bit_cast<std::uint32_t>(value), 4);
            continue;
          }
          const bool present = std::isfinite(value);
          const std::int64_t x =
              present ? std::llround(raw(scales_[c], static_cast<double>(value))) : missing;
          if (!ascii) {
            put(out, static_cast<std::uint64_t>(x), value_size);
          } else {
            out += ',';
            if (present || options_.revision != 1991) {
              put_text(out, x);
            }
          }
        }
        unsigned word = 0;
        for (std::size_t c = 0; c < statuses; ++c) {
          const std::uint8_t state = states[c * kBlock + i];
          if (ascii) {
            out += ',';
            out += state > 1 ? "" : state == 1 ? "1" : "0";
            continue;
          }
          word |= (state == 1 ? 1U : 0U) << (c % 16);
          if (c % 16 == 15 || c + 1 == statuses) {
            put(out, word, 2);
            word = 0;
          }
        }
        if (ascii) {
          out += "\r\n";
        }
      }
      if (auto ok = sink(out); !ok) {
        return ok;
      }
    }
  }
  return {};
}

}  // namespace

Result<std::string> write_comtrade_dat(const Recording& recording,
                                       const ComtradeWriteOptions& options, const ByteSink& dat) {
  Writer writer(recording, options);
  if (auto ok = writer.plan(); !ok) {
    return fail(ok.error());
  }
  if (auto ok = writer.write_data(dat); !ok) {
    return fail(ok.error());
  }
  return writer.cfg();
}

Result<ComtradeText> write_comtrade(const Recording& recording,
                                    const ComtradeWriteOptions& options) {
  ComtradeText text;
  auto cfg = write_comtrade_dat(recording, options, append_to(text.dat));
  if (!cfg) {
    return fail(cfg.error());
  }
  text.cfg = std::move(*cfg);
  return text;
}

Result<void> write_cff(const Recording& recording, const ComtradeWriteOptions& options,
                       const ByteSink& cff) {
  if (options.revision != 2013) {
    return fail(ErrorCode::InvalidSetup, "a combined file needs the revision 2013, not {}",
                options.revision);
  }
  Writer writer(recording, options);
  if (auto ok = writer.plan(); !ok) {
    return ok;
  }
  std::string head = "--- file type: CFG ---\r\n" + writer.cfg();
  head += "--- file type: INF ---\r\n\r\n--- file type: HDR ---\r\n\r\n";
  const std::string_view type = codes(options.data).name;
  head += options.data == ComtradeData::Ascii
              ? std::string("--- file type: DAT ASCII ---\r\n")
              : format("--- file type: DAT {}: {} ---\r\n", type,
                       writer.record_bytes() * recording.sample_count);
  if (auto ok = cff(head); !ok) {
    return ok;
  }
  return writer.write_data(cff);
}

}  // namespace halfcycle::formats
