// SPDX-License-Identifier: Apache-2.0
// Urms(1/2) of the ideal signal: zero crossings from the exact angle, integrals by Gauss-Legendre
// quadrature between the changes of the signal.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "source/truth.hpp"
#include "source/truth_signal.hpp"

namespace halfcycle::source {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kNodes = 16;

struct Quadrature {
  std::array<double, kNodes> x{};
  std::array<double, kNodes> w{};
};

/// Nodes and weights of Gauss-Legendre on [−1, 1]: Newton's method on the Legendre polynomial.
Quadrature gauss_legendre() {
  Quadrature q;
  for (int i = 0; i < kNodes; ++i) {
    double x = std::cos(kPi * (i + 0.75) / (kNodes + 0.5));
    double slope = 1.0;
    for (int iteration = 0; iteration < 50; ++iteration) {
      double p0 = 1.0;
      double p1 = x;
      for (int n = 2; n <= kNodes; ++n) {
        const double p2 = ((2.0 * n - 1.0) * x * p1 - (n - 1.0) * p0) / n;
        p0 = p1;
        p1 = p2;
      }
      slope = kNodes * (x * p1 - p0) / (x * x - 1.0);
      const double step = p1 / slope;
      x -= step;
      if (std::fabs(step) < 1e-16) {
        break;
      }
    }
    q.x[static_cast<std::size_t>(i)] = x;
    q.w[static_cast<std::size_t>(i)] = 2.0 / ((1.0 - x * x) * slope * slope);
  }
  return q;
}

/// A time at which the fundamental of a channel passes zero, and the piece it lies in.
struct Crossing {
  Seconds t = 0.0L;
  std::size_t piece = 0;
};

class WindowMaker {
 public:
  WindowMaker(const Scenario& scenario, const TruthThresholds& thresholds, bool only_near)
      : scenario_(scenario), thresholds_(thresholds), only_near_(only_near), signal_(scenario) {
    for (const ScenarioChannel& channel : scenario.channels) {
      for (const ScenarioHarmonic& h : channel.harmonics) {
        highest_hertz_ =
            std::max(highest_hertz_, h.order * signal_.model().frequency_hertz(0.0L) * 1.2);
      }
      for (const ScenarioInterharmonic& i : channel.interharmonics) {
        highest_hertz_ = std::max(highest_hertz_, i.frequency_hertz);
      }
    }
    for (const ScenarioEvent& e : scenario.events) {
      // A transient's decay varies as fast as its time constant.
      if (e.kind == ScenarioEventKind::Transient) {
        highest_hertz_ =
            std::max({highest_hertz_, e.frequency_hertz, 1.0 / e.time_constant_seconds});
      }
    }
  }

  std::vector<TruthWindow> make() {
    std::vector<TruthWindow> windows;
    for (int channel = 0; channel < 3; ++channel) {
      mix_ = signal_.quality_voltage(channel);
      if (!mix_.empty()) {
        find_crossings();
        make_channel(channel, windows);
      }
    }
    std::stable_sort(
        windows.begin(), windows.end(),
        [](const TruthWindow& a, const TruthWindow& b) { return a.end_seconds < b.end_seconds; });
    return windows;
  }

 private:
  /// Angle of the fundamental against θ, degrees; nothing while the channel is dead.
  [[nodiscard]] std::optional<double> offset_degrees(const TruthPiece& piece) const {
    const std::complex<double> u =
        signal_.fundamental(mix_, piece, piece.from + (piece.to - piece.from) / 2.0L);
    if (std::abs(u) < 1e-6 * scenario_.system.nominal_voltage_volts) {
      return std::nullopt;
    }
    return std::arg(u) * 180.0 / kPi;
  }

  void find_crossings() {
    crossings_.clear();
    std::optional<double> offset;  // unwrapped
    long double last = 0.0L;       // half turns counted so far
    for (std::size_t p = 0; p < signal_.pieces().size(); ++p) {
      const TruthPiece& piece = signal_.pieces()[p];
      const std::optional<double> own = offset_degrees(piece);
      if (own) {
        // A jump goes the shorter way round. A dead channel goes on as it was.
        const double before = offset.value_or(*own);
        offset = before + std::remainder(*own - before, 360.0);
      }
      const long double shift = static_cast<long double>(offset.value_or(0.0)) / 180.0L;
      const long double begin = 2.0L * signal_.model().turns(piece.from) + shift;
      const long double end = 2.0L * signal_.model().turns(piece.to) + shift;
      constexpr long double kRounding = 1e-12L;
      if (p == 0) {
        last = std::ceil(begin - kRounding) - 1.0L;
      } else if (std::floor(begin + kRounding) > last) {
        // The jump went across zero: that is where the wave passes it.
        crossings_.push_back({piece.from, p});
        last = std::floor(begin + kRounding);
      }
      while (last + 1.0L < end - kRounding) {
        last += 1.0L;
        crossings_.push_back({signal_.model().when((last - shift) / 2.0L, piece.from), p});
      }
    }
    // The last crossing may coincide with the end of the signal.
    if (!signal_.pieces().empty() && !crossings_.empty()) {
      const TruthPiece& piece = signal_.pieces().back();
      const long double shift = static_cast<long double>(offset.value_or(0.0)) / 180.0L;
      const long double end = 2.0L * signal_.model().turns(piece.to) + shift;
      if (std::fabs(end - (last + 1.0L)) < 1e-9L) {
        crossings_.push_back({piece.to, signal_.pieces().size() - 1});
      }
    }
  }

  /// What a window within a piece is known to be without an integral: the rms of a steady piece,
  /// or of one that stays far from every threshold; nothing where it must be integrated.
  [[nodiscard]] std::optional<double> settled(const TruthPiece& piece) const {
    if (!piece.transients.empty()) {
      return std::nullopt;
    }
    bool inter = false;
    for (const TruthTerm& term : mix_) {
      inter = inter || !scenario_.channels[term.channel].interharmonics.empty();
    }
    double square = signal_.dc(mix_) * signal_.dc(mix_);
    for (const TruthTone& tone : signal_.tones(mix_, piece)) {
      square += std::norm(tone.rms);
    }
    const double rms = std::sqrt(square);
    if (!inter && signal_.is_steady(piece)) {
      return rms;
    }
    if (!only_near_) {
      return std::nullopt;
    }
    // Ramps, flicker and interharmonics change a window by less than these bounds.
    double low = 1.0;
    double high = 1.0;
    double beside = 0.0;
    for (const TruthTerm& term : mix_) {
      const ScenarioChannel& channel = scenario_.channels[term.channel];
      const ChannelState& state = piece.states[term.channel];
      const double now = std::fabs(state.amplitude(0.0));
      const double then = std::fabs(state.amplitude(static_cast<double>(piece.to - piece.from)));
      if (now > 0.0) {
        low = std::min(low, then / now);
        high = std::max(high, then / now);
      }
      for (const ScenarioFlicker& f : scenario_.flicker) {
        low -= f.depth_ratio;
        high += f.depth_ratio;
      }
      for (const ScenarioInterharmonic& i : channel.interharmonics) {
        beside += std::fabs(term.weight) * channel.rms * now * i.ratio * 2.0;
      }
      for (const ScenarioHarmonic& h : channel.harmonics) {
        // With a moving amplitude or frequency, harmonics are not quite orthogonal.
        beside += std::fabs(term.weight) * channel.rms * now * h.ratio * 0.05;
      }
    }
    const double nominal = scenario_.system.nominal_voltage_volts;
    const double quiet_low = nominal * (thresholds_.dip_ratio + thresholds_.hysteresis_ratio);
    const double quiet_high = nominal * (thresholds_.swell_ratio - thresholds_.hysteresis_ratio);
    if (rms * low - beside > quiet_low && rms * high + beside < quiet_high) {
      return rms;
    }
    return std::nullopt;
  }

  /// ∫ u² dt between two times, piece by piece.
  [[nodiscard]] double square_integral(Seconds from, Seconds to, std::size_t piece) const {
    double sum = 0.0;
    for (Seconds a = from; a < to; ++piece) {
      const TruthPiece& here = signal_.pieces()[piece];
      const Seconds b = std::min(to, here.to);
      if (b > a) {
        // u² has twice the highest frequency: less than a turn of it in each part.
        const int parts = 1 + static_cast<int>(static_cast<double>(b - a) * highest_hertz_ * 2.0);
        const Seconds half = (b - a) / (2.0L * parts);
        for (int part = 0; part < parts; ++part) {
          const Seconds center = a + half * (2.0L * part + 1.0L);
          double inner = 0.0;
          for (std::size_t i = 0; i < kNodes; ++i) {
            const double u = signal_.value(mix_, here, center + half * rule_.x[i]);
            inner += rule_.w[i] * u * u;
          }
          sum += inner * static_cast<double>(half);
        }
      }
      a = b;
      if (piece + 1 == signal_.pieces().size()) {
        break;
      }
    }
    return sum;
  }

  [[nodiscard]] bool broken(Seconds from, Seconds to) const {
    for (const ScenarioGap& gap : scenario_.gaps) {
      const bool mine =
          gap.channels.empty() || std::any_of(mix_.begin(), mix_.end(), [&](const TruthTerm& term) {
            return std::find(gap.channels.begin(), gap.channels.end(),
                             scenario_.channels[term.channel].input) != gap.channels.end();
          });
      if (mine && to_seconds(gap.at) < to && to_seconds(gap.at + gap.duration) > from) {
        return true;
      }
    }
    return std::any_of(scenario_.clock_steps.begin(), scenario_.clock_steps.end(),
                       [&](const ScenarioClockStep& step) {
                         return to_seconds(step.at) > from && to_seconds(step.at) < to;
                       });
  }

  void make_channel(int channel, std::vector<TruthWindow>& windows) const {
    std::vector<std::optional<double>> known_of_piece;
    for (const TruthPiece& piece : signal_.pieces()) {
      known_of_piece.push_back(settled(piece));
    }
    std::optional<double> first_half;  // integral of the window's first half cycle
    for (std::size_t j = 0; j + 2 < crossings_.size(); ++j) {
      const Crossing& a = crossings_[j];
      const Crossing& b = crossings_[j + 1];
      const Crossing& c = crossings_[j + 2];
      const std::optional<double> known =
          c.t <= signal_.pieces()[a.piece].to ? known_of_piece[a.piece] : std::nullopt;
      double rms = known.value_or(0.0);
      if (known) {
        first_half.reset();
      } else {
        const double one = first_half ? *first_half : square_integral(a.t, b.t, a.piece);
        const double two = square_integral(b.t, c.t, b.piece);
        rms = std::sqrt((one + two) / static_cast<double>(c.t - a.t));
        first_half = two;
      }
      if (!broken(a.t, c.t)) {
        windows.push_back({channel, static_cast<double>(a.t), static_cast<double>(c.t), rms});
      }
    }
  }

  const Scenario& scenario_;
  const TruthThresholds& thresholds_;
  bool only_near_;
  TruthSignal signal_;
  Quadrature rule_ = gauss_legendre();
  double highest_hertz_ = 100.0;
  TruthMix mix_;
  std::vector<Crossing> crossings_;
};

}  // namespace

std::vector<TruthWindow> urms_half_windows(const Scenario& scenario,
                                           const TruthThresholds& thresholds, bool only_near) {
  return WindowMaker(scenario, thresholds, only_near).make();
}

}  // namespace halfcycle::source
