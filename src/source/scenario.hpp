// SPDX-License-Identifier: Apache-2.0
// What the grid simulator plays: a scenario, read from a TOML file (docs/formats/scenario.md).
//
//   auto scenario = parse_scenario(text, "feeder.toml");      // Result<Scenario>
//   if (!scenario) …  // "feeder.toml:12: events.residual: 130 is outside 0 … 100 %"
//
// The signal of one channel, with θ(t) the grid's angle (the exact integral of its frequency):
//   x(t) = dc + a(t)·√2·U·[ sin(α) + Σ r_h·sin(h·α + φ_h) + Σ q_i·sin(2π·f_i·t + ψ_i) ]
//          + transients + noise,       α = θ(t) + channel angle + δ(t)
// a(t) and δ(t) carry ramps, flicker, load profile and events. Angles of harmonics are thus those
// of the registers "V1 HA2" …: against the fundamental of the own channel times the order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/system.hpp"

namespace halfcycle::source {

struct ScenarioHarmonic {
  int order = 2;
  double ratio = 0.0;  ///< to the fundamental
  double angle_degrees = 0.0;
};

struct ScenarioInterharmonic {
  double frequency_hertz = 0.0;  ///< fixed, not locked to the grid
  double ratio = 0.0;            ///< to the fundamental
  double angle_degrees = 0.0;    ///< at the first sample
};

/// From `at` on, a linear way of length `over` to a new level; it stays there.
struct ScenarioRamp {
  Duration at;
  Duration over;
  double to = 1.0;  ///< ratio to the channel's rms, or Hz for the frequency
};

struct ScenarioChannel {
  Input input = Input::V1;
  double rms = 0.0;  ///< of the fundamental, V or A; 1 where the channel follows the load
  double angle_degrees = 0.0;
  double dc = 0.0;
  double noise_rms = 0.0;     ///< white, Gaussian, V or A
  bool follows_load = false;  ///< amplitude and angle come from the load profile
  /// Not empty: the channel is sum_sign times the sum of these, sample by sample, and has no wave
  /// of its own: I4 = i1 + i2 + i3, and V31 = −(v12 + v23) in delta with three transformers.
  std::vector<Input> sum_of;
  double sum_sign = 1.0;
  std::vector<ScenarioHarmonic> harmonics;
  std::vector<ScenarioInterharmonic> interharmonics;
  std::vector<ScenarioRamp> ramps;  ///< in order of time, not overlapping
};

struct ScenarioModulation {
  double depth_hertz = 0.0;  ///< peak deviation
  double frequency_hertz = 0.0;
  double phase_degrees = 0.0;
};

struct ScenarioFrequency {
  double start_hertz = 50.0;
  double start_phase_degrees = 0.0;  ///< θ at the first sample
  std::vector<ScenarioRamp> ramps;   ///< steps have `over` 0
  std::vector<ScenarioModulation> modulations;
};

/// IEC 61000-4-15: ΔV/V is the whole change (envelope maximum minus minimum over the mean).
struct ScenarioFlicker {
  std::vector<Input> channels;
  bool rectangular = false;
  double depth_ratio = 0.0;  ///< ΔV/V
  double frequency_hertz = 0.0;
  double phase_degrees = 0.0;
};

/// Load of the three phases from `at` on.
struct ScenarioLoad {
  Duration at;
  std::array<double, 3> current_amperes{};
  std::array<double, 3> lag_degrees{};  ///< of the current behind its phase voltage
};

enum class ScenarioEventKind : std::uint8_t {
  Dip,
  Swell,
  Interruption,
  RapidVoltageChange,
  Transient,
  Fault,
  PhaseJump,
  FrequencyExcursion,
};
[[nodiscard]] std::string_view name(ScenarioEventKind kind);  ///< "dip", "rapid-voltage-change", …

struct ScenarioEvent {
  ScenarioEventKind kind = ScenarioEventKind::Dip;
  Duration at;
  std::optional<Duration> duration;  ///< nothing: it stays
  Duration every;                    ///< 0: once
  std::int64_t count = 0;            ///< of a repeating event; 0: without end
  /// The start waits for this angle of the first channel's fundamental.
  std::optional<double> point_on_wave_degrees;
  std::vector<Input> channels;
  std::vector<double> gain;          ///< factor of each channel's wave
  std::vector<double> jump_degrees;  ///< of each channel's angle
  // Transient: peak·e^(−τ/time constant)·cos(2π·frequency·τ)
  double peak = 0.0;  ///< V or A
  double frequency_hertz = 0.0;
  double time_constant_seconds = 0.0;  ///< also of a fault's direct current
  // Fault: the current of each faulted phase is replaced.
  double fault_current_amperes = 0.0;  ///< rms
  double fault_lag_degrees = 0.0;      ///< behind the phase voltage, jump included
  bool fault_offset = false;           ///< with the decaying direct current that makes i continuous
  double change_hertz = 0.0;           ///< frequency excursion
};

/// Samples that are missing: all of them (time jumps), or NaN in single channels.
struct ScenarioGap {
  Duration at;
  Duration duration;
  std::vector<Input> channels;  ///< empty: the converter delivers nothing at all
};

/// UTC is corrected by `by`; the samples go on.
struct ScenarioClockStep {
  Duration at;
  Duration by;
};

/// An ideal converter: values are rounded to 2^bits steps over ± range and clipped there.
struct ScenarioQuantisation {
  int bits = 0;  ///< 0: none
  double voltage_range_volts = 0.0;
  double current_range_amperes = 0.0;
};

struct Scenario {
  std::string name;
  std::string description;
  SystemSetup system;
  int delta_pts = 3;
  double rate_hertz = 25600.0;
  Instant start;
  std::optional<Duration> duration;  ///< nothing: endless
  std::uint64_t seed = 1;
  std::vector<ScenarioChannel> channels;  ///< in order of Input
  ScenarioFrequency frequency;
  std::vector<ScenarioFlicker> flicker;
  std::vector<ScenarioLoad> load;        ///< in order of time; empty: no load profile
  std::vector<double> load_daily_ratio;  ///< 24 factors at full hours UTC, or empty
  std::vector<ScenarioEvent> events;
  std::vector<ScenarioGap> gaps;  ///< of each kind in order of time, not overlapping
  std::vector<ScenarioClockStep> clock_steps;
  ScenarioQuantisation quantisation;
  std::vector<std::string> warnings;

  [[nodiscard]] const ScenarioChannel* find(Input input) const;
};

/// Reads and checks a scenario. Errors (InvalidSetup) name file, line, key, the allowed range and,
/// for unknown keys, the nearest valid one. Thread-safe.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text, std::string_view file_name);

/// Replaces the sample rate: checks its range; tones at or above half of it are left out with a
/// warning, as an ideal anti-alias filter would.
[[nodiscard]] Result<Scenario> with_rate(Scenario scenario, double rate_hertz);

inline constexpr double kMinRateHertz = 100.0;
inline constexpr double kMaxRateHertz = 2e6;

}  // namespace halfcycle::source
