// SPDX-License-Identifier: Apache-2.0
// Dips, swells and interruptions from Urms(1/2), IEC 61000-4-30 §5.4 and §5.5.
//
//   VoltageEventDetector detector(setup, [](const VoltageEvent& e) { … });   // it has ended
//   detector.push(phase, start, end, u_rms_half_volts);     // every ½ cycle, channel by channel
//   detector.finish();                                      // the source has ended
//
// Each channel's windows may lie at its own zero crossings. One polyphase event runs from the first
// channel beyond its threshold to the last one back inside threshold plus hysteresis; an
// interruption from the last channel below its threshold to the first one back.
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "base/instant.hpp"
#include "quality/event.hpp"

namespace halfcycle::quality {

struct VoltageEventSetup {
  double reference_volts = 230.0;                 ///< Udin, or the sliding reference
  std::array<bool, 3> watched{true, true, true};  ///< channels that exist
  double dip_threshold_ratio = 0.90;
  double swell_threshold_ratio = 1.10;
  double interruption_threshold_ratio = 0.05;
  double hysteresis_ratio = 0.02;  ///< of the reference
  bool line_to_line = false;
};

/// Not thread-safe; no allocation. Events are handed over when they have ended, and to `started`
/// when they begin, with what is known by then.
class VoltageEventDetector {
 public:
  using Sink = std::function<void(const VoltageEvent&)>;
  VoltageEventDetector(const VoltageEventSetup& setup, Sink sink, Sink started = nullptr);

  /// Other limits from the next value on, also for an event in progress. Where the reference is not
  /// the sliding one, it is that of `setup` again.
  void set_limits(const VoltageEventSetup& setup, bool sliding);

  /// One Urms(1/2) of one channel (0, 1, 2) with its one-cycle window. NaN says nothing about the
  /// channel: its state stays what it was. Windows of one channel come in order.
  void push(int phase, Instant start, Instant end, double u_rms_volts);

  /// The sliding reference voltage of a channel, from here on (IEC 61000-4-30 §5.4.2).
  void set_reference(int phase, double volts);

  /// Samples are missing from here on: open events end with an unknown end, and what comes next
  /// is a first value again. Lost time never looks like an interruption.
  void interrupt();
  /// The source has ended: events still open are handed over without an end.
  void finish() { interrupt(); }

  /// True if a dip, swell or interruption known by now touched any part of [start, end). An event
  /// is known one cycle after it began: the caller asks no earlier than that.
  [[nodiscard]] bool touched(Instant start, Instant end) const;
  [[nodiscard]] bool any_active() const;

 private:
  enum Kind : std::size_t { kDip, kSwell, kInterruption, kKinds };
  struct Channel {
    bool seen = false;
    std::array<bool, kKinds> beyond{};  ///< past the threshold and not back past the hysteresis
  };
  struct Open {
    bool active = false;
    VoltageEvent event;
  };
  struct Span {
    Instant start;
    Instant end;
  };

  [[nodiscard]] bool starts(Kind kind, std::size_t phase, double volts) const;
  [[nodiscard]] bool ends(Kind kind, std::size_t phase, double volts) const;
  void update(Kind kind, std::size_t phase, Instant start, Instant end, double volts, bool first);
  void open(Kind kind, std::size_t phase, Instant start, bool first);
  void close(Kind kind, std::optional<Instant> end);
  void remember(const VoltageEvent& event, Instant end);

  VoltageEventSetup setup_;
  Sink sink_;
  Sink started_;
  std::array<double, 3> references_{};
  std::array<Channel, 3> channels_{};
  std::array<Open, kKinds> open_{};
  std::array<Span, 16> recent_{};  ///< ended events, newest overwrite oldest
  std::size_t recent_next_ = 0;
  Instant latest_;
};

}  // namespace halfcycle::quality
