// SPDX-License-Identifier: Apache-2.0
// The ideal signal as formulas: values at any time, phasors of its steady stretches.
#pragma once

#include <complex>
#include <vector>

#include "source/scenario.hpp"
#include "source/scenario_model.hpp"

namespace halfcycle::source {

/// A stretch [from, to) between two changes, with the state of every channel at `from`.
struct TruthPiece {
  Seconds from = 0.0L;
  Seconds to = 0.0L;
  std::vector<ChannelState> states;    ///< as scenario.channels
  std::vector<Occurrence> transients;  ///< transients and decaying fault currents within it
};

/// A weighted sum of channels: an L-L voltage, or one channel.
struct TruthTerm {
  std::size_t channel = 0;  ///< index into scenario.channels
  double weight = 1.0;
};
using TruthMix = std::vector<TruthTerm>;

/// One sine: rms phasor at a frequency; the angle is that of a sine at the first sample.
struct TruthTone {
  double frequency_hertz = 0.0;
  std::complex<double> rms;
};

class TruthSignal {
 public:
  explicit TruthSignal(const Scenario& scenario);  ///< keeps a reference; duration must be finite

  [[nodiscard]] const ScenarioModel& model() const { return model_; }
  [[nodiscard]] const std::vector<TruthPiece>& pieces() const { return pieces_; }
  [[nodiscard]] const std::vector<Occurrence>& occurrences() const { return occurrences_; }
  [[nodiscard]] Seconds duration() const { return duration_; }
  /// More pieces than anybody would read: the rest is left out.
  [[nodiscard]] bool too_long() const { return too_long_; }

  /// A channel with its sums resolved; empty if the scenario does not have it.
  [[nodiscard]] TruthMix mix_of(Input input, double weight = 1.0) const;
  /// Voltages that events and the registers V1 … V3 refer to; empty where there is none.
  [[nodiscard]] TruthMix quality_voltage(int channel) const;

  /// Value at t, which must lie in the piece.
  [[nodiscard]] double value(const TruthMix& mix, const TruthPiece& piece, Seconds t) const;
  [[nodiscard]] double dc(const TruthMix& mix) const;
  /// Fundamental rms phasor against θ at the time t of the piece.
  [[nodiscard]] std::complex<double> fundamental(const TruthMix& mix, const TruthPiece& piece,
                                                 Seconds t) const;
  /// All sines of a steady piece, the fundamental first, equal frequencies added.
  [[nodiscard]] std::vector<TruthTone> tones(const TruthMix& mix, const TruthPiece& piece) const;
  /// Nothing moves: neither amplitude nor frequency nor a decaying wave.
  [[nodiscard]] bool is_steady(const TruthPiece& piece) const;
  [[nodiscard]] bool has_sine_flicker(Input input) const;

 private:
  const Scenario& scenario_;
  ScenarioModel model_;
  Seconds duration_ = 0.0L;
  std::vector<Occurrence> occurrences_;
  std::vector<TruthPiece> pieces_;
  bool too_long_ = false;
};

}  // namespace halfcycle::source
