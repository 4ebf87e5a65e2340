// SPDX-License-Identifier: Apache-2.0
#include "metrology/aggregation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace halfcycle::metrology {
namespace {
constexpr Duration kTwoHours = Duration::seconds(7200);
constexpr std::array kPst{QuantityId::V1Pst, QuantityId::V2Pst, QuantityId::V3Pst};
constexpr std::array kPlt{QuantityId::V1Plt, QuantityId::V2Plt, QuantityId::V3Plt};
constexpr std::array kPltSliding{QuantityId::V1PltSliding, QuantityId::V2PltSliding,
                                 QuantityId::V3PltSliding};
}  // namespace

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

double CycleCounter::counted() const noexcept {
  return valid_ && crossings_ >= 2
             ? static_cast<double>(crossings_ - 1) / (last_ - first_).to_seconds()
             : kNotAvailable;
}

void CycleCounter::close() noexcept {
  results_[next_ % results_.size()] = {start_, counted()};
  ++next_;
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

double CycleCounter::ended(Instant start) const noexcept {
  return running_ && start_ == start ? counted() : result(start);
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
    levels_[kTenSecond].sums.add(level.sums);
    levels_[kTenSecond].many->add(*level.few, inputs_);
  } else if (level.inputs > 0 && level.interval == Interval::TenSecond) {
    levels_[kTenMinute].sums.add(level.sums);
    levels_[kTenMinute].many->add(*level.many, inputs_);
  }
  level.open = true;
  level.leave_out = false;
  level.whole = whole;
  level.start = start;
  level.covered_to = start;
  level.inputs = 0;
  level.marks = Marks{};
  level.flicker_marks = Marks{};
  level.sums.reset();
  if (level.few != nullptr) {
    level.few->reset();
  } else {
    level.many->reset();
  }
}

void Aggregator::follow(const SystemSetup& system) noexcept {
  for (Level& level : levels_) {
    level.sums.follow(system);
  }
  overlap_.sums.follow(system);
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

void Aggregator::take(Level& level, const IntervalValues& values, const SpectrumTerms* terms,
                      bool flicker_flagged) noexcept {
  Marks flicker = values.marks;
  flicker.flagged = flicker_flagged;
  level.flicker_marks = level.inputs == 0 ? flicker : level.flicker_marks.combined(flicker);
  level.marks = level.inputs == 0 ? values.marks : level.marks.combined(values.marks);
  ++level.inputs;
  level.covered_to = values.end;
  if (level.interval != Interval::TenSecond && level.interval != Interval::TenMinute) {
    level.sums.add(values.values);
  }
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
    take(*counted, values, terms, values.marks.flagged);
    if (counted->inputs == counted->inputs_wanted) {
      publish(*counted, values.end);
      open(*counted, values.end, true);
      counted->open = counted == &level;
    }
  }
}

void Aggregator::add(const IntervalValues& values, const SpectrumTerms* terms, bool resynchronised,
                     bool flicker_flagged) noexcept {
  const Instant tick = (values.start + kTickTolerance).floor_to(kTickPeriod) + kTickPeriod;
  const Instant belongs = std::min(values.end, tick);
  for (std::size_t k = 0; k < kTwoHour; ++k) {
    Level& level = levels_[k];
    if (level.period == Duration()) {
      count(values, terms, resynchronised);
      continue;
    }
    close_until(level, belongs - kTickTolerance);
    take(level, values, terms, flicker_flagged);
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
    values_[index(QuantityId::Freq)] = one_second_cycles_.ended(level.start);
  } else if (level.interval == Interval::TenSecond) {
    power_frequency_hertz_ = ten_second_cycles_.ended(level.start);
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
  const FlickerMarks* flicker_marks = nullptr;
  if (level.interval == Interval::TenMinute) {
    evaluate_flicker(level, end);
    flicker_marks = &flicker_marks_;
  } else if (level.interval == Interval::TwoHour) {
    flicker_marks_.p_st = flicker_marks_.p_lt;
    flicker_marks = &flicker_marks_;
  }
  const IntervalValues out{.interval = level.interval,
                           .number = level.number++,
                           .start = level.start,
                           .end = end,
                           .marks = marks,
                           .inputs = level.inputs,
                           .values = values_,
                           .spectra = spectra_.get(),
                           .flicker_marks = flicker_marks};
  sink_.on_interval(out);
  if (level.interval == Interval::TenMinute) {
    Level& two_hours = levels_[kTwoHour];
    prepare(*spectra_, inputs_, *terms_);
    close_until(two_hours, end - kTickTolerance);
    take(two_hours, out, terms_.get(), flicker_marks_.p_st.flagged);
    close_until(two_hours, end);
  }
}

void Aggregator::evaluate_flicker(const Level& ten_minutes, Instant end) noexcept {
  const FlickerSeries::Interval* interval = flicker_ != nullptr ? flicker_->find(end) : nullptr;
  const std::size_t size = past_pst_.size();
  const PastPst& before = past_pst_[(past_next_ + size - 1) % size];
  // What was not measured at all has its place, empty.
  std::int64_t missing = 0;
  if (past_count_ > 0) {
    missing = (end - before.end).count_ns() / kTickPeriod.count_ns() - 1;
  }
  if (missing < 0 || missing >= static_cast<std::int64_t>(size)) {
    past_count_ = 0;
    missing = 0;
  }
  for (; missing > 0; --missing) {
    past_pst_[past_next_] = {end - kTickPeriod * missing,
                             {kNotAvailable, kNotAvailable, kNotAvailable},
                             {.complete = false}};
    past_next_ = (past_next_ + 1) % size;
    past_count_ = std::min(past_count_ + 1, size);
  }
  PastPst& now = past_pst_[past_next_];
  past_next_ = (past_next_ + 1) % size;
  past_count_ = std::min(past_count_ + 1, size);
  now.end = end;
  now.marks = ten_minutes.flicker_marks;
  now.marks.complete = now.marks.complete && ten_minutes.whole && interval != nullptr;
  for (std::size_t k = 0; k < kPst.size(); ++k) {
    const bool wanted = inputs_.has(static_cast<Input>(k));
    now.p_st[k] = wanted && interval != nullptr ? interval->p_st[k] : kNotAvailable;
    now.marks.complete = now.marks.complete && (!wanted || interval->complete[k]);
  }
  flicker_marks_.p_st = now.marks;

  // The newest `count` values; a missing one leaves the mean to the others, not complete.
  struct Mean {
    FlickerSeries::Phases p_lt{kNotAvailable, kNotAvailable, kNotAvailable};
    Marks marks;
  };
  const auto mean_of = [&](std::size_t count, bool all) {
    Mean mean;
    mean.marks.complete = all;
    for (std::size_t k = 0; k < kPst.size(); ++k) {
      std::array<double, 12> p_st;
      std::size_t there = 0;
      for (std::size_t back = 1; back <= count; ++back) {
        const PastPst& past = past_pst_[(past_next_ + size - back) % size];
        mean.marks = mean.marks.combined(past.marks);
        if (is_available(past.p_st[k])) {
          p_st[there++] = past.p_st[k];
        }
      }
      mean.p_lt[k] = Flicker::p_lt(p_st.data(), there);
    }
    return mean;
  };
  // 61000-4-30 §5.3: twelve values that begin at an even hour.
  if (end.floor_to(kTwoHours) == end) {
    const Level& two_hours = levels_[kTwoHour];
    const bool left_out = two_hours.leave_out || !two_hours.open;
    const Mean mean = mean_of(left_out ? 0 : past_count_, past_count_ == size);
    p_lt_ = mean.p_lt;
    flicker_marks_.p_lt = mean.marks;
  }
  const bool twelve = past_count_ == size;
  const Mean sliding = mean_of(twelve ? size : 0, twelve);
  flicker_marks_.p_lt_sliding = sliding.marks;
  for (std::size_t k = 0; k < kPst.size(); ++k) {
    values_[index(kPst[k])] = now.p_st[k];
    values_[index(kPlt[k])] = p_lt_[k];
    values_[index(kPltSliding[k])] = sliding.p_lt[k];
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
