// SPDX-License-Identifier: Apache-2.0
// Buffers that start on a cache line: vector loads that straddle two lines cost twice. Results do
// not depend on it; hand such buffers to LaneFft and Resampler for speed.
//
//   AlignedFloats work(fft.workspace_floats());
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace halfcycle::signal {

inline constexpr std::size_t kCacheLineBytes = 64;

template <class T>
struct CacheLineAllocator {
  using value_type = T;

  CacheLineAllocator() = default;
  template <class U>
  explicit CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kCacheLineBytes}));
  }
  void deallocate(T* p, std::size_t) noexcept {
    ::operator delete (p, std::align_val_t{kCacheLineBytes});
  }
  template <class U>
  bool operator==(const CacheLineAllocator<U>&) const noexcept {
    return true;
  }
};

using AlignedFloats = std::vector<float, CacheLineAllocator<float>>;

}  // namespace halfcycle::signal
