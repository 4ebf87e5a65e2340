// SPDX-License-Identifier: Apache-2.0
#include "metrology/spectrum_analyzer.hpp"

#include <cmath>

namespace halfcycle::metrology {

using signal::SamplePosition;

namespace {
GroupingSetup grouping_of(const SpectrumSetup& setup) {
  return {.cycles = setup.cycles,
          .lanes = setup.lanes,
          .highest_order = static_cast<std::size_t>(setup.highest_order)};
}
}  // namespace

SpectrumTables::SpectrumTables(const SpectrumSetup& spectrum_setup)
    : setup(spectrum_setup),
      kernel({.input_per_cycle = setup.samples_per_cycle,
              .output_per_cycle = setup.points_per_cycle,
              .highest_order = setup.highest_order}),
      fft(setup.cycles * static_cast<std::size_t>(setup.points_per_cycle), setup.lanes,
          HarmonicGrouping::max_bin(grouping_of(setup))) {}

SpectrumWorkspace::SpectrumWorkspace(const SpectrumTables& tables)
    : frames(tables.fft.points() * tables.setup.lanes),
      spectrum(tables.fft.output_floats()),
      work(tables.fft.workspace_floats()) {}

bool SpectrumWorkspace::fits(const SpectrumTables& tables) const noexcept {
  return frames.size() >= tables.fft.points() * tables.setup.lanes &&
         spectrum.size() >= tables.fft.output_floats() &&
         work.size() >= tables.fft.workspace_floats();
}

SpectrumAnalyzer::SpectrumAnalyzer(const SpectrumTables& tables, SpectrumWorkspace& workspace)
    : tables_(&tables),
      workspace_(&workspace),
      resample_(&tables.kernel),
      grouping_(grouping_of(tables.setup)) {}

void SpectrumAnalyzer::operator()(const signal::FrameRing& ring, SamplePosition start,
                                  SamplePosition end, double bend, LanePhasors& phasors) noexcept {
  const SpectrumSetup& setup = tables_->setup;
  const signal::LaneFft& fft = tables_->fft;
  std::vector<float>& frames = workspace_->frames;
  const std::size_t m = static_cast<std::size_t>(setup.points_per_cycle);
  const std::size_t lanes = setup.lanes;
  const double length = end - start;
  if (bend == 0.0) {
    const SamplePosition step =
        SamplePosition::from_samples(length / static_cast<double>(fft.points()));
    resample_(ring, start, step, fft.points(), frames.data());
  } else {
    // By half cycles: within one a ramp of 1 Hz/s moves the phase by less than 1e-4 rad.
    const std::size_t pieces = 2 * setup.cycles;
    const auto offset = [&](std::size_t piece) {
      const double u = static_cast<double>(piece) / static_cast<double>(pieces);
      return length * u + 4.0 * bend * u * (1.0 - u);
    };
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const double from = offset(piece);
      const SamplePosition step =
          SamplePosition::from_samples((offset(piece + 1) - from) / static_cast<double>(m / 2));
      resample_(ring, start + from, step, m / 2, frames.data() + piece * (m / 2) * lanes);
    }
  }
  fft(frames.data(), workspace_->spectrum.data(), workspace_->work.data());
  const float* line = workspace_->spectrum.data() + setup.cycles * 2 * lanes;
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
    make_line_to_line(workspace_->spectrum.data(), tables_->fft.max_bin() + 1,
                      tables_->setup.lanes);
    mean[0] = dc[0] - dc[1];
    mean[1] = dc[1] - dc[2];
    mean[2] = dc[2] - dc[0];
  }
  grouping_(workspace_->spectrum.data(), mean, inputs, voltage_floor_volts, current_floor_amperes,
            out, summary);
}

}  // namespace halfcycle::metrology
