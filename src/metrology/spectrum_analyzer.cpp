// SPDX-License-Identifier: Apache-2.0
#include "metrology/spectrum_analyzer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/quality.hpp"
#include "signal/trig.hpp"

namespace halfcycle::metrology {

using signal::SamplePosition;

namespace {
GroupingSetup grouping_of(const SpectrumSetup& setup) {
  return {.cycles = setup.cycles,
          .lanes = setup.lanes,
          .highest_order = static_cast<std::size_t>(setup.highest_order)};
}
}  // namespace

namespace {
constexpr double kBandHertz = 200.0;
constexpr double kHalfLineHertz = 2.5;
double band_centre(std::size_t b) { return 1900.0 + kBandHertz * static_cast<double>(b); }

/// The highest bin that the bands need, at the lowest frequency; half the points are there.
std::size_t highest_band_bin(const SpectrumSetup& setup) {
  if (!(setup.rate_hertz > 0.0)) {
    return 0;
  }
  const std::size_t points = setup.cycles * static_cast<std::size_t>(setup.points_per_cycle);
  const double bins = (band_centre(kHighBands) + 0.5 * kBandHertz) *
                      static_cast<double>(setup.cycles) / setup.lowest_fundamental_hertz;
  return std::min(points / 2, static_cast<std::size_t>(bins) + 1);
}

/// Mean gain of the kernel's phases for a tone of so many cycles per input sample.
double gain_of(const signal::ResamplerKernel& kernel, double frequency) {
  constexpr std::size_t kStep = 32;
  const std::size_t taps = kernel.taps();
  double sum = 0.0;
  double phases = 0.0;
  for (std::size_t p = 0; p < signal::ResamplerKernel::kPhases; p += kStep, phases += 1.0) {
    const double fraction =
        static_cast<double>(p) / static_cast<double>(signal::ResamplerKernel::kPhases);
    for (std::size_t t = 0; t < taps; ++t) {
      const double at = static_cast<double>(t) + 1.0 - static_cast<double>(taps / 2) - fraction;
      sum += static_cast<double>(kernel.table()[p * taps + t]) *
             signal::sin_cos_turns(frequency * at).cos;
    }
  }
  return sum / phases;
}
}  // namespace

SpectrumTables::SpectrumTables(const SpectrumSetup& spectrum_setup)
    : setup(spectrum_setup),
      kernel({.input_per_cycle = setup.samples_per_cycle,
              .output_per_cycle = setup.points_per_cycle,
              .highest_order = setup.highest_order}),
      fft(setup.cycles * static_cast<std::size_t>(setup.points_per_cycle), setup.lanes,
          std::max(HarmonicGrouping::max_bin(grouping_of(setup)), highest_band_bin(setup))) {
  for (std::size_t b = 1; b < band_gain.size() && setup.rate_hertz > 0.0; ++b) {
    for (std::size_t half = 0; half < 2; ++half) {
      const double centre = band_centre(b) + (half == 0 ? -0.25 : 0.25) * kBandHertz;
      band_gain[b][half] = static_cast<float>(gain_of(kernel, centre / setup.rate_hertz));
    }
  }
}

namespace {
constexpr std::size_t kMostParts = 8;

// What is resampled of each of the transform's parts before its first step takes it in: with 64
// points all of it stays in the first cache.
std::size_t run_of(std::size_t points) { return points % 64 == 0 ? 64 : points; }

std::size_t frames_in_work(const SpectrumTables& tables) {
  return tables.fft.parts() * run_of(static_cast<std::size_t>(tables.setup.points_per_cycle) / 2);
}
}  // namespace

SpectrumWorkspace::SpectrumWorkspace(const SpectrumTables& tables)
    : frames(frames_in_work(tables) * tables.setup.lanes),
      spectrum(tables.fft.output_floats()),
      work(tables.fft.workspace_floats()) {}

bool SpectrumWorkspace::fits(const SpectrumTables& tables) const noexcept {
  return frames.size() >= frames_in_work(tables) * tables.setup.lanes &&
         spectrum.size() >= tables.fft.output_floats() &&
         work.size() >= tables.fft.workspace_floats();
}

SpectrumAnalyzer::SpectrumAnalyzer(const SpectrumTables& tables, SpectrumWorkspace& workspace)
    : tables_(&tables),
      workspace_(&workspace),
      resample_(&tables.kernel),
      grouping_(grouping_of(tables.setup), tables.fft) {}

std::size_t SpectrumAnalyzer::do_piece(const signal::FrameRing& ring, SamplePosition start,
                                       SamplePosition end, double bend, std::size_t done) noexcept {
  if (done > 0 && workspace_->user != this) {
    done = 0;
  }
  workspace_->user = this;
  const SpectrumSetup& setup = tables_->setup;
  const signal::LaneFft& fft = tables_->fft;
  if (done == resample_pieces()) {
    fft.transform(workspace_->work.data());
    return done + 1;
  }
  if (done > resample_pieces()) {
    fft.separate(workspace_->work.data(), workspace_->spectrum.data());
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
  std::array<SamplePosition, kMostParts> at;
  std::array<SamplePosition, kMostParts> step;
  for (std::size_t part = 0; part < fft.parts(); ++part) {
    const std::size_t k = part * resample_pieces() + done;
    const double from = offset(k);
    at[part] = start + from;
    step[part] =
        bend == 0.0
            ? straight
            : SamplePosition::from_samples((offset(k + 1) - from) / static_cast<double>(points));
  }
  const std::size_t run = run_of(points);
  for (std::size_t first = 0; first < points; first += run) {
    for (std::size_t part = 0; part < fft.parts(); ++part) {
      resample_(ring, at[part], step[part], run,
                workspace_->frames.data() + part * run * setup.lanes);
      at[part] = at[part] + step[part] * run;
    }
    fft.start(workspace_->frames.data(), done * points + first, run, workspace_->work.data());
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
            line_to_line, out, summary);
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

void SpectrumAnalyzer::high_bands(double fundamental_hertz, InputMask inputs,
                                  Spectra& out) const noexcept {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  const SpectrumSetup& setup = tables_->setup;
  const std::size_t lanes = setup.lanes;
  const double bin_hertz = fundamental_hertz / static_cast<double>(setup.cycles);
  const double grid = fundamental_hertz * setup.points_per_cycle;
  // derived: images of tones near half the rate are not all stopped; they fold down by what the
  // grid's rate lies below the ring's.
  const double edge =
      std::min(0.46 * setup.rate_hertz, 0.39 * setup.rate_hertz - (setup.rate_hertz - grid));
  for (std::size_t i = 0; i < kInputCount; ++i) {
    out.of_input[i][static_cast<std::size_t>(SpectrumKind::HighBand)].fill(kNaN);
  }
  for (std::size_t b = 1; b <= static_cast<std::size_t>(kHighBands); ++b) {
    const double low = band_centre(b) - 0.5 * kBandHertz;
    const double high = low + kBandHertz;
    // A bin belongs to the band of the nearest multiple of 5 Hz, the upper edge included: with the
    // fundamental at its nominal value exactly the lines of 4-7, whatever the last digit measured.
    const auto bin_behind = [bin_hertz](double hertz) {
      return static_cast<std::size_t>(std::floor((hertz + kHalfLineHertz) / bin_hertz)) + 1;
    };
    const std::array<std::size_t, 3> edges{bin_behind(low), bin_behind(0.5 * (low + high)),
                                           bin_behind(high)};
    if (!(high <= edge) || edges[2] > tables_->fft.max_bin() + 1) {
      return;
    }
    // The kernel's gain falls within a band: each half by its own.
    std::array<std::array<float, kMaxLanes>, 2> sums{};
    for (std::size_t half = 0; half < 2; ++half) {
      tables_->fft.add_powers(workspace_->spectrum.data(), edges[half],
                              edges[half + 1] - edges[half], sums[half].data());
    }
    const std::array<float, 2>& gain = tables_->band_gain[b];
    for (std::size_t l = 0; l < std::min(lanes, kInputCount); ++l) {
      if (inputs.has(static_cast<Input>(l))) {
        const float* one = workspace_->spectrum.data() + setup.cycles * 2 * lanes;
        const float fundamental = one[l] * one[l] + one[lanes + l] * one[lanes + l];
        const bool there =
            out.of_input[l][static_cast<std::size_t>(SpectrumKind::Magnitude)][1] > 0.0F;
        out.of_input[l][static_cast<std::size_t>(SpectrumKind::HighBand)][b] =
            there
                ? std::sqrt((sums[0][l] / (gain[0] * gain[0]) + sums[1][l] / (gain[1] * gain[1])) /
                            fundamental)
                : kNaN;
      }
    }
  }
}

}  // namespace halfcycle::metrology
