// SPDX-License-Identifier: Apache-2.0
// Spectra and fundamental phasors of one 10/12-cycle window from the raw samples: coherent
// resampling along the phase of the fundamental, FFT, subgroups (IEC 61000-4-7 §4.4, §5.5).
//
//   const SpectrumTables tables({.cycles = 10, .lanes = 8, .samples_per_cycle = 512});
//   SpectrumWorkspace workspace(tables);          // one a thread will do
//   SpectrumAnalyzer analyze(tables, workspace);
//   if (ring.holds(analyze.first_frame(start), analyze.end_frame(end))) {
//     for (std::size_t done = 0; done < analyze.pieces();)  // at once or with other work between
//       done = analyze.do_piece(ring, start, end, bend, done);
//     analyze.phasors(…); analyze.group(…);
//   }
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
  /// Of the ring; 0: no bands above 2 kHz.
  double rate_hertz = 0.0;
  double lowest_fundamental_hertz = 42.5;
};

/// Coefficients; immutable, shared by all meters and threads.
struct SpectrumTables {
  explicit SpectrumTables(const SpectrumSetup& spectrum_setup);
  SpectrumSetup setup;
  signal::ResamplerKernel kernel;
  signal::LaneFft fft;
  /// What the resampler leaves of a tone at the centre of each half of a 200 Hz band.
  std::array<std::array<float, 2>, kHighBands + 1> band_gain{};
};

/// Memory for one window in work; engines that one thread serves may share it.
struct SpectrumWorkspace {
  explicit SpectrumWorkspace(const SpectrumTables& tables);
  /// True if it is large enough for these tables.
  [[nodiscard]] bool fits(const SpectrumTables& tables) const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept {
    return (frames.size() + spectrum.size() + work.size()) * sizeof(float);
  }
  std::vector<float> frames;
  std::vector<float> spectrum;
  std::vector<float> work;
  const void* user = nullptr;  ///< the analyzer whose window is in work
};

/// Tables and workspace must outlive it.
class SpectrumAnalyzer {
 public:
  SpectrumAnalyzer(const SpectrumTables& tables, SpectrumWorkspace& workspace);

  [[nodiscard]] std::int64_t first_frame(signal::SamplePosition start) const noexcept {
    return tables_->kernel.first_frame(start);
  }
  [[nodiscard]] std::int64_t end_frame(signal::SamplePosition end) const noexcept {
    return tables_->kernel.end_frame(end);
  }
  [[nodiscard]] int highest_order() const noexcept { return tables_->setup.highest_order; }

  /// Pieces of the work on a window: first those that resample it, half cycles from each of the
  /// transform's parts together, and do the transform's first step on them.
  [[nodiscard]] std::size_t resample_pieces() const noexcept {
    return 2 * tables_->setup.cycles / tables_->fft.parts();
  }
  [[nodiscard]] std::size_t pieces() const noexcept { return resample_pieces() + 2; }

  /// Does piece number `done` of turning the whole number of cycles in [start, end) into the
  /// spectrum; returns how many are done. Where another analyzer used the workspace since the piece
  /// before, it begins anew. bend: how far the middle of the cycles lies behind the middle of the
  /// window, in samples (0 for a steady frequency): the grid follows the parabola through both ends
  /// and the middle.
  [[nodiscard]] std::size_t do_piece(const signal::FrameRing& ring, signal::SamplePosition start,
                                     signal::SamplePosition end, double bend,
                                     std::size_t done) noexcept;
  /// The workspace still holds this analyzer's spectrum.
  [[nodiscard]] bool holds_result() const noexcept { return workspace_->user == this; }
  /// Fundamentals of the spectrum just made: rms, angles of cosines at the window's start.
  void phasors(LanePhasors& out) const noexcept;

  /// Groups the spectrum just made; see HarmonicGrouping. line_to_line: the quality
  /// channels V1, V2, V3 are the differences of the lanes.
  void group(const std::array<double, kMaxLanes>& dc, InputMask inputs, bool line_to_line,
             double voltage_floor_volts, double current_floor_amperes, Spectra& out,
             DistortionSummary& summary) noexcept;

  /// 200 Hz bands from 2 to 9 kHz (IEC 61000-4-7 Annex B) of the spectrum that group() left, over
  /// the fundamental of `out`; fundamental_hertz: of the window. Not available where the resampler
  /// does not carry a band or could fold something into it.
  void high_bands(double fundamental_hertz, InputMask inputs, Spectra& out) const noexcept;

  /// Root of the sum of squares of the rms of bins [first, last] of a lane, as group() left them;
  /// NaN where the spectrum does not reach.
  [[nodiscard]] double bins_rms(std::size_t l, std::size_t first, std::size_t last) const noexcept;

 private:
  const SpectrumTables* tables_;
  SpectrumWorkspace* workspace_;
  signal::Resampler resample_;
  HarmonicGrouping grouping_;
};

}  // namespace halfcycle::metrology
