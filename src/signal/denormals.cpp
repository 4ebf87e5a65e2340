// SPDX-License-Identifier: Apache-2.0
#include "signal/denormals.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace halfcycle::signal {
namespace {

#if defined(__x86_64__)
constexpr std::uint64_t kFlush = 0x8040;  // MXCSR: flush to zero (bit 15), denormals are zero (6)
std::uint64_t control() noexcept { return _mm_getcsr(); }
void set_control(std::uint64_t value) noexcept { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
constexpr std::uint64_t kFlush = 1U << 24U;  // FPCR.FZ: results and operands
std::uint64_t control() noexcept {
  std::uint64_t value = 0;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_control(std::uint64_t value) noexcept { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
constexpr std::uint64_t kFlush = 0;
std::uint64_t control() noexcept { return 0; }
void set_control(std::uint64_t) noexcept {}
#endif

}  // namespace

FlushDenormals::FlushDenormals() noexcept : before_(control()) { set_control(before_ | kFlush); }

FlushDenormals::~FlushDenormals() { set_control((control() & ~kFlush) | (before_ & kFlush)); }

bool FlushDenormals::active() noexcept { return kFlush != 0 && (control() & kFlush) == kFlush; }

}  // namespace halfcycle::signal
