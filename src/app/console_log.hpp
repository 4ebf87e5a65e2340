// SPDX-License-Identifier: Apache-2.0
// What a running program says, on standard error: a line a message. Under systemd with the priority
// that its journal knows, else with the time.
//
//   ConsoleLog log(LogLevel::Info);
//   log.hold(true);                // a table has the terminal: messages wait and are shown in it
//   log.latest(3);
//   log.hold(false);               // what waited is written now
//
// Threads: any.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace halfcycle::app {

class ConsoleLog final : public Log {
 public:
  /// Messages below `least` are not written.
  explicit ConsoleLog(LogLevel least);
  void write(LogLevel level, std::string_view area, std::string_view message) override;

  /// True: nothing is written while standard error is the terminal that shows the table.
  void hold(bool on);
  /// The latest messages, oldest first, as lines without their end.
  [[nodiscard]] std::vector<std::string> latest(std::size_t count) const;

 private:
  const LogLevel least_;
  const bool journal_;
  mutable std::mutex mutex_;
  bool held_ = false;
  std::size_t unwritten_ = 0;
  std::deque<std::string> lines_;
};

}  // namespace halfcycle::app
