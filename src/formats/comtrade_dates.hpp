// SPDX-License-Identifier: Apache-2.0
// Dates and time codes as COMTRADE configurations write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace halfcycle::formats {

/// "10/02/2011,11:34:32.670" taken apart, before the order of day and month is decided.
struct WrittenDate {
  int first = 0;   ///< day or month
  int second = 0;  ///< month or day
  int year = 0;    ///< full year; two-digit ones count from 1970 to 2069
  bool two_digit_year = false;
  bool year_first = false;  ///< yyyy-mm-dd: no doubt about the order
  int hour = 0;
  int minute = 0;
  int second_of_minute = 0;
  std::int64_t nanosecond = 0;
  int decimals = 0;  ///< of the seconds, as written
};

/// The message of an error has no place in it; the caller adds file and line.
[[nodiscard]] Result<WrittenDate> parse_written_date(std::string_view date, std::string_view time);

enum class DateOrder { DayMonth, MonthDay };

/// Nothing if such a date does not exist.
[[nodiscard]] std::optional<Instant> to_instant(const WrittenDate& date, DateOrder order);

/// Time codes of 2013: "0", "+10", "-5h30", "5h30", "-5:30". Nothing if it is none, or "x".
[[nodiscard]] std::optional<Duration> parse_time_code(std::string_view text);

}  // namespace halfcycle::formats
