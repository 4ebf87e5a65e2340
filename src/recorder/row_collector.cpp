// SPDX-License-Identifier: Apache-2.0
#include "recorder/row_collector.hpp"

#include <algorithm>
#include <numeric>

#include "base/quality.hpp"

namespace halfcycle::recorder {

RowCollector::RowCollector(std::size_t columns, Range range, Span span, std::size_t max_points,
                           std::uint64_t rows, std::uint64_t blocks)
    : columns_(columns),
      range_(range),
      span_(span),
      max_points_(max_points),
      rows_expected_(rows),
      bucketed_(max_points != 0 && rows > max_points + kSlack),
      coarse_(blocks >= max_points * kBlocksPerBucket) {
  if (bucketed_) {
    begin_buckets();
  }
}

void RowCollector::begin_buckets() {
  bucketed_ = true;
  buckets_.resize(max_points_);
  cells_.resize(max_points_ * columns_);
}

// Spans of centuries times a count of buckets exceed 64 bits: the product is taken in floating
// point, whose error moves a border by nothing that matters.
std::size_t RowCollector::bucket_of(std::int64_t time) const {
  const double width = static_cast<double>(span_.last - span_.first) + 1.0;
  const double place = static_cast<double>(time - span_.first) / width;
  const auto bucket =
      static_cast<std::size_t>(std::clamp(place, 0.0, 1.0) * static_cast<double>(max_points_));
  return std::min(bucket, max_points_ - 1);
}

bool RowCollector::takes_whole(Instant first, Instant last) const {
  return bucketed_ && first.unix_ns() >= range_.from && last.unix_ns() < range_.to &&
         (coarse_ || bucket_of(first.unix_ns()) == bucket_of(last.unix_ns()));
}

void RowCollector::add_to_bucket(std::int64_t time, bool gap, std::uint8_t marks,
                                 std::uint64_t rows, std::int64_t last) {
  Bucket& bucket = buckets_[bucket_of(time)];
  bucket.marks = bucket.rows == 0 ? marks : combine_marks(bucket.marks, marks);
  bucket.last = bucket.rows == 0 ? last : std::max(bucket.last, last);
  bucket.gap = bucket.gap || gap || gap_;
  bucket.rows += rows;
  rows_ += rows;
  gap_ = false;
}

void RowCollector::add_cell(std::size_t bucket, std::size_t column, double low, double high,
                            double sum, std::uint64_t count) {
  Cell& cell = cells_[bucket * columns_ + column];
  cell.low = cell.count == 0 ? low : std::min(cell.low, low);
  cell.high = cell.count == 0 ? high : std::max(cell.high, high);
  cell.sum += sum;
  cell.count += count;
}

void RowCollector::add_block(Instant first, Instant last, std::uint64_t rows, bool gap,
                             std::uint8_t marks, std::span<const ColumnSummary> summary,
                             std::span<const std::size_t> places) {
  add_to_bucket(first.unix_ns(), gap, marks, rows, last.unix_ns());
  const std::size_t bucket = bucket_of(first.unix_ns());
  for (std::size_t k = 0; k < summary.size(); ++k) {
    const ColumnSummary& s = summary[k];
    if (s.count != 0) {
      add_cell(bucket, places[k], s.min, s.max, s.mean * s.count, s.count);
    }
  }
}

void RowCollector::add_rows(const DecodedBlock& block, std::span<const std::size_t> places) {
  for (std::size_t r = 0; r < block.times.size(); ++r) {
    const std::int64_t time = block.times[r].unix_ns();
    if (time < range_.from || time >= range_.to) {
      continue;
    }
    const bool gap = (block.flags[r] & kRowAfterGap) != 0;
    const std::uint8_t marks = block.flags[r] & kRowMarks;
    if (!bucketed_) {
      times_.push_back(time);
      gaps_.push_back(gap || gap_);
      marks_.push_back(marks);
      gap_ = false;
      ++rows_;
      values_.resize(values_.size() + columns_, kNotAvailable);
      double* row = values_.data() + values_.size() - columns_;
      for (std::size_t k = 0; k < places.size(); ++k) {
        row[places[k]] = block.columns[k][r];
      }
      continue;
    }
    add_to_bucket(time, gap, marks, 1, time);
    const std::size_t bucket = bucket_of(time);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const double value = block.columns[k][r];
      if (is_available(value)) {
        add_cell(bucket, places[k], value, value, value, 1);
      }
    }
  }
}

LogRows RowCollector::finish() {
  if (!bucketed_ && max_points_ != 0 && times_.size() > max_points_) {
    // Not so few after all.
    begin_buckets();
    rows_ = 0;
    gap_ = false;
    for (std::size_t r = 0; r < times_.size(); ++r) {
      add_to_bucket(times_[r], gaps_[r], marks_[r], 1, times_[r]);
      const std::size_t bucket = bucket_of(times_[r]);
      for (std::size_t c = 0; c < columns_; ++c) {
        const double value = values_[r * columns_ + c];
        if (is_available(value)) {
          add_cell(bucket, c, value, value, value, 1);
        }
      }
    }
  }
  return bucketed_ ? finish_buckets() : finish_rows();
}

LogRows RowCollector::finish_rows() {
  // A clock that was set back leaves rows whose times lie among those of older ones.
  std::vector<std::size_t> order(times_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return times_[a] < times_[b]; });
  LogRows out;
  out.rows = rows_;
  out.values.resize(columns_);
  for (const std::size_t r : order) {
    out.time.push_back(Instant::from_unix_ns(times_[r]));
    out.gap_before.push_back(gaps_[r] && !out.gap_before.empty());
    out.marks.push_back(unpack_marks(marks_[r]));
    for (std::size_t c = 0; c < columns_; ++c) {
      out.values[c].push_back(values_[r * columns_ + c]);
    }
  }
  return out;
}

LogRows RowCollector::finish_buckets() {
  LogRows out;
  out.rows = rows_;
  out.values.resize(columns_);
  out.low.resize(columns_);
  out.high.resize(columns_);
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    const Bucket& bucket = buckets_[b];
    if (bucket.rows == 0) {
      continue;
    }
    // Rows of a clock that was set back must not make the points' times go back.
    const Instant last = Instant::from_unix_ns(bucket.last);
    out.time.push_back(out.time.empty() ? last : std::max(last, out.time.back()));
    out.gap_before.push_back(bucket.gap);
    out.marks.push_back(unpack_marks(bucket.marks));
    for (std::size_t c = 0; c < columns_; ++c) {
      const Cell& cell = cells_[b * columns_ + c];
      const bool any = cell.count != 0;
      const double mean = cell.sum / static_cast<double>(cell.count);
      out.values[c].push_back(any ? std::clamp(mean, cell.low, cell.high) : kNotAvailable);
      out.low[c].push_back(any ? cell.low : kNotAvailable);
      out.high[c].push_back(any ? cell.high : kNotAvailable);
    }
  }
  return out;
}

}  // namespace halfcycle::recorder
