// SPDX-License-Identifier: Apache-2.0
// Sums over samples. Part of kernels_impl.hpp: see there.
#pragma once

#include "signal/kernels_vectors.hpp"

namespace halfcycle::signal {
namespace {

// Everything that a chunk or a window adds up. Frames come in twos; the sums of the first and of
// the second of each two are kept apart and added in the end.
template <std::size_t kLanes>
struct FrameSums {
  static constexpr ChunkLayout kLayout{kLanes};
  Vec8 sum0 = all<Vec8>(0.0F), sum1 = sum0, square0 = sum0, square1 = sum0;
  Vec8 power = sum0, line = sum0;
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
    const Vec8 wu = weighted ? both_low(wx0, wx1) : u;
    power = power + wu * i;
    // The differences of the voltages and, in the fourth place, the sum of the currents.
    const Vec8 d = with_fourth(u - next_phase(u), sum_in_fourth(i));
    line = line + (weighted ? w * d : d) * d;
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
  // A ring is longer than the caches: ask for the lines that will be written.
  constexpr std::size_t kFramesAhead = 128;
  FrameSums<kLanes> sums;
  Vec8 low = all<Vec8>(kInfinity);
  Vec8 high = all<Vec8>(-kInfinity);
  [[maybe_unused]] Vec4 low2 = all<Vec4>(kInfinity);
  [[maybe_unused]] Vec4 high2 = all<Vec4>(-kInfinity);
  for (std::size_t n = 0; n < kChunkFrames; n += 2) {
    const float* f = frames + n * kLanes;
    float* t = to + n * kLanes;
    __builtin_prefetch(t + kFramesAhead * kLanes, 1);
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

}  // namespace
}  // namespace halfcycle::signal
