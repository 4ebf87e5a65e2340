// SPDX-License-Identifier: Apache-2.0
#include "formats/comtrade_dat.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.hpp"
#include "formats/ask_ahead.hpp"
#include "formats/little_endian.hpp"
#include "formats/number_text.hpp"
#include "formats/planar_store.hpp"
#include "formats/record_frames.hpp"

namespace halfcycle::formats {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr std::uint32_t kNoStamp32 = 0xFFFFFFFFU;
constexpr std::uint8_t kMissingState = 2;

std::int64_t to_stamp(double raw, double unit_ns) {
  const double ns = raw * unit_ns;
  return std::abs(ns) < 4e18 ? static_cast<std::int64_t>(std::llround(ns)) : kNoStamp;
}

// A view of fixed-size records. Everything that an index could leave is fixed when it is made:
// record_count × record_size bytes exist.
class BinaryStore final : public SampleStore {
 public:
  BinaryStore(const ComtradeCfg& cfg, const FileBytes& dat, std::size_t value_size)
      : owner_(dat.owner),
        bytes_(dat.bytes.data()),
        value_size_(value_size),
        status_offset_(8 + value_size * cfg.analogs.size()),
        record_size_(status_offset_ + 2 * ((cfg.statuses.size() + 15) / 16)),
        record_count_(dat.bytes.size() / record_size_),
        data_(cfg.data),
        all_ones_is_missing_(cfg.revision == 1991) {
    for (const AnalogChannel& analog : cfg.analogs) {
      scales_.push_back({analog.a, analog.b});
    }
  }

  [[nodiscard]] std::size_t record_size() const { return record_size_; }
  [[nodiscard]] std::uint64_t record_count() const { return record_count_; }
  [[nodiscard]] std::uint32_t number(std::uint64_t record) const {
    return load_little_endian<std::uint32_t>(at(record));
  }
  void read_stamps(std::uint64_t first, double unit_ns, std::span<std::int64_t> out) const {
    const std::byte* from = at(first) + 4;
    // The usual microseconds: a product of whole numbers below 2^53, which needs no rounding.
    const bool whole = unit_ns >= 1.0 && unit_ns <= 1e6 && unit_ns == std::floor(unit_ns);
    const std::int64_t factor = whole ? static_cast<std::int64_t>(unit_ns) : 0;
    for (std::int64_t& stamp : out) {
      ask_ahead(from);
      const auto raw = load_little_endian<std::uint32_t>(from);
      stamp = raw == kNoStamp32 ? kNoStamp : whole ? raw * factor : to_stamp(raw, unit_ns);
      from += record_size_;
    }
  }

  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override {
    const std::byte* from = at(first) + 8 + channel * value_size_;
    const RawScale scale = scales_[channel];
    switch (data_) {
      case ComtradeData::Binary:
        if (all_ones_is_missing_) {
          read_1991(channel, first, out);
        } else {
          decode<std::int16_t>(from, scale, out);
        }
        return;
      case ComtradeData::Binary32:
        decode<std::int32_t>(from, scale, out);
        return;
      case ComtradeData::Float32:
        decode_float(from, scale, out);
        return;
      case ComtradeData::Ascii:
        return;
    }
  }

  void read_frames(std::span<const FrameLane> lanes, std::uint64_t first, std::size_t width,
                   std::span<float> out) const override {
    if (lanes.empty() || (data_ == ComtradeData::Binary && all_ones_is_missing_)) {
      SampleStore::read_frames(lanes, first, width, out);
      return;
    }
    const RawValue kind = data_ == ComtradeData::Binary     ? RawValue::Int16
                          : data_ == ComtradeData::Binary32 ? RawValue::Int32
                                                            : RawValue::Float32;
    read_record_frames({at(first) + 8, record_size_, record_size_ - 8, kind, scales_}, lanes, width,
                       out);
  }

  [[nodiscard]] std::uint64_t same_statuses(std::size_t /*channels*/, std::uint64_t first,
                                            std::uint64_t count) const override {
    const std::byte* states = at(first) + status_offset_;
    const std::size_t size = record_size_ - status_offset_;
    const auto equal = [&](const std::byte* other) {
      unsigned difference = 0;
      for (std::size_t i = 0; i < size; i += 2) {
        difference |= unsigned{load_little_endian<std::uint16_t>(states + i)} ^
                      load_little_endian<std::uint16_t>(other + i);
      }
      return difference == 0;
    };
    std::uint64_t same = 1;
    for (const std::byte* other = states + record_size_; same < count && equal(other);
         other += record_size_) {
      ++same;
    }
    return same;
  }

  void read_status(std::size_t channel, std::uint64_t first,
                   std::span<std::uint8_t> out) const override {
    const std::byte* from = at(first) + status_offset_ + channel / 8;
    const unsigned bit = channel % 8;  // little-endian words: channel 9 is bit 0 of byte 1
    for (std::uint8_t& state : out) {
      state = static_cast<std::uint8_t>((static_cast<unsigned>(*from) >> bit) & 1U);
      from += record_size_;
    }
  }

 private:
  [[nodiscard]] const std::byte* at(std::uint64_t record) const {
    return bytes_ + record * record_size_;
  }

  template <class T>
  void decode(const std::byte* from, RawScale scale, std::span<float> out) const {
    constexpr T kMissingCode = std::numeric_limits<T>::min();
    for (float& value : out) {
      const T raw = load_little_endian<T>(from);
      const auto physical = static_cast<float>(scale.a * static_cast<double>(raw) + scale.b);
      value = raw == kMissingCode ? kMissing : physical;
      from += record_size_;
    }
  }

  // Missing values: see record_frames.hpp.
  void decode_float(const std::byte* from, RawScale scale, std::span<float> out) const {
    for (float& value : out) {
      const auto raw = load_little_endian<float>(from);
      const float magnitude = std::abs(raw);
      const bool present = magnitude < FLT_MAX && magnitude != FLT_MIN;  // NaN compares false
      const auto physical = static_cast<float>(scale.a * static_cast<double>(raw) + scale.b);
      value = present ? physical : kMissing;
      from += record_size_;
    }
  }

  // 1991 marks a missing sample with 0xFFFF, which is −1 as a number and occurs in every signal
  // that crosses zero. It is taken as −1 where the samples around it pass through −1.
  // derived: a sample between its neighbours (one step of slack) is −1 to within the local slope.
  void read_1991(std::size_t channel, std::uint64_t first, std::span<float> out) const {
    const RawScale scale = scales_[channel];
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int16_t raw = raw16(channel, first + i);
      const bool missing = raw == std::numeric_limits<std::int16_t>::min() ||
                           (raw == -1 && !fits_neighbours(channel, first + i));
      out[i] =
          missing ? kMissing : static_cast<float>(scale.a * static_cast<double>(raw) + scale.b);
    }
  }
  [[nodiscard]] std::int16_t raw16(std::size_t channel, std::uint64_t record) const {
    return load_little_endian<std::int16_t>(at(record) + 8 + channel * value_size_);
  }
  [[nodiscard]] bool fits_neighbours(std::size_t channel, std::uint64_t record) const {
    constexpr std::uint64_t kReach = 64;  // a longer run of 0xFFFF is a hole, not a signal
    constexpr int kSlack = 2;
    std::optional<int> before;
    for (std::uint64_t k = 1; k <= kReach && k <= record && !before; ++k) {
      const int raw = raw16(channel, record - k);
      before = raw != -1 ? std::optional<int>(raw) : std::nullopt;
    }
    std::optional<int> after;
    for (std::uint64_t k = 1; k <= kReach && record + k < record_count_ && !after; ++k) {
      const int raw = raw16(channel, record + k);
      after = raw != -1 ? std::optional<int>(raw) : std::nullopt;
    }
    if (!before && !after) {
      return false;
    }
    const int one = before.value_or(after.value_or(0));
    const int two = after.value_or(one);
    return std::min(one, two) - kSlack <= -1 && -1 <= std::max(one, two) + kSlack;
  }

  std::shared_ptr<const void> owner_;
  const std::byte* bytes_;
  std::size_t value_size_;
  std::size_t status_offset_;
  std::size_t record_size_;
  std::uint64_t record_count_;
  ComtradeData data_;
  bool all_ones_is_missing_;  // 1991: 0xFFFF marks a missing sample
  std::vector<RawScale> scales_;
};

// True if the record numbers look like those of records: counting up by one nearly everywhere, or
// not used at all (all the same).
bool numbers_fit(const BinaryStore& store) {
  const std::uint64_t end = std::min<std::uint64_t>(store.record_count(), 1000);
  std::uint64_t up = 0;
  std::uint64_t same = 0;
  for (std::uint64_t i = 1; i < end; ++i) {
    const std::uint32_t d = store.number(i) - store.number(i - 1);
    up += d == 1 ? 1 : 0;
    same += d == 0 ? 1 : 0;
  }
  return end < 3 || up * 2 >= end || same + 1 == end;
}

bool looks_like_text(std::span<const std::byte> bytes) {
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 256));
  return std::all_of(head.begin(), head.end(), [](std::byte b) {
    const auto c = static_cast<char>(b);
    return (c >= '0' && c <= '9') || c == ',' || c == '-' || c == '+' || c == '.' || c == ' ' ||
           c == '\r' || c == '\n' || c == '\t';
  });
}

}  // namespace

Result<ComtradeSamples> open_binary_dat(const ComtradeCfg& cfg, const FileBytes& dat) {
  const std::size_t value_size = cfg.data == ComtradeData::Binary ? 2 : 4;
  auto store = std::make_shared<const BinaryStore>(cfg, dat, value_size);
  const std::size_t size = dat.bytes.size();
  const std::size_t record = store->record_size();
  if (size > 0 && looks_like_text(dat.bytes)) {
    return fail(ErrorCode::InvalidInput,
                "{}: the data are text, but the .cfg says that they are binary", dat.name);
  }
  if (store->record_count() == 0) {
    return fail(ErrorCode::InvalidInput,
                "{}: {} bytes hold no whole record ({} bytes each for {} analogue and {} status "
                "channels)",
                dat.name, size, record, cfg.analogs.size(), cfg.statuses.size());
  }
  if (!numbers_fit(*store)) {
    return fail(
        ErrorCode::InvalidInput,
        "{}: the record numbers do not count up, so the data do not fit the .cfg ({} "
        "analogue and {} status channels, records of {} bytes): wrong channel counts, wrong "
        "data type, or a damaged file",
        dat.name, cfg.analogs.size(), cfg.statuses.size(), record);
  }
  ComtradeSamples samples;
  samples.sample_count = store->record_count();
  if (size % record != 0) {
    samples.warnings.push_back(
        format("{}: ends with {} bytes of an incomplete record after {} whole ones; they are left "
               "out",
               dat.name, size % record, samples.sample_count));
  }
  const double unit = cfg.stamp_unit_ns;
  samples.stamps.read = [store, unit](std::uint64_t first, std::span<std::int64_t> out) {
    store->read_stamps(first, unit, out);
  };
  samples.stamps.resolution_ns = std::max<std::int64_t>(1, std::llround(unit));
  samples.stamps.wrap_ns = std::llround(std::min(4294967296.0 * unit, 4e18));
  samples.store = std::move(store);
  return samples;
}

namespace {

class AsciiParser {
 public:
  AsciiParser(const ComtradeCfg& cfg, const FileBytes& dat, std::size_t first_line)
      : cfg_(cfg), dat_(dat), row_number_(first_line) {}

  Result<ComtradeSamples> parse();

 private:
  enum class Row { Good, Blank, Short, Bad };
  Row parse_row(const char* p, const char* end, std::size_t row);
  void set_error(const char* at, const char* end);

  const ComtradeCfg& cfg_;
  const FileBytes& dat_;
  std::size_t row_number_;  // of the row being parsed, as an editor counts
  std::shared_ptr<PlanarStore> store_;
  std::vector<float*> analogs_;
  std::vector<std::uint8_t*> statuses_;
  std::vector<std::int64_t> stamps_;
  std::size_t fields_found_ = 0;
  std::string bad_field_;
  std::size_t surplus_row_ = 0;
};

const char* skip_blanks(const char* p, const char* end) {
  while (p < end && (*p == ' ' || *p == '\t')) {
    ++p;
  }
  return p;
}

// 99999 marks a missing value from 1999 on, an empty field in 1991; both are accepted always.
constexpr double kMissingText = 99999.0;

void AsciiParser::set_error(const char* at, const char* end) {
  const char* comma = std::find(at, end, ',');
  bad_field_.assign(at, static_cast<std::size_t>(std::min<std::ptrdiff_t>(comma - at, 40)));
}

AsciiParser::Row AsciiParser::parse_row(const char* p, const char* end, std::size_t row) {
  // Recorders end rows with CR LF, LF or even CR CR LF; DOS ends files with SUB.
  while (end > p && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\x1A' || end[-1] == '\0')) {
    --end;
  }
  if (skip_blanks(p, end) == end) {
    return Row::Blank;
  }
  fields_found_ = 0;
  double number = 0.0;
  bool more = true;
  // One field: the number, or nothing, up to the next comma or the end of the row.
  const auto field = [&](bool& present) {
    p = skip_blanks(p, end);
    const char* stop = read_decimal(p, end, number);
    present = stop != p;
    const char* after = skip_blanks(stop, end);
    if (after < end && *after != ',') {
      set_error(p, end);
      return false;
    }
    more = after < end;
    p = more ? after + 1 : after;
    ++fields_found_;
    return true;
  };
  bool present = false;
  if (!field(present)) {  // the number of the sample
    return Row::Bad;
  }
  if (!more || !field(present)) {
    return more ? Row::Bad : Row::Short;
  }
  stamps_.push_back(present ? to_stamp(number, cfg_.stamp_unit_ns) : kNoStamp);
  for (std::size_t i = 0; i < analogs_.size(); ++i) {
    if (!more) {
      return Row::Short;
    }
    if (!field(present)) {
      return Row::Bad;
    }
    const AnalogChannel& c = cfg_.analogs[i];
    const bool missing = !present || number == kMissingText || !(std::abs(number) < FLT_MAX);
    analogs_[i][row] = missing ? kMissing : static_cast<float>(c.a * number + c.b);
  }
  for (std::uint8_t* const state : statuses_) {
    if (!more) {
      return Row::Short;
    }
    if (!field(present)) {
      return Row::Bad;
    }
    state[row] = !present ? kMissingState : static_cast<std::uint8_t>(number != 0.0 ? 1 : 0);
  }
  if (more && skip_blanks(p, end) != end && surplus_row_ == 0) {
    surplus_row_ = row_number_;
  }
  return Row::Good;
}

Result<ComtradeSamples> AsciiParser::parse() {
  const std::string_view text = dat_.text();
  // Rows that can be there, by line breaks and by their least size: a field each, or its comma.
  const auto breaks = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t columns = cfg_.analogs.size() + cfg_.statuses.size() + 2;
  const std::size_t rows = std::min(breaks + 1, text.size() / columns + 1);
  store_ = std::make_shared<PlanarStore>(cfg_.analogs.size(), cfg_.statuses.size(), rows);
  for (std::size_t i = 0; i < cfg_.analogs.size(); ++i) {
    analogs_.push_back(store_->analog(i).data());
  }
  for (std::size_t i = 0; i < cfg_.statuses.size(); ++i) {
    statuses_.push_back(store_->status(i).data());
  }
  stamps_.reserve(rows);

  ComtradeSamples samples;
  std::size_t row = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end && row < rows) {
    const void* found = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
    const char* line_end = found != nullptr ? static_cast<const char*>(found) : end;
    const Row result = parse_row(p, line_end, row);
    p = line_end < end ? line_end + 1 : end;
    if (result == Row::Good) {
      ++row;
    } else if (result != Row::Blank) {
      stamps_.resize(row);
      const bool last =
          std::string_view(p, static_cast<std::size_t>(end - p)).find_first_not_of(" \t\r\n\x1A") ==
          std::string_view::npos;
      if (last && row > 0) {
        samples.warnings.push_back(
            format("{}:{}: the last row is incomplete and left out", dat_.name, row_number_));
        break;
      }
      if (result == Row::Bad) {
        return fail(ErrorCode::InvalidInput, "{}:{}: '{}' (field {}) is not a number{}", dat_.name,
                    row_number_, to_valid_utf8(bad_field_), fields_found_ + 1,
                    row == 0 ? "; is this ASCII data as the .cfg says?" : "");
      }
      return fail(ErrorCode::InvalidInput,
                  "{}:{}: the row has {} fields, {} are needed (sample number, time, {} analogue "
                  "and {} status channels)",
                  dat_.name, row_number_, fields_found_, columns, cfg_.analogs.size(),
                  cfg_.statuses.size());
    }
    ++row_number_;
  }
  if (row == 0) {
    return fail(ErrorCode::InvalidInput, "{}: there are no samples in it", dat_.name);
  }
  if (surplus_row_ > 0) {
    samples.warnings.push_back(
        format("{}:{}: more fields than the .cfg has channels; the surplus is ignored", dat_.name,
               surplus_row_));
  }
  store_->shorten(row);
  samples.sample_count = row;
  samples.store = store_;
  auto stamps = std::make_shared<std::vector<std::int64_t>>(std::move(stamps_));
  samples.stamps.read = [stamps](std::uint64_t first, std::span<std::int64_t> out) {
    std::copy_n(stamps->begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
  };
  samples.stamps.resolution_ns = std::max<std::int64_t>(1, std::llround(cfg_.stamp_unit_ns));
  samples.stamps.wrap_ns = std::llround(std::min(4294967296.0 * cfg_.stamp_unit_ns, 4e18));
  return samples;
}

}  // namespace

Result<ComtradeSamples> parse_ascii_dat(const ComtradeCfg& cfg, const FileBytes& dat,
                                        std::size_t first_line) {
  return AsciiParser(cfg, dat, first_line).parse();
}

}  // namespace halfcycle::formats
