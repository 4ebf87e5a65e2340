// SPDX-License-Identifier: Apache-2.0
// What `halfcycle run` shows of its first meter: a table that is redrawn in place, or a line a
// second where standard output is no terminal.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "app/live_feed.hpp"
#include "app/live_screen.hpp"
#include "app/terminal.hpp"
#include "base/result.hpp"
#include "quality/event.hpp"

namespace halfcycle::app {

class LiveView {
 public:
  /// quiet: events only.
  LiveView(LiveHeader header, Wiring wiring, LiveFeed::Columns columns, bool quiet);
  ~LiveView() { leave(); }
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  void show(const LiveFeed::Message& message);
  /// Draws the table if it is time; `notes` stand below it.
  void refresh(const std::vector<std::string>& notes);
  /// Gives the terminal back; what was shown last stays to be read.
  void leave();

  /// True: a table has the terminal.
  [[nodiscard]] bool has_terminal() const { return redraw_; }
  /// Whoever reads standard output has gone, or it cannot be written.
  [[nodiscard]] bool output_ended() const { return output_ended_; }
  /// The error of standard output, if there was one; a reader that has gone is none.
  [[nodiscard]] const Result<void>& output() const { return output_; }

 private:
  void draw(const std::vector<std::string>& notes);
  void put(std::string_view text);

  Screen screen_;
  LiveHeader header_;
  Wiring wiring_;
  LiveValues window_, second_;
  std::deque<quality::VoltageEvent> events_;
  std::size_t event_count_ = 0;
  std::size_t lines_ = 0;
  double drawn_seconds_ = 0.0;
  bool new_values_ = false;
  bool redraw_;
  bool quiet_;
  bool output_ended_ = false;
  Result<void> output_;
};

}  // namespace halfcycle::app
