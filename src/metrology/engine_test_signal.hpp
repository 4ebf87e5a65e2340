// SPDX-License-Identifier: Apache-2.0
// Test signals whose truth is known in closed form, and a recorder of what the engine publishes.
// For tests only; independent of the simulator.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "metrology/engine.hpp"

namespace halfcycle::metrology::test {

inline constexpr double kTestPi = 3.14159265358979323846;

struct Tone {
  double hertz;
  double rms;
  double degrees;  ///< of a sine at t = 0
};

/// A sum of tones and DC; all in closed form.
struct Wave {
  std::vector<Tone> tones;
  double dc = 0.0;

  [[nodiscard]] double at(double t) const {
    double sum = dc;
    for (const Tone& tone : tones) {
      sum += std::sqrt(2.0) * tone.rms *
             std::sin(2.0 * kTestPi * tone.hertz * t + tone.degrees * kTestPi / 180.0);
    }
    return sum;
  }
  /// Exact mean of the product of two waves over [a, b): every pair of tones integrated.
  static double mean_product(const Wave& u, const Wave& v, double a, double b) {
    const auto integral_of_cosine = [&](double omega, double phase) {
      return omega == 0.0 ? std::cos(phase) * (b - a)
                          : (std::sin(omega * b + phase) - std::sin(omega * a + phase)) / omega;
    };
    double sum = u.dc * v.dc * (b - a);
    const auto with_dc = [&](const Wave& w, double dc) {
      for (const Tone& t : w.tones) {
        sum += dc * std::sqrt(2.0) * t.rms *
               integral_of_cosine(2.0 * kTestPi * t.hertz,
                                  t.degrees * kTestPi / 180.0 - 0.5 * kTestPi);
      }
    };
    with_dc(u, v.dc);
    with_dc(v, u.dc);
    for (const Tone& x : u.tones) {
      for (const Tone& y : v.tones) {
        const double wx = 2.0 * kTestPi * x.hertz;
        const double wy = 2.0 * kTestPi * y.hertz;
        const double px = x.degrees * kTestPi / 180.0;
        const double py = y.degrees * kTestPi / 180.0;
        sum += x.rms * y.rms *
               (integral_of_cosine(wx - wy, px - py) - integral_of_cosine(wx + wy, px + py));
      }
    }
    return sum / (b - a);
  }
  [[nodiscard]] double rms(double a, double b) const {
    return std::sqrt(mean_product(*this, *this, a, b));
  }
  [[nodiscard]] Wave minus(const Wave& o) const {
    Wave w = *this;
    w.dc -= o.dc;
    for (Tone t : o.tones) {
      t.degrees += 180.0;
      w.tones.push_back(t);
    }
    return w;
  }
};

using Function = std::function<double(double)>;  ///< volts or amperes of seconds

/// Sampled lanes.
struct Samples {
  double rate = 25600.0;
  std::size_t lanes = 8;
  std::vector<float> frames;
  [[nodiscard]] std::size_t count() const { return frames.size() / lanes; }

  Samples(double rate_hertz, double seconds, std::size_t lane_count = 8)
      : rate(rate_hertz),
        lanes(lane_count),
        frames(static_cast<std::size_t>(std::floor(seconds * rate_hertz + 1e-6)) * lane_count) {}
  void fill(Input input, const Function& f) {
    for (std::size_t n = 0; n < count(); ++n) {
      frames[n * lanes + lane(input)] = static_cast<float>(f(static_cast<double>(n) / rate));
    }
  }
  void fill(Input input, const Wave& w) {
    fill(input, [&w](double t) { return w.at(t); });
  }
};

struct IntervalCopy {
  Interval interval;
  std::uint64_t number;
  double start;  ///< seconds from the first sample
  double end;
  Marks marks;
  std::uint32_t inputs;
  std::vector<double> values;
  std::shared_ptr<Spectra> spectra;
  Marks p_st_marks;
  double operator[](QuantityId id) const { return values[index(id)]; }
};

struct WindowCopy {
  int channel;
  bool line_to_line;
  double start;
  double end;
  double rms;
};

/// Keeps everything that the engine hands over.
class Recorder final : public IntervalSink, public HalfCycleSink {
 public:
  explicit Recorder(Instant origin) : origin_(origin) {}
  void on_interval(const IntervalValues& v) override {
    IntervalCopy c{v.interval,
                   v.number,
                   seconds(v.start),
                   seconds(v.end),
                   v.marks,
                   v.inputs,
                   {v.values.begin(), v.values.end()},
                   keeps_spectra(v) ? std::make_shared<Spectra>(*v.spectra) : nullptr,
                   v.marks_of(QuantityId::V1Pst)};
    of[static_cast<std::size_t>(v.interval)].push_back(std::move(c));
  }
  void on_voltage_window(const VoltageWindow& w) override {
    windows.push_back({w.channel, w.line_to_line, seconds(w.start), seconds(w.end), w.u_rms_volts});
  }
  void on_half_cycle(const HalfCycleDetail& d) override { details.push_back(d); }
  void on_break() override { ++breaks; }

  [[nodiscard]] const std::vector<IntervalCopy>& get(Interval interval) const {
    return of[static_cast<std::size_t>(interval)];
  }
  std::array<std::vector<IntervalCopy>, kIntervalCount> of;
  std::vector<WindowCopy> windows;
  std::vector<HalfCycleDetail> details;
  int breaks = 0;

 private:
  /// Those of 1 s and 150/180 cycles, and of windows after two minutes, would fill the memory.
  static bool keeps_spectra(const IntervalValues& v) {
    return v.spectra != nullptr && v.interval != Interval::OneSecond &&
           v.interval != Interval::OneFiftyOneEightyCycle &&
           (v.interval != Interval::TenTwelveCycle || v.number < 600);
  }

  [[nodiscard]] double seconds(Instant t) const { return (t - origin_).to_seconds(); }
  Instant origin_;
};

inline SampleBlock block_of(const Samples& samples, std::size_t first, std::size_t count,
                            Instant start, InputMask inputs) {
  SampleBlock block;
  block.frames = samples.frames.data() + first * samples.lanes;
  block.frame_count = count;
  block.lanes = samples.lanes;
  block.inputs = inputs;
  block.first_index = first;
  block.time = {0, start, samples.rate};
  block.discontinuity = first == 0 ? Discontinuity::Start : Discontinuity::None;
  return block;
}

inline InputMask mask_of(std::initializer_list<Input> inputs) {
  InputMask mask;
  for (const Input input : inputs) {
    mask.add(input);
  }
  return mask;
}

inline InputMask seven_inputs() {
  return mask_of({Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3, Input::I4});
}

/// Pushes everything in blocks of `block` frames and finishes.
inline Recorder measure(const SystemSetup& system, InputMask inputs, const Samples& samples,
                        std::size_t block = 4096,
                        Instant start = Instant::from_unix_ns(1600000000000000000)) {
  Recorder recorder(start);
  auto engine =
      Engine::create({.system = system, .inputs = inputs, .sample_rate_hertz = samples.rate});
  if (!engine) {
    return recorder;
  }
  (*engine)->add_sink(&recorder);
  (*engine)->add_half_cycle_sink(&recorder);
  for (std::size_t n = 0; n < samples.count(); n += block) {
    (*engine)->push(block_of(samples, n, std::min(block, samples.count() - n), start, inputs));
  }
  (*engine)->finish();
  return recorder;
}

/// A balanced or unbalanced four-wire system with a load.
struct Feeder {
  double hertz = 50.0;
  std::array<Wave, 3> u;
  std::array<Wave, 3> i;

  /// Sines of 230 V and 5 A, currents lagging by `lag_degrees`.
  static Feeder balanced(double hertz, double lag_degrees = 30.0, double volts = 230.0,
                         double amperes = 5.0) {
    Feeder f;
    f.hertz = hertz;
    for (std::size_t k = 0; k < 3; ++k) {
      const double angle = 17.0 - 120.0 * static_cast<double>(k);
      f.u[k].tones.push_back({hertz, volts, angle});
      f.i[k].tones.push_back({hertz, amperes, angle - lag_degrees});
    }
    return f;
  }
  /// The same harmonic in all phases, in per unit of the fundamental, shifted with the phase.
  void add_harmonic(double order, double voltage_ratio, double current_ratio, double degrees) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double angle = degrees - 120.0 * order * static_cast<double>(k);
      u[k].tones.push_back({order * hertz, voltage_ratio * u[k].tones[0].rms, angle});
      i[k].tones.push_back({order * hertz, current_ratio * i[k].tones[0].rms, angle});
    }
  }
  [[nodiscard]] Samples sample(double rate, double seconds) const {
    Samples s(rate, seconds);
    for (std::size_t k = 0; k < 3; ++k) {
      s.fill(static_cast<Input>(k), u[k]);
      s.fill(static_cast<Input>(lane(Input::I1) + k), i[k]);
    }
    for (std::size_t n = 0; n < s.count(); ++n) {
      float* x = s.frames.data() + n * s.lanes;
      x[lane(Input::I4)] = x[4] + x[5] + x[6];
    }
    return s;
  }
};

}  // namespace halfcycle::metrology::test
