// SPDX-License-Identifier: Apache-2.0
// Rows of a 10/12-cycle window that come from its spectrum or from the windows before it; peaks.
#include <algorithm>
#include <cmath>

#include "metrology/engine_state.hpp"

namespace halfcycle::metrology {
namespace {

using Q = QuantityId;
constexpr std::array kQualityVoltage{std::array{Q::VlnA, Q::VlnB, Q::VlnC},
                                     std::array{Q::VllAb, Q::VllBc, Q::VllCa}};
constexpr std::array kSliding{Q::V1SlidingRef, Q::V2SlidingRef, Q::V3SlidingRef};

// IEC 61000-4-30 §5.4: a first-order filter of about one minute.
constexpr double kSlidingOld = 0.9967;
constexpr double kSlidingNew = 0.0033;

constexpr std::array kSignalling{std::array{Q::V1Msv1, Q::V2Msv1, Q::V3Msv1},
                                 std::array{Q::V1Msv2, Q::V2Msv2, Q::V3Msv2},
                                 std::array{Q::V1Msv3, Q::V2Msv3, Q::V3Msv3}};
// A carrier this close to a bin, in bins, is that bin's alone: what it leaves beside it is less
// than 0.02 % of it.
constexpr double kOnBin = 0.01;
constexpr double kHighestCarrierHertz = 3000.0;

struct DistortionRows {
  Input input;
  Q thd, even, odd, thds, thdg, of_rms, rms;
};

}  // namespace

void Engine::State::write_distortion(const DistortionSummary& distortion) noexcept {
  const bool lines = valuer.line_to_line();
  const auto& volts = kQualityVoltage[lines ? 1 : 0];
  const std::array<DistortionRows, 6> rows{{
      {Input::V1, Q::V1Thd, Q::V1ThdEven, Q::V1ThdOdd, Q::V1ThdS, Q::V1ThdG, Q::V1ThdOfRms,
       volts[0]},
      {Input::V2, Q::V2Thd, Q::V2ThdEven, Q::V2ThdOdd, Q::V2ThdS, Q::V2ThdG, Q::V2ThdOfRms,
       volts[1]},
      {Input::V3, Q::V3Thd, Q::V3ThdEven, Q::V3ThdOdd, Q::V3ThdS, Q::V3ThdG, Q::V3ThdOfRms,
       volts[2]},
      {Input::I1, Q::I1Thd, Q::I1ThdEven, Q::I1ThdOdd, Q::I1ThdS, Q::I1ThdG, Q::I1ThdOfRms, Q::IA},
      {Input::I2, Q::I2Thd, Q::I2ThdEven, Q::I2ThdOdd, Q::I2ThdS, Q::I2ThdG, Q::I2ThdOfRms, Q::IB},
      {Input::I3, Q::I3Thd, Q::I3ThdEven, Q::I3ThdOdd, Q::I3ThdS, Q::I3ThdG, Q::I3ThdOfRms, Q::IC},
  }};
  const auto at = [this](Q id) -> double& { return window_values_[index(id)]; };
  for (const DistortionRows& row : rows) {
    if (!spectrum_inputs.has(row.input)) {
      continue;
    }
    const std::size_t l = lane(row.input);
    at(row.thd) = distortion.thd[l];
    at(row.even) = distortion.thd_even[l];
    at(row.odd) = distortion.thd_odd[l];
    at(row.thds) = distortion.thds[l];
    at(row.thdg) = distortion.thdg[l];
    const double rms = at(row.rms);
    at(row.of_rms) = rms > 0.0 ? distortion.content[l] / rms : kNotAvailable;
  }
  constexpr std::array kK{Q::I1KFac, Q::I2KFac, Q::I3KFac};
  constexpr std::array kTdd{Q::I1Tdd, Q::I2Tdd, Q::I3Tdd};
  const SystemSetup& system = setup.system;
  const double demand = system.demand_current_amperes > 0.0 ? system.demand_current_amperes
                                                            : system.nominal_current_amperes;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t l = lane(Input::I1) + k;
    if (spectrum_inputs.has(static_cast<Input>(l))) {
      at(kK[k]) = distortion.k_factor[l];
      at(kTdd[k]) = distortion.content[l] / demand;
    }
  }
  constexpr std::array kRest{std::pair{Input::V4, Q::V4Thd}, std::pair{Input::I4, Q::I4Thd},
                             std::pair{Input::I5, Q::I5Thd}};
  for (const auto& [input, row] : kRest) {
    if (spectrum_inputs.has(input)) {
      at(row) = distortion.thd[lane(input)];
    }
  }
}

void Engine::State::write_sliding_references() noexcept {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t k = 0; k < kSliding.size(); ++k) {
    if (!valuer.has_quality_voltage(k)) {
      continue;
    }
    double& usr = sliding_volts_[k];
    usr = usr > 0.0 ? usr : valuer.declared_volts();
    const double u = window_values_[index(kQualityVoltage[valuer.line_to_line() ? 1 : 0][k])];
    if (!due_.marks.flagged && is_available(u)) {
      usr = kSlidingOld * usr + kSlidingNew * u;
    }
    window_values_[index(kSliding[k])] = usr;
    sum += usr;
    count += 1.0;
  }
  window_values_[index(Q::VavgSlidingRef)] = count > 0.0 ? sum / count : kNotAvailable;
}

// IEC 61000-4-30 §5.10: the carrier's bin, or the root of the sum of squares of the four nearest.
void Engine::State::write_signalling() noexcept {
  const double bin_hertz = rate->rate_hertz / (due_.end - due_.start);
  for (std::size_t c = 0; c < kSignalling.size(); ++c) {
    const double carrier = setup.system.signalling_hertz[c];
    if (!(carrier > 0.0 && carrier <= kHighestCarrierHertz) || due_.lost) {
      continue;
    }
    const double at = carrier / bin_hertz;
    const double nearest = std::round(at);
    const bool on_bin = std::abs(at - nearest) < kOnBin;
    const double first = on_bin ? nearest : std::floor(at) - 1.0;
    const double last = on_bin ? nearest : first + 3.0;
    if (first < 1.0) {
      continue;
    }
    for (std::size_t k = 0; k < kSignalling[c].size(); ++k) {
      if (valuer.has_quality_voltage(k)) {
        window_values_[index(kSignalling[c][k])] =
            rate->spectrum.bins_rms(k, static_cast<std::size_t>(first),
                                    static_cast<std::size_t>(last)) /
            valuer.declared_volts();
      }
    }
  }
}

void Engine::State::find_excess(const signal::WindowSums& sums, Position from,
                                Position to) noexcept {
  const auto peak_of = [&sums](std::size_t l) {
    return static_cast<double>(std::max(-sums.min[l], sums.max[l]));
  };
  for (std::size_t k = 0; k < excess_.size(); ++k) {
    PeakExcess& excess = excess_[k];
    excess = PeakExcess{};
    if (!valuer.has_quality_voltage(k)) {
      continue;
    }
    const bool line = valuer.line_to_line();
    const std::size_t minus = (k + 1) % 3;
    // Nearly always nothing is beyond it: the sums know.
    if (!(peak_of(k) + (line ? peak_of(minus) : 0.0) > transient_limit_volts)) {
      continue;
    }
    std::int64_t first = 0;
    std::int64_t last = 0;
    // As the sums have it: a sample on the boundary belongs to the half cycle that it begins.
    const std::int64_t begin = from.whole() + (from.fraction_bits() != 0 ? 1 : 0);
    const std::int64_t end = to.whole() + (to.fraction_bits() != 0 ? 1 : 0);
    for (std::int64_t n = begin; n < end; ++n) {
      const float* v = rate->ring.frames(n);
      const double u = static_cast<double>(line ? v[k] - v[minus] : v[k]);
      if (std::abs(u) > transient_limit_volts) {
        first = excess.peak_volts == 0.0 ? n : first;
        last = n;
        excess.peak_volts = std::abs(u) > std::abs(excess.peak_volts) ? u : excess.peak_volts;
      }
    }
    if (excess.peak_volts != 0.0) {
      excess.first = instant_of(Position::at(first, 0.0));
      excess.last = instant_of(Position::at(last, 0.0));
    }
  }
}

}  // namespace halfcycle::metrology
