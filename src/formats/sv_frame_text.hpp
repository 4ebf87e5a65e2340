// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: frames of sampled values, built by the letter of IEC 61850-9-2 and
// IEC 61869-9 and of nothing that reads them.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

namespace halfcycle::formats::testing {

[[nodiscard]] inline std::string big_endian_text(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return out;
}

[[nodiscard]] inline std::string ber(int tag, const std::string& value) {
  std::string out(1, static_cast<char>(tag));
  if (value.size() >= 0x80) {
    out += big_endian_text(0x82, 1) + big_endian_text(value.size(), 2);
  } else {
    out += big_endian_text(value.size(), 1);
  }
  return out + value;
}

struct SvChannelValue {
  std::int32_t value = 0;
  std::uint32_t quality = 0;
};

struct SvSampleText {
  std::string sv_id = "MU01";
  int count = 0;
  int synch = 2;
  std::int64_t refr_tm_ns = 0;       ///< 0: without
  std::uint8_t refr_tm_quality = 0;  ///< 0x20: not synchronised
  std::vector<SvChannelValue> channels = std::vector<SvChannelValue>(8);

  [[nodiscard]] std::string asdu() const {
    std::string data;
    for (const SvChannelValue& c : channels) {
      data +=
          big_endian_text(static_cast<std::uint32_t>(c.value), 4) + big_endian_text(c.quality, 4);
    }
    std::string out = ber(0x80, sv_id) +
                      ber(0x82, big_endian_text(static_cast<std::uint64_t>(count), 2)) +
                      ber(0x83, big_endian_text(1, 4));
    if (refr_tm_ns != 0) {
      const auto seconds = static_cast<std::uint64_t>(refr_tm_ns / 1000000000);
      const double fraction = static_cast<double>(refr_tm_ns % 1000000000) * 1e-9;
      out += ber(0x84, big_endian_text(seconds, 4) +
                           big_endian_text(static_cast<std::uint64_t>(fraction * 16777216.0), 3) +
                           big_endian_text(refr_tm_quality, 1));
    }
    return ber(0x30, out + ber(0x85, big_endian_text(static_cast<std::uint64_t>(synch), 1)) +
                         ber(0x87, data));
  }
};

struct SvFrameText {
  std::uint16_t app_id = 0x4000;
  int vlan_tags = 0;
  bool simulated = false;
  char last_of_destination = 1;

  /// One frame with these samples, destination address first.
  [[nodiscard]] std::string operator()(const std::vector<SvSampleText>& samples) const {
    std::string asdus;
    for (const SvSampleText& s : samples) {
      asdus += s.asdu();
    }
    const std::string pdu =
        ber(0x60, ber(0x80, big_endian_text(samples.size(), 1)) + ber(0xA2, asdus));
    std::string out("\x01\x0C\xCD\x04\x00", 5);
    out += last_of_destination;
    out += std::string("\x02\x00\x00\x00\x00\x01", 6);
    for (int tag = 0; tag < vlan_tags; ++tag) {
      out += big_endian_text(0x81008000, 4);
    }
    return out + big_endian_text(0x88BA, 2) + big_endian_text(app_id, 2) +
           big_endian_text(pdu.size() + 8, 2) + big_endian_text(simulated ? 0x8000 : 0, 2) +
           big_endian_text(0, 2) + pdu;
  }
};

/// Three-phase sines of 57.7 kV and 1000 A as a merging unit of 9-2LE sends them, `seconds` after a
/// zero crossing of Ua.
[[nodiscard]] inline std::vector<SvChannelValue> feeder_channels(double seconds, double hertz) {
  std::vector<SvChannelValue> channels(8);
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle =
        2.0 * std::numbers::pi * (hertz * seconds - static_cast<double>(phase) / 3.0);
    const double sine = std::numbers::sqrt2 * std::sin(angle);
    channels[phase].value = static_cast<std::int32_t>(std::lround(1000.0 * sine / 1e-3));
    channels[4 + phase].value = static_cast<std::int32_t>(std::lround(57735.0 * sine / 1e-2));
  }
  return channels;
}

/// A classic capture in big-endian byte order with nanoseconds.
class PcapText {
 public:
  void add(const std::string& frame, std::int64_t time_ns) {
    text_ += big_endian_text(static_cast<std::uint64_t>(time_ns / 1000000000), 4) +
             big_endian_text(static_cast<std::uint64_t>(time_ns % 1000000000), 4) +
             big_endian_text(frame.size(), 4) + big_endian_text(frame.size(), 4) + frame;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_ = big_endian_text(0xA1B23C4D, 4) + big_endian_text(0x00020004, 4) +
                      big_endian_text(0, 8) + big_endian_text(65535, 4) + big_endian_text(1, 4);
};

}  // namespace halfcycle::formats::testing
