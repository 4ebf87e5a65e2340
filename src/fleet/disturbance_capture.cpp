// SPDX-License-Identifier: Apache-2.0
#include "fleet/disturbance_capture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halfcycle::fleet {
namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();
// What is first seen of an event may move by some cycles while more of its phases show it.
constexpr Duration kSameEvent = Duration::ms(100);

std::size_t bytes_of(const WaveformSnapshot& picture) {
  return picture.frames.capacity() * sizeof(float) + picture.rms.values.capacity() * sizeof(float) +
         picture.rms.time.capacity() * sizeof(Instant);
}

}  // namespace

DisturbanceCapture::DisturbanceCapture(std::shared_ptr<RunningMeter> meter, const FleetSetup& setup)
    : meter_(std::move(meter)),
      wanted_(setup.capture_max_bytes > 0),
      before_cycles_(setup.capture_before_cycles),
      after_cycles_(setup.capture_after_cycles),
      max_seconds_(setup.capture_max_seconds),
      end_seconds_(setup.capture_end_seconds) {}

void DisturbanceCapture::work() {
  DisturbanceNotice notice;
  while (meter_->next_notice(notice)) {
    ++notices_;
    if (notice.ended) {
      end(notice.event);
    } else {
      begin(notice.event);
    }
  }
  std::uint64_t wanted = kUnknown;
  for (Open& open : open_) {
    if (!open.active) {
      continue;
    }
    const bool through = copy(open, open.beginning) && copy(open, open.ending);
    if (open.ended && through) {
      close(open);
      continue;
    }
    for (const Part* part : {&open.beginning, &open.ending}) {
      wanted = part->complete() ? wanted : std::min(wanted, part->next);
    }
  }
  meter_->notices_done(notices_, wanted);
}

DisturbanceCapture::Part DisturbanceCapture::part_at(const WaveformRing::Segment& segment,
                                                     std::uint64_t from, std::uint64_t end) const {
  Part part;
  part.from = part.next = from;
  part.end = end;
  part.picture.start = part.rms_until = segment.instant_of(from);
  part.picture.rate_hertz = segment.rate_hertz;
  part.picture.inputs = segment.inputs;
  part.picture.lanes = meter_->ring().lanes();
  return part;
}

void DisturbanceCapture::begin(const quality::VoltageEvent& event) {
  Open& open = open_[static_cast<std::size_t>(event.type)];
  open = Open{};
  if (!wanted_) {
    return;
  }
  const auto segment = meter_->ring().segment_at(event.first_seen);
  if (!segment) {
    return;
  }
  const double cycle = 1.0 / meter_->identity().system.nominal_frequency_hertz;
  open.active = true;
  open.type = event.type;
  open.first_seen = event.first_seen;
  open.segment = segment->first;
  const std::uint64_t from =
      segment->position_of(event.first_seen - Duration::from_seconds(before_cycles_ * cycle));
  open.beginning =
      part_at(*segment, from,
              from + static_cast<std::uint64_t>(std::ceil(max_seconds_ * segment->rate_hertz)));
}

void DisturbanceCapture::end(const quality::VoltageEvent& event) {
  Open& open = open_[static_cast<std::size_t>(event.type)];
  if (!open.active) {
    return;
  }
  open.ended = true;
  const auto segment = meter_->ring().segment_from(open.segment);
  if (!segment) {
    open.beginning.end = open.beginning.next;
    return;
  }
  const auto frames = [&](double seconds) {
    return static_cast<std::uint64_t>(std::max(0.0, std::ceil(seconds * segment->rate_hertz)));
  };
  const double cycle = 1.0 / meter_->identity().system.nominal_frequency_hertz;
  const std::uint64_t last =
      event.end ? segment->first +
                      frames((*event.end - segment->start).to_seconds() + after_cycles_ * cycle)
                : meter_->ring().written();
  const std::uint64_t back = frames(end_seconds_ + (event.end ? after_cycles_ * cycle : 0.0));
  const std::uint64_t from = std::max(segment->first, last - std::min(back, last));
  if (from <= open.beginning.end) {
    open.beginning.end = last;  // no longer than both parts together
    return;
  }
  open.ending = part_at(*segment, from, last);
}

bool DisturbanceCapture::copy(const Open& open, Part& part) {
  const auto segment = meter_->ring().segment_from(open.segment);
  const std::uint64_t until = std::min(segment ? segment->end : part.next, part.end);
  if (until > part.next) {
    const bool empty = part.picture.frames.empty();
    const std::uint64_t first = meter_->ring().copy(part.next, until, part.picture.frames);
    if (first > part.next && !empty) {
      // Samples in the middle are gone: what came before them is all that there is.
      part.picture.frames.resize((part.next - part.from) * part.picture.lanes);
      part.end = part.next;
    } else {
      part.from = empty ? first : part.from;
      part.next = until;
    }
    part.picture.start = segment->instant_of(part.from);
  }
  take_rms(part);
  return part.complete() || !segment || !segment->open;
}

// The values of a cycle come some milliseconds after its samples: the next round takes what this
// one does not find.
void DisturbanceCapture::take_rms(Part& part) {
  if (part.picture.frames.empty()) {
    return;
  }
  RmsTrace more = meter_->rms().between(part.rms_until, part.picture.end());
  if (!more.time.empty()) {
    RmsTrace& rms = part.picture.rms;
    part.rms_until = more.time.back();
    rms.time.insert(rms.time.end(), more.time.begin(), more.time.end());
    rms.values.insert(rms.values.end(), more.values.begin(), more.values.end());
  }
}

void DisturbanceCapture::close(Open& open) {
  open.active = false;
  Done done{.type = open.type, .first_seen = open.first_seen, .parts = {}, .at_ns = monotonic_ns()};
  for (Part* part : {&open.beginning, &open.ending}) {
    if (!part->picture.frames.empty()) {
      part->picture.frames.shrink_to_fit();
      done.parts.push_back(std::move(part->picture));
    }
  }
  if (!done.parts.empty()) {
    const std::scoped_lock lock(mutex_);
    done_.push_back(std::move(done));
  }
}

void DisturbanceCapture::finish() {
  work();
  for (Open& open : open_) {
    if (open.active) {
      close(open);
    }
  }
  meter_->notices_done(notices_, kUnknown);
}

std::vector<WaveformSnapshot> DisturbanceCapture::find(const quality::VoltageEvent& event) const {
  const std::scoped_lock lock(mutex_);
  const auto apart = [&](const Done& done) {
    const Duration by = done.first_seen - event.first_seen;
    return by < Duration() ? Duration() - by : by;
  };
  const Done* nearest = nullptr;
  for (const Done& done : done_) {
    if (done.type == event.type && apart(done) <= kSameEvent &&
        (nearest == nullptr || apart(done) < apart(*nearest))) {
      nearest = &done;
    }
  }
  return nearest == nullptr ? std::vector<WaveformSnapshot>() : nearest->parts;
}

std::size_t DisturbanceCapture::bytes() const {
  const std::scoped_lock lock(mutex_);
  std::size_t bytes = 0;
  for (const Done& done : done_) {
    for (const WaveformSnapshot& part : done.parts) {
      bytes += bytes_of(part);
    }
  }
  return bytes;
}

std::int64_t DisturbanceCapture::oldest_ns() const {
  const std::scoped_lock lock(mutex_);
  return done_.empty() ? RunningMeter::kNever : done_.front().at_ns;
}

void DisturbanceCapture::drop_oldest() {
  const std::scoped_lock lock(mutex_);
  if (!done_.empty()) {
    done_.pop_front();
  }
}

}  // namespace halfcycle::fleet
