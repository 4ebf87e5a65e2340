// SPDX-License-Identifier: Apache-2.0
#include "quality/fault_analyzer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

namespace halfcycle::quality {
namespace {

constexpr double kSqrt2 = std::numbers::sqrt2;
constexpr double kPi = std::numbers::pi;
// A departure of a tenth of the peak is beyond noise, harmonics that drift and the error of linear
// interpolation at 16 samples a cycle (2 %).
constexpr double kDeparture = 0.10;
// The fault has cleared when nothing calls for it for this long.
constexpr int kQuietSteps = 3;
// Levels below this share of the largest one before the fault are a dead channel.
constexpr double kDeadRatio = 0.02;

std::size_t ring_channel_lane(std::size_t channel) {
  return channel < 3 ? lane(Input::V1) + channel : lane(Input::I1) + (channel - 3);
}

bool has_channel(InputMask inputs, std::size_t channel) {
  return inputs.has(static_cast<Input>(ring_channel_lane(channel)));
}

using Floats4 [[gnu::vector_size(16)]] = float;
using Ints4 [[gnu::vector_size(16)]] = std::int32_t;

// The largest magnitudes of the four currents in `count` frames of eight lanes. NaN is no
// magnitude.
void raise_peaks(const float* currents, std::uint64_t count, Floats4& peak) {
  constexpr std::size_t kChains = 4;  // a comparison need not wait for the one before it
  std::array<Floats4, kChains> largest{};
  const auto take = [&](std::size_t chain) {
    Ints4 bits;
    std::memcpy(&bits, currents, sizeof bits);
    const auto magnitude = reinterpret_cast<Floats4>(bits & 0x7FFFFFFF);
    largest[chain] = largest[chain] < magnitude ? magnitude : largest[chain];
    currents += 8;
  };
  for (; count >= kChains; count -= kChains) {
    take(0);
    take(1);
    take(2);
    take(3);
  }
  for (; count > 0; --count) {
    take(0);
  }
  for (const Floats4& chain : largest) {
    peak = peak < chain ? chain : peak;
  }
}

double wrapped(double radians) { return std::remainder(radians, 2.0 * kPi); }

}  // namespace

FaultAnalyzer::FaultAnalyzer(const FaultSetup& setup, Sink sink)
    : setup_(setup), sink_(std::move(sink)), frequency_hertz_(setup.nominal_frequency_hertz) {
  // A power of two: a place in the ring is a mask away.
  capacity_ =
      std::bit_ceil(static_cast<std::size_t>(std::ceil(2.5 * setup.sample_rate_hertz)) + 16);
  ring_ = std::make_unique_for_overwrite<float[]>(capacity_ * kLanes);
}

void FaultAnalyzer::push(const SampleBlock& block) {
  if (block.discontinuity != Discontinuity::None) {
    // The last half cycles before it are still to come and need their samples and their time.
    next_time_ = block.time;
    next_oldest_ = block.first_index;
    if (block.discontinuity == Discontinuity::Start) {
      newest_ = block.first_index;
      interrupt();
    }
  }
  // Up to the end of the ring, then from its beginning.
  for (std::size_t done = 0; done < block.frame_count;) {
    float* slot = ring_.get() + place_of(newest_);
    const std::size_t room = capacity_ - (newest_ & (capacity_ - 1));
    const std::size_t count = std::min(room, block.frame_count - done);
    const float* frame = block.frames + done * block.lanes;
    if (block.lanes == kLanes) {
      std::copy_n(frame, count * kLanes, slot);
    } else {
      for (std::size_t n = 0; n < count; ++n) {
        std::copy_n(frame + n * block.lanes, kLanes, slot + n * kLanes);
      }
    }
    newest_ += count;
    done += count;
  }
  oldest_ = std::max(oldest_, newest_ > capacity_ ? newest_ - capacity_ : 0);
}

double FaultAnalyzer::index_of(Instant instant) const {
  return static_cast<double>(time_.index) + (instant - time_.at).to_seconds() * time_.rate_hertz;
}

bool FaultAnalyzer::in_ring(double index) const {
  return index >= static_cast<double>(oldest_) && index <= static_cast<double>(newest_) - 1.0;
}

double FaultAnalyzer::sample(std::size_t channel, double index) const {
  const double whole = std::floor(index);
  const auto n = static_cast<std::uint64_t>(whole);
  const std::size_t at = ring_channel_lane(channel);
  const double left = static_cast<double>(ring_[place_of(n) + at]);
  if (index == whole) {
    return left;
  }
  const double right = static_cast<double>(ring_[place_of(n + 1) + at]);
  return left + (index - whole) * (right - left);
}

// Angle of the fundamental at `first`, by least squares of sine, cosine and a constant over the
// samples of [first, first + count); exact for a sine of the known frequency.
std::optional<double> FaultAnalyzer::angle(std::size_t channel, double first, double count) const {
  const double begin = std::ceil(first);
  const double end = first + count;
  if (!in_ring(begin) || !in_ring(end)) {
    return std::nullopt;
  }
  const double step = 2.0 * kPi * frequency_hertz_ / time_.rate_hertz;
  std::array<std::array<double, 4>, 3> m{};  // normal equations with the right-hand side
  for (double n = begin; n < end; n += 1.0) {
    const double phase = step * (n - first);
    const std::array<double, 3> basis{std::cos(phase), std::sin(phase), 1.0};
    const double x = sample(channel, n);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        m[r][c] += basis[r] * basis[c];
      }
      m[r][3] += basis[r] * x;
    }
  }
  for (std::size_t pivot = 0; pivot < 3; ++pivot) {
    if (!(std::abs(m[pivot][pivot]) > 1e-9)) {
      return std::nullopt;
    }
    for (std::size_t r = 0; r < 3; ++r) {
      if (r != pivot) {
        const double factor = m[r][pivot] / m[pivot][pivot];
        for (std::size_t c = pivot; c < 4; ++c) {
          m[r][c] -= factor * m[pivot][c];
        }
      }
    }
  }
  const double cosine = m[0][3] / m[0][0];
  const double sine = m[1][3] / m[1][1];
  return std::atan2(-sine, cosine);  // x = |X| cos(ωt + φ)
}

double FaultAnalyzer::level_before(std::size_t channel) const {
  // The middle of the older half of the history: untouched by what has just begun, and one
  // disturbed cycle does not decide it.
  std::array<double, kHistory / 2> older{};
  std::size_t count = 0;
  const std::size_t held = std::min(steps_, kHistory);
  for (std::size_t back = held; back > 3 && count < older.size(); --back) {
    const double value = history_[channel][(steps_ - back) % kHistory];
    if (is_available(value)) {
      older[count++] = value;
    }
  }
  if (count == 0) {
    return kNotAvailable;
  }
  std::sort(older.begin(), older.begin() + static_cast<std::ptrdiff_t>(count));
  return older[count / 2];
}

bool FaultAnalyzer::is_faulted(const FaultHalfCycle& now, Phases& over, Phases& low) const {
  std::array<double, kChannels> level{};
  for (std::size_t c = 0; c < kChannels; ++c) {
    level[c] = active_ ? before_[c] : level_before(c);
  }
  double largest_voltage = 0.0;
  double largest_current = 0.0;
  bool any_voltage = false;
  bool any_current = false;
  for (std::size_t p = 0; p < 3; ++p) {
    if (is_available(level[p])) {
      largest_voltage = std::max(largest_voltage, level[p]);
      any_voltage = true;
    }
    if (is_available(level[p + 3])) {
      largest_current = std::max(largest_current, level[p + 3]);
      any_current = true;
    }
  }
  over = {};
  low = {};
  bool voltage_moved = false;
  for (std::size_t p = 0; p < 3; ++p) {
    const double u = now.u_rms_volts[p];
    if (!is_available(u) || !is_available(level[p]) || level[p] < kDeadRatio * largest_voltage) {
      continue;
    }
    voltage_moved = voltage_moved || std::abs(u - level[p]) > 0.05 * level[p];
    low[p] = u < setup_.voltage_ratio * level[p];
  }
  bool over_current = false;
  for (std::size_t p = 0; p < 3; ++p) {
    const double i = now.i_rms_amperes[p];
    if (!is_available(i) || !is_available(level[p + 3])) {
      continue;
    }
    const double base = std::max(level[p + 3], 0.2 * largest_current);
    if (i > setup_.current_ratio * base && i > 0.0) {
      over[p] = true;
      over_current = true;
    }
  }
  if (over_current && (!any_voltage || voltage_moved)) {
    return true;
  }
  // Voltages alone: only where no current tells more, or while no breaker has opened.
  const bool current_gone = any_current && active_ &&
                            std::none_of(now.i_rms_amperes.begin(), now.i_rms_amperes.begin() + 3,
                                         [&](double i) { return i > 0.2 * largest_current; });
  if (current_gone) {
    return false;
  }
  return low[0] || low[1] || low[2];
}

void FaultAnalyzer::push(const FaultHalfCycle& now) {
  Phases over{};
  Phases low{};
  const bool faulted = steps_ >= 4 && is_faulted(now, over, low);
  if (!active_ && faulted) {
    begin(now);
  }
  if (active_) {
    track(now);
    if (faulted) {
      quiet_steps_ = 0;
      for (std::size_t p = 0; p < 3; ++p) {
        over_[p] = over_[p] || over[p];
        low_[p] = low_[p] || low[p];
      }
    } else {
      if (quiet_steps_++ == 0) {
        first_quiet_ = now;
      }
      if (quiet_steps_ >= kQuietSteps) {
        end(locate_clearing(first_quiet_));
      }
    }
    return;
  }
  for (std::size_t c = 0; c < kChannels; ++c) {
    history_[c][steps_ % kHistory] = c < 3 ? now.u_rms_volts[c] : now.i_rms_amperes[c - 3];
  }
  ++steps_;
  if (is_available(now.frequency_hertz)) {
    frequency_hertz_ = now.frequency_hertz;
  }
}

void FaultAnalyzer::begin(const FaultHalfCycle& now) {
  for (std::size_t c = 0; c < kChannels; ++c) {
    before_[c] = level_before(c);
  }
  active_ = true;
  quiet_steps_ = 0;
  report_ = FaultReport{};
  over_ = {};
  low_ = {};
  report_.inception = locate_inception(now);
  report_.current_peak_amperes.fill(kNotAvailable);
  report_.current_rms_amperes.fill(kNotAvailable);
  report_.prefault_rms_amperes.fill(kNotAvailable);
  report_.voltage_residual_volts.fill(kNotAvailable);
  report_.phase_jump_radians.fill(kNotAvailable);
  for (std::size_t p = 0; p < 4; ++p) {
    report_.prefault_rms_amperes[p] = before_[p + 3];
  }
  scanned_ = std::ceil(index_of(report_.inception));
}

Instant FaultAnalyzer::locate_inception(const FaultHalfCycle& now) const {
  const double period = time_.rate_hertz / frequency_hertz_;
  const double from = std::ceil(index_of(now.start) - period);
  const double to = index_of(now.end);
  for (double n = from; n <= to; n += 1.0) {
    if (!in_ring(n - period) || !in_ring(n)) {
      continue;
    }
    for (std::size_t c = 0; c < 6; ++c) {
      if (!has_channel(setup_.inputs, c) || !is_available(before_[c])) {
        continue;
      }
      const double now_rms = c < 3 ? now.u_rms_volts[c] : now.i_rms_amperes[c - 3];
      const double reference = std::max(before_[c], is_available(now_rms) ? 0.5 * now_rms : 0.0);
      if (std::abs(sample(c, n) - sample(c, n - period)) > kDeparture * kSqrt2 * reference) {
        return time_.instant_of(n);
      }
    }
  }
  return now.start;
}

Instant FaultAnalyzer::locate_clearing(const FaultHalfCycle& now) const {
  const double period = time_.rate_hertz / frequency_hertz_;
  const double from =
      std::max(std::ceil(index_of(now.start) - 1.5 * period), index_of(report_.inception));
  const double to = index_of(now.end);
  for (double n = std::floor(to); n >= from; n -= 1.0) {
    if (!in_ring(n) || !in_ring(n + period)) {
      continue;
    }
    for (std::size_t c = 0; c < 6; ++c) {
      if (!has_channel(setup_.inputs, c) || !faulted_phases()[c % 3]) {
        continue;
      }
      const double level = c < 3 ? before_[c] : report_.current_rms_amperes[c - 3];
      if (is_available(level) &&
          std::abs(sample(c, n) - sample(c, n + period)) > kDeparture * kSqrt2 * level) {
        return time_.instant_of(n + 1.0);
      }
    }
  }
  return now.start;
}

void FaultAnalyzer::scan_peaks(double until) {
  until = std::min(until, static_cast<double>(newest_) - 1.0);
  if (!(scanned_ <= until) || !in_ring(scanned_)) {
    return;
  }
  Floats4 peak{};
  const auto first = static_cast<std::uint64_t>(scanned_);
  const auto last = static_cast<std::uint64_t>(until);
  for (std::uint64_t n = first; n <= last;) {
    const float* frame = ring_.get() + place_of(n);
    const std::uint64_t room = capacity_ - (n & (capacity_ - 1));
    const std::uint64_t count = std::min(room, last + 1 - n);
    raise_peaks(frame + lane(Input::I1), count, peak);
    n += count;
  }
  scanned_ = static_cast<double>(last + 1);
  for (std::size_t p = 0; p < report_.current_peak_amperes.size(); ++p) {
    const auto magnitude = static_cast<double>(peak[p]);
    if (has_channel(setup_.inputs, p + 3) && !(magnitude <= report_.current_peak_amperes[p])) {
      report_.current_peak_amperes[p] = magnitude;
    }
  }
}

void FaultAnalyzer::track(const FaultHalfCycle& now) {
  for (std::size_t p = 0; p < 3; ++p) {
    if (!(now.u_rms_volts[p] >= report_.voltage_residual_volts[p])) {
      report_.voltage_residual_volts[p] = now.u_rms_volts[p];
    }
  }
  for (std::size_t p = 0; p < 4; ++p) {
    if (!(now.i_rms_amperes[p] <= report_.current_rms_amperes[p])) {
      report_.current_rms_amperes[p] = now.i_rms_amperes[p];
    }
  }
  scan_peaks(index_of(now.end));

  // The jump: the angle over the first whole cycle of the fault against the cycle before it, both
  // referred to the inception with the frequency before the fault.
  const double period = time_.rate_hertz / frequency_hertz_;
  const double inception = index_of(report_.inception);
  if (!is_available(report_.phase_jump_radians[0]) &&
      !is_available(report_.phase_jump_radians[1]) &&
      !is_available(report_.phase_jump_radians[2]) && in_ring(inception + 1.25 * period)) {
    for (std::size_t p = 0; p < 3; ++p) {
      // A voltage that is all but gone has no angle worth reporting.
      if (!has_channel(setup_.inputs, p) || !(now.u_rms_volts[p] > 0.05 * before_[p])) {
        continue;
      }
      const auto before = angle(p, inception - period, period);
      const auto during = angle(p, inception + 0.25 * period, period);
      if (before && during) {
        report_.phase_jump_radians[p] = wrapped(*during - *before - 0.5 * kPi);
      }
    }
  }
}

// Sound phases may carry a share of the fault current (a transformer that is earthed behind the
// meter feeds all three): where voltages have fallen, they name the faulted phases.
FaultAnalyzer::Phases FaultAnalyzer::faulted_phases() const {
  return low_[0] || low_[1] || low_[2] ? low_ : over_;
}

void FaultAnalyzer::end(std::optional<Instant> clearing) {
  report_.phases = faulted_phases();
  report_.clearing = clearing;
  if (clearing) {
    report_.duration_seconds = (*clearing - report_.inception).to_seconds();
  }
  // Ground took part if the residual current rose with the fault, or one phase fell alone.
  const double residual = report_.current_rms_amperes[3];
  const double largest = std::max({report_.current_rms_amperes[0], report_.current_rms_amperes[1],
                                   report_.current_rms_amperes[2], 0.0});
  const int phases =
      static_cast<int>(std::count(report_.phases.begin(), report_.phases.end(), true));
  report_.ground = is_available(residual) ? residual > 0.2 * largest && largest > 0.0
                                          : phases == 1 && !setup_.line_to_line;
  active_ = false;
  steps_ = 0;  // what comes next is judged against the state after this fault
  sink_(report_);
}

void FaultAnalyzer::interrupt() {
  if (active_) {
    end(std::nullopt);
  }
  steps_ = 0;
  if (next_time_) {
    time_ = *next_time_;
    oldest_ = std::max(oldest_, next_oldest_);
    next_time_.reset();
  }
}

}  // namespace halfcycle::quality
