// SPDX-License-Identifier: Apache-2.0
// Absolute time and spans of time, in integer nanoseconds. UTC as POSIX counts it (a leap second
// has no number of its own). Range of an Instant: 1678 to 2262.
//
//   Instant t = Instant::from_unix_ns(0) + Duration::seconds(90);
//   to_iso8601(t) == "1970-01-01T00:01:30.000000000Z"
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace halfcycle {

class Duration {
 public:
  constexpr Duration() = default;
  [[nodiscard]] static constexpr Duration ns(std::int64_t n) { return Duration(n); }
  [[nodiscard]] static constexpr Duration us(std::int64_t n) { return Duration(n * 1000); }
  [[nodiscard]] static constexpr Duration ms(std::int64_t n) { return Duration(n * 1000000); }
  [[nodiscard]] static constexpr Duration seconds(std::int64_t n) {
    return Duration(n * 1000000000);
  }
  /// Rounds to the nearest nanosecond; the caller keeps |s| below 9.2e9.
  [[nodiscard]] static Duration from_seconds(double s);

  [[nodiscard]] constexpr std::int64_t count_ns() const { return ns_; }
  [[nodiscard]] constexpr double to_seconds() const { return static_cast<double>(ns_) * 1e-9; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator-() const { return Duration(-ns_); }
  constexpr Duration operator+(Duration o) const { return Duration(ns_ + o.ns_); }
  constexpr Duration operator-(Duration o) const { return Duration(ns_ - o.ns_); }
  constexpr Duration operator*(std::int64_t k) const { return Duration(ns_ * k); }
  constexpr Duration& operator+=(Duration o) {
    ns_ += o.ns_;
    return *this;
  }

 private:
  constexpr explicit Duration(std::int64_t n) : ns_(n) {}
  std::int64_t ns_ = 0;
};

class Instant {
 public:
  constexpr Instant() = default;
  [[nodiscard]] static constexpr Instant from_unix_ns(std::int64_t n) { return Instant(n); }

  [[nodiscard]] constexpr std::int64_t unix_ns() const { return ns_; }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return Instant(ns_ + d.count_ns()); }
  constexpr Instant operator-(Duration d) const { return Instant(ns_ - d.count_ns()); }
  constexpr Duration operator-(Instant o) const { return Duration::ns(ns_ - o.ns_); }
  constexpr Instant& operator+=(Duration d) {
    ns_ += d.count_ns();
    return *this;
  }

  /// The latest multiple of `step` since 1970 that is not after this instant. step > 0.
  [[nodiscard]] Instant floor_to(Duration step) const;

 private:
  constexpr explicit Instant(std::int64_t n) : ns_(n) {}
  std::int64_t ns_ = 0;
};

/// A date and time of day as written in a file, before any zone is applied.
struct CivilTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  std::int64_t nanosecond = 0;
};

/// True if the date exists in the Gregorian calendar, the year fits an Instant and the time of day
/// is valid (second 60 is accepted and means the first of the next minute).
[[nodiscard]] bool is_valid(const CivilTime& civil);
/// civil must be valid.
[[nodiscard]] Instant to_instant(const CivilTime& civil);
[[nodiscard]] CivilTime to_civil(Instant instant);

/// "2015-09-17T10:52:53.065000000Z", always nine digits.
[[nodiscard]] std::string to_iso8601(Instant instant);
/// "10:52:53.065" for tables; `decimals` from 0 to 9.
[[nodiscard]] std::string to_time_of_day(Instant instant, int decimals);
/// Accepts "2015-09-17T10:52:53[.fraction][Z|±hh:mm]" with 'T' or a blank; without a zone UTC.
[[nodiscard]] Result<Instant> parse_iso8601(std::string_view text);

}  // namespace halfcycle
