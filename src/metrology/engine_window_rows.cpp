// SPDX-License-Identifier: Apache-2.0
// Rows of a 10/12-cycle window that come from its spectrum or from the windows before it.
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

}  // namespace halfcycle::metrology
