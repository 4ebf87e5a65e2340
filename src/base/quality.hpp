// SPDX-License-Identifier: Apache-2.0
// What is known about a value besides its number. "Not available" is a value of its own: a quiet
// NaN in a double, never 0 and never a stale number.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace halfcycle {

inline constexpr double kNotAvailable = std::numeric_limits<double>::quiet_NaN();
[[nodiscard]] inline bool is_available(double value) { return !std::isnan(value); }

/// The four marks of a value; they are different facts and are never merged (DESIGN §3).
struct Marks {
  bool flagged = false;  ///< a dip, swell or interruption touched it (IEC 61000-4-30 §4.7)
  bool complete = true;  ///< all of its inputs were there
  bool clock_ok = true;  ///< UTC was within the limit of the class (IEC 61000-4-30 §4.6)
  bool sync_ok = true;   ///< the windows were locked to the frequency of the system

  bool operator==(const Marks&) const = default;
  /// The marks of an aggregate that has both as inputs.
  [[nodiscard]] constexpr Marks combined(const Marks& other) const {
    return {flagged || other.flagged, complete && other.complete, clock_ok && other.clock_ok,
            sync_ok && other.sync_ok};
  }
};

}  // namespace halfcycle
