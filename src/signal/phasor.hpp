// SPDX-License-Identifier: Apache-2.0
// Fundamentals of all lanes, by half cycles: two in a row make a one-cycle phasor.
#pragma once

#include <array>
#include <complex>
#include <cstddef>

#include "base/sample_block.hpp"

namespace halfcycle::signal {

/// Σ x[n]·exp(−jφ[n]) of each lane, unscaled.
struct PhasorSum {
  std::array<double, kMaxLanes> re{};
  std::array<double, kMaxLanes> im{};

  [[nodiscard]] std::complex<double> value(std::size_t lane) const noexcept {
    return {re[lane], im[lane]};
  }
};

}  // namespace halfcycle::signal
