// SPDX-License-Identifier: Apache-2.0
// The inside of the engine. Internal to metrology.
//
// A segment is what lies between two discontinuities (corrections of the clock that are small do
// not end it: samples go on, only their time changes). Its positions count frames of `ring` from
// the segment's first sample (frames of the source times the upsampling factor). Per segment:
//   collecting   the first ten cycles wait until the frequency is measured
//   running      frames enter the ring slice by slice; each window is worked out as soon as the
//                frames behind it are there, in the order of the windows' ends
//   ended        the record is continued by prediction for the look-ahead of the last windows
// Nothing depends on how far the frames behind a window's own look-ahead have come, so nothing
// depends on the size of blocks.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "metrology/aggregation.hpp"
#include "metrology/channel_squares.hpp"
#include "metrology/channel_window.hpp"
#include "metrology/energy.hpp"
#include "metrology/engine.hpp"
#include "metrology/flicker_series.hpp"
#include "metrology/fundamental.hpp"
#include "metrology/reference_tracker.hpp"
#include "metrology/spectrum_analyzer.hpp"
#include "metrology/window_values.hpp"
#include "signal/chunk_sums.hpp"
#include "signal/edge_extension.hpp"
#include "signal/frame_ring.hpp"
#include "signal/upsampler.hpp"

namespace halfcycle::metrology {

inline constexpr double kFewestSamplesPerCycle = 8.0;
inline constexpr double kMostSamplesPerCycle = 20000.0;
// 10/12-cycle windows hold to 0.42 of the sample rate; ½-cycle ones cannot wait for it.
inline constexpr signal::WindowEnds kWindowEnds = signal::WindowEnds::Fine;
// Cycles behind the end of a 10/12-cycle window until it is worked out, and some room.
inline constexpr double kClosingCycles = 2.0;
// A window may end this far behind the last sample, in samples of the source: the sample's own
// interval is half of it, and the frequency of a short record is not known exactly.
inline constexpr double kEndToleranceSamples = 0.5;

/// Everybody who is told.
struct Outputs final : IntervalSink {
  static constexpr std::size_t kMost = 8;
  std::array<IntervalSink*, kMost> intervals{};
  std::array<HalfCycleSink*, kMost> half_cycles{};
  std::size_t interval_count = 0;
  std::size_t half_cycle_count = 0;
  const EventQuery* query = nullptr;
  StageClock* clock = nullptr;
  Stage stage = Stage::Ingest;

  void enter(Stage next) noexcept {
    if (clock != nullptr) {
      stage = next;
      clock->enter(next);
    }
  }
  void add(IntervalSink* sink) {
    if (interval_count < kMost) {
      intervals[interval_count++] = sink;
    }
  }
  void add(HalfCycleSink* sink) {
    if (half_cycle_count < kMost) {
      half_cycles[half_cycle_count++] = sink;
    }
  }
  void on_interval(const IntervalValues& interval) override {
    const Stage before = stage;
    enter(Stage::Graph);
    for (std::size_t k = 0; k < interval_count; ++k) {
      intervals[k]->on_interval(interval);
    }
    enter(before);
  }
};

/// Coefficients for one sample rate, window and number of lanes; immutable.
struct EngineTables {
  EngineTables(const EngineSetup& setup, std::size_t lane_count, double source_rate);

  double source_rate_hertz;
  double nominal_hertz;
  std::size_t lanes;
  int factor;  ///< upsampling
  signal::WindowIntegrator integrate;
  EndWeights end_weights;
  signal::UpsamplerKernel upsampler_kernel;
  SpectrumTables spectrum;

  [[nodiscard]] bool serve(const EngineSetup& setup, std::size_t lane_count,
                           double source_rate) const noexcept {
    return source_rate_hertz == source_rate && lanes == lane_count &&
           nominal_hertz == setup.system.nominal_frequency_hertz;
  }
};

struct EngineWorkspace {
  explicit EngineWorkspace(const EngineTables& tables) : spectrum(tables.spectrum) {}
  SpectrumWorkspace spectrum;
};

/// Around a step to zero the interpolated square may fall below zero; NaN stays.
[[nodiscard]] inline double mean_square_of(double sum, double per) {
  return sum < 0.0 ? 0.0 : sum * per;
}

[[nodiscard]] std::size_t lanes_of(InputMask inputs);

/// Everything of one engine whose size depends on the sample rate.
struct RateDependent {
  RateDependent(const EngineSetup& setup, std::size_t lanes, double source_rate_hertz);

  std::shared_ptr<const EngineTables> tables;
  std::shared_ptr<EngineWorkspace> workspace;
  double source_rate_hertz;
  double rate_hertz;  ///< of the ring
  int factor;         ///< upsampling
  bool measures_cycles;
  signal::Upsampler upsampler;
  SpectrumAnalyzer spectrum;
  ReferenceTracker tracker;
  signal::EdgeExtender extender;
  signal::FrameRing source_ring;  ///< unused without upsampling
  signal::FrameRing ring;
  FlickerSeries flicker;
  std::vector<float> head;  ///< the first frames of a segment, later a workspace
  std::size_t head_frames;  ///< capacity of `head`
  std::vector<float> extension;
  std::vector<float> slice;  ///< canonical frames on their way into the ring

  [[nodiscard]] std::size_t bytes() const noexcept;
};

struct Engine::State {
  explicit State(const EngineSetup& engine_setup);

  void push(const SampleBlock& block) noexcept;
  bool work() noexcept;
  void finish() noexcept;
  void follow(const SystemSetup& system) noexcept;

  [[nodiscard]] bool measures_cycles() const noexcept { return rate->measures_cycles; }
  [[nodiscard]] int highest_order() const noexcept {
    return rate->measures_cycles ? rate->spectrum.highest_order() : 0;
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  EngineSetup setup;
  std::size_t lanes;
  Valuer valuer;
  InputMask spectrum_inputs;  ///< inputs and quality channels with spectra
  Outputs outputs;
  std::unique_ptr<RateDependent> rate;
  Energies energies;
  Aggregator aggregation;
  std::array<double, kQuantityCount> half_cycle_values;
  double transient_limit_volts = std::numeric_limits<double>::infinity();

 private:
  using Position = signal::SamplePosition;

  /// A channel whose ½-cycle values have windows of their own: the voltages that quality quantities
  /// refer to (L-N in wye, L-L in delta) and the current beside each. All else is measured on the
  /// windows of the reference.
  struct Channel {
    bool present = false;
    QuantityId voltage{};
    bool line = false;      ///< a difference of two lanes
    std::size_t index = 0;  ///< lane, or number of the line voltage
    SquaredChannel squared;
    bool has_current = false;
    QuantityId current{};
    std::size_t current_lane = 0;
    int detector_channel = -1;  ///< of VoltageWindow; −1: not handed over
    ChannelWindow windows;
    double u_rms = kNotAvailable;  ///< latest value
    double i_rms = kNotAvailable;
    VoltageWindow latest;
  };
  void enter(Stage stage) noexcept { outputs.enter(stage); }

  struct Span {
    std::int64_t from = 0;  ///< source frames of the segment
    TimeQuality quality;
  };
  /// A 10/12-cycle window that is due: what the urgent step knows of it, and how far the deferred
  /// step has come.
  struct DueWindow {
    bool waiting = false;
    Position start;
    Position end;
    Instant from;
    Instant to;
    bool resynchronised = false;  ///< the first from a ten-minute tick on
    bool lost = false;
    double bend = 0.0;             ///< see SpectrumAnalyzer
    Marks marks;                   ///< but `complete`
    std::int64_t half_cycles = 0;  ///< that were published when it became due
    std::size_t pieces_done = 0;   ///< of the spectrum's
    bool flicker_done = false;
    bool evaluated = false;  ///< its values wait for their place in the order
    std::array<double, kQuantityCount> energies{};
    double clock_uncertainty_seconds = 0.0;
    double unmeasured_seconds = 0.0;
    FlickerSeries::Phases p_inst{};
    bool flicker_flagged = false;  ///< the part before a tick that passes within
  };
  struct Clock {
    std::int64_t from = 0;  ///< source frame of the segment from which `map` holds
    TimeMap map;
  };

  [[nodiscard]] static InputMask spectrum_inputs_of(const EngineSetup& setup, const Valuer& valuer);
  void make_channels();
  void take_over() noexcept;
  void begin_segment(const SampleBlock& block) noexcept;
  void end_segment() noexcept;
  [[nodiscard]] bool is_correction(const SampleBlock& block) const noexcept;
  void correct_clock(const TimeMap& map) noexcept;
  void fill_ring() noexcept;
  void start_running() noexcept;
  /// Restarts the tracker at the first sample with the frequency of `available` frames.
  void lock_to(double coarse_hertz, std::int64_t available) noexcept;
  void take_frames(const float* frames, std::size_t count) noexcept;
  void make_canonical(const float* frames, std::size_t block_lanes, std::size_t count,
                      float* out) const noexcept;

  void process() noexcept;
  [[nodiscard]] bool ready(Position end) const noexcept;
  void do_channel(Channel& channel) noexcept;
  void do_half_cycle() noexcept;
  void publish_half_cycle(const GridCycle& cycle, const signal::WindowSums& sums) noexcept;
  /// Counts up to this half cycle of the tracker.
  void count_cycles(std::int64_t last) noexcept;
  void count_cycle(std::int64_t number) noexcept;
  void close_windows(bool all) noexcept;
  void open_window(Position start, Position end) noexcept;
  void do_window_piece() noexcept;
  void evaluate_window() noexcept;
  void write_distortion(const DistortionSummary& distortion) noexcept;
  void write_sliding_references() noexcept;
  void write_signalling() noexcept;
  /// Samples of [from, to) beyond the transient limit; sums: of the same half cycle.
  void find_excess(const signal::WindowSums& sums, Position from, Position to) noexcept;
  void hand_over_window() noexcept;
  void finish_window() noexcept;
  [[nodiscard]] WindowMeasures measures_of(const signal::WindowSums& sums) const noexcept;
  [[nodiscard]] bool is_complete(const signal::WindowSums& sums) const noexcept;
  [[nodiscard]] const Clock& clock_at(Position position) const noexcept;
  [[nodiscard]] Instant instant_of(const Clock& clock, Position position) const noexcept;
  [[nodiscard]] Instant instant_of(Position position) const noexcept {
    return instant_of(clock_at(position), position);
  }
  [[nodiscard]] Position next_tick_position() const noexcept;
  void begin_next_window(Position end, double end_turns) noexcept;
  void tell_of_corrections(Position start) noexcept;
  [[nodiscard]] TimeQuality clock_quality(Position start, Position end) const noexcept;
  void note_clock_quality(const TimeQuality& quality) noexcept;
  /// Frames from here to the tick at which flicker begins anew.
  [[nodiscard]] double frames_to_flicker_tick() const noexcept;
  void pass_flicker_tick() noexcept;
  [[nodiscard]] bool flagged(Instant start, Instant end) const noexcept;

  std::array<Channel, 6> channels_{};
  SystemSetup followed_;  ///< to be taken over at the next window
  bool follows_ = false;
  bool transform_ = false;  ///< frames need make_canonical beyond a change of lanes

  // Segment.
  enum class Phase : std::uint8_t { Idle, Collecting, Running } phase_ = Phase::Idle;
  /// UTC may be corrected within a segment; newest last. What begins before a correction keeps the
  /// time of its beginning.
  std::array<Clock, 4> clocks_{};
  std::size_t clock_count_ = 1;
  std::int64_t clock_told_ = 0;       ///< Clock::from that half-cycle sinks know of
  std::int64_t clock_counted_ = 0;    ///< that the cycle counters know of
  std::uint64_t segment_index_ = 0;   ///< absolute index of the segment's first source frame
  std::int64_t source_frames_ = 0;    ///< taken in since then
  std::array<Span, 24> qualities_{};  ///< of the clock, newest last
  std::size_t quality_count_ = 0;
  Instant flicker_tick_;
  bool began_ = false;
  double unmeasured_seconds_ = 0.0;
  bool ended_ = false;
  Position data_end_;  ///< valid when ended_: one past the last sample

  // Half cycles.
  Position half_start_;
  Position half_end_;
  signal::WindowSums half_sums_;
  std::uint64_t half_cycle_number_ = 0;
  std::array<PeakExcess, 3> excess_{};

  // 10/12-cycle windows.
  DueWindow due_;
  Position window_start_;
  double window_start_turns_ = 0.0;
  bool window_turns_known_ = false;
  Instant next_tick_;            ///< where windows are synchronised again
  bool resynchronised_ = false;  ///< the window at window_start_ is the first from a tick on
  std::uint64_t window_number_ = 0;
  std::array<double, 3> sliding_volts_{};  ///< IEC 61000-4-30 §5.4, sliding reference
  std::int64_t next_crossing_ = 0;
  bool crossing_known_ = false;
  std::int64_t next_counted_ = 1;  ///< half cycle of the tracker
  std::array<double, kQuantityCount> window_values_{};
  std::unique_ptr<Spectra> spectra_;
  std::unique_ptr<SpectrumTerms> terms_;
};

}  // namespace halfcycle::metrology
