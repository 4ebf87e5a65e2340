// SPDX-License-Identifier: Apache-2.0
// Values of fixed-size records as frames of lanes, four channels at a time: a record is read once
// for all its channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "formats/recording.hpp"

namespace halfcycle::formats {

enum class RawValue : std::uint8_t { Int16, Int32, Float32 };

/// a·x + b.
struct RawScale {
  double a = 1.0;
  double b = 0.0;
};

/// Records of `record_size` bytes, whose values (little-endian) lie one after the other.
struct RecordValues {
  const std::byte* first = nullptr;  ///< the first value of the first record
  std::size_t record_size = 0;
  std::size_t value_bytes = 0;  ///< from the first value to the end of the record
  RawValue kind = RawValue::Int16;
  std::span<const RawScale> scales;  ///< one a value
};

/// Readers of COMTRADE disagree about the float that marks a missing value; none of these is a
/// measurement: NaN, infinity, ±FLT_MAX, ±FLT_MIN. Of integers it is the least.
///
/// As SampleStore::read_frames(), from the first record on.
/// lanes: places below `width` and values below scales.size(). width: 8 or 12. out: whole frames.
void read_record_frames(const RecordValues& records, std::span<const FrameLane> lanes,
                        std::size_t width, std::span<float> out);

}  // namespace halfcycle::formats
