// SPDX-License-Identifier: Apache-2.0
// Where the samples of one stream of sampled values lie in time: what is missing between two of
// them, which came twice or too late, and which instant each has.
//
//   SvSequence sequence(4000);
//   const SvPlace place = sequence.place(asdu, received);
//
// The time of a sample is its smpCnt: of a synchronised merging unit sample 0 is taken at the full
// second. The clock of the receiver, or refrTm where a frame carries it, only says which second.
// Streams that are not synchronised begin when they are received and follow the receiver's clock in
// steps (ClockStep) when they have drifted from it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "base/sample_block.hpp"
#include "formats/sv_frame.hpp"

namespace halfcycle::formats {

struct SvPlace {
  enum class Kind : std::uint8_t {
    Next,       ///< follows the sample before
    First,      ///< the first one
    Gap,        ///< `lost` samples are missing before it
    ClockStep,  ///< follows the sample before, but its time was corrected
    Repeated,   ///< came before: to be passed over
    Late,       ///< came after its successors: to be passed over
    Beyond,     ///< smpCnt is no count of this rate: to be passed over
  };
  Kind kind = Kind::Next;
  std::uint64_t lost = 0;
  Instant at;  ///< of the sample, where it begins a stretch: First, Gap, ClockStep
  TimeQuality quality;
  bool second_by_receiver = false;  ///< which second it is, only the receiver's clock says
};

class SvSequence {
 public:
  explicit SvSequence(int rate) : rate_(rate), seconds_per_sample_(1.0 / rate) {}

  /// received: by the clock of whoever received the frame.
  [[nodiscard]] SvPlace place(const SvAsdu& asdu, Instant received);

 private:
  enum class Clock : std::uint8_t { None, Local, Global };
  [[nodiscard]] static Clock clock_of(std::uint8_t smp_synch);
  [[nodiscard]] Instant instant_of(const SvAsdu& asdu, Instant coarse, Clock clock) const;
  [[nodiscard]] Instant expected() const;
  void begin(SvPlace& place, SvPlace::Kind kind, Instant at);
  void follow_clocks(SvPlace& place, const SvAsdu& asdu, Instant coarse, Clock clock);

  int rate_;
  double seconds_per_sample_;
  bool any_ = false;
  std::uint16_t previous_ = 0;
  Instant previous_received_;
  Clock clock_ = Clock::None;
  Instant start_;            // of the present stretch
  std::uint64_t count_ = 0;  // samples of it so far
  // The least that a sample of this second came after its time: what no queue has added to.
  Duration least_delay_;
  int watched_ = 0;
};

}  // namespace halfcycle::formats
