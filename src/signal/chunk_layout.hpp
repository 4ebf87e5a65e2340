// SPDX-License-Identifier: Apache-2.0
// Where the sums of one chunk of 32 frames lie. Internal to signal, apart from kChunkFrames.
#pragma once

#include <cstddef>

namespace halfcycle::signal {

inline constexpr std::size_t kChunkFrames = 32;

/// Rows of floats: Σx (lanes), Σx² (lanes), Σu·i (4), line (4: Σ(u1−u2)², Σ(u2−u3)², Σ(u3−u1)²,
/// Σ(i1+i2+i3)²), then min (lanes) and max (lanes).
struct ChunkLayout {
  std::size_t lanes;

  [[nodiscard]] constexpr std::size_t sum() const { return 0; }
  [[nodiscard]] constexpr std::size_t square() const { return lanes; }
  [[nodiscard]] constexpr std::size_t power() const { return 2 * lanes; }
  [[nodiscard]] constexpr std::size_t line() const { return 2 * lanes + 4; }
  [[nodiscard]] constexpr std::size_t residual() const { return line() + 3; }
  [[nodiscard]] constexpr std::size_t added_floats() const { return 2 * lanes + 8; }
  [[nodiscard]] constexpr std::size_t min() const { return added_floats(); }
  [[nodiscard]] constexpr std::size_t max() const { return added_floats() + lanes; }
  [[nodiscard]] constexpr std::size_t floats() const { return added_floats() + 2 * lanes; }
};

}  // namespace halfcycle::signal
