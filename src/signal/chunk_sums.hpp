// SPDX-License-Identifier: Apache-2.0
// Integrals of samples and of products of samples over any window [a, b), a and b between samples:
// what r.m.s., active power, DC and line-to-line values are made of (IEC 61000-4-30 §5.2: r.m.s.
// of the sampled values, harmonics and interharmonics included).
//
//   const WindowIntegrator integrate;
//   WindowSums w = integrate(ring, start, end);
//   double u1_rms_volts = std::sqrt(w.square[0] / w.samples);
//   double p1_watts = w.power[0] / w.samples;
//
// derived: of a product p(t) sampled at n, ∫[a,b) p dt = Σ p(n)·(S(n−a) − S(n−b)), where S is the
// running integral of an interpolation kernel (a windowed sinc): the integral of the interpolated
// product. S is 0 and 1 beyond kReach samples on both sides of an end, so between the ends the
// plain chunk sums do. Windows that share an end share its weights: [a,b) + [b,c) = [a,c).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/sample_block.hpp"
#include "signal/frame_ring.hpp"
#include "signal/sample_position.hpp"

namespace halfcycle::signal {

/// Integrals over a window in (unit of the product) × samples; divide by `samples` for the mean.
/// A missing sample (NaN) within the window or less than WindowIntegrator::reach beyond its ends
/// makes the sums that use its lane NaN, and no other.
struct WindowSums {
  double samples = 0.0;                    ///< b − a
  std::array<double, kMaxLanes> sum{};     ///< ∫x: volts or amperes × samples
  std::array<double, kMaxLanes> square{};  ///< ∫x²
  std::array<double, 4> power{};           ///< ∫u1·i1 … ∫u4·i4
  std::array<double, 3> line_square{};     ///< ∫(u1−u2)², ∫(u2−u3)², ∫(u3−u1)²
  double current_residual_square = 0.0;    ///< ∫(i1+i2+i3)²
  /// Smallest and largest sample in [a, b); missing ones are skipped (none left: +inf, −inf).
  std::array<float, kMaxLanes> min{};
  std::array<float, kMaxLanes> max{};

  /// Appends a window that follows this one directly.
  WindowSums& operator+=(const WindowSums& next) noexcept;
};

/// How the ends of a window are computed. Worst relative error of the r.m.s., measured over random
/// phases and window positions (chunk_sums_test.cpp holds them), Fast / Fine:
///
///   window, samples a cycle    harmonics to 0.2 fs   10 % at 0.30 fs     10 % at 0.45 fs
///   1/2 cycle,  96             2e-5 / 8e-6           8e-5 / 3e-6         3e-4 / 2e-5
///   1/2 cycle, 512             1e-6 / 4e-7           2e-5 / 7e-8         1e-4 / 4e-6
///   1 cycle,    96             1e-6 / 3e-6           6e-5 / 2e-6         3e-4 / 8e-6
///   1 cycle,   200             8e-7 / 7e-7           2e-5 / 3e-7         1e-4 / 3e-6
///   1 cycle,   512             3e-7 / 2e-7           9e-6 / 4e-8         4e-5 / 1e-6
///   10 cycles,  96             1e-7 / 3e-7           6e-6 / 2e-7         2e-5 / 6e-7
///   10 cycles, 512             2e-8 / 2e-8           9e-7 / 6e-9         4e-6 / 1e-7
enum class WindowEnds : std::uint8_t {
  /// From the products at whole samples, 24 frames an end: for content up to a quarter of the
  /// sample rate (products up to half of it).
  Fast,
  /// From products at half samples near the ends, several times the work there: for content up to
  /// 0.44 of the sample rate. Windows shorter than 40 samples are done as Fast.
  Fine,
};

/// Immutable; one object may serve all meters and threads.
class WindowIntegrator {
 public:
  /// Frames needed before the start and behind the end of a window.
  [[nodiscard]] static constexpr std::size_t reach(WindowEnds ends) noexcept {
    return ends == WindowEnds::Fast ? kReach : kFineRise + kHalfwayTaps / 2;
  }

  WindowIntegrator();

  /// The sums over [a, b), 0 < b − a. [first_frame(a), end_frame(b)) must be held by the ring.
  /// Thread-safe, no allocation. Same result for every SimdLevel and block size.
  [[nodiscard]] WindowSums operator()(const FrameRing& ring, SamplePosition a, SamplePosition b,
                                      WindowEnds ends = WindowEnds::Fast) const noexcept;

  /// The first frame that a window starting at `a` reads.
  [[nodiscard]] static std::int64_t first_frame(SamplePosition a,
                                                WindowEnds ends = WindowEnds::Fast) noexcept;
  /// One past the last frame that a window ending at `b` reads.
  [[nodiscard]] static std::int64_t end_frame(SamplePosition b,
                                              WindowEnds ends = WindowEnds::Fast) noexcept;

 private:
  static constexpr std::size_t kReach = 12;    ///< half length of the kernel
  static constexpr std::size_t kFineRise = 6;  ///< the same on the grid of half samples
  static constexpr std::size_t kFineFade = 18;
  static constexpr std::size_t kFineWhole = kFineRise + kFineFade;
  static constexpr std::size_t kFineHalfway = kFineWhole + 1;
  static constexpr std::size_t kHalfwayTaps = 48;
  static constexpr std::size_t kFineWeights = kFineWhole + kFineHalfway;

  template <class Step, class Slope>
  void fill_fast(std::size_t phase, double fraction, const Step& step, const Slope& slope);
  template <class Step, class Slope>
  void fill_fine(std::size_t phase, double fraction, const Step& step, const Slope& slope);
  void add_fast(const FrameRing& ring, SamplePosition a, SamplePosition b, double* added,
                float* min, float* max) const noexcept;
  void add_fine(const FrameRing& ring, SamplePosition a, SamplePosition b, double* added,
                float* min, float* max) const noexcept;
  void add_fine_end(const FrameRing& ring, std::int64_t first,
                    const std::array<float, kFineWeights>& weights, double* added) const noexcept;

  std::vector<float> fast_;  ///< rows of weights, one for each phase and one more
  std::vector<float> fine_;
  alignas(16) std::array<float, kHalfwayTaps> halfway_;  ///< interpolates the frame between two
};

}  // namespace halfcycle::signal
