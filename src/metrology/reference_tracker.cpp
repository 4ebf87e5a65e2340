// SPDX-License-Identifier: Apache-2.0
#include "metrology/reference_tracker.hpp"

#include <algorithm>
#include <cmath>

#include "metrology/phase_smoothing.hpp"
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

// The level of changes is what this part of the last ones does not exceed: more than the cycles
// that a dip's two edges touch, and at least half of the peak for whatever beats with the half
// cycles.
constexpr double kLevelPart = 0.7;
constexpr double kAboveLevel = 3.0;
constexpr std::int64_t kFewestChanges = 12;

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
  floor_ = volts ? kVoltageFloorRatio * system.floor_voltage_volts()
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
  changes_ = 0;
  cycles_.fill(GridCycle{});
  slot(0).start = start;
}

void ReferenceTracker::expect_changes_of(const ReferenceTracker& other) noexcept {
  hertz_changes_ = other.hertz_changes_;
  magnitude_changes_ = other.magnitude_changes_;
  changes_ = other.changes_;
}

ReferenceTracker::Level ReferenceTracker::usual_change() const noexcept {
  const std::int64_t count = std::min(changes_, kLevelHalfCycles);
  if (count < kFewestChanges) {
    return {0.0, 0.0};
  }
  const auto level = [count](std::array<double, kLevelHalfCycles> changes) {
    const auto end = changes.begin() + count;
    const auto at =
        changes.begin() + static_cast<std::int64_t>(static_cast<double>(count) * kLevelPart);
    std::nth_element(changes.begin(), at, end);
    return kAboveLevel * *at;
  };
  return {level(hertz_changes_), level(magnitude_changes_)};
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
  follow_frequency();
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
    const bool beyond_limits = change > kGateHertz || (cycle.magnitude_change > kGateMagnitude &&
                                                       change > kGateMagnitudeHertz);
    Level usual{0.0, 0.0};
    if (locked_) {
      usual = beyond_limits ? usual_change() : usual;
      const auto at = static_cast<std::size_t>(changes_++ % kLevelHalfCycles);
      hertz_changes_[at] = change;
      magnitude_changes_[at] = cycle.magnitude_change;
    }
    const bool beyond = change > std::max(kGateHertz, usual.hertz) ||
                        (cycle.magnitude_change > std::max(kGateMagnitude, usual.magnitude) &&
                         change > std::max(kGateMagnitudeHertz, usual.hertz));
    cycle.disturbed = beyond || !locked_;
    if (cycle.disturbed && n >= 7) {
      const double f0 = cycle.measured_hertz;
      const double f1 = at(n - 2).measured_hertz;
      const double f2 = at(n - 4).measured_hertz;
      const double even = std::max(kConsistentMagnitude, usual.magnitude);
      const bool consistent =
          std::abs(f0 - 2.0 * f1 + f2) < std::max(kConsistentHertz, usual.hertz) &&
          std::abs(f0 - f1) < std::max(kConsistentSlopeHertz, usual.hertz) &&
          cycle.magnitude_change < even && at(n - 2).magnitude_change < even &&
          at(n - 4).magnitude_change < even;
      if (consistent || (locked_ && held_half_cycles_ >= kHoldHalfCycles)) {
        cycle.disturbed = false;
        locked_ = true;
        frequency_ = f0;
      }
    }
  }
  if (cycle.disturbed && !before.disturbed && locked_ && n > kSmoothAhead) {
    // What is held must not have looked ahead into the disturbance.
    frequency_ = held_hertz_[static_cast<std::size_t>(n - kSmoothAhead) % cycles_.size()];
  }
  held_half_cycles_ = cycle.disturbed ? held_half_cycles_ + 1 : 0;
  cycle.lost = !locked_;
  const bool recent = cycle.disturbed || before.disturbed || (n >= 3 && at(n - 2).disturbed);
  cycle.frequency_hertz = cycle.lost                                   ? kNotAvailable
                          : recent || std::isnan(cycle.measured_hertz) ? frequency_
                                                                       : cycle.measured_hertz;
}

void ReferenceTracker::follow_frequency() noexcept {
  const std::int64_t n = next_ - 1;
  bool quiet = locked_ && n - kGateHalfCycles >= 3;
  for (std::int64_t k = std::max<std::int64_t>(1, n - 2 * kGateHalfCycles); k <= n; ++k) {
    quiet = quiet && !at(k).disturbed;
  }
  if (!quiet) {
    return;
  }
  // One cycle late, so that the cycle before a disturbance is not believed.
  const GridCycle& cycle = at(n - kGateHalfCycles);
  const GridCycle& last = at(n - kGateHalfCycles - 2);
  frequency_ = cycle.smoothed && last.smoothed ? (cycle.smooth_turns - last.smooth_turns) *
                                                     rate_hertz_ / (cycle.centre - last.centre)
                                               : cycle.measured_hertz;
}

void ReferenceTracker::finalise(std::int64_t number) noexcept {
  if (number < 1) {
    return;
  }
  GridCycle& cycle = slot(number);
  final_ = number;
  smooth(number);
  if (number == 1) {
    cycle.gated_turns = cycle.smooth_turns;
    // Half cycle 0 stands for the start of the segment.
    slot(0).gated_turns =
        cycle.gated_turns - frequency_ * (cycle.centre - at(0).centre) / rate_hertz_;
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
  if (number == 2 && good) {
    slot(0).gated_turns = before.gated_turns - (cycle.smooth_turns - before.smooth_turns) *
                                                   (before.centre - at(0).centre) /
                                                   (cycle.centre - before.centre);
  }
  cycle.gated_turns =
      before.gated_turns + (good ? cycle.smooth_turns - before.smooth_turns
                                 : held * (cycle.centre - before.centre) / rate_hertz_);
}

bool ReferenceTracker::smooth_at(std::int64_t first, std::int64_t number,
                                 double& turns) const noexcept {
  const std::int64_t last = first + static_cast<std::int64_t>(kSmoothedPhases) - 1;
  if (first < 1 || last >= next_ || next_ - first > kHistory) {
    return false;
  }
  // Departures from a straight line, so that uneven half cycles do not matter.
  const GridCycle& from = at(first);
  const double per_sample =
      (at(last).counted_turns - from.counted_turns) / (at(last).centre - from.centre);
  const PhaseWeights& weights = kPhaseSmoothing[static_cast<std::size_t>(number - first + 1)];
  double sum = 0.0;
  for (std::int64_t k = first; k <= last; ++k) {
    const GridCycle& c = at(k);
    if (c.lost || c.disturbed) {
      return false;
    }
    sum += weights[static_cast<std::size_t>(k - first)] *
           (c.counted_turns - from.counted_turns - per_sample * (c.centre - from.centre));
  }
  turns = from.counted_turns + per_sample * (at(number).centre - from.centre) + sum;
  return true;
}

void ReferenceTracker::smooth(std::int64_t number) noexcept {
  GridCycle& cycle = slot(number);
  cycle.smooth_turns = cycle.counted_turns;
  // The last ones of a segment are at the end of the row.
  const std::int64_t last = std::min(number + kSmoothAhead, next_ - 1);
  if (number >= kFirstSmoothed) {
    cycle.smoothed = smooth_at(last - kSmoothBehind - kSmoothAhead, number, cycle.smooth_turns);
  }
}

void ReferenceTracker::smooth_beginning() noexcept {
  // Over the first seventeen, back to the start of the segment: half cycle 0.
  for (std::int64_t k = 0; k < kFirstSmoothed; ++k) {
    GridCycle& cycle = slot(k);
    if (!smooth_at(1, k, cycle.smooth_turns)) {
      return;
    }
    cycle.smoothed = true;
    cycle.gated_turns = cycle.smooth_turns;
  }
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
  const std::int64_t oldest = std::max<std::int64_t>(0, next_ - kHistory + 1);
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
  const std::int64_t oldest = std::max<std::int64_t>(0, next_ - kHistory + 1);
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
  const double floor = volts ? kVoltageFloorRatio * system.floor_voltage_volts()
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
