// SPDX-License-Identifier: Apache-2.0
#include "formats/comtrade_cfg.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/quality.hpp"
#include "base/text.hpp"
#include "formats/comtrade_dates.hpp"
#include "formats/text_encoding.hpp"

namespace halfcycle::formats {
namespace {

constexpr std::uint64_t kMaxSamples = std::uint64_t{1} << 48;

struct Line {
  std::size_t number = 0;
  std::string_view text;
  std::vector<std::string_view> fields;  // trimmed
};

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 0.0 || *number != std::floor(*number) ||
      *number > static_cast<double>(kMaxSamples)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

std::optional<bool> parse_state(std::string_view text) {
  if (text == "0" || text == "1") {
    return text == "1";
  }
  return std::nullopt;
}

// A deviation that many lines share gives one warning with the first of them.
struct Repeated {
  std::size_t count = 0;
  std::size_t first_line = 0;
  void add(std::size_t line) { first_line = count++ == 0 ? line : first_line; }
};

class Parser {
 public:
  Parser(std::string_view name, std::string text, std::size_t first_line)
      : name_(name), text_(std::move(text)), first_line_(first_line) {}

  Result<ComtradeCfg> parse();
  void warn_encoding(std::string_view encoding) {
    cfg_.warnings.push_back(
        format("{}: the text is not UTF-8; it was read as {} (a guess from its letters)", name_,
               encoding));
  }

 private:
  using Step = Result<void> (Parser::*)();

  void split_lines();
  Result<void> next_line(std::string_view what);
  template <class... Args>
  [[nodiscard]] tl::unexpected<Error> error(fmt::format_string<Args...> text,
                                            Args&&... args) const {
    return fail(ErrorCode::InvalidInput, "{}:{}: {}", name_, line_.number,
                format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) {
    cfg_.warnings.push_back(
        format("{}:{}: {}", name_, line_.number, format(text, std::forward<Args>(args)...)));
  }
  void warn_repeated(const Repeated& repeated, std::string_view text) {
    if (repeated.count == 1) {
      cfg_.warnings.push_back(format("{}:{}: {}", name_, repeated.first_line, text));
    } else if (repeated.count > 1) {
      cfg_.warnings.push_back(format("{}:{}: {} (and {} more lines)", name_, repeated.first_line,
                                     text, repeated.count - 1));
    }
  }
  [[nodiscard]] std::string_view field(std::size_t i) const {
    return i < line_.fields.size() ? line_.fields[i] : std::string_view();
  }

  Result<void> station();
  Result<void> counts();
  Result<void> analog(std::size_t index);
  Result<void> status(std::size_t index);
  Result<void> line_frequency();
  Result<void> rates();
  Result<void> dates();
  Result<void> file_type();
  Result<void> time_multiplier();
  void time_codes();
  void time_quality();
  void warn_about_channels();

  std::string name_;
  std::string text_;
  std::size_t first_line_;
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
  Line line_;
  ComtradeCfg cfg_;
  std::size_t analog_count_ = 0;
  std::size_t status_count_ = 0;
  int decimals_ = 6;
  Repeated no_offset_, no_ratio_, bad_ratio_, no_side_, old_layout_, new_layout_, extra_fields_,
      zero_scale_, short_status_, bad_state_;
};

void Parser::split_lines() {
  // Text editors of the DOS age end a file with SUB (0x1A).
  const std::size_t end = text_.find_first_of(std::string_view("\x1A\0", 2));
  std::string_view rest = std::string_view(text_).substr(0, end);
  for (std::string_view part : split(rest, '\n')) {
    if (!part.empty() && part.back() == '\r') {
      part.remove_suffix(1);
    }
    lines_.push_back(part);
  }
  while (!lines_.empty() && trim(lines_.back()).empty()) {
    lines_.pop_back();
  }
}

Result<void> Parser::next_line(std::string_view what) {
  if (next_ >= lines_.size()) {
    return fail(ErrorCode::InvalidInput, "{}:{}: the file ends here; {} should follow", name_,
                first_line_ + (next_ == 0 ? 0 : next_ - 1), what);
  }
  line_.number = first_line_ + next_;
  line_.text = lines_[next_];
  line_.fields.clear();
  for (const std::string_view part : split(line_.text, ',')) {
    line_.fields.push_back(trim(part));
  }
  ++next_;
  return {};
}

Result<void> Parser::station() {
  if (auto ok = next_line("the station name"); !ok) {
    return ok;
  }
  cfg_.station = std::string(field(0));
  cfg_.device = std::string(field(1));
  if (line_.fields.size() < 2) {
    warn("the device identification is missing");
  }
  if (line_.fields.size() < 3 || field(2).empty()) {
    cfg_.revision = 1991;
    return {};
  }
  const auto year = parse_count(field(2));
  if (year == 1991U || year == 1999U || year == 2013U) {
    cfg_.revision = static_cast<int>(*year);
  } else if (year && *year > 2013) {
    cfg_.revision = 2013;
    warn("revision year '{}' is none of 1991, 1999, 2013; read as 2013", field(2));
  } else {
    cfg_.revision = 1999;
    warn("revision year '{}' is none of 1991, 1999, 2013; read as 1999", field(2));
  }
  if (line_.fields.size() > 3) {
    warn("{} fields where three are expected (a comma in a name?); the surplus is ignored",
         line_.fields.size());
  }
  return {};
}

Result<void> Parser::counts() {
  if (auto ok = next_line("the numbers of channels"); !ok) {
    return ok;
  }
  std::optional<std::uint64_t> analogs;
  std::optional<std::uint64_t> statuses;
  for (std::size_t i = 1; i < line_.fields.size(); ++i) {
    std::string_view text = line_.fields[i];
    if (text.empty()) {
      continue;
    }
    const char letter = text.back();
    const auto count = parse_count(text.substr(0, text.size() - 1));
    if (count && (letter == 'A' || letter == 'a') && !analogs) {
      analogs = count;
    } else if (count && (letter == 'D' || letter == 'd') && !statuses) {
      statuses = count;
    } else {
      return error("'{}' is no number of channels such as 4A or 16D", text);
    }
  }
  if (!analogs || !statuses) {
    return error("'{}' does not give the numbers of analogue and status channels (like 8,4A,4D)",
                 trim(line_.text));
  }
  const auto total = parse_count(field(0));
  if (!total) {
    return error("'{}' is no number of channels", field(0));
  }
  // Every channel needs a line: a damaged count must not ask for memory.
  if (*analogs + *statuses > lines_.size()) {
    return error("{} channels are declared, but the file has only {} lines", *analogs + *statuses,
                 lines_.size());
  }
  if (*analogs + *statuses == 0) {
    return error("the file declares no channels");
  }
  if (*total != *analogs + *statuses) {
    warn("{} channels in total are declared, but {} analogue and {} status ones; the latter hold",
         *total, *analogs, *statuses);
  }
  analog_count_ = static_cast<std::size_t>(*analogs);
  status_count_ = static_cast<std::size_t>(*statuses);
  return {};
}

Result<void> Parser::analog(std::size_t index) {
  if (auto ok = next_line(format("analogue channel {}", index + 1)); !ok) {
    return ok;
  }
  const std::size_t n = line_.fields.size();
  if (n < 7) {
    return error(
        "analogue channel {} of {} has {} fields, at least the ten of 1991 are needed; do the "
        "numbers of channels in line {} fit the file?",
        index + 1, analog_count_, n, first_line_ + 1);
  }
  AnalogChannel c;
  c.name = std::string(field(1));
  c.phase = std::string(field(2));
  c.component = std::string(field(3));
  c.unit = std::string(field(4));
  const auto a = parse_number(field(5));
  if (!a) {
    return error("the multiplier '{}' of analogue channel '{}' is not a number", field(5), c.name);
  }
  c.a = *a;
  if (c.a == 0.0) {
    zero_scale_.add(line_.number);
  }
  if (field(6).empty()) {
    no_offset_.add(line_.number);
  } else if (const auto b = parse_number(field(6))) {
    c.b = *b;
  } else {
    return error("the offset '{}' of analogue channel '{}' is not a number", field(6), c.name);
  }
  if (!field(7).empty()) {
    const auto skew = parse_number(field(7));
    if (!skew) {
      return error("the skew '{}' of analogue channel '{}' is not a number", field(7), c.name);
    }
    c.skew_seconds = *skew * 1e-6;
  }
  cfg_.analog_minimums.push_back(parse_number(field(8)).value_or(kNotAvailable));
  const bool has_ratio = n >= 13;
  if (has_ratio) {
    const auto primary = parse_number(field(10));
    const auto secondary = parse_number(field(11));
    if (primary && secondary && *primary > 0.0 && *secondary > 0.0) {
      c.primary = *primary;
      c.secondary = *secondary;
    } else if (!field(10).empty() || !field(11).empty()) {
      bad_ratio_.add(line_.number);
    }
    const std::string side = to_lower(field(12));
    if (side == "p") {
      c.side = Side::Primary;
    } else if (side == "s") {
      c.side = Side::Secondary;
    } else {
      no_side_.add(line_.number);
    }
  }
  if (n < 10) {
    old_layout_.add(line_.number);
  } else if (cfg_.revision == 1991 && has_ratio) {
    new_layout_.add(line_.number);
  } else if (cfg_.revision != 1991 && !has_ratio) {
    no_ratio_.add(line_.number);
  }
  if (n > 13) {
    extra_fields_.add(line_.number);
  }
  cfg_.analogs.push_back(std::move(c));
  return {};
}

Result<void> Parser::status(std::size_t index) {
  if (auto ok = next_line(format("status channel {}", index + 1)); !ok) {
    return ok;
  }
  const std::size_t n = line_.fields.size();
  if (n < 2 || n >= 10) {
    return error(
        "status channel {} of {} has {} field{}, 3 (1991) or 5 are expected; do the numbers of "
        "channels in line {} fit the file?",
        index + 1, status_count_, n, n == 1 ? "" : "s", first_line_ + 1);
  }
  StatusChannel c;
  c.name = std::string(field(1));
  std::string_view normal;
  if (n >= 5) {
    c.phase = std::string(field(2));
    c.component = std::string(field(3));
    normal = field(4);
  } else if (n == 4) {
    c.phase = std::string(field(2));
    if (parse_state(field(3))) {
      normal = field(3);
    } else {
      c.component = std::string(field(3));
    }
  } else if (n == 3) {
    normal = field(2);
  }
  const auto state = parse_state(normal);
  c.normal_state = state.value_or(false);
  if (!state && !normal.empty()) {
    bad_state_.add(line_.number);
  }
  const std::size_t expected = cfg_.revision == 1991 ? 3 : 5;
  if (n > 5) {
    extra_fields_.add(line_.number);
  } else if (n < expected) {
    short_status_.add(line_.number);
  }
  cfg_.statuses.push_back(std::move(c));
  return {};
}

void Parser::warn_about_channels() {
  warn_repeated(zero_scale_, "the multiplier is 0: every sample of the channel is its offset");
  warn_repeated(no_offset_, "the offset is empty; 0 is used");
  warn_repeated(old_layout_, "fewer than the ten fields of an analogue channel");
  warn_repeated(no_ratio_,
                "the fields primary, secondary and P or S are missing; the ratio is not "
                "known");
  warn_repeated(bad_ratio_, "the transformer ratio is no pair of positive numbers; 1:1 is used");
  warn_repeated(no_side_, "neither P nor S: the side of the values is unknown");
  warn_repeated(new_layout_, "more fields than the 1991 revision has; read as in 1999");
  warn_repeated(extra_fields_,
                "more fields than expected (a comma in a name?); the surplus is "
                "ignored");
  warn_repeated(short_status_, "fewer fields than expected of a status channel");
  warn_repeated(bad_state_, "the normal state is neither 0 nor 1; 0 is used");
}

Result<void> Parser::line_frequency() {
  if (auto ok = next_line("the line frequency"); !ok) {
    return ok;
  }
  if (line_.fields.size() > 4) {
    return error(
        "the line frequency should stand here, found '{}': more channel lines than line {} "
        "declares?",
        trim(line_.text), first_line_ + 1);
  }
  if (field(0).empty()) {
    warn("the line frequency is empty");
    return {};
  }
  const auto hertz = parse_number(field(0));
  if (!hertz) {
    return error(
        "the line frequency '{}' is not a number: do the numbers of channels in line {} fit?",
        field(0), first_line_ + 1);
  }
  if (*hertz < 0.0 || *hertz > 1000.0) {
    return error("a line frequency of {} Hz does not exist in a power system", field(0));
  }
  if (*hertz == 0.0) {
    warn("the line frequency is 0, which says nothing");
  }
  cfg_.nominal_frequency_hertz = *hertz;
  return {};
}

Result<void> Parser::rates() {
  if (auto ok = next_line("the number of sampling rates"); !ok) {
    return ok;
  }
  const auto count = parse_count(field(0));
  if (!count) {
    return error("'{}' is no number of sampling rates", field(0));
  }
  if (*count > lines_.size()) {
    return error("{} sampling rates are declared, but the file has only {} lines", *count,
                 lines_.size());
  }
  const std::uint64_t lines = std::max<std::uint64_t>(*count, 1);
  for (std::uint64_t i = 0; i < lines; ++i) {
    if (auto ok = next_line(format("sampling rate {}", i + 1)); !ok) {
      return ok;
    }
    if (*count == 0 && field(0).find('/') != std::string_view::npos) {
      warn("the line '0,number of samples' is missing after a number of rates of 0");
      --next_;
      return {};
    }
    const auto rate = parse_number(field(0));
    const auto end = parse_count(field(1));
    if (!rate || line_.fields.size() < 2) {
      return error("'{}' is no sampling rate with its last sample (like 4000,1200)",
                   trim(line_.text));
    }
    if (!end) {
      return error("'{}' is no number of a last sample", field(1));
    }
    const bool no_rate = *rate == 0.0 && lines == 1;
    if (*count == 0 && !no_rate) {
      warn("a sampling rate of {} Hz, although the number of rates is 0; the time stamps are used",
           field(0));
    } else if (no_rate && *count == 1) {
      warn("a sampling rate of 0; the time stamps are used");
    } else if (!no_rate && (*rate < kMinRateHertz || *rate > kMaxRateHertz)) {
      return error("a sampling rate of {} Hz cannot be right", field(0));
    }
    if (*end < cfg_.declared_samples) {
      return error("the last sample {} of this rate lies before that of the rate before ({})", *end,
                   cfg_.declared_samples);
    }
    cfg_.declared_samples = *end;
    if (*count > 0 && !no_rate) {
      cfg_.rates.push_back({*rate, *end});
    }
  }
  return {};
}

Result<void> Parser::dates() {
  constexpr std::array<std::string_view, 2> kWhat{"the time of the first sample",
                                                  "the time of the trigger"};
  std::array<std::optional<WrittenDate>, 2> written;
  std::array<Line, 2> at;
  int longest = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    if (auto ok = next_line(kWhat[i]); !ok) {
      return ok;
    }
    at[i] = line_;
    std::string_view date = field(0);
    std::string_view time = field(1);
    if (line_.fields.size() == 1 && date.find(' ') != std::string_view::npos) {
      time = trim(date.substr(date.find(' ')));
      date = date.substr(0, date.find(' '));
      warn("a blank instead of a comma between date and time");
    }
    if (date.empty() && time.empty()) {
      warn("{} is empty", kWhat[i]);
      continue;
    }
    auto parsed = parse_written_date(date, time);
    if (!parsed) {
      return error("{}", parsed.error().message);
    }
    written[i] = *parsed;
    longest = std::max(longest, parsed->decimals);
  }
  decimals_ = longest;

  // One order for both lines. Two-digit years are those of 1991 (mm/dd/yy), the others dd/mm/yyyy.
  const auto exists = [&](DateOrder order) {
    return std::all_of(written.begin(), written.end(), [&](const auto& date) {
      return !date || to_instant(*date, order).has_value();
    });
  };
  const auto& sample = written[0] ? written[0] : written[1];
  if (!sample) {
    return {};
  }
  const DateOrder usual = sample->two_digit_year ? DateOrder::MonthDay : DateOrder::DayMonth;
  const DateOrder other = sample->two_digit_year ? DateOrder::DayMonth : DateOrder::MonthDay;
  DateOrder order = usual;
  const auto name = [](DateOrder o) { return o == DateOrder::DayMonth ? "dd/mm" : "mm/dd"; };
  line_ = at[written[0] ? 0 : 1];
  if (!exists(usual)) {
    if (!exists(other)) {
      for (std::size_t i = 0; i < 2; ++i) {
        if (written[i] && !to_instant(*written[i], usual)) {
          line_ = at[i];
          break;
        }
      }
      return error("the date and time '{}' does not exist", trim(line_.text));
    }
    order = other;
    warn("day and month are exchanged: read as {}", name(order));
  } else if (!sample->year_first && sample->two_digit_year != (cfg_.revision == 1991) &&
             exists(other) && sample->first != sample->second) {
    warn("the order of day and month is in doubt ({} year in a file of {}); read as {}",
         sample->two_digit_year ? "a two-digit" : "a four-digit", cfg_.revision, name(order));
  }
  // The epoch itself is how recorders and writers without a clock say "not set".
  for (std::size_t i = 0; i < 2; ++i) {
    if (!written[i]) {
      continue;
    }
    const Instant instant = *to_instant(*written[i], order);
    if (instant.unix_ns() == 0) {
      line_ = at[i];
      warn("{} is not set (1970-01-01)", kWhat[i]);
      continue;
    }
    (i == 0 ? cfg_.start : cfg_.trigger) = instant;
  }
  return {};
}

Result<void> Parser::file_type() {
  if (auto ok = next_line("the type of the data file"); !ok) {
    return ok;
  }
  const std::string type = to_lower(field(0));
  if (type == "ascii") {
    cfg_.data = ComtradeData::Ascii;
  } else if (type == "binary") {
    cfg_.data = ComtradeData::Binary;
  } else if (type == "binary32") {
    cfg_.data = ComtradeData::Binary32;
  } else if (type == "float32") {
    cfg_.data = ComtradeData::Float32;
  } else {
    return error("'{}' is no type of a data file (ASCII, BINARY, BINARY32 or FLOAT32)", field(0));
  }
  const bool new_type = cfg_.data == ComtradeData::Binary32 || cfg_.data == ComtradeData::Float32;
  if (new_type && cfg_.revision != 2013) {
    warn("{} data in a file of revision {}", field(0), cfg_.revision);
  }
  return {};
}

Result<void> Parser::time_multiplier() {
  double multiplier = 1.0;
  if (next_ >= lines_.size()) {
    if (cfg_.revision != 1991) {
      cfg_.warnings.push_back(
          format("{}:{}: the line with the time multiplier is missing; 1 is used", name_,
                 first_line_ + lines_.size() - 1));
    }
  } else {
    if (auto ok = next_line("the time multiplier"); !ok) {
      return ok;
    }
    const auto number = parse_number(field(0));
    if (!number || *number <= 0.0 || *number > 1e6 || *number < 1e-6) {
      if (!field(0).empty() || cfg_.revision != 1991) {
        warn("'{}' is no time multiplier; 1 is used", field(0));
      }
    } else {
      multiplier = *number;
    }
  }
  // IEEE C37.111-2013: stamps count nanoseconds where the times have nine decimals.
  const double unit = cfg_.revision == 2013 && decimals_ > 6 ? 1.0 : 1000.0;
  cfg_.stamp_unit_ns = unit * multiplier;
  return {};
}

void Parser::time_codes() {
  if (!next_line("the time code")) {
    return;
  }
  const auto offset = parse_time_code(field(0));
  if (!offset) {
    warn("'{}' is no time code (such as 0, +10 or -5h30); UTC is assumed", field(0));
    return;
  }
  cfg_.zone_known = true;
  if (cfg_.start) {
    cfg_.start = *cfg_.start - *offset;
  }
  if (cfg_.trigger) {
    cfg_.trigger = *cfg_.trigger - *offset;
  }
}

void Parser::time_quality() {
  if (!next_line("the quality of the time")) {
    return;
  }
  const std::string_view code = field(0);
  int value = -1;
  std::from_chars(code.data(), code.data() + code.size(), value, 16);
  // IEEE C37.111-2013 (after C37.118): 0 locked, 1 within 1 ns … B within 10 s, F not reliable.
  // In class A the limit to UTC is a cycle at 50 Hz (IEC 61000-4-30 §4.6), which code 8 (10 ms)
  // keeps and 9 (100 ms) does not.
  if (code.size() == 1 && value >= 0 && value <= 0xB) {
    cfg_.time_quality.clock_ok = value <= 8;
    cfg_.time_quality.uncertainty_seconds = value == 0 ? 0.0 : std::pow(10.0, value - 10);
    if (value > 8) {
      warn("time quality {}: the clock of the recorder is not within a cycle of UTC", code);
    }
  } else if (code.size() == 1 && value == 0xF) {
    cfg_.time_quality.clock_ok = false;
    cfg_.time_quality.uncertainty_seconds = std::numeric_limits<double>::infinity();
    warn("time quality F: the clock of the recorder was not reliable");
  } else {
    warn("'{}' is no quality of the time (0 to B, or F)", code);
  }
  if (field(1) == "1" || field(1) == "2") {
    warn("a leap second was {} during the recording; times after it are off by a second",
         field(1) == "1" ? "added" : "deleted");
  }
}

Result<ComtradeCfg> Parser::parse() {
  split_lines();
  if (lines_.empty()) {
    return fail(ErrorCode::InvalidInput, "{}: the file is empty", name_);
  }
  for (const Step step : {&Parser::station, &Parser::counts}) {
    if (auto ok = (this->*step)(); !ok) {
      return fail(ok.error());
    }
  }
  for (std::size_t i = 0; i < analog_count_; ++i) {
    if (auto ok = analog(i); !ok) {
      return fail(ok.error());
    }
  }
  for (std::size_t i = 0; i < status_count_; ++i) {
    if (auto ok = status(i); !ok) {
      return fail(ok.error());
    }
  }
  warn_about_channels();
  for (const Step step : {&Parser::line_frequency, &Parser::rates, &Parser::dates,
                          &Parser::file_type, &Parser::time_multiplier}) {
    if (auto ok = (this->*step)(); !ok) {
      return fail(ok.error());
    }
  }
  if (cfg_.revision == 2013) {
    if (next_ < lines_.size()) {
      time_codes();
    } else {
      warn("the time code is missing; UTC is assumed");
    }
    if (next_ < lines_.size()) {
      time_quality();
    }
  }
  if (next_ < lines_.size()) {
    const std::size_t number = first_line_ + next_;
    const bool blank = std::all_of(lines_.begin() + static_cast<std::ptrdiff_t>(next_),
                                   lines_.end(), [](auto l) { return trim(l).empty(); });
    if (!blank) {
      cfg_.warnings.push_back(format("{}:{}: text after the last line is ignored", name_, number));
    }
  }
  return std::move(cfg_);
}

}  // namespace

Result<ComtradeCfg> parse_comtrade_cfg(std::string_view bytes, std::string_view name,
                                       std::size_t first_line) {
  DecodedText decoded = decode_text(bytes);
  Parser parser(name, std::move(decoded.utf8), first_line);
  if (decoded.encoding != "UTF-8") {
    parser.warn_encoding(decoded.encoding);
  }
  return parser.parse();
}

}  // namespace halfcycle::formats
