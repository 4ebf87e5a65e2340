// SPDX-License-Identifier: Apache-2.0
#include "metrology/flicker.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "base/quality.hpp"

namespace halfcycle::metrology {
namespace {

using Complex = std::complex<double>;
constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kTargetRate = 1600.0;
constexpr double kClassRate = 200.0;
constexpr double kReferenceSeconds = 27.3;  // 10–90 % of a step in one minute: 60 s / ln 9
constexpr double kMeanSeconds = 0.3;
constexpr double kReferenceModulationHertz = 8.8;
// Ten cycles at 50 Hz, twelve at 60 Hz.
constexpr double kStartSeconds = 0.2;
// The high-pass (3.2 s) and the mean have settled on a steady voltage after this.
constexpr double kSettleSeconds = 20.0;

// Weighting filter, IEC 61000-4-15 ed. 2, block 3.
struct Weighting {
  double k, lambda, omega1, omega2, omega3, omega4;
  double reference_percent;  // ΔV/V at 8.8 Hz for Pinst,max = 1, table 1
};
constexpr Weighting kLamp230{
    1.74802, kTwoPi * 4.05981, kTwoPi * 9.15494, kTwoPi * 2.27979, kTwoPi * 1.22535, kTwoPi * 21.9,
    0.250};
constexpr Weighting kLamp120{1.6357,
                             kTwoPi * 4.167375,
                             kTwoPi * 9.077169,
                             kTwoPi * 2.939902,
                             kTwoPi * 1.394468,
                             kTwoPi * 17.31512,
                             0.321};

struct Digital {
  double b0, b1, b2, a1, a2;
};

// Bilinear transform of (B0 + B1 s + B2 s²) / (A0 + A1 s + A2 s²), s = c·(1 − z⁻¹)/(1 + z⁻¹).
Digital bilinear(double B0, double B1, double B2, double A0, double A1, double A2, double c) {
  const double norm = A0 + A1 * c + A2 * c * c;
  return {(B0 + B1 * c + B2 * c * c) / norm, (2.0 * B0 - 2.0 * B2 * c * c) / norm,
          (B0 - B1 * c + B2 * c * c) / norm, (2.0 * A0 - 2.0 * A2 * c * c) / norm,
          (A0 - A1 * c + A2 * c * c) / norm};
}

}  // namespace

Flicker::Flicker(const FlickerSetup& setup)
    : setup_(setup), kernel_(&flicker_kernel(setup.level)), history_(kHistory) {
  FlickerState& s = state_;
  FlickerDecimator& d = decimator_;
  d.decimation = static_cast<std::size_t>(
      std::max(1.0, std::floor(setup.sample_rate_hertz / kTargetRate + 0.01)));
  for (std::size_t i = 0; i < 4; ++i) {
    d.weight[i] = static_cast<float>(4 * ((d.decimation + 3 - i) / 4) + i + 1);
  }
  s.decimation = static_cast<double>(d.decimation);
  s.norm = 1.0 / (s.decimation * s.decimation);
  filter_rate_hertz_ = setup.sample_rate_hertz / s.decimation;
  waiting_.resize(std::bit_ceil(static_cast<std::size_t>(kWaitSeconds * filter_rate_hertz_) + 1));
  classify_every_ =
      static_cast<std::size_t>(std::max(1.0, std::round(filter_rate_hertz_ / kClassRate)));
  // The rms behind the reference runs over the fewest half cycles that are a whole number of steps:
  // cut half cycles would ripple, alias to a few hertz and modulate the reference itself.
  const double half_cycle = filter_rate_hertz_ / (2.0 * setup.system_hertz);
  double smallest = 1.0;
  for (int halves = 1; halves <= 12 && smallest > 0.02; ++halves) {
    const double steps = half_cycle * halves;
    const double off = std::abs(steps - std::round(steps)) / std::sqrt(halves);
    if (off < smallest && steps >= 1.0) {
      smallest = off;
      rms_steps_ = static_cast<std::size_t>(std::round(steps));
    }
  }
  start_steps_ = static_cast<std::uint64_t>(std::round(kStartSeconds * filter_rate_hertz_));
  settle_steps_ = static_cast<std::uint64_t>(kSettleSeconds * filter_rate_hertz_);
  reference_gain_ =
      1.0 - std::exp(-static_cast<double>(rms_steps_) / (filter_rate_hertz_ * kReferenceSeconds));

  const double c = 2.0 * filter_rate_hertz_;
  const Weighting& w = setup.lamp == Lamp::V230 ? kLamp230 : kLamp120;
  const double wh = kTwoPi * 0.05;
  std::array<Digital, FlickerState::kStages> design{};
  // First order: c/(c + ωh)·(1 − z⁻¹)/(1 + (ωh − c)/(ωh + c)·z⁻¹).
  design[0] = {c / (c + wh), -c / (c + wh), 0.0, (wh - c) / (c + wh), 0.0};
  const double corner_hertz = setup.system_hertz < 55.0 ? 35.0 : 42.0;
  const double wc = c * std::tan(std::numbers::pi * corner_hertz / filter_rate_hertz_);
  for (int k = 0; k < 3; ++k) {
    const double angle = std::numbers::pi * (2.0 * k + 1.0) / 12.0;
    design[static_cast<std::size_t>(k) + 1] =
        bilinear(wc * wc, 0.0, 0.0, wc * wc, 2.0 * wc * std::sin(angle), 1.0, c);
  }
  // Exact at 25 Hz, so that the warping is small from there down and up to 40 Hz.
  const double cw = kTwoPi * 25.0 / std::tan(std::numbers::pi * 25.0 / filter_rate_hertz_);
  design[4] = bilinear(0.0, w.k * w.omega1, 0.0, w.omega1 * w.omega1, 2.0 * w.lambda, 1.0, cw);
  design[5] = bilinear(1.0, 1.0 / w.omega2, 0.0, 1.0, 1.0 / w.omega3 + 1.0 / w.omega4,
                       1.0 / (w.omega3 * w.omega4), cw);
  s.high_a1 = design[0].a1;
  for (std::size_t k = 0; k < 3; ++k) {
    s.low_a1[k] = design[k + 1].a1;
    s.low_a2[k] = design[k + 1].a2;
  }
  s.first_a1 = design[4].a1;
  s.first_a2 = design[4].a2;
  s.second_b1 = design[5].b1 / design[5].b0;
  s.second_b2 = design[5].b2 / design[5].b0;
  s.second_a1 = design[5].a1;
  s.second_a2 = design[5].a2;

  const double T = 1.0 / filter_rate_hertz_;
  s.mean_gain = T / (T + 2.0 * kMeanSeconds);

  // Block 4 scale: what the reference modulation gives through these filters, in closed form.
  // The kernel's sections leave out their b0.
  const Complex z1 = std::polar(1.0, -kTwoPi * kReferenceModulationHertz / filter_rate_hertz_);
  Complex gain = 1.0;
  for (const Digital& section : design) {
    gain *= (section.b0 + z1 * (section.b1 + z1 * section.b2)) /
            (section.b0 * (1.0 + z1 * (section.a1 + z1 * section.a2)));
  }
  const double R = s.decimation;
  const double x = std::numbers::pi * kReferenceModulationHertz / setup.sample_rate_hertz;
  const double box = std::sin(R * x) / (R * std::sin(x));
  const double amplitude = w.reference_percent / 100.0 * std::abs(gain) * box * box;
  const Complex zr =
      std::polar(1.0, -2.0 * kTwoPi * kReferenceModulationHertz / filter_rate_hertz_);
  const double ripple = std::abs(s.mean_gain * (1.0 + zr) / (1.0 - (1.0 - 2.0 * s.mean_gain) * zr));
  s.scale = 2.0 / (amplitude * amplitude * (1.0 + ripple));

  for (auto& counts : classes_) {
    counts.assign(kClasses, 0);
  }
  reset();
}

void Flicker::restart() noexcept {
  FlickerState& s = state_;
  for (std::size_t c = 0; c < kChannels; ++c) {
    for (std::size_t k = 0; k < FlickerState::kStages; ++k) {
      s.input[k][c] = s.s1[k][c] = s.s2[k][c] = 0.0;
    }
    // Settled on u² over its own reference, 1: the high-pass gives 0.
    s.input[0][c] = 1.0;
    s.s1[0][c] = -1.0;
    s.inverse[c] = 0.0;
    s.bias[c] = 1.0;
    s.rising[c] = s.hold[c] = s.sum_steps[c] = 0.0;
    s.mean_input[c] = s.mean[c] = s.max[c] = 0.0;
    s.missing[c] = false;
    interval_missing_[c] = true;
    reference_[c] = 0.0;
  }
  decimator_.in_block = 0;
  taken_ = 0;
  steps_ = 0;
  history_count_ = 0;
  for (auto& entry : history_) {
    entry.fill(std::numeric_limits<float>::quiet_NaN());
  }
  schedule();
}

void Flicker::reset() noexcept {
  restart();
  interval_missing_.fill(false);
  interval_max_.fill(0.0);
  for (auto& counts : classes_) {
    std::fill(counts.begin(), counts.end(), 0U);
  }
  classified_.fill(0);
}

void Flicker::push(const float* frames, std::size_t count, std::size_t lanes) noexcept {
  take(frames, count, lanes);
  run_to(taken_);
}

void Flicker::take(const float* frames, std::size_t count, std::size_t lanes) noexcept {
  for (std::size_t done = 0; done < count;) {
    FlickerBlock& block = waiting_[taken_ % waiting_.size()];
    done += kernel_->decimate(decimator_, frames + done * lanes, count - done, lanes, block);
    if (decimator_.in_block != 0) {
      return;
    }
    ++taken_;
    if (taken_ - steps_ == waiting_.size()) {
      run_to(taken_);
    }
  }
}

std::uint64_t Flicker::blocks_until(double frame) const noexcept {
  return static_cast<std::uint64_t>(std::max(0.0, std::floor(frame / state_.decimation)));
}

void Flicker::run_to(std::uint64_t block) noexcept {
  block = std::min(block, taken_);
  while (steps_ < block) {
    const std::uint64_t at = steps_ % waiting_.size();
    const std::uint64_t count =
        std::min({block - steps_, service_at_ - steps_, waiting_.size() - at});
    kernel_->filter(state_, waiting_.data() + at, static_cast<std::size_t>(count));
    steps_ += count;
    if (steps_ == service_at_) {
      serve();
      schedule();
    }
  }
}

void Flicker::schedule() noexcept {
  const std::uint64_t now = steps_;
  if (now == 0) {
    service_at_ = 1;
  } else if (now < 1 + start_steps_) {
    service_at_ = 1 + start_steps_;
  } else {
    const std::uint64_t rms = now + rms_steps_ - (now - 1 - start_steps_) % rms_steps_;
    const std::uint64_t classified = now + classify_every_ - now % classify_every_;
    service_at_ = std::min(rms, classified);
  }
}

void Flicker::serve() noexcept {
  FlickerState& s = state_;
  const std::uint64_t now = steps_;
  if (now == 1) {
    // The first value holds half a triangle only.
    std::fill(std::begin(s.sum_steps), std::end(s.sum_steps), 0.0);
    return;
  }
  if (now >= 1 + start_steps_ && (now - 1 - start_steps_) % rms_steps_ == 0) {
    // The reference starts at the rms of the first whole cycles; until then there is no flicker.
    const bool first = now == 1 + start_steps_;
    const double per = 1.0 / static_cast<double>(first ? start_steps_ : rms_steps_);
    for (std::size_t c = 0; c < kChannels; ++c) {
      const double rms = std::sqrt(s.sum_steps[c] * per);
      reference_[c] = first ? rms : reference_[c] + reference_gain_ * (rms - reference_[c]);
      const double square = reference_[c] * reference_[c];
      const bool there = square > 0.0;
      s.inverse[c] = there ? 1.0 / square : 0.0;
      s.bias[c] = there ? 0.0 : 1.0;
      s.hold[c] = square;
      s.sum_steps[c] = 0.0;
    }
  }
  if (now % classify_every_ != 0) {
    return;
  }
  // By the step, not by how many there were: none are taken before the reference starts.
  const std::uint64_t entry = now / classify_every_ - 1;
  std::array<float, kChannels>& latest = history_[entry % kHistory];
  history_count_ = entry + 1;
  for (std::size_t c = 0; c < kChannels; ++c) {
    if (now > settle_steps_) {
      interval_max_[c] = std::max(interval_max_[c], s.max[c]);
      classify(c, s.mean[c]);
      latest[c] = reference_[c] > 0.0 ? static_cast<float>(s.max[c])
                                      : std::numeric_limits<float>::quiet_NaN();
    } else {
      latest[c] = std::numeric_limits<float>::quiet_NaN();
      interval_missing_[c] = true;
    }
    s.max[c] = s.mean[c];
  }
}

Flicker::Values Flicker::p_inst() const noexcept {
  Values out;
  for (std::size_t c = 0; c < kChannels; ++c) {
    out[c] = steps_ > settle_steps_ && reference_[c] > 0.0 ? state_.mean[c] : kNotAvailable;
  }
  return out;
}

Flicker::Values Flicker::p_inst_max(double from_frame, double to_frame) const noexcept {
  // Entry j was taken at step (j + 1)·classify_every_, behind so many blocks.
  const double per = 1.0 / (state_.decimation * static_cast<double>(classify_every_));
  const double first = std::max(0.0, std::floor(from_frame * per));
  const double oldest =
      history_count_ > kHistory ? static_cast<double>(history_count_ - kHistory) : 0.0;
  const double last = std::min(std::floor(to_frame * per), static_cast<double>(history_count_));
  Values out;
  out.fill(kNotAvailable);
  for (double j = std::max(first, oldest); j < last; ++j) {
    const auto& entry = history_[static_cast<std::uint64_t>(j) % kHistory];
    for (std::size_t c = 0; c < kChannels; ++c) {
      const double p = static_cast<double>(entry[c]);
      out[c] = p > out[c] || (std::isnan(out[c]) && !std::isnan(p)) ? p : out[c];
    }
  }
  return out;
}

// A class is an exponent and seven bits of the mantissa: equal steps within an octave.
void Flicker::classify(std::size_t channel, double p) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(p * (1.0 / kLowestClass));
  const auto lowest = std::bit_cast<std::uint64_t>(1.0) >> 45U;
  const std::uint64_t key = bits >> 45U;
  const std::size_t index =
      !(p > kLowestClass) ? 0 : std::min<std::size_t>(key - lowest, kClasses - 1);
  ++classes_[channel][index];
  ++classified_[channel];
}

double Flicker::exceeded(std::size_t channel, double percent) const noexcept {
  const double wanted = percent / 100.0 * static_cast<double>(classified_[channel]);
  double above = 0.0;
  for (std::size_t i = kClasses; i-- > 0;) {
    const double inside = classes_[channel][i];
    if (above + inside >= wanted && inside > 0.0) {
      const auto octave = static_cast<int>(i) / kClassesPerOctave;
      const auto within = static_cast<int>(i) % kClassesPerOctave;
      const double base = std::ldexp(kLowestClass, octave);
      const double low =
          i == 0 ? 0.0 : base * (1.0 + within / static_cast<double>(kClassesPerOctave));
      const double high = base * (1.0 + (within + 1) / static_cast<double>(kClassesPerOctave));
      return high - (wanted - above) / inside * (high - low);
    }
    above += inside;
  }
  return 0.0;
}

Flicker::Interval Flicker::close_interval() noexcept {
  Interval out;
  for (std::size_t c = 0; c < kChannels; ++c) {
    const double expected = static_cast<double>(classified_[c]);
    if (expected > 0.0 && reference_[c] > 0.0) {
      const auto p = [&](double percent) { return exceeded(c, percent); };
      // IEC 61000-4-15 §5.7
      const double p1s = (p(0.7) + p(1.0) + p(1.5)) / 3.0;
      const double p3s = (p(2.2) + p(3.0) + p(4.0)) / 3.0;
      const double p10s = (p(6.0) + p(8.0) + p(10.0) + p(13.0) + p(17.0)) / 5.0;
      const double p50s = (p(30.0) + p(50.0) + p(80.0)) / 3.0;
      out.p_st[c] =
          std::sqrt(0.0314 * p(0.1) + 0.0525 * p1s + 0.0657 * p3s + 0.28 * p10s + 0.08 * p50s);
      out.p_inst_max[c] = interval_max_[c];
    } else {
      out.p_st[c] = kNotAvailable;
      out.p_inst_max[c] = kNotAvailable;
    }
    out.complete[c] = !interval_missing_[c] && !state_.missing[c] && expected > 0.0;
    std::fill(classes_[c].begin(), classes_[c].end(), 0U);
    classified_[c] = 0;
    interval_missing_[c] = false;
    state_.missing[c] = false;
    interval_max_[c] = 0.0;
  }
  return out;
}

double Flicker::p_lt(const double* p_st, std::size_t count) noexcept {
  double cubes = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    cubes += p_st[i] * p_st[i] * p_st[i];
  }
  return count == 0 ? kNotAvailable : std::cbrt(cubes / static_cast<double>(count));
}

}  // namespace halfcycle::metrology
