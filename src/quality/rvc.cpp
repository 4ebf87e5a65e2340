// SPDX-License-Identifier: Apache-2.0
#include "quality/rvc.hpp"

#include <algorithm>
#include <cmath>

namespace halfcycle::quality {

RvcDetector::RvcDetector(const RvcSetup& setup, Sink sink)
    : setup_(setup),
      sink_(std::move(sink)),
      window_(std::clamp<std::size_t>(static_cast<std::size_t>(setup.half_cycles_per_second), 2,
                                      kMaxWindow)) {}

void RvcDetector::push(int channel, Instant start, Instant end, double u_rms_volts) {
  const auto index = static_cast<std::size_t>(channel);
  if (!setup_.watched[index]) {
    return;
  }
  Channel& c = channels_[index];
  if (!is_available(u_rms_volts)) {
    c.count = 0;
    c.steady = false;
    return;
  }
  c.unsteady_until = c.ends[c.next];  // the window that has just left the latest second
  c.volts[c.next] = u_rms_volts;
  c.ends[c.next] = end;
  renew_block(c, c.next);
  c.next = (c.next + 1) % window_;
  c.count = std::min(c.count + 1, window_);

  const bool was_steady = c.steady;
  const double mean_before = c.mean;
  evaluate(c);

  if (u_rms_volts < setup_.dip_threshold_ratio * setup_.reference_volts ||
      u_rms_volts > setup_.swell_threshold_ratio * setup_.reference_volts) {
    cancelled_ = true;
  }
  if (was_steady && !c.steady && proven_ && !active_) {
    c.mean = mean_before;
    begin(start);
  }
  if (active_) {
    c.delta_max = std::max(c.delta_max, std::abs(u_rms_volts - c.mean_before));
  }
  bool all_steady = true;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    all_steady = all_steady && (!setup_.watched[i] || channels_[i].steady);
  }
  if (all_steady) {
    if (active_) {
      finish_event();
    }
    proven_ = true;
    cancelled_ = false;
  }
}

void RvcDetector::renew_block(Channel& c, std::size_t slot) const {
  const std::size_t first = slot / kBlock * kBlock;
  const std::size_t last = std::min(first + kBlock, window_);
  Block block{.sum = c.volts[first], .low = c.volts[first], .high = c.volts[first]};
  for (std::size_t i = first + 1; i < last; ++i) {
    block.sum += c.volts[i];
    block.low = std::min(block.low, c.volts[i]);
    block.high = std::max(block.high, c.volts[i]);
  }
  c.blocks[slot / kBlock] = block;
}

void RvcDetector::evaluate(Channel& c) {
  if (c.count < window_) {
    c.steady = false;
    return;
  }
  double sum = 0.0;
  double low = c.blocks[0].low;
  double high = c.blocks[0].high;
  const std::size_t blocks = (window_ + kBlock - 1) / kBlock;
  for (std::size_t b = 0; b < blocks; ++b) {
    sum += c.blocks[b].sum;
    low = std::min(low, c.blocks[b].low);
    high = std::max(high, c.blocks[b].high);
  }
  c.mean = sum / static_cast<double>(window_);
  const double limit = setup_.reference_volts *
                       (active_ || !c.steady ? setup_.threshold_ratio - setup_.hysteresis_ratio
                                             : setup_.threshold_ratio);
  c.steady = high - c.mean <= limit && c.mean - low <= limit;
}

void RvcDetector::begin(Instant start) {
  active_ = true;
  event_start_ = start;
  for (Channel& c : channels_) {
    c.mean_before = c.mean;
    c.delta_max = 0.0;
  }
}

void RvcDetector::finish_event() {
  active_ = false;
  if (cancelled_) {
    return;
  }
  RapidVoltageChange change;
  change.start = event_start_;
  change.end = event_start_;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (!setup_.watched[i]) {
      continue;
    }
    const Channel& c = channels_[i];
    if (c.delta_max > change.delta_max_volts) {
      change.delta_max_volts = c.delta_max;
      change.worst_channel = static_cast<int>(i);
    }
    change.delta_steady_volts =
        std::max(change.delta_steady_volts, std::abs(c.mean - c.mean_before));
    change.end = std::max(change.end, c.unsteady_until);
  }
  change.duration_seconds = (change.end - change.start).to_seconds();
  sink_(change);
}

void RvcDetector::interrupt() {
  for (Channel& c : channels_) {
    c = Channel{};
  }
  proven_ = false;
  active_ = false;
  cancelled_ = false;
}

}  // namespace halfcycle::quality
