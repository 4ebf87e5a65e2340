// SPDX-License-Identifier: Apache-2.0
// Replaces the global operator new of the test program by one that counts. In a file of its own,
// so that the compiler does not pair its malloc with deletes elsewhere.
#include <cstdlib>
#include <new>

#include "recorder/recorder_fixture.hpp"

namespace {
thread_local std::size_t g_allocations = 0;  // NOLINT: operator new has no other place for it
}  // namespace

// NOLINTBEGIN: replacements of the global operators
void* operator new(std::size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    return memory;
  }
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++g_allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND

namespace halfcycle::recorder::testing_store {

std::size_t allocations() { return g_allocations; }

}  // namespace halfcycle::recorder::testing_store
