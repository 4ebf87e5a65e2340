// SPDX-License-Identifier: Apache-2.0
// One Ethernet frame of IEC 61850-9-2 sampled values, taken apart without a copy or an allocation.
//
//   SvFrame frame;
//   if (frame.parse(bytes) == SvFrame::Kind::Values)
//     for (const SvAsdu& asdu : frame.asdus()) … asdu.smp_cnt … asdu.value(4) …
//
// Each channel is an INT32 and 32 bits of quality (IEC 61850-7-3 §6.2; bit 13 as in 9-2LE).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/instant.hpp"

namespace halfcycle::formats {

inline constexpr std::size_t kSvBytesPerChannel = 8;

/// Quality bits of a channel.
namespace sv_quality {
inline constexpr std::uint32_t kValidity = 3;  ///< 0 good, 1 invalid, 2 reserved, 3 questionable
inline constexpr std::uint32_t kQuestionable = 3;
inline constexpr std::uint32_t kOverflow = 1U << 2U;
inline constexpr std::uint32_t kOutOfRange = 1U << 3U;
inline constexpr std::uint32_t kBadReference = 1U << 4U;
inline constexpr std::uint32_t kOscillatory = 1U << 5U;
inline constexpr std::uint32_t kFailure = 1U << 6U;
inline constexpr std::uint32_t kOldData = 1U << 7U;
inline constexpr std::uint32_t kInconsistent = 1U << 8U;
inline constexpr std::uint32_t kInaccurate = 1U << 9U;
inline constexpr std::uint32_t kSubstituted = 1U << 10U;
inline constexpr std::uint32_t kTest = 1U << 11U;
inline constexpr std::uint32_t kOperatorBlocked = 1U << 12U;
inline constexpr std::uint32_t kDerived = 1U << 13U;
/// What is no measurement of the present moment, whatever the validity says.
inline constexpr std::uint32_t kNoMeasurement =
    kOverflow | kFailure | kOldData | kSubstituted | kOperatorBlocked;
inline constexpr std::uint32_t kDoubtful =
    kOutOfRange | kBadReference | kOscillatory | kInconsistent | kInaccurate;

/// The value counts as missing. test: values marked as a test are measured.
[[nodiscard]] constexpr bool is_missing(std::uint32_t quality, bool test) {
  const std::uint32_t validity = quality & kValidity;
  return validity == 1 || validity == 2 || (quality & kNoMeasurement) != 0 ||
         ((quality & kTest) != 0 && !test);
}
/// The value is taken, but whoever measured it has doubts.
[[nodiscard]] constexpr bool is_doubtful(std::uint32_t quality) {
  return (quality & kValidity) == kQuestionable || (quality & kDoubtful) != 0;
}
/// "invalid, overflow"; "good" where nothing is set.
[[nodiscard]] std::string describe(std::uint32_t quality);
}  // namespace sv_quality

/// One application service data unit: all channels at one moment. Views into the frame.
struct SvAsdu {
  std::string_view sv_id;
  std::uint16_t smp_cnt = 0;
  std::uint32_t conf_rev = 0;
  std::uint8_t smp_synch = 0;             ///< 0 none, 1 local, 2 global, 5…254 a local clock's id
  std::optional<std::uint16_t> smp_rate;  ///< as sent; its meaning depends on smpMod
  std::optional<Instant> refr_tm;         ///< only if its quality says that it is UTC
  std::span<const std::byte> data;        ///< seqOfData

  [[nodiscard]] std::size_t channels() const { return data.size() / kSvBytesPerChannel; }
  [[nodiscard]] std::int32_t value(std::size_t channel) const;
  [[nodiscard]] std::uint32_t quality(std::size_t channel) const;
};

class SvFrame {
 public:
  /// More do not fit into a frame: an ASDU takes 20 bytes at least.
  static constexpr std::size_t kMaxAsdus = 80;
  enum class Kind {
    Other,      ///< another ethertype
    Values,     ///< complete
    Malformed,  ///< claims to be sampled values; problem() says what is wrong
  };

  /// Up to two VLAN tags are passed over. The bytes must outlive what asdus() gives.
  [[nodiscard]] Kind parse(std::span<const std::byte> frame);
  [[nodiscard]] std::uint16_t app_id() const { return app_id_; }
  /// Sent by a test set in place of the merging unit (bit S of the header, 61850-9-2 ed. 2).
  [[nodiscard]] bool simulated() const { return simulated_; }
  [[nodiscard]] std::span<const std::byte> destination() const { return destination_; }
  [[nodiscard]] std::span<const SvAsdu> asdus() const { return {asdus_.data(), count_}; }
  [[nodiscard]] std::string_view problem() const { return problem_; }

 private:
  Kind malformed(std::string_view problem) {
    problem_ = problem;
    count_ = 0;
    return Kind::Malformed;
  }
  bool parse_asdu(std::span<const std::byte> bytes);

  std::uint16_t app_id_ = 0;
  bool simulated_ = false;
  std::span<const std::byte> destination_;
  std::array<SvAsdu, kMaxAsdus> asdus_;
  std::size_t count_ = 0;
  std::string_view problem_;
};

}  // namespace halfcycle::formats
