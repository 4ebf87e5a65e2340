// SPDX-License-Identifier: Apache-2.0
#include "metrology/reference_tracker.hpp"

#include <algorithm>
#include <cmath>

#include "metrology/power.hpp"
#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {

using signal::kPi;
using signal::kTwoPi;
using signal::SamplePosition;

// Limits of the gate, found by simulation with dips, jumps, ramps and flicker.
constexpr double kGateHertz = 0.12;
constexpr double kGateMagnitude = 0.002;       // of the reference in one cycle …
constexpr double kGateMagnitudeHertz = 0.001;  // … together with this change of frequency
constexpr int kHoldHalfCycles = 40;
// Three cycles agree: on a straight line within this, and close to each other.
constexpr double kConsistentHertz = 0.03;
constexpr double kConsistentSlopeHertz = 0.15;
constexpr double kConsistentMagnitude = 0.01;
// A fundamental below this part of the nominal value is none.
constexpr double kVoltageFloorRatio = 0.02;
constexpr double kCurrentFloorRatio = 0.002;
// The positive sequence serves while it is at least this part of the strongest phase.
constexpr double kSequenceRatio = 0.15;
// Range over nominal in which a frequency is believed: 32 … 72.5 Hz of 50 Hz.
constexpr double kLowestRatio = 0.64;
constexpr double kHighestRatio = 1.45;
// With fewer cycles a spectrum says less than the nominal value.
constexpr double kCyclesForSpectrum = 3.0;

// Low-pass for the phase, newest last: keeps constants, slopes and ramps of frequency as they are,
// and of what beats with the fundamental at 0.3 to 1 times its frequency (or an alias of that
// between half cycles, as of an interharmonic) lets through less than 0.12, half-way between orders
// 0.007. derived: least squares over that band under the three conditions; the last two half cycles
// are all that it looks ahead.
constexpr std::array<double, 17> kSmooth{
    0.027377, 0.046627, 0.050095, 0.025266, -0.028478, -0.094404, -0.143560, -0.146739, -0.090168,
    0.016174, 0.140207, 0.241758, 0.289388, 0.274025,  0.210158,  0.127368,  0.054906};

double wrap_turns(double turns) { return turns - std::floor(turns + 0.5); }

bool has_voltages(InputMask inputs) {
  return inputs.has(Input::V1) || inputs.has(Input::V2) || inputs.has(Input::V3);
}

bool finite(std::complex<double> z) { return std::isfinite(z.real()) && std::isfinite(z.imag()); }

}  // namespace

ReferenceTracker::ReferenceTracker(const SystemSetup& system, InputMask inputs, double rate_hertz)
    : system_(system), rate_hertz_(rate_hertz) {
  const bool volts = has_voltages(inputs);
  first_lane_ = volts ? lane(Input::V1) : lane(Input::I1);
  floor_ = volts ? kVoltageFloorRatio * system.nominal_voltage_volts
                 : kCurrentFloorRatio * system.nominal_current_amperes;
  frequency_ = system.nominal_frequency_hertz;
}

void ReferenceTracker::restart(SamplePosition start, double frequency_hertz, bool locked) noexcept {
  next_ = 0;
  final_ = -1;
  frequency_ = frequency_hertz;
  locked_ = locked;
  held_half_cycles_ = 0;
  reference_ = Reference::Positive;
  cycles_.fill(GridCycle{});
  slot(0).start = start;
}

std::array<std::complex<double>, 3> ReferenceTracker::used_phasors(
    const LanePhasors& phasors) const noexcept {
  std::array<std::complex<double>, 3> p{};
  for (std::size_t k = 0; k < 3; ++k) {
    const std::complex<double> z = phasors[first_lane_ + k];
    p[k] = finite(z) ? z : std::complex<double>{};
  }
  return p;
}

std::complex<double> ReferenceTracker::reference_of(const std::array<std::complex<double>, 3>& p,
                                                    Reference reference, bool acb) noexcept {
  switch (reference) {
    case Reference::Positive:
      return symmetrical_components(p, acb).positive;
    case Reference::Negative:
      return symmetrical_components(p, acb).negative;
    case Reference::Phase1:
      return p[0];
    case Reference::Phase2:
      return p[1];
    case Reference::Phase3:
      return p[2];
  }
  return p[0];
}

void ReferenceTracker::choose_reference(const LanePhasors& phasors) noexcept {
  const auto p = used_phasors(phasors);
  const Sequence s = symmetrical_components(p, system_.phase_order == PhaseOrder::Acb);
  std::size_t strongest = 0;
  for (std::size_t k = 1; k < 3; ++k) {
    strongest = std::norm(p[k]) > std::norm(p[strongest]) ? k : strongest;
  }
  const double limit = kSequenceRatio * kSequenceRatio * std::norm(p[strongest]);
  if (std::norm(s.positive) >= limit) {
    reference_ = Reference::Positive;
  } else if (std::norm(s.negative) >= limit) {
    reference_ = Reference::Negative;
  } else {
    reference_ = static_cast<Reference>(static_cast<std::size_t>(Reference::Phase1) + strongest);
  }
}

ReferenceTracker::Step ReferenceTracker::step_between(const GridCycle& from,
                                                      const GridCycle& to) const noexcept {
  // A lane that is missing on one side counts on neither.
  auto a = used_phasors(from.phasors);
  auto b = used_phasors(to.phasors);
  for (std::size_t k = 0; k < 3; ++k) {
    if (!finite(from.phasors[first_lane_ + k]) || !finite(to.phasors[first_lane_ + k])) {
      a[k] = b[k] = {};
    }
  }
  const bool acb = system_.phase_order == PhaseOrder::Acb;
  const std::complex<double> za = reference_of(a, reference_, acb);
  const std::complex<double> zb = reference_of(b, reference_, acb);
  const double re = zb.real() * za.real() + zb.imag() * za.imag();
  const double im = zb.imag() * za.real() - zb.real() * za.imag();
  return {signal::atan2_radians(im, re) / kTwoPi, std::sqrt(std::norm(zb)),
          std::sqrt(std::norm(za))};
}

const GridCycle& ReferenceTracker::push(const signal::PhasorSum& half, SamplePosition a,
                                        SamplePosition b) noexcept {
  const std::int64_t n = next_++;
  GridCycle& cycle = slot(n);
  cycle = GridCycle{};
  cycle.number = n;
  cycle.start = a;
  cycle.end = b;
  cycle.cycle_start = a;
  cycle.centre = a;
  if (n >= 1) {
    const GridCycle& before = at(n - 1);
    cycle.has_cycle = true;
    cycle.cycle_start = before.start;
    const double first = a - before.start;
    const double second = b - a;
    const double span = first + second;
    cycle.centre = before.start + 0.5 * span;
    // The grid's own phase, in turns, averaged over the window; half cycle k runs from k/2.
    const double k = static_cast<double>(n);
    mean_grid_turns_[static_cast<std::size_t>(n) % cycles_.size()] =
        (first * (0.5 * (k - 1.0) + 0.25) + second * (0.5 * k + 0.25)) / span;
    // Half cycles are correlated from phase 0; odd ones lie half a turn on.
    const double sign = n % 2 == 0 ? -1.0 : 1.0;
    const double scale = sign * std::sqrt(2.0) / span;
    for (std::size_t l = 0; l < kMaxLanes; ++l) {
      cycle.phasors[l] = {scale * (last_half_.re[l] - half.re[l]),
                          scale * (last_half_.im[l] - half.im[l])};
    }
    judge(cycle);
  }
  last_half_ = half;
  held_hertz_[static_cast<std::size_t>(n) % cycles_.size()] = frequency_;
  finalise(n - kGateHalfCycles);
  return cycle;
}

void ReferenceTracker::judge(GridCycle& cycle) noexcept {
  const std::int64_t n = cycle.number;
  const auto mean_turns = [&](std::int64_t k) {
    return mean_grid_turns_[static_cast<std::size_t>(k) % cycles_.size()];
  };
  choose_reference(cycle.phasors);
  const std::complex<double> z =
      reference_of(used_phasors(cycle.phasors), reference_, system_.phase_order == PhaseOrder::Acb);
  const bool alive = std::norm(z) > floor_ * floor_;
  if (n == 1) {
    cycle.counted_turns = mean_turns(1) + signal::angle_radians(z) / kTwoPi;
    cycle.lost = !(locked_ && alive);
    cycle.frequency_hertz = cycle.lost ? kNotAvailable : frequency_;
    return;
  }
  const GridCycle& before = at(n - 1);
  const Step half_step = step_between(before, cycle);
  cycle.counted_turns =
      before.counted_turns + (mean_turns(n) - mean_turns(n - 1)) + wrap_turns(half_step.turns);
  // The second window has none before it that it does not overlap: half a cycle has to do.
  const GridCycle& last = at(n >= 3 ? n - 2 : n - 1);
  const Step step = step_between(last, cycle);
  const double turns = mean_turns(n) - mean_turns(last.number) + wrap_turns(step.turns);
  cycle.measured_hertz = turns * rate_hertz_ / (cycle.centre - last.centre);
  cycle.magnitude_change =
      step.magnitude_before > 0.0 ? std::abs(step.magnitude / step.magnitude_before - 1.0) : 1.0;
  const double ratio = cycle.measured_hertz / system_.nominal_frequency_hertz;
  const bool plausible = ratio > kLowestRatio && ratio < kHighestRatio;
  if (!alive || !plausible) {
    cycle.disturbed = true;
    if (!alive) {
      locked_ = false;
    }
  } else {
    const double change = std::abs(cycle.measured_hertz - frequency_);
    const bool beyond = change > kGateHertz ||
                        (cycle.magnitude_change > kGateMagnitude && change > kGateMagnitudeHertz);
    cycle.disturbed = beyond || !locked_;
    if (cycle.disturbed && n >= 7) {
      const double f0 = cycle.measured_hertz;
      const double f1 = at(n - 2).measured_hertz;
      const double f2 = at(n - 4).measured_hertz;
      const bool consistent = std::abs(f0 - 2.0 * f1 + f2) < kConsistentHertz &&
                              std::abs(f0 - f1) < kConsistentSlopeHertz &&
                              cycle.magnitude_change < kConsistentMagnitude &&
                              at(n - 2).magnitude_change < kConsistentMagnitude &&
                              at(n - 4).magnitude_change < kConsistentMagnitude;
      if (consistent || (locked_ && held_half_cycles_ >= kHoldHalfCycles)) {
        cycle.disturbed = false;
        locked_ = true;
        frequency_ = f0;
      }
    }
  }
  held_half_cycles_ = cycle.disturbed ? held_half_cycles_ + 1 : 0;
  cycle.lost = !locked_;
  bool quiet = locked_;
  for (std::int64_t k = std::max<std::int64_t>(1, n - 2 * kGateHalfCycles); k <= n; ++k) {
    quiet = quiet && !at(k).disturbed;
  }
  if (quiet && n - kGateHalfCycles >= 3) {
    // One cycle late, so that the cycle before a disturbance is not believed.
    frequency_ = at(n - kGateHalfCycles).measured_hertz;
  }
  const bool recent = cycle.disturbed || before.disturbed || (n >= 3 && at(n - 2).disturbed);
  cycle.frequency_hertz = cycle.lost                                   ? kNotAvailable
                          : recent || std::isnan(cycle.measured_hertz) ? frequency_
                                                                       : cycle.measured_hertz;
}

void ReferenceTracker::finalise(std::int64_t number) noexcept {
  if (number < 1) {
    return;
  }
  GridCycle& cycle = slot(number);
  final_ = number;
  cycle.smooth_turns = smoothed(number);
  if (number == 1) {
    cycle.gated_turns = cycle.smooth_turns;
    return;
  }
  if (number == kFirstSmoothed && number + kSmoothAhead < next_) {
    smooth_beginning();
  }
  const GridCycle& before = at(number - 1);
  bool good = !cycle.lost && !before.lost;
  const std::int64_t last = std::min(number + kGateHalfCycles, next_ - 1);
  for (std::int64_t k = std::max<std::int64_t>(1, number - kGateHalfCycles); k <= last; ++k) {
    good = good && !at(k).disturbed;
  }
  const double held = held_hertz_[static_cast<std::size_t>(last) % cycles_.size()];
  cycle.gated_turns =
      before.gated_turns + (good ? cycle.smooth_turns - before.smooth_turns
                                 : held * (cycle.centre - before.centre) / rate_hertz_);
}

void ReferenceTracker::smooth_beginning() noexcept {
  // A parabola through the first cycles, by least squares: a ramp of frequency stays one.
  constexpr std::int64_t kLast = kSmoothBehind + 2 + kSmoothAhead;
  constexpr double kMiddle = 0.5 * (1.0 + static_cast<double>(kLast));
  for (std::int64_t k = 1; k <= kLast; ++k) {
    if (at(k).lost || at(k).disturbed) {
      return;
    }
  }
  const GridCycle& one = at(1);
  const GridCycle& last = at(kLast);
  const double per_sample = (last.counted_turns - one.counted_turns) / (last.centre - one.centre);
  const auto line = [&](const GridCycle& c) {
    return one.counted_turns + per_sample * (c.centre - one.centre);
  };
  // Orthogonal polynomials 1, x, x² − m over the cycles.
  double m = 0.0;
  for (std::int64_t k = 1; k <= kLast; ++k) {
    const double x = static_cast<double>(k) - kMiddle;
    m += x * x / static_cast<double>(kLast);
  }
  std::array<double, 3> sum{};
  std::array<double, 3> norm{};
  for (std::int64_t k = 1; k <= kLast; ++k) {
    const double x = static_cast<double>(k) - kMiddle;
    const std::array<double, 3> p{1.0, x, x * x - m};
    const double rest = at(k).counted_turns - line(at(k));
    for (std::size_t j = 0; j < p.size(); ++j) {
      sum[j] += p[j] * rest;
      norm[j] += p[j] * p[j];
    }
  }
  for (std::int64_t k = 1; k <= kSmoothBehind + 1; ++k) {
    const double x = static_cast<double>(k) - kMiddle;
    GridCycle& cycle = slot(k);
    cycle.smooth_turns =
        line(cycle) + sum[0] / norm[0] + x * sum[1] / norm[1] + (x * x - m) * sum[2] / norm[2];
    cycle.gated_turns = cycle.smooth_turns;
  }
}

double ReferenceTracker::smoothed(std::int64_t number) const noexcept {
  static_assert(kSmooth.size() == kSmoothBehind + 1 + kSmoothAhead);
  const GridCycle& cycle = at(number);
  const std::int64_t first = number - kSmoothBehind;
  const std::int64_t last = number + kSmoothAhead;
  if (first < 2 || last >= next_ || next_ - first > kHistory) {
    return cycle.counted_turns;
  }
  // Departures from a straight line, so that uneven half cycles do not matter.
  const double per_sample =
      (at(last).counted_turns - at(first).counted_turns) / (at(last).centre - at(first).centre);
  double sum = 0.0;
  double weight = 0.0;
  for (std::int64_t k = first; k <= last; ++k) {
    const GridCycle& c = at(k);
    if (c.lost || c.disturbed) {
      return cycle.counted_turns;
    }
    const double h = kSmooth[static_cast<std::size_t>(k - first)];
    sum += h * (c.counted_turns - cycle.counted_turns - per_sample * (c.centre - cycle.centre));
    weight += h;
  }
  return cycle.counted_turns + sum / weight;
}

void ReferenceTracker::close() noexcept {
  for (std::int64_t k = std::max<std::int64_t>(final_ + 1, 1); k < next_; ++k) {
    finalise(k);
  }
}

double ReferenceTracker::turns_at(SamplePosition position) const noexcept {
  if (final_ < 1) {
    return (position - at(0).start) * frequency_ / rate_hertz_;
  }
  std::int64_t k = final_;
  const std::int64_t oldest = std::max<std::int64_t>(1, next_ - kHistory + 1);
  while (k > oldest && position < at(k).centre) {
    --k;
  }
  const GridCycle& from = at(k);
  if (k < final_ && from.centre <= position) {
    const GridCycle& to = at(k + 1);
    return from.gated_turns + (position - from.centre) / (to.centre - from.centre) *
                                  (to.gated_turns - from.gated_turns);
  }
  return from.gated_turns + (position - from.centre) * outer_turns_per_sample(k);
}

double ReferenceTracker::outer_turns_per_sample(std::int64_t k) const noexcept {
  if (k < final_) {  // before the oldest centre: as between the first two
    return (at(k + 1).gated_turns - at(k).gated_turns) / (at(k + 1).centre - at(k).centre);
  }
  return frequency_ / rate_hertz_;
}

SamplePosition ReferenceTracker::position_at(double turns) const noexcept {
  if (final_ < 1) {
    return at(0).start + turns * rate_hertz_ / frequency_;
  }
  std::int64_t k = final_;
  const std::int64_t oldest = std::max<std::int64_t>(1, next_ - kHistory + 1);
  while (k > oldest && turns < at(k).gated_turns) {
    --k;
  }
  const GridCycle& from = at(k);
  const double ahead = turns - from.gated_turns;
  if (k < final_ && ahead >= 0.0) {
    const GridCycle& to = at(k + 1);
    return from.centre + ahead / (to.gated_turns - from.gated_turns) * (to.centre - from.centre);
  }
  return from.centre + ahead / outer_turns_per_sample(k);
}

bool ReferenceTracker::lost_within(SamplePosition from, SamplePosition to) const noexcept {
  bool lost = false;
  bool seen = false;
  for (std::int64_t k = std::max<std::int64_t>(1, next_ - kHistory + 1); k < next_; ++k) {
    const GridCycle& cycle = at(k);
    if (cycle.cycle_start < to && from < cycle.end) {
      seen = true;
      lost = lost || cycle.lost;
    }
  }
  return lost || !seen;
}

bool ReferenceTracker::disturbed_within(SamplePosition from, SamplePosition to) const noexcept {
  for (std::int64_t k = std::max<std::int64_t>(1, next_ - kHistory + 1); k < next_; ++k) {
    const GridCycle& cycle = at(k);
    if (cycle.cycle_start < to && from < cycle.end && cycle.disturbed) {
      return true;
    }
  }
  return false;
}

double coarse_frequency(const float* frames, std::size_t frame_count, std::size_t lanes,
                        double rate_hertz, const SystemSetup& system, InputMask inputs) noexcept {
  const bool volts = has_voltages(inputs);
  const std::size_t first = volts ? lane(Input::V1) : lane(Input::I1);
  const double nominal = system.nominal_frequency_hertz;
  const double cycles = static_cast<double>(frame_count) / rate_hertz * nominal;
  const double floor = volts ? kVoltageFloorRatio * system.nominal_voltage_volts
                             : kCurrentFloorRatio * system.nominal_current_amperes;
  if (cycles < 1.0) {
    return kNotAvailable;
  }
  // Means of some frames are enough for a guess: at least 24 a nominal cycle are kept.
  const std::size_t group =
      std::max<std::size_t>(1, static_cast<std::size_t>(rate_hertz / nominal / 24.0));
  const std::size_t points = frame_count / group;
  const double seconds = static_cast<double>(points * group) / rate_hertz;
  const double step = std::min(0.5 / seconds, 0.1 * nominal);
  const auto power_at = [&](double f) {
    std::array<std::complex<double>, 3> sum{};
    double weight = 0.0;
    const double turns = f * static_cast<double>(group) / rate_hertz;
    const signal::SinCos by = signal::sin_cos_turns(turns);
    const signal::SinCos hann_by = signal::sin_cos_turns(1.0 / static_cast<double>(points));
    std::complex<double> w(1.0, 0.0);
    std::complex<double> hann(1.0, 0.0);
    for (std::size_t p = 0; p < points; ++p) {
      const double window = 0.5 - 0.5 * hann.real();
      weight += window;
      for (std::size_t k = 0; k < 3; ++k) {
        double x = 0.0;
        for (std::size_t g = 0; g < group; ++g) {
          x += static_cast<double>(frames[(p * group + g) * lanes + first + k]);
        }
        if (std::isfinite(x)) {
          sum[k] += x * window * w;
        }
      }
      w = {w.real() * by.cos + w.imag() * by.sin, w.imag() * by.cos - w.real() * by.sin};
      hann = {hann.real() * hann_by.cos - hann.imag() * hann_by.sin,
              hann.imag() * hann_by.cos + hann.real() * hann_by.sin};
    }
    const double scale = std::sqrt(2.0) / (weight * static_cast<double>(group));
    double largest = 0.0;
    double total = 0.0;
    for (const auto& s : sum) {
      largest = std::max(largest, std::norm(s));
      total += std::norm(s);
    }
    return std::pair{total * scale * scale, std::sqrt(largest) * scale};
  };
  double best_power = 0.0;
  double best_rms = 0.0;
  double best = kNotAvailable;
  for (double f = kLowestRatio * nominal; f <= kHighestRatio * nominal; f += step) {
    const auto [power, rms] = power_at(f);
    if (power > best_power) {
      best_power = power;
      best_rms = rms;
      best = f;
    }
  }
  if (!(best_rms > floor)) {
    return kNotAvailable;
  }
  if (cycles < kCyclesForSpectrum) {
    return nominal;
  }
  // The vertex of a parabola through three neighbours.
  const double below = power_at(best - step).first;
  const double above = power_at(best + step).first;
  const double curvature = below - 2.0 * best_power + above;
  if (curvature < 0.0) {
    best += step * std::clamp(0.5 * (below - above) / curvature, -1.0, 1.0);
  }
  return best;
}

}  // namespace halfcycle::metrology
