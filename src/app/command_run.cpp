// SPDX-License-Identifier: Apache-2.0
// halfcycle run: a live meter whose values are on the terminal.
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "app/analysis.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/live_screen.hpp"
#include "app/number_text.hpp"
#include "app/output.hpp"
#include "base/format.hpp"
#include "source/open.hpp"
#include "source/simulator.hpp"

namespace halfcycle::app {
namespace {

using metrology::Interval;

constexpr double kRedrawSeconds = 0.2;  // five times a second at most (UI.md, principle 1)
constexpr double kBlockSeconds = 0.01;  // half a cycle at a time
constexpr std::size_t kEventsShown = 6;
constexpr std::size_t kLinesBetweenHeads = 20;
constexpr std::string_view kDefaultSource = "sim:feeder";

// No wrapping meanwhile: what a narrow window cannot show is cut off and does not break the rows.
constexpr std::string_view kAlternateScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kNormalScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearToEndOfLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

class LiveView {
 public:
  LiveView(const RunOptions& options, LiveHeader header, Wiring wiring)
      : screen_(detect_screen(STDOUT_FILENO)),
        header_(std::move(header)),
        wiring_(wiring),
        redraw_(screen_.terminal && screen_.colour),
        quiet_(options.quiet) {
    if (redraw_) {
      put(kAlternateScreen);
    } else if (!quiet_) {
      put(header_.source + '\n' + header_.system + '\n');
    }
  }
  ~LiveView() { leave(); }
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  LiveValues& values() { return values_; }
  /// Whoever reads standard output has gone, or it cannot be written.
  [[nodiscard]] bool output_ended() const { return output_ended_; }
  /// The error of standard output, if there was one; a reader that has gone is none.
  [[nodiscard]] const Result<void>& output() const { return output_; }

  /// After each 10/12-cycle interval.
  void on_window() {
    const double now = monotonic_seconds();
    if (redraw_ && now - drawn_seconds_ >= kRedrawSeconds) {
      draw();
      drawn_seconds_ = now;
    }
  }

  /// After each second of the signal.
  void on_second(const LiveValues& second) {
    if (redraw_ || quiet_) {
      return;
    }
    std::string text;
    if (lines_++ % kLinesBetweenHeads == 0) {
      text = live_line_head(wiring_);
    }
    put(text + render_live_line(second, wiring_));
  }

  void on_event(const quality::VoltageEvent& event) {
    ++event_count_;
    events_.push_front(event);
    if (events_.size() > kEventsShown) {
      events_.pop_back();
    }
    if (!redraw_) {
      put(event_line(screen_, event) + '\n');
    }
  }

  void leave() {
    if (redraw_) {
      put(kNormalScreen);
      redraw_ = false;
      // What was on the screen last stays to be read.
      if (values_.any()) {
        put(render_live_screen(screen_, header_, values_, wiring_, events_, event_count_));
      }
    }
  }

 private:
  void draw() {
    screen_ = detect_screen(STDOUT_FILENO);
    const std::string lines =
        render_live_screen(screen_, header_, values_, wiring_, events_, event_count_);
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

  void put(std::string_view text) {
    StandardOutput out;
    out.write(text);
    if (!out.flush() && !output_ended_) {
      output_ended_ = true;
      output_ = out.close();
    }
  }

  Screen screen_;
  LiveHeader header_;
  Wiring wiring_;
  LiveValues values_;
  std::deque<quality::VoltageEvent> events_;
  std::size_t event_count_ = 0;
  std::size_t lines_ = 0;
  double drawn_seconds_ = 0.0;
  bool redraw_;
  bool quiet_;
  bool output_ended_ = false;
  Result<void> output_;
};

// A simulated feeder at its own pace plays now; flat out it starts when its scenario says, so that
// the same values come each time.
Result<std::unique_ptr<source::Source>> open_live(const std::string& uri,
                                                  const RunOptions& options) {
  if (uri.starts_with("sim:") && options.speed > 0.0) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    source::SimulatorOverrides overrides;
    overrides.rate_hertz = options.measure.open.rate_hertz;
    overrides.start =
        Instant::from_unix_ns(std::int64_t{now.tv_sec} * 1000000000 + std::int64_t{now.tv_nsec});
    return source::open_simulator(uri, overrides);
  }
  return source::open_source(uri, options.measure.open);
}

}  // namespace

Result<int> run_command(const RunOptions& options) {
  const std::string uri = options.source.empty() ? std::string(kDefaultSource) : options.source;
  auto source = open_live(uri, options);
  if (!source) {
    return fail(source.error());
  }
  auto prepared = prepare_meter(*std::move(source), options.measure, false);
  if (!prepared) {
    return fail(prepared.error());
  }
  meter::Meter& meter = *prepared->meter;
  const SystemSetup& system = prepared->assumption.system;
  const source::SourceInfo& info = prepared->source->info();

  LiveHeader header;
  header.source = format("Halfcycle {} on {}", version(), printable(info.uri));
  const bool nominal_known = is_available(system.nominal_voltage_volts);
  header.system = format("{}, {}, {:g} Hz; Ctrl-C stops", name(system.wiring),
                         nominal_known ? with_unit(system.nominal_voltage_volts, Unit::Volt, 5,
                                                   detect_screen(STDOUT_FILENO).unicode)
                                       : std::string("no nominal voltage"),
                         system.nominal_frequency_hertz);
  LiveView view(options, header, system.wiring);
  auto columns = meter.observe(Interval::TenTwelveCycle,
                               LiveValues::labels(meter.columns(Interval::TenTwelveCycle)),
                               [&](const meter::Row& row) {
                                 view.values().update(row);
                                 view.on_window();
                               });
  if (!columns) {
    return fail(columns.error());
  }
  view.values().set_columns(*std::move(columns));
  LiveValues second;
  auto second_columns =
      meter.observe(Interval::OneSecond, LiveValues::labels(meter.columns(Interval::OneSecond)),
                    [&](const meter::Row& row) {
                      second.update(row);
                      view.on_second(second);
                    });
  if (!second_columns) {
    return fail(second_columns.error());
  }
  second.set_columns(*std::move(second_columns));
  if (nominal_known) {
    meter.on_event([&](const quality::VoltageEvent& event) { view.on_event(event); });
  }

  // A live source sets its own pace; all else is played at the pace that was asked for.
  const double began = monotonic_seconds();
  double signal_seconds = 0.0;
  const auto enough = [&] {
    return stop_requested() || view.output_ended() ||
           (options.duration_seconds && signal_seconds >= *options.duration_seconds);
  };
  const auto feed = [&](const SampleBlock& block) {
    meter.push(block);
    signal_seconds += static_cast<double>(block.frame_count) / block.time.rate_hertz;
    if (options.speed > 0.0 && !info.live) {
      sleep_seconds(signal_seconds / options.speed - (monotonic_seconds() - began));
    }
  };
  const auto frames =
      static_cast<std::size_t>(std::max(1.0, prepared->setup.sample_rate_hertz * kBlockSeconds));
  for (const StoredBlock& stored : prepared->head) {
    const SampleBlock whole = stored.view();
    for (std::size_t done = 0; done < whole.frame_count && !enough(); done += frames) {
      SampleBlock part = whole;
      part.frames = whole.frames + done * whole.lanes;
      part.frame_count = std::min(frames, whole.frame_count - done);
      part.first_index = whole.first_index + done;
      part.discontinuity = done == 0 ? whole.discontinuity : Discontinuity::None;
      feed(part);
    }
  }
  while (!enough()) {
    const auto block = prepared->source->read(frames);
    if (!block) {
      return fail(block.error());
    }
    if (!*block) {
      break;
    }
    feed(**block);
  }
  meter.finish();
  view.leave();
  if (!view.output()) {
    return fail(view.output().error());
  }
  return 0;
}

}  // namespace halfcycle::app
