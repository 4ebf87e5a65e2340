// SPDX-License-Identifier: Apache-2.0
#include "signal/least_squares_kernel.hpp"

#include <algorithm>
#include <cmath>

#include "signal/trig.hpp"

namespace halfcycle::signal {
namespace {

// Up to here images are looked at one by one; those beyond are smaller still.
constexpr int kImages = 12;
// Points of the grid in the width of one lobe of the support's spectrum.
constexpr double kPointsPerLobe = 16.0;
// What is "lower" and "lowest" of the pass band: about order 50 of 127, and the first few.
constexpr double kLower = 0.4;
constexpr double kLowest = 0.07;

struct GridPoint {
  double frequency;
  double target;
  double weight;
};

std::vector<GridPoint> grid_of(double taps, double pass, double stop) {
  const double step = 1.0 / (kPointsPerLobe * taps);
  std::vector<GridPoint> grid;
  for (double f = 0.0; f <= pass; f += step) {
    grid.push_back({f, 1.0, f < kLower * pass ? 4.5 : 1.5});
  }
  grid.push_back({pass, 1.0, 1.5});
  // Images of tones between the pass band and half the rate.
  for (double f = stop; f < 1.0 - pass; f += step) {
    grid.push_back({f, 0.0, 1.2});
  }
  for (int k = 1; k <= kImages; ++k) {
    for (double y = -pass; y < 1.0 - pass; y += step) {
      const double distance = std::abs(y);
      const double weight = distance < kLowest * pass  ? 10.0
                            : distance < kLower * pass ? 3.0
                            : y <= pass                ? 1.0
                                                       : 0.2;
      grid.push_back({static_cast<double>(k) + y, 0.0, weight});
    }
  }
  return grid;
}

/// The spectrum of each cosine over the support, at a frequency.
void spectra_at(double frequency, double taps, std::vector<double>& out) {
  // ∫ cos(2πmt/n)·cos(2πft) dt over n = n/2·(sinc(nf − m) + sinc(nf + m)).
  const double x = frequency * taps;
  const double sine = sin_cos_turns(0.5 * x).sin / kPi;
  const auto sinc = [&](double m) {
    const double d = x - m;
    const double sign = std::fmod(std::abs(m), 2.0) == 0.0 ? 1.0 : -1.0;
    return std::abs(d) < 1e-9 ? 1.0 : sign * sine / d;
  };
  for (std::size_t m = 0; m < out.size(); ++m) {
    const double order = static_cast<double>(m);
    out[m] = 0.5 * taps * (sinc(order) + sinc(-order));
  }
}

/// Solves the normal equations a·x = b, a symmetric and positive (size × size, lower half), by
/// Cholesky's method; b becomes x. With a narrow pass band some sums of cosines hardly count: a
/// trace on the diagonal keeps them small.
void solve(std::vector<double>& a, std::vector<double>& b) {
  constexpr double kTrace = 1e-14;
  const std::size_t size = b.size();
  double largest = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    largest = std::max(largest, a[i * size + i]);
  }
  for (std::size_t i = 0; i < size; ++i) {
    a[i * size + i] += kTrace * largest;
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * size + j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= a[i * size + k] * a[j * size + k];
      }
      a[i * size + j] = i == j ? std::sqrt(sum) : sum / a[j * size + j];
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      b[i] -= a[i * size + k] * b[k];
    }
    b[i] /= a[i * size + i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) {
      b[i] -= a[k * size + i] * b[k];
    }
    b[i] /= a[i * size + i];
  }
}

}  // namespace

LeastSquaresKernel::LeastSquaresKernel(std::size_t taps, double pass, double stop)
    : taps_(static_cast<double>(taps)), cosines_(3 * taps / 4 + 1, 0.0) {
  const std::size_t size = cosines_.size();
  const std::vector<GridPoint> grid = grid_of(taps_, pass, stop);
  std::vector<double> row(size);
  std::vector<double> normal(size * size, 0.0);
  for (const GridPoint& point : grid) {
    spectra_at(point.frequency, taps_, row);
    const double square = point.weight * point.weight;
    for (std::size_t i = 0; i < size; ++i) {
      const double weighted = square * row[i];
      cosines_[i] += weighted * point.target;
      for (std::size_t j = 0; j <= i; ++j) {
        normal[i * size + j] += weighted * row[j];
      }
    }
  }
  solve(normal, cosines_);
  for (const GridPoint& point : grid) {
    spectra_at(point.frequency, taps_, row);
    double value = 0.0;
    for (std::size_t m = 0; m < size; ++m) {
      value += cosines_[m] * row[m];
    }
    largest_departure_ = std::max(largest_departure_, std::abs(value - point.target));
  }
}

double LeastSquaresKernel::operator()(double t) const noexcept {
  if (!(std::abs(t) < 0.5 * taps_)) {
    return 0.0;
  }
  // Clenshaw's recurrence: cosines of multiples of one angle.
  const double cosine = sin_cos_turns(t / taps_).cos;
  double next = 0.0;
  double after = 0.0;
  for (std::size_t m = cosines_.size() - 1; m > 0; --m) {
    const double here = cosines_[m] + 2.0 * cosine * next - after;
    after = next;
    next = here;
  }
  return cosines_[0] + cosine * next - after;
}

}  // namespace halfcycle::signal
