// SPDX-License-Identifier: Apache-2.0
#include "source/truth_signal.hpp"

#include <algorithm>
#include <cmath>

namespace halfcycle::source {
namespace {

constexpr long double kTwoPi = 6.283185307179586476925286766559L;
constexpr double kSqrt2 = 1.41421356237309504880;
constexpr std::size_t kMostPieces = 1000000;

double sine(long double turns) {
  return static_cast<double>(std::sin(kTwoPi * (turns - std::floor(turns))));
}

std::complex<double> unit(long double turns) {
  const long double x = kTwoPi * (turns - std::floor(turns));
  return {static_cast<double>(std::cos(x)), static_cast<double>(std::sin(x))};
}

}  // namespace

TruthSignal::TruthSignal(const Scenario& scenario) : scenario_(scenario), model_(scenario) {
  const auto samples =
      std::llround(to_seconds(*scenario.duration) * static_cast<Seconds>(scenario.rate_hertz));
  duration_ = static_cast<Seconds>(samples) / static_cast<Seconds>(scenario.rate_hertz);
  occurrences_ = model_.occurrences(0.0L, duration_);
  for (Seconds t = 0.0L; t < duration_;) {
    if (pieces_.size() == kMostPieces) {
      too_long_ = true;
      break;
    }
    TruthPiece piece;
    piece.from = t;
    piece.to = std::min(duration_, model_.next_change(t, occurrences_));
    for (const ScenarioChannel& channel : scenario.channels) {
      piece.states.push_back(model_.state(channel, t, occurrences_));
    }
    for (const Occurrence& o : occurrences_) {
      const bool decays = o.event->kind == ScenarioEventKind::Transient || o.event->fault_offset;
      if (decays && o.start <= t && t < o.end) {
        piece.transients.push_back(o);
      }
    }
    t = piece.to;
    pieces_.push_back(std::move(piece));
  }
}

TruthMix TruthSignal::mix_of(Input input, double weight) const {
  for (std::size_t c = 0; c < scenario_.channels.size(); ++c) {
    const ScenarioChannel& channel = scenario_.channels[c];
    if (channel.input != input) {
      continue;
    }
    TruthMix mix{{c, weight}};
    for (const Input part : channel.sum_of) {
      const TruthMix other = mix_of(part, weight * channel.sum_sign);
      mix.insert(mix.end(), other.begin(), other.end());
    }
    return mix;
  }
  return {};
}

TruthMix TruthSignal::quality_voltage(int channel) const {
  const auto input = static_cast<Input>(channel);
  const auto difference = [&](TruthMix a, const TruthMix& b) {
    if (a.empty() || b.empty()) {
      return TruthMix{};
    }
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  switch (scenario_.system.wiring) {
    case Wiring::Delta:
      if (scenario_.delta_pts == 2) {  // V1 = V12, V3 = V32
        return channel == 0   ? mix_of(Input::V1)
               : channel == 1 ? mix_of(Input::V3, -1.0)
                              : difference(mix_of(Input::V3), mix_of(Input::V1, -1.0));
      }
      return mix_of(input);
    default:
      return mix_of(input);
  }
}

bool TruthSignal::has_sine_flicker(Input input) const {
  for (const ScenarioFlicker& f : scenario_.flicker) {
    if (!f.rectangular && f.depth_ratio > 0.0 &&
        std::find(f.channels.begin(), f.channels.end(), input) != f.channels.end()) {
      return true;
    }
  }
  return false;
}

double TruthSignal::value(const TruthMix& mix, const TruthPiece& piece, Seconds t) const {
  const long double theta = model_.turns(t);
  const auto dt = static_cast<double>(t - piece.from);
  double sum = 0.0;
  for (const TruthTerm& term : mix) {
    const ScenarioChannel& channel = scenario_.channels[term.channel];
    const ChannelState& state = piece.states[term.channel];
    const long double alpha =
        theta + static_cast<long double>(channel.angle_degrees + state.angle_degrees) / 360.0L;
    double wave = sine(alpha);
    for (const ScenarioHarmonic& h : channel.harmonics) {
      wave += state.pure ? 0.0 : h.ratio * sine(h.order * alpha + h.angle_degrees / 360.0L);
    }
    for (const ScenarioInterharmonic& i : channel.interharmonics) {
      wave += state.pure ? 0.0 : i.ratio * sine(i.frequency_hertz * t + i.angle_degrees / 360.0L);
    }
    double amplitude = channel.sum_of.empty() ? channel.rms * state.amplitude(dt) : 0.0;
    for (const ScenarioFlicker& f : scenario_.flicker) {
      if (!f.rectangular && !state.pure &&
          std::find(f.channels.begin(), f.channels.end(), channel.input) != f.channels.end()) {
        amplitude *=
            1.0 + f.depth_ratio / 2.0 * sine(f.frequency_hertz * t + f.phase_degrees / 360.0L);
      }
    }
    double value = channel.dc + kSqrt2 * amplitude * wave;
    for (const Occurrence& o : piece.transients) {
      const ScenarioEvent& e = *o.event;
      if (std::find(e.channels.begin(), e.channels.end(), channel.input) == e.channels.end()) {
        continue;
      }
      const Seconds age = t - o.start;
      const auto decay =
          static_cast<double>(std::exp(-age / static_cast<long double>(e.time_constant_seconds)));
      if (e.kind == ScenarioEventKind::Transient) {
        value += e.peak * decay * sine(e.frequency_hertz * age + 0.25L);
      } else if (!is_voltage(channel.input)) {
        value += model_.fault_offset(channel, o, occurrences_) * decay;
      }
    }
    sum += term.weight * value;
  }
  return sum;
}

double TruthSignal::dc(const TruthMix& mix) const {
  double sum = 0.0;
  for (const TruthTerm& term : mix) {
    sum += term.weight * scenario_.channels[term.channel].dc;
  }
  return sum;
}

std::complex<double> TruthSignal::fundamental(const TruthMix& mix, const TruthPiece& piece,
                                              Seconds t) const {
  std::complex<double> sum;
  for (const TruthTerm& term : mix) {
    const ScenarioChannel& channel = scenario_.channels[term.channel];
    if (!channel.sum_of.empty()) {
      continue;
    }
    const ChannelState& state = piece.states[term.channel];
    sum += term.weight * channel.rms * state.amplitude(static_cast<double>(t - piece.from)) *
           unit(static_cast<long double>(channel.angle_degrees + state.angle_degrees) / 360.0L);
  }
  return sum;
}

std::vector<TruthTone> TruthSignal::tones(const TruthMix& mix, const TruthPiece& piece) const {
  std::vector<TruthTone> tones;
  const double f = model_.frequency_hertz(piece.from);
  // θ of the first sample as if the frequency had always been this one.
  const long double origin = model_.turns(piece.from) - static_cast<long double>(f) * piece.from;
  const auto add = [&](double frequency, std::complex<double> rms) {
    for (TruthTone& tone : tones) {
      if (std::fabs(tone.frequency_hertz - frequency) < 1e-9 * frequency) {
        tone.rms += rms;
        return;
      }
    }
    tones.push_back({frequency, rms});
  };
  add(f, 0.0);
  for (const TruthTerm& term : mix) {
    const ScenarioChannel& channel = scenario_.channels[term.channel];
    if (!channel.sum_of.empty()) {
      continue;
    }
    const ChannelState& state = piece.states[term.channel];
    const double size = term.weight * channel.rms * state.amplitude(0.0);
    const long double alpha =
        origin + static_cast<long double>(channel.angle_degrees + state.angle_degrees) / 360.0L;
    add(f, size * unit(alpha));
    if (state.pure) {
      continue;
    }
    for (const ScenarioHarmonic& h : channel.harmonics) {
      add(f * h.order, size * h.ratio * unit(h.order * alpha + h.angle_degrees / 360.0L));
    }
    for (const ScenarioInterharmonic& i : channel.interharmonics) {
      add(i.frequency_hertz, size * i.ratio * unit(i.angle_degrees / 360.0L));
    }
  }
  return tones;
}

bool TruthSignal::is_steady(const TruthPiece& piece) const {
  for (std::size_t c = 0; c < piece.states.size(); ++c) {
    if (!piece.states[c].is_constant() || has_sine_flicker(scenario_.channels[c].input)) {
      return false;
    }
  }
  for (const ScenarioModulation& m : scenario_.frequency.modulations) {
    if (m.depth_hertz > 0.0) {
      return false;
    }
  }
  // No corner lies within a piece, so that equal ends mean a constant frequency.
  const Seconds middle = piece.from + (piece.to - piece.from) / 2.0L;
  return piece.transients.empty() &&
         model_.frequency_hertz(piece.from) == model_.frequency_hertz(middle);
}

}  // namespace halfcycle::source
