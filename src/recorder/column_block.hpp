// SPDX-License-Identifier: Apache-2.0
// Rows of one log as one compressed block, and back. The bytes are described in
// docs/formats/store.md; nothing else in the recorder knows them.
//
//   BlockBuilder builder(types);
//   builder.add(time, flags, values);             // as often as there are rows
//   EncodedBlock block = builder.finish(encoder); // the builder is empty again
//   auto rows = decode_block(block.data, types, {});
//
// Float64 columns come back bit for bit, Float32 columns as the nearest 32-bit float.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/system.hpp"
#include "recorder/history.hpp"

namespace halfcycle::recorder {

enum class ColumnType : std::uint8_t { Float32, Float64 };

/// Bits of a row's flags: its marks, and whether rows are missing before it.
inline constexpr std::uint8_t kRowMarks = 0x0F;
inline constexpr std::uint8_t kRowAfterGap = 0x10;

/// Marks as four bits: 1 flagged, 2 complete, 4 clock ok, 8 sync ok.
[[nodiscard]] constexpr std::uint8_t pack_marks(Marks marks) {
  return static_cast<std::uint8_t>((marks.flagged ? 1U : 0U) | (marks.complete ? 2U : 0U) |
                                   (marks.clock_ok ? 4U : 0U) | (marks.sync_ok ? 8U : 0U));
}
[[nodiscard]] constexpr Marks unpack_marks(std::uint8_t bits) {
  return {(bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0, (bits & 8U) != 0};
}
/// The marks of several rows together, as Marks::combined(): flagged if one is, the others if all
/// are.
[[nodiscard]] constexpr std::uint8_t combine_marks(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(((a | b) & 0x01U) | (a & b & 0x0EU));
}

inline constexpr std::size_t kMaxBlockRows = 4096;
inline constexpr std::size_t kMaxBlockColumns = 256;

struct EncodedBlock {
  Instant first, last;  ///< times do not go back within a block
  std::uint32_t rows = 0;
  std::uint32_t gaps = 0;  ///< rows with kRowAfterGap
  std::uint8_t marks = 0;  ///< of all rows together
  std::vector<std::byte> data;
  std::vector<std::byte> summary;
};

struct DecodedBlock {
  std::vector<Instant> times;
  std::vector<std::uint8_t> flags;
  std::vector<std::vector<double>> columns;  ///< those that were asked for, in that order
};

/// What a block's summary says of a column.
struct ColumnSummary {
  double min = 0.0, max = 0.0, mean = 0.0;
  std::uint32_t count = 0;  ///< available values; the others mean something only if there are any
};

/// Compression contexts, kept from block to block. One thread.
class BlockEncoder {
 public:
  BlockEncoder();
  ~BlockEncoder();
  BlockEncoder(const BlockEncoder&) = delete;
  BlockEncoder& operator=(const BlockEncoder&) = delete;

 private:
  friend class BlockBuilder;
  friend std::vector<std::byte> encode_waveform(std::span<const float> frames, std::size_t lanes,
                                                InputMask inputs, BlockEncoder& encoder);
  std::vector<std::byte> compress(std::size_t header_bytes);
  struct Context;
  std::unique_ptr<Context> context_;
  std::vector<std::byte> raw_;
};

class BlockBuilder {
 public:
  explicit BlockBuilder(std::vector<ColumnType> types) : types_(std::move(types)) {}
  /// time must not be before that of the row before; values may be fewer than columns (the rest is
  /// not available). At most kMaxBlockRows rows.
  void add(Instant time, std::uint8_t flags, std::span<const double> values);
  [[nodiscard]] std::size_t rows() const { return times_.size(); }
  [[nodiscard]] std::size_t bytes() const { return values_.size() * sizeof(double); }
  [[nodiscard]] Instant last() const { return Instant::from_unix_ns(times_.back()); }
  [[nodiscard]] EncodedBlock finish(BlockEncoder& encoder);

 private:
  std::vector<ColumnType> types_;
  std::vector<std::int64_t> times_;
  std::vector<std::uint8_t> flags_;
  std::vector<double> values_;  // rows × columns
};

/// wanted: indices of columns; empty: all.
/// Errors: InvalidInput: damaged, or not a block of such columns.
[[nodiscard]] Result<DecodedBlock> decode_block(std::span<const std::byte> data,
                                                std::span<const ColumnType> types,
                                                std::span<const std::size_t> wanted);
/// Nothing if the summary is not one of such columns.
[[nodiscard]] std::vector<ColumnSummary> read_summary(std::span<const std::byte> summary,
                                                      std::span<const ColumnType> types,
                                                      std::span<const std::size_t> wanted);

/// Samples of the inputs that are there, compressed; exact.
[[nodiscard]] std::vector<std::byte> encode_waveform(std::span<const float> frames,
                                                     std::size_t lanes, InputMask inputs,
                                                     BlockEncoder& encoder);
/// frames × lanes; NaN in lanes without an input.
[[nodiscard]] Result<std::vector<float>> decode_waveform(std::span<const std::byte> data,
                                                         std::size_t lanes, InputMask inputs);

/// ½-cycle values of all inputs, as a block of Float32 columns in the order of the inputs; at most
/// kMaxBlockRows of them. Empty: there are none.
[[nodiscard]] std::vector<std::byte> encode_rms(const RmsTrace& rms, BlockEncoder& encoder);
[[nodiscard]] Result<RmsTrace> decode_rms(std::span<const std::byte> data);

}  // namespace halfcycle::recorder
