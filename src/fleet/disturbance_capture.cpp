// SPDX-License-Identifier: Apache-2.0
#include "fleet/disturbance_capture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halfcycle::fleet {
namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

std::size_t bytes_of(const WaveformSnapshot& picture) {
  return picture.frames.capacity() * sizeof(float);
}

}  // namespace

DisturbanceCapture::DisturbanceCapture(std::shared_ptr<RunningMeter> meter, const FleetSetup& setup)
    : meter_(std::move(meter)),
      before_cycles_(setup.capture_before_cycles),
      after_cycles_(setup.capture_after_cycles),
      max_seconds_(setup.capture_max_seconds) {}

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
  std::vector<Instant> growing;
  for (Open& open : open_) {
    if (open.active) {
      copy(open);
    }
    if (open.active && open.next < open.last) {
      wanted = std::min(wanted, open.next);
      growing.push_back(open.picture.start);
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    growing_ = std::move(growing);
  }
  meter_->notices_done(notices_, wanted);
}

void DisturbanceCapture::begin(const quality::VoltageEvent& event) {
  Open& open = open_[static_cast<std::size_t>(event.type)];
  open = Open{};
  const auto segment = meter_->ring().segment_at(event.first_seen);
  if (!segment) {
    return;
  }
  const double cycle = 1.0 / meter_->identity().system.nominal_frequency_hertz;
  open.active = true;
  open.segment = segment->first;
  open.from =
      segment->position_of(event.first_seen - Duration::from_seconds(before_cycles_ * cycle));
  open.next = open.from;
  open.last = open.from + static_cast<std::uint64_t>(std::ceil(max_seconds_ * segment->rate_hertz));
  open.end = kUnknown;
  open.picture.start = segment->instant_of(open.from);
  open.picture.rate_hertz = segment->rate_hertz;
  open.picture.inputs = segment->inputs;
  open.picture.lanes = meter_->ring().lanes();
}

void DisturbanceCapture::end(const quality::VoltageEvent& event) {
  Open& open = open_[static_cast<std::size_t>(event.type)];
  if (!open.active) {
    return;
  }
  open.ended = true;
  const auto segment = meter_->ring().segment_from(open.segment);
  if (event.end && segment) {
    const double cycle = 1.0 / meter_->identity().system.nominal_frequency_hertz;
    const double seconds = (*event.end - segment->start).to_seconds() + after_cycles_ * cycle;
    open.end = segment->first +
               static_cast<std::uint64_t>(std::max(0.0, std::ceil(seconds * segment->rate_hertz)));
  } else {
    open.end = meter_->ring().written();
  }
}

void DisturbanceCapture::copy(Open& open) {
  const auto segment = meter_->ring().segment_from(open.segment);
  const std::uint64_t there = segment ? segment->end : open.next;
  const std::uint64_t until = std::min({there, open.last, open.end});
  if (until > open.next) {
    const bool empty = open.picture.frames.empty();
    const std::uint64_t first = meter_->ring().copy(open.next, until, open.picture.frames);
    if (first > open.next && !empty) {
      // Samples in the middle are gone: what came before them is all that there is.
      open.picture.frames.resize((open.next - open.from) * open.picture.lanes);
      open.last = open.next;
    } else {
      open.from = empty ? first : open.from;
      open.next = until;
    }
    if (segment) {
      open.picture.start = segment->instant_of(open.from);
    }
  }
  const bool no_more = !segment || !segment->open;
  if (open.ended && (no_more || open.next >= std::min(open.end, open.last))) {
    close(open);
  }
}

void DisturbanceCapture::close(Open& open) {
  open.active = false;
  if (open.picture.frames.empty()) {
    return;
  }
  open.picture.frames.shrink_to_fit();
  const std::scoped_lock lock(mutex_);
  done_.push_back({std::move(open.picture), monotonic_ns()});
}

void DisturbanceCapture::finish() {
  work();
  for (Open& open : open_) {
    if (open.active) {
      close(open);
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    growing_.clear();
  }
  meter_->notices_done(notices_, kUnknown);
}

std::optional<WaveformSnapshot> DisturbanceCapture::find(Instant from, Instant to) const {
  const std::scoped_lock lock(mutex_);
  if (std::any_of(growing_.begin(), growing_.end(),
                  [&](Instant begin) { return begin >= from && begin < to; })) {
    return std::nullopt;
  }
  const Done* best = nullptr;
  double best_seconds = 0.0;
  const auto end_of = [](const WaveformSnapshot& picture) {
    return picture.start +
           Duration::from_seconds(static_cast<double>(picture.frame_count()) / picture.rate_hertz);
  };
  for (const Done& done : done_) {
    const double seconds =
        (std::min(to, end_of(done.picture)) - std::max(from, done.picture.start)).to_seconds();
    if (seconds > best_seconds) {
      best_seconds = seconds;
      best = &done;
    }
  }
  if (best == nullptr) {
    return std::nullopt;
  }
  const WaveformSnapshot& all = best->picture;
  const auto frame_at = [&](Instant at) {
    const double frames = std::ceil((at - all.start).to_seconds() * all.rate_hertz - 1e-6);
    return static_cast<std::size_t>(
        std::clamp(frames, 0.0, static_cast<double>(all.frame_count())));
  };
  WaveformSnapshot cut;
  const std::size_t first = frame_at(from);
  const std::size_t last = frame_at(to);
  cut.start = all.start + Duration::from_seconds(static_cast<double>(first) / all.rate_hertz);
  cut.rate_hertz = all.rate_hertz;
  cut.inputs = all.inputs;
  cut.lanes = all.lanes;
  cut.frames.assign(all.frames.begin() + static_cast<std::ptrdiff_t>(first * all.lanes),
                    all.frames.begin() + static_cast<std::ptrdiff_t>(last * all.lanes));
  return cut.frames.empty() ? std::nullopt : std::optional(std::move(cut));
}

std::size_t DisturbanceCapture::bytes() const {
  const std::scoped_lock lock(mutex_);
  std::size_t bytes = 0;
  for (const Done& done : done_) {
    bytes += bytes_of(done.picture);
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
