// SPDX-License-Identifier: Apache-2.0
// What a running program tells its operator. The sink is handed to whoever may have something to
// say; nobody logs on a measuring thread, where counters are kept in its place.
//
//   log.write(LogLevel::Warning, "store", "disk is full: …; free space or lower [store]
//   max_bytes");
//
// A message says what happened and, from Warning up, what to do. It is said once when a state
// begins and once when it ends, not as long as it lasts.
#pragma once

#include <cstdint>
#include <string_view>

namespace halfcycle {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

/// Called from any thread; does not throw and does not block for long.
class Log {
 public:
  virtual ~Log() = default;
  /// `area`: "run", "meter feeder-1", "store", "web", "modbus".
  virtual void write(LogLevel level, std::string_view area, std::string_view message) = 0;
};

/// Says nothing.
class NoLog final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*area*/, std::string_view /*message*/) override {
  }
};

}  // namespace halfcycle
