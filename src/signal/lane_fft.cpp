// SPDX-License-Identifier: Apache-2.0
#include "signal/lane_fft.hpp"

#include "signal/kernels.hpp"
#include "signal/trig.hpp"

namespace halfcycle::signal {
namespace {

// 5s and 3s first, then as few steps of 8, 4 and 2 as possible (5·8·8·8 measured 10 % faster than
// 5·8·4·4·4 and 35 % faster than 4·4·4·4·2·5).
std::vector<std::size_t> radices_of(std::size_t length) {
  std::vector<std::size_t> radices;
  for (const std::size_t r : {std::size_t{5}, std::size_t{3}}) {
    while (length % r == 0) {
      radices.push_back(r);
      length /= r;
    }
  }
  while (length % 8 == 0 && length != 16) {
    radices.push_back(8);
    length /= 8;
  }
  while (length % 4 == 0) {
    radices.push_back(4);
    length /= 4;
  }
  if (length == 2) {
    radices.push_back(2);
    length = 1;
  }
  return length == 1 ? radices : std::vector<std::size_t>{};
}

void append_turns(std::vector<float>& out, std::size_t numerator, std::size_t denominator) {
  const SinCos s = sin_cos_turns(static_cast<double>(numerator) / static_cast<double>(denominator));
  out.push_back(static_cast<float>(s.cos));
  out.push_back(static_cast<float>(s.sin));
}

}  // namespace

bool LaneFft::supports(std::size_t points) noexcept {
  if (points < 4 || points % 2 != 0) {
    return false;
  }
  std::size_t rest = points / 2;
  for (const std::size_t r : {std::size_t{2}, std::size_t{3}, std::size_t{5}}) {
    while (rest % r == 0) {
      rest /= r;
    }
  }
  return rest == 1;
}

LaneFft::LaneFft(std::size_t points, std::size_t lanes, std::size_t max_bin, SimdLevel level)
    : points_(points), lanes_(lanes), max_bin_(max_bin), kernels_(&kernels(level)) {
  const std::size_t half = points / 2;
  std::size_t length = half;
  for (const std::size_t radix : radices_of(half)) {
    steps_.push_back({radix, length, twiddles_.size()});
    for (std::size_t p = 0; p < length / radix; ++p) {
      for (std::size_t j = 1; j < radix; ++j) {
        append_turns(twiddles_, p * j, length);
      }
    }
    length /= radix;
  }
  // Element k goes to sub-block k mod radix of the first step, as its element k / radix.
  places_.resize(half);
  for (std::size_t k = 0; k < half; ++k) {
    std::size_t place = 0;
    std::size_t rest = k;
    for (const Step& step : steps_) {
      place += rest % step.radix * (step.length / step.radix);
      rest /= step.radix;
    }
    places_[k] = static_cast<std::uint16_t>(place);
  }
  for (std::size_t k = 0; k <= max_bin; ++k) {
    append_turns(separate_, k, points);
  }
}

void LaneFft::start(const float* frames, std::size_t first, std::size_t count,
                    float* work) const noexcept {
  const Step& step = steps_.front();
  kernels_->fft_step(frames, work + first * lanes_,
                     {.radix = step.radix,
                      .in_step = count / 2,
                      .out_step = step.length / step.radix,
                      .first = first / 2,
                      .count = count / 2,
                      .blocks = 1,
                      .twiddles = twiddles_.data() + step.twiddle_offset},
                     lanes_);
}

void LaneFft::transform(float* work) const noexcept {
  const std::size_t length = steps_.front().length / steps_.front().radix;
  for (std::size_t part = 0; part < steps_.front().radix; ++part) {
    float* sub = work + part * length * 2 * lanes_;
    for (std::size_t k = 1; k < steps_.size(); ++k) {
      const Step& step = steps_[k];
      const std::size_t distance = step.length / step.radix;
      kernels_->fft_step(sub, sub,
                         {.radix = step.radix,
                          .in_step = distance,
                          .out_step = distance,
                          .first = 0,
                          .count = distance,
                          .blocks = length / step.length,
                          .twiddles = twiddles_.data() + step.twiddle_offset},
                         lanes_);
    }
  }
}

void LaneFft::separate(const float* work, float* out) const noexcept {
  kernels_->fft_separate({.in = work,
                          .half = points_ / 2,
                          .places = places_.data(),
                          .max_bin = max_bin_,
                          .twiddles = separate_.data()},
                         lanes_, out);
}

void LaneFft::add_powers(const float* spectrum, std::size_t first, std::size_t count,
                         float* sums) const noexcept {
  kernels_->add_bin_powers(spectrum + first * 2 * lanes_, count, lanes_, sums);
}

void LaneFft::group(const float* spectrum, std::size_t cycles, std::size_t highest,
                    float* out) const noexcept {
  kernels_->group_bins(spectrum, cycles, highest, lanes_, out);
}

void LaneFft::operator()(const float* frames, float* out, float* work) const noexcept {
  start(frames, 0, points_ / parts(), work);
  transform(work);
  separate(work, out);
}

}  // namespace halfcycle::signal
