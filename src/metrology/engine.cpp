// SPDX-License-Identifier: Apache-2.0
#include "metrology/engine.hpp"

#include <array>
#include <cmath>

#include "metrology/engine_state.hpp"
#include "signal/denormals.hpp"

namespace halfcycle::metrology {

Result<std::unique_ptr<Engine>> Engine::create(const EngineSetup& setup) {
  const auto positive = [](double x) { return std::isfinite(x) && x > 0.0; };
  if (!positive(setup.sample_rate_hertz)) {
    return fail(ErrorCode::InvalidSetup, "sample rate {} Hz: must be a positive number",
                setup.sample_rate_hertz);
  }
  const SystemSetup& system = setup.system;
  if (!positive(system.nominal_frequency_hertz) || system.nominal_frequency_hertz < 10.0 ||
      system.nominal_frequency_hertz > 1000.0) {
    return fail(ErrorCode::InvalidSetup,
                "nominal frequency {} Hz: must lie in 10 … 1000 Hz (50 or 60 are usual)",
                system.nominal_frequency_hertz);
  }
  if (system.nominal_voltage_known() && !positive(system.nominal_voltage_volts)) {
    return fail(ErrorCode::InvalidSetup, "nominal voltage {} V: must be a positive number",
                system.nominal_voltage_volts);
  }
  if (!positive(system.nominal_current_amperes)) {
    return fail(ErrorCode::InvalidSetup, "nominal current {} A: must be a positive number",
                system.nominal_current_amperes);
  }
  if (setup.inputs.empty()) {
    return fail(ErrorCode::InvalidSetup, "no input is connected: map at least one channel");
  }
  if (setup.sample_rate_hertz / system.nominal_frequency_hertz > kMostSamplesPerCycle) {
    return fail(ErrorCode::InvalidSetup,
                "{} samples a cycle: at most {} are supported; reduce the sample rate",
                setup.sample_rate_hertz / system.nominal_frequency_hertz, kMostSamplesPerCycle);
  }
  return std::unique_ptr<Engine>(new Engine(std::make_unique<State>(setup)));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

void Engine::add_sink(IntervalSink* sink) { state_->outputs.add(sink); }
void Engine::add_half_cycle_sink(HalfCycleSink* sink) { state_->outputs.add(sink); }
void Engine::set_event_query(const EventQuery* query) { state_->outputs.query = query; }

void Engine::set_stage_clock(StageClock* clock) { state_->outputs.clock = clock; }

std::string_view name(Stage stage) {
  constexpr std::array<std::string_view, kStageCount> kNames{
      "ingest", "sums",     "tracking",    "flicker",   "values", "resample",
      "fft",    "grouping", "aggregation", "detectors", "graph"};
  return kNames[static_cast<std::size_t>(stage)];
}

void Engine::follow(const SystemSetup& system) noexcept { state_->follow(system); }
void Engine::set_transient_limit(double volts) noexcept { state_->transient_limit_volts = volts; }

void Engine::push(const SampleBlock& block) noexcept {
  const signal::FlushDenormals flush;
  state_->push(block);
}
bool Engine::work() noexcept {
  const signal::FlushDenormals flush;
  return state_->work();
}
void Engine::finish() noexcept {
  const signal::FlushDenormals flush;
  state_->finish();
}

double Engine::energy(QuantityId id) const noexcept { return state_->energies.value(id); }
std::span<const double> Engine::latest_half_cycle() const noexcept {
  return state_->half_cycle_values;
}

bool Engine::has(QuantityId id) const noexcept {
  if (!state_->measures_cycles()) {
    return false;
  }
  const QuantityGroup group = info(id).group;
  if (group == QuantityGroup::MainsSignalling && highest_order() < 2) {
    return false;
  }
  if (group == QuantityGroup::HarmonicsAnalyzer && highest_order() < 2 &&
      info(id).label.find("CF") == std::string_view::npos) {
    return false;
  }
  return state_->valuer.has(id);
}

int Engine::highest_order() const noexcept { return state_->highest_order(); }

bool Engine::has_spectrum(Input input) const noexcept {
  return state_->measures_cycles() && state_->spectrum_inputs.has(input);
}

std::size_t Engine::memory_bytes() const noexcept { return state_->memory_bytes(); }

}  // namespace halfcycle::metrology
