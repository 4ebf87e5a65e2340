// SPDX-License-Identifier: Apache-2.0
#include "formats/recording.hpp"

#include <algorithm>
#include <array>

namespace halfcycle::formats {
namespace {
constexpr std::size_t kPiece = 256;  // samples that stay in the first cache
}

void SampleStore::read_frames(std::span<const FrameLane> lanes, std::uint64_t first,
                              std::size_t width, std::span<float> out) const {
  std::array<float, kPiece> values;
  const std::size_t frames = out.size() / width;
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t done = 0; done < frames; done += kPiece) {
    const std::span<float> piece(values.data(), std::min(kPiece, frames - done));
    for (const FrameLane& lane : lanes) {
      read_analog(lane.channel, first + done, piece);
      float* to = out.data() + done * width + lane.lane;
      if (lane.scale == 1.0) {
        for (std::size_t n = 0; n < piece.size(); ++n) {
          to[n * width] = piece[n];
        }
      } else {
        for (std::size_t n = 0; n < piece.size(); ++n) {
          to[n * width] = static_cast<float>(static_cast<double>(piece[n]) * lane.scale);
        }
      }
    }
  }
}

std::uint64_t SampleStore::same_statuses(std::size_t channels, std::uint64_t first,
                                         std::uint64_t count) const {
  std::array<std::uint8_t, kPiece> states;
  // Pieces grow, so that states that change with every sample cost no more than those few read.
  std::size_t piece = 4;
  for (std::uint64_t done = 1; done < count; done += piece, piece = std::min(2 * piece, kPiece)) {
    std::size_t same = static_cast<std::size_t>(std::min<std::uint64_t>(piece, count - done));
    const std::size_t wanted = same;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      std::uint8_t state = 0;
      read_status(channel, first, std::span(&state, 1));
      const std::span<std::uint8_t> seen(states.data(), same);
      read_status(channel, first + done, seen);
      same = static_cast<std::size_t>(
          std::find_if(seen.begin(), seen.end(), [&](std::uint8_t s) { return s != state; }) -
          seen.begin());
    }
    if (same < wanted) {
      return done + same;
    }
  }
  return count;
}

Duration Recording::duration() const {
  if (segments.empty() || segments.back().rate_hertz <= 0.0) {
    return {};
  }
  const Segment& last = segments.back();
  const double seconds = static_cast<double>(last.sample_count) / last.rate_hertz;
  return last.start + Duration::from_seconds(std::min(seconds, 9e9));
}

}  // namespace halfcycle::formats
