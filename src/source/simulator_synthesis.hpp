// SPDX-License-Identifier: Apache-2.0
// Samples of a scenario, chunk by chunk at fixed sample positions. Within a chunk the grid's angle
// is a Taylor polynomial around exact nodes, harmonics are powers of the fundamental's unit phasor
// (shared by all channels), and everything that does not follow the grid turns from an exact start.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "source/scenario.hpp"
#include "source/scenario_model.hpp"

namespace halfcycle::source {

inline constexpr std::size_t kChunkFrames = 64;

/// Samples are generated in order. Not thread-safe.
class Synthesis {
 public:
  Synthesis(const Scenario& scenario, const ScenarioModel& model);
  Synthesis(const Synthesis&) = delete;
  Synthesis& operator=(const Synthesis&) = delete;

  /// Frames of chunk number `chunk` (samples 64·chunk …), `lanes` floats each. Chunk numbers
  /// rise from call to call.
  void generate(std::uint64_t chunk, std::size_t lanes, float* frames);

 private:
  using Lane = std::array<double, kChunkFrames>;
  struct Tone {
    std::size_t channel = 0;  ///< index into scenario.channels
    double ratio = 0.0;
    double angle_degrees = 0.0;
    double sine = 0.0;    ///< factor of the sine of the order times θ
    double cosine = 0.0;  ///< factor of the cosine
  };
  struct Order {
    int order = 1;
    std::vector<Tone> tones;
  };
  struct FixedTone {
    double frequency_hertz = 0.0;
    std::vector<Tone> tones;
  };
  struct Voice {  // what is known of a channel in the present run
    ChannelState state;
    bool fresh = true;
  };

  void run(std::uint64_t first, std::size_t offset, std::size_t count);
  void update_states(Seconds t);
  void fill_angles(std::uint64_t first, std::size_t offset, std::size_t count);
  void add_harmonics(std::size_t offset, std::size_t count);
  void add_interharmonics(std::uint64_t first, std::size_t offset, std::size_t count);
  void apply_envelopes(std::uint64_t first, std::size_t offset, std::size_t count);
  void add_transients(std::uint64_t first, std::size_t offset, std::size_t count);
  void add_decay(Lane& lane, double start_value, double frequency_hertz, double time_constant,
                 Seconds age, std::size_t offset, std::size_t count) const;
  void add_sums();
  void add_noise(std::uint64_t first_of_chunk);
  [[nodiscard]] float converted(Input input, double value) const;
  [[nodiscard]] Seconds time_of(std::uint64_t sample) const;
  [[nodiscard]] std::size_t index_of(Input input) const;

  const Scenario& scenario_;
  const ScenarioModel& model_;
  std::vector<Order> orders_;  ///< rising
  std::vector<FixedTone> fixed_;
  std::vector<Voice> voices_;
  std::vector<Occurrence> near_;  ///< occurrences around the present time
  Seconds near_until_ = 0.0L;
  std::vector<double> fault_offset_;  ///< per channel, of the fault of fault_of_
  const ScenarioEvent* fault_of_ = nullptr;
  Seconds fault_start_ = -1.0L;
  std::size_t node_samples_ = kChunkFrames;
  std::vector<Lane> sums_;  ///< one per channel
  Lane sine_{};
  Lane cosine_{};
};

}  // namespace halfcycle::source
