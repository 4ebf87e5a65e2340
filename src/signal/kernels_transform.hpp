// SPDX-License-Identifier: Apache-2.0
// Steps of the Fourier transform. Part of kernels_impl.hpp: see there.
#pragma once

#include "signal/kernels_vectors.hpp"

namespace halfcycle::signal {
namespace {

// A complex element is kLanes real parts and then kLanes imaginary parts.

template <class V>
struct Complex {
  V re, im;
};
template <class V>
HC_INLINE Complex<V> operator+(const Complex<V>& a, const Complex<V>& b) {
  return {a.re + b.re, a.im + b.im};
}
template <class V>
HC_INLINE Complex<V> operator-(const Complex<V>& a, const Complex<V>& b) {
  return {a.re - b.re, a.im - b.im};
}
template <class V>
HC_INLINE Complex<V> scaled(const Complex<V>& a, float s) {
  const V k = all<V>(s);
  return {a.re * k, a.im * k};
}
template <class V>  // a·(−j)
HC_INLINE Complex<V> minus_j(const Complex<V>& a) {
  return {a.im, all<V>(0.0F) - a.re};
}
template <class V>  // a − j·b and a + j·b
HC_INLINE Complex<V> minus_j_times(const Complex<V>& a, const Complex<V>& b) {
  return {a.re + b.im, a.im - b.re};
}
template <class V>
HC_INLINE Complex<V> plus_j_times(const Complex<V>& a, const Complex<V>& b) {
  return {a.re - b.im, a.im + b.re};
}
template <class V>  // a·(cos − j·sin)
HC_INLINE Complex<V> turned(const Complex<V>& a, float cosine, float sine) {
  const V c = all<V>(cosine);
  const V s = all<V>(sine);
  return {a.re * c + a.im * s, a.im * c - a.re * s};
}
template <class V, std::size_t kLanes>
HC_INLINE Complex<V> load_complex(const float* p) {
  return {load<V>(p), load<V>(p + kLanes)};
}
template <class V, std::size_t kLanes>
HC_INLINE void store_complex(float* p, const Complex<V>& z) {
  store(p, z.re);
  store(p + kLanes, z.im);
}

template <class V>
HC_INLINE void dft(Complex<V> (&z)[2]) {
  const Complex<V> a = z[0];
  z[0] = a + z[1];
  z[1] = a - z[1];
}

template <class V>
HC_INLINE void dft(Complex<V> (&z)[3]) {
  constexpr float kSine = 0.86602540378443864676F;  // sin 60°
  const Complex<V> sum = z[1] + z[2];
  const Complex<V> rest = z[0] - scaled(sum, 0.5F);
  const Complex<V> across = scaled(z[1] - z[2], kSine);
  z[0] = z[0] + sum;
  z[1] = minus_j_times(rest, across);
  z[2] = plus_j_times(rest, across);
}

template <class V>
HC_INLINE void dft(Complex<V> (&z)[4]) {
  const Complex<V> a = z[0] + z[2];
  const Complex<V> b = z[0] - z[2];
  const Complex<V> c = z[1] + z[3];
  const Complex<V> d = z[1] - z[3];
  z[0] = a + c;
  z[1] = minus_j_times(b, d);
  z[2] = a - c;
  z[3] = plus_j_times(b, d);
}

template <class V>
HC_INLINE void dft(Complex<V> (&z)[5]) {
  constexpr float kCos72 = 0.30901699437494742410F;
  constexpr float kSin72 = 0.95105651629515357212F;
  constexpr float kCos144 = -0.80901699437494742410F;
  constexpr float kSin144 = 0.58778525229247312917F;
  const Complex<V> s14 = z[1] + z[4];
  const Complex<V> d14 = z[1] - z[4];
  const Complex<V> s23 = z[2] + z[3];
  const Complex<V> d23 = z[2] - z[3];
  const Complex<V> a = z[0] + scaled(s14, kCos72) + scaled(s23, kCos144);
  const Complex<V> b = z[0] + scaled(s14, kCos144) + scaled(s23, kCos72);
  const Complex<V> c = scaled(d14, kSin72) + scaled(d23, kSin144);
  const Complex<V> d = scaled(d14, kSin144) - scaled(d23, kSin72);
  z[0] = z[0] + s14 + s23;
  z[1] = minus_j_times(a, c);
  z[2] = minus_j_times(b, d);
  z[3] = plus_j_times(b, d);
  z[4] = plus_j_times(a, c);
}

template <class V>
HC_INLINE void dft(Complex<V> (&z)[8]) {
  constexpr float kRoot = 0.70710678118654752440F;  // cos 45°
  Complex<V> even[4] = {z[0] + z[4], z[1] + z[5], z[2] + z[6], z[3] + z[7]};
  const Complex<V> d0 = z[0] - z[4];
  const Complex<V> d1 = z[1] - z[5];
  const Complex<V> d2 = z[2] - z[6];
  const Complex<V> d3 = z[3] - z[7];
  dft(even);
  // Turned by −45°·k: (1−j)·√½, −j, (−1−j)·√½.
  Complex<V> odd[4] = {
      d0,
      scaled(Complex<V>{d1.re + d1.im, d1.im - d1.re}, kRoot),
      minus_j(d2),
      scaled(Complex<V>{d3.im - d3.re, all<V>(0.0F) - (d3.re + d3.im)}, kRoot),
  };
  dft(odd);
  for (std::size_t k = 0; k < 4; ++k) {
    z[2 * k] = even[k];
    z[2 * k + 1] = odd[k];
  }
}

template <class V, std::size_t kLanes, std::size_t kRadix>
HC_INLINE void butterfly(const float* in, std::size_t in_step, float* out, std::size_t out_step,
                         const float* twiddles) {
  Complex<V> z[kRadix];
  for (std::size_t j = 0; j < kRadix; ++j) {
    z[j] = load_complex<V, kLanes>(in + j * in_step);
  }
  dft(z);
  store_complex<V, kLanes>(out, z[0]);
  for (std::size_t j = 1; j < kRadix; ++j) {
    store_complex<V, kLanes>(
        out + j * out_step,
        twiddles == nullptr ? z[j] : turned(z[j], twiddles[2 * j - 2], twiddles[2 * j - 1]));
  }
}

template <std::size_t kLanes, std::size_t kRadix>
HC_INLINE void butterfly(const float* x, std::size_t in_step, float* y, std::size_t out_step,
                         const float* twiddles) {
#if defined(__AVX2__)
  butterfly<Vec8, kLanes, kRadix>(x, in_step, y, out_step, twiddles);
#else
  butterfly<Vec4, kLanes, kRadix>(x, in_step, y, out_step, twiddles);
  butterfly<Vec4, kLanes, kRadix>(x + 4, in_step, y + 4, out_step, twiddles);
#endif
  if constexpr (kLanes == 12) {
    butterfly<Vec4, kLanes, kRadix>(x + 8, in_step, y + 8, out_step, twiddles);
  }
}

template <std::size_t kLanes, std::size_t kRadix>
void fft_step_radix(const float* in, float* out, const FftStep& run) {
  constexpr std::size_t kElement = 2 * kLanes;
  const std::size_t in_step = run.in_step * kElement;
  const std::size_t out_step = run.out_step * kElement;
  for (std::size_t b = 0; b < run.blocks; ++b) {
    std::size_t k = 0;
    if (run.first == 0) {
      butterfly<kLanes, kRadix>(in, in_step, out, out_step, nullptr);  // factors 1
      k = 1;
    }
    for (; k < run.count; ++k) {
      butterfly<kLanes, kRadix>(in + k * kElement, in_step, out + k * kElement, out_step,
                                run.twiddles + (run.first + k) * 2 * (kRadix - 1));
    }
    in += kRadix * in_step;
    out += kRadix * out_step;
  }
}

template <std::size_t kLanes>
void fft_step(const float* in, float* out, const FftStep& run) {
  switch (run.radix) {
    case 2:
      return fft_step_radix<kLanes, 2>(in, out, run);
    case 3:
      return fft_step_radix<kLanes, 3>(in, out, run);
    case 4:
      return fft_step_radix<kLanes, 4>(in, out, run);
    case 5:
      return fft_step_radix<kLanes, 5>(in, out, run);
    default:
      return fft_step_radix<kLanes, 8>(in, out, run);
  }
}

// derived: with z[n] = x[2n] + j·x[2n+1] and Z its transform, E = (Z[k] + Z*[H−k])/2 and
// O = (Z[k] − Z*[H−k])/2j are the transforms of the even and odd samples; X[k] = E +
// e^(−j2πk/2H)·O. Halves and the scale 2/(2H) together are the factor 1/2H.
template <class V, std::size_t kLanes>
HC_INLINE void separate_bin(const float* at_k, const float* mirrored, float* out, float cosine,
                            float sine, float scale) {
  const Complex<V> a = load_complex<V, kLanes>(at_k);
  const Complex<V> b = load_complex<V, kLanes>(mirrored);
  const Complex<V> even = {a.re + b.re, a.im - b.im};
  const Complex<V> odd = {a.im + b.im, b.re - a.re};
  store_complex<V, kLanes>(out, scaled(even + turned(odd, cosine, sine), scale));
}

template <class V, std::size_t kLanes>
HC_INLINE void separate_two(const float* at_k, const float* mirrored, float* out,
                            float* out_mirrored, float cosine, float sine, float scale) {
  const Complex<V> a = load_complex<V, kLanes>(at_k);
  const Complex<V> b = load_complex<V, kLanes>(mirrored);
  const Complex<V> even = {a.re + b.re, a.im - b.im};
  const Complex<V> odd = turned(Complex<V>{a.im + b.im, b.re - a.re}, cosine, sine);
  // derived: X[H−k] is the conjugate of E − e^(−jπk/H)·O.
  const V k = all<V>(scale);
  store_complex<V, kLanes>(out, scaled(even + odd, scale));
  store_complex<V, kLanes>(out_mirrored, {(even.re - odd.re) * k, (odd.im - even.im) * k});
}

template <std::size_t kLanes>
void fft_separate(const FftSeparation& run, float* out) {
  constexpr std::size_t kElement = 2 * kLanes;
  const std::size_t half = run.half;
  const float scale = 0.5F / static_cast<float>(half);
  const auto one = [&](std::size_t k, float own_scale) __attribute__((always_inline)) {
    const bool at_end = k == 0 || k == half;
    const float* a = run.in + run.places[at_end ? 0 : k] * kElement;
    const float* mirrored = run.in + run.places[at_end ? 0 : half - k] * kElement;
    float* y = out + k * kElement;
    const float c = run.twiddles[2 * k];
    const float s = run.twiddles[2 * k + 1];
#if defined(__AVX2__)
    separate_bin<Vec8, kLanes>(a, mirrored, y, c, s, own_scale);
#else
    separate_bin<Vec4, kLanes>(a, mirrored, y, c, s, own_scale);
    separate_bin<Vec4, kLanes>(a + 4, mirrored + 4, y + 4, c, s, own_scale);
#endif
    if constexpr (kLanes == 12) {
      separate_bin<Vec4, kLanes>(a + 8, mirrored + 8, y + 8, c, s, own_scale);
    }
  };
  one(0, 0.5F * scale);
  if (run.max_bin == half) {
    one(half, 0.5F * scale);
  }
  // Bins whose mirror image is not wanted, then those that come in twos.
  const std::size_t last = run.max_bin < half ? run.max_bin : half - 1;
  const std::size_t two_from = half - last;
  std::size_t k = 1;
  for (; k <= last && k < two_from; ++k) {
    one(k, scale);
  }
  for (; 2 * k < half && k <= last; ++k) {
    const float* a = run.in + run.places[k] * kElement;
    const float* mirrored = run.in + run.places[half - k] * kElement;
    float* y = out + k * kElement;
    float* z = out + (half - k) * kElement;
    const float c = run.twiddles[2 * k];
    const float s = run.twiddles[2 * k + 1];
#if defined(__AVX2__)
    separate_two<Vec8, kLanes>(a, mirrored, y, z, c, s, scale);
#else
    separate_two<Vec4, kLanes>(a, mirrored, y, z, c, s, scale);
    separate_two<Vec4, kLanes>(a + 4, mirrored + 4, y + 4, z + 4, c, s, scale);
#endif
    if constexpr (kLanes == 12) {
      separate_two<Vec4, kLanes>(a + 8, mirrored + 8, y + 8, z + 8, c, s, scale);
    }
  }
  if (2 * k == half && k <= last) {
    one(k, scale);
  }
}

template <class V, std::size_t kLanes>
HC_INLINE V bin_powers(const float* bins, std::size_t count) {
  V sum = all<V>(0.0F);
  for (std::size_t k = 0; k < count; ++k) {
    const Complex<V> z = load_complex<V, kLanes>(bins + k * 2 * kLanes);
    sum = sum + (z.re * z.re + z.im * z.im);
  }
  return sum;
}

// Of the lanes of V from `spectrum` on.
template <class V, std::size_t kLanes>
HC_INLINE void group_lanes(const float* spectrum, std::size_t cycles, std::size_t highest,
                           float* out) {
  constexpr std::size_t kElement = 2 * kLanes;
  const V zero = all<V>(0.0F);
  const V halved = all<V>(0.5F);
  V before = zero;  // what the bins below an order give to its group
  for (std::size_t h = 0; h <= highest; ++h) {
    const float* line = spectrum + cycles * h * kElement;
    const V sub = h > 0 ? bin_powers<V, kLanes>(line - kElement, 3) : zero;
    V inter = zero;
    V group = zero;
    if (h < highest) {
      const V below = bin_powers<V, kLanes>(line + 2 * kElement, cycles / 2 - 2);
      const V middle = bin_powers<V, kLanes>(line + cycles / 2 * kElement, 1);
      const V above = bin_powers<V, kLanes>(line + (cycles / 2 + 1) * kElement, cycles / 2 - 2);
      inter = below + middle + above;
      group = before + sub + (below + halved * middle);
      before = halved * middle + above;
    }
    float* rows = out + h * 3 * kLanes;
    store(rows, sub);
    store(rows + kLanes, inter);
    store(rows + 2 * kLanes, group);
  }
}

template <std::size_t kLanes>
void group_bins(const float* spectrum, std::size_t cycles, std::size_t highest, float* out) {
#if defined(__AVX2__)
  group_lanes<Vec8, kLanes>(spectrum, cycles, highest, out);
#else
  group_lanes<Vec4, kLanes>(spectrum, cycles, highest, out);
  group_lanes<Vec4, kLanes>(spectrum + 4, cycles, highest, out + 4);
#endif
  if constexpr (kLanes == 12) {
    group_lanes<Vec4, kLanes>(spectrum + 8, cycles, highest, out + 8);
  }
}

template <std::size_t kLanes>
void add_bin_powers(const float* bins, std::size_t count, float* sums) {
  Vec8 sum = load<Vec8>(sums);
  [[maybe_unused]] Vec4 more = all<Vec4>(0.0F);
  if constexpr (kLanes == 12) {
    more = load<Vec4>(sums + 8);
  }
  for (std::size_t k = 0; k < count; ++k) {
    const float* bin = bins + k * 2 * kLanes;
    const Vec8 re = load<Vec8>(bin);
    const Vec8 im = load<Vec8>(bin + kLanes);
    sum = sum + (re * re + im * im);
    if constexpr (kLanes == 12) {
      const Vec4 re2 = load<Vec4>(bin + 8);
      const Vec4 im2 = load<Vec4>(bin + kLanes + 8);
      more = more + (re2 * re2 + im2 * im2);
    }
  }
  store(sums, sum);
  if constexpr (kLanes == 12) {
    store(sums + 8, more);
  }
}

}  // namespace
}  // namespace halfcycle::signal
