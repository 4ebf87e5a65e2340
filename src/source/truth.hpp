// SPDX-License-Identifier: Apache-2.0
// The exact truth of a scenario, computed from its formulas and not from samples: what a perfect
// meter shows. It is the oracle that the measuring code is tested against, shares nothing with it,
// and is written to be read rather than to be fast. docs/formats/truth.md describes the JSON.
//
//   auto truth = compute_truth(*scenario);                // Result<Truth>
//   write_truth_json(*truth, text);
//
// Noise and quantisation are not part of the truth: values are those of the ideal signal.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/system.hpp"
#include "base/unit.hpp"
#include "source/scenario.hpp"

namespace halfcycle::source {

/// Ratios to the nominal voltage (IEC 61000-4-30 §5.4, §5.5).
struct TruthThresholds {
  double dip_ratio = 0.90;
  double swell_ratio = 1.10;
  double interruption_ratio = 0.05;
  double hysteresis_ratio = 0.02;
};

/// Value of one register, in its unit; NaN: not available, or not one exact value.
struct TruthValue {
  std::string label;
  Unit unit = Unit::One;
  double value = kNotAvailable;
};

/// A stretch without any change.
struct TruthSpan {
  double from_seconds = 0.0;  ///< from the first sample
  double to_seconds = 0.0;
  /// Amplitudes, angles and frequency are constant: the registers are exact. Else there are none.
  bool steady = false;
  std::vector<TruthValue> registers;
};

enum class TruthEventType : std::uint8_t { Dip, Swell, Interruption };

/// One Urms(1/2) of a voltage channel on its own window (IEC 61000-4-30 §5.4.1).
struct TruthWindow {
  int channel = 0;  ///< 0, 1, 2: L1 L2 L3, or L1-L2 L2-L3 L3-L1
  double start_seconds = 0.0;
  double end_seconds = 0.0;
  double u_rms_volts = 0.0;
};

/// A dip, swell or interruption as the standard's method finds it on the ideal signal.
struct TruthMeasured {
  struct Phase {
    int channel = 0;
    std::optional<double> start_seconds;
    std::optional<double> end_seconds;
    double extreme_volts = kNotAvailable;
  };
  TruthEventType type = TruthEventType::Dip;
  std::optional<double> start_seconds;  ///< nothing: before the first sample or a gap
  std::optional<double> end_seconds;    ///< nothing: open at the end or at a gap
  double extreme_volts = kNotAvailable;
  int worst_channel = 0;
  std::vector<Phase> phases;
};

/// What was programmed, one occurrence.
struct TruthApplied {
  ScenarioEvent event;
  double start_seconds = 0.0;
  std::optional<double> end_seconds;  ///< nothing: it stays
  std::vector<std::size_t> measured;  ///< indices into Truth::measured that overlap it
};

struct Truth {
  Scenario scenario;
  TruthThresholds thresholds;
  double duration_seconds = 0.0;
  std::vector<TruthValue> registers;  ///< over the whole duration
  std::vector<TruthSpan> spans;
  std::vector<TruthApplied> applied;
  std::vector<TruthMeasured> measured;

  /// UTC of a time since the first sample, clock steps included.
  [[nodiscard]] Instant instant_of(double seconds) const;
  /// NaN if there is no such register or no one value.
  [[nodiscard]] double value(std::string_view label) const;
};

/// InvalidSetup: the scenario is endless, or has too many changes to list (over a million).
[[nodiscard]] Result<Truth> compute_truth(const Scenario& scenario,
                                          const TruthThresholds& thresholds = {});

/// All Urms(1/2) of the scenario's duration in order of their ends. Windows that cannot come near
/// a threshold carry the value of their steady state instead of an integral when `only_near` is
/// set.
[[nodiscard]] std::vector<TruthWindow> urms_half_windows(const Scenario& scenario,
                                                         const TruthThresholds& thresholds,
                                                         bool only_near);

/// The polyphase rule over windows in order of their ends; `breaks` are times that no event spans.
[[nodiscard]] std::vector<TruthMeasured> events_of_windows(const std::vector<TruthWindow>& windows,
                                                           const Scenario& scenario,
                                                           const TruthThresholds& thresholds,
                                                           const std::vector<double>& breaks);

void write_truth_json(const Truth& truth, std::string& out);

}  // namespace halfcycle::source
