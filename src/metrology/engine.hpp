// SPDX-License-Identifier: Apache-2.0
// The measuring engine: samples in, quantities out, interval by interval.
//
//   auto engine = Engine::create({.system = system, .inputs = inputs, .sample_rate_hertz = 25600});
//   (*engine)->add_sink(&intervals);            // ½-cycle, 10/12-cycle, 1 s … values
//   (*engine)->add_half_cycle_sink(&detector);  // Urms(1/2) with each channel's own windows
//   for (…) (*engine)->push(block);             // ½-cycle values are handed over before it returns
//   while (idle && (*engine)->work()) {}        // optional: see work()
//   (*engine)->finish();
//
// Look-ahead, counted from the last sample of the window:
//   Urms(1/2), Irms(1/2), ½-cycle powers      kHalfCycleLookAheadSamples (raw samples), no FFT
//   10/12-cycle values and all that follow    2 cycles (an event is known a cycle after it began,
//                                             the frequency gate needs one cycle on both sides),
//                                             handed over kDeferredHalfCycles later
//   the first values of a segment             up to 10 cycles: the first frequency is measured,
//                                             not assumed
// Results do not depend on the size of the blocks, bit for bit; there is no clock here but the
// sample count mapped to UTC by the source.
//
// Threads: one; every call belongs to the measuring thread. push() does not allocate except after a
// change of the sample rate. Sinks must outlive the engine or be added before the first push only.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "metrology/interval.hpp"

namespace halfcycle::metrology {

struct EngineTables;
struct EngineWorkspace;

struct EngineSetup {
  SystemSetup system;
  InputMask inputs;                ///< what the source delivers
  double sample_rate_hertz = 0.0;  ///< of the first block
  /// Coefficients to share with other engines (all threads); empty: own ones. Ignored where they
  /// are for another rate, window or number of lanes.
  std::shared_ptr<const EngineTables> tables = nullptr;
  /// Memory for windows in work, to share with engines that the same thread serves; empty: own.
  std::shared_ptr<EngineWorkspace> workspace = nullptr;
};

/// What engines of this setup can share: about 0.3 MB of tables, 0.6 MB of workspace (512 samples a
/// cycle). The setup is one that Engine::create accepts.
[[nodiscard]] std::shared_ptr<const EngineTables> make_engine_tables(const EngineSetup& setup);
[[nodiscard]] std::shared_ptr<EngineWorkspace> make_engine_workspace(const EngineTables& tables);

/// A 10/12-cycle window and the intervals that it ends are handed over so many half cycles after
/// they could be: between two ½-cycle values that are always the same two, whenever the work on the
/// window was done. So much time is there to do it between the ½-cycle values of many meters.
inline constexpr std::int64_t kDeferredHalfCycles = 16;

/// One Urms(1/2) of one voltage channel: rms over exactly one cycle that starts at the channel's
/// own fundamental zero crossing while it is alive, else where its last one would lie at the
/// reference's frequency; refreshed every half cycle (IEC 61000-4-30 §5.4.1).
struct VoltageWindow {
  int channel = 0;  ///< 0, 1, 2: L1 L2 L3, or L1-L2 L2-L3 L3-L1
  bool line_to_line = false;
  Instant start;
  Instant end;
  double u_rms_volts = kNotAvailable;
};

/// The half-cycle record of the reference, with what detectors of faults need besides.
/// Samples of a voltage beyond the transient limit within a half cycle.
struct PeakExcess {
  double peak_volts = 0.0;  ///< largest |u|, with its sign; 0: none is beyond the limit
  Instant first;            ///< of the samples beyond it
  Instant last;
};

struct HalfCycleDetail {
  Instant start;  ///< of the reference's one-cycle window
  Instant end;
  Marks marks;
  double frequency_hertz = kNotAvailable;
  bool line_to_line = false;              ///< what `voltages` holds, by wiring
  std::array<VoltageWindow, 3> voltages;  ///< the latest of each channel
  std::array<double, kInputCount> rms{};  ///< by lane, on the reference's window
  /// Fundamental phasors by lane, rms, over the reference's window, angles to the free-running
  /// reference grid (differences between records of one segment are phase jumps); NaN if absent.
  std::array<std::complex<double>, kInputCount> phasors{};
  /// Of the half cycle that ends with the window; channels as in `voltages`.
  std::array<PeakExcess, 3> excess{};
};

/// Consumes ½-cycle values before they are needed to mark longer intervals; called on the
/// measuring thread, in order of the windows' ends; must not block or allocate.
class HalfCycleSink {
 public:
  virtual ~HalfCycleSink() = default;
  virtual void on_voltage_window(const VoltageWindow& window) = 0;
  virtual void on_half_cycle(const HalfCycleDetail& /*detail*/) {}
  /// Samples are missing, the rate changed or UTC was stepped: nothing spans this point.
  virtual void on_break() {}
};

/// Says whether a dip, swell or interruption touched any part of [start, end). The engine asks two
/// cycles after `end`, when every Urms(1/2) window that begins before `end` has been handed over.
class EventQuery {
 public:
  virtual ~EventQuery() = default;
  [[nodiscard]] virtual bool touched(Instant start, Instant end) const = 0;
};

/// Where the time of an engine goes.
enum class Stage : std::uint8_t {
  Ingest,    ///< samples into the ring, sums by chunks
  Sums,      ///< rms and powers of half cycles, of each channel's own windows and of 10/12 cycles
  Tracking,  ///< fundamental phasors, frequency, where windows begin
  Flicker,   ///< on fixed-rate samples
  Values,    ///< quantities from sums
  Resample,  ///< the window onto whole cycles
  Fft,       ///< its transform
  Grouping,  ///< subgroups, angles, distortion
  Aggregation,  ///< longer intervals
  Detectors,    ///< the half-cycle sinks
  Graph,        ///< the interval sinks
};
inline constexpr std::size_t kStageCount = 11;
[[nodiscard]] std::string_view name(Stage stage);  ///< "ingest", "sums", …

/// Told of every change from one stage to another; for benchmarks.
class StageClock {
 public:
  virtual ~StageClock() = default;
  virtual void enter(Stage stage) noexcept = 0;
};

class Engine {
 public:
  /// InvalidSetup for a rate or nominal values that are not positive and finite, or no inputs.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> create(const EngineSetup& setup);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// At most eight of each kind; not owned.
  void add_sink(IntervalSink* sink);
  void add_half_cycle_sink(HalfCycleSink* sink);
  void set_event_query(const EventQuery* query);
  /// Null: none (at first). Not owned.
  void set_stage_clock(StageClock* clock);
  /// Takes over from `system` what may change while the meter measures: phase order, sign of power
  /// factors, kVA method, demand current and carriers, from the next 10/12-cycle window on; the
  /// lamp only before the first sample. Longer intervals in progress hold both.
  void follow(const SystemSetup& system) noexcept;
  /// Samples whose |u| is beyond it are handed over as PeakExcess; infinite at the start.
  void set_transient_limit(double volts) noexcept;

  /// Measures: ½-cycle values that the samples complete are published before it returns. What is
  /// deferred (spectra, 10/12-cycle values, aggregates) is left to work() for as long as its place
  /// in the order of values has not come; then push does it itself.
  void push(const SampleBlock& block) noexcept;
  /// Does one piece of what is deferred, some ten µs; true if there is another that can be done
  /// now. For the time between blocks; what is published, and in which order, is the same whether
  /// and whenever it is called.
  bool work() noexcept;
  /// The source has ended: publishes what is complete; energies take in the last fraction.
  void finish() noexcept;

  /// Energy since the first sample (an Energy row of quantities.def), J, var·s or VA·s; after
  /// finish() it includes everything to the last sample.
  [[nodiscard]] double energy(QuantityId id) const noexcept;
  /// The ½-cycle values published last; NaN before the first. After finish() with the last
  /// energies.
  [[nodiscard]] std::span<const double> latest_half_cycle() const noexcept;

  /// True if this wiring, these inputs and this rate can give the quantity at all.
  [[nodiscard]] bool has(QuantityId id) const noexcept;
  /// Highest harmonic order that the sample rate carries; 0 if none.
  [[nodiscard]] int highest_order() const noexcept;
  [[nodiscard]] bool has_spectrum(Input input) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace halfcycle::metrology
