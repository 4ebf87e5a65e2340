// SPDX-License-Identifier: Apache-2.0
#include "app/assume.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <span>

#include "base/format.hpp"

namespace halfcycle::app {
namespace {

// Slower samples carry no cycle of 50 Hz (DESIGN §2: eight samples a cycle).
constexpr double kLeastRateHertz = 8 * 50.0;
constexpr std::size_t kReadFrames = 8192;
// A live source is asked again and again until it is silent for half a second.
constexpr double kLiveLookSeconds = 0.25;
constexpr long kIdlePauseNs = 5000000;
constexpr int kIdleReads = 100;
constexpr std::size_t kFirstCycles = 10;
// A voltage below this share of the largest is dead: it says nothing about the rating.
constexpr double kLiveShare = 0.2;
// A sine explains at least half of what an energised channel carries; noise has no such sine.
constexpr double kEnergisedShare = 0.5;

struct Point {
  double seconds = 0.0;
  std::array<float, kMaxLanes> value{};
  double period = 0.0;
};

std::vector<Point> points_of(const std::vector<StoredBlock>& blocks, double until_seconds) {
  std::vector<Point> points;
  if (blocks.empty()) {
    return points;
  }
  const SampleBlock first = blocks.front().view();
  const Instant zero = first.time.instant_of(static_cast<double>(first.first_index));
  std::size_t frames = 0;
  for (const StoredBlock& stored : blocks) {
    frames += stored.block.frame_count;
  }
  points.reserve(frames);
  for (const StoredBlock& stored : blocks) {
    const SampleBlock block = stored.view();
    if (block.time.rate_hertz < kLeastRateHertz) {
      continue;
    }
    const Instant start = block.time.instant_of(static_cast<double>(block.first_index));
    for (std::size_t n = 0; n < block.frame_count; ++n) {
      Point point;
      point.seconds = (start - zero).to_seconds() + static_cast<double>(n) / block.time.rate_hertz;
      if (point.seconds >= until_seconds) {
        return points;
      }
      point.period = 1.0 / block.time.rate_hertz;
      std::copy_n(block.frames + n * block.lanes, block.lanes, point.value.begin());
      points.push_back(point);
    }
  }
  return points;
}

// Groups of samples averaged so that some 32 a cycle remain: enough for a frequency, few to sum.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t at_most) {
  std::vector<Point> out;
  for (std::size_t i = 0; i < points.size() && out.size() < at_most;) {
    const auto group =
        static_cast<std::size_t>(std::max(1.0, 1.0 / (60.0 * 32.0) / points[i].period));
    const std::size_t end = std::min(i + group, points.size());
    Point mean;
    std::array<double, kMaxLanes> sum{};
    double seconds = 0.0;
    for (std::size_t k = i; k < end; ++k) {
      seconds += points[k].seconds;
      for (std::size_t l = 0; l < kMaxLanes; ++l) {
        sum[l] += points[k].value[l];
      }
    }
    const auto count = static_cast<double>(end - i);
    mean.seconds = seconds / count;
    for (std::size_t l = 0; l < kMaxLanes; ++l) {
      mean.value[l] = static_cast<float>(sum[l] / count);
    }
    out.push_back(mean);
    i = end;
  }
  return out;
}

// Cosine and sine of a frequency at the instants of the points, worked out once for all lanes.
class Bases {
 public:
  explicit Bases(const std::vector<Point>& points) : points_(points) {}
  struct Basis {
    double cosine;
    double sine;
  };
  const std::vector<Basis>& of(double hertz) {
    std::vector<Basis>& basis = known_[hertz];
    if (basis.empty()) {
      basis.reserve(points_.size());
      for (const Point& point : points_) {
        const double angle = 2.0 * std::numbers::pi * hertz * point.seconds;
        basis.push_back({std::cos(angle), std::sin(angle)});
      }
    }
    return basis;
  }

 private:
  const std::vector<Point>& points_;
  std::map<double, std::vector<Basis>> known_;
};

// Share of the energy of one lane that a·cos + b·sin + c explains, c apart: the three-parameter
// least-squares fit of IEEE 1057 by its normal equations.
double sine_share(const std::vector<Point>& points, std::size_t lane,
                  const std::vector<Bases::Basis>& bases) {
  std::array<std::array<double, 4>, 3> m{};
  double energy = 0.0;
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t n = 0; n < points.size(); ++n) {
    const double y = points[n].value[lane];
    if (!std::isfinite(y)) {
      continue;
    }
    const std::array<double, 3> basis{bases[n].cosine, bases[n].sine, 1.0};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        m[r][c] += basis[r] * basis[c];
      }
      m[r][3] += basis[r] * y;
    }
    energy += y * y;
    sum += y;
    count += 1.0;
  }
  const double varying = energy - (count > 0.0 ? sum * sum / count : 0.0);
  if (count < 8.0 || !(varying > 0.0)) {
    return 0.0;
  }
  const std::array<double, 3> right{m[0][3], m[1][3], m[2][3]};
  for (std::size_t pivot = 0; pivot < 3; ++pivot) {
    if (std::abs(m[pivot][pivot]) < 1e-12 * count) {
      return 0.0;
    }
    for (std::size_t r = 0; r < 3; ++r) {
      if (r == pivot) {
        continue;
      }
      const double factor = m[r][pivot] / m[pivot][pivot];
      for (std::size_t c = pivot; c < 4; ++c) {
        m[r][c] -= factor * m[pivot][c];
      }
    }
  }
  double explained = -(sum * sum / count);
  for (std::size_t r = 0; r < 3; ++r) {
    explained += m[r][3] / m[r][r] * right[r];
  }
  return std::clamp(explained / varying, 0.0, 1.0);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

// Median of the rms of the first whole cycles of one lane.
std::optional<double> level_of(const std::vector<Point>& points, std::size_t lane, double hertz) {
  const double cycle = 1.0 / hertz;
  std::vector<double> rms;
  double squares = 0.0;
  double covered = 0.0;
  std::size_t number = 0;
  std::size_t count = 0;
  const auto close = [&] {
    // A cycle with a hole, or cut off at the end, is none.
    if (count > 0 && covered > 0.93 * cycle) {
      rms.push_back(std::sqrt(squares / static_cast<double>(count)));
    }
    squares = 0.0;
    covered = 0.0;
    count = 0;
  };
  for (const Point& point : points) {
    const auto at = static_cast<std::size_t>(point.seconds / cycle + 1e-9);
    if (at != number) {
      close();
      number = at;
    }
    if (rms.size() >= kFirstCycles) {
      break;
    }
    const double y = point.value[lane];
    if (std::isfinite(y)) {
      squares += y * y;
      covered += point.period;
      ++count;
    }
  }
  close();
  if (rms.empty()) {
    return std::nullopt;
  }
  return median(std::move(rms));
}

// Usual ratings of low-voltage systems and of voltage-transformer secondaries, in volts: as they
// are between phase and neutral and between phases (IEC 60038 tables 1 and 7, ANSI C84.1; 57.735
// and 63.5 are 100 and 110 over √3, IEC 61869-3 §5.1.2). 347 is 600/√3.
constexpr std::array kLineToNeutralVolts{57.735, 63.5,  100.0, 110.0, 120.0, 230.0,
                                         277.0,  347.0, 400.0, 480.0, 690.0};
constexpr std::array kLineToLineVolts{100.0, 110.0, 120.0, 190.0, 208.0, 230.0,
                                      400.0, 480.0, 600.0, 690.0, 1000.0};
// Systems above 1 kV, between phases (IEC 60038 tables 3 to 5 and usual ones of other series).
constexpr std::array kSystemKilovolts{3.3,   4.16,  6.0,   6.6,   10.0,  11.0,  12.47, 13.8,
                                      15.0,  20.0,  22.0,  25.0,  33.0,  34.5,  35.0,  66.0,
                                      69.0,  110.0, 115.0, 132.0, 138.0, 150.0, 220.0, 230.0,
                                      275.0, 330.0, 345.0, 380.0, 400.0, 500.0, 765.0};

}  // namespace

StoredBlock::StoredBlock(const SampleBlock& original)
    : block(original),
      frames(original.frames, original.frames + original.frame_count * original.lanes) {}

SampleBlock StoredBlock::view() const {
  SampleBlock copy = block;
  copy.frames = frames.data();
  return copy;
}

Result<std::vector<StoredBlock>> first_look(source::Source& source) {
  std::vector<StoredBlock> blocks;
  std::size_t frames = 0;
  double seconds = 0.0;
  const bool live = source.info().live;
  const double enough = live ? kLiveLookSeconds : kFirstLookSeconds;
  int idle = 0;
  while (frames < kFirstLookFrames && seconds < enough) {
    // A slow source (one sample a cycle) is not asked for more than a look's worth at a time.
    const auto block = source.read(kReadFrames);
    if (!block) {
      return fail(block.error());
    }
    if (!*block) {
      break;
    }
    if ((*block)->frame_count == 0) {
      if (++idle > kIdleReads) {
        break;
      }
      const timespec pause{.tv_sec = 0, .tv_nsec = kIdlePauseNs};
      nanosleep(&pause, nullptr);
      continue;
    }
    idle = 0;
    blocks.emplace_back(**block);
    frames += (*block)->frame_count;
    seconds += static_cast<double>((*block)->frame_count) / (*block)->time.rate_hertz;
  }
  return blocks;
}

Measured measure_first_cycles(const std::vector<StoredBlock>& blocks,
                              std::optional<double> until_seconds) {
  Measured measured;
  if (blocks.empty()) {
    return measured;
  }
  // Two cycles of 50 Hz are the least that tells 50 from 60; one before the trigger is left out,
  // since the event may have begun before it was recognised.
  double until = kFirstLookSeconds;
  if (until_seconds && *until_seconds - 0.02 >= 0.04) {
    until = std::min(until, *until_seconds - 0.02);
  }
  const std::vector<Point> points = points_of(blocks, until);
  const std::vector<Point> few = thinned(points, 1024);
  Bases bases(few);
  const InputMask inputs = blocks.front().block.inputs;

  // The channel with the clearest sine tells the frequency: a voltage, without one a current.
  constexpr std::array kVoltages{Input::V1, Input::V2, Input::V3, Input::V4};
  constexpr std::array kCurrents{Input::I1, Input::I2, Input::I3, Input::I4, Input::I5};
  std::array<double, kMaxLanes> share{};
  const auto search = [&](std::span<const Input> candidates) {
    for (const Input input : candidates) {
      if (!inputs.has(input)) {
        continue;
      }
      double best_share = 0.0;
      double best_hertz = 0.0;
      const auto scan = [&](double from, double to, double step) {
        const int steps = static_cast<int>(std::lround((to - from) / step));
        for (int k = 0; k <= steps; ++k) {
          const double hertz = from + step * k;
          const double explained = sine_share(few, lane(input), bases.of(hertz));
          if (explained > best_share) {
            best_share = explained;
            best_hertz = hertz;
          }
        }
      };
      scan(40.0, 70.0, 1.0);
      if (best_share > 0.0) {
        scan(best_hertz - 1.0, best_hertz + 1.0, 0.1);
      }
      share[lane(input)] = best_share;
      if (best_share > measured.sine_share) {
        measured.sine_share = best_share;
        measured.frequency_hertz = best_hertz;
      }
    }
  };
  search(kVoltages);
  if (measured.sine_share < kEnergisedShare) {
    search(kCurrents);
  }
  if (measured.sine_share < kEnergisedShare) {
    measured.frequency_hertz.reset();
  }

  const double nominal =
      measured.frequency_hertz && *measured.frequency_hertz >= 55.0 ? 60.0 : 50.0;
  std::vector<double> levels;
  for (const Input input : {Input::V1, Input::V2, Input::V3}) {
    if (inputs.has(input) && share[lane(input)] >= kEnergisedShare) {
      if (const auto level = level_of(points, lane(input), nominal)) {
        levels.push_back(*level);
      }
    }
  }
  if (!levels.empty()) {
    const double largest = *std::max_element(levels.begin(), levels.end());
    std::erase_if(levels, [&](double level) { return level < kLiveShare * largest; });
    measured.voltage_volts = median(std::move(levels));
  }
  return measured;
}

std::optional<double> usual_rating(double level_volts, bool line_to_line) {
  std::optional<double> best;
  double best_distance = 0.1;
  const auto consider = [&](double rating) {
    const double distance = std::abs(level_volts / rating - 1.0);
    if (distance <= best_distance) {
      best_distance = distance;
      best = rating;
    }
  };
  if (line_to_line) {
    std::for_each(kLineToLineVolts.begin(), kLineToLineVolts.end(), consider);
  } else {
    std::for_each(kLineToNeutralVolts.begin(), kLineToNeutralVolts.end(), consider);
  }
  for (const double kilovolts : kSystemKilovolts) {
    consider(line_to_line ? kilovolts * 1e3 : kilovolts * 1e3 / std::numbers::sqrt3);
  }
  return best;
}

Assumption assume_system(const source::SourceInfo& info, const Overrides& given,
                         const Measured& measured) {
  Assumption out;
  out.assumed = info.assumed;
  const auto assume = [&](std::string_view key) {
    if (std::find(out.assumed.begin(), out.assumed.end(), key) == out.assumed.end()) {
      out.assumed.emplace_back(key);
    }
  };

  if (given.wiring) {
    out.system.wiring = *given.wiring;
    std::erase(out.assumed, "wiring");
  } else {
    out.system.wiring = info.wiring.value_or(Wiring::FourWireWye);
    if (!info.wiring) {
      assume("wiring");
    }
  }

  std::optional<double> declared;
  if (info.nominal_frequency_hertz) {
    for (const double usual : {50.0, 60.0}) {
      if (std::abs(*info.nominal_frequency_hertz / usual - 1.0) < 0.02) {
        declared = usual;
      }
    }
  }
  std::optional<double> seen;
  if (measured.frequency_hertz) {
    seen = *measured.frequency_hertz >= 55.0 ? 60.0 : 50.0;
  }
  if (given.nominal_frequency_hertz) {
    out.system.nominal_frequency_hertz = *given.nominal_frequency_hertz;
  } else if (declared && seen && *declared != *seen && measured.sine_share > 0.9 &&
             std::abs(*measured.frequency_hertz - *seen) < 1.5) {
    out.system.nominal_frequency_hertz = *seen;
    assume("nominal_frequency_Hz");
    out.warnings.push_back(
        format("the file declares {:g} Hz, but the signal has {:.1f} Hz: measured as a {:g} Hz "
               "system (--nominal-frequency decides otherwise)",
               *info.nominal_frequency_hertz, *measured.frequency_hertz, *seen));
  } else if (declared) {
    out.system.nominal_frequency_hertz = *declared;
  } else {
    out.system.nominal_frequency_hertz = seen.value_or(50.0);
    assume("nominal_frequency_Hz");
    if (!seen) {
      out.warnings.emplace_back(
          "nothing in the first cycles tells 50 from 60 Hz: 50 Hz is assumed "
          "(--nominal-frequency decides otherwise)");
    }
  }

  if (given.nominal_voltage_volts) {
    out.system.nominal_voltage_volts = *given.nominal_voltage_volts;
    return out;
  }
  const bool line_to_line = out.system.wiring == Wiring::Delta;
  const auto level = measured.voltage_volts;
  std::optional<double> rating = info.nominal_voltage_volts;
  if (rating && level && !line_to_line && std::abs(*level / *rating - 1.0) > 0.25 &&
      std::abs(*level * std::numbers::sqrt3 / *rating - 1.0) <= 0.1) {
    // The transformer's plate names the voltage between phases, its winding is connected to
    // neutral.
    rating = *rating / std::numbers::sqrt3;
  }
  if (rating) {
    out.system.nominal_voltage_volts = *rating;
  } else if (level) {
    out.system.nominal_voltage_volts = usual_rating(*level, line_to_line).value_or(*level);
  } else {
    out.system.nominal_voltage_volts = kNotAvailable;
  }
  // A scenario says its nominal voltage; what a recording says is the rating of a transformer.
  if ((rating || level) && !(info.nominal_voltage_volts && info.format.starts_with("sim"))) {
    assume("nominal_voltage_V");
  }
  return out;
}

}  // namespace halfcycle::app
