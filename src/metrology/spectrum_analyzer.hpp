// SPDX-License-Identifier: Apache-2.0
// Spectra and fundamental phasors of one 10/12-cycle window from the raw samples: coherent
// resampling along the phase of the fundamental, FFT, subgroups (IEC 61000-4-7 §4.4, §5.5).
//
//   SpectrumAnalyzer analyze({.cycles = 10, .lanes = 8, .samples_per_cycle = 512});
//   if (ring.holds(analyze.first_frame(start), analyze.end_frame(end)))
//     analyze(ring, start, end, bend, phasors);            // then group(…)
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrology/harmonics.hpp"
#include "metrology/reference_tracker.hpp"
#include "signal/frame_ring.hpp"
#include "signal/lane_fft.hpp"
#include "signal/resampler.hpp"

namespace halfcycle::metrology {

struct SpectrumSetup {
  std::size_t cycles = 10;
  std::size_t lanes = 8;
  double samples_per_cycle = 512.0;  ///< of the ring, in a nominal cycle
  int highest_order = 127;           ///< as the source's own rate carries; ≥ 1
  int points_per_cycle = 512;
};

class SpectrumAnalyzer {
 public:
  explicit SpectrumAnalyzer(const SpectrumSetup& setup);

  [[nodiscard]] std::int64_t first_frame(signal::SamplePosition start) const noexcept {
    return kernel_.first_frame(start);
  }
  [[nodiscard]] std::int64_t end_frame(signal::SamplePosition end) const noexcept {
    return kernel_.end_frame(end);
  }
  [[nodiscard]] std::size_t taps() const noexcept { return kernel_.taps(); }
  [[nodiscard]] int highest_order() const noexcept { return setup_.highest_order; }

  /// The whole number of cycles in [start, end) becomes the spectrum. bend: how far the middle of
  /// the cycles lies behind the middle of the window, in samples (0 for a steady frequency): the
  /// grid follows the parabola through both ends and the middle. phasors: fundamental, rms, angles
  /// of cosines at `start`.
  void operator()(const signal::FrameRing& ring, signal::SamplePosition start,
                  signal::SamplePosition end, double bend, LanePhasors& phasors) noexcept;

  /// Groups the spectrum of the last call; see HarmonicGrouping. line_to_line: the quality
  /// channels V1, V2, V3 are the differences of the lanes.
  void group(const std::array<double, kMaxLanes>& dc, InputMask inputs, bool line_to_line,
             double voltage_floor_volts, double current_floor_amperes, Spectra& out,
             DistortionSummary& summary) noexcept;

  [[nodiscard]] std::size_t bytes() const noexcept {
    return (frames_.size() + spectrum_.size() + work_.size()) * sizeof(float);
  }

 private:
  SpectrumSetup setup_;
  signal::ResamplerKernel kernel_;
  signal::Resampler resample_;
  HarmonicGrouping grouping_;
  signal::LaneFft fft_;
  std::vector<float> frames_;
  std::vector<float> spectrum_;
  std::vector<float> work_;
};

}  // namespace halfcycle::metrology
