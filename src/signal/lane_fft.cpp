// SPDX-License-Identifier: Apache-2.0
#include "signal/lane_fft.hpp"

#include "signal/kernels.hpp"
#include "signal/trig.hpp"

namespace halfcycle::signal {
namespace {

// 5s and 3s first, then as few passes of 8, 4 and 2 as possible (5·8·8·8 measured 10 % faster than
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
  std::size_t remaining = points / 2;
  std::size_t stride = 1;
  for (const std::size_t radix : radices_of(points / 2)) {
    passes_.push_back({radix, remaining / radix, stride, twiddles_.size()});
    for (std::size_t p = 0; p < remaining / radix; ++p) {
      for (std::size_t j = 1; j < radix; ++j) {
        append_turns(twiddles_, p * j, remaining);
      }
    }
    remaining /= radix;
    stride *= radix;
  }
  for (std::size_t k = 0; k <= max_bin; ++k) {
    append_turns(separate_, k, points);
  }
}

// A buffer of points/2 complex elements and the pads between its blocks.
std::size_t LaneFft::half_workspace() const noexcept {
  constexpr std::size_t kMostBlocks = 8;
  return (points_ / 2 + kMostBlocks * kFftPad) * 2 * lanes_;
}

void LaneFft::operator()(const float* frames, float* out, float* work) const noexcept {
  const std::size_t half = points_ / 2;
  const float* from = frames;
  float* const buffers[2] = {work, work + half_workspace()};
  for (std::size_t k = 0; k < passes_.size(); ++k) {
    const Pass& pass = passes_[k];
    const bool last = k + 1 == passes_.size();
    // The outputs are put in the blocks that the next pass reads at once; those of the last pass
    // are blocks already.
    float* to = buffers[k % 2];
    kernels_->fft_pass(
        from, to,
        {.radix = pass.radix,
         .groups = pass.groups,
         .stride = pass.stride,
         .in_step = half / pass.radix + (k == 0 ? 0 : kFftPad),
         .out_step = pass.stride + (last ? kFftPad : 0),
         .groups_a_block = last ? pass.groups + 1 : pass.groups / passes_[k + 1].radix,
         .twiddles = twiddles_.data() + pass.twiddle_offset},
        lanes_);
    from = to;
  }
  kernels_->fft_separate({.in = from,
                          .half = half,
                          .block = passes_.back().stride,
                          .max_bin = max_bin_,
                          .twiddles = separate_.data()},
                         lanes_, out);
}

}  // namespace halfcycle::signal
