// SPDX-License-Identifier: Apache-2.0
// Replaces the program's allocator by one that counts; a file of its own, so that no caller is
// compiled together with it.
#include "signal/allocation_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size > 0 ? size : 1)) {
    return p;
  }
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace halfcycle::signal::testing {

long allocation_count() noexcept { return allocations.load(); }

}  // namespace halfcycle::signal::testing
