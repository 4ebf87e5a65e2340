// SPDX-License-Identifier: Apache-2.0
#include "recorder/column_block.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/quality.hpp"

namespace halfcycle::recorder {
namespace {

// Header of a block and of a waveform: kind, encoding, count of columns (2 bytes), count of rows
// (4 bytes); little-endian, as everything here.
constexpr std::size_t kHeaderBytes = 8;
constexpr std::uint8_t kRowsKind = 'R';
constexpr std::uint8_t kWaveformKind = 'W';
constexpr std::uint8_t kEncoding = 1;
constexpr int kLevel = 1;
constexpr std::size_t kMaxWaveformFrames = 16U << 20U;

constexpr std::size_t kFloat32Summary = 16;
constexpr std::size_t kFloat64Summary = 32;

std::size_t width(ColumnType type) { return type == ColumnType::Float32 ? 4 : 8; }

template <class T>
void put(std::byte* at, T value) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(at, &value, sizeof(value));
}
template <class T>
T get(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

void put_header(std::byte* at, std::uint8_t kind, std::size_t columns, std::size_t rows) {
  put(at, kind);
  put(at + 1, kEncoding);
  put(at + 2, static_cast<std::uint16_t>(columns));
  put(at + 4, static_cast<std::uint32_t>(rows));
}

// Differences of neighbours as integers, small ones with their zeros in the high bytes whatever
// their sign (zigzag), then all first bytes, all second bytes, …: what hardly changes lies
// together.
template <class Word>
class DeltaWriter {
 public:
  DeltaWriter(std::byte* planes, std::size_t rows) : planes_(planes), rows_(rows) {}
  void add(Word value) {
    const auto delta = static_cast<Word>(value - previous_);
    previous_ = value;
    constexpr int kSign = static_cast<int>(sizeof(Word)) * 8 - 1;
    const auto zigzag = static_cast<Word>((delta << 1U) ^ (0U - (delta >> kSign)));
    for (std::size_t b = 0; b < sizeof(Word); ++b) {
      planes_[b * rows_ + row_] = static_cast<std::byte>(zigzag >> (8 * b));
    }
    ++row_;
  }

 private:
  std::byte* planes_;
  std::size_t rows_;
  std::size_t row_ = 0;
  Word previous_ = 0;
};

template <class Word>
class DeltaReader {
 public:
  DeltaReader(const std::byte* planes, std::size_t rows) : planes_(planes), rows_(rows) {}
  Word next() {
    Word zigzag = 0;
    for (std::size_t b = 0; b < sizeof(Word); ++b) {
      zigzag |= static_cast<Word>(static_cast<Word>(planes_[b * rows_ + row_]) << (8 * b));
    }
    ++row_;
    const auto delta = static_cast<Word>((zigzag >> 1U) ^ (0U - (zigzag & 1U)));
    previous_ = static_cast<Word>(previous_ + delta);
    return previous_;
  }

 private:
  const std::byte* planes_;
  std::size_t rows_;
  std::size_t row_ = 0;
  Word previous_ = 0;
};

void append_summary(std::vector<std::byte>& out, ColumnType type, const ColumnSummary& s) {
  const std::size_t at = out.size();
  const bool narrow = type == ColumnType::Float32;
  out.resize(at + (narrow ? kFloat32Summary : kFloat64Summary));
  std::byte* to = out.data() + at;
  if (narrow) {
    put(to, static_cast<float>(s.min));
    put(to + 4, static_cast<float>(s.max));
    put(to + 8, static_cast<float>(s.mean));
    put(to + 12, s.count);
  } else {
    put(to, s.min);
    put(to + 8, s.max);
    put(to + 16, s.mean);
    put(to + 24, s.count);
    put(to + 28, std::uint32_t{0});
  }
}

class Summing {
 public:
  void add(double value) {
    if (!is_available(value)) {
      return;
    }
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    // Against the first value, so that a mean of large equal numbers is that number.
    if (count_ == 0) {
      first_ = value;
    }
    sum_ += value - first_;
    ++count_;
  }
  [[nodiscard]] ColumnSummary result() const {
    if (count_ == 0) {
      return {kNotAvailable, kNotAvailable, kNotAvailable, 0};
    }
    return {min_, max_, first_ + sum_ / count_, count_};
  }

 private:
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double first_ = 0.0;
  double sum_ = 0.0;
  std::uint32_t count_ = 0;
};

struct Freer {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// The bytes behind the header, which must be exactly `expected`.
Result<std::vector<std::byte>> decompress(std::span<const std::byte> data, std::size_t expected) {
  std::vector<std::byte> raw(expected);
  const std::unique_ptr<ZSTD_DCtx, Freer> context(ZSTD_createDCtx());
  const std::size_t got =
      ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), data.data() + kHeaderBytes,
                          data.size() - kHeaderBytes);
  if (ZSTD_isError(got) != 0U || got != expected) {
    return fail(ErrorCode::InvalidInput, "a block of the store is damaged");
  }
  return raw;
}

struct Header {
  std::size_t columns = 0;
  std::size_t rows = 0;
};
Result<Header> read_header(std::span<const std::byte> data, std::uint8_t kind) {
  if (data.size() < kHeaderBytes || get<std::uint8_t>(data.data()) != kind) {
    return fail(ErrorCode::InvalidInput, "a block of the store is damaged");
  }
  if (get<std::uint8_t>(data.data() + 1) != kEncoding) {
    return fail(ErrorCode::InvalidInput, "a block of the store has an encoding that is not known");
  }
  return Header{get<std::uint16_t>(data.data() + 2), get<std::uint32_t>(data.data() + 4)};
}

}  // namespace

struct BlockEncoder::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
};

BlockEncoder::BlockEncoder() : context_(std::make_unique<Context>()) {
  ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_checksumFlag, 1);
}
BlockEncoder::~BlockEncoder() { ZSTD_freeCCtx(context_->zstd); }

// Compresses raw_ behind room for a header.
std::vector<std::byte> BlockEncoder::compress(std::size_t header_bytes) {
  std::vector<std::byte> out(header_bytes + ZSTD_compressBound(raw_.size()));
  const std::size_t size = ZSTD_compress2(context_->zstd, out.data() + header_bytes,
                                          out.size() - header_bytes, raw_.data(), raw_.size());
  // The room is what the library asks for: there is no other way to fail than lack of memory.
  out.resize(header_bytes + (ZSTD_isError(size) != 0U ? 0 : size));
  out.shrink_to_fit();
  return out;
}

void BlockBuilder::add(Instant time, std::uint8_t flags, std::span<const double> values) {
  times_.push_back(time.unix_ns());
  flags_.push_back(flags);
  const std::size_t given = std::min(values.size(), types_.size());
  values_.insert(values_.end(), values.begin(),
                 values.begin() + static_cast<std::ptrdiff_t>(given));
  values_.insert(values_.end(), types_.size() - given, kNotAvailable);
}

EncodedBlock BlockBuilder::finish(BlockEncoder& encoder) {
  const std::size_t rows = times_.size();
  EncodedBlock block;
  block.first = Instant::from_unix_ns(times_.front());
  block.last = Instant::from_unix_ns(times_.back());
  block.rows = static_cast<std::uint32_t>(rows);
  std::size_t bytes = rows * 9;
  for (const ColumnType type : types_) {
    bytes += rows * width(type);
  }
  encoder.raw_.resize(bytes);
  std::byte* at = encoder.raw_.data();

  // Steps between times, of which in turn the differences are stored: all zero in a steady log.
  DeltaWriter<std::uint64_t> times(at, rows);
  std::uint64_t previous = 0;
  for (const std::int64_t time : times_) {
    times.add(static_cast<std::uint64_t>(time) - previous);
    previous = static_cast<std::uint64_t>(time);
  }
  at += rows * 8;
  block.marks = flags_.front() & kRowMarks;
  for (const std::uint8_t flags : flags_) {
    block.marks = combine_marks(block.marks, flags);
    block.gaps += (flags & kRowAfterGap) != 0 ? 1U : 0U;
    *at++ = static_cast<std::byte>(flags);
  }
  const std::size_t stride = types_.size();
  for (std::size_t c = 0; c < stride; ++c) {
    Summing sum;
    const double* value = values_.data() + c;
    if (types_[c] == ColumnType::Float32) {
      DeltaWriter<std::uint32_t> writer(at, rows);
      for (std::size_t r = 0; r < rows; ++r, value += stride) {
        const auto narrow = static_cast<float>(*value);
        writer.add(std::bit_cast<std::uint32_t>(narrow));
        sum.add(static_cast<double>(narrow));
      }
    } else {
      DeltaWriter<std::uint64_t> writer(at, rows);
      for (std::size_t r = 0; r < rows; ++r, value += stride) {
        writer.add(std::bit_cast<std::uint64_t>(*value));
        sum.add(*value);
      }
    }
    at += rows * width(types_[c]);
    append_summary(block.summary, types_[c], sum.result());
  }
  block.data = encoder.compress(kHeaderBytes);
  put_header(block.data.data(), kRowsKind, stride, rows);
  times_.clear();
  flags_.clear();
  values_.clear();
  return block;
}

Result<DecodedBlock> decode_block(std::span<const std::byte> data,
                                  std::span<const ColumnType> types,
                                  std::span<const std::size_t> wanted) {
  const auto header = read_header(data, kRowsKind);
  if (!header) {
    return fail(header.error());
  }
  const std::size_t rows = header->rows;
  if (header->columns != types.size() || rows == 0 || rows > kMaxBlockRows) {
    return fail(ErrorCode::InvalidInput, "a block of the store does not fit its log");
  }
  std::vector<std::size_t> begin(types.size());
  std::size_t bytes = rows * 9;
  for (std::size_t c = 0; c < types.size(); ++c) {
    begin[c] = bytes;
    bytes += rows * width(types[c]);
  }
  const auto raw = decompress(data, bytes);
  if (!raw) {
    return fail(raw.error());
  }
  DecodedBlock out;
  out.times.reserve(rows);
  DeltaReader<std::uint64_t> times(raw->data(), rows);
  std::uint64_t time = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    time += times.next();
    out.times.push_back(Instant::from_unix_ns(static_cast<std::int64_t>(time)));
  }
  out.flags.resize(rows);
  std::memcpy(out.flags.data(), raw->data() + rows * 8, rows);
  const std::size_t count = wanted.empty() ? types.size() : wanted.size();
  out.columns.resize(count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t c = wanted.empty() ? k : wanted[k];
    out.columns[k].reserve(rows);
    if (types[c] == ColumnType::Float32) {
      DeltaReader<std::uint32_t> reader(raw->data() + begin[c], rows);
      for (std::size_t r = 0; r < rows; ++r) {
        out.columns[k].push_back(static_cast<double>(std::bit_cast<float>(reader.next())));
      }
    } else {
      DeltaReader<std::uint64_t> reader(raw->data() + begin[c], rows);
      for (std::size_t r = 0; r < rows; ++r) {
        out.columns[k].push_back(std::bit_cast<double>(reader.next()));
      }
    }
  }
  return out;
}

std::vector<ColumnSummary> read_summary(std::span<const std::byte> summary,
                                        std::span<const ColumnType> types,
                                        std::span<const std::size_t> wanted) {
  std::array<std::size_t, kMaxBlockColumns> begin{};
  std::size_t bytes = 0;
  for (std::size_t c = 0; c < types.size(); ++c) {
    begin[c] = bytes;
    bytes += types[c] == ColumnType::Float32 ? kFloat32Summary : kFloat64Summary;
  }
  std::vector<ColumnSummary> out;
  if (bytes != summary.size()) {
    return out;
  }
  const std::size_t count = wanted.empty() ? types.size() : wanted.size();
  out.reserve(count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t c = wanted.empty() ? k : wanted[k];
    const std::byte* at = summary.data() + begin[c];
    if (types[c] == ColumnType::Float32) {
      out.push_back({static_cast<double>(get<float>(at)), static_cast<double>(get<float>(at + 4)),
                     static_cast<double>(get<float>(at + 8)), get<std::uint32_t>(at + 12)});
    } else {
      out.push_back({get<double>(at), get<double>(at + 8), get<double>(at + 16),
                     get<std::uint32_t>(at + 24)});
    }
  }
  return out;
}

std::vector<std::byte> encode_waveform(std::span<const float> frames, std::size_t lanes,
                                       InputMask inputs, BlockEncoder& encoder) {
  const std::size_t rows = frames.size() / lanes;
  std::size_t columns = 0;
  encoder.raw_.clear();
  for (std::size_t lane_index = 0; lane_index < std::min(lanes, kInputCount); ++lane_index) {
    if (!inputs.has(static_cast<Input>(lane_index))) {
      continue;
    }
    encoder.raw_.resize((columns + 1) * rows * 4);
    DeltaWriter<std::uint32_t> writer(encoder.raw_.data() + columns * rows * 4, rows);
    for (std::size_t r = 0; r < rows; ++r) {
      writer.add(std::bit_cast<std::uint32_t>(frames[r * lanes + lane_index]));
    }
    ++columns;
  }
  std::vector<std::byte> out = encoder.compress(kHeaderBytes);
  put_header(out.data(), kWaveformKind, columns, rows);
  return out;
}

Result<std::vector<float>> decode_waveform(std::span<const std::byte> data, std::size_t lanes,
                                           InputMask inputs) {
  const auto header = read_header(data, kWaveformKind);
  if (!header) {
    return fail(header.error());
  }
  std::vector<std::size_t> columns;
  for (std::size_t lane_index = 0; lane_index < std::min(lanes, kInputCount); ++lane_index) {
    if (inputs.has(static_cast<Input>(lane_index))) {
      columns.push_back(lane_index);
    }
  }
  if (header->columns != columns.size() || header->rows > kMaxWaveformFrames || lanes > 64) {
    return fail(ErrorCode::InvalidInput, "a waveform of the store is damaged");
  }
  // A damaged count must not ask for more memory than the bytes can stand for: zstd says how much.
  const unsigned long long content =
      ZSTD_getFrameContentSize(data.data() + kHeaderBytes, data.size() - kHeaderBytes);
  if (content != header->rows * columns.size() * 4) {
    return fail(ErrorCode::InvalidInput, "a waveform of the store is damaged");
  }
  const auto raw = decompress(data, header->rows * columns.size() * 4);
  if (!raw) {
    return fail(raw.error());
  }
  std::vector<float> frames(header->rows * lanes, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    DeltaReader<std::uint32_t> reader(raw->data() + k * header->rows * 4, header->rows);
    for (std::size_t r = 0; r < header->rows; ++r) {
      frames[r * lanes + columns[k]] = std::bit_cast<float>(reader.next());
    }
  }
  return frames;
}

std::vector<std::byte> encode_rms(const RmsTrace& rms, BlockEncoder& encoder) {
  BlockBuilder builder(std::vector(kInputCount, ColumnType::Float32));
  std::array<double, kInputCount> values{};
  for (std::size_t r = 0; r < std::min(rms.time.size(), kMaxBlockRows); ++r) {
    std::copy_n(rms.values.begin() + static_cast<std::ptrdiff_t>(r * kInputCount), kInputCount,
                values.begin());
    builder.add(rms.time[r], 0, values);
  }
  return builder.rows() == 0 ? std::vector<std::byte>() : builder.finish(encoder).data;
}

Result<RmsTrace> decode_rms(std::span<const std::byte> data) {
  const std::vector types(kInputCount, ColumnType::Float32);
  auto block = decode_block(data, types, {});
  if (!block) {
    return fail(block.error());
  }
  RmsTrace rms;
  rms.time = std::move(block->times);
  rms.values.resize(rms.time.size() * kInputCount);
  for (std::size_t c = 0; c < kInputCount; ++c) {
    for (std::size_t r = 0; r < rms.time.size(); ++r) {
      rms.values[r * kInputCount + c] = static_cast<float>(block->columns[c][r]);
    }
  }
  return rms;
}

}  // namespace halfcycle::recorder
