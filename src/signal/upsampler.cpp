// SPDX-License-Identifier: Apache-2.0
#include "signal/upsampler.hpp"

#include <array>
#include <cmath>

#include "base/sample_block.hpp"
#include "signal/kernels.hpp"
#include "signal/windowed_sinc.hpp"

namespace halfcycle::signal {
namespace {

constexpr double kEnoughPerCycle = 96.0;
constexpr double kWantedPerCycle = 128.0;
constexpr double kTransition = 0.14;  // 0.43 … 0.57 of the input rate
constexpr std::size_t kBatchFrames = 32;

}  // namespace

int upsampling_factor(double samples_per_cycle) noexcept {
  if (samples_per_cycle >= kEnoughPerCycle) {
    return 1;
  }
  return static_cast<int>(std::ceil(kWantedPerCycle / samples_per_cycle - 1e-9));
}

UpsamplerKernel::UpsamplerKernel(int factor) : factor_(factor) {
  const WindowedSinc sinc(static_cast<double>(kTaps) / 2.0, 0.5,
                          kaiser_attenuation_db(static_cast<double>(kTaps), kTransition));
  table_.resize(static_cast<std::size_t>(factor) * kTaps);
  for (std::size_t p = 0; p < static_cast<std::size_t>(factor); ++p) {
    const double fraction = static_cast<double>(p) / static_cast<double>(factor);
    const double first = -static_cast<double>(Upsampler::kLead) - fraction;
    double gain = 0.0;
    for (std::size_t t = 0; t < kTaps; ++t) {
      gain += sinc(first + static_cast<double>(t));
    }
    for (std::size_t t = 0; t < kTaps; ++t) {
      table_[p * kTaps + t] = static_cast<float>(sinc(first + static_cast<double>(t)) / gain);
    }
  }
}

Upsampler::Upsampler(const UpsamplerKernel* kernel, SimdLevel level) noexcept
    : kernel_(kernel), kernels_(&kernels(level)) {}

void Upsampler::operator()(const FrameRing& in, FrameRing& out) const noexcept {
  std::array<float, kBatchFrames * kMaxLanes> batch;
  const std::size_t lanes = in.lanes();
  const auto factor = static_cast<std::int64_t>(kernel_->factor());
  const std::int64_t end = end_output(in.end());
  while (out.end() < end) {
    std::size_t made = 0;
    for (std::int64_t k = out.end(); k < end && made < kBatchFrames; ++k, ++made) {
      // Division rounding down: record extensions have negative indices.
      const std::int64_t n = k >= 0 ? k / factor : -((factor - 1 - k) / factor);
      const auto phase = static_cast<std::size_t>(k - n * factor);
      const float* frames = in.frames(n - static_cast<std::int64_t>(kLead));
      if (phase == 0) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          batch[made * lanes + lane] = frames[kLead * lanes + lane];
        }
      } else {
        kernels_->fir(frames, kernel_->phase(phase), UpsamplerKernel::kTaps, lanes,
                      batch.data() + made * lanes);
      }
    }
    out.push(batch.data(), made);
  }
}

}  // namespace halfcycle::signal
