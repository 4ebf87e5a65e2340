// SPDX-License-Identifier: Apache-2.0
#include "quality/transient.hpp"

#include <cmath>

namespace halfcycle::quality {

void TransientDetector::push(std::size_t channel, double peak_volts, Instant first, Instant last,
                             double sample_seconds) {
  Open& open = open_[channel];
  if (peak_volts == 0.0) {
    close(open);
    return;
  }
  TransientEvent& event = open.event;
  if (!open.active) {
    open.active = true;
    event = TransientEvent{};
    event.channel = static_cast<int>(channel);
    event.start = first;
  }
  if (std::abs(peak_volts) > std::abs(event.peak_volts)) {
    event.peak_volts = peak_volts;
  }
  event.end = last;
  event.duration_seconds = (event.end - event.start).to_seconds() + sample_seconds;
}

void TransientDetector::close(Open& open) {
  if (open.active) {
    open.active = false;
    sink_(open.event);
  }
}

void TransientDetector::interrupt() {
  for (Open& open : open_) {
    close(open);
  }
}

}  // namespace halfcycle::quality
