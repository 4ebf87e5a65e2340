// SPDX-License-Identifier: Apache-2.0
#include "metrology/aggregation.hpp"

#include <algorithm>
#include <utility>

namespace halfcycle::metrology {
void CycleCounter::reset() noexcept {
  running_ = false;
  results_.fill(Result{});
}

void CycleCounter::open(Instant at) noexcept {
  running_ = true;
  valid_ = true;
  start_ = at.floor_to(period_);
  crossings_ = 0;
}

void CycleCounter::close() noexcept {
  Result& result = results_[next_ % results_.size()];
  ++next_;
  result.start = start_;
  result.hertz = valid_ && crossings_ >= 2
                     ? static_cast<double>(crossings_ - 1) / (last_ - first_).to_seconds()
                     : kNotAvailable;
}

void CycleCounter::advance(Instant now) noexcept {
  if (running_ && now >= start_ + period_) {
    close();
    open(now);
  }
}

void CycleCounter::crossing(Instant at) noexcept {
  if (!running_) {
    open(at);
  }
  advance(at);
  if (crossings_ == 0) {
    first_ = at;
  }
  last_ = at;
  ++crossings_;
}

void CycleCounter::clock_step(Duration by) noexcept {
  first_ += by;
  last_ += by;
}

void CycleCounter::lost(Instant at) noexcept {
  if (!running_) {
    open(at);
  }
  advance(at);
  valid_ = false;
}

double CycleCounter::result(Instant start) const noexcept {
  for (const Result& r : results_) {
    if (r.start == start) {
      return r.hertz;
    }
  }
  return kNotAvailable;
}

Aggregator::Aggregator(const SystemSetup& system, InputMask inputs, IntervalSink& sink)
    : inputs_(inputs),
      sink_(sink),
      overlap_(system),
      spectra_(std::make_unique<Spectra>()),
      terms_(std::make_unique<SpectrumTerms>()) {
  struct Row {
    Interval interval;
    Duration period;
    std::uint32_t inputs;
  };
  constexpr std::array<Row, kLevels> kRows{{
      {Interval::OneSecond, Duration::seconds(1), 0},
      {Interval::OneFiftyOneEightyCycle, Duration(), 15},
      {Interval::TenSecond, Duration::seconds(10), 0},
      {Interval::TenMinute, Duration::seconds(600), 0},
      {Interval::TwoHour, Duration::seconds(7200), 0},
  }};
  levels_.reserve(kLevels);
  for (const Row& row : kRows) {
    Level& level = levels_.emplace_back(system);
    level.interval = row.interval;
    level.period = row.period;
    level.inputs_wanted = row.inputs;
    if (row.period > Duration::seconds(1)) {
      level.many = std::make_unique<SpectrumAccumulator>();
    } else {
      level.few = std::make_unique<SpectrumTerms>();
    }
  }
  overlap_.interval = Interval::OneFiftyOneEightyCycle;
  overlap_.inputs_wanted = levels_[kOneFiftyOneEighty].inputs_wanted;
  overlap_.few = std::make_unique<SpectrumTerms>();
  clear(*spectra_);
}

void Aggregator::open(Level& level, Instant start, bool whole) noexcept {
  // 1 s lies in 10 s, and 10 s in 10 min, with the windows that end in them.
  if (level.inputs > 0 && level.interval == Interval::OneSecond) {
    levels_[kTenSecond].many->add(*level.few, inputs_);
  } else if (level.inputs > 0 && level.interval == Interval::TenSecond) {
    levels_[kTenMinute].many->add(*level.many, inputs_);
  }
  level.open = true;
  level.leave_out = false;
  level.whole = whole;
  level.start = start;
  level.covered_to = start;
  level.inputs = 0;
  level.marks = Marks{};
  level.sums.reset();
  if (level.few != nullptr) {
    level.few->reset();
  } else {
    level.many->reset();
  }
}

void Aggregator::begin(Instant start) noexcept {
  one_second_cycles_.reset();
  ten_second_cycles_.reset();
  power_frequency_hertz_ = kNotAvailable;
  overlap_.open = false;
  for (Level& level : levels_) {
    if (level.period == Duration()) {
      open(level, start, true);
      continue;
    }
    const Instant aligned = start.floor_to(level.period);
    if (level.open && level.start == aligned) {
      level.whole = false;  // goes on after a gap
      continue;
    }
    level.whole = false;
    publish(level, level.start + level.period);
    open(level, aligned, aligned == start);
    level.leave_out = !began_ && aligned != start;
  }
}

void Aggregator::take(Level& level, const IntervalValues& values,
                      const SpectrumTerms* terms) noexcept {
  level.marks = level.inputs == 0 ? values.marks : level.marks.combined(values.marks);
  ++level.inputs;
  level.covered_to = values.end;
  level.sums.add(values.values);
  if (terms != nullptr && level.few != nullptr) {
    level.few->add(*terms, inputs_);
  } else if (terms != nullptr && level.interval == Interval::TwoHour) {
    level.many->add(*terms, inputs_);
  }
}

void Aggregator::count(const IntervalValues& values, const SpectrumTerms* terms,
                       bool resynchronised) noexcept {
  Level& level = levels_[kOneFiftyOneEighty];
  if (resynchronised && level.inputs > 0) {
    std::swap(level, overlap_);
    level.number = overlap_.number + 1;
    open(level, values.start, true);
  }
  for (Level* counted : {&overlap_, &level}) {
    if (!counted->open) {
      continue;
    }
    if (counted->inputs == 0) {
      counted->start = values.start;
    }
    take(*counted, values, terms);
    if (counted->inputs == counted->inputs_wanted) {
      publish(*counted, values.end);
      open(*counted, values.end, true);
      counted->open = counted == &level;
    }
  }
}

void Aggregator::add(const IntervalValues& values, const SpectrumTerms* terms,
                     bool resynchronised) noexcept {
  const Instant tick = (values.start + kTickTolerance).floor_to(kTickPeriod) + kTickPeriod;
  const Instant belongs = std::min(values.end, tick);
  for (std::size_t k = 0; k < kTwoHour; ++k) {
    Level& level = levels_[k];
    if (level.period == Duration()) {
      count(values, terms, resynchronised);
      continue;
    }
    close_until(level, belongs - kTickTolerance);
    take(level, values, terms);
    close_until(level, belongs + kTickTolerance);
  }
  began_ = true;
}

void Aggregator::close_until(Level& level, Instant now) noexcept {
  while (level.open && now >= level.start + level.period) {
    const Instant end = level.start + level.period;
    publish(level, end);
    open(level, level.inputs == 0 ? now.floor_to(level.period) : end, true);
  }
}

void Aggregator::publish(Level& level, Instant end) noexcept {
  if (!level.open || level.inputs == 0 || level.leave_out) {
    return;
  }
  level.sums.result(values_);
  if (level.interval == Interval::OneSecond) {
    values_[index(QuantityId::Freq)] = one_second_cycles_.result(level.start);
  } else if (level.interval == Interval::TenSecond) {
    power_frequency_hertz_ = ten_second_cycles_.result(level.start);
    values_[index(QuantityId::Freq)] = power_frequency_hertz_;
    values_[index(QuantityId::PowerFrequency)] = power_frequency_hertz_;
  }
  if (level.few != nullptr) {
    level.few->result(inputs_, *spectra_);
  } else {
    level.many->result(inputs_, *spectra_);
  }
  Marks marks = level.marks;
  marks.complete = marks.complete && level.whole;
  const IntervalValues out{.interval = level.interval,
                           .number = level.number++,
                           .start = level.start,
                           .end = end,
                           .marks = marks,
                           .inputs = level.inputs,
                           .values = values_,
                           .spectra = spectra_.get()};
  sink_.on_interval(out);
  if (level.interval == Interval::TenMinute) {
    Level& two_hours = levels_[kTwoHour];
    prepare(*spectra_, inputs_, *terms_);
    close_until(two_hours, end - kTickTolerance);
    take(two_hours, out, terms_.get());
  }
}

void Aggregator::end(Instant at) noexcept {
  const Instant now = at + kTickTolerance;
  one_second_cycles_.advance(now);
  ten_second_cycles_.advance(now);
  for (Level& level : levels_) {
    if (level.period != Duration()) {
      close_until(level, now);
    }
  }
}

}  // namespace halfcycle::metrology
