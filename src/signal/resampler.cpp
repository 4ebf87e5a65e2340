// SPDX-License-Identifier: Apache-2.0
#include "signal/resampler.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "signal/kernels.hpp"
#include "signal/least_squares_kernel.hpp"
#include "signal/windowed_sinc.hpp"

namespace halfcycle::signal {
namespace {

constexpr double kWantedAttenuationDb = 104.0;
constexpr double kMostAttenuationDb = 120.0;  // float coefficients carry no more
constexpr std::size_t kFewestTaps = 20;
static_assert(std::size_t{1} << ResampleRun::kPhaseBits == ResamplerKernel::kPhases);

struct Band {
  double pass = 0.0;  ///< cycles per input sample
  double stop = 0.0;
};

// derived: orders to H at the highest frequency must pass. Images of them (1 − y for content at y)
// must not, wherever they land: they are not coherent with the grid and would leak into every bin.
// What lies at y cycles per input sample folds into the orders ≤ H from (M − H)·f on, at the lowest
// frequency. So the stop band begins at the lower of the two; tones between the bands may be
// attenuated and leave images, but neither folds into an analysed order.
Band band_of(const ResamplerDesign& d) noexcept {
  Band band;
  band.pass = d.highest_order * d.highest_ratio / d.input_per_cycle;
  const double folds = (d.output_per_cycle - d.highest_order) * d.lowest_ratio / d.input_per_cycle;
  band.stop = std::min(folds, 1.0 - band.pass);
  return band;
}

}  // namespace

int choose_points_per_cycle(double input_per_cycle) noexcept {
  if (input_per_cycle >= 400.0) {
    return 512;
  }
  return input_per_cycle >= 160.0 ? 256 : 128;
}

int highest_analysable_order(double input_per_cycle, int points_per_cycle) noexcept {
  const double carried = std::floor(0.42 * input_per_cycle / 1.15);
  return static_cast<int>(std::min({127.0, carried, 5.0 * points_per_cycle / 16.0}));
}

ResamplerKernel::ResamplerKernel(const ResamplerDesign& design) : design_(design) {
  const Band band = band_of(design);
  const double width = std::max(band.stop - band.pass, 1e-3);
  std::size_t taps = kFewestTaps;
  while (taps < ResampleRun::kMostTaps &&
         kaiser_attenuation_db(static_cast<double>(taps), width) < kWantedAttenuationDb) {
    taps += 4;
  }
  // Least squares needs four fifths of the taps.
  const std::size_t fewer = (4 * taps / 5 + 3) / 4 * 4;
  if (fewer <= LeastSquaresKernel::kMostTaps) {
    taps_ = fewer;
    const LeastSquaresKernel kernel(fewer, band.pass, band.stop);
    ripple_ = kernel.largest_departure();
    fill_table(kernel);
    return;
  }
  taps_ = taps;
  const double attenuation =
      std::clamp(kaiser_attenuation_db(static_cast<double>(taps), width), 50.0, kMostAttenuationDb);
  ripple_ = std::pow(10.0, -attenuation / 20.0);
  fill_table(
      WindowedSinc(static_cast<double>(taps) / 2.0, (band.pass + band.stop) / 2.0, attenuation));
}

template <class Kernel>
void ResamplerKernel::fill_table(const Kernel& kernel) {
  table_.resize((kPhases + 1) * taps_);
  std::vector<double> row(taps_);
  for (std::size_t p = 0; p <= kPhases; ++p) {
    const double fraction = static_cast<double>(p) / static_cast<double>(kPhases);
    const double first = 1.0 - static_cast<double>(taps_) / 2.0 - fraction;  // taps is even
    double gain = 0.0;
    for (std::size_t t = 0; t < taps_; ++t) {
      row[t] = kernel(first + static_cast<double>(t));
      gain += row[t];
    }
    for (std::size_t t = 0; t < taps_; ++t) {
      table_[p * taps_ + t] = static_cast<float>(row[t] / gain);
    }
  }
}

Resampler::Resampler(const ResamplerKernel* kernel, SimdLevel level) noexcept
    : kernel_(kernel), kernels_(&kernels(level)) {}

void Resampler::operator()(const FrameRing& ring, SamplePosition start, SamplePosition step,
                           std::size_t count, float* out) const noexcept {
  const ResampleRun run = {.storage = ring.storage(),
                           .mask = ring.capacity() - 1,
                           .table = kernel_->table(),
                           .taps = kernel_->taps(),
                           .lead = static_cast<std::int64_t>(kernel_->taps() / 2) - 1,
                           .whole = start.whole(),
                           .fraction = start.fraction_bits(),
                           .step_whole = step.whole(),
                           .step_fraction = step.fraction_bits(),
                           .count = count};
  kernels_->resample(run, ring.lanes(), out);
}

}  // namespace halfcycle::signal
