// SPDX-License-Identifier: Apache-2.0
#include "metrology/engine_state.hpp"

#include <algorithm>
#include <cmath>

namespace halfcycle::metrology {
namespace {

constexpr double kHeadCycles = 10.0;
// The lowest frequency, over nominal, whose windows the ring holds with all their look-ahead.
constexpr double kLowestRatio = 0.78;
constexpr double kRoomCycles = 1.5 + 0.5 * static_cast<double>(kDeferredHalfCycles);
double source_per_cycle(const EngineSetup& setup, double rate_hertz) {
  return std::max(rate_hertz / setup.system.nominal_frequency_hertz, kFewestSamplesPerCycle);
}

std::size_t frames_of(double frames) { return static_cast<std::size_t>(std::ceil(frames)); }

SpectrumSetup spectrum_setup(const EngineSetup& setup, std::size_t lanes, double source_rate) {
  const double source = source_per_cycle(setup, source_rate);
  const double inside = source * signal::upsampling_factor(source);
  const int points = signal::choose_points_per_cycle(inside);
  return {.cycles = static_cast<std::size_t>(setup.system.window_cycles()),
          .lanes = lanes,
          .samples_per_cycle = inside,
          .highest_order = std::max(1, signal::highest_analysable_order(source, points)),
          .points_per_cycle = points,
          // Below 4.8 kS/s nothing above 2 kHz is there; other nominal frequencies are for rms and
          // power.
          .rate_hertz =
              source == inside && setup.system.nominal_frequency_hertz < 100.0 ? source_rate : 0.0,
          .lowest_fundamental_hertz = 0.85 * setup.system.nominal_frequency_hertz};
}

FlickerSetup flicker_setup(const EngineSetup& setup, double source_rate) {
  using Chosen = SystemSetup::FlickerLamp;
  const double nominal = setup.system.nominal_frequency_hertz;
  const Chosen chosen = setup.system.flicker_lamp;
  const bool lamp_120 =
      chosen == Chosen::V120 || (chosen == Chosen::ByFrequency && nominal >= 55.0);
  return {.sample_rate_hertz = source_rate,
          .system_hertz = nominal,
          .lamp = lamp_120 ? Lamp::V120 : Lamp::V230};
}

/// Source frames that the record is continued by at both ends.
std::size_t horizon(const SpectrumTables& spectrum, int factor) {
  const std::size_t reach =
      std::max(spectrum.kernel.taps() / 2, signal::WindowIntegrator::reach(kWindowEnds)) + 8;
  return factor == 1 ? reach
                     : reach / static_cast<std::size_t>(factor) + signal::Upsampler::kLag + 2;
}

}  // namespace

EngineTables::EngineTables(const EngineSetup& setup, std::size_t lane_count, double source_rate)
    : source_rate_hertz(source_rate),
      nominal_hertz(setup.system.nominal_frequency_hertz),
      lanes(lane_count),
      factor(signal::upsampling_factor(source_per_cycle(setup, source_rate))),
      upsampler_kernel(factor),
      spectrum(spectrum_setup(setup, lane_count, source_rate)) {}

std::size_t lanes_of(InputMask inputs) { return inputs.has(Input::I5) ? 12 : 8; }

std::shared_ptr<const EngineTables> make_engine_tables(const EngineSetup& setup) {
  return std::make_shared<const EngineTables>(setup, lanes_of(setup.inputs),
                                              setup.sample_rate_hertz);
}

std::shared_ptr<EngineWorkspace> make_engine_workspace(const EngineTables& tables) {
  return std::make_shared<EngineWorkspace>(tables);
}

RateDependent::RateDependent(const EngineSetup& setup, std::size_t lanes, double source_rate)
    : tables(setup.tables != nullptr && setup.tables->serve(setup, lanes, source_rate)
                 ? setup.tables
                 : std::make_shared<const EngineTables>(setup, lanes, source_rate)),
      workspace(setup.workspace != nullptr && setup.workspace->spectrum.fits(tables->spectrum)
                    ? setup.workspace
                    : std::make_shared<EngineWorkspace>(*tables)),
      source_rate_hertz(source_rate),
      rate_hertz(source_rate * tables->factor),
      factor(tables->factor),
      measures_cycles(source_rate / setup.system.nominal_frequency_hertz >= kFewestSamplesPerCycle),
      upsampler(&tables->upsampler_kernel),
      spectrum(tables->spectrum, workspace->spectrum),
      tracker(setup.system, setup.inputs, rate_hertz),
      extender({.lanes = lanes,
                .samples_per_cycle = source_per_cycle(setup, source_rate),
                .horizon_frames = horizon(tables->spectrum, factor)}),
      source_ring(lanes,
                  factor == 1 ? 64
                              : frames_of(kHeadCycles * source_per_cycle(setup, source_rate)) +
                                    2 * extender.horizon_frames() + 256,
                  factor == 1 ? 16 : signal::UpsamplerKernel::kTaps),
      ring(lanes,
           frames_of((setup.system.window_cycles() + kClosingCycles + kRoomCycles) / kLowestRatio *
                     rate_hertz / setup.system.nominal_frequency_hertz) +
               2 * extender.horizon_frames() * static_cast<std::size_t>(factor) + 512,
           std::max<std::size_t>(256, tables->spectrum.kernel.taps())),
      flicker(flicker_setup(setup, source_rate), is_line_to_line(setup.system.wiring)),
      head_frames(frames_of(kHeadCycles * source_per_cycle(setup, source_rate))) {
  head.resize(std::max(head_frames, extender.wanted_frames()) * lanes);
  extension.resize(extender.horizon_frames() * lanes);
  slice.resize(std::clamp<std::size_t>(
                   frames_of(0.5 * source_rate / setup.system.nominal_frequency_hertz), 16, 512) *
               lanes);
}

std::size_t RateDependent::bytes() const noexcept {
  const std::size_t own_workspace = workspace.use_count() == 1 ? workspace->spectrum.bytes() : 0;
  return sizeof(*this) + own_workspace + source_ring.bytes() + ring.bytes() +
         (head.size() + extension.size() + slice.size()) * sizeof(float);
}

Engine::State::State(const EngineSetup& engine_setup)
    : setup(engine_setup),
      lanes(lanes_of(engine_setup.inputs)),
      valuer(engine_setup.system, engine_setup.inputs),
      rate(std::make_unique<RateDependent>(engine_setup, lanes, engine_setup.sample_rate_hertz)),
      aggregation(engine_setup.system, spectrum_inputs_of(engine_setup, valuer), outputs),
      spectra_(std::make_unique<Spectra>()),
      terms_(std::make_unique<SpectrumTerms>()) {
  aggregation.set_flicker(&rate->flicker);
  spectrum_inputs = spectrum_inputs_of(engine_setup, valuer);
  half_cycle_values.fill(kNotAvailable);
  window_values_.fill(kNotAvailable);
  clear(*spectra_);
  const InputMask in = setup.inputs;
  transform_ =
      setup.system.wiring == Wiring::Delta ||
      (setup.system.wiring == Wiring::ThreeWireWye &&
       !(in.has(Input::V2) && in.has(Input::I1) && in.has(Input::I2) && in.has(Input::I3)));
  make_channels();
}

InputMask Engine::State::spectrum_inputs_of(const EngineSetup& setup, const Valuer& valuer) {
  InputMask mask;
  constexpr std::array kVoltages{Input::V1, Input::V2, Input::V3};
  constexpr std::array kCurrents{Input::I1, Input::I2, Input::I3};
  for (std::size_t k = 0; k < 3; ++k) {
    if (valuer.has_quality_voltage(k)) {
      mask.add(kVoltages[k]);
    }
    if (valuer.has_current(k)) {
      mask.add(kCurrents[k]);
    }
  }
  for (const Input input : {Input::V4, Input::I4, Input::I5}) {
    if (setup.inputs.has(input)) {
      mask.add(input);
    }
  }
  return mask;
}

std::size_t Engine::State::memory_bytes() const noexcept {
  return sizeof(*this) + rate->bytes() + sizeof(Spectra) * 2 + sizeof(SpectrumTerms) * 5 +
         3 * sizeof(SpectrumAccumulator);
}

void Engine::State::make_channels() {
  constexpr std::array kLn{QuantityId::VlnA, QuantityId::VlnB, QuantityId::VlnC};
  constexpr std::array kLl{QuantityId::VllAb, QuantityId::VllBc, QuantityId::VllCa};
  constexpr std::array kCurrent{QuantityId::IA, QuantityId::IB, QuantityId::IC};
  const bool lines = valuer.line_to_line();
  for (std::size_t k = 0; k < 3; ++k) {
    Channel& ln = channels_[k];
    ln.present = !lines && valuer.has_voltage(k);
    ln.voltage = kLn[k];
    ln.index = k;
    ln.squared = {.lane = k};
    ln.detector_channel = lines ? -1 : static_cast<int>(k);
    Channel& ll = channels_[3 + k];
    ll.present = lines && valuer.has_line(k);
    ll.line = true;
    ll.voltage = kLl[k];
    ll.index = k;
    ll.squared = {.is_line = true, .line = k};
    ll.detector_channel = lines ? static_cast<int>(k) : -1;
    Channel& of_current = lines ? ll : ln;
    of_current.has_current = of_current.present && valuer.has_current(k);
    of_current.current = kCurrent[k];
    of_current.current_lane = lane(Input::I1) + k;
  }
}

void Engine::State::follow(const SystemSetup& system) noexcept {
  followed_ = system;
  follows_ = true;
  if (phase_ == Phase::Idle && !due_.waiting) {
    take_over();
  }
}

void Engine::State::take_over() noexcept {
  follows_ = false;
  SystemSetup& now = setup.system;
  now.phase_order = followed_.phase_order;
  now.pf_sign_iec = followed_.pf_sign_iec;
  now.kva_method = followed_.kva_method;
  now.demand_current_amperes = followed_.demand_current_amperes;
  now.signalling_hertz = followed_.signalling_hertz;
  if (!began_ && now.flicker_lamp != followed_.flicker_lamp) {
    now.flicker_lamp = followed_.flicker_lamp;
    rate->flicker =
        FlickerSeries(flicker_setup(setup, rate->source_rate_hertz), is_line_to_line(now.wiring));
  }
  valuer.follow(now);
  aggregation.follow(now);
}

}  // namespace halfcycle::metrology
