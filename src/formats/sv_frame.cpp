// SPDX-License-Identifier: Apache-2.0
#include "formats/sv_frame.hpp"

#include <cmath>

namespace halfcycle::formats {
namespace {

constexpr std::uint16_t kEtherTypeVlan = 0x8100;         // IEEE 802.1Q
constexpr std::uint16_t kEtherTypeServiceVlan = 0x88A8;  // IEEE 802.1ad
constexpr std::uint16_t kEtherTypeSv = 0x88BA;
constexpr std::size_t kMostTags = 2;
constexpr std::uint32_t kSimulatedBit = 0x8000;  // of the header's first reserved field
// UtcTime (61850-8-1 §8.1.3.7): clock failure and not synchronised, in its eighth byte.
constexpr std::uint32_t kTimeUnusable = 0x60;

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
  /// Error: false; the element runs past the end.
  [[nodiscard]] bool next(Element& element) {
    if (bytes_.size() - at_ < 2) {
      return false;
    }
    element.tag = std::to_integer<unsigned>(bytes_[at_]);
    std::size_t length = std::to_integer<std::size_t>(bytes_[at_ + 1]);
    at_ += 2;
    if (length >= 0x80) {
      const std::size_t octets = length & 0x7FU;
      if (octets == 0 || octets > 3 || bytes_.size() - at_ < octets) {
        return false;
      }
      length = big_endian(bytes_.subspan(at_, octets));
      at_ += octets;
    }
    if (bytes_.size() - at_ < length) {
      return false;
    }
    element.value = bytes_.subspan(at_, length);
    at_ += length;
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

std::optional<Instant> utc_time(std::span<const std::byte> value) {
  if (value.size() != 8 || (std::to_integer<std::uint32_t>(value[7]) & kTimeUnusable) != 0) {
    return std::nullopt;
  }
  const std::uint32_t seconds = big_endian(value.first(4));
  if (seconds == 0) {
    return std::nullopt;
  }
  const double fraction = static_cast<double>(big_endian(value.subspan(4, 3))) / 16777216.0;
  return Instant::from_unix_ns(std::int64_t{seconds} * 1000000000 + std::llround(fraction * 1e9));
}

}  // namespace

std::string sv_quality::describe(std::uint32_t quality) {
  struct Name {
    std::uint32_t bit;
    std::string_view name;
  };
  constexpr std::array<Name, 12> kNames{{{kOverflow, "overflow"},
                                         {kOutOfRange, "out of range"},
                                         {kBadReference, "bad reference"},
                                         {kOscillatory, "oscillatory"},
                                         {kFailure, "failure"},
                                         {kOldData, "old data"},
                                         {kInconsistent, "inconsistent"},
                                         {kInaccurate, "inaccurate"},
                                         {kSubstituted, "substituted"},
                                         {kTest, "test"},
                                         {kOperatorBlocked, "operator blocked"},
                                         {kDerived, "derived"}}};
  constexpr std::array<std::string_view, 4> kValidities{"", "invalid", "reserved validity",
                                                        "questionable"};
  std::string text(kValidities[quality & kValidity]);
  for (const Name& n : kNames) {
    if ((quality & n.bit) != 0) {
      text += text.empty() ? "" : ", ";
      text += n.name;
    }
  }
  return text.empty() ? "good" : text;
}

std::int32_t SvAsdu::value(std::size_t channel) const {
  return static_cast<std::int32_t>(big_endian(data.subspan(channel * kSvBytesPerChannel, 4)));
}

std::uint32_t SvAsdu::quality(std::size_t channel) const {
  return big_endian(data.subspan(channel * kSvBytesPerChannel + 4, 4));
}

bool SvFrame::parse_asdu(std::span<const std::byte> bytes) {
  SvAsdu asdu;
  bool has_count = false;
  bool has_data = false;
  Ber ber(bytes);
  Ber::Element element;
  while (!ber.done()) {
    if (!ber.next(element)) {
      problem_ = "an element of an ASDU runs past its end";
      return false;
    }
    const auto value = element.value;
    switch (element.tag) {
      case 0x80:
        asdu.sv_id = {reinterpret_cast<const char*>(value.data()), value.size()};
        break;
      case 0x82:
        if (value.size() != 2) {
          problem_ = "smpCnt is not two bytes long";
          return false;
        }
        asdu.smp_cnt = static_cast<std::uint16_t>(big_endian(value));
        has_count = true;
        break;
      case 0x83:
        asdu.conf_rev = value.size() <= 4 ? big_endian(value) : 0;
        break;
      case 0x84:
        asdu.refr_tm = utc_time(value);
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
      default:  // datSet, smpMod, extensions
        break;
    }
  }
  if (!has_count || !has_data) {
    problem_ = has_count ? "an ASDU has no data" : "an ASDU has no smpCnt";
    return false;
  }
  if (count_ == asdus_.size()) {
    problem_ = "it holds more ASDUs than a frame can";
    return false;
  }
  asdus_[count_++] = asdu;
  return true;
}

SvFrame::Kind SvFrame::parse(std::span<const std::byte> frame) {
  count_ = 0;
  std::size_t at = 12;
  if (frame.size() < at + 2) {
    return Kind::Other;
  }
  std::uint32_t type = big_endian(frame.subspan(at, 2));
  for (std::size_t tags = 0; tags < kMostTags && frame.size() >= at + 6 &&
                             (type == kEtherTypeVlan || type == kEtherTypeServiceVlan);
       ++tags) {
    at += 4;
    type = big_endian(frame.subspan(at, 2));
  }
  if (type != kEtherTypeSv) {
    return Kind::Other;
  }
  destination_ = frame.first(6);
  at += 2;
  if (frame.size() < at + 8) {
    return malformed("the SV header is cut off");
  }
  app_id_ = static_cast<std::uint16_t>(big_endian(frame.subspan(at, 2)));
  simulated_ = (big_endian(frame.subspan(at + 4, 2)) & kSimulatedBit) != 0;
  const std::size_t length = big_endian(frame.subspan(at + 2, 2));
  if (length < 8 || frame.size() - at < length) {
    return malformed("the frame is shorter than its length field says");
  }
  Ber outer(frame.subspan(at + 8, length - 8));
  Ber::Element apdu;
  if (!outer.next(apdu) || apdu.tag != 0x60) {
    return malformed("there is no savPdu (tag 60) after the header");
  }
  Ber pdu(apdu.value);
  std::optional<std::uint32_t> announced;
  Ber::Element element;
  while (!pdu.done()) {
    if (!pdu.next(element)) {
      return malformed("an element of the savPdu runs past its end");
    }
    if (element.tag == 0x80 && element.value.size() <= 4) {
      announced = big_endian(element.value);
    } else if (element.tag == 0xA2) {
      Ber sequence(element.value);
      Ber::Element item;
      while (!sequence.done()) {
        if (!sequence.next(item) || item.tag != 0x30) {
          return malformed("the sequence of ASDUs is malformed");
        }
        if (!parse_asdu(item.value)) {
          return malformed(problem_);
        }
      }
    }
  }
  if (announced && *announced != count_) {
    return malformed("noASDU is not the number of ASDUs in the frame");
  }
  return Kind::Values;
}

}  // namespace halfcycle::formats
