// SPDX-License-Identifier: Apache-2.0
// Rapid voltage changes, IEC 61000-4-30 §5.11, from Urms(1/2).
//
//   RvcDetector detector(setup, [](const RapidVoltageChange& c) { … });
//   detector.push(channel, start, end, u_rms_half_volts);
//
// A channel is steady while its latest second of Urms(1/2) lies within the threshold around its own
// arithmetic mean; inside an event the threshold shrinks by the hysteresis. An event runs from the
// first channel that leaves the steady state until all are back in it, less the second that proves
// it. Look-ahead: nothing is reported before the event's end plus one second; changes less than a
// second apart are one; what crosses a dip or swell threshold meanwhile is none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/instant.hpp"
#include "base/quality.hpp"

namespace halfcycle::quality {

struct RapidVoltageChange {
  Instant start;  ///< start of the window that left the steady state
  Instant end;    ///< end of the last window before the steady second
  double duration_seconds = 0.0;
  double delta_max_volts = 0.0;     ///< ΔUmax: largest |U − mean before| of any channel
  double delta_steady_volts = 0.0;  ///< ΔUss: largest |mean after − mean before| of any channel
  int worst_channel = 0;            ///< the one with ΔUmax
};

struct RvcSetup {
  double reference_volts = 230.0;
  double threshold_ratio = 0.05;    ///< of the reference; the standard suggests 1 to 6 %
  double hysteresis_ratio = 0.025;  ///< of the reference; the standard suggests half the threshold
  double dip_threshold_ratio = 0.90;
  double swell_threshold_ratio = 1.10;
  int half_cycles_per_second = 100;  ///< 100 at 50 Hz, 120 at 60 Hz
  std::array<bool, 3> watched{true, true, true};
  bool operator==(const RvcSetup&) const = default;
};

/// Not thread-safe; no allocation.
class RvcDetector {
 public:
  using Sink = std::function<void(const RapidVoltageChange&)>;
  RvcDetector(const RvcSetup& setup, Sink sink);

  /// One Urms(1/2) of one channel, windows of a channel in order. NaN restarts the proof of its
  /// steady state.
  void push(int channel, Instant start, Instant end, double u_rms_volts);
  /// Samples are missing from here on: an event in progress is dropped, and the first second after
  /// it only proves the steady state.
  void interrupt();

 private:
  static constexpr std::size_t kMaxWindow = 128;
  /// Values are looked at in blocks, so that a new one costs a block and not a second of them.
  static constexpr std::size_t kBlock = 8;
  struct Block {
    double sum = 0.0;
    double low = 0.0;
    double high = 0.0;
  };
  struct Channel {
    std::array<double, kMaxWindow> volts{};
    std::array<Instant, kMaxWindow> ends{};
    std::array<Block, kMaxWindow / kBlock> blocks{};
    Instant unsteady_until;
    std::size_t count = 0;  ///< values held, at most one second of them
    std::size_t next = 0;
    bool steady = false;
    double mean = 0.0;
    double mean_before = 0.0;  ///< the last mean while steady
    double delta_max = 0.0;
  };

  void renew_block(Channel& channel, std::size_t slot) const;
  void evaluate(Channel& channel);
  void begin(Instant start);
  void finish_event();

  RvcSetup setup_;
  Sink sink_;
  std::size_t window_;
  std::array<Channel, 3> channels_{};
  bool proven_ = false;  ///< all channels were steady once since the start
  bool active_ = false;
  bool cancelled_ = false;  ///< a dip or swell threshold was crossed
  Instant event_start_;
};

}  // namespace halfcycle::quality
