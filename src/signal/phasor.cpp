// SPDX-License-Identifier: Apache-2.0
#include "signal/phasor.hpp"

#include "signal/kernels.hpp"
#include "signal/trig.hpp"

namespace halfcycle::signal {

PhasorSum& PhasorSum::operator+=(const PhasorSum& o) noexcept {
  for (std::size_t lane = 0; lane < kMaxLanes; ++lane) {
    re[lane] += o.re[lane];
    im[lane] += o.im[lane];
  }
  return *this;
}

PhasorTable::PhasorTable(std::size_t points_per_cycle, SimdLevel level)
    : points_(points_per_cycle), kernels_(&kernels(level)), table_(2 * points_per_cycle) {
  for (std::size_t k = 0; k < points_; ++k) {
    const SinCos s = sin_cos_turns(static_cast<double>(k) / static_cast<double>(points_));
    table_[2 * k] = static_cast<float>(s.cos);
    table_[2 * k + 1] = static_cast<float>(s.sin);
  }
}

PhasorSum PhasorTable::sum(const float* frames, std::size_t lanes, std::size_t frame_count,
                           std::size_t phase_index, std::size_t order) const noexcept {
  PhasorSum result;
  const std::size_t step = order % points_;
  const std::size_t index = phase_index % points_ * step % points_;
  kernels_->phasor(frames, frame_count, lanes, table_.data(), points_, index, step,
                   result.re.data(), result.im.data());
  return result;
}

SequenceComponents sequence_components(std::complex<double> a, std::complex<double> b,
                                       std::complex<double> c) noexcept {
  constexpr double kHalfRoot3 = 0.86602540378443864676;
  constexpr double kThird = 1.0 / 3.0;
  // αB + α²C = −(B + C)/2 + j·(√3/2)·(B − C), and the conjugate turn for the negative sequence.
  const std::complex<double> mean = -0.5 * (b + c);
  const std::complex<double> d = b - c;
  const std::complex<double> across(-kHalfRoot3 * d.imag(), kHalfRoot3 * d.real());
  return {kThird * (a + mean + across), kThird * (a + mean - across), kThird * (a + b + c)};
}

}  // namespace halfcycle::signal
