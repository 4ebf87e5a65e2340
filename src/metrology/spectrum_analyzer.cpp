// SPDX-License-Identifier: Apache-2.0
#include "metrology/spectrum_analyzer.hpp"

#include <cmath>

namespace halfcycle::metrology {

using signal::SamplePosition;

SpectrumAnalyzer::SpectrumAnalyzer(const SpectrumSetup& setup)
    : setup_(setup),
      kernel_({.input_per_cycle = setup.samples_per_cycle,
               .output_per_cycle = setup.points_per_cycle,
               .highest_order = setup.highest_order}),
      resample_(&kernel_),
      grouping_({.cycles = setup.cycles,
                 .lanes = setup.lanes,
                 .highest_order = static_cast<std::size_t>(setup.highest_order)}),
      fft_(setup.cycles * static_cast<std::size_t>(setup.points_per_cycle), setup.lanes,
           grouping_.max_bin()),
      frames_(fft_.points() * setup.lanes),
      spectrum_(fft_.output_floats()),
      work_(fft_.workspace_floats()) {}

void SpectrumAnalyzer::operator()(const signal::FrameRing& ring, SamplePosition start,
                                  SamplePosition end, double bend, LanePhasors& phasors) noexcept {
  const std::size_t m = static_cast<std::size_t>(setup_.points_per_cycle);
  const std::size_t lanes = setup_.lanes;
  const double length = end - start;
  if (bend == 0.0) {
    const SamplePosition step =
        SamplePosition::from_samples(length / static_cast<double>(fft_.points()));
    resample_(ring, start, step, fft_.points(), frames_.data());
  } else {
    // By half cycles: within one a ramp of 1 Hz/s moves the phase by less than 1e-4 rad.
    const std::size_t pieces = 2 * setup_.cycles;
    const auto offset = [&](std::size_t piece) {
      const double u = static_cast<double>(piece) / static_cast<double>(pieces);
      return length * u + 4.0 * bend * u * (1.0 - u);
    };
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const double from = offset(piece);
      const SamplePosition step =
          SamplePosition::from_samples((offset(piece + 1) - from) / static_cast<double>(m / 2));
      resample_(ring, start + from, step, m / 2, frames_.data() + piece * (m / 2) * lanes);
    }
  }
  fft_(frames_.data(), spectrum_.data(), work_.data());
  const float* line = spectrum_.data() + setup_.cycles * 2 * lanes;
  const double scale = std::sqrt(0.5);
  for (std::size_t l = 0; l < lanes; ++l) {
    phasors[l] = {scale * static_cast<double>(line[l]),
                  scale * static_cast<double>(line[lanes + l])};
  }
}

void SpectrumAnalyzer::group(const std::array<double, kMaxLanes>& dc, InputMask inputs,
                             bool line_to_line, double voltage_floor_volts,
                             double current_floor_amperes, Spectra& out,
                             DistortionSummary& summary) noexcept {
  std::array<double, kMaxLanes> mean = dc;
  if (line_to_line) {
    make_line_to_line(spectrum_.data(), fft_.max_bin() + 1, setup_.lanes);
    mean[0] = dc[0] - dc[1];
    mean[1] = dc[1] - dc[2];
    mean[2] = dc[2] - dc[0];
  }
  grouping_(spectrum_.data(), mean, inputs, voltage_floor_volts, current_floor_amperes, out,
            summary);
}

}  // namespace halfcycle::metrology
