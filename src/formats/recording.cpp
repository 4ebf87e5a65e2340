// SPDX-License-Identifier: Apache-2.0
#include "formats/recording.hpp"

namespace halfcycle::formats {

Duration Recording::duration() const {
  if (segments.empty() || segments.back().rate_hertz <= 0.0) {
    return {};
  }
  const Segment& last = segments.back();
  return last.start +
         Duration::from_seconds(static_cast<double>(last.sample_count) / last.rate_hertz);
}

}  // namespace halfcycle::formats
