// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.hpp"
#include "formats/csv.hpp"
#include "formats/number_text.hpp"
#include "formats/planar_store.hpp"
#include "formats/text_encoding.hpp"
#include "formats/timeline.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::size_t kMaxColumns = 10000;
constexpr std::size_t kMaxHeaderBytes = 1U << 20U;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

struct Column {
  std::string name;
  std::string unit;
  enum class Use { Channel, Time, Ignored } use = Use::Channel;
};

// Cells of one line, quotes taken off (RFC 4180: "" inside quotes is a quote).
std::vector<std::string> split_cells(std::string_view line, char separator) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == separator && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) {
    cell = std::string(trim(cell));
  }
  return cells;
}

char find_separator(std::string_view line) {
  bool quoted = false;
  bool tab = false;
  bool semicolon = false;
  for (const char c : line) {
    quoted = c == '"' ? !quoted : quoted;
    tab = tab || (c == '\t' && !quoted);
    semicolon = semicolon || (c == ';' && !quoted);
  }
  return tab ? '\t' : semicolon ? ';' : ',';
}

// "V1 [V]" or "V1 (V)".
Column parse_heading(std::string_view text) {
  Column column;
  for (const auto& [open, close] : {std::pair('[', ']'), std::pair('(', ')')}) {
    const std::size_t at = text.rfind(open);
    if (!text.empty() && text.back() == close && at != std::string_view::npos && at > 0) {
      column.name = std::string(trim(text.substr(0, at)));
      column.unit = std::string(trim(text.substr(at + 1, text.size() - at - 2)));
      return column;
    }
  }
  column.name = std::string(text);
  return column;
}

bool is_number(std::string_view cell, char point) {
  double value = 0.0;
  return !cell.empty() && read_decimal(cell.data(), cell.data() + cell.size(), value, point) ==
                              cell.data() + cell.size();
}

bool is_iso_time(std::string_view cell) {
  return cell.size() >= 16 && (cell[4] == '-') && parse_iso8601(cell).has_value();
}

class CsvParser {
 public:
  CsvParser(const FileBytes& csv, const CsvReadOptions& options) : csv_(csv), options_(options) {}
  Result<Recording> parse();

 private:
  [[nodiscard]] bool next_line(std::string_view& line);
  Result<void> read_heading();
  void find_decimal_mark();
  void find_columns_without_numbers(std::string_view line);
  Result<void> read_rows();
  enum class Row { Good, Blank, Short, Long, Bad };
  Row parse_row(const char* p, const char* end, std::size_t row);
  bool parse_time(std::string_view cell);
  Result<Timeline> timeline(std::uint64_t rows);
  template <class... Args>
  [[nodiscard]] tl::unexpected<Error> error(fmt::format_string<Args...> text,
                                            Args&&... args) const {
    return fail(ErrorCode::InvalidInput, "{}:{}: {}", csv_.name, line_number_,
                format(text, std::forward<Args>(args)...));
  }

  const FileBytes& csv_;
  const CsvReadOptions& options_;
  std::string_view rest_;
  std::size_t line_number_ = 0;
  char separator_ = ',';
  char point_ = '.';
  std::vector<Column> columns_;
  bool header_ = true;
  bool has_time_ = false;
  bool iso_time_ = false;
  bool zone_known_ = true;
  int time_shift_ = 9;  // seconds to nanoseconds, as a power of ten
  int time_decimals_ = 0;
  Recording recording_;
  std::shared_ptr<PlanarStore> store_;
  std::vector<float*> channels_;
  std::vector<std::int64_t> stamps_;
  std::string bad_cell_;
  std::size_t cells_found_ = 0;
};

bool CsvParser::next_line(std::string_view& line) {
  if (rest_.empty()) {
    return false;
  }
  const std::size_t end = rest_.find('\n');
  line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  ++line_number_;
  return true;
}

Result<void> CsvParser::read_heading() {
  std::string_view line;
  std::string_view before = rest_;
  bool found = false;
  while (!found) {
    before = rest_;
    if (!next_line(line)) {
      return fail(ErrorCode::InvalidInput, "{}: the file is empty", csv_.name);
    }
    const std::string_view text = trim(line);
    found = !text.empty() && text.front() != '#';
  }
  if (line.size() > kMaxHeaderBytes) {
    return error("the first line has {} bytes; this is no CSV file", line.size());
  }
  if (line.find('\0') != std::string_view::npos) {
    return error(
        "there are zero bytes in the text; this is no CSV file (or one in UTF-16: save it "
        "as UTF-8)");
  }
  separator_ = find_separator(line);
  const std::vector<std::string> cells = split_cells(line, separator_);
  if (cells.size() > kMaxColumns) {
    return error("{} columns are more than the {} that can be read", cells.size(), kMaxColumns);
  }
  const char other_point = separator_ == ',' ? '.' : ',';
  const bool header = header_ =
      std::any_of(cells.begin(), cells.end(), [&](const std::string& cell) {
        return !cell.empty() && !is_number(cell, '.') && !is_number(cell, other_point) &&
               !is_iso_time(cell);
      });
  if (header) {
    const DecodedText decoded = decode_text(line);
    if (decoded.encoding != "UTF-8") {
      recording_.warnings.push_back(
          format("{}:{}: the text is not UTF-8; it was read as {} (a "
                 "guess from its letters)",
                 csv_.name, line_number_, decoded.encoding));
    }
    for (const std::string& cell : split_cells(decoded.utf8, separator_)) {
      columns_.push_back(parse_heading(cell));
    }
  } else {
    rest_ = before;
    --line_number_;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Column column;
      column.name = format("{}", i + 1);
      columns_.push_back(std::move(column));
    }
    if (is_iso_time(cells.front())) {
      columns_.front().use = Column::Use::Time;
    }
  }
  for (Column& column : columns_) {
    const std::string name = to_lower(column.name);
    if (header && !has_time_ && (name == "time" || name == "t" || name == "timestamp")) {
      column.use = Column::Use::Time;
      const std::string unit = to_lower(column.unit);
      if (unit == "ms") {
        time_shift_ = 6;
      } else if (unit == "us" || unit == "\xC2\xB5s" || unit == "\xCE\xBCs") {
        time_shift_ = 3;
      } else if (unit == "ns") {
        time_shift_ = 0;
      } else if (!unit.empty() && unit != "s" && unit != "utc" && unit != "iso 8601") {
        return error("the unit '{}' of the column '{}' is none of s, ms, us, ns", column.unit,
                     column.name);
      }
    }
    has_time_ = has_time_ || column.use == Column::Use::Time;
  }
  return {};
}

// A decimal comma shows itself in the first rows: "0,5" in a file whose separator is no comma, and
// no point anywhere.
void CsvParser::find_decimal_mark() {
  if (separator_ == ',') {
    return;
  }
  const std::string_view head = rest_.substr(0, 65536);
  bool comma = false;
  for (std::size_t i = 1; i + 1 < head.size(); ++i) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (digit(head[i - 1]) && digit(head[i + 1])) {
      if (head[i] == '.' && !iso_time_) {
        return;
      }
      comma = comma || head[i] == ',';
    }
  }
  point_ = comma ? ',' : '.';
}

// A column of text (a remark, a state) is left out by what its first row shows.
void CsvParser::find_columns_without_numbers(std::string_view line) {
  const std::vector<std::string> cells = split_cells(line, separator_);
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i) {
    Column& column = columns_[i];
    if (column.use == Column::Use::Channel && !cells[i].empty() && !is_number(cells[i], point_)) {
      column.use = Column::Use::Ignored;
      recording_.warnings.push_back(format("{}:{}: the column '{}' holds text and is left out",
                                           csv_.name, line_number_, column.name));
    }
    if (column.use == Column::Use::Time) {
      iso_time_ = is_iso_time(cells[i]);
    }
  }
}

// Seconds (or the column's unit) as written, exactly, without a detour through floating point.
bool CsvParser::parse_time(std::string_view cell) {
  if (iso_time_) {
    const auto instant = parse_iso8601(cell);
    if (!instant) {
      return false;
    }
    const std::size_t point = cell.find('.');
    if (point != std::string_view::npos) {
      const std::size_t digits =
          std::min(cell.find_first_not_of("0123456789", point + 1), cell.size()) - point - 1;
      time_decimals_ = std::max(time_decimals_, static_cast<int>(std::min<std::size_t>(digits, 9)));
    }
    const bool zone = cell.back() == 'Z' || cell.find_first_of("+-", 11) != std::string_view::npos;
    zone_known_ = zone_known_ && zone;
    stamps_.push_back(instant->unix_ns());
    return true;
  }
  const char* p = cell.data();
  const char* const end = p + cell.size();
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) {
    ++p;
  }
  std::int64_t mantissa = 0;
  int digits = 0;
  int decimals = 0;
  bool fraction = false;
  const char* const first_digit = p;
  for (; p < end; ++p) {
    if (*p == point_ && !fraction) {
      fraction = true;
      continue;
    }
    if (*p < '0' || *p > '9') {
      break;
    }
    if (digits < 17) {
      mantissa = mantissa * 10 + (*p - '0');
      digits += mantissa != 0 ? 1 : 0;
      decimals += fraction ? 1 : 0;
    } else if (!fraction) {
      return false;
    }
  }
  std::int64_t ns = 0;
  const int shift = time_shift_ - decimals;
  if (p != end || p == first_digit) {
    double value = 0.0;
    if (read_decimal(cell.data(), end, value, point_) != end || std::isnan(value)) {
      return false;
    }
    const double scaled = value * kPowersOfTen[static_cast<std::size_t>(time_shift_)];
    if (!(std::abs(scaled) < 4e18)) {
      return false;
    }
    time_decimals_ = time_shift_;
    stamps_.push_back(std::llround(scaled));
    return true;
  }
  if (shift >= 0) {
    const auto factor = static_cast<std::int64_t>(kPowersOfTen[static_cast<std::size_t>(shift)]);
    if (mantissa > 4'000'000'000'000'000'000 / factor) {
      return false;
    }
    ns = mantissa * factor;
  } else {
    std::int64_t divisor = 1;
    for (int i = 0; i < -shift && i < 18; ++i) {
      divisor *= 10;
    }
    ns = (mantissa + divisor / 2) / divisor;
  }
  time_decimals_ = std::max(time_decimals_, std::min(decimals, time_shift_));
  stamps_.push_back(negative ? -ns : ns);
  return true;
}

CsvParser::Row CsvParser::parse_row(const char* p, const char* end, std::size_t row) {
  const auto blank = [this](char c) { return c == ' ' || (c == '\t' && separator_ != '\t'); };
  while (end > p && (end[-1] == '\r' || blank(end[-1]) || end[-1] == '\x1A')) {
    --end;
  }
  while (p < end && blank(*p)) {
    ++p;
  }
  if (p == end) {
    return Row::Blank;
  }
  cells_found_ = 0;
  std::size_t channel = 0;
  bool more = true;
  for (const Column& column : columns_) {
    if (!more) {
      return Row::Short;
    }
    while (p < end && blank(*p)) {
      ++p;
    }
    const bool quoted = p < end && *p == '"';
    if (quoted) {
      ++p;
    }
    const char* stop = p;
    if (column.use == Column::Use::Channel) {
      double value = 0.0;
      stop = read_decimal(p, end, value, point_);
      channels_[channel++][row] = stop == p ? kMissing : static_cast<float>(value);
    }
    const char* after = stop;
    if (column.use == Column::Use::Channel) {
      if (quoted && after < end && *after == '"') {
        ++after;
      }
      while (after < end && blank(*after)) {
        ++after;
      }
    } else {
      bool inside = quoted;
      while (after < end && (*after != separator_ || inside)) {
        inside = *after == '"' ? !inside : inside;
        ++after;
      }
    }
    if (column.use == Column::Use::Time) {
      const char* cell_end = after;
      while (cell_end > p && (blank(cell_end[-1]) || cell_end[-1] == '"')) {
        --cell_end;
      }
      const std::string_view cell(p, static_cast<std::size_t>(cell_end - p));
      if (!parse_time(cell)) {
        bad_cell_.assign(cell.substr(0, 40));
        return Row::Bad;
      }
    }
    if (after < end && *after != separator_) {
      const char* cell_end = std::find(p, end, separator_);
      bad_cell_.assign(p, static_cast<std::size_t>(std::min<std::ptrdiff_t>(cell_end - p, 40)));
      return Row::Bad;
    }
    more = after < end;
    p = more ? after + 1 : after;
    ++cells_found_;
  }
  // Separators at the end of a row are harmless; more cells than columns are not: a decimal comma
  // between separators that are commas would shift every value silently.
  while (p < end && (blank(*p) || *p == separator_ || *p == '"')) {
    ++p;
  }
  if (p < end) {
    cells_found_ += 1 + static_cast<std::size_t>(std::count(p, end, separator_));
    return Row::Long;
  }
  return Row::Good;
}

Result<void> CsvParser::read_rows() {
  // Rows that can be there, by line breaks and by their least size: a separator for each cell.
  const auto breaks = static_cast<std::size_t>(std::count(rest_.begin(), rest_.end(), '\n'));
  const std::size_t rows = std::min(breaks + 1, rest_.size() / columns_.size() + 1);
  const auto channel_count =
      static_cast<std::size_t>(std::count_if(columns_.begin(), columns_.end(), [](const Column& c) {
        return c.use == Column::Use::Channel;
      }));
  if (channel_count == 0) {
    return error("there is no column with numbers besides the time");
  }
  store_ = std::make_shared<PlanarStore>(channel_count, 0, rows);
  for (std::size_t i = 0; i < channel_count; ++i) {
    channels_.push_back(store_->analog(i).data());
  }
  if (has_time_) {
    stamps_.reserve(rows);
  }
  std::size_t row = 0;
  const char* p = rest_.data();
  const char* const end = p + rest_.size();
  while (p < end && row < rows) {
    const void* found = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
    const char* line_end = found != nullptr ? static_cast<const char*>(found) : end;
    ++line_number_;
    const Row result = parse_row(p, line_end, row);
    p = line_end < end ? line_end + 1 : end;
    if (result == Row::Good) {
      ++row;
      continue;
    }
    if (result == Row::Blank) {
      continue;
    }
    stamps_.resize(std::min(stamps_.size(), row));
    const bool last = line_end == end;
    if (last && row > 0 && result != Row::Long) {
      recording_.warnings.push_back(
          format("{}:{}: the last row is incomplete and left out", csv_.name, line_number_));
      break;
    }
    if (result == Row::Bad) {
      return error("'{}' in column '{}' is no {}", to_valid_utf8(bad_cell_),
                   columns_[cells_found_].name,
                   columns_[cells_found_].use == Column::Use::Time ? "time" : "number");
    }
    return error("the row has {} cells, the first line has {}{}", cells_found_, columns_.size(),
                 result == Row::Long && separator_ == ','
                     ? "; numbers with a decimal comma need another separator, such as ';'"
                     : "");
  }
  if (row == 0) {
    if (rest_.empty() && csv_.text().find('\r') != std::string_view::npos &&
        csv_.text().find('\n') == std::string_view::npos) {
      return error("the lines end with CR alone (old Macintosh); save the file with LF line ends");
    }
    return error("there are no samples in it");
  }
  store_->shorten(row);
  recording_.sample_count = row;
  return {};
}

Result<Timeline> CsvParser::timeline(std::uint64_t rows) {
  Stamps stamps;
  if (has_time_) {
    stamps.read = [this](std::uint64_t first, std::span<std::int64_t> out) {
      std::copy_n(stamps_.begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
    };
    const int places = iso_time_ ? 9 - time_decimals_ : time_shift_ - time_decimals_;
    stamps.resolution_ns =
        static_cast<std::int64_t>(kPowersOfTen[static_cast<std::size_t>(std::clamp(places, 0, 9))]);
  }
  if (options_.rate_hertz) {
    const double rate = *options_.rate_hertz;
    if (!(rate >= kMinRateHertz && rate <= kMaxRateHertz)) {
      return fail(ErrorCode::InvalidSetup, "a sampling rate of {} Hz cannot be right", rate);
    }
    const RateRun run{rate, rows};
    return timeline_from_rates(std::span(&run, 1), rows, stamps);
  }
  if (!has_time_) {
    return fail(ErrorCode::InvalidInput,
                "{}: there is neither a column named 'time' nor a sampling rate; give it with "
                "--rate HZ{}",
                csv_.name,
                header_ ? "" : " (the file has no line of headings: the first holds numbers)");
  }
  auto found = timeline_from_stamps(rows, stamps);
  if (!found) {
    return fail(ErrorCode::InvalidInput, "{}: {}; give the rate with --rate HZ", csv_.name,
                found.error().message);
  }
  return found;
}

Result<Recording> CsvParser::parse() {
  rest_ = csv_.text();
  if (rest_.substr(0, 3) == "\xEF\xBB\xBF") {
    rest_.remove_prefix(3);
  }
  if (auto ok = read_heading(); !ok) {
    return fail(ok.error());
  }
  if (!has_time_ && !options_.rate_hertz) {
    return fail(timeline(1).error());
  }
  // The first row decides about kinds of columns; then the rows are read from it again.
  const std::string_view rows = rest_;
  const std::size_t line = line_number_;
  std::string_view first;
  while (next_line(first) && trim(first).empty()) {
  }
  find_columns_without_numbers(first);
  rest_ = rows;
  find_decimal_mark();
  if (point_ == ',') {
    for (Column& column : columns_) {
      column.use = column.use == Column::Use::Ignored ? Column::Use::Channel : column.use;
    }
    recording_.warnings.clear();
    find_columns_without_numbers(first);
  }
  line_number_ = line;
  if (auto ok = read_rows(); !ok) {
    return fail(ok.error());
  }
  auto times = timeline(recording_.sample_count);
  if (!times) {
    return fail(times.error());
  }
  recording_.format = "csv";
  recording_.segments = std::move(times->segments);
  for (const std::string& warning : times->warnings) {
    recording_.warnings.push_back(format("{}: {}", csv_.name, warning));
  }
  if (iso_time_) {
    recording_.start = Instant::from_unix_ns(stamps_.front());
    recording_.zone_known = zone_known_;
  }
  if (auto ok = check_span(recording_.start, recording_.segments); !ok) {
    return fail(ErrorCode::InvalidInput, "{}: {}", csv_.name, ok.error().message);
  }
  for (Column& column : columns_) {
    if (column.use == Column::Use::Channel) {
      AnalogChannel channel;
      channel.name = std::move(column.name);
      channel.unit = std::move(column.unit);
      recording_.analogs.push_back(std::move(channel));
    }
  }
  recording_.samples = std::move(store_);
  return std::move(recording_);
}

}  // namespace

Result<Recording> read_csv(const FileBytes& csv, const CsvReadOptions& options) {
  return CsvParser(csv, options).parse();
}

}  // namespace halfcycle::formats
