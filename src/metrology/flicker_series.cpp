// SPDX-License-Identifier: Apache-2.0
#include "metrology/flicker_series.hpp"

#include <algorithm>

namespace halfcycle::metrology {

void FlickerSeries::begin() noexcept {
  settle();
  // At the first start nothing of an interval is there: what precedes the samples is not missing.
  if (began_) {
    flicker_.restart();
  }
  began_ = true;
}

void FlickerSeries::push(const float* frames, std::size_t count, std::size_t lanes) noexcept {
  if (closing_ && !flicker_.has_room(count)) {
    close_now();
  }
  if (!line_to_line_) {
    flicker_.take(frames, count, lanes);
    return;
  }
  constexpr std::size_t kPiece = 64;
  std::array<float, kPiece * 4> lines;
  for (std::size_t done = 0; done < count;) {
    const std::size_t piece = std::min(kPiece, count - done);
    for (std::size_t n = 0; n < piece; ++n) {
      const float* v = frames + (done + n) * lanes;
      float* line = lines.data() + n * 4;
      line[0] = v[0] - v[1];
      line[1] = v[1] - v[2];
      line[2] = v[2] - v[0];
      line[3] = 0.0F;
    }
    flicker_.take(lines.data(), piece, 4);
    done += piece;
  }
}

void FlickerSeries::close(Instant tick) noexcept {
  if (closing_) {
    close_now();
  }
  closing_ = true;
  tick_ = tick;
  close_at_ = flicker_.taken();
}

void FlickerSeries::close_now() noexcept {
  closing_ = false;
  flicker_.run_to(close_at_);
  const Flicker::Interval closed = flicker_.close_interval();
  latest_[1] = latest_[0];
  Interval& now = latest_[0];
  now.end = tick_;
  std::copy_n(closed.p_st.begin(), kPhases, now.p_st.begin());
  std::copy_n(closed.complete.begin(), kPhases, now.complete.begin());
}

void FlickerSeries::run_to(double frame) noexcept {
  const std::uint64_t block = flicker_.blocks_until(frame);
  if (closing_ && close_at_ <= block) {
    close_now();
  }
  flicker_.run_to(block);
}

void FlickerSeries::close_by(Instant now) noexcept {
  if (closing_ && tick_ <= now) {
    close_now();
  }
}

void FlickerSeries::settle() noexcept {
  if (closing_) {
    close_now();
  }
  flicker_.run_to(flicker_.taken());
}

const FlickerSeries::Interval* FlickerSeries::find(Instant tick) const noexcept {
  for (const Interval& interval : latest_) {
    if (interval.end == tick) {
      return &interval;
    }
  }
  return nullptr;
}

FlickerSeries::Phases FlickerSeries::p_inst_max(double from, double to) const noexcept {
  const Flicker::Values all = flicker_.p_inst_max(from, to);
  return {all[0], all[1], all[2]};
}

}  // namespace halfcycle::metrology
