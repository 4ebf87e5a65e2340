// SPDX-License-Identifier: Apache-2.0
#include "formats/sv_sequence.hpp"

#include <algorithm>
#include <cmath>

namespace halfcycle::formats {
namespace {

constexpr double kGlobalUncertaintySeconds = 1e-6;  // IEC 61869-9 §6.904.8, 61850-5 class T5
constexpr double kUnknownUncertaintySeconds = 1.0;
// Frames of one sender arrive within this of each other's times; a clock of a capture as well.
constexpr double kJitterSeconds = 0.05;
// A local clock that is so close to the receiver's is taken to count from the full second.
constexpr double kLocalAgreesSeconds = 0.1;
// Unsynchronised samples that have drifted so far are placed anew.
constexpr double kDriftSeconds = 0.02;

}  // namespace

SvSequence::Clock SvSequence::clock_of(std::uint8_t smp_synch) {
  // IEC 61869-9 table 907: 3, 4 and 255 are reserved.
  return smp_synch == 2                                           ? Clock::Global
         : smp_synch == 1 || (smp_synch >= 5 && smp_synch <= 254) ? Clock::Local
                                                                  : Clock::None;
}

Instant SvSequence::instant_of(const SvAsdu& asdu, Instant coarse, Clock clock) const {
  if (clock == Clock::None) {
    return coarse;
  }
  const Duration into_second = Duration::from_seconds(asdu.smp_cnt * seconds_per_sample_);
  const Instant by_count =
      (coarse - into_second + Duration::ms(500)).floor_to(Duration::seconds(1)) + into_second;
  const bool agrees = std::abs((coarse - by_count).to_seconds()) <= kLocalAgreesSeconds;
  return clock == Clock::Global || agrees ? by_count : coarse;
}

Instant SvSequence::expected() const {
  return start_ + Duration::from_seconds(static_cast<double>(count_) * seconds_per_sample_);
}

void SvSequence::begin(SvPlace& place, SvPlace::Kind kind, Instant at) {
  place.kind = kind;
  place.at = at;
  start_ = at;
  count_ = 0;
  watched_ = 0;
}

// A stream that gains or loses its clock is placed by the new one; one that drifts, or whose second
// the receiver's clock has changed its mind about, is placed anew.
void SvSequence::follow_clocks(SvPlace& place, const SvAsdu& asdu, Instant coarse, Clock clock) {
  const Instant now = expected();
  if (clock != clock_ && clock == Clock::Global) {
    if (const Instant at = instant_of(asdu, coarse, clock); at != now) {
      begin(place, SvPlace::Kind::ClockStep, at);
      return;
    }
  }
  const Duration delay = coarse - now;
  least_delay_ = watched_ == 0 ? delay : std::min(least_delay_, delay);
  if (++watched_ < rate_) {
    return;
  }
  watched_ = 0;
  const double off = least_delay_.to_seconds();
  if (clock == Clock::Global) {
    if (const auto seconds = std::llround(off); seconds != 0) {
      begin(place, SvPlace::Kind::ClockStep, now + Duration::seconds(seconds));
    }
  } else if (std::abs(off) > (clock == Clock::Local ? kLocalAgreesSeconds : kDriftSeconds)) {
    begin(place, SvPlace::Kind::ClockStep, now + least_delay_);
  }
}

SvPlace SvSequence::place(const SvAsdu& asdu, Instant received) {
  SvPlace place;
  if (asdu.smp_cnt >= rate_) {
    place.kind = SvPlace::Kind::Beyond;
    return place;
  }
  const Clock clock = clock_of(asdu.smp_synch);
  const Instant coarse = asdu.refr_tm.value_or(received);
  place.quality.clock_ok = clock == Clock::Global;
  place.quality.uncertainty_seconds =
      clock == Clock::Global ? kGlobalUncertaintySeconds : kUnknownUncertaintySeconds;
  place.second_by_receiver = !asdu.refr_tm;

  if (!any_) {
    any_ = true;
    begin(place, SvPlace::Kind::First, instant_of(asdu, coarse, clock));
  } else {
    const int step = (asdu.smp_cnt - previous_ + rate_) % rate_;
    const double apart = (received - previous_received_).to_seconds();
    // Whole seconds that were lost do not show in smpCnt but in the receiver's clock.
    const auto seconds =
        static_cast<std::int64_t>(std::max(0.0, std::round(apart - step * seconds_per_sample_)));
    const auto forward = static_cast<std::uint64_t>(step) +
                         static_cast<std::uint64_t>(seconds) * static_cast<std::uint64_t>(rate_);
    if (forward == 0) {
      place.kind = SvPlace::Kind::Repeated;
      return place;
    }
    const int back = rate_ - step;
    if (back * seconds_per_sample_ <= kJitterSeconds && std::abs(apart) <= kJitterSeconds) {
      place.kind = SvPlace::Kind::Late;
      return place;
    }
    const double missing = apart - static_cast<double>(forward) * seconds_per_sample_;
    if (forward == 1) {
      follow_clocks(place, asdu, coarse, clock);
    } else if (std::abs(missing) <= std::max(kJitterSeconds, 0.01 * apart)) {
      place.lost = forward - 1;
      count_ += place.lost;
      // What synchronised counts say holds across the gap, too.
      const bool counted = clock == Clock::Global && clock_ == Clock::Global;
      const Instant at = counted ? expected() : instant_of(asdu, coarse, clock);
      begin(place, SvPlace::Kind::Gap, at);
    } else if (std::abs(apart) <= kJitterSeconds) {
      // The merging unit counts anew, the samples go on.
      begin(place, SvPlace::Kind::ClockStep, instant_of(asdu, coarse, clock));
    } else {
      place.lost =
          static_cast<std::uint64_t>(std::max(1.0, std::round(apart / seconds_per_sample_) - 1.0));
      begin(place, SvPlace::Kind::Gap, instant_of(asdu, coarse, clock));
    }
  }
  ++count_;
  previous_ = asdu.smp_cnt;
  previous_received_ = received;
  clock_ = clock;
  return place;
}

}  // namespace halfcycle::formats
