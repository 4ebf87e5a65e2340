// SPDX-License-Identifier: Apache-2.0
#include "base/instant.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace halfcycle {
namespace {

constexpr std::int64_t kNsPerSecond = 1000000000;
constexpr std::int64_t kSecondsPerDay = 86400;

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

// Days since 1970-01-01 of a proleptic Gregorian date.
// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
std::int64_t days_from_civil(std::int64_t y, int m, int d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return (a % b != 0 && (a % b < 0) != (b < 0)) ? q - 1 : q;
}

bool take_digits(std::string_view& text, std::size_t n, int& out) {
  if (text.size() < n) {
    return false;
  }
  const auto [end, ec] = std::from_chars(text.data(), text.data() + n, out);
  if (ec != std::errc{} || end != text.data() + n || out < 0) {
    return false;
  }
  text.remove_prefix(n);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

Duration Duration::from_seconds(double s) { return Duration::ns(std::llround(s * 1e9)); }

Instant Instant::floor_to(Duration step) const {
  return Instant(floor_div(ns_, step.count_ns()) * step.count_ns());
}

bool is_valid(const CivilTime& c) {
  return c.year >= 1678 && c.year <= 2261 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
         c.day <= days_in_month(c.year, c.month) && c.hour >= 0 && c.hour <= 23 && c.minute >= 0 &&
         c.minute <= 59 && c.second >= 0 && c.second <= 60 && c.nanosecond >= 0 &&
         c.nanosecond < kNsPerSecond;
}

Instant to_instant(const CivilTime& c) {
  const std::int64_t days = days_from_civil(c.year, c.month, c.day);
  const std::int64_t seconds = days * kSecondsPerDay + c.hour * 3600 + c.minute * 60 + c.second;
  return Instant::from_unix_ns(seconds * kNsPerSecond + c.nanosecond);
}

CivilTime to_civil(Instant instant) {
  const std::int64_t seconds = floor_div(instant.unix_ns(), kNsPerSecond);
  const std::int64_t days = floor_div(seconds, kSecondsPerDay);
  const std::int64_t of_day = seconds - days * kSecondsPerDay;
  // Source: H. Hinnant, as above, civil_from_days.
  const std::int64_t z = days + 719468;
  const std::int64_t era = floor_div(z, 146097);
  const std::int64_t doe = z - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  CivilTime c;
  c.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  c.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  c.year = static_cast<int>(yoe + era * 400 + (c.month <= 2 ? 1 : 0));
  c.hour = static_cast<int>(of_day / 3600);
  c.minute = static_cast<int>(of_day / 60 % 60);
  c.second = static_cast<int>(of_day % 60);
  c.nanosecond = instant.unix_ns() - seconds * kNsPerSecond;
  return c;
}

std::string to_iso8601(Instant instant) {
  const CivilTime c = to_civil(instant);
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", c.year, c.month, c.day, c.hour,
                c.minute, c.second, c.nanosecond);
}

std::string to_time_of_day(Instant instant, int decimals) {
  const CivilTime c = to_civil(instant);
  std::string text = format("{:02}:{:02}:{:02}", c.hour, c.minute, c.second);
  if (decimals > 0) {
    text += '.';
    text += format("{:09}", c.nanosecond).substr(0, static_cast<std::size_t>(decimals));
  }
  return text;
}

Result<Instant> parse_iso8601(std::string_view text) {
  const std::string_view whole = text;
  const auto bad = [&] {
    return fail(ErrorCode::Usage,
                "'{}' is not a time; write it like 2015-09-17T10:52:53.065Z (UTC without a zone)",
                whole);
  };
  CivilTime c;
  if (!take_digits(text, 4, c.year) || !take(text, '-') || !take_digits(text, 2, c.month) ||
      !take(text, '-') || !take_digits(text, 2, c.day)) {
    return bad();
  }
  if (take(text, 'T') || take(text, ' ')) {
    if (!take_digits(text, 2, c.hour) || !take(text, ':') || !take_digits(text, 2, c.minute)) {
      return bad();
    }
    if (take(text, ':')) {
      if (!take_digits(text, 2, c.second)) {
        return bad();
      }
      if (take(text, '.')) {
        std::int64_t scale = kNsPerSecond / 10;
        bool any = false;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
          c.nanosecond += (text.front() - '0') * scale;
          scale /= 10;
          text.remove_prefix(1);
          any = true;
        }
        if (!any) {
          return bad();
        }
      }
    }
  }
  std::int64_t offset_minutes = 0;
  if (!take(text, 'Z') && !text.empty()) {
    const bool negative = text.front() == '-';
    int hours = 0;
    int minutes = 0;
    if ((!take(text, '+') && !take(text, '-')) || !take_digits(text, 2, hours)) {
      return bad();
    }
    take(text, ':');
    if (!text.empty() && !take_digits(text, 2, minutes)) {
      return bad();
    }
    offset_minutes = (hours * 60 + minutes) * (negative ? -1 : 1);
  }
  if (!text.empty() || !is_valid(c)) {
    return bad();
  }
  return to_instant(c) - Duration::seconds(offset_minutes * 60);
}

}  // namespace halfcycle
