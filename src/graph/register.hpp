// SPDX-License-Identifier: Apache-2.0
// What a register is: its class, the tick at which it is renewed, and a value as readers see it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/instant.hpp"
#include "base/quality.hpp"

namespace halfcycle::graph {

/// Class of a register, after the ION architecture. What "not available" is, by class:
///   Numeric … Enumerated   NaN in the number
///   Pulse                  cannot be unavailable: it comes or it does not
///   Time                   no instant
///   String, Calendar       empty text and NaN in the number
///   NumericArray           NaN in the element
///   Waveform, Event, Log   NaN; the number counts the records, which live in later rooms
enum class RegisterClass : std::uint8_t {
  Numeric,
  NumericBounded,
  Boolean,
  Enumerated,
  String,
  Pulse,
  Time,
  NumericArray,
  Waveform,
  Event,
  Log,
  Calendar,
};
inline constexpr std::size_t kRegisterClassCount = 12;
[[nodiscard]] std::string_view name(RegisterClass cls);  ///< "numeric", "numeric array", …

/// A set of register classes: what an input accepts.
class ClassMask {
 public:
  constexpr ClassMask() = default;
  constexpr ClassMask(RegisterClass cls)  // NOLINT(google-explicit-constructor): a set of one
      : bits_(static_cast<std::uint16_t>(1U << static_cast<unsigned>(cls))) {}
  [[nodiscard]] constexpr ClassMask operator|(ClassMask other) const {
    ClassMask both;
    both.bits_ = static_cast<std::uint16_t>(bits_ | other.bits_);
    return both;
  }
  [[nodiscard]] constexpr bool has(RegisterClass cls) const {
    return (bits_ & ClassMask(cls).bits_) != 0;
  }

 private:
  std::uint16_t bits_ = 0;
};
inline constexpr ClassMask kNumbers =
    ClassMask(RegisterClass::Numeric) | RegisterClass::NumericBounded;
inline constexpr ClassMask kNumbersAndStates =
    kNumbers | RegisterClass::Boolean | RegisterClass::Enumerated;

/// When the outputs of a module are renewed, fastest first. Event: only when something happens.
enum class Tick : std::uint8_t {
  HalfCycle,
  TenTwelveCycle,
  OneSecond,
  OneFiftyOneEightyCycle,
  TenSecond,
  TenMinute,
  TwoHour,
  Event,
};
inline constexpr std::size_t kTickCount = 8;
[[nodiscard]] constexpr std::size_t index(Tick tick) { return static_cast<std::size_t>(tick); }
[[nodiscard]] std::string_view name(Tick tick);  ///< "half-cycle", "1s", …, "event"

/// An output register of a compiled template, or one element of an array register.
struct RegisterRef {
  std::uint32_t index = 0;
  std::int32_t element = -1;  ///< offset in the array; -1: the register itself
  bool operator==(const RegisterRef&) const = default;
};

/// Instants travel in the same eight bytes as numbers. "No instant" is a value that no clock shows.
inline constexpr Instant kNoInstant = Instant::from_unix_ns(INT64_MIN);
[[nodiscard]] inline double instant_to_slot(Instant instant) {
  return std::bit_cast<double>(instant.unix_ns());
}
[[nodiscard]] inline Instant slot_to_instant(double slot) {
  return Instant::from_unix_ns(std::bit_cast<std::int64_t>(slot));
}

/// The value of a register at one moment, in the register's unit.
struct RegisterView {
  RegisterClass cls = RegisterClass::Numeric;
  double slot = kNotAvailable;  ///< use the functions below
  Instant time = kNoInstant;    ///< of the latest renewal; kNoInstant: never
  Marks marks;

  /// Numbers, states (0 or 1), ordinals of enumerations, the count of pulses, and of records.
  [[nodiscard]] double number() const { return cls == RegisterClass::Time ? kNotAvailable : slot; }
  [[nodiscard]] Instant instant() const {
    return cls == RegisterClass::Time ? slot_to_instant(slot) : kNoInstant;
  }
  [[nodiscard]] bool available() const {
    return cls == RegisterClass::Time ? instant() != kNoInstant : is_available(slot);
  }
};

}  // namespace halfcycle::graph
