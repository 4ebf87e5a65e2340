// SPDX-License-Identifier: Apache-2.0
// Gathers the rows of a query: as they are where they are few, else in buckets of equal time with
// mean, lowest and highest value, so that no peak disappears. Blocks that lie in one bucket give
// their summary and are not decoded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/instant.hpp"
#include "recorder/column_block.hpp"
#include "recorder/history.hpp"

namespace halfcycle::recorder {

class RowCollector {
 public:
  /// Unix nanoseconds.
  struct Range {
    std::int64_t from = 0;  ///< inclusive
    std::int64_t to = 0;    ///< exclusive
  };
  struct Span {
    std::int64_t first = 0;
    std::int64_t last = 0;  ///< inclusive
  };
  /// span: what buckets divide. rows, blocks: how many reach into the range, not less.
  RowCollector(std::size_t columns, Range range, Span span, std::size_t max_points,
               std::uint64_t rows, std::uint64_t blocks);

  /// Every row was asked for and there is memory for them.
  [[nodiscard]] bool fits() const {
    return max_points_ != 0 || rows_expected_ * columns_ <= kCells;
  }
  /// A block's summary will do.
  [[nodiscard]] bool takes_whole(Instant first, Instant last) const;

  // Blocks come in the order of their first rows. places: the result's column for each of theirs.
  void add_block(Instant first, Instant last, std::uint64_t rows, bool gap, std::uint8_t marks,
                 std::span<const ColumnSummary> summary, std::span<const std::size_t> places);
  void add_rows(const DecodedBlock& block, std::span<const std::size_t> places);
  /// A block that cannot be read: its rows are missing before what comes next.
  void add_damaged() { gap_ = true; }

  /// Without columns' names.
  [[nodiscard]] LogRows finish();

 private:
  static constexpr std::uint64_t kCells = 50'000'000;
  // So few more rows than points are collected as rows first: a range that cuts through blocks may
  // hold less than it seems.
  static constexpr std::uint64_t kSlack = 2 * kMaxBlockRows;
  // With so many blocks to a bucket a block counts where its first row lies.
  static constexpr std::uint64_t kBlocksPerBucket = 4;

  struct Cell {
    double low = 0.0, high = 0.0, sum = 0.0;
    std::uint64_t count = 0;
  };
  struct Bucket {
    std::int64_t last = 0;
    std::uint64_t rows = 0;
    bool gap = false;
    std::uint8_t marks = 0;
  };

  [[nodiscard]] std::size_t bucket_of(std::int64_t time) const;
  void begin_buckets();
  void add_to_bucket(std::int64_t time, bool gap, std::uint8_t marks, std::uint64_t rows,
                     std::int64_t last);
  void add_cell(std::size_t bucket, std::size_t column, double low, double high, double sum,
                std::uint64_t count);
  [[nodiscard]] LogRows finish_rows();
  [[nodiscard]] LogRows finish_buckets();

  const std::size_t columns_;
  const Range range_;
  const Span span_;
  const std::size_t max_points_;
  const std::uint64_t rows_expected_;
  bool bucketed_ = false;
  bool coarse_ = false;
  bool gap_ = false;
  std::uint64_t rows_ = 0;

  // Rows as they are: columns_ values each.
  std::vector<std::int64_t> times_;
  std::vector<bool> gaps_;
  std::vector<std::uint8_t> marks_;
  std::vector<double> values_;

  std::vector<Bucket> buckets_;
  std::vector<Cell> cells_;  // buckets × columns
};

}  // namespace halfcycle::recorder
