// SPDX-License-Identifier: Apache-2.0
#include "source/simulator_synthesis.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "source/simulator_math.hpp"

namespace halfcycle::source {
namespace {

constexpr double kSqrt2 = 1.41421356237309504880;
// A change at a sample's own instant belongs to that sample; less than this much of a sample is
// rounding.
constexpr Seconds kSampleTolerance = 1e-6L;

bool has(const std::vector<Input>& inputs, Input input) {
  return std::find(inputs.begin(), inputs.end(), input) != inputs.end();
}

}  // namespace

Synthesis::Synthesis(const Scenario& scenario, const ScenarioModel& model)
    : scenario_(scenario), model_(model) {
  std::map<int, Order> orders;
  std::map<double, FixedTone> fixed;
  for (std::size_t c = 0; c < scenario.channels.size(); ++c) {
    const ScenarioChannel& channel = scenario.channels[c];
    orders[1].order = 1;
    orders[1].tones.push_back({c, 1.0, 0.0, 0.0, 0.0});
    for (const ScenarioHarmonic& h : channel.harmonics) {
      orders[h.order].order = h.order;
      orders[h.order].tones.push_back({c, h.ratio, h.angle_degrees, 0.0, 0.0});
    }
    for (const ScenarioInterharmonic& i : channel.interharmonics) {
      fixed[i.frequency_hertz].frequency_hertz = i.frequency_hertz;
      fixed[i.frequency_hertz].tones.push_back({c, i.ratio, i.angle_degrees, 0.0, 0.0});
    }
  }
  for (auto& [order, entry] : orders) {
    orders_.push_back(std::move(entry));
  }
  for (auto& [frequency, entry] : fixed) {
    fixed_.push_back(std::move(entry));
  }
  voices_.resize(scenario.channels.size());
  fault_offset_.resize(scenario.channels.size());
  sums_.resize(scenario.channels.size());
  // The series around a node's centre holds over its reach on both sides.
  while (node_samples_ > 1 && static_cast<Seconds>(node_samples_) / 2.0L >
                                  model.angle_series_reach() * scenario.rate_hertz) {
    node_samples_ /= 2;
  }
}

Seconds Synthesis::time_of(std::uint64_t sample) const {
  return static_cast<Seconds>(sample) / static_cast<Seconds>(scenario_.rate_hertz);
}

std::size_t Synthesis::index_of(Input input) const {
  std::size_t c = 0;
  while (c < scenario_.channels.size() && scenario_.channels[c].input != input) {
    ++c;
  }
  return c;
}

void Synthesis::generate(std::uint64_t chunk, std::size_t lanes, float* frames) {
  const std::uint64_t first = chunk * kChunkFrames;
  const Seconds rate = scenario_.rate_hertz;
  for (Lane& sum : sums_) {
    sum.fill(0.0);
  }
  for (std::size_t offset = 0; offset < kChunkFrames;) {
    const Seconds t = time_of(first + offset) + kSampleTolerance / rate;
    if (t >= near_until_) {
      near_until_ = std::floor(t) + 1.0L;
      near_ = model_.occurrences(t, near_until_);
    }
    const Seconds change = std::min(model_.next_change(t, near_), near_until_);
    std::size_t end = kChunkFrames;
    const Seconds samples_to_change =
        change * rate - kSampleTolerance - static_cast<Seconds>(first);
    if (samples_to_change < static_cast<Seconds>(kChunkFrames)) {
      end = std::max(offset + 1, static_cast<std::size_t>(std::ceil(samples_to_change)));
    }
    update_states(t);
    run(first, offset, end - offset);
    offset = end;
  }
  add_sums();
  add_noise(first);
  std::fill_n(frames, kChunkFrames * lanes, 0.0F);
  for (std::size_t c = 0; c < scenario_.channels.size(); ++c) {
    const Input input = scenario_.channels[c].input;
    for (std::size_t k = 0; k < kChunkFrames; ++k) {
      frames[k * lanes + lane(input)] = converted(input, sums_[c][k]);
    }
  }
}

void Synthesis::update_states(Seconds t) {
  for (std::size_t c = 0; c < voices_.size(); ++c) {
    const ChannelState state = model_.state(scenario_.channels[c], t, near_);
    voices_[c].fresh = voices_[c].fresh || !(state == voices_[c].state);
    voices_[c].state = state;
  }
  for (const Occurrence& o : near_) {
    if (o.event->kind == ScenarioEventKind::Fault && o.event->fault_offset && t >= o.start &&
        t < o.end && !(fault_of_ == o.event && fault_start_ == o.start)) {
      fault_of_ = o.event;
      fault_start_ = o.start;
      for (std::size_t c = 0; c < voices_.size(); ++c) {
        const ScenarioChannel& channel = scenario_.channels[c];
        fault_offset_[c] = !is_voltage(channel.input) && has(o.event->channels, channel.input)
                               ? model_.fault_offset(channel, o, near_)
                               : 0.0;
      }
    }
  }
}

void Synthesis::run(std::uint64_t first, std::size_t offset, std::size_t count) {
  fill_angles(first, offset, count);
  for (std::size_t c = 0; c < voices_.size(); ++c) {
    if (!voices_[c].fresh) {
      continue;
    }
    voices_[c].fresh = false;
    const ScenarioChannel& channel = scenario_.channels[c];
    const ChannelState& state = voices_[c].state;
    // A constant amplitude is part of the tones; a moving one multiplies the samples.
    const double amplitude =
        kSqrt2 * channel.rms * (state.is_constant() ? state.amplitude(0.0) : 1.0);
    const double angle = channel.angle_degrees + state.angle_degrees;
    const auto set = [&](Tone& tone, double turns, bool on) {
      const SineCosine w = sine_cosine_of_turns(turns);
      const double size = on ? amplitude * tone.ratio : 0.0;
      tone.sine = size * w.cos;
      tone.cosine = size * w.sin;
    };
    for (Order& order : orders_) {
      for (Tone& tone : order.tones) {
        if (tone.channel == c) {
          set(tone, (angle * order.order + tone.angle_degrees) / 360.0,
              channel.sum_of.empty() && (order.order == 1 || !state.pure));
        }
      }
    }
    for (FixedTone& fixed : fixed_) {
      for (Tone& tone : fixed.tones) {
        if (tone.channel == c) {
          set(tone, tone.angle_degrees / 360.0, channel.sum_of.empty() && !state.pure);
        }
      }
    }
  }
  add_harmonics(offset, count);
  add_interharmonics(first, offset, count);
  apply_envelopes(first, offset, count);
  add_transients(first, offset, count);
}

void Synthesis::fill_angles(std::uint64_t first, std::size_t offset, std::size_t count) {
  const double rate = scenario_.rate_hertz;
  for (std::size_t done = 0; done < count;) {
    const std::size_t n = std::min(node_samples_, count - done);
    const double half = static_cast<double>(n - 1) / 2.0;
    const Seconds center =
        (static_cast<Seconds>(first + offset + done) + half) / static_cast<Seconds>(rate);
    const AngleSeries series = model_.angle_series(center);
    for (std::size_t k = 0; k < n; ++k) {
      const double tau = (static_cast<double>(k) - half) / rate;
      double p = series.c[4];
      p = p * tau + series.c[3];
      p = p * tau + series.c[2];
      p = p * tau + series.c[1];
      p = p * tau + series.c[0];
      const SineCosine w = sine_cosine_of_turns(series.fraction + p * tau);
      sine_[offset + done + k] = w.sin;
      cosine_[offset + done + k] = w.cos;
    }
    done += n;
  }
}

void Synthesis::add_harmonics(std::size_t offset, std::size_t count) {
  Lane power_sine = sine_;
  Lane power_cosine = cosine_;
  int reached = 1;
  for (const Order& order : orders_) {
    for (; reached < order.order; ++reached) {
      for (std::size_t k = offset; k < offset + count; ++k) {
        const double s = power_sine[k] * cosine_[k] + power_cosine[k] * sine_[k];
        const double c = power_cosine[k] * cosine_[k] - power_sine[k] * sine_[k];
        power_sine[k] = s;
        power_cosine[k] = c;
      }
    }
    for (const Tone& tone : order.tones) {
      Lane& sum = sums_[tone.channel];
      for (std::size_t k = offset; k < offset + count; ++k) {
        sum[k] += tone.sine * power_sine[k] + tone.cosine * power_cosine[k];
      }
    }
  }
}

void Synthesis::add_interharmonics(std::uint64_t first, std::size_t offset, std::size_t count) {
  for (const FixedTone& fixed : fixed_) {
    const long double turns =
        static_cast<long double>(fixed.frequency_hertz) * time_of(first + offset);
    SineCosine w = sine_cosine_of_turns(static_cast<double>(turns - std::floor(turns)));
    const SineCosine step = sine_cosine_of_turns(fixed.frequency_hertz / scenario_.rate_hertz);
    for (std::size_t k = offset; k < offset + count; ++k) {
      for (const Tone& tone : fixed.tones) {
        sums_[tone.channel][k] += tone.sine * w.sin + tone.cosine * w.cos;
      }
      w = {w.sin * step.cos + w.cos * step.sin, w.cos * step.cos - w.sin * step.sin};
    }
  }
}

void Synthesis::apply_envelopes(std::uint64_t first, std::size_t offset, std::size_t count) {
  const double rate = scenario_.rate_hertz;
  for (std::size_t c = 0; c < voices_.size(); ++c) {
    const ScenarioChannel& channel = scenario_.channels[c];
    const ChannelState& state = voices_[c].state;
    Lane& sum = sums_[c];
    if (!state.is_constant()) {
      for (std::size_t k = 0; k < count; ++k) {
        sum[offset + k] *= state.amplitude(static_cast<double>(k) / rate);
      }
    }
    for (const ScenarioFlicker& flicker : scenario_.flicker) {
      if (flicker.rectangular || state.pure || !has(flicker.channels, channel.input)) {
        continue;
      }
      const long double turns =
          static_cast<long double>(flicker.frequency_hertz) * time_of(first + offset) +
          static_cast<long double>(flicker.phase_degrees) / 360.0L;
      SineCosine w = sine_cosine_of_turns(static_cast<double>(turns - std::floor(turns)));
      const SineCosine step = sine_cosine_of_turns(flicker.frequency_hertz / rate);
      for (std::size_t k = offset; k < offset + count; ++k) {
        sum[k] *= 1.0 + flicker.depth_ratio / 2.0 * w.sin;
        w = {w.sin * step.cos + w.cos * step.sin, w.cos * step.cos - w.sin * step.sin};
      }
    }
    for (std::size_t k = offset; k < offset + count; ++k) {
      sum[k] += channel.dc;
    }
  }
}

void Synthesis::add_decay(Lane& lane, double start_value, double frequency_hertz,
                          double time_constant, Seconds age, std::size_t offset,
                          std::size_t count) const {
  const double size = start_value * exponential(-static_cast<double>(age) / time_constant);
  const long double turns = static_cast<long double>(frequency_hertz) * age;
  const SineCosine start = sine_cosine_of_turns(static_cast<double>(turns - std::floor(turns)));
  const SineCosine step = sine_cosine_of_turns(frequency_hertz / scenario_.rate_hertz);
  const double decay = exponential(-1.0 / (scenario_.rate_hertz * time_constant));
  double s = size * start.sin;
  double c = size * start.cos;
  for (std::size_t k = offset; k < offset + count; ++k) {
    lane[k] += c;
    const double next_s = decay * (s * step.cos + c * step.sin);
    c = decay * (c * step.cos - s * step.sin);
    s = next_s;
  }
}

void Synthesis::add_transients(std::uint64_t first, std::size_t offset, std::size_t count) {
  const Seconds t = time_of(first + offset);
  const Seconds tolerance = kSampleTolerance / static_cast<Seconds>(scenario_.rate_hertz);
  for (const Occurrence& o : near_) {
    const ScenarioEvent& event = *o.event;
    if (t + tolerance < o.start || t + tolerance >= o.end) {
      continue;
    }
    const Seconds age = std::max(t - o.start, 0.0L);
    if (event.kind == ScenarioEventKind::Transient) {
      for (const Input input : event.channels) {
        if (const std::size_t c = index_of(input); c < sums_.size()) {
          add_decay(sums_[c], event.peak, event.frequency_hertz, event.time_constant_seconds, age,
                    offset, count);
        }
      }
    } else if (event.kind == ScenarioEventKind::Fault && event.fault_offset) {
      for (std::size_t c = 0; c < sums_.size(); ++c) {
        if (fault_offset_[c] != 0.0 && fault_of_ == &event) {
          add_decay(sums_[c], fault_offset_[c], 0.0, event.time_constant_seconds, age, offset,
                    count);
        }
      }
    }
  }
}

void Synthesis::add_sums() {
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    const ScenarioChannel& channel = scenario_.channels[c];
    Lane& sum = sums_[c];
    for (const Input input : channel.sum_of) {
      if (const std::size_t other = index_of(input); other < sums_.size()) {
        for (std::size_t k = 0; k < kChunkFrames; ++k) {
          sum[k] += channel.sum_sign * sums_[other][k];
        }
      }
    }
  }
}

void Synthesis::add_noise(std::uint64_t first_of_chunk) {
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    const ScenarioChannel& channel = scenario_.channels[c];
    if (channel.noise_rms == 0.0) {
      continue;
    }
    const std::uint64_t key = random_bits(scenario_.seed, lane(channel.input) + 1);
    for (std::size_t k = 0; k < kChunkFrames; k += 2) {
      const NormalPair pair = normal_pair(key, (first_of_chunk + k) / 2);
      sums_[c][k] += channel.noise_rms * pair.first;
      sums_[c][k + 1] += channel.noise_rms * pair.second;
    }
  }
}

float Synthesis::converted(Input input, double value) const {
  const ScenarioQuantisation& q = scenario_.quantisation;
  if (q.bits == 0) {
    return static_cast<float>(value);
  }
  const double range = is_voltage(input) ? q.voltage_range_volts : q.current_range_amperes;
  const double codes = std::ldexp(1.0, q.bits - 1);  // on each side of zero
  const double code = std::floor(value / range * codes + 0.5);
  return static_cast<float>(std::clamp(code, -codes, codes - 1.0) * range / codes);
}

}  // namespace halfcycle::source
