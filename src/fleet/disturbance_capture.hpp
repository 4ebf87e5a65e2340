// SPDX-License-Identifier: Apache-2.0
// Takes the samples around the dips, swells and interruptions of one meter out of its ring before
// they are overwritten.
//
//   DisturbanceCapture capture(meter, setup);
//   capture.work();                        // the attendant, every few hundredths of a second
//   auto parts = capture.find(event);      // any thread, once the event has ended
//
// A capture begins some cycles before the event and ends some after it. Of a long event it is two:
// the beginning, and the end with the recovery. Samples on the other side of a gap are not part of
// it.
// Threads: work() and finish() belong to the attendant; find() is for any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "fleet/running_meter.hpp"

namespace halfcycle::fleet {

class DisturbanceCapture {
 public:
  DisturbanceCapture(std::shared_ptr<RunningMeter> meter, const FleetSetup& setup);

  /// Copies what has come for open captures and closes those that are complete.
  void work();
  /// The meter has stopped: closes all with what is there.
  void finish();
  /// What was kept of an event, in order of time: all of it in one, or its beginning and its end.
  /// Empty: not known, or not complete.
  [[nodiscard]] std::vector<WaveformSnapshot> find(const quality::VoltageEvent& event) const;
  /// Bytes kept; older ones can be let go with drop_oldest().
  [[nodiscard]] std::size_t bytes() const;
  /// When the oldest capture kept was complete, on the monotonic clock; kNever: there is none.
  [[nodiscard]] std::int64_t oldest_ns() const;
  void drop_oldest();

 private:
  static constexpr std::size_t kTypes = 3;
  /// A stretch that is being copied.
  struct Part {
    std::uint64_t from = 0;  // position of the first frame in `picture`
    std::uint64_t next = 0;  // position of the next one to copy
    std::uint64_t end = 0;   // behind the last one wanted
    WaveformSnapshot picture;
    Instant rms_until;  // windows up to here are in the picture
    [[nodiscard]] bool complete() const { return next >= end; }
  };
  struct Open {
    bool active = false;
    quality::EventType type{};
    Instant first_seen;
    std::uint64_t segment = 0;  // its first position
    bool ended = false;
    Part beginning, ending;  // the second is empty unless the event was long
  };
  struct Done {
    quality::EventType type{};
    Instant first_seen;
    std::vector<WaveformSnapshot> parts;
    std::int64_t at_ns = 0;
  };

  void begin(const quality::VoltageEvent& event);
  void end(const quality::VoltageEvent& event);
  [[nodiscard]] Part part_at(const WaveformRing::Segment& segment, std::uint64_t from,
                             std::uint64_t end) const;
  /// True once nothing more will come.
  bool copy(const Open& open, Part& part);
  void take_rms(Part& part);
  void close(Open& open);

  const std::shared_ptr<RunningMeter> meter_;
  const bool wanted_;  ///< otherwise notices are worked off and nothing is copied
  const double before_cycles_;
  const double after_cycles_;
  const double max_seconds_;
  const double end_seconds_;

  std::array<Open, kTypes> open_{};  // attendant
  std::uint64_t notices_ = 0;        // attendant: worked off

  mutable std::mutex mutex_;
  std::deque<Done> done_;  // guarded by mutex_
};

}  // namespace halfcycle::fleet
