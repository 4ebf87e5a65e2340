// SPDX-License-Identifier: Apache-2.0
// From what the engine and the detectors hand over to the registers of the core modules.
//
//   MeasurementFeed feed(graph);            // finds the core modules of the template
//   feed.feed(interval_values);             // one frame of the graph: write, evaluate, publish
//   feed.feed(voltage_event);
//
// Which interval feeds what:  ½ cycle → High-Speed Power Meter;  10/12-cycle → Harmonics Analyzer;
// 1 s → Power Meter, Energy;  150/180-cycle → Symmetrical Components;  10 min → Flicker. The
// other intervals open frames too, so that modules linked to them later find their tick.
// The engine integrates from 0. Energies that were restored into the graph before the first frame
// go on from there.
// Measuring thread; does not allocate after construction.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "metrology/interval.hpp"
#include "quality/event.hpp"
#include "quality/mains_signalling.hpp"
#include "quality/rvc.hpp"
#include "quality/transient.hpp"
#include "quality/voltage_events.hpp"

namespace halfcycle::modules {

[[nodiscard]] graph::Tick tick_of(metrology::Interval interval);

/// `given` with what the setup of the core modules states in its place: kVA method, sign of power
/// factors and phase order (Power Meter), demand current (Harmonics Analyzer), carriers (Mains
/// Signalling), lamp (Flicker). Where the setup leaves a choice open, and for modules that the
/// template does not have, it is `given`.
[[nodiscard]] SystemSetup system_of(const graph::Graph& graph, SystemSetup given);

class MeasurementFeed {
 public:
  /// graph must outlive the feed. registers: false where nobody reads what intervals write; then
  /// events alone reach the graph, and modules that work on measured values rest.
  explicit MeasurementFeed(graph::Graph& graph, bool registers = true);

  /// Values are converted from SI to the register's unit; the interval's marks go with them.
  void feed(const metrology::IntervalValues& values);
  /// Renews the Sag/Swell module's registers and posts its event, at the end of the event (at its
  /// start if it is still open). The frame's time does not go back behind the frame before.
  void feed(const quality::VoltageEvent& event);

  /// Renews the registers of the Rapid Voltage Change and Transient modules and posts their events.
  /// nominal_volts: what percentages refer to.
  void feed(const quality::RapidVoltageChange& change, double nominal_volts);
  void feed(const quality::TransientEvent& event, double nominal_volts);
  /// Samples are missing from here on, or the source has ended.
  void interrupt();
  /// Nothing is measured for now: what intervals up to `longest` measured is not available until it
  /// is measured again. Retained values and those of past disturbances stay.
  void withdraw(metrology::Interval longest);
  /// Called with each record of an emission, and with one that an interruption cut short.
  void on_emission(
      std::function<void(std::size_t carrier, const quality::SignallingRecorder&)> sink) {
    emission_sink_ = std::move(sink);
  }
  /// The setup has changed: limits that the feed itself applies.
  void follow_setup();

  /// Whether, and with which limits, the template wants rapid voltage changes.
  [[nodiscard]] std::optional<quality::RvcSetup> rvc_limits(quality::RvcSetup given) const;
  /// Limit of transients over the nominal peak; nothing without such a module.
  [[nodiscard]] std::optional<double> transient_ratio() const;
  /// Dips and swells refer to the sliding reference voltage.
  [[nodiscard]] bool sliding_reference() const;
  /// The thresholds that the Sag/Swell module's setup states, over those given. Without such a
  /// module, those given.
  [[nodiscard]] quality::VoltageEventSetup limits(quality::VoltageEventSetup given) const;

 private:
  struct Scalar {
    std::uint32_t reg;
    metrology::QuantityId quantity;
    double per_si;
    double base;  // what the register held before the engine began, of those that accumulate
    bool retained;
  };
  struct Array {
    std::uint32_t reg;
    Input input;
    metrology::SpectrumKind kind;
    int first;
    int count;
    float per_si;
  };
  void take_bases();
  void write_values(const metrology::IntervalValues& values);
  void write_spectra(const metrology::IntervalValues& values);
  void record_signalling(const metrology::IntervalValues& values);
  void write_emission(std::size_t carrier, Instant now);
  [[nodiscard]] quality::SignallingSetup signalling_limits() const;
  /// Opens a frame of an event, not before the frame before.
  Instant begin_event(Instant time);
  [[nodiscard]] const graph::ModuleInstance& module(std::int64_t m) const {
    return graph_.compiled().modules()[static_cast<std::size_t>(m)];
  }
  [[nodiscard]] double setup_of(std::int64_t m, std::size_t setup) const {
    return graph_.setup_number(module(m).first_setup + static_cast<std::uint32_t>(setup));
  }

  graph::Graph& graph_;
  bool registers_;
  std::array<std::vector<Scalar>, metrology::kIntervalCount> scalars_;
  std::array<std::vector<Array>, metrology::kIntervalCount> arrays_;
  std::int64_t sag_swell_ = -1;  // module, or -1
  std::int64_t rvc_ = -1;
  std::int64_t transient_ = -1;
  std::int64_t signalling_ = -1;
  std::vector<quality::SignallingRecorder> recorders_;  // one a carrier
  std::function<void(std::size_t, const quality::SignallingRecorder&)> emission_sink_;
  bool based_ = false;
  Instant latest_ = graph::kNoInstant;
};

}  // namespace halfcycle::modules
