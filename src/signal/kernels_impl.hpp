// SPDX-License-Identifier: Apache-2.0
// Bodies of the kernels; included by exactly one source file per machine level. Everything is in
// an unnamed namespace and nothing of the standard library is called, so that no function compiled
// for a newer machine can be linked into the code of an older one.
#pragma once

#include <cstddef>

#include "signal/chunk_layout.hpp"
#include "signal/kernels.hpp"

namespace halfcycle::signal {
namespace {

#define HC_INLINE [[gnu::always_inline]] inline

using Vec4 [[gnu::vector_size(16)]] = float;
using Doubles4 [[gnu::vector_size(32)]] = double;
typedef float Vec4Unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef float Vec4Aligned __attribute__((vector_size(16), aligned(16), may_alias));
typedef int Ints4 __attribute__((vector_size(16)));

template <class V>
HC_INLINE V load(const float* p);
template <class V>  // p on 16 bytes: SSE2 takes such an operand straight from memory
HC_INLINE V load_aligned(const float* p);
template <class V>
HC_INLINE V all(float x);

template <>
HC_INLINE Vec4 load<Vec4>(const float* p) {
  return *reinterpret_cast<const Vec4Unaligned*>(p);
}
template <>
HC_INLINE Vec4 load_aligned<Vec4>(const float* p) {
  return *reinterpret_cast<const Vec4Aligned*>(p);
}
HC_INLINE void store(float* p, const Vec4& v) { *reinterpret_cast<Vec4Unaligned*>(p) = v; }
template <>
HC_INLINE Vec4 all<Vec4>(float x) {
  return Vec4{x, x, x, x};
}
HC_INLINE Vec4 smaller(const Vec4& a, const Vec4& b) { return a < b ? a : b; }
HC_INLINE Vec4 larger(const Vec4& a, const Vec4& b) { return a > b ? a : b; }

#if defined(__AVX2__)
using Vec8 [[gnu::vector_size(32)]] = float;
typedef float Vec8Unaligned __attribute__((vector_size(32), aligned(4), may_alias));
template <>
HC_INLINE Vec8 load<Vec8>(const float* p) {
  return *reinterpret_cast<const Vec8Unaligned*>(p);
}
template <>
HC_INLINE Vec8 load_aligned<Vec8>(const float* p) {
  return load<Vec8>(p);
}
HC_INLINE void store(float* p, const Vec8& v) { *reinterpret_cast<Vec8Unaligned*>(p) = v; }
template <>
HC_INLINE Vec8 all<Vec8>(float x) {
  return Vec8{x, x, x, x, x, x, x, x};
}
HC_INLINE Vec8 smaller(const Vec8& a, const Vec8& b) { return a < b ? a : b; }
HC_INLINE Vec8 larger(const Vec8& a, const Vec8& b) { return a > b ? a : b; }
#else
// Eight lanes as two registers: eight-float vectors compiled for SSE2 are several times slower.
struct Vec8 {
  Vec4 a, b;
};
HC_INLINE Vec8 operator+(const Vec8& x, const Vec8& y) { return {x.a + y.a, x.b + y.b}; }
HC_INLINE Vec8 operator-(const Vec8& x, const Vec8& y) { return {x.a - y.a, x.b - y.b}; }
HC_INLINE Vec8 operator*(const Vec8& x, const Vec8& y) { return {x.a * y.a, x.b * y.b}; }
template <>
HC_INLINE Vec8 load<Vec8>(const float* p) {
  return {load<Vec4>(p), load<Vec4>(p + 4)};
}
template <>
HC_INLINE Vec8 load_aligned<Vec8>(const float* p) {
  return {load_aligned<Vec4>(p), load_aligned<Vec4>(p + 4)};
}
HC_INLINE void store(float* p, const Vec8& v) {
  store(p, v.a);
  store(p + 4, v.b);
}
template <>
HC_INLINE Vec8 all<Vec8>(float x) {
  return {all<Vec4>(x), all<Vec4>(x)};
}
HC_INLINE Vec8 smaller(const Vec8& a, const Vec8& b) {
  return {smaller(a.a, b.a), smaller(a.b, b.b)};
}
HC_INLINE Vec8 larger(const Vec8& a, const Vec8& b) { return {larger(a.a, b.a), larger(a.b, b.b)}; }
#endif

typedef double Doubles4Unaligned __attribute__((vector_size(32), aligned(8), may_alias));
HC_INLINE void add_to_doubles(double* sums, const Vec4& v) {
  // Not auto: deduction would drop the alignment.
  Doubles4Unaligned* p = reinterpret_cast<Doubles4Unaligned*>(sums);
  const Doubles4 wide = __builtin_convertvector(v, Doubles4);
  *p = *p + wide;
}

// (u2, u3, u1, u4) and (u3, u1, u2, u4).
HC_INLINE Vec4 next_phase(const Vec4& v) { return __builtin_shufflevector(v, v, 1, 2, 0, 3); }
HC_INLINE Vec4 last_phase(const Vec4& v) { return __builtin_shufflevector(v, v, 2, 0, 1, 3); }
// Two frames at once: the voltages of both, the currents of both, and their shuffles.
#if defined(__AVX2__)
HC_INLINE Vec8 both_low(const Vec8& x, const Vec8& y) {
  return __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11);
}
HC_INLINE Vec8 both_high(const Vec8& x, const Vec8& y) {
  return __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15);
}
HC_INLINE Vec8 next_phase(const Vec8& v) {
  return __builtin_shufflevector(v, v, 1, 2, 0, 3, 5, 6, 4, 7);
}
HC_INLINE Vec8 last_phase(const Vec8& v) {
  return __builtin_shufflevector(v, v, 2, 0, 1, 3, 6, 4, 5, 7);
}
HC_INLINE Vec8 first_of(const Vec8& x, const Vec8& y) {
  return __builtin_shufflevector(x, y, 0, 8, 0, 8, 4, 12, 4, 12);
}
HC_INLINE Vec8 two(float x, float y) { return Vec8{x, x, x, x, y, y, y, y}; }
HC_INLINE Vec4 low_half(const Vec8& v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
HC_INLINE Vec4 high_half(const Vec8& v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
#else
HC_INLINE Vec8 both_low(const Vec8& x, const Vec8& y) { return {x.a, y.a}; }
HC_INLINE Vec8 both_high(const Vec8& x, const Vec8& y) { return {x.b, y.b}; }
HC_INLINE Vec8 next_phase(const Vec8& v) { return {next_phase(v.a), next_phase(v.b)}; }
HC_INLINE Vec8 last_phase(const Vec8& v) { return {last_phase(v.a), last_phase(v.b)}; }
HC_INLINE Vec8 first_of(const Vec8& x, const Vec8& y) {
  return {__builtin_shufflevector(x.a, y.a, 0, 4, 0, 4),
          __builtin_shufflevector(x.b, y.b, 0, 4, 0, 4)};
}
HC_INLINE Vec8 two(float x, float y) { return {all<Vec4>(x), all<Vec4>(y)}; }
HC_INLINE Vec4 low_half(const Vec8& v) { return v.a; }
HC_INLINE Vec4 high_half(const Vec8& v) { return v.b; }
#endif
HC_INLINE Vec4 sum_of_halves(const Vec8& v) { return low_half(v) + high_half(v); }

// --- sums ------------------------------------------------------------------------------------

// Everything that a chunk or a window adds up. Frames come in twos; the sums of the first and of
// the second of each two are kept apart and added in the end.
template <std::size_t kLanes>
struct FrameSums {
  static constexpr ChunkLayout kLayout{kLanes};
  Vec8 sum0 = all<Vec8>(0.0F), sum1 = sum0, square0 = sum0, square1 = sum0;
  Vec8 power = sum0, line = sum0, cross = sum0, residual = sum0;
  Vec4 more_sum0 = all<Vec4>(0.0F), more_sum1 = more_sum0;  // of lanes 8 to 11
  Vec4 more_square0 = more_sum0, more_square1 = more_sum0;

  // wx: x times the weights; w: the weights of both frames.
  HC_INLINE void add_products(const Vec8& x0, const Vec8& x1, const Vec8& wx0, const Vec8& wx1,
                              const Vec8& w, bool weighted) {
    sum0 = sum0 + wx0;
    sum1 = sum1 + wx1;
    square0 = square0 + wx0 * x0;
    square1 = square1 + wx1 * x1;
    const Vec8 u = both_low(x0, x1);
    const Vec8 i = both_high(x0, x1);
    const Vec8 u_next = next_phase(u);
    const Vec8 i_next = next_phase(i);
    const Vec8 wu = weighted ? both_low(wx0, wx1) : u;
    power = power + wu * i;
    cross = cross + wu * i_next;
    const Vec8 d = u - u_next;
    line = line + (weighted ? w * d : d) * d;
    const Vec8 r = first_of(u + u_next + last_phase(u), i + i_next + last_phase(i));
    residual = residual + (weighted ? w * r : r) * r;
  }
  HC_INLINE void add_two(const float* f) {
    const Vec8 x0 = load<Vec8>(f);
    const Vec8 x1 = load<Vec8>(f + kLanes);
    add_products(x0, x1, x0, x1, x0, false);
    if constexpr (kLanes == 12) {
      const Vec4 y0 = load<Vec4>(f + 8);
      const Vec4 y1 = load<Vec4>(f + kLanes + 8);
      more_sum0 = more_sum0 + y0;
      more_sum1 = more_sum1 + y1;
      more_square0 = more_square0 + y0 * y0;
      more_square1 = more_square1 + y1 * y1;
    }
  }
  HC_INLINE void add_one(const float* f) {
    const Vec8 x = load<Vec8>(f);
    const Vec8 zero = all<Vec8>(0.0F);
    add_products(x, zero, x, zero, zero, false);
    if constexpr (kLanes == 12) {
      const Vec4 y = load<Vec4>(f + 8);
      more_sum0 = more_sum0 + y;
      more_square0 = more_square0 + y * y;
    }
  }
  HC_INLINE void add_two(const float* f, float w0, float w1) {
    const Vec8 x0 = load<Vec8>(f);
    const Vec8 x1 = load<Vec8>(f + kLanes);
    add_products(x0, x1, all<Vec8>(w0) * x0, all<Vec8>(w1) * x1, two(w0, w1), true);
    if constexpr (kLanes == 12) {
      const Vec4 y0 = load<Vec4>(f + 8);
      const Vec4 y1 = load<Vec4>(f + kLanes + 8);
      const Vec4 wy0 = all<Vec4>(w0) * y0;
      const Vec4 wy1 = all<Vec4>(w1) * y1;
      more_sum0 = more_sum0 + wy0;
      more_sum1 = more_sum1 + wy1;
      more_square0 = more_square0 + wy0 * y0;
      more_square1 = more_square1 + wy1 * y1;
    }
  }
  HC_INLINE void add_one(const float* f, float w0) {
    const Vec8 x = load<Vec8>(f);
    const Vec8 zero = all<Vec8>(0.0F);
    add_products(x, zero, all<Vec8>(w0) * x, zero, two(w0, 0.0F), true);
    if constexpr (kLanes == 12) {
      const Vec4 y = load<Vec4>(f + 8);
      const Vec4 wy = all<Vec4>(w0) * y;
      more_sum0 = more_sum0 + wy;
      more_square0 = more_square0 + wy * y;
    }
  }
  HC_INLINE void finish(float* out) const {
    store(out + kLayout.sum(), sum0 + sum1);
    store(out + kLayout.square(), square0 + square1);
    if constexpr (kLanes == 12) {
      store(out + kLayout.sum() + 8, more_sum0 + more_sum1);
      store(out + kLayout.square() + 8, more_square0 + more_square1);
    }
    store(out + kLayout.power(), sum_of_halves(power));
    store(out + kLayout.line(), sum_of_halves(line));
    store(out + kLayout.cross(), sum_of_halves(cross));
    store(out + kLayout.residual(), sum_of_halves(residual));
  }
};

template <std::size_t kLanes>
void extremes(const float* frames, std::size_t count, float* min, float* max) {
  Vec8 low = load<Vec8>(min);
  Vec8 high = load<Vec8>(max);
  [[maybe_unused]] Vec4 low2 = all<Vec4>(0.0F);
  [[maybe_unused]] Vec4 high2 = low2;
  if constexpr (kLanes == 12) {
    low2 = load<Vec4>(min + 8);
    high2 = load<Vec4>(max + 8);
  }
  for (std::size_t n = 0; n < count; ++n) {
    const Vec8 x = load<Vec8>(frames + n * kLanes);
    low = smaller(x, low);
    high = larger(x, high);
    if constexpr (kLanes == 12) {
      const Vec4 y = load<Vec4>(frames + n * kLanes + 8);
      low2 = smaller(y, low2);
      high2 = larger(y, high2);
    }
  }
  store(min, low);
  store(max, high);
  if constexpr (kLanes == 12) {
    store(min + 8, low2);
    store(max + 8, high2);
  }
}

template <std::size_t kLanes>
void chunk_sums(const float* frames, std::size_t count, float* out) {
  constexpr ChunkLayout kLayout{kLanes};
  constexpr float kInfinity = __builtin_inff();
  FrameSums<kLanes> sums;
  std::size_t n = 0;
  for (; n + 2 <= count; n += 2) {
    sums.add_two(frames + n * kLanes);
  }
  if (n < count) {
    sums.add_one(frames + n * kLanes);
  }
  sums.finish(out);
  for (std::size_t k = 0; k < kLanes; k += 4) {
    store(out + kLayout.min() + k, all<Vec4>(kInfinity));
    store(out + kLayout.max() + k, all<Vec4>(-kInfinity));
  }
  extremes<kLanes>(frames, count, out + kLayout.min(), out + kLayout.max());
}

// kChunkFrames frames on their way into the ring: copied and added up in one pass.
template <std::size_t kLanes>
void take_chunk(const float* frames, float* to, float* out) {
  constexpr ChunkLayout kLayout{kLanes};
  constexpr float kInfinity = __builtin_inff();
  FrameSums<kLanes> sums;
  Vec8 low = all<Vec8>(kInfinity);
  Vec8 high = all<Vec8>(-kInfinity);
  [[maybe_unused]] Vec4 low2 = all<Vec4>(kInfinity);
  [[maybe_unused]] Vec4 high2 = all<Vec4>(-kInfinity);
  for (std::size_t n = 0; n < kChunkFrames; n += 2) {
    const float* f = frames + n * kLanes;
    float* t = to + n * kLanes;
    sums.add_two(f);
    for (std::size_t k = 0; k < 2; ++k) {
      const Vec8 x = load<Vec8>(f + k * kLanes);
      store(t + k * kLanes, x);
      low = smaller(x, low);
      high = larger(x, high);
      if constexpr (kLanes == 12) {
        const Vec4 y = load<Vec4>(f + k * kLanes + 8);
        store(t + k * kLanes + 8, y);
        low2 = smaller(y, low2);
        high2 = larger(y, high2);
      }
    }
  }
  sums.finish(out);
  store(out + kLayout.min(), low);
  store(out + kLayout.max(), high);
  if constexpr (kLanes == 12) {
    store(out + kLayout.min() + 8, low2);
    store(out + kLayout.max() + 8, high2);
  }
}

template <std::size_t kLanes>
void weighted_sums(const float* frames, const float* weights, std::size_t count, double* sums) {
  constexpr ChunkLayout kLayout{kLanes};
  while (count > 0) {
    const std::size_t run = count < kChunkFrames ? count : kChunkFrames;
    FrameSums<kLanes> part;
    std::size_t n = 0;
    for (; n + 2 <= run; n += 2) {
      part.add_two(frames + n * kLanes, weights[n], weights[n + 1]);
    }
    if (n < run) {
      part.add_one(frames + n * kLanes, weights[n]);
    }
    float total[kLayout.added_floats()];
    part.finish(total);
    for (std::size_t k = 0; k < kLayout.added_floats(); k += 4) {
      add_to_doubles(sums + k, load<Vec4>(total + k));
    }
    frames += run * kLanes;
    weights += run;
    count -= run;
  }
}

template <std::size_t kLanes>
void add_chunks(const float* chunks, std::size_t count, double* sums, float* min, float* max) {
  constexpr ChunkLayout kLayout{kLanes};
  constexpr std::size_t kStep = kLayout.floats();
  constexpr std::size_t kSums = kLayout.added_floats() / 4;
  constexpr std::size_t kExtremes = kLanes / 4;
  // All at once, so that the additions of one need not wait for each other.
  Doubles4 total[kSums];
  Vec4 low[kExtremes];
  Vec4 high[kExtremes];
#pragma GCC unroll 10
  for (std::size_t k = 0; k < kSums; ++k) {
    total[k] = *reinterpret_cast<const Doubles4Unaligned*>(sums + 4 * k);
  }
#pragma GCC unroll 3
  for (std::size_t k = 0; k < kExtremes; ++k) {
    low[k] = load<Vec4>(min + 4 * k);
    high[k] = load<Vec4>(max + 4 * k);
  }
  for (std::size_t c = 0; c < count; ++c) {
    const float* chunk = chunks + c * kStep;
#pragma GCC unroll 10
    for (std::size_t k = 0; k < kSums; ++k) {
      total[k] = total[k] + __builtin_convertvector(load<Vec4>(chunk + 4 * k), Doubles4);
    }
#pragma GCC unroll 3
    for (std::size_t k = 0; k < kExtremes; ++k) {
      low[k] = smaller(load<Vec4>(chunk + kLayout.min() + 4 * k), low[k]);
      high[k] = larger(load<Vec4>(chunk + kLayout.max() + 4 * k), high[k]);
    }
  }
#pragma GCC unroll 10
  for (std::size_t k = 0; k < kSums; ++k) {
    *reinterpret_cast<Doubles4Unaligned*>(sums + 4 * k) = total[k];
  }
#pragma GCC unroll 3
  for (std::size_t k = 0; k < kExtremes; ++k) {
    store(min + 4 * k, low[k]);
    store(max + 4 * k, high[k]);
  }
}

// Squares of all lanes, or of the differences of the first three, with weights (null: 1).
template <std::size_t kLanes, bool kDifferences>
void squares(const float* frames, const float* weights, std::size_t count, double* sums) {
  const auto square = [](const float* f, float w) __attribute__((always_inline)) {
    if constexpr (kDifferences) {
      const Vec4 u = load<Vec4>(f);
      const Vec4 d = u - next_phase(u);
      return all<Vec4>(w) * d * d;
    } else {
      const Vec8 x = load<Vec8>(f);
      return all<Vec8>(w) * x * x;
    }
  };
  while (count > 0) {
    const std::size_t run = count < kChunkFrames ? count : kChunkFrames;
    using Vector = decltype(square(frames, 1.0F));
    Vector even = all<Vector>(0.0F);
    Vector odd = even;
    const auto weight = [&](std::size_t n) __attribute__((always_inline)) {
      return weights == nullptr ? 1.0F : weights[n];
    };
    std::size_t n = 0;
    for (; n + 2 <= run; n += 2) {
      even = even + square(frames + n * kLanes, weight(n));
      odd = odd + square(frames + (n + 1) * kLanes, weight(n + 1));
    }
    if (n < run) {
      even = even + square(frames + n * kLanes, weight(n));
    }
    if constexpr (kDifferences) {
      add_to_doubles(sums, even + odd);
    } else {
      const Vec8 total = even + odd;
      add_to_doubles(sums, low_half(total));
      add_to_doubles(sums + 4, high_half(total));
    }
    frames += run * kLanes;
    weights = weights == nullptr ? nullptr : weights + run;
    count -= run;
  }
}

// --- filters ---------------------------------------------------------------------------------

// Four coefficients, ready to be spread over all lanes of a vector by one shuffle each.
template <class V>
struct Quad;
template <>
struct Quad<Vec4> {
  Vec4 c;
  HC_INLINE explicit Quad(const float* p) : c(load_aligned<Vec4>(p)) {}
  HC_INLINE explicit Quad(const Vec4& v) : c(v) {}
  template <int kIndex>
  [[nodiscard]] HC_INLINE Vec4 spread() const {
    // As integers: that shuffle of SSE2 needs no copy of its operand.
    const Ints4 bits = reinterpret_cast<Ints4>(c);
    const Ints4 spread_bits = __builtin_shufflevector(bits, bits, kIndex, kIndex, kIndex, kIndex);
    return reinterpret_cast<Vec4>(spread_bits);
  }
  [[nodiscard]] HC_INLINE Vec4 low() const { return c; }
};
#if defined(__AVX2__)
template <>
struct Quad<Vec8> {
  Vec8 c;  // the four twice: shuffles across the halves are slow
  HC_INLINE explicit Quad(const float* p) : c(twice(load_aligned<Vec4>(p))) {}
  HC_INLINE explicit Quad(const Vec8& v) : c(v) {}
  HC_INLINE static Vec8 twice(const Vec4& v) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 0, 1, 2, 3);
  }
  template <int kIndex>
  [[nodiscard]] HC_INLINE Vec8 spread() const {
    return __builtin_shufflevector(c, c, kIndex, kIndex, kIndex, kIndex, kIndex + 4, kIndex + 4,
                                   kIndex + 4, kIndex + 4);
  }
  [[nodiscard]] HC_INLINE Vec4 low() const { return __builtin_shufflevector(c, c, 0, 1, 2, 3); }
};
using Coefficients = Quad<Vec8>;
template <int kIndex>
HC_INLINE Vec8 spread8(const Coefficients& q) {
  return q.spread<kIndex>();
}
#else
using Coefficients = Quad<Vec4>;
template <int kIndex>
HC_INLINE Vec8 spread8(const Coefficients& q) {
  const Vec4 v = q.spread<kIndex>();
  return {v, v};
}
#endif

// Four running sums (taps t, t+1, t+2, t+3) hide the latency of the additions.
template <std::size_t kLanes>
struct FirSums {
  Vec8 s0 = all<Vec8>(0.0F), s1 = s0, s2 = s0, s3 = s0;
  Vec4 e0 = all<Vec4>(0.0F), e1 = e0, e2 = e0, e3 = e0;

  HC_INLINE void add4(const float* frames, const Coefficients& c) {
    s0 = s0 + spread8<0>(c) * load_aligned<Vec8>(frames);
    s1 = s1 + spread8<1>(c) * load_aligned<Vec8>(frames + kLanes);
    s2 = s2 + spread8<2>(c) * load_aligned<Vec8>(frames + 2 * kLanes);
    s3 = s3 + spread8<3>(c) * load_aligned<Vec8>(frames + 3 * kLanes);
    if constexpr (kLanes == 12) {
      const Quad<Vec4> low(c.low());
      e0 = e0 + low.spread<0>() * load_aligned<Vec4>(frames + 8);
      e1 = e1 + low.spread<1>() * load_aligned<Vec4>(frames + 8 + kLanes);
      e2 = e2 + low.spread<2>() * load_aligned<Vec4>(frames + 8 + 2 * kLanes);
      e3 = e3 + low.spread<3>() * load_aligned<Vec4>(frames + 8 + 3 * kLanes);
    }
  }
  // c: four coefficients in memory.
  HC_INLINE void add4(const float* frames, const float* c) {
    s0 = s0 + all<Vec8>(c[0]) * load_aligned<Vec8>(frames);
    s1 = s1 + all<Vec8>(c[1]) * load_aligned<Vec8>(frames + kLanes);
    s2 = s2 + all<Vec8>(c[2]) * load_aligned<Vec8>(frames + 2 * kLanes);
    s3 = s3 + all<Vec8>(c[3]) * load_aligned<Vec8>(frames + 3 * kLanes);
    if constexpr (kLanes == 12) {
      e0 = e0 + all<Vec4>(c[0]) * load_aligned<Vec4>(frames + 8);
      e1 = e1 + all<Vec4>(c[1]) * load_aligned<Vec4>(frames + 8 + kLanes);
      e2 = e2 + all<Vec4>(c[2]) * load_aligned<Vec4>(frames + 8 + 2 * kLanes);
      e3 = e3 + all<Vec4>(c[3]) * load_aligned<Vec4>(frames + 8 + 3 * kLanes);
    }
  }
  HC_INLINE void finish(float* out) const {
    store(out, (s0 + s1) + (s2 + s3));
    if constexpr (kLanes == 12) {
      store(out + 8, (e0 + e1) + (e2 + e3));
    }
  }
};

template <std::size_t kLanes>
void fir(const float* frames, const float* c, std::size_t taps, float* out) {
  FirSums<kLanes> sums;
  for (std::size_t t = 0; t < taps; t += 4) {
    sums.add4(frames + t * kLanes, Coefficients(c + t));
  }
  sums.finish(out);
}

// kTaps: the number of taps if known here (the loop unrolls), else 0. The row is interpolated once
// for all lanes.
#if defined(__AVX2__)
// Rows of some outputs first, into memory: there a coefficient is spread over a vector by its load,
// and not by shuffles beside the additions (20 taps: 15 → 9 ns an output).
template <std::size_t kLanes, std::size_t kTaps>
void resample_by_rows(const ResampleRun& run, float* out) {
  constexpr std::size_t kRows = 16;
  constexpr std::size_t kFloats = kRows * (kTaps != 0 ? kTaps : ResampleRun::kMostRowTaps);
  const std::size_t taps = kTaps != 0 ? kTaps : run.taps;
  float rows[kFloats];
  const float* at[kRows];
  std::int64_t whole = run.whole - run.lead;
  std::uint64_t fraction = run.fraction;
  for (std::size_t left = run.count; left > 0;) {
    const std::size_t count = left < kRows ? left : kRows;
    for (std::size_t k = 0; k < count; ++k) {
      at[k] = run.storage + (static_cast<std::size_t>(whole) & run.mask) * kLanes;
      const auto phase = static_cast<std::size_t>(fraction >> (64 - ResampleRun::kPhaseBits));
      const auto rest = static_cast<std::int32_t>((fraction << ResampleRun::kPhaseBits) >> 40U);
      const float part = static_cast<float>(rest) * 0x1p-24F;
      const float* from = run.table + phase * taps;
      float* row = rows + k * taps;
      std::size_t t = 0;
      for (; t + 8 <= taps; t += 8) {
        const Vec8 c = load<Vec8>(from + t);
        store(row + t, c + all<Vec8>(part) * (load<Vec8>(from + taps + t) - c));
      }
      if (t < taps) {
        const Vec4 c = load<Vec4>(from + t);
        store(row + t, c + all<Vec4>(part) * (load<Vec4>(from + taps + t) - c));
      }
      const std::uint64_t before = fraction;
      fraction += run.step_fraction;
      whole += run.step_whole + (fraction < before ? 1 : 0);
    }
    for (std::size_t k = 0; k < count; ++k) {
      const float* frames = at[k];
      const float* c = rows + k * taps;
      FirSums<kLanes> sums;
      for (std::size_t t = 0; t < taps; t += 4) {
        sums.add4(frames + t * kLanes, c + t);
      }
      sums.finish(out);
      out += kLanes;
    }
    left -= count;
  }
}
#endif

template <std::size_t kLanes, std::size_t kTaps>
void resample(const ResampleRun& run, float* out) {
  using Vector = decltype(Coefficients::c);
  const std::size_t taps = kTaps != 0 ? kTaps : run.taps;
  std::int64_t whole = run.whole - run.lead;
  std::uint64_t fraction = run.fraction;
  for (std::size_t k = 0; k < run.count; ++k) {
    const auto phase = static_cast<std::size_t>(fraction >> (64 - ResampleRun::kPhaseBits));
    const auto rest = static_cast<std::int32_t>((fraction << ResampleRun::kPhaseBits) >> 40U);
    const Vector part = all<Vector>(static_cast<float>(rest) * 0x1p-24F);
    const float* frames = run.storage + (static_cast<std::size_t>(whole) & run.mask) * kLanes;
    const float* row = run.table + phase * taps;
    FirSums<kLanes> sums;
    for (std::size_t t = 0; t < taps; t += 4) {
      const Vector c = Coefficients(row + t).c;
      const Vector next = Coefficients(row + taps + t).c;
      sums.add4(frames + t * kLanes, Coefficients(c + part * (next - c)));
    }
    sums.finish(out + k * kLanes);
    const std::uint64_t before = fraction;
    fraction += run.step_fraction;
    whole += run.step_whole + (fraction < before ? 1 : 0);
  }
}

template <std::size_t kLanes>
void resample(const ResampleRun& run, float* out) {
#if defined(__AVX2__)
  if (run.taps <= ResampleRun::kMostRowTaps) {
    run.taps == 20 ? resample_by_rows<kLanes, 20>(run, out) : resample_by_rows<kLanes, 0>(run, out);
    return;
  }
#endif
  run.taps == 20 ? resample<kLanes, 20>(run, out) : resample<kLanes, 0>(run, out);
}

template <std::size_t kLanes>
void phasor(const float* frames, std::size_t count, const float* table, std::size_t points,
            std::size_t index, std::size_t step, double* re, double* im) {
  while (count > 0) {
    const std::size_t run = count < kChunkFrames ? count : kChunkFrames;
    Vec8 c = all<Vec8>(0.0F);
    Vec8 s = c;
    [[maybe_unused]] Vec4 c2 = all<Vec4>(0.0F);
    [[maybe_unused]] Vec4 s2 = c2;
    for (std::size_t n = 0; n < run; ++n) {
      const float* f = frames + n * kLanes;
      const float cosine = table[2 * index];
      const float sine = table[2 * index + 1];
      const Vec8 x = load<Vec8>(f);
      c = c + all<Vec8>(cosine) * x;
      s = s - all<Vec8>(sine) * x;
      if constexpr (kLanes == 12) {
        const Vec4 y = load<Vec4>(f + 8);
        c2 = c2 + all<Vec4>(cosine) * y;
        s2 = s2 - all<Vec4>(sine) * y;
      }
      index += step;
      if (index >= points) {
        index -= points;
      }
    }
    float total[2 * kLanes];
    store(total, c);
    store(total + kLanes, s);
    if constexpr (kLanes == 12) {
      store(total + 8, c2);
      store(total + kLanes + 8, s2);
    }
    for (std::size_t k = 0; k < kLanes; k += 4) {
      add_to_doubles(re + k, load<Vec4>(total + k));
      add_to_doubles(im + k, load<Vec4>(total + kLanes + k));
    }
    frames += run * kLanes;
    count -= run;
  }
}

// Σ w·x·exp(−jφ), φ from `start` on in steps whose first kChunkFrames multiples `rotation` holds;
// `block` turns by kChunkFrames steps. By blocks in float, turned and added in double.
template <std::size_t kLanes>
void turned_phasor(const TurnedPhasorRun& run, double* re, double* im) {
  double cosine = run.start_cos;
  double sine = run.start_sin;
  const float* frames = run.frames;
  const float* weights = run.weights;
  Doubles4 real[kLanes / 4];
  Doubles4 imaginary[kLanes / 4];
  for (std::size_t k = 0; k < kLanes / 4; ++k) {
    real[k] = Doubles4{};
    imaginary[k] = Doubles4{};
  }
  for (std::size_t left = run.count; left > 0;) {
    const std::size_t count = left < kChunkFrames ? left : kChunkFrames;
    Vec8 c0 = all<Vec8>(0.0F);
    Vec8 s0 = c0;
    Vec8 c1 = c0;
    Vec8 s1 = c0;
    Vec4 more_c = all<Vec4>(0.0F);
    Vec4 more_s = more_c;
    const auto turn = [&](std::size_t n, Vec8 & c, Vec8 & s) __attribute__((always_inline)) {
      const float w = weights == nullptr ? 1.0F : weights[n];
      const float wc = weights == nullptr ? run.rotation[2 * n] : run.rotation[2 * n] * w;
      const float ws = weights == nullptr ? run.rotation[2 * n + 1] : run.rotation[2 * n + 1] * w;
      const Vec8 x = load<Vec8>(frames + n * kLanes);
      c = c + all<Vec8>(wc) * x;
      s = s + all<Vec8>(ws) * x;
      if constexpr (kLanes == 12) {
        const Vec4 y = load<Vec4>(frames + n * kLanes + 8);
        more_c = more_c + all<Vec4>(wc) * y;
        more_s = more_s + all<Vec4>(ws) * y;
      }
    };
    std::size_t n = 0;
    for (; n + 2 <= count; n += 2) {
      turn(n, c0, s0);
      turn(n + 1, c1, s1);
    }
    if (n < count) {
      turn(n, c0, s0);
    }
    const Vec8 c = c0 + c1;
    const Vec8 s = s0 + s1;
    const Vec4 cosines[3] = {low_half(c), high_half(c), more_c};
    const Vec4 sines[3] = {low_half(s), high_half(s), more_s};
    for (std::size_t k = 0; k < kLanes / 4; ++k) {
      const Doubles4 x = __builtin_convertvector(cosines[k], Doubles4);
      const Doubles4 y = __builtin_convertvector(sines[k], Doubles4);
      // (x − jy)·(cos − j·sin)
      real[k] = real[k] + (x * cosine - y * sine);
      imaginary[k] = imaginary[k] - (x * sine + y * cosine);
    }
    const double turned = cosine * run.block_cos - sine * run.block_sin;
    sine = sine * run.block_cos + cosine * run.block_sin;
    cosine = turned;
    frames += count * kLanes;
    weights = weights == nullptr ? nullptr : weights + count;
    left -= count;
  }
  for (std::size_t k = 0; k < kLanes / 4; ++k) {
    Doubles4Unaligned* r = reinterpret_cast<Doubles4Unaligned*>(re + 4 * k);
    Doubles4Unaligned* i = reinterpret_cast<Doubles4Unaligned*>(im + 4 * k);
    *r = *r + real[k];
    *i = *i + imaginary[k];
  }
}

// --- transform -------------------------------------------------------------------------------
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

template <std::size_t kLanes>
void fft_separate(const FftSeparation& run, float* out) {
  constexpr std::size_t kElement = 2 * kLanes;
  const float scale = 0.5F / static_cast<float>(run.half);
  for (std::size_t k = 0; k <= run.max_bin; ++k) {
    const bool at_end = k == 0 || k == run.half;
    const float* a = run.in + run.places[at_end ? 0 : k] * kElement;
    const float* mirrored = run.in + run.places[at_end ? 0 : run.half - k] * kElement;
    float* y = out + k * kElement;
    const float c = run.twiddles[2 * k];
    const float s = run.twiddles[2 * k + 1];
    const float own_scale = at_end ? 0.5F * scale : scale;
#if defined(__AVX2__)
    separate_bin<Vec8, kLanes>(a, mirrored, y, c, s, own_scale);
#else
    separate_bin<Vec4, kLanes>(a, mirrored, y, c, s, own_scale);
    separate_bin<Vec4, kLanes>(a + 4, mirrored + 4, y + 4, c, s, own_scale);
#endif
    if constexpr (kLanes == 12) {
      separate_bin<Vec4, kLanes>(a + 8, mirrored + 8, y + 8, c, s, own_scale);
    }
  }
}

// --- the table -------------------------------------------------------------------------------

constexpr Kernels kLevelKernels = {
    .chunk_sums =
        [](const float* frames, std::size_t count, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? chunk_sums<8>(frames, count, out) : chunk_sums<12>(frames, count, out);
        },
    .take_chunk =
        [](const float* frames, std::size_t lanes, float* to, float* out) noexcept {
          lanes == 8 ? take_chunk<8>(frames, to, out) : take_chunk<12>(frames, to, out);
        },
    .weighted_sums =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? weighted_sums<8>(frames, weights, count, sums)
                     : weighted_sums<12>(frames, weights, count, sums);
        },
    .add_chunks =
        [](const float* chunks, std::size_t count, std::size_t lanes, double* sums, float* min,
           float* max) noexcept {
          lanes == 8 ? add_chunks<8>(chunks, count, sums, min, max)
                     : add_chunks<12>(chunks, count, sums, min, max);
        },
    .fir =
        [](const float* frames, const float* coefficients, std::size_t taps, std::size_t lanes,
           float* out) noexcept {
          lanes == 8 ? fir<8>(frames, coefficients, taps, out)
                     : fir<12>(frames, coefficients, taps, out);
        },
    .resample =
        [](const ResampleRun& run, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? resample<8>(run, out) : resample<12>(run, out);
        },
    .phasor =
        [](const float* frames, std::size_t count, std::size_t lanes, const float* table,
           std::size_t points, std::size_t index, std::size_t step, double* re,
           double* im) noexcept {
          lanes == 8 ? phasor<8>(frames, count, table, points, index, step, re, im)
                     : phasor<12>(frames, count, table, points, index, step, re, im);
        },
    .extremes =
        [](const float* frames, std::size_t count, std::size_t lanes, float* min,
           float* max) noexcept {
          lanes == 8 ? extremes<8>(frames, count, min, max) : extremes<12>(frames, count, min, max);
        },
    .squares =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? squares<8, false>(frames, weights, count, sums)
                     : squares<12, false>(frames, weights, count, sums);
        },
    .difference_squares =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? squares<8, true>(frames, weights, count, sums)
                     : squares<12, true>(frames, weights, count, sums);
        },
    .turned_phasor =
        [](const TurnedPhasorRun& run, std::size_t lanes, double* re, double* im) noexcept {
          lanes == 8 ? turned_phasor<8>(run, re, im) : turned_phasor<12>(run, re, im);
        },
    .fft_step =
        [](const float* in, float* out, const FftStep& step, std::size_t lanes) noexcept {
          lanes == 8 ? fft_step<8>(in, out, step) : fft_step<12>(in, out, step);
        },
    .fft_separate =
        [](const FftSeparation& run, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? fft_separate<8>(run, out) : fft_separate<12>(run, out);
        },
};

#undef HC_INLINE

}  // namespace
}  // namespace halfcycle::signal
