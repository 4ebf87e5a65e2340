// SPDX-License-Identifier: Apache-2.0
// Which span of time a renewed value stands for.
#pragma once

#include <algorithm>
#include <cstdint>

#include "graph/context.hpp"

namespace halfcycle::modules {

/// State: the end of the span that was counted last. Zero-initialised: nothing yet.
struct CountedTime {
  std::int64_t end_unix_ns = 0;
  std::int64_t any = 0;
};

/// The part of the frame that lies behind what was counted already: the frame's own length where
/// values follow each other, less where sources of different ticks meet, never a gap.
[[nodiscard]] inline Duration take_new_time(const graph::Context& context, CountedTime& counted) {
  const std::int64_t end = context.time().unix_ns();
  std::int64_t length = context.length().count_ns();
  if (counted.any != 0) {
    length = std::min(length, end - counted.end_unix_ns);
  }
  if (counted.any == 0 || end > counted.end_unix_ns) {
    counted.end_unix_ns = end;
    counted.any = 1;
  }
  return Duration::ns(std::max<std::int64_t>(length, 0));
}

}  // namespace halfcycle::modules
