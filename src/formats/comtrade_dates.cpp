// SPDX-License-Identifier: Apache-2.0
#include "formats/comtrade_dates.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "base/text.hpp"

namespace halfcycle::formats {
namespace {

std::optional<int> whole(std::string_view text) {
  text = trim(text);
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 4 || ec != std::errc{} || end != text.data() + text.size() ||
      value < 0) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> split_any(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find_first_of(separators); at != std::string_view::npos;
       at = text.find_first_of(separators)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace

Result<WrittenDate> parse_written_date(std::string_view date, std::string_view time) {
  const auto bad = [&] {
    return fail(ErrorCode::InvalidInput,
                "'{},{}' is no date and time (dd/mm/yyyy,hh:mm:ss.ssssss expected)", trim(date),
                trim(time));
  };
  WrittenDate out;
  const auto parts = split_any(trim(date), "/-.");
  if (parts.size() != 3) {
    return bad();
  }
  std::array<int, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = whole(parts[i]);
    if (!number) {
      return bad();
    }
    numbers[i] = *number;
  }
  if (trim(parts[0]).size() == 4) {
    out.year_first = true;
    out.year = numbers[0];
    out.first = numbers[1];
    out.second = numbers[2];
  } else {
    out.first = numbers[0];
    out.second = numbers[1];
    out.year = numbers[2];
    out.two_digit_year = trim(parts[2]).size() <= 2;
    if (out.two_digit_year) {
      out.year += out.year < 70 ? 2000 : 1900;
    }
  }

  const auto clock = split(trim(time), ':');
  if (clock.size() != 3) {
    return bad();
  }
  const std::string_view seconds = trim(clock[2]);
  const std::size_t point = seconds.find('.');
  const auto hour = whole(clock[0]);
  const auto minute = whole(clock[1]);
  const auto second = whole(seconds.substr(0, point));
  if (!hour || !minute || !second) {
    return bad();
  }
  out.hour = *hour;
  out.minute = *minute;
  out.second_of_minute = *second;
  if (point != std::string_view::npos) {
    const std::string_view fraction = trim(seconds.substr(point + 1));
    for (const char c : fraction) {
      if (c < '0' || c > '9') {
        return bad();
      }
      if (out.decimals < 9) {
        out.nanosecond = out.nanosecond * 10 + (c - '0');
        ++out.decimals;
      }
    }
    for (int i = out.decimals; i < 9; ++i) {
      out.nanosecond *= 10;
    }
  }
  return out;
}

std::optional<Instant> to_instant(const WrittenDate& date, DateOrder order) {
  const bool month_first = date.year_first || order == DateOrder::MonthDay;
  const CivilTime civil{.year = date.year,
                        .month = month_first ? date.first : date.second,
                        .day = month_first ? date.second : date.first,
                        .hour = date.hour,
                        .minute = date.minute,
                        .second = date.second_of_minute,
                        .nanosecond = date.nanosecond};
  if (!is_valid(civil)) {
    return std::nullopt;
  }
  return halfcycle::to_instant(civil);
}

std::optional<Duration> parse_time_code(std::string_view text) {
  text = trim(text);
  std::int64_t sign = 1;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  const std::size_t separator = text.find_first_of("hH:");
  const auto hours = whole(text.substr(0, separator));
  std::optional<int> minutes = 0;
  if (separator != std::string_view::npos && separator + 1 < text.size()) {
    minutes = whole(text.substr(separator + 1));
  }
  // Zones in use lie between −12 h and +14 h.
  if (!hours || !minutes || *hours > 14 || *minutes > 59) {
    return std::nullopt;
  }
  return Duration::seconds(sign * (*hours * 3600 + *minutes * 60));
}

}  // namespace halfcycle::formats
