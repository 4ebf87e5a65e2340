// SPDX-License-Identifier: Apache-2.0
#include "formats/record_frames.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cstring>
#include <limits>

#include "base/sample_block.hpp"
#include "formats/ask_ahead.hpp"
#include "formats/little_endian.hpp"

namespace halfcycle::formats {
namespace {

using Floats4 [[gnu::vector_size(16)]] = float;
using Doubles4 [[gnu::vector_size(32)]] = double;
using Ints4 [[gnu::vector_size(16)]] = std::int32_t;
using Shorts8 [[gnu::vector_size(16)]] = std::int16_t;
using Longs2 [[gnu::vector_size(16)]] = std::int64_t;

constexpr std::size_t kGroup = 4;
constexpr std::size_t kMostGroups = kMaxLanes / kGroup;

// Four lanes of a frame.
struct Group {
  std::array<std::size_t, kGroup> offset{};  // of the values in a record
  Doubles4 a{};
  Doubles4 b{};
  Doubles4 scale{1.0, 1.0, 1.0, 1.0};
  Ints4 used{};      // all ones, or 0 for a lane without a channel
  bool row = false;  // the values lie in a row, all four within the record
};

// How a kind of value is read: four of them, anywhere or (on a little-endian machine) in a row, and
// which of them are there.
struct Int16 {
  using Raw = Ints4;
  static Raw read(const std::byte* record, const Group& group) {
    return Raw{load_little_endian<std::int16_t>(record + group.offset[0]),
               load_little_endian<std::int16_t>(record + group.offset[1]),
               load_little_endian<std::int16_t>(record + group.offset[2]),
               load_little_endian<std::int16_t>(record + group.offset[3])};
  }
  static Raw read_row(const std::byte* from) {
    std::int64_t row;
    std::memcpy(&row, from, sizeof row);
    const auto values = reinterpret_cast<Shorts8>(Longs2{row, 0});
    // Each in the upper half of its place, from where its sign is carried down.
    const auto upper = __builtin_shufflevector(values, values, 0, 8, 1, 9, 2, 10, 3, 11);
    return reinterpret_cast<Raw>(upper) >> 16;
  }
  static Ints4 present(const Raw& raw) { return raw != std::numeric_limits<std::int16_t>::min(); }
};
template <class T>
struct Wide {
  using Raw [[gnu::vector_size(16)]] = T;
  static Raw read(const std::byte* record, const Group& group) {
    return Raw{load_little_endian<T>(record + group.offset[0]),
               load_little_endian<T>(record + group.offset[1]),
               load_little_endian<T>(record + group.offset[2]),
               load_little_endian<T>(record + group.offset[3])};
  }
  static Raw read_row(const std::byte* from) {
    Raw raw;
    std::memcpy(&raw, from, sizeof raw);
    return raw;
  }
};
struct Int32 : Wide<std::int32_t> {
  static Ints4 present(const Raw& raw) { return raw != std::numeric_limits<std::int32_t>::min(); }
};
struct Float32 : Wide<float> {
  static Ints4 present(const Raw& raw) {
    const auto magnitude = reinterpret_cast<Floats4>(reinterpret_cast<Ints4>(raw) & 0x7FFFFFFF);
    return (magnitude < FLT_MAX) & (magnitude != FLT_MIN);  // NaN compares false
  }
};

// One group of `count` frames of `width` lanes.
// kScaled: values are multiplied with the lanes' scales. kPlain: floats that are the values
// already.
// kRow: the values lie in a row.
template <class Kind, bool kScaled, bool kPlain, bool kRow>
void read_group(const std::byte* record, std::size_t record_size, const Group& in_memory,
                std::size_t count, std::size_t width, float* to) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr Floats4 kMissing{kNaN, kNaN, kNaN, kNaN};
  const Group group = in_memory;  // its own, so that it stays in registers
  for (std::size_t n = 0; n < count; ++n) {
    ask_ahead(record);
    typename Kind::Raw raw;
    if constexpr (kRow) {
      raw = Kind::read_row(record + group.offset[0]);
    } else {
      raw = Kind::read(record, group);
    }
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
      const std::size_t count = std::min(kPiece, frames - done);
      if (group.row) {
        read_group<Kind, kScaled, kPlain, true>(first, records.record_size, group, count, width,
                                                to);
      } else {
        read_group<Kind, kScaled, kPlain, false>(first, records.record_size, group, count, width,
                                                 to);
      }
      to += kGroup;
    }
  }
}

template <class Kind>
void read_kind(const RecordValues& records, std::span<const Group> groups, bool scaled, bool plain,
               std::span<float> out) {
  if constexpr (std::is_same_v<Kind, Float32>) {
    if (plain) {
      return scaled ? read_groups<Kind, true, true>(records, groups, out)
                    : read_groups<Kind, false, true>(records, groups, out);
    }
  }
  return scaled ? read_groups<Kind, true, false>(records, groups, out)
                : read_groups<Kind, false, false>(records, groups, out);
}

std::size_t size_of(RawValue kind) { return kind == RawValue::Int16 ? 2 : 4; }

// A lane without a channel reads what suits the others; its value is not used.
void settle(Group& group, std::size_t value_size, std::size_t value_bytes) {
  const auto used = [&](std::size_t at) { return group.used[at] != 0; };
  std::size_t first = 0;
  while (first < kGroup && !used(first)) {
    ++first;
  }
  if (first == kGroup) {
    return;  // all at offset 0
  }
  const std::size_t before = first * value_size;
  bool row = group.offset[first] >= before && std::endian::native == std::endian::little;
  const std::size_t begin = row ? group.offset[first] - before : 0;
  row = row && begin + kGroup * value_size <= value_bytes;
  for (std::size_t at = 0; at < kGroup; ++at) {
    row = row && (!used(at) || group.offset[at] == begin + at * value_size);
    group.offset[at] = used(at) ? group.offset[at] : group.offset[first];
  }
  group.row = row;
  if (row) {
    group.offset[0] = begin;
  }
}

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
  for (Group& group : groups) {
    settle(group, size_of(records.kind), records.value_bytes);
  }
  switch (records.kind) {
    case RawValue::Int16:
      return read_kind<Int16>(records, groups, scaled, plain, out);
    case RawValue::Int32:
      return read_kind<Int32>(records, groups, scaled, plain, out);
    case RawValue::Float32:
      return read_kind<Float32>(records, groups, scaled, plain, out);
  }
}

}  // namespace halfcycle::formats
