// SPDX-License-Identifier: Apache-2.0
// A point between samples: absolute frame index and a fraction in units of 2^-64, so that a
// position is as exact after a year of samples as in the first second, and start + k·step does not
// drift. Also used for distances (steps).
//
//   SamplePosition start = SamplePosition::at(1000, 0.25);
//   SamplePosition step = SamplePosition::from_samples(512.3 / 512.0);
//   double d = (start + step * 512) - start;   // 512.3
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>

namespace halfcycle::signal {

class SamplePosition {
 public:
  constexpr SamplePosition() = default;

  /// `index` plus `offset` samples (any sign; |offset| < 2^62, finite).
  [[nodiscard]] static SamplePosition at(std::int64_t index, double offset) noexcept {
    const double whole = std::floor(offset);
    // 2^64 as a double is exact; a difference that rounds up to 1 becomes the next whole.
    const double scaled = (offset - whole) * 18446744073709551616.0;
    SamplePosition p;
    p.whole_ = index + static_cast<std::int64_t>(whole);
    if (scaled >= 18446744073709551616.0) {
      ++p.whole_;
    } else {
      p.fraction_ = static_cast<std::uint64_t>(scaled);
    }
    return p;
  }
  /// A distance of `samples` (finite, |samples| < 2^62).
  [[nodiscard]] static SamplePosition from_samples(double samples) noexcept {
    return at(0, samples);
  }

  /// Index of the frame at or before the position.
  [[nodiscard]] constexpr std::int64_t whole() const noexcept { return whole_; }
  /// Distance from that frame in units of 2^-64 of a sample.
  [[nodiscard]] constexpr std::uint64_t fraction_bits() const noexcept { return fraction_; }
  /// The same in samples, 0 ≤ f ≤ 1 (exact to 2^-53).
  [[nodiscard]] constexpr double fraction() const noexcept {
    return static_cast<double>(fraction_) * 0x1p-64;
  }
  /// As one double: exact to 2^-53 of its value only; for display and time maps.
  [[nodiscard]] constexpr double to_samples() const noexcept {
    return static_cast<double>(whole_) + fraction();
  }

  constexpr auto operator<=>(const SamplePosition&) const = default;

  [[nodiscard]] constexpr SamplePosition operator+(SamplePosition o) const noexcept {
    SamplePosition p;
    p.fraction_ = fraction_ + o.fraction_;
    p.whole_ = whole_ + o.whole_ + (p.fraction_ < fraction_ ? 1 : 0);
    return p;
  }
  [[nodiscard]] SamplePosition operator+(double samples) const noexcept {
    return *this + from_samples(samples);
  }
  /// `count` ≥ 0 times this distance, exactly.
  [[nodiscard]] constexpr SamplePosition operator*(std::uint64_t count) const noexcept {
    // 64 × 64 → 128 bits in halves, so that no compiler extension is needed.
    const std::uint64_t low = (fraction_ & 0xFFFFFFFFU) * (count & 0xFFFFFFFFU);
    const std::uint64_t mid1 = (fraction_ >> 32U) * (count & 0xFFFFFFFFU);
    const std::uint64_t mid2 = (fraction_ & 0xFFFFFFFFU) * (count >> 32U);
    const std::uint64_t high = (fraction_ >> 32U) * (count >> 32U);
    const std::uint64_t mid = (low >> 32U) + (mid1 & 0xFFFFFFFFU) + (mid2 & 0xFFFFFFFFU);
    SamplePosition p;
    p.fraction_ = (mid << 32U) | (low & 0xFFFFFFFFU);
    const std::uint64_t carry = high + (mid1 >> 32U) + (mid2 >> 32U) + (mid >> 32U);
    p.whole_ = whole_ * static_cast<std::int64_t>(count) + static_cast<std::int64_t>(carry);
    return p;
  }
  /// Distance in samples; exact to 2^-53 of the distance.
  [[nodiscard]] constexpr double operator-(SamplePosition o) const noexcept {
    const std::uint64_t f = fraction_ - o.fraction_;
    const std::int64_t w = whole_ - o.whole_ - (fraction_ < o.fraction_ ? 1 : 0);
    if (w < 0) {  // from the side of zero, so that small negative distances stay exact
      const std::int64_t whole_up = f == 0 ? w : w + 1;
      return static_cast<double>(whole_up) - static_cast<double>(std::uint64_t{0} - f) * 0x1p-64;
    }
    return static_cast<double>(w) + static_cast<double>(f) * 0x1p-64;
  }

 private:
  std::int64_t whole_ = 0;
  std::uint64_t fraction_ = 0;
};

}  // namespace halfcycle::signal
