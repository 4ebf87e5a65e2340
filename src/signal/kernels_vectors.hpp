// SPDX-License-Identifier: Apache-2.0
// Vectors of four and eight floats, whatever the machine. Part of kernels_impl.hpp: see there.
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

// (u2, u3, u1, u4).
HC_INLINE Vec4 next_phase(const Vec4& v) { return __builtin_shufflevector(v, v, 1, 2, 0, 3); }
// In the fourth place the sum of the first three.
HC_INLINE Vec4 sum_in_fourth(const Vec4& v) {
  return __builtin_shufflevector(v, v, 0, 0, 0, 0) + __builtin_shufflevector(v, v, 1, 1, 1, 1) +
         __builtin_shufflevector(v, v, 2, 2, 2, 2);
}
HC_INLINE Vec4 with_fourth(const Vec4& v, const Vec4& fourth) {
  return __builtin_shufflevector(v, fourth, 0, 1, 2, 7);
}
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
HC_INLINE Vec8 sum_in_fourth(const Vec8& v) {
  return __builtin_shufflevector(v, v, 0, 0, 0, 0, 4, 4, 4, 4) +
         __builtin_shufflevector(v, v, 1, 1, 1, 1, 5, 5, 5, 5) +
         __builtin_shufflevector(v, v, 2, 2, 2, 2, 6, 6, 6, 6);
}
HC_INLINE Vec8 with_fourth(const Vec8& v, const Vec8& fourth) {
  return __builtin_shufflevector(v, fourth, 0, 1, 2, 11, 4, 5, 6, 15);
}
HC_INLINE Vec8 two(float x, float y) { return Vec8{x, x, x, x, y, y, y, y}; }
HC_INLINE Vec4 low_half(const Vec8& v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
HC_INLINE Vec4 high_half(const Vec8& v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
#else
HC_INLINE Vec8 both_low(const Vec8& x, const Vec8& y) { return {x.a, y.a}; }
HC_INLINE Vec8 both_high(const Vec8& x, const Vec8& y) { return {x.b, y.b}; }
HC_INLINE Vec8 next_phase(const Vec8& v) { return {next_phase(v.a), next_phase(v.b)}; }
HC_INLINE Vec8 sum_in_fourth(const Vec8& v) { return {sum_in_fourth(v.a), sum_in_fourth(v.b)}; }
HC_INLINE Vec8 with_fourth(const Vec8& v, const Vec8& fourth) {
  return {with_fourth(v.a, fourth.a), with_fourth(v.b, fourth.b)};
}
HC_INLINE Vec8 two(float x, float y) { return {all<Vec4>(x), all<Vec4>(y)}; }
HC_INLINE Vec4 low_half(const Vec8& v) { return v.a; }
HC_INLINE Vec4 high_half(const Vec8& v) { return v.b; }
#endif
HC_INLINE Vec4 sum_of_halves(const Vec8& v) { return low_half(v) + high_half(v); }

}  // namespace
}  // namespace halfcycle::signal
