// SPDX-License-Identifier: Apache-2.0
// Body of the flickermeter's kernel; included by exactly one source file per machine level.
// Everything is in an unnamed namespace and nothing of the standard library is called, so that no
// function compiled for a newer machine can be linked into the code of an older one.
#pragma once

#include "metrology/flicker_kernel.hpp"

namespace halfcycle::metrology {
namespace {

#define HC_INLINE [[gnu::always_inline]] inline

using Floats4 [[gnu::vector_size(16)]] = float;
typedef float Floats4Unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef float Floats2Unaligned __attribute__((vector_size(8), aligned(4), may_alias));
using Doubles2 [[gnu::vector_size(16)]] = double;
typedef double Doubles2Unaligned __attribute__((vector_size(16), aligned(8), may_alias));

HC_INLINE Floats4 load4(const float* p) { return *reinterpret_cast<const Floats4Unaligned*>(p); }

#if defined(__AVX2__)
using Floats8 [[gnu::vector_size(32)]] = float;
HC_INLINE Floats8 both(const Floats4& a, const Floats4& b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
HC_INLINE Floats4 first(const Floats8& v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
HC_INLINE Floats4 second(const Floats8& v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
using Wide [[gnu::vector_size(32)]] = double;
typedef double WideUnaligned __attribute__((vector_size(32), aligned(8), may_alias));
HC_INLINE Wide load(const double* p) { return *reinterpret_cast<const WideUnaligned*>(p); }
HC_INLINE void store(double* p, const Wide& v) { *reinterpret_cast<WideUnaligned*>(p) = v; }
HC_INLINE Wide all(double x) { return Wide{x, x, x, x}; }
HC_INLINE Wide larger(const Wide& a, const Wide& b) { return a > b ? a : b; }
HC_INLINE Wide widen(const Floats4& v) { return __builtin_convertvector(v, Wide); }
#else
struct Floats8 {
  Floats4 a, b;
};
HC_INLINE Floats8 operator+(const Floats8& x, const Floats8& y) { return {x.a + y.a, x.b + y.b}; }
HC_INLINE Floats8 operator*(const Floats8& x, const Floats8& y) { return {x.a * y.a, x.b * y.b}; }
HC_INLINE Floats8 both(const Floats4& a, const Floats4& b) { return {a, b}; }
HC_INLINE Floats4 first(const Floats8& v) { return v.a; }
HC_INLINE Floats4 second(const Floats8& v) { return v.b; }
struct Wide {
  Doubles2 a, b;
};
HC_INLINE Wide operator+(const Wide& x, const Wide& y) { return {x.a + y.a, x.b + y.b}; }
HC_INLINE Wide operator-(const Wide& x, const Wide& y) { return {x.a - y.a, x.b - y.b}; }
HC_INLINE Wide operator*(const Wide& x, const Wide& y) { return {x.a * y.a, x.b * y.b}; }
HC_INLINE Wide load(const double* p) {
  return {*reinterpret_cast<const Doubles2Unaligned*>(p),
          *reinterpret_cast<const Doubles2Unaligned*>(p + 2)};
}
HC_INLINE void store(double* p, const Wide& v) {
  *reinterpret_cast<Doubles2Unaligned*>(p) = v.a;
  *reinterpret_cast<Doubles2Unaligned*>(p + 2) = v.b;
}
HC_INLINE Wide all(double x) { return {Doubles2{x, x}, Doubles2{x, x}}; }
HC_INLINE Wide larger(const Wide& x, const Wide& y) {
  return {x.a > y.a ? x.a : y.a, x.b > y.b ? x.b : y.b};
}
HC_INLINE Wide widen(const Floats4& v) {
  const float* p = reinterpret_cast<const float*>(&v);
  return {__builtin_convertvector(*reinterpret_cast<const Floats2Unaligned*>(p), Doubles2),
          __builtin_convertvector(*reinterpret_cast<const Floats2Unaligned*>(p + 2), Doubles2)};
}
#endif

HC_INLINE void step(FlickerState& s, const Wide& u_squared) {
  store(s.sum_steps, load(s.sum_steps) + u_squared);
  const Wide x0 = load(s.input[0]);
  const Wide x1 = load(s.input[1]);
  const Wide x2 = load(s.input[2]);
  const Wide x3 = load(s.input[3]);
  const Wide x4 = load(s.input[4]);
  const Wide x5 = load(s.input[5]);
  store(s.input[0], u_squared * load(s.inverse) + load(s.bias));

  // High-pass, 1 − z⁻¹.
  const Wide y0 = x0 + load(s.s1[0]);
  store(s.s1[0], all(0.0) - x0 - all(s.high_a1) * y0);
  store(s.input[1], y0);
  // Butterworth, (1 + z⁻¹)² three times.
  const auto low = [&s](std::size_t k, const Wide& x) {
    const Wide y = x + load(s.s1[k + 1]);
    store(s.s1[k + 1], (x + x) - all(s.low_a1[k]) * y + load(s.s2[k + 1]));
    store(s.s2[k + 1], x - all(s.low_a2[k]) * y);
    store(s.input[k + 2], y);
  };
  low(0, x1);
  low(1, x2);
  low(2, x3);
  // Weighting, 1 − z⁻² and the general section.
  const Wide y4 = x4 + load(s.s1[4]);
  store(s.s1[4], load(s.s2[4]) - all(s.first_a1) * y4);
  store(s.s2[4], all(0.0) - x4 - all(s.first_a2) * y4);
  store(s.input[5], y4);
  const Wide y5 = x5 + load(s.s1[5]);
  store(s.s1[5], all(s.second_b1) * x5 - all(s.second_a1) * y5 + load(s.s2[5]));
  store(s.s2[5], all(s.second_b2) * x5 - all(s.second_a2) * y5);

  const Wide square = y5 * y5 * all(s.scale);
  Wide mean = load(s.mean);
  mean = mean + all(s.mean_gain) * (square + load(s.mean_input) - (mean + mean));
  store(s.mean_input, square);
  store(s.mean, mean);
  store(s.max, larger(mean, load(s.max)));
}

HC_INLINE void end_block(FlickerDecimator& d, const Floats4 (&sum)[4], const Floats4 (&twice)[4],
                         FlickerBlock& out) {
  // Σ x and Σ (k + 1)·x over the block, from Σ_j x and Σ_j (J − j)·x of k = 4·j + i.
  Floats4 total = Floats4{};
  Floats4 later = Floats4{};
  for (std::size_t i = 0; i < 4; ++i) {
    const float weight = d.weight[i];
    total += sum[i];
    const Floats4 two = twice[i] + twice[i];
    later += sum[i] * Floats4{weight, weight, weight, weight} - (two + two);
  }
  *reinterpret_cast<Floats4Unaligned*>(out.total) = total;
  *reinterpret_cast<Floats4Unaligned*>(out.rising) = later;
}

// A whole block, two frames in a vector; the same operations on each sum as frame by frame.
void decimate_block(FlickerDecimator& d, const float* frames, std::size_t lanes,
                    FlickerBlock& out) {
  const Floats4 nothing = Floats4{};
  Floats8 sum01 = both(nothing, nothing);
  Floats8 sum23 = sum01;
  Floats8 twice01 = sum01;
  Floats8 twice23 = sum01;
  for (std::size_t k = 0; k < d.decimation; k += 4) {
    const float* p = frames + k * lanes;
    const Floats8 x01 = both(load4(p), load4(p + lanes));
    const Floats8 x23 = both(load4(p + 2 * lanes), load4(p + 3 * lanes));
    sum01 = sum01 + x01 * x01;
    sum23 = sum23 + x23 * x23;
    twice01 = twice01 + sum01;
    twice23 = twice23 + sum23;
  }
  const Floats4 sum[4] = {first(sum01), second(sum01), first(sum23), second(sum23)};
  const Floats4 twice[4] = {first(twice01), second(twice01), first(twice23), second(twice23)};
  end_block(d, sum, twice, out);
}

std::size_t decimate(FlickerDecimator& d, const float* frames, std::size_t count, std::size_t lanes,
                     FlickerBlock& out) noexcept {
  if (d.in_block == 0 && count >= d.decimation && d.decimation % 4 == 0) {
    decimate_block(d, frames, lanes, out);
    return d.decimation;
  }
  Floats4 sum[4];
  Floats4 twice[4];
  std::size_t k = d.in_block;
  for (std::size_t i = 0; i < 4; ++i) {
    sum[i] = k == 0 ? Floats4{} : load4(d.sum[i]);
    twice[i] = k == 0 ? Floats4{} : load4(d.twice[i]);
  }
  const std::size_t taken = d.decimation - k < count ? d.decimation - k : count;
  const std::size_t to = k + taken;
  const float* p = frames;
  const auto add = [&](std::size_t i) {
    const Floats4 x = load4(p);
    sum[i] += x * x;
    twice[i] += sum[i];
    p += lanes;
  };
  for (; k < to && k % 4 != 0; ++k) {
    add(k % 4);
  }
  for (; k + 4 <= to; k += 4) {
    add(0);
    add(1);
    add(2);
    add(3);
  }
  for (; k < to; ++k) {
    add(k % 4);
  }
  d.in_block = to;
  if (to == d.decimation) {
    end_block(d, sum, twice, out);
    d.in_block = 0;
    return taken;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    *reinterpret_cast<Floats4Unaligned*>(d.sum[i]) = sum[i];
    *reinterpret_cast<Floats4Unaligned*>(d.twice[i]) = twice[i];
  }
  return taken;
}

void filter(FlickerState& s, const FlickerBlock* blocks, std::size_t count) noexcept {
  for (std::size_t n = 0; n < count; ++n) {
    const Floats4 total = load4(blocks[n].total);
    const Wide all_of_it = widen(total);
    const Floats4 later = load4(blocks[n].rising);
    Wide rising = widen(later);
    // Σ (D − 1 − k)·x
    Wide falling = all(s.decimation) * all_of_it - rising;
    double probe[4];
    store(probe, all_of_it - all_of_it);
    if (!(probe[0] + probe[1] + probe[2] + probe[3] == 0.0)) {
      double up[4];
      double down[4];
      store(up, rising);
      store(down, falling);
      const double d = s.decimation;
      for (std::size_t c = 0; c < 4; ++c) {
        if (!(probe[c] == 0.0)) {
          s.missing[c] = true;
          up[c] = s.hold[c] * 0.5 * d * (d + 1.0);
          down[c] = s.hold[c] * 0.5 * d * (d - 1.0);
        }
      }
      rising = load(up);
      falling = load(down);
    }
    const Wide u_squared = (load(s.rising) + falling) * all(s.norm);
    store(s.rising, rising);
    step(s, u_squared);
  }
}

#undef HC_INLINE

constexpr FlickerKernel kLevelKernel{&decimate, &filter};

}  // namespace
}  // namespace halfcycle::metrology
