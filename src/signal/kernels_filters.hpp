// SPDX-License-Identifier: Apache-2.0
// Filters and correlations. Part of kernels_impl.hpp: see there.
#pragma once

#include "signal/kernels_vectors.hpp"

namespace halfcycle::signal {
namespace {

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
  Vec8 s0, s1, s2, s3;
  Vec4 e0, e1, e2, e3;

  // The first four taps.
  HC_INLINE FirSums(const float* frames, const Coefficients& c)
      : s0(spread8<0>(c) * load_aligned<Vec8>(frames)),
        s1(spread8<1>(c) * load_aligned<Vec8>(frames + kLanes)),
        s2(spread8<2>(c) * load_aligned<Vec8>(frames + 2 * kLanes)),
        s3(spread8<3>(c) * load_aligned<Vec8>(frames + 3 * kLanes)) {
    if constexpr (kLanes == 12) {
      const Quad<Vec4> low(c.low());
      e0 = low.spread<0>() * load_aligned<Vec4>(frames + 8);
      e1 = low.spread<1>() * load_aligned<Vec4>(frames + 8 + kLanes);
      e2 = low.spread<2>() * load_aligned<Vec4>(frames + 8 + 2 * kLanes);
      e3 = low.spread<3>() * load_aligned<Vec4>(frames + 8 + 3 * kLanes);
    }
  }
  // c: four coefficients in memory.
  HC_INLINE FirSums(const float* frames, const float* c)
      : s0(all<Vec8>(c[0]) * load_aligned<Vec8>(frames)),
        s1(all<Vec8>(c[1]) * load_aligned<Vec8>(frames + kLanes)),
        s2(all<Vec8>(c[2]) * load_aligned<Vec8>(frames + 2 * kLanes)),
        s3(all<Vec8>(c[3]) * load_aligned<Vec8>(frames + 3 * kLanes)) {
    if constexpr (kLanes == 12) {
      e0 = all<Vec4>(c[0]) * load_aligned<Vec4>(frames + 8);
      e1 = all<Vec4>(c[1]) * load_aligned<Vec4>(frames + 8 + kLanes);
      e2 = all<Vec4>(c[2]) * load_aligned<Vec4>(frames + 8 + 2 * kLanes);
      e3 = all<Vec4>(c[3]) * load_aligned<Vec4>(frames + 8 + 3 * kLanes);
    }
  }
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
  FirSums<kLanes> sums(frames, Coefficients(c));
  for (std::size_t t = 4; t < taps; t += 4) {
    sums.add4(frames + t * kLanes, Coefficients(c + t));
  }
  sums.finish(out);
}

// Positions of a run: the frame modulo 2^24, phase of the table and the rest between two phases.
// From a start that is exact, in steps of 2^-40 of a frame: over a run less than 1e-9.
struct RunPosition {
  static constexpr int kFractionBits = 40;
  static constexpr int kRestBits = 24;
  static constexpr int kPhaseShift = kFractionBits - ResampleRun::kPhaseBits;
  static constexpr int kRestShift = kPhaseShift - kRestBits;
  static constexpr std::uint64_t kPhaseMask = (std::uint64_t{1} << ResampleRun::kPhaseBits) - 1;
  static constexpr std::uint64_t kRestMask = (std::uint64_t{1} << kRestBits) - 1;
  static constexpr float kRestUnit = 0x1p-24F;

  HC_INLINE static std::uint64_t of(std::int64_t whole, std::uint64_t fraction) {
    return (static_cast<std::uint64_t>(whole) << kFractionBits) |
           (fraction >> (64 - kFractionBits));
  }
};

// kTaps: the number of taps if known here (the loop unrolls), else 0. The row is interpolated once
// for all lanes.
#if defined(__AVX2__)
// Rows of some outputs first, into memory: there a coefficient is spread over a vector by its load,
// and not by shuffles beside the additions (with 20 taps 15 → 9 ns an output).
template <std::size_t kLanes, std::size_t kTaps>
void resample_by_rows(const ResampleRun& run, float* out) {
  using P = RunPosition;
  using Longs4 [[gnu::vector_size(32)]] = unsigned long;
  constexpr std::size_t kRows = 16;
  // With many meters the samples of a window lie in the third cache at best, and the transform's
  // parts take turns: ask for what a part needs a few turns later.
  constexpr std::size_t kFramesAhead = 336;
  constexpr std::size_t kFloats = kRows * (kTaps != 0 ? kTaps : ResampleRun::kMostRowTaps);
  const std::size_t taps = kTaps != 0 ? kTaps : run.taps;
  alignas(32) float rows[kFloats];
  alignas(32) std::size_t frame_at[kRows];
  alignas(32) std::size_t phase_at[kRows];
  alignas(32) float parts[kRows];
  const std::uint64_t step = P::of(run.step_whole, run.step_fraction);
  const std::uint64_t first = P::of(run.whole - run.lead, run.fraction);
  Longs4 position = {first, first + step, first + 2 * step, first + 3 * step};
  for (std::size_t left = run.count; left > 0;) {
    const std::size_t count = left < kRows ? left : kRows;
    for (std::size_t k = 0; k < kRows; k += 4) {
      *reinterpret_cast<Longs4*>(frame_at + k) = (position >> P::kFractionBits) & run.mask;
      *reinterpret_cast<Longs4*>(phase_at + k) = (position >> P::kPhaseShift) & P::kPhaseMask;
      const Ints4 rest = __builtin_convertvector((position >> P::kRestShift) & P::kRestMask, Ints4);
      store(parts + k, __builtin_convertvector(rest, Vec4) * all<Vec4>(P::kRestUnit));
      position += 4 * step;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const Vec8 part = all<Vec8>(parts[k]);
      const float* from = run.table + phase_at[k] * taps;
      float* row = rows + k * taps;
      std::size_t t = 0;
      for (; t + 8 <= taps; t += 8) {
        const Vec8 c = load<Vec8>(from + t);
        store(row + t, c + part * (load<Vec8>(from + taps + t) - c));
      }
      if (t < taps) {
        const Vec4 c = load<Vec4>(from + t);
        store(row + t, c + low_half(part) * (load<Vec4>(from + taps + t) - c));
      }
    }
    for (std::size_t k = 0; k < count; ++k) {
      const float* frames = run.storage + frame_at[k] * kLanes;
      __builtin_prefetch(frames + kFramesAhead * kLanes, 0, 2);
      const float* c = rows + k * taps;
      FirSums<kLanes> sums(frames, c);
      for (std::size_t t = 4; t < taps; t += 4) {
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
  using P = RunPosition;
  using Vector = decltype(Coefficients::c);
  const std::size_t taps = kTaps != 0 ? kTaps : run.taps;
  const std::uint64_t step = P::of(run.step_whole, run.step_fraction);
  std::uint64_t position = P::of(run.whole - run.lead, run.fraction);
  for (std::size_t k = 0; k < run.count; ++k) {
    const std::size_t phase = (position >> P::kPhaseShift) & P::kPhaseMask;
    const auto rest = static_cast<std::int32_t>((position >> P::kRestShift) & P::kRestMask);
    const Vector part = all<Vector>(static_cast<float>(rest) * P::kRestUnit);
    const float* frames = run.storage + ((position >> P::kFractionBits) & run.mask) * kLanes;
    const float* row = run.table + phase * taps;
    const auto coefficients = [&](std::size_t t) __attribute__((always_inline)) {
      const Vector c = Coefficients(row + t).c;
      const Vector next = Coefficients(row + taps + t).c;
      return Coefficients(c + part * (next - c));
    };
    FirSums<kLanes> sums(frames, coefficients(0));
    for (std::size_t t = 4; t < taps; t += 4) {
      sums.add4(frames + t * kLanes, coefficients(t));
    }
    sums.finish(out + k * kLanes);
    position += step;
  }
}

template <std::size_t kLanes>
void resample(const ResampleRun& run, float* out) {
#if defined(__AVX2__)
  if (run.taps <= ResampleRun::kMostRowTaps) {
    run.taps == 16 ? resample_by_rows<kLanes, 16>(run, out) : resample_by_rows<kLanes, 0>(run, out);
    return;
  }
#endif
  run.taps == 16 ? resample<kLanes, 16>(run, out) : resample<kLanes, 0>(run, out);
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
    const auto turn = [&](std::size_t n, float wc, float ws, Vec8& c, Vec8& s)
        __attribute__((always_inline)) {
      const Vec8 x = load<Vec8>(frames + n * kLanes);
      c = c + all<Vec8>(wc) * x;
      s = s + all<Vec8>(ws) * x;
      if constexpr (kLanes == 12) {
        const Vec4 y = load<Vec4>(frames + n * kLanes + 8);
        more_c = more_c + all<Vec4>(wc) * y;
        more_s = more_s + all<Vec4>(ws) * y;
      }
    };
    const float* rotation = run.rotation;
    if (weights == nullptr && count == kChunkFrames) {  // nearly always
#pragma GCC unroll 8
      for (std::size_t n = 0; n < kChunkFrames; n += 2) {
        turn(n, rotation[2 * n], rotation[2 * n + 1], c0, s0);
        turn(n + 1, rotation[2 * n + 2], rotation[2 * n + 3], c1, s1);
      }
    } else {
      for (std::size_t n = 0; n < count; ++n) {
        const float w = weights == nullptr ? 1.0F : weights[n];
        Vec8& c = n % 2 == 0 ? c0 : c1;
        Vec8& s = n % 2 == 0 ? s0 : s1;
        turn(n, rotation[2 * n] * w, rotation[2 * n + 1] * w, c, s);
      }
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

}  // namespace
}  // namespace halfcycle::signal
