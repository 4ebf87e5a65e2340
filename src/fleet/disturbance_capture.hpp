// SPDX-License-Identifier: Apache-2.0
// Takes the samples around the dips, swells and interruptions of one meter out of its ring before
// they are overwritten.
//
//   DisturbanceCapture capture(meter, setup);
//   capture.work();                        // the attendant, every few hundredths of a second
//   auto picture = capture.find(from, to); // any thread, once the event has ended
//
// A capture begins some cycles before the event and ends some after it; of a long event it is the
// beginning. Samples on the other side of a gap are not part of it.
// Threads: work() and finish() belong to the attendant; find() is for any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
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
  /// What covers most of [from, to), cut to it; nothing as long as a capture that begins in there
  /// is not complete.
  [[nodiscard]] std::optional<WaveformSnapshot> find(Instant from, Instant to) const;
  /// Bytes kept; older ones can be let go with drop_oldest().
  [[nodiscard]] std::size_t bytes() const;
  /// When the oldest capture kept was complete, on the monotonic clock; kNever: there is none.
  [[nodiscard]] std::int64_t oldest_ns() const;
  void drop_oldest();

 private:
  static constexpr std::size_t kTypes = 3;
  struct Open {
    bool active = false;
    std::uint64_t segment = 0;  // its first position
    std::uint64_t from = 0;     // position of the first frame in `picture`
    std::uint64_t next = 0;     // position of the next one to copy
    std::uint64_t last = 0;     // copy no further: the bound of a long event
    std::uint64_t end = 0;      // behind the last frame wanted; unknown while the event lasts
    bool ended = false;
    WaveformSnapshot picture;
  };
  struct Done {
    WaveformSnapshot picture;
    std::int64_t at_ns = 0;
  };

  void begin(const quality::VoltageEvent& event);
  void end(const quality::VoltageEvent& event);
  void copy(Open& open);
  void close(Open& open);

  const std::shared_ptr<RunningMeter> meter_;
  const double before_cycles_;
  const double after_cycles_;
  const double max_seconds_;

  std::array<Open, kTypes> open_{};  // attendant
  std::uint64_t notices_ = 0;        // attendant: worked off

  mutable std::mutex mutex_;
  std::vector<Instant> growing_;  // guarded by mutex_: where captures begin that are not complete
  std::deque<Done> done_;         // guarded by mutex_
};

}  // namespace halfcycle::fleet
