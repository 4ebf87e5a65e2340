// SPDX-License-Identifier: Apache-2.0
// Low-pass for phases that come once a half cycle, at any place of seventeen of them.
//
//   kPhaseSmoothing[1 + p][k]     // weight of phase k of 0 … 16 for the smooth phase at p = −1 …
//   16
//
// It keeps constants, slopes and ramps of frequency as they are, and of what beats with the
// fundamental at 0.3 to 1 times its frequency (or an alias of that between half cycles, as of an
// interharmonic) lets through less than 0.12 within the row (0.33 before its beginning), half-way
// between orders 0.013. derived: least squares of the gain over that band under the three
// conditions, solved when compiled.
#pragma once

#include <array>
#include <cstddef>

namespace halfcycle::metrology {

inline constexpr std::size_t kSmoothedPhases = 17;
using PhaseWeights = std::array<double, kSmoothedPhases>;
using PhaseSmoothing = std::array<PhaseWeights, kSmoothedPhases + 1>;

namespace detail {

constexpr PhaseSmoothing design_phase_smoothing() {
  constexpr std::size_t kN = kSmoothedPhases;
  constexpr std::size_t kAll = kN + 3;
  constexpr std::size_t kPlaces = kN + 1;
  // ∫ cos(ωd) dω from 0.3π to π, by the recurrence of sines of multiples of 0.3π.
  constexpr double kPi = 3.14159265358979323846;
  constexpr double kSin = 0.80901699437494742410;
  constexpr double kCos = 0.58778525229247312917;
  std::array<double, kN> r{};
  r[0] = 0.7 * kPi;
  double below = 0.0;
  double sine = kSin;
  for (std::size_t d = 1; d < kN; ++d) {
    r[d] = -sine / static_cast<double>(d);
    const double next = 2.0 * kCos * sine - below;
    below = sine;
    sine = next;
  }
  // Normal equations with the conditions Σh = 1, Σh·(k − p) = 0, Σh·(k − p)² = 0 in moments around
  // the middle; one right-hand side for each place p.
  constexpr double kMiddle = 0.5 * static_cast<double>(kN - 1);
  std::array<std::array<double, kAll + kPlaces>, kAll> a{};
  for (std::size_t i = 0; i < kN; ++i) {
    for (std::size_t j = 0; j < kN; ++j) {
      a[i][j] = r[i > j ? i - j : j - i];
    }
    const double x = (static_cast<double>(i) - kMiddle) / kMiddle;
    const std::array<double, 3> moments{1.0, x, x * x};
    for (std::size_t m = 0; m < 3; ++m) {
      a[i][kN + m] = a[kN + m][i] = moments[m];
    }
  }
  for (std::size_t place = 0; place < kPlaces; ++place) {
    const double x = (static_cast<double>(place) - 1.0 - kMiddle) / kMiddle;
    a[kN][kAll + place] = 1.0;
    a[kN + 1][kAll + place] = x;
    a[kN + 2][kAll + place] = x * x;
  }
  for (std::size_t c = 0; c < kAll; ++c) {
    std::size_t pivot = c;
    for (std::size_t row = c + 1; row < kAll; ++row) {
      const double candidate = a[row][c] < 0.0 ? -a[row][c] : a[row][c];
      const double best = a[pivot][c] < 0.0 ? -a[pivot][c] : a[pivot][c];
      pivot = candidate > best ? row : pivot;
    }
    for (std::size_t k = 0; k < kAll + kPlaces; ++k) {
      const double swap = a[c][k];
      a[c][k] = a[pivot][k];
      a[pivot][k] = swap;
    }
    for (std::size_t row = 0; row < kAll; ++row) {
      const double factor = row == c ? 0.0 : a[row][c] / a[c][c];
      for (std::size_t k = c; factor != 0.0 && k < kAll + kPlaces; ++k) {
        a[row][k] -= factor * a[c][k];
      }
    }
  }
  PhaseSmoothing out{};
  for (std::size_t place = 0; place < kPlaces; ++place) {
    for (std::size_t k = 0; k < kN; ++k) {
      out[place][k] = a[k][kAll + place] / a[k][k];
    }
  }
  return out;
}

}  // namespace detail

inline constexpr PhaseSmoothing kPhaseSmoothing = detail::design_phase_smoothing();

}  // namespace halfcycle::metrology
