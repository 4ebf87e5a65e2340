// SPDX-License-Identifier: Apache-2.0
#include "metrology/spectrum_analyzer.hpp"

#include <cmath>

#include "base/quality.hpp"

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

std::size_t SpectrumAnalyzer::do_piece(const signal::FrameRing& ring, SamplePosition start,
                                       SamplePosition end, double bend, std::size_t done) noexcept {
  if (done > 0 && workspace_->user != this) {
    done = 0;
  }
  workspace_->user = this;
  const SpectrumSetup& setup = tables_->setup;
  const signal::LaneFft& fft = tables_->fft;
  if (done >= kResamplePieces) {
    fft.do_piece(done - kResamplePieces, workspace_->frames.data(), workspace_->spectrum.data(),
                 workspace_->work.data());
    return done + 1;
  }
  // By half cycles: within one a ramp of 1 Hz/s moves the phase by less than 1e-4 rad.
  const std::size_t half_cycles = 2 * setup.cycles;
  const std::size_t points = static_cast<std::size_t>(setup.points_per_cycle) / 2;
  const double length = end - start;
  const SamplePosition straight =
      SamplePosition::from_samples(length / static_cast<double>(fft.points()));
  const auto offset = [&](std::size_t half_cycle) {
    const double u = static_cast<double>(half_cycle) / static_cast<double>(half_cycles);
    return length * u + 4.0 * bend * u * (1.0 - u);
  };
  for (std::size_t k = done * half_cycles / kResamplePieces;
       k < (done + 1) * half_cycles / kResamplePieces; ++k) {
    const double from = offset(k);
    const SamplePosition step =
        bend == 0.0
            ? straight
            : SamplePosition::from_samples((offset(k + 1) - from) / static_cast<double>(points));
    resample_(ring, start + from, step, points,
              workspace_->frames.data() + k * points * setup.lanes);
  }
  return done + 1;
}

void SpectrumAnalyzer::phasors(LanePhasors& out) const noexcept {
  const SpectrumSetup& setup = tables_->setup;
  const float* line = workspace_->spectrum.data() + setup.cycles * 2 * setup.lanes;
  const double scale = std::sqrt(0.5);
  for (std::size_t l = 0; l < setup.lanes; ++l) {
    out[l] = {scale * static_cast<double>(line[l]),
              scale * static_cast<double>(line[setup.lanes + l])};
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
            !line_to_line, out, summary);
}

double SpectrumAnalyzer::bins_rms(std::size_t l, std::size_t first,
                                  std::size_t last) const noexcept {
  if (last > tables_->fft.max_bin()) {
    return kNotAvailable;
  }
  const std::size_t lanes = tables_->setup.lanes;
  double sum = 0.0;
  for (std::size_t k = first; k <= last; ++k) {
    const float* bin = workspace_->spectrum.data() + k * 2 * lanes;
    const double re = static_cast<double>(bin[l]);
    const double im = static_cast<double>(bin[lanes + l]);
    sum += re * re + im * im;
  }
  return std::sqrt(0.5 * sum);
}

}  // namespace halfcycle::metrology
