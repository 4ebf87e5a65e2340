// SPDX-License-Identifier: Apache-2.0
#include "signal/edge_extension.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halfcycle::signal {
namespace {

constexpr double kLagCycles = 1.5;
constexpr double kCyclesUsed = 10.0;
constexpr std::size_t kMostRows = 1024;
constexpr double kWorstFit = 0.05;    // r.m.s. of the residual over that of the signal
constexpr double kMostGrowth = 1.25;  // of the largest magnitude
constexpr double kRidge = 1e-12;      // of the mean of the normal matrix's diagonal
constexpr int kRefinements = 4;
constexpr double kNoFit = std::numeric_limits<double>::infinity();
// A dip or a fault soon after the edge spoils a fit over ten cycles: a fit over less is taken if it
// is clearly better (a little better it always is, having fewer equations for its coefficients).
constexpr double kTries[] = {10.0, 4.0, 2.5};
constexpr double kClearlyBetter = 0.5;
// A fit this good is of a signal without fault or noise: no other is tried.
constexpr double kPerfect = 1e-6;

}  // namespace

EdgeExtender::EdgeExtender(const EdgeExtension& setup) : setup_(setup) {
  const double lag = kLagCycles * setup.samples_per_cycle / static_cast<double>(setup.order);
  stride_ = std::max<std::size_t>(1, static_cast<std::size_t>(lag));
  wanted_ = std::max<std::size_t>(static_cast<std::size_t>(kCyclesUsed * setup.samples_per_cycle),
                                  3 * setup.order);
  samples_.resize(wanted_ + setup.horizon_frames);
  normal_.resize(setup.order * setup.order);
  factor_.resize(setup.order * setup.order);
  right_.resize(setup.order);
  coefficients_.resize(setup.order);
  best_.resize(setup.horizon_frames);
}

void EdgeExtender::before(const float* frames, std::size_t frame_count, float* out) noexcept {
  const std::size_t count = std::min(frame_count, wanted_);
  const std::size_t horizon = setup_.horizon_frames;
  for (std::size_t lane = 0; lane < setup_.lanes; ++lane) {
    std::size_t used = 0;
    while (used < count && !std::isnan(frames[used * setup_.lanes + lane])) {
      ++used;
    }
    for (std::size_t n = 0; n < used; ++n) {
      samples_[n] = static_cast<double>(frames[(used - 1 - n) * setup_.lanes + lane]);
    }
    lane_forward(used);
    for (std::size_t k = 0; k < horizon; ++k) {
      out[(horizon - 1 - k) * setup_.lanes + lane] = static_cast<float>(samples_[used + k]);
    }
  }
}

void EdgeExtender::after(const float* frames, std::size_t frame_count, float* out) noexcept {
  const std::size_t count = std::min(frame_count, wanted_);
  for (std::size_t lane = 0; lane < setup_.lanes; ++lane) {
    std::size_t used = 0;
    while (used < count && !std::isnan(frames[(frame_count - 1 - used) * setup_.lanes + lane])) {
      ++used;
    }
    for (std::size_t n = 0; n < used; ++n) {
      samples_[n] = static_cast<double>(frames[(frame_count - used + n) * setup_.lanes + lane]);
    }
    lane_forward(used);
    for (std::size_t k = 0; k < setup_.horizon_frames; ++k) {
      out[k * setup_.lanes + lane] = static_cast<float>(samples_[used + k]);
    }
  }
}

// samples_[0, used) in, samples_[used, used + horizon) out.
void EdgeExtender::lane_forward(std::size_t used) noexcept {
  if (used == 0) {
    std::fill_n(samples_.begin(), setup_.horizon_frames, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  double best = kWorstFit;
  bool found = false;
  for (const double cycles : kTries) {
    const auto wanted = static_cast<std::size_t>(cycles * setup_.samples_per_cycle);
    const double misfit = predict(used > wanted ? used - wanted : 0, used);
    if (misfit <= best) {
      best = kClearlyBetter * misfit;
      found = true;
      std::copy_n(samples_.begin() + static_cast<std::ptrdiff_t>(used), setup_.horizon_frames,
                  best_.begin());
    }
    if (found && misfit < kPerfect) {
      break;
    }
  }
  if (found) {
    std::copy_n(best_.begin(), setup_.horizon_frames,
                samples_.begin() + static_cast<std::ptrdiff_t>(used));
  } else {
    reflect(used);
  }
}

// Odd reflection: value and slope go on. Beyond the data it holds the last mirrored value.
void EdgeExtender::reflect(std::size_t used) noexcept {
  const double edge = samples_[used - 1];
  for (std::size_t k = 1; k <= setup_.horizon_frames; ++k) {
    const std::size_t back = std::min(k, used - 1);
    samples_[used - 1 + k] = 2.0 * edge - samples_[used - 1 - back];
  }
}

// Solves (normal_ + ridge)·x = right_ with the factor; x in right_.
void EdgeExtender::solve(std::size_t order) noexcept {
  for (std::size_t j = 0; j < order; ++j) {
    double v = right_[j];
    for (std::size_t k = 0; k < j; ++k) {
      v -= factor_[j * order + k] * right_[k];
    }
    right_[j] = v / factor_[j * order + j];
  }
  for (std::size_t j = order; j-- > 0;) {
    double v = right_[j];
    for (std::size_t k = j + 1; k < order; ++k) {
      v -= factor_[k * order + j] * right_[k];
    }
    right_[j] = v / factor_[j * order + j];
  }
}

bool EdgeExtender::factorize(std::size_t order) noexcept {
  double trace = 0.0;
  for (std::size_t j = 0; j < order; ++j) {
    trace += normal_[j * order + j];
  }
  const double ridge = kRidge * trace / static_cast<double>(order);
  for (std::size_t j = 0; j < order; ++j) {
    for (std::size_t k = 0; k <= j; ++k) {
      double v = normal_[j * order + k] + (j == k ? ridge : 0.0);
      for (std::size_t i = 0; i < k; ++i) {
        v -= factor_[j * order + i] * factor_[k * order + i];
      }
      if (j != k) {
        factor_[j * order + k] = v / factor_[k * order + k];
      } else if (v > 0.0) {
        factor_[j * order + j] = std::sqrt(v);
      } else {
        return false;
      }
    }
  }
  return true;
}

// Fits to samples_[from, used) and continues them. Returns the residual over the signal (r.m.s.);
// infinite if the signal does not allow a fit or the continuation grows.
double EdgeExtender::predict(std::size_t from, std::size_t used) noexcept {
  const std::size_t available = used - from;
  const std::size_t order = std::min(setup_.order, available / (stride_ + 2));
  if (order < 2) {
    return kNoFit;
  }
  const std::size_t first_row = from + order * stride_;
  const std::size_t rows = used - first_row;
  const std::size_t row_step = (rows + kMostRows - 1) / kMostRows;
  double largest = 0.0;
  for (std::size_t n = from; n < used; ++n) {
    largest = std::max(largest, std::fabs(samples_[n]));
  }
  if (largest == 0.0) {
    std::fill_n(samples_.begin() + static_cast<std::ptrdiff_t>(used), setup_.horizon_frames, 0.0);
    return 0.0;
  }
  if (!std::isfinite(largest)) {
    return kNoFit;
  }
  // Rows end at the newest sample, so that none of the latest is skipped.
  std::fill_n(normal_.begin(), order * order, 0.0);
  double energy = 0.0;
  for (std::size_t n = used; n-- > first_row;) {
    if ((used - 1 - n) % row_step != 0) {
      continue;
    }
    energy += samples_[n] * samples_[n];
    // In a row, for the vectors.
    for (std::size_t j = 0; j < order; ++j) {
      right_[j] = samples_[n - (j + 1) * stride_];
    }
    const double* x = right_.data();
    for (std::size_t j = 0; j < order; ++j) {
      double* row = normal_.data() + j * order;
      for (std::size_t k = 0; k <= j; ++k) {
        row[k] += x[j] * x[k];
      }
    }
  }
  if (!factorize(order)) {
    return kNoFit;
  }
  // Proximal steps: the ridge keeps directions without signal at zero, repeating with the residual
  // removes its bias from the others and the squared condition of the normal equations.
  std::fill_n(coefficients_.begin(), order, 0.0);
  double residual_energy = 0.0;
  for (int round = 0; round <= kRefinements; ++round) {
    std::fill_n(right_.begin(), order, 0.0);
    residual_energy = 0.0;
    for (std::size_t n = used; n-- > first_row;) {
      if ((used - 1 - n) % row_step != 0) {
        continue;
      }
      double residual = samples_[n];
      for (std::size_t j = 0; j < order; ++j) {
        residual -= coefficients_[j] * samples_[n - (j + 1) * stride_];
      }
      residual_energy += residual * residual;
      for (std::size_t j = 0; j < order; ++j) {
        right_[j] += residual * samples_[n - (j + 1) * stride_];
      }
    }
    if (round < kRefinements) {
      solve(order);
      for (std::size_t j = 0; j < order; ++j) {
        coefficients_[j] += right_[j];
      }
    }
  }
  if (!(residual_energy <= kWorstFit * kWorstFit * energy)) {
    return kNoFit;
  }
  for (std::size_t n = used; n < used + setup_.horizon_frames; ++n) {
    double x = 0.0;
    for (std::size_t j = 0; j < order; ++j) {
      x += coefficients_[j] * samples_[n - (j + 1) * stride_];
    }
    if (!(std::fabs(x) <= kMostGrowth * largest)) {
      return kNoFit;
    }
    samples_[n] = x;
  }
  return energy > 0.0 ? std::sqrt(residual_energy / energy) : 0.0;
}

}  // namespace halfcycle::signal
