// SPDX-License-Identifier: Apache-2.0
#include "formats/record_frames.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cstring>
#include <limits>

#include "base/sample_block.hpp"

namespace halfcycle::formats {
namespace {

using Floats4 [[gnu::vector_size(16)]] = float;
using Doubles4 [[gnu::vector_size(32)]] = double;
using Ints4 [[gnu::vector_size(16)]] = std::int32_t;

constexpr std::size_t kGroup = 4;
constexpr std::size_t kMostGroups = kMaxLanes / kGroup;

// Four lanes of a frame.
struct Group {
  std::array<std::size_t, kGroup> offset{};  // of the values in a record
  Doubles4 a{};
  Doubles4 b{};
  Doubles4 scale{1.0, 1.0, 1.0, 1.0};
  Ints4 used{};  // all ones, or 0 for a lane without a channel
};

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) {
    std::array<std::byte, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    std::reverse(bytes.begin(), bytes.end());
    std::memcpy(&value, bytes.data(), sizeof value);
  }
  return value;
}

// How a kind of value is read: four of them, as numbers, and which of them are there.
template <class T>
struct Integers {
  using Raw = Ints4;
  static constexpr std::int32_t kMissingCode = std::numeric_limits<T>::min();
  static Raw read(const std::byte* record, const Group& group) {
    return Raw{load<T>(record + group.offset[0]), load<T>(record + group.offset[1]),
               load<T>(record + group.offset[2]), load<T>(record + group.offset[3])};
  }
  static Ints4 present(const Raw& raw) { return raw != kMissingCode; }
};
struct Floats {
  using Raw = Floats4;
  static Raw read(const std::byte* record, const Group& group) {
    return Raw{load<float>(record + group.offset[0]), load<float>(record + group.offset[1]),
               load<float>(record + group.offset[2]), load<float>(record + group.offset[3])};
  }
  static Ints4 present(const Raw& raw) {
    const auto magnitude = reinterpret_cast<Floats4>(reinterpret_cast<Ints4>(raw) & 0x7FFFFFFF);
    return (magnitude < FLT_MAX) & (magnitude != FLT_MIN);  // NaN compares false
  }
};

// One group of `count` frames of `width` lanes.
// kScaled: values are multiplied with the lanes' scales. kPlain: floats that are the values
// already.
template <class Kind, bool kScaled, bool kPlain>
void read_group(const std::byte* record, std::size_t record_size, const Group& in_memory,
                std::size_t count, std::size_t width, float* to) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr Floats4 kMissing{kNaN, kNaN, kNaN, kNaN};
  const Group group = in_memory;  // its own, so that it stays in registers
  for (std::size_t n = 0; n < count; ++n) {
    const typename Kind::Raw raw = Kind::read(record, group);
    Floats4 value;
    if constexpr (kPlain) {
      value = raw + 0.0F;  // as 1·x + 0 is: −0 becomes 0
    } else {
      value = __builtin_convertvector(group.a * __builtin_convertvector(raw, Doubles4) + group.b,
                                      Floats4);
    }
    value = Kind::present(raw) ? value : kMissing;
    if constexpr (kScaled) {
      value =
          __builtin_convertvector(__builtin_convertvector(value, Doubles4) * group.scale, Floats4);
    }
    value = reinterpret_cast<Floats4>(reinterpret_cast<Ints4>(value) & group.used);
    std::memcpy(to, &value, sizeof value);
    record += record_size;
    to += width;
  }
}

// Group by group, over frames that stay in the first cache with their records meanwhile.
template <class Kind, bool kScaled, bool kPlain>
void read_groups(const RecordValues& records, std::span<const Group> groups, std::span<float> out) {
  constexpr std::size_t kPiece = 256;
  const std::size_t width = groups.size() * kGroup;
  const std::size_t frames = out.size() / width;
  for (std::size_t done = 0; done < frames; done += kPiece) {
    const std::byte* first = records.first + done * records.record_size;
    float* to = out.data() + done * width;
    for (const Group& group : groups) {
      read_group<Kind, kScaled, kPlain>(first, records.record_size, group,
                                        std::min(kPiece, frames - done), width, to);
      to += kGroup;
    }
  }
}

template <class Kind>
void read_kind(const RecordValues& records, std::span<const Group> groups, bool scaled, bool plain,
               std::span<float> out) {
  if constexpr (std::is_same_v<Kind, Floats>) {
    if (plain) {
      return scaled ? read_groups<Kind, true, true>(records, groups, out)
                    : read_groups<Kind, false, true>(records, groups, out);
    }
  }
  return scaled ? read_groups<Kind, true, false>(records, groups, out)
                : read_groups<Kind, false, false>(records, groups, out);
}

std::size_t size_of(RawValue kind) { return kind == RawValue::Int16 ? 2 : 4; }

}  // namespace

void read_record_frames(const RecordValues& records, std::span<const FrameLane> lanes,
                        std::size_t width, std::span<float> out) {
  std::array<Group, kMostGroups> all{};
  const std::span<Group> groups(all.data(), width / kGroup);
  bool scaled = false;
  bool plain = true;
  for (const FrameLane& lane : lanes) {
    Group& group = groups[lane.lane / kGroup];
    const std::size_t at = lane.lane % kGroup;
    const RawScale& scale = records.scales[lane.channel];
    group.offset[at] = lane.channel * size_of(records.kind);
    group.a[at] = scale.a;
    group.b[at] = scale.b;
    group.scale[at] = lane.scale;
    group.used[at] = -1;
    scaled = scaled || lane.scale != 1.0;
    plain = plain && scale.a == 1.0 && scale.b == 0.0;
  }
  switch (records.kind) {
    case RawValue::Int16:
      return read_kind<Integers<std::int16_t>>(records, groups, scaled, plain, out);
    case RawValue::Int32:
      return read_kind<Integers<std::int32_t>>(records, groups, scaled, plain, out);
    case RawValue::Float32:
      return read_kind<Floats>(records, groups, scaled, plain, out);
  }
}

}  // namespace halfcycle::formats
