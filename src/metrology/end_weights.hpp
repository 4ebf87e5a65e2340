// SPDX-License-Identifier: Apache-2.0
// Weights of the samples near the end of a window, for integrals whose ends lie between samples.
//
//   EndWeights weights;
//   EndWeights::Row row = weights.at(end);    // of the frames first_frame(end) and following
//
// derived: ∫[a,b) p dt of the band-limited interpolation of p is Σ p(n)·(S(n−a) − S(n−b)), S the
// running integral of the interpolation kernel (a windowed sinc); S is 0 and 1 beyond kReach.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "signal/sample_position.hpp"

namespace halfcycle::metrology {

/// Immutable after construction; thread-safe.
class EndWeights {
 public:
  static constexpr std::int64_t kReach = 12;  ///< frames on both sides of an end
  static constexpr std::size_t kCount = 2 * static_cast<std::size_t>(kReach);
  using Row = std::array<float, kCount>;

  EndWeights();

  /// S(n − end) of the frames n = first_frame(end) … + kCount − 1: rising from 0 to 1.
  [[nodiscard]] Row at(signal::SamplePosition end) const noexcept;
  [[nodiscard]] static std::int64_t first_frame(signal::SamplePosition end) noexcept {
    return end.whole() - kReach + 1;
  }

 private:
  static constexpr std::size_t kPhases = 512;
  std::vector<float> table_;
};

}  // namespace halfcycle::metrology
