// SPDX-License-Identifier: Apache-2.0
// One meter: engine, detectors and a module graph made from a template, behind the one façade that
// everything downstream (command line, pages, protocols, reports) sees.
//
//   auto meter = Meter::create(setup);                      // Result<std::unique_ptr<Meter>>
//   auto table = (*meter)->observe(Interval::TenTwelveCycle, {"Vln a", "kW tot"}, my_sink);
//   while (block) (*meter)->push(*block);                   // on the measuring thread
//   (*meter)->finish();                                     // the source has ended
//   auto value = (*meter)->graph().read("kW tot");
//
// Threads: push(), finish(), observe() and the sinks belong to the measuring thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "base/unit.hpp"
#include "graph/graph.hpp"
#include "metrology/engine.hpp"
#include "metrology/interval.hpp"
#include "quality/event.hpp"
#include "quality/fault.hpp"
#include "quality/mains_signalling.hpp"
#include "quality/rvc.hpp"
#include "quality/transient.hpp"
#include "quality/voltage_events.hpp"

namespace halfcycle::meter {

using metrology::Interval;

struct MeterSetup {
  SystemSetup system;
  InputMask inputs;                ///< what the source delivers; anything else is not available
  double sample_rate_hertz = 0.0;  ///< of the first block; sizes the buffers
  /// Of the nominal voltage. Nothing: as the template's Sag/Swell module says, without one 90, 110,
  /// 5 and 2 %.
  std::optional<double> dip_threshold_ratio, swell_threshold_ratio, interruption_threshold_ratio,
      hysteresis_ratio;
  /// For recordings: statistics over the run and fault reports (keeps 2.5 s of samples).
  bool analysis = false;
  /// False: nobody reads registers of measured values. They stay as they are, the modules that work
  /// on them rest; observers, statistics, events and setup are not touched by it.
  bool registers = true;
  /// Compiled once, shared by all meters made from it. Null: the shipped `standard` template.
  std::shared_ptr<const graph::CompiledTemplate> compiled_template;
  /// What the engines of a process and of a thread share (metrology/engine.hpp); null: of its own.
  std::shared_ptr<const metrology::EngineTables> engine_tables;
  std::shared_ptr<metrology::EngineWorkspace> engine_workspace;
};

/// A column of an interval table. `label` is the public name of the register.
struct Column {
  std::string label;
  Unit unit = Unit::One;
  std::string help;
  bool of_spectrum = false;  ///< one order or band of a spectrum
};

/// A record of mains signalling at one of the carriers.
struct SignallingRecord {
  double carrier_hertz = 0.0;
  quality::SignallingEmission emission;
  std::vector<float> ratios;  ///< of the nominal voltage, one a 10/12-cycle window
};

/// One row of an interval table; a view, valid during the call.
struct Row {
  Interval interval = Interval::TenTwelveCycle;
  Instant start;
  Instant end;
  Marks marks;
  std::span<const double> values;  ///< in the units of the columns; NaN = not available
};
using RowSink = std::function<void(const Row&)>;

/// Statistics of one register over a run, in its unit (DESIGN §5, "Windows"). NaN = nothing there.
struct Statistics {
  double min = kNotAvailable;
  double mean = kNotAvailable;
  double max = kNotAvailable;
  double last = kNotAvailable;
};

class Meter {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Meter>> create(const MeterSetup& setup);
  ~Meter();

  /// Feeds samples; the ½-cycle values that they complete are published before it returns.
  void push(const SampleBlock& block);
  /// For the time between blocks: one piece, some ten µs, of what push() leaves for later (spectra,
  /// 10/12-cycle values and what follows from them). True if there is another piece that can be
  /// done now. A thread with several meters works on one until it says false, then on the next
  /// (meters that share a workspace would undo each other's pieces), and looks for new blocks
  /// between the pieces. Never calling it changes no value and no order: push() does itself what
  /// has waited for kDeferredHalfCycles (metrology/engine.hpp).
  bool work();
  /// The source has ended: open events are closed as open, the last values published.
  void finish();
  /// No samples come for an unknown time: as finish(), but pushing goes on with the next block.
  void interrupt();
  /// After interrupt(): values of intervals up to `longest` are no longer true; they are not
  /// available until they are measured again. Energies, extremes and past disturbances stay.
  void withdraw(Interval longest);
  /// See metrology::Engine; null: none (at first). Not owned.
  void set_stage_clock(metrology::StageClock* clock);

  /// The columns that an interval has with this wiring, inputs and sample rate, scalars first.
  [[nodiscard]] std::vector<Column> columns(Interval interval) const;
  /// Calls `sink` with the named columns at the end of each such interval. At half-cycle both the
  /// plain and the "HS …" label name the ½-cycle value. Unknown label: InvalidSetup, with the
  /// nearest valid name.
  [[nodiscard]] Result<std::vector<Column>> observe(Interval interval,
                                                    const std::vector<std::string>& labels,
                                                    RowSink sink);
  /// Statistics of a label since the start: over all 10/12-cycle values if there was at least one,
  /// else over whole cycles; "HS …" labels over ½-cycle values.
  /// Needs MeterSetup::analysis; all not available without.
  [[nodiscard]] Result<Statistics> statistics(std::string_view label) const;

  /// Events that have ended (and, after finish(), those still open), in order of their start.
  [[nodiscard]] std::span<const quality::VoltageEvent> events() const;
  void on_event(std::function<void(const quality::VoltageEvent&)> sink);
  /// When an event begins, about a cycle after it did: type, first_seen and, if known, start.
  void on_event_start(std::function<void(const quality::VoltageEvent&)> sink);
  /// Every half cycle: rms of each input over the cycle that ended then (kInputCount values, V or
  /// A; NaN = not available). On the measuring thread.
  void on_half_cycle(std::function<void(Instant end, std::span<const double> rms)> sink);
  /// Rapid voltage changes so far, in order of their end; needs MeterSetup::analysis.
  [[nodiscard]] std::span<const quality::RapidVoltageChange> rapid_voltage_changes() const;
  /// The limits in force for them; nothing where they are not looked for.
  [[nodiscard]] std::optional<quality::RvcSetup> rapid_voltage_change_limits() const;
  /// Transients and records of mains signalling so far; likewise.
  [[nodiscard]] std::span<const quality::TransientEvent> transients() const;
  [[nodiscard]] std::span<const SignallingRecord> signalling() const;
  /// What an engineer asks first of a fault record; nothing if there was no fault.
  [[nodiscard]] std::span<const quality::FaultReport> faults() const;

  /// The module graph: registers by label, snapshots, setup, commands (graph/graph.hpp). Its
  /// reading side and submit() are for any thread.
  [[nodiscard]] graph::Graph& graph();
  [[nodiscard]] const graph::Graph& graph() const;

  [[nodiscard]] const MeterSetup& setup() const;
  /// What dips, swells and interruptions are measured against.
  [[nodiscard]] const quality::VoltageEventSetup& limits() const;
  /// Bytes of memory that this meter holds beyond what all meters of its template share.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct State;
  explicit Meter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace halfcycle::meter
