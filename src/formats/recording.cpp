// SPDX-License-Identifier: Apache-2.0
#include "formats/recording.hpp"

#include <algorithm>

namespace halfcycle::formats {

Duration Recording::duration() const {
  if (segments.empty() || segments.back().rate_hertz <= 0.0) {
    return {};
  }
  const Segment& last = segments.back();
  const double seconds = static_cast<double>(last.sample_count) / last.rate_hertz;
  return last.start + Duration::from_seconds(std::min(seconds, 9e9));
}

}  // namespace halfcycle::formats
