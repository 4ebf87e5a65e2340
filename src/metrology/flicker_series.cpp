// SPDX-License-Identifier: Apache-2.0
#include "metrology/flicker_series.hpp"

#include <algorithm>

namespace halfcycle::metrology {

void FlickerSeries::begin() noexcept {
  // At the first start nothing of an interval is there: what precedes the samples is not missing.
  if (began_) {
    flicker_.restart();
  }
  began_ = true;
}

void FlickerSeries::push(const float* frames, std::size_t count, std::size_t lanes) noexcept {
  if (!line_to_line_) {
    flicker_.push(frames, count, lanes);
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
    flicker_.push(lines.data(), piece, 4);
    done += piece;
  }
}

void FlickerSeries::close(Instant tick) noexcept {
  const Flicker::Interval closed = flicker_.close_interval();
  latest_[1] = latest_[0];
  Interval& now = latest_[0];
  now.end = tick;
  std::copy_n(closed.p_st.begin(), kPhases, now.p_st.begin());
  std::copy_n(closed.complete.begin(), kPhases, now.complete.begin());
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
