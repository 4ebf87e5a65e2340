// SPDX-License-Identifier: Apache-2.0
#include "quality/voltage_events.hpp"

#include <algorithm>
#include <limits>

namespace halfcycle::quality {
namespace {

constexpr Instant kDistantPast = Instant::from_unix_ns(std::numeric_limits<std::int64_t>::min());

}  // namespace

std::string_view name(EventType type) {
  switch (type) {
    case EventType::Dip:
      return "dip";
    case EventType::Swell:
      return "swell";
    case EventType::Interruption:
      return "interruption";
  }
  return "";
}

VoltageEventDetector::VoltageEventDetector(const VoltageEventSetup& setup, Sink sink, Sink started)
    : setup_(setup), sink_(std::move(sink)), started_(std::move(started)) {
  references_.fill(setup.reference_volts);
}

void VoltageEventDetector::set_limits(const VoltageEventSetup& setup, bool sliding) {
  setup_ = setup;
  if (!sliding) {
    references_.fill(setup.reference_volts);
  }
}

void VoltageEventDetector::set_reference(int phase, double volts) {
  if (volts > 0.0) {
    references_[static_cast<std::size_t>(phase)] = volts;
  }
}

bool VoltageEventDetector::starts(Kind kind, std::size_t phase, double volts) const {
  const double u = references_[phase];
  switch (kind) {
    case kDip:
      return volts < setup_.dip_threshold_ratio * u;
    case kSwell:
      return volts > setup_.swell_threshold_ratio * u;
    default:
      return volts < setup_.interruption_threshold_ratio * u;
  }
}

bool VoltageEventDetector::ends(Kind kind, std::size_t phase, double volts) const {
  const double u = references_[phase];
  switch (kind) {
    case kDip:
      return volts >= (setup_.dip_threshold_ratio + setup_.hysteresis_ratio) * u;
    case kSwell:
      return volts <= (setup_.swell_threshold_ratio - setup_.hysteresis_ratio) * u;
    default:
      return volts >= (setup_.interruption_threshold_ratio + setup_.hysteresis_ratio) * u;
  }
}

void VoltageEventDetector::push(int phase, Instant start, Instant end, double u_rms_volts) {
  const auto p = static_cast<std::size_t>(phase);
  if (!is_available(u_rms_volts) || !setup_.watched[p]) {
    return;
  }
  const bool first = !channels_[p].seen;
  channels_[p].seen = true;
  latest_ = std::max(latest_, end);
  for (const Kind kind : {kDip, kSwell, kInterruption}) {
    update(kind, p, start, end, u_rms_volts, first);
  }
}

void VoltageEventDetector::update(Kind kind, std::size_t phase, Instant start, Instant end,
                                  double volts, bool first) {
  Channel& channel = channels_[phase];
  const bool was_beyond = channel.beyond[kind];
  channel.beyond[kind] = was_beyond ? !ends(kind, phase, volts) : starts(kind, phase, volts);
  const bool begins = channel.beyond[kind] && !was_beyond;
  const bool returns = !channel.beyond[kind] && was_beyond;

  // An interruption takes all channels that exist, a dip or swell any of them.
  bool any = false;
  bool all = true;
  for (std::size_t p = 0; p < channels_.size(); ++p) {
    if (setup_.watched[p]) {
      any = any || channels_[p].beyond[kind];
      all = all && channels_[p].beyond[kind];
    }
  }
  const bool holds = kind == kInterruption ? all : any;

  if (holds && !open_[kind].active) {
    open(kind, phase, start, first);
  }
  Open& current = open_[kind];
  if (!current.active) {
    return;
  }
  VoltageEvent& event = current.event;
  PhaseEvent& own = event.phases[phase];
  if (channel.beyond[kind] || returns) {
    if (!own.involved) {
      own.involved = true;
      if (!first) {
        own.start = begins ? start : event.start;
      }
    }
    if (begins) {
      own.end.reset();
    }
    if (returns) {
      own.end = end;
    }
  }
  const bool more_extreme =
      kind == kSwell ? !(volts <= own.extreme_volts) : !(volts >= own.extreme_volts);
  if (own.involved && more_extreme) {
    own.extreme_volts = volts;
    const bool worst =
        kind == kSwell ? !(volts <= event.extreme_volts) : !(volts >= event.extreme_volts);
    if (worst) {
      event.extreme_volts = volts;
      event.worst_phase = static_cast<int>(phase);
    }
  }
  if (!holds) {
    close(kind, end);
  }
}

void VoltageEventDetector::open(Kind kind, std::size_t phase, Instant start, bool first) {
  Open& current = open_[kind];
  current.active = true;
  VoltageEvent& event = current.event;
  event = VoltageEvent{};
  event.type = kind == kDip     ? EventType::Dip
               : kind == kSwell ? EventType::Swell
                                : EventType::Interruption;
  if (!first) {
    event.start = start;
  }
  event.first_seen = start;
  event.worst_phase = static_cast<int>(phase);
  event.threshold_ratio = kind == kDip     ? setup_.dip_threshold_ratio
                          : kind == kSwell ? setup_.swell_threshold_ratio
                                           : setup_.interruption_threshold_ratio;
  event.hysteresis_ratio = setup_.hysteresis_ratio;
  event.reference_volts = references_[phase];
  event.line_to_line = setup_.line_to_line;
  // Channels that were below before this one completed an interruption belong to it from its start.
  for (std::size_t p = 0; p < channels_.size(); ++p) {
    if (p != phase && channels_[p].beyond[kind]) {
      event.phases[p].involved = true;
      event.phases[p].start = event.start;
    }
  }
  if (started_) {
    started_(event);
  }
}

void VoltageEventDetector::close(Kind kind, std::optional<Instant> end) {
  Open& current = open_[kind];
  VoltageEvent& event = current.event;
  event.end = end;
  if (event.start && event.end) {
    event.duration_seconds = (*event.end - *event.start).to_seconds();
  }
  if (kind == kInterruption && end) {
    for (PhaseEvent& phase : event.phases) {
      if (phase.involved && !phase.end) {
        phase.end = end;
      }
    }
  }
  current.active = false;
  remember(event, end.value_or(latest_));
  sink_(event);
}

void VoltageEventDetector::remember(const VoltageEvent& event, Instant end) {
  recent_[recent_next_ % recent_.size()] = {event.start.value_or(kDistantPast), end};
  ++recent_next_;
}

void VoltageEventDetector::interrupt() {
  for (const Kind kind : {kDip, kSwell, kInterruption}) {
    if (open_[kind].active) {
      close(kind, std::nullopt);
    }
  }
  channels_ = {};
}

bool VoltageEventDetector::any_active() const {
  return std::any_of(open_.begin(), open_.end(), [](const Open& o) { return o.active; });
}

bool VoltageEventDetector::touched(Instant start, Instant end) const {
  for (const Open& current : open_) {
    if (current.active && current.event.start.value_or(kDistantPast) < end) {
      return true;
    }
  }
  const std::size_t known = std::min(recent_next_, recent_.size());
  return std::any_of(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(known),
                     [&](const Span& s) { return s.start < end && s.end > start; });
}

}  // namespace halfcycle::quality
