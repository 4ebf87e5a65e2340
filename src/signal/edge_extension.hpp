// SPDX-License-Identifier: Apache-2.0
// Continues a record before its first and after its last sample, so that the filters' look-ahead
// and the ends of windows do not spoil the first and last measured window.
//
//   EdgeExtender extend({.lanes = 8, .samples_per_cycle = 512, .horizon_frames = 48});
//   extend.before(first_frames, frame_count, out);   // out: 48 frames, the last one is at index -1
//   extend.after(last_frames, frame_count, out);     // out: 48 frames, the first follows the last
//
// Method: linear prediction in double, lane by lane, covariance method (least squares without
// windowing): x[n] = Σ a_k·x[n − k·stride], k = 1 … order, stride so that the lags reach over about
// 1.5 cycles (a prediction from short lags would blow up noise). Exact for a sum of up to order/2
// steady sinusoids and DC. Where the signal does not allow it (too few samples, a fit worse than a
// twentieth of the signal, a continuation that grows) the record is mirrored through its end
// sample instead (odd reflection: value and slope go on). Missing (NaN): only samples between the
// edge and the first missing one are used; a missing edge sample gives missing ones.
#pragma once

#include <cstddef>
#include <vector>

namespace halfcycle::signal {

struct EdgeExtension {
  std::size_t lanes = 8;             ///< 8 or 12
  double samples_per_cycle = 512.0;  ///< > 0
  std::size_t horizon_frames = 48;   ///< frames to make at each end, ≥ 1
  std::size_t order = 32;            ///< lags, 2 … 32
};

/// Deterministic. Allocates in the constructor only; one thread at a time.
class EdgeExtender {
 public:
  explicit EdgeExtender(const EdgeExtension& setup);

  /// How many frames it makes use of (about 10 cycles); more are ignored, fewer are accepted.
  [[nodiscard]] std::size_t wanted_frames() const noexcept { return wanted_; }
  [[nodiscard]] std::size_t horizon_frames() const noexcept { return setup_.horizon_frames; }

  /// frames: the first `frame_count` ≥ 1 frames of a record. out: horizon_frames frames that come
  /// before them, in order of time.
  void before(const float* frames, std::size_t frame_count, float* out) noexcept;
  /// frames: the last `frame_count` ≥ 1 frames of a record. out: horizon_frames frames that follow.
  void after(const float* frames, std::size_t frame_count, float* out) noexcept;

 private:
  void lane_forward(std::size_t used) noexcept;
  [[nodiscard]] double predict(std::size_t from, std::size_t used) noexcept;
  [[nodiscard]] bool factorize(std::size_t order) noexcept;
  void solve(std::size_t order) noexcept;
  void reflect(std::size_t used) noexcept;

  EdgeExtension setup_;
  std::size_t stride_ = 1;
  std::size_t wanted_ = 0;
  std::vector<double> samples_;  ///< one lane, oldest first, then room for its continuation
  std::vector<double> normal_;   ///< normal matrix, order × order
  std::vector<double> factor_;   ///< its Cholesky factor
  std::vector<double> right_;    ///< right-hand side, then the solution
  std::vector<double> coefficients_;
  std::vector<double> best_;  ///< continuation of the best fit so far
};

}  // namespace halfcycle::signal
