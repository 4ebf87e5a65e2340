// SPDX-License-Identifier: Apache-2.0
#include "app/verify_signal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace halfcycle::app {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr std::size_t kLanes = 8;

// sin(2π·x) with x reduced first: exact phases however long the signal is.
double sine_of_turns(double turns) { return std::sin(kTwoPi * (turns - std::floor(turns))); }

std::array<std::complex<double>, 3> phasors(const VerifySignal& signal, Input first) {
  std::array<std::complex<double>, 3> out;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    out[phase] = signal.channel(static_cast<Input>(lane(first) + phase)).fundamental();
  }
  return out;
}

// Fortescue: X0, X1, X2 with a = 1∠120°.
std::array<double, 3> sequence_magnitudes(const std::array<std::complex<double>, 3>& x) {
  const std::complex<double> a = std::polar(1.0, kTwoPi / 3.0);
  return {std::abs(x[0] + x[1] + x[2]) / 3.0, std::abs(x[0] + a * x[1] + a * a * x[2]) / 3.0,
          std::abs(x[0] + a * a * x[1] + a * x[2]) / 3.0};
}

}  // namespace

double VerifyChannel::rms() const {
  double squares = 0.0;
  for (const VerifyTone& tone : tones) {
    squares += tone.rms * tone.rms;
  }
  return std::sqrt(squares);
}

std::complex<double> VerifyChannel::fundamental() const {
  return std::polar(tones.front().rms, tones.front().angle_radians);
}

double VerifySignal::between_samples(double cycles) const {
  const double per_cycle = rate_hertz / fundamental_hertz;
  return (std::floor(cycles * per_cycle) + 0.5) / per_cycle;
}

double VerifySignal::urms_ratio(std::size_t phase, double x) const {
  // ∫ 2·sin²(2π(c − phase/3)) dc
  const auto primitive = [&](double c) {
    return c - std::sin(2.0 * kTwoPi * (c - static_cast<double>(phase) / 3.0)) / (2.0 * kTwoPi);
  };
  std::vector<double> edges{x, x + 1.0};
  for (const VerifyStep& step : steps) {
    for (const double edge : {step.start_cycle, step.start_cycle + step.cycles}) {
      if (step.phases[phase] && edge > x && edge < x + 1.0) {
        edges.push_back(edge);
      }
    }
  }
  std::sort(edges.begin(), edges.end());
  double square = 0.0;
  for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
    const double middle = 0.5 * (edges[k] + edges[k + 1]);
    double ratio = 1.0;
    for (const VerifyStep& step : steps) {
      if (step.phases[phase] && middle >= step.start_cycle &&
          middle < step.start_cycle + step.cycles) {
        ratio *= step.ratio;
      }
    }
    square += ratio * ratio * (primitive(edges[k + 1]) - primitive(edges[k]));
  }
  return std::sqrt(square);
}

InputMask VerifySignal::inputs() const {
  InputMask mask;
  for (const VerifyChannel& channel : channels) {
    mask.add(channel.input);
  }
  return mask;
}

std::size_t VerifySignal::frame_count() const {
  return static_cast<std::size_t>(std::llround(seconds * rate_hertz));
}

void VerifySignal::render(std::size_t first, std::size_t count, std::vector<float>& frames) const {
  frames.assign(count * kLanes, 0.0F);
  for (std::size_t n = 0; n < count; ++n) {
    const double cycles = cycles_at(static_cast<double>(first + n) / rate_hertz);
    for (const VerifyChannel& channel : channels) {
      double value = 0.0;
      for (const VerifyTone& tone : channel.tones) {
        value += std::numbers::sqrt2 * tone.rms *
                 sine_of_turns(tone.order * cycles + tone.angle_radians / kTwoPi);
      }
      if (is_voltage(channel.input) && lane(channel.input) < 3) {
        for (const VerifyStep& step : steps) {
          if (step.phases[lane(channel.input)] && cycles >= step.start_cycle &&
              cycles < step.start_cycle + step.cycles) {
            value *= step.ratio;
          }
        }
      }
      if (shape) {
        value = shape(channel.input, first + n, cycles, value);
      }
      frames[n * kLanes + lane(channel.input)] = static_cast<float>(value);
    }
  }
}

SampleBlock VerifySignal::block(std::size_t first, std::size_t count,
                                const std::vector<float>& frames) const {
  SampleBlock block;
  block.frames = frames.data();
  block.frame_count = count;
  block.lanes = kLanes;
  block.inputs = inputs();
  block.first_index = first;
  block.time = {0, start, rate_hertz};
  block.time_quality.uncertainty_seconds = clock_uncertainty_seconds;
  block.discontinuity = first == 0 ? Discontinuity::Start : Discontinuity::None;
  return block;
}

double line_square(double turns, double phase_radians, double k) {
  const auto mean = [](double x) {
    const double half = 0.5 * kTwoPi * x;
    return x == 0.0 ? std::complex<double>(1.0) : std::polar(std::sin(half) / half, half);
  };
  return std::norm(std::polar(1.0, phase_radians) * mean(turns - k) -
                   std::polar(1.0, -phase_radians) * mean(-turns - k));
}

const VerifyChannel& VerifySignal::channel(Input input) const {
  for (const VerifyChannel& candidate : channels) {
    if (candidate.input == input) {
      return candidate;
    }
  }
  return channels.front();
}

double VerifySignal::active_power(int phase) const {
  const auto& u = channel(static_cast<Input>(lane(Input::V1) + static_cast<std::size_t>(phase)));
  const auto& i = channel(static_cast<Input>(lane(Input::I1) + static_cast<std::size_t>(phase)));
  double power = 0.0;
  for (const VerifyTone& voltage : u.tones) {
    for (const VerifyTone& current : i.tones) {
      // Tones of different frequency make no power over whole periods.
      if (voltage.order == current.order) {
        power +=
            voltage.rms * current.rms * std::cos(voltage.angle_radians - current.angle_radians);
      }
    }
  }
  return power;
}

double VerifySignal::fundamental_reactive_power(int phase) const {
  const auto& u = channel(static_cast<Input>(lane(Input::V1) + static_cast<std::size_t>(phase)));
  const auto& i = channel(static_cast<Input>(lane(Input::I1) + static_cast<std::size_t>(phase)));
  return (u.fundamental() * std::conj(i.fundamental())).imag();
}

double VerifySignal::apparent_power(int phase) const {
  return channel(static_cast<Input>(lane(Input::V1) + static_cast<std::size_t>(phase))).rms() *
         channel(static_cast<Input>(lane(Input::I1) + static_cast<std::size_t>(phase))).rms();
}

double VerifySignal::negative_sequence_ratio(Input first) const {
  const auto magnitudes = sequence_magnitudes(phasors(*this, first));
  return magnitudes[2] / magnitudes[1];
}

double VerifySignal::zero_sequence_ratio(Input first) const {
  const auto magnitudes = sequence_magnitudes(phasors(*this, first));
  return magnitudes[0] / magnitudes[1];
}

double VerifySignal::harmonic_ratio(Input input, int order) const {
  const VerifyChannel& wave = channel(input);
  double squares = 0.0;
  for (const VerifyTone& tone : wave.tones) {
    if (tone.order == order) {
      squares += tone.rms * tone.rms;
    }
  }
  return std::sqrt(squares) / wave.tones.front().rms;
}

double VerifySignal::thd_ratio(Input input) const {
  const VerifyChannel& wave = channel(input);
  double squares = 0.0;
  for (std::size_t i = 1; i < wave.tones.size(); ++i) {
    squares += wave.tones[i].rms * wave.tones[i].rms;
  }
  return std::sqrt(squares) / wave.tones.front().rms;
}

}  // namespace halfcycle::app
