// SPDX-License-Identifier: Apache-2.0
// Signals for the tests whose values and integrals are known in closed form.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace halfcycle::signal::testing {

inline constexpr long double kTau = 6.283185307179586476925286766559L;

/// amplitude·cos(2π·frequency·n + phase), frequency in cycles per sample.
struct Tone {
  double frequency = 0.0;
  double amplitude = 0.0;
  double phase = 0.0;
};
using Tones = std::vector<Tone>;

[[nodiscard]] inline double value(const Tones& tones, double n) {
  long double v = 0.0L;
  for (const Tone& t : tones) {
    // The whole turns of f·n are dropped before the cosine, so that large n stay exact.
    const long double turns = static_cast<long double>(t.frequency) * static_cast<long double>(n);
    v += static_cast<long double>(t.amplitude) *
         std::cos(kTau * (turns - std::floor(turns)) + static_cast<long double>(t.phase));
  }
  return static_cast<double>(v);
}

/// Mean of x·y over [a, b): cos·cos = (cos of the difference + cos of the sum)/2, integrated.
[[nodiscard]] inline double mean_product(const Tones& x, const Tones& y, double a, double b) {
  const auto integral = [&](long double f, long double p) {
    if (std::fabs(f) < 1e-15L) {
      return std::cos(p) * static_cast<long double>(b - a);
    }
    return (std::sin(kTau * f * static_cast<long double>(b) + p) -
            std::sin(kTau * f * static_cast<long double>(a) + p)) /
           (kTau * f);
  };
  long double sum = 0.0L;
  for (const Tone& t : x) {
    for (const Tone& u : y) {
      const long double scale =
          static_cast<long double>(t.amplitude) * static_cast<long double>(u.amplitude) / 2.0L;
      const auto tf = static_cast<long double>(t.frequency);
      const auto uf = static_cast<long double>(u.frequency);
      const auto tp = static_cast<long double>(t.phase);
      const auto up = static_cast<long double>(u.phase);
      sum += scale * (integral(tf - uf, tp - up) + integral(tf + uf, tp + up));
    }
  }
  return static_cast<double>(sum / static_cast<long double>(b - a));
}

[[nodiscard]] inline Tones sum_of(const Tones& x, const Tones& y, double y_sign = 1.0) {
  Tones result = x;
  for (Tone t : y) {
    t.amplitude *= y_sign;
    result.push_back(t);
  }
  return result;
}

/// Frames first … first + count − 1; lane k has the tones lanes_of[k] (none: 0).
[[nodiscard]] inline std::vector<float> frames_of(const std::vector<Tones>& lanes_of,
                                                  std::size_t lanes, std::int64_t first,
                                                  std::size_t count) {
  std::vector<float> frames(count * lanes, 0.0F);
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t lane = 0; lane < lanes_of.size(); ++lane) {
      frames[n * lanes + lane] = static_cast<float>(
          value(lanes_of[lane], static_cast<double>(first + static_cast<std::int64_t>(n))));
    }
  }
  return frames;
}

/// The same numbers on every machine (the distributions of the library are not specified).
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  /// Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(engine_()) / 4294967296.0; }
  [[nodiscard]] double angle() { return 6.283185307179586 * unit(); }

 private:
  std::mt19937 engine_;
};

}  // namespace halfcycle::signal::testing
