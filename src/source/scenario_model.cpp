// SPDX-License-Identifier: Apache-2.0
#include "source/scenario_model.hpp"

#include <algorithm>
#include <cmath>

#include "source/simulator_math.hpp"

namespace halfcycle::source {
namespace {

constexpr long double kTwoPi = 6.283185307179586476925286766559L;
constexpr double kSqrt2 = 1.41421356237309504880;
constexpr Seconds kHour = 3600.0L;

/// Sine and cosine of 2π·turns for any number of turns.
SineCosine wave(long double turns) {
  return sine_cosine_of_turns(static_cast<double>(turns - std::floor(turns)));
}

double phase_of_modulation(const ScenarioModulation& m) { return m.phase_degrees / 360.0; }

struct RampPoint {
  double value = 0.0;
  double slope = 0.0;
};

RampPoint ramp_at(const std::vector<ScenarioRamp>& ramps, double start, Seconds t) {
  double value = start;
  for (const ScenarioRamp& ramp : ramps) {
    const Seconds at = to_seconds(ramp.at);
    if (t < at) {
      break;
    }
    const Seconds over = to_seconds(ramp.over);
    if (t < at + over) {
      const double slope = (ramp.to - value) / static_cast<double>(over);
      return {value + slope * static_cast<double>(t - at), slope};
    }
    value = ramp.to;
  }
  return {value, 0.0};
}

void note_change(Seconds candidate, Seconds t, Seconds& next) {
  if (candidate > t && candidate < next) {
    next = candidate;
  }
}

}  // namespace

double rectangular_sign(const ScenarioFlicker& flicker, Seconds t) {
  const long double turns = static_cast<long double>(flicker.frequency_hertz) * t +
                            static_cast<long double>(flicker.phase_degrees) / 360.0L;
  return turns - std::floor(turns) < 0.5L ? 1.0 : -1.0;
}

ScenarioModel::ScenarioModel(const Scenario& scenario) : scenario_(scenario) {
  const ScenarioFrequency& frequency = scenario.frequency;
  FrequencyPiece piece{0.0L, static_cast<long double>(frequency.start_phase_degrees) / 360.0L,
                       frequency.start_hertz, 0.0L};
  const auto advance = [&](Seconds to, long double hertz, long double slope) {
    const Seconds dt = to - piece.start;
    piece = {to, piece.turns + dt * (piece.hertz + piece.slope * dt / 2.0L), hertz, slope};
    pieces_.push_back(piece);
  };
  pieces_.push_back(piece);
  for (const ScenarioRamp& ramp : frequency.ramps) {
    const Seconds at = to_seconds(ramp.at);
    const Seconds over = to_seconds(ramp.over);
    const long double to = ramp.to;
    if (over > 0.0L) {
      advance(at, piece.hertz, (to - piece.hertz) / over);
    }
    advance(at + over, to, 0.0L);
  }
  // derived: the series stops at τ⁵; its remainder is depth/fm·(2π·fm·τ)⁶/720/2π < 1e-12 turns.
  for (const ScenarioModulation& m : frequency.modulations) {
    const double omega = m.frequency_hertz * static_cast<double>(kTwoPi);
    const double scale = std::max(m.depth_hertz, 1e-12) / omega / 720.0;
    const double reach = std::pow(1e-13 / scale, 1.0 / 6.0) / omega;
    series_reach_ = std::min(series_reach_, static_cast<Seconds>(reach));
  }
  const std::int64_t ns_of_day =
      (scenario.start - scenario.start.floor_to(Duration::seconds(86400))).count_ns();
  const std::int64_t ns_of_hour = ns_of_day % 3600000000000;
  first_hour_ = static_cast<int>(ns_of_day / 3600000000000);
  hour_offset_ = static_cast<Seconds>(ns_of_hour) / 1e9L;
}

const ScenarioModel::FrequencyPiece& ScenarioModel::piece_at(Seconds t) const {
  const auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), t,
                       [](Seconds time, const FrequencyPiece& p) { return time < p.start; });
  return after == pieces_.begin() ? *after : *(after - 1);
}

namespace {

/// How long an excursion has been on from the first sample to t, and whether it is on at t.
struct Elapsed {
  Seconds seconds = 0.0L;
  bool active = false;
};

Elapsed elapsed(const ScenarioEvent& event, Seconds t) {
  const Seconds at = to_seconds(event.at);
  const Seconds length = event.duration ? to_seconds(*event.duration) : kNever;
  if (t < at) {
    return {};
  }
  const Seconds every = to_seconds(event.every);
  if (every == 0.0L) {
    return {std::min(t - at, length), t - at < length};
  }
  long double k = std::floor((t - at) / every);
  if (event.count > 0 && k >= static_cast<long double>(event.count)) {
    return {static_cast<long double>(event.count) * length, false};
  }
  const Seconds into = t - at - k * every;
  return {k * length + std::min(into, length), into < length};
}

}  // namespace

long double ScenarioModel::turns(Seconds t) const {
  const FrequencyPiece& p = piece_at(t);
  const Seconds dt = t - p.start;
  long double sum = p.turns + dt * (p.hertz + p.slope * dt / 2.0L);
  for (const ScenarioModulation& m : scenario_.frequency.modulations) {
    // ∫ depth·sin(2π·fm·t + φ) dt = depth/(2π·fm)·(cos φ − cos(2π·fm·t + φ))
    const long double fm = m.frequency_hertz;
    const long double phi = phase_of_modulation(m);
    sum += static_cast<long double>(m.depth_hertz) / (kTwoPi * fm) *
           static_cast<long double>(wave(phi).cos - wave(fm * t + phi).cos);
  }
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.kind == ScenarioEventKind::FrequencyExcursion) {
      sum += static_cast<long double>(event.change_hertz) * elapsed(event, t).seconds;
    }
  }
  return sum;
}

double ScenarioModel::frequency_hertz(Seconds t) const {
  const FrequencyPiece& p = piece_at(t);
  long double sum = p.hertz + p.slope * (t - p.start);
  for (const ScenarioModulation& m : scenario_.frequency.modulations) {
    sum += static_cast<long double>(m.depth_hertz) *
           static_cast<long double>(wave(m.frequency_hertz * t + phase_of_modulation(m)).sin);
  }
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.kind == ScenarioEventKind::FrequencyExcursion && elapsed(event, t).active) {
      sum += static_cast<long double>(event.change_hertz);
    }
  }
  return static_cast<double>(sum);
}

AngleSeries ScenarioModel::angle_series(Seconds t) const {
  AngleSeries series;
  const long double whole = turns(t);
  series.fraction = static_cast<double>(whole - std::floor(whole));
  series.c[0] = frequency_hertz(t);
  series.c[1] = static_cast<double>(piece_at(t).slope) / 2.0;
  for (const ScenarioModulation& m : scenario_.frequency.modulations) {
    const double omega = m.frequency_hertz * static_cast<double>(kTwoPi);
    const SineCosine w = wave(m.frequency_hertz * t + phase_of_modulation(m));
    series.c[1] += m.depth_hertz * omega * w.cos / 2.0;
    series.c[2] -= m.depth_hertz * omega * omega * w.sin / 6.0;
    series.c[3] -= m.depth_hertz * omega * omega * omega * w.cos / 24.0;
    series.c[4] += m.depth_hertz * omega * omega * omega * omega * w.sin / 120.0;
  }
  return series;
}

Seconds ScenarioModel::when(long double target_turns, Seconds from) const {
  Seconds low = from;
  Seconds step = 1.0L / static_cast<Seconds>(frequency_hertz(from));
  Seconds high = from + step;
  while (turns(high) < target_turns) {
    low = high;
    step *= 2.0L;
    high += step;
  }
  Seconds t = high;
  for (int i = 0; i < 100 && high - low > 0.0L; ++i) {
    const long double error = turns(t) - target_turns;
    (error >= 0.0L ? high : low) = t;
    Seconds better = t - error / static_cast<Seconds>(frequency_hertz(t));
    if (!(better > low && better < high)) {
      better = low + (high - low) / 2.0L;
    }
    if (std::fabs(better - t) < 1e-15L + std::fabs(t) * 1e-18L) {
      return better;
    }
    t = better;
  }
  return t;
}

double ScenarioModel::steady_angle_degrees(const ScenarioChannel& channel, Seconds t) const {
  double angle = channel.angle_degrees;
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.kind != ScenarioEventKind::PhaseJump || event.duration || t < to_seconds(event.at)) {
      continue;
    }
    for (std::size_t i = 0; i < event.channels.size(); ++i) {
      if (event.channels[i] == channel.input) {
        angle += event.jump_degrees[i];
      }
    }
  }
  return angle;
}

Seconds ScenarioModel::first_start(const ScenarioEvent& event, Seconds nominal) const {
  if (!event.point_on_wave_degrees || event.channels.empty()) {
    return nominal;
  }
  const ScenarioChannel* channel = scenario_.find(event.channels.front());
  const long double offset = static_cast<long double>(steady_angle_degrees(*channel, nominal) -
                                                      *event.point_on_wave_degrees) /
                             360.0L;
  const long double now = turns(nominal) + offset;
  // A start that lies on the angle already must not wait a whole turn for a rounding error.
  const long double target = std::ceil(now - 1e-12L);
  return target <= now ? nominal : when(target - offset, nominal);
}

std::vector<Occurrence> ScenarioModel::occurrences(Seconds from, Seconds to) const {
  std::vector<Occurrence> found;
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.kind == ScenarioEventKind::FrequencyExcursion && event.every.count_ns() == 0 &&
        !event.duration) {
      continue;  // a step for good is part of the frequency's law; next_change() knows it
    }
    const Seconds at = to_seconds(event.at);
    const Seconds length = event.duration ? to_seconds(*event.duration) : kNever;
    const Seconds every = to_seconds(event.every);
    // A point on wave delays a start by a turn at most; one second covers any grid from 1 Hz up.
    const Seconds margin = event.point_on_wave_degrees ? 1.0L : 0.0L;
    long double k = 0.0L;
    if (every > 0.0L && from > at + length + margin) {
      k = std::max(0.0L, std::floor((from - at - length - margin) / every));
    }
    for (;; k += 1.0L) {
      if (event.count > 0 && k >= static_cast<long double>(event.count)) {
        break;
      }
      const Seconds nominal = at + k * every;
      if (nominal >= to) {
        break;
      }
      const Seconds start = first_start(event, nominal);
      if (start < to && start + length > from) {
        found.push_back({&event, start, start + length});
      }
      if (every == 0.0L) {
        break;
      }
    }
  }
  return found;
}

const ScenarioLoad* ScenarioModel::load_at(Seconds t) const {
  const ScenarioLoad* current = nullptr;
  for (const ScenarioLoad& load : scenario_.load) {
    if (to_seconds(load.at) <= t) {
      current = &load;
    }
  }
  return current;
}

ChannelState ScenarioModel::state(const ScenarioChannel& channel, Seconds t,
                                  const std::vector<Occurrence>& active) const {
  ChannelState state;
  if (!channel.ramps.empty()) {
    const RampPoint ramp = ramp_at(channel.ramps, 1.0, t);
    state.ramp = ramp.value;
    state.ramp_slope = ramp.slope;
  }
  if (channel.follows_load) {
    const std::size_t phase = lane(channel.input) - lane(Input::I1);
    const ScenarioLoad* load = load_at(t);
    state.gain = load == nullptr ? 0.0 : load->current_amperes[phase];
    state.angle_degrees = load == nullptr ? 0.0 : -load->lag_degrees[phase];
    if (const auto& table = scenario_.load_daily_ratio; table.size() == 24) {
      const Seconds hours = (t + hour_offset_) / kHour;
      const long double whole = std::floor(hours);
      const auto hour =
          static_cast<std::size_t>(std::fmod(static_cast<long double>(first_hour_) + whole, 24.0L));
      const double here = table[hour];
      const double slope = (table[(hour + 1) % 24] - here) / static_cast<double>(kHour);
      state.daily = here + slope * static_cast<double>((hours - whole) * kHour);
      state.daily_slope = slope;
    }
  }
  for (const ScenarioFlicker& flicker : scenario_.flicker) {
    if (flicker.rectangular && std::find(flicker.channels.begin(), flicker.channels.end(),
                                         channel.input) != flicker.channels.end()) {
      state.gain *= 1.0 + flicker.depth_ratio / 2.0 * rectangular_sign(flicker, t);
    }
  }
  for (const Occurrence& occurrence : active) {
    const ScenarioEvent& event = *occurrence.event;
    if (t < occurrence.start || t >= occurrence.end || event.kind == ScenarioEventKind::Transient) {
      continue;
    }
    for (std::size_t i = 0; i < event.channels.size(); ++i) {
      if (event.channels[i] != channel.input) {
        continue;
      }
      if (event.kind == ScenarioEventKind::Fault && !is_voltage(channel.input)) {
        state = {.gain = event.fault_current_amperes / (channel.rms > 0.0 ? channel.rms : 1.0),
                 .angle_degrees = event.jump_degrees[i] - event.fault_lag_degrees,
                 .pure = true};
      } else {
        state.gain *= event.gain[i];
        state.angle_degrees += event.jump_degrees[i];
      }
    }
  }
  return state;
}

Seconds ScenarioModel::next_change(Seconds t, const std::vector<Occurrence>& active) const {
  Seconds next = kNever;
  for (const Occurrence& occurrence : active) {
    note_change(occurrence.start, t, next);
    note_change(occurrence.end, t, next);
  }
  for (const FrequencyPiece& piece : pieces_) {
    note_change(piece.start, t, next);
  }
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.kind == ScenarioEventKind::FrequencyExcursion && !event.duration) {
      note_change(to_seconds(event.at), t, next);
    }
  }
  for (const ScenarioChannel& channel : scenario_.channels) {
    for (const ScenarioRamp& ramp : channel.ramps) {
      note_change(to_seconds(ramp.at), t, next);
      note_change(to_seconds(ramp.at + ramp.over), t, next);
    }
  }
  for (const ScenarioLoad& load : scenario_.load) {
    note_change(to_seconds(load.at), t, next);
  }
  if (!scenario_.load_daily_ratio.empty()) {
    const Seconds hours = std::floor((t + hour_offset_) / kHour) + 1.0L;
    note_change(hours * kHour - hour_offset_, t, next);
  }
  for (const ScenarioFlicker& flicker : scenario_.flicker) {
    if (flicker.rectangular) {
      const long double f2 = 2.0L * static_cast<long double>(flicker.frequency_hertz);
      const long double offset = static_cast<long double>(flicker.phase_degrees) / 180.0L;
      const long double k = std::floor(f2 * t + offset);
      note_change((k + 1.0L - offset) / f2, t, next);
      note_change((k + 2.0L - offset) / f2, t, next);
    }
  }
  return next;
}

double ScenarioModel::fault_offset(const ScenarioChannel& channel, const Occurrence& fault,
                                   const std::vector<Occurrence>& active) const {
  const auto value_of = [&](const ChannelState& state) {
    const long double angle =
        turns(fault.start) +
        static_cast<long double>(channel.angle_degrees + state.angle_degrees) / 360.0L;
    return kSqrt2 * channel.rms * state.amplitude(0.0) * wave(angle).sin;
  };
  std::vector<Occurrence> others;
  for (const Occurrence& occurrence : active) {
    if (occurrence.event != fault.event) {
      others.push_back(occurrence);
    }
  }
  const ChannelState before = state(channel, fault.start, others);
  const ChannelState during = state(channel, fault.start, active);
  return value_of(before) - value_of(during);
}

}  // namespace halfcycle::source
