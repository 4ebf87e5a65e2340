// SPDX-License-Identifier: Apache-2.0
// Sine, logarithm, exponential and random numbers with one fixed order of operations, so that a
// scenario gives the same samples on every machine, whatever its C library. Thread-safe, no state.
#pragma once

#include <cstdint>

namespace halfcycle::source {

struct SineCosine {
  double sin = 0.0;
  double cos = 1.0;
};

/// Of 2π·turns, |turns| < 2^50. Absolute error < 4e-16.
[[nodiscard]] SineCosine sine_cosine_of_turns(double turns) noexcept;

/// ln x of a positive, normal x. Error < 1e-15 · max(1, |ln x|).
[[nodiscard]] double natural_logarithm(double x) noexcept;

/// e^x for x ≤ 700; below −700 it is 0. Relative error < 1e-15 + 2e-16·|x|.
[[nodiscard]] double exponential(double x) noexcept;

/// 64 bits of noise that depend on (key, counter) only: the output function of SplitMix64
/// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) on key + counter·γ.
[[nodiscard]] std::uint64_t random_bits(std::uint64_t key, std::uint64_t counter) noexcept;

/// Two independent standard normal numbers (Box–Muller) number `pair` of the stream `key`.
struct NormalPair {
  double first = 0.0;
  double second = 0.0;
};
[[nodiscard]] NormalPair normal_pair(std::uint64_t key, std::uint64_t pair) noexcept;

}  // namespace halfcycle::source
