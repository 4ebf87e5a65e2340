// SPDX-License-Identifier: Apache-2.0
#include "app/console_log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "app/live_plan.hpp"
#include "app/output.hpp"
#include "app/terminal.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kLinesKept = 100;

std::string_view level_name(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

// Priorities of sd-daemon(3).
std::string_view journal_prefix(LogLevel level) {
  constexpr std::array<std::string_view, 4> kPrefixes{"<7>", "<6>", "<4>", "<3>"};
  return kPrefixes[static_cast<std::size_t>(level)];
}

}  // namespace

ConsoleLog::ConsoleLog(LogLevel least)
    : least_(least),
      // Before any thread is started; nothing here changes the environment.
      journal_(std::getenv("JOURNAL_STREAM") != nullptr) {}  // NOLINT(concurrency-mt-unsafe)

void ConsoleLog::write(LogLevel level, std::string_view area, std::string_view message) {
  if (level < least_) {
    return;
  }
  std::string line = journal_
                         ? format("{}{}: {}", journal_prefix(level), area, printable(message))
                         : format("{} {:<7} {}: {}", to_iso8601(machine_time()).substr(0, 19) + 'Z',
                                  level_name(level), area, printable(message));
  const std::scoped_lock lock(mutex_);
  if (held_) {
    ++unwritten_;
  } else {
    print_message(line);
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesKept) {
    lines_.pop_front();
  }
}

void ConsoleLog::hold(bool on) {
  const std::scoped_lock lock(mutex_);
  held_ = on && ::isatty(STDERR_FILENO) != 0;
  if (!held_) {
    for (std::size_t i = lines_.size() - std::min(unwritten_, lines_.size()); i < lines_.size();
         ++i) {
      print_message(lines_[i]);
    }
    unwritten_ = 0;
  }
}

std::vector<std::string> ConsoleLog::latest(std::size_t count) const {
  const std::scoped_lock lock(mutex_);
  return {lines_.end() - static_cast<std::ptrdiff_t>(std::min(count, lines_.size())), lines_.end()};
}

}  // namespace halfcycle::app
