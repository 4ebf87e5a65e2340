// SPDX-License-Identifier: Apache-2.0
// Mains signalling (IEC 61000-4-30 §5.10) and the bands from 2 to 9 kHz (IEC 61000-4-7 Annex B) for
// `halfcycle verify`. A tone between two lines is spread by the rectangular window itself: what the
// method gives is the sum of its lines in closed form, stated beside the tone.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

using Rows = Result<std::vector<VerifyRow>>;

constexpr double kPi = std::numbers::pi;

/// A tone over one of the meter's windows.
struct ToneInWindow {
  double turns;
  double phase;
  [[nodiscard]] double square_of_lines(double first, double last) const {
    double sum = 0.0;
    for (double k = first; k <= last; k += 1.0) {
      sum += line_square(turns, phase, k);
    }
    return sum;
  }
};

ToneInWindow tone_in(const VerifySignal& signal, const VerifyTone& tone, const VerifyTable& table,
                     std::size_t row) {
  const double from = (table.start[row] - signal.start).to_seconds();
  const double to = (table.end[row] - signal.start).to_seconds();
  const double hertz = tone.order * signal.fundamental_hertz;
  return {hertz * (to - from), tone.angle_radians + 2.0 * kPi * hertz * from};
}

// ---- mains signalling ---------------------------------------------------------------------------

struct Carrier {
  double hertz;
  double ratio;
  double offset_hertz;  ///< of the fundamental from nominal
};

Rows carrier(double nominal, const Carrier& set, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.voltage_tones = {{5, 0.05, 0.2}, {7, 0.05, 2.0}};
  VerifySignal signal = verify_feeder(feeder, nominal + set.offset_hertz, 1.4);
  const VerifyTone tone{set.hertz / signal.fundamental_hertz, set.ratio * kVerifyUdin, 0.7};
  signal.channels[0].tones.push_back(tone);
  VerifyMeter meter;
  meter.signalling_hertz[0] = set.hertz;
  const auto run = run_verify(signal, nominal, {"V1 MSV1", "V2 MSV1"}, stop, meter);
  if (!run) {
    return fail(run.error());
  }
  const double lines = nominal < 55.0 ? 10.0 : 12.0;
  const double at = set.hertz / signal.fundamental_hertz * lines;
  const bool aligned = std::abs(at - std::round(at)) < 0.01;
  const double first = aligned ? std::round(at) : std::floor(at) - 1.0;
  const double last = aligned ? first : first + 3.0;
  const double percent = 100.0 * set.ratio;
  const auto by_method = [&](std::size_t row) {
    return percent *
           std::sqrt(tone_in(signal, tone, run->windows, row).square_of_lines(first, last));
  };
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("{:g} % of Udin at {:g} Hz, {}", percent, set.hertz,
                              aligned ? "one line" : "the four nearest lines"));
  const double error = run->windows.worst("V1 MSV1", percent);
  std::vector<VerifyRow> rows;
  // A tone amid two lines loses 5.1 % by the method itself; the budget is for what is beyond it.
  double loss = 0.0;
  for (std::size_t row = 0; row < run->windows.rows(); ++row) {
    loss = std::max(loss, std::abs(by_method(row) / percent - 1.0));
  }
  if (set.ratio >= 0.03) {
    rows.push_back({"IEC 61000-4-30 5.10", "mains signalling, from 3 %", condition, 5.0,
                    100.0 * loss + 0.1, 100.0 * error / percent, "% of reading"});
  } else {
    rows.push_back({"IEC 61000-4-30 5.10", "mains signalling, 1 to 3 %", condition, 0.15,
                    percent * loss + 0.005, error, "% of Udin"});
  }
  rows.push_back(own_row("mains signalling, against its lines in closed form", condition, 0.1,
                         100.0 * run->windows.worst("V1 MSV1", by_method) / percent,
                         "% of reading"));
  rows.push_back(own_row("mains signalling on a phase without it", condition, 0.01,
                         run->windows.worst("V2 MSV1", 0.0), "% of Udin"));
  return rows;
}

// An emission of 0.9 s, begun and ended between windows: found once, with its level and its time to
// a window on both sides.
Rows emission(double nominal, const VerifyStop& stop) {
  VerifySignal signal = verify_feeder({}, nominal, 3.2);
  constexpr double kHertz = 175.0;
  constexpr double kRatio = 0.05;
  constexpr double kFrom = 1.05;
  constexpr double kTo = 1.95;
  signal.shape = [&](Input input, std::size_t n, double, double value) {
    const double t = static_cast<double>(n) / signal.rate_hertz;
    const bool on = is_voltage(input) && t >= kFrom && t < kTo;
    return value +
           (on ? std::numbers::sqrt2 * kRatio * kVerifyUdin * std::sin(2.0 * kPi * kHertz * t + 0.3)
               : 0.0);
  };
  VerifyMeter meter;
  meter.signalling_hertz[0] = kHertz;
  const auto run = run_verify(signal, nominal, {"V1 MSV1"}, stop, meter);
  if (!run) {
    return fail(run.error());
  }
  const std::string condition =
      verify_condition(nominal, nominal, "5 % at 175 Hz for 0.9 s, threshold 1 %");
  const bool one = run->signalling.size() == 1;
  const auto* found = one ? &run->signalling.front() : nullptr;
  // Above 1 % is a window as soon as a fifth of it is filled.
  const double start =
      one ? (found->emission.start - signal.start).to_seconds() - kFrom : kNotAvailable;
  const double length =
      one ? (found->emission.end - found->emission.start).to_seconds() - (kTo - kFrom)
          : kNotAvailable;
  return std::vector<VerifyRow>{
      own_row("emissions found beside the one sent", condition, 0.5,
              std::abs(static_cast<double>(run->signalling.size()) - 1.0), "emissions"),
      {"IEC 61000-4-30 5.10", "largest value of an emission", condition, 5.0, 0.1,
       one ? 100.0 * std::abs(found->emission.max_ratio / kRatio - 1.0) : kNotAvailable,
       "% of reading"},
      own_row("start of an emission", condition, 0.2, std::abs(start), "s"),
      own_row("duration of an emission", condition, 0.4, std::abs(length), "s")};
}

// ---- 2 to 9 kHz ---------------------------------------------------------------------------------

Rows band(double nominal, double rate, double hertz, double offset, const VerifyStop& stop) {
  constexpr double kRatio = 0.02;
  VerifySignal signal = verify_feeder({}, nominal + offset, 0.9);
  signal.rate_hertz = rate;
  const VerifyTone tone{hertz / signal.fundamental_hertz, kRatio * kVerifyUdin, 0.7};
  signal.channels[0].tones.push_back(tone);
  // The standard's lines are multiples of 5 Hz, from 95 Hz below a centre to 100 Hz above it.
  const int here = static_cast<int>(std::ceil((5.0 * std::round(hertz / 5.0) - 2000.0) / 200.0));
  const std::string condition = verify_condition(
      nominal, signal.fundamental_hertz, format("2 % at {:g} Hz, {:g} kS/s", hertz, rate / 1e3));
  std::vector<std::string> labels;
  for (int b = std::max(1, here - 1); b <= std::min(35, here + 1); ++b) {
    labels.push_back(format("V1 HB{}", b));
  }
  const auto run = run_verify(signal, nominal, labels, stop);
  if (!run) {
    return fail(run.error());
  }
  const double lines = nominal < 55.0 ? 10.0 : 12.0;
  Worst worst;
  for (int b = std::max(1, here - 1); b <= std::min(35, here + 1); ++b) {
    const double centre = 1900.0 + 200.0 * b;
    worst.add(run->windows.worst(format("V1 HB{}", b), [&](std::size_t row) {
      const ToneInWindow in = tone_in(signal, tone, run->windows, row);
      double sum = 0.0;
      for (double k = 300.0; k < 2200.0; k += 1.0) {
        const double nearest = 5.0 * std::round(k * signal.fundamental_hertz / lines / 5.0);
        if (nearest > centre - 97.0 && nearest < centre + 102.0) {
          sum += line_square(in.turns, in.phase, k);
        }
      }
      return 100.0 * kRatio * std::sqrt(sum);
    }));
  }
  return std::vector<VerifyRow>{{"IEC 61000-4-7 Annex B", "bands of 200 Hz from 2 to 9 kHz",
                                 condition, 5.0, 0.4, worst.value() / kRatio, "% of reading"}};
}

}  // namespace

std::vector<VerifyJob> band_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    for (const Carrier& set :
         {Carrier{175.0, 0.01, 0.0}, Carrier{175.0, 0.03, 0.0}, Carrier{175.0, 0.15, 0.0},
          Carrier{183.3, 0.09, 0.0}, Carrier{217.0, 0.02, 0.0}, Carrier{316.67, 0.03, 0.0},
          Carrier{316.67, 0.15, -0.4}, Carrier{492.0, 0.06, 0.3}, Carrier{1042.0, 0.03, 0.0},
          Carrier{1700.0, 0.05, 0.25}, Carrier{2995.0, 0.03, 0.0}}) {
      jobs.emplace_back(
          [nominal, set](const VerifyStop& stop) { return carrier(nominal, set, stop); });
    }
    jobs.emplace_back([nominal](const VerifyStop& stop) { return emission(nominal, stop); });
    for (const double hertz : {2003.0, 2100.0, 2199.0, 2200.0, 2202.5, 2903.3, 3000.0, 4310.0,
                               5000.0, 7110.0, 8100.0, 8997.5}) {
      for (const double offset : {0.0, 0.31}) {
        jobs.emplace_back(
            [=](const VerifyStop& stop) { return band(nominal, 25600.0, hertz, offset, stop); });
      }
    }
    jobs.emplace_back(
        [nominal](const VerifyStop& stop) { return band(nominal, 10000.0, 4100.0, 0.0, stop); });
  }
  return jobs;
}

}  // namespace halfcycle::app
