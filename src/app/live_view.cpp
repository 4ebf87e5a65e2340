// SPDX-License-Identifier: Apache-2.0
#include "app/live_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "app/output.hpp"

namespace halfcycle::app {
namespace {

constexpr double kRedrawSeconds = 0.2;  // five times a second at most (UI.md, principle 1)
constexpr std::size_t kEventsShown = 6;
constexpr std::size_t kLinesBetweenHeads = 20;

// No wrapping meanwhile: what a narrow window cannot show is cut off and does not break the rows.
constexpr std::string_view kAlternateScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kNormalScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearToEndOfLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

}  // namespace

LiveView::LiveView(LiveHeader header, Wiring wiring, LiveFeed::Columns columns, bool quiet)
    : screen_(detect_screen(STDOUT_FILENO)),
      header_(std::move(header)),
      wiring_(wiring),
      redraw_(screen_.terminal && screen_.colour && !quiet),
      quiet_(quiet) {
  window_.set_columns(std::move(columns.window));
  second_.set_columns(std::move(columns.second));
  if (redraw_) {
    put(kAlternateScreen);
  } else if (!quiet_) {
    put(header_.source + '\n' + header_.system + '\n' + header_.services);
  }
}

void LiveView::show(const LiveFeed::Message& message) {
  const auto row = [&](const LiveValues& values) {
    return meter::Row{.interval = metrology::Interval::TenTwelveCycle,
                      .start = message.end,
                      .end = message.end,
                      .marks = message.marks,
                      .values = std::span(message.values).first(values.column_count())};
  };
  switch (message.kind) {
    case LiveFeed::Message::Kind::Window:
      window_.update(row(window_));
      new_values_ = true;
      break;
    case LiveFeed::Message::Kind::Second:
      second_.update(row(second_));
      if (!redraw_ && !quiet_) {
        std::string text;
        if (lines_++ % kLinesBetweenHeads == 0) {
          text = live_line_head(wiring_);
        }
        put(text + render_live_line(second_, wiring_));
      }
      break;
    case LiveFeed::Message::Kind::Event:
      ++event_count_;
      events_.push_front(message.event);
      if (events_.size() > kEventsShown) {
        events_.pop_back();
      }
      if (!redraw_) {
        put(event_line(screen_, message.event) + '\n');
      }
      break;
  }
}

void LiveView::refresh(const std::vector<std::string>& notes) {
  const double now = monotonic_seconds();
  if (redraw_ && new_values_ && now - drawn_seconds_ >= kRedrawSeconds) {
    new_values_ = false;
    drawn_seconds_ = now;
    draw(notes);
  }
}

void LiveView::leave() {
  if (redraw_) {
    put(kNormalScreen);
    redraw_ = false;
    if (window_.any()) {
      put(render_live_screen(screen_, header_, window_, wiring_, events_, event_count_));
    }
  }
}

void LiveView::draw(const std::vector<std::string>& notes) {
  screen_ = detect_screen(STDOUT_FILENO);
  std::string lines = render_live_screen(screen_, header_, window_, wiring_, events_, event_count_);
  const auto width = static_cast<std::size_t>(std::max(screen_.columns - 1, 20));
  for (const std::string& note : notes) {
    lines += styled(screen_, Style::Dim, shortened(note, width, screen_.unicode)) + '\n';
  }
  std::string text(kHome);
  int row = 1;
  for (const char c : lines) {
    if (c == '\n') {
      text += kClearToEndOfLine;
      if (++row > screen_.rows) {
        break;
      }
    }
    text += c;
  }
  text += kClearBelow;
  put(text);
}

void LiveView::put(std::string_view text) {
  StandardOutput out;
  out.write(text);
  if (!out.flush() && !output_ended_) {
    output_ended_ = true;
    output_ = out.close();
  }
}

}  // namespace halfcycle::app
