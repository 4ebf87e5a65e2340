// SPDX-License-Identifier: Apache-2.0
#include "source/truth.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "source/truth_registers.hpp"
#include "source/truth_signal.hpp"

namespace halfcycle::source {
namespace {

/// The state machine of one kind of event over three channels.
class Detector {
 public:
  Detector(TruthEventType type, std::array<bool, 3> watched, double threshold, double back)
      : type_(type), watched_(watched), threshold_(threshold), back_(back) {}

  void window(const TruthWindow& w, std::vector<TruthMeasured>& found) {
    Channel& channel = channels_[static_cast<std::size_t>(w.channel)];
    const bool first = !channel.seen;
    channel.seen = true;
    const bool was = channel.beyond;
    channel.beyond = was ? !is_back(w.u_rms_volts) : is_beyond(w.u_rms_volts);
    const auto start = first ? std::nullopt : std::optional(w.start_seconds);
    if (channel.beyond && !was) {
      if (!(channel.involved && open_)) {
        channel.phase = {w.channel, start, std::nullopt, kNotAvailable};
      }
      channel.phase.end_seconds.reset();  // back again within the same event
      channel.involved = true;
    }
    const bool now = type_ == TruthEventType::Interruption ? all_beyond() : any_beyond();
    if (now && !open_) {
      open_ = true;
      event_ = {};
      event_.type = type_;
      event_.start_seconds = start;
      event_.worst_channel = w.channel;
      for (Channel& other : channels_) {  // an interruption begins with the last channel below
        other.phase.start_seconds = start;
      }
    }
    if (channel.involved && open_) {
      more_extreme(w.u_rms_volts, channel.phase.extreme_volts);
      if (channel.beyond && more_extreme(w.u_rms_volts, event_.extreme_volts)) {
        event_.worst_channel = w.channel;
      }
    }
    if (was && !channel.beyond) {
      channel.phase.end_seconds = w.end_seconds;
    }
    if (open_ && !now) {
      event_.end_seconds = w.end_seconds;
      close(found);
    } else if (!open_ && !channel.beyond) {
      channel.involved = false;
    }
  }

  /// Nothing spans this point: what is open has no known end.
  void interrupt(std::vector<TruthMeasured>& found) {
    if (open_) {
      close(found);
    }
    channels_ = {};
  }

 private:
  struct Channel {
    bool seen = false;
    bool beyond = false;
    bool involved = false;
    TruthMeasured::Phase phase;
  };

  [[nodiscard]] bool is_beyond(double u) const {
    return type_ == TruthEventType::Swell ? u > threshold_ : u < threshold_;
  }
  [[nodiscard]] bool is_back(double u) const {
    return type_ == TruthEventType::Swell ? u <= back_ : u >= back_;
  }
  bool more_extreme(double u, double& extreme) const {
    if (type_ == TruthEventType::Swell ? !(u <= extreme) : !(u >= extreme)) {
      extreme = u;
      return true;
    }
    return false;
  }
  [[nodiscard]] bool any_beyond() const {
    return std::any_of(channels_.begin(), channels_.end(),
                       [](const Channel& c) { return c.beyond; });
  }
  [[nodiscard]] bool all_beyond() const {
    for (std::size_t k = 0; k < 3; ++k) {
      if (watched_[k] && !channels_[k].beyond) {
        return false;
      }
    }
    return true;
  }
  void close(std::vector<TruthMeasured>& found) {
    open_ = false;
    for (Channel& channel : channels_) {
      if (channel.involved) {
        if (type_ == TruthEventType::Interruption && !channel.phase.end_seconds) {
          channel.phase.end_seconds = event_.end_seconds;  // with the first channel back
        }
        event_.phases.push_back(channel.phase);
      }
      channel.phase.end_seconds.reset();
      channel.phase.extreme_volts = kNotAvailable;
      channel.involved = channel.beyond;
    }
    found.push_back(event_);
  }

  TruthEventType type_;
  std::array<bool, 3> watched_;
  double threshold_;
  double back_;
  std::array<Channel, 3> channels_{};
  bool open_ = false;
  TruthMeasured event_;
};

std::vector<double> breaks_of(const Scenario& scenario) {
  std::vector<double> breaks;
  for (const ScenarioGap& gap : scenario.gaps) {
    if (gap.channels.empty()) {
      breaks.push_back(gap.at.to_seconds());
    }
  }
  for (const ScenarioClockStep& step : scenario.clock_steps) {
    breaks.push_back(step.at.to_seconds());
  }
  std::sort(breaks.begin(), breaks.end());
  return breaks;
}

/// `common` with one value where all stretches agree, and none elsewhere.
std::vector<TruthValue> common_registers(const std::vector<TruthSpan>& spans,
                                         std::vector<TruthValue> common) {
  const auto all_steady =
      std::all_of(spans.begin(), spans.end(), [](const TruthSpan& s) { return s.steady; });
  for (TruthValue& value : common) {
    if (!all_steady) {
      value.value = kNotAvailable;
      continue;
    }
    for (const TruthSpan& span : spans) {
      const auto same = std::find_if(span.registers.begin(), span.registers.end(),
                                     [&](const TruthValue& v) { return v.label == value.label; });
      if (same == span.registers.end() ||
          !(std::fabs(same->value - value.value) <= 1e-12 * std::fabs(value.value))) {
        value.value = kNotAvailable;
        break;
      }
    }
  }
  return common;
}

}  // namespace

Instant Truth::instant_of(double seconds) const {
  Instant instant = scenario.start + Duration::from_seconds(seconds);
  for (const ScenarioClockStep& step : scenario.clock_steps) {
    if (step.at.to_seconds() <= seconds) {
      instant += step.by;
    }
  }
  return instant;
}

double Truth::value(std::string_view label) const {
  for (const TruthValue& value : registers) {
    if (value.label == label) {
      return value.value;
    }
  }
  return kNotAvailable;
}

std::vector<TruthMeasured> events_of_windows(const std::vector<TruthWindow>& windows,
                                             const Scenario& scenario,
                                             const TruthThresholds& thresholds,
                                             const std::vector<double>& breaks) {
  const double u = scenario.system.nominal_voltage_volts;
  std::array<bool, 3> watched{};
  for (const TruthWindow& w : windows) {
    watched[static_cast<std::size_t>(w.channel)] = true;
  }
  const double h = thresholds.hysteresis_ratio;
  std::array<Detector, 3> detectors{
      Detector(TruthEventType::Dip, watched, u * thresholds.dip_ratio,
               u * (thresholds.dip_ratio + h)),
      Detector(TruthEventType::Swell, watched, u * thresholds.swell_ratio,
               u * (thresholds.swell_ratio - h)),
      Detector(TruthEventType::Interruption, watched, u * thresholds.interruption_ratio,
               u * (thresholds.interruption_ratio + h))};
  std::vector<TruthMeasured> found;
  std::size_t next_break = 0;
  for (const TruthWindow& w : windows) {
    while (next_break < breaks.size() && w.start_seconds >= breaks[next_break]) {
      ++next_break;
      for (Detector& detector : detectors) {
        detector.interrupt(found);
      }
    }
    for (Detector& detector : detectors) {
      detector.window(w, found);
    }
  }
  for (Detector& detector : detectors) {
    detector.interrupt(found);
  }
  std::stable_sort(found.begin(), found.end(), [](const TruthMeasured& a, const TruthMeasured& b) {
    return a.start_seconds.value_or(-1.0) < b.start_seconds.value_or(-1.0);
  });
  return found;
}

Result<Truth> compute_truth(const Scenario& scenario, const TruthThresholds& thresholds) {
  if (!scenario.duration) {
    return fail(ErrorCode::InvalidSetup, "the scenario '{}' is endless; its truth needs a duration",
                scenario.name);
  }
  const TruthSignal signal(scenario);
  if (signal.too_long()) {
    return fail(ErrorCode::InvalidSetup,
                "the scenario '{}' changes more than a million times in its duration; choose a "
                "shorter one",
                scenario.name);
  }
  Truth truth;
  truth.scenario = scenario;
  truth.thresholds = thresholds;
  truth.duration_seconds = static_cast<double>(signal.duration());
  for (const TruthPiece& piece : signal.pieces()) {
    TruthSpan span;
    span.from_seconds = static_cast<double>(piece.from);
    span.to_seconds = static_cast<double>(piece.to);
    span.steady = signal.is_steady(piece);
    if (span.steady) {
      span.registers = registers_of(signal, scenario, piece);
    }
    truth.spans.push_back(std::move(span));
  }
  if (!signal.pieces().empty()) {
    truth.registers =
        common_registers(truth.spans, registers_of(signal, scenario, signal.pieces().front()));
  }
  for (TruthValue& energy : energies_of(signal, scenario)) {
    truth.registers.push_back(std::move(energy));
  }
  truth.measured = events_of_windows(urms_half_windows(scenario, thresholds, true), scenario,
                                     thresholds, breaks_of(scenario));
  for (const Occurrence& o : signal.occurrences()) {
    TruthApplied applied{*o.event, static_cast<double>(o.start), std::nullopt, {}};
    if (o.end < kNever) {
      applied.end_seconds = static_cast<double>(o.end);
    }
    for (std::size_t i = 0; i < truth.measured.size(); ++i) {
      const TruthMeasured& m = truth.measured[i];
      if (m.start_seconds.value_or(0.0) < applied.end_seconds.value_or(truth.duration_seconds) &&
          m.end_seconds.value_or(truth.duration_seconds) > applied.start_seconds) {
        applied.measured.push_back(i);
      }
    }
    truth.applied.push_back(std::move(applied));
  }
  std::stable_sort(truth.applied.begin(), truth.applied.end(),
                   [](const TruthApplied& a, const TruthApplied& b) {
                     return a.start_seconds < b.start_seconds;
                   });
  return truth;
}

}  // namespace halfcycle::source
