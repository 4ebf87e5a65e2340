// SPDX-License-Identifier: Apache-2.0
#include "fleet/running_meter.hpp"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/format.hpp"

namespace halfcycle::fleet {
namespace {

constexpr std::int64_t kNsPerSecond = 1000000000;
constexpr std::int64_t kLivePollNs = 1000000;    // a live source that had nothing
constexpr std::int64_t kLostPollNs = 100000000;  // a lost one
constexpr std::int64_t kHeldUpPollNs = 1000000;  // the attendant is not through
constexpr std::int64_t kTenMinutesNs = 600 * kNsPerSecond;
constexpr std::int64_t kTwoHoursNs = 7200 * kNsPerSecond;
constexpr std::string_view kSourceEnded = "the source has ended; the last values stay";
constexpr std::uint64_t kNoPosition = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kNotices = 64;
constexpr double kMostHalfCycles = 140.0;  // a second, at 70 Hz

// The published state: eight words, then the message.
enum StatusWord : std::size_t {
  kState,
  kFirst,
  kLast,
  kClock,
  kUncertainty,
  kSamples,
  kGaps,
  kDropped,
  kLag,
  kTextBytes,
  kText
};
constexpr std::size_t kTextWords = 64;
constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

std::uint64_t word_of(const std::optional<Instant>& at) {
  return std::bit_cast<std::uint64_t>(at ? at->unix_ns() : kNoTime);
}

std::size_t half_cycle_frames(const meter::MeterSetup& setup) {
  return static_cast<std::size_t>(std::max(
      1.0, std::round(setup.sample_rate_hertz / (2.0 * setup.system.nominal_frequency_hertz))));
}

std::size_t lanes_of(InputMask inputs) { return inputs.has(Input::I5) ? 12 : 8; }

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * kNsPerSecond + std::int64_t{now.tv_nsec};
}

Result<std::shared_ptr<RunningMeter>> RunningMeter::create(MeterPlan plan,
                                                           const FleetSetup& setup) {
  auto made = meter::Meter::create(plan.setup);
  if (!made) {
    return fail(made.error().code, "meter '{}': {}", plan.identity.id, made.error().message);
  }
  if (plan.setup.system.nominal_voltage_known()) {
    plan.identity.limits = (*made)->limits();
  }
  return std::shared_ptr<RunningMeter>(new RunningMeter(std::move(plan), setup, *std::move(made)));
}

RunningMeter::RunningMeter(MeterPlan plan, const FleetSetup& setup,
                           std::unique_ptr<meter::Meter> meter)
    : identity_(std::move(plan.identity)),
      share_(std::move(plan.share)),
      pace_(plan.pace),
      clock_ok_(plan.clock_ok),
      max_lag_seconds_(setup.max_lag_seconds),
      lost_after_seconds_(setup.lost_after_seconds),
      retry_seconds_(setup.retry_seconds),
      block_frames_(half_cycle_frames(plan.setup)),
      load_(plan.setup.sample_rate_hertz * static_cast<double>(lanes_of(plan.setup.inputs))),
      meter_(std::move(meter)),
      graph_(&meter_->graph()),
      reopen_(std::move(plan.reopen)),
      attach_(std::move(plan.attach)),
      released_(std::move(plan.released)),
      source_(std::move(plan.source)),
      pacer_(plan.pace),
      ring_(static_cast<std::size_t>(
                std::ceil(setup.waveform_seconds * plan.setup.sample_rate_hertz)),
            lanes_of(plan.setup.inputs)),
      // A second more than the samples: the values of a cycle come after them.
      rms_(static_cast<std::size_t>(std::ceil((setup.waveform_seconds + 1.0) * kMostHalfCycles))),
      notices_(kNotices),
      status_(kText + kTextWords) {
  live_ = source_ && source_->info().live;
  meter_->on_event_start([this](const quality::VoltageEvent& event) {
    notices_.push({.ended = false, .event = event});
  });
  meter_->on_event([this](const quality::VoltageEvent& event) {
    notices_.push({.ended = true, .event = event});
  });
  meter_->on_half_cycle([this](Instant end, std::span<const double> rms) { rms_.push(end, rms); });
  publish();
}

RunningMeter::~RunningMeter() {
  delete reopened_.load(std::memory_order_acquire);
  delete retired_.load(std::memory_order_acquire);
}

void RunningMeter::attach(const std::shared_ptr<LiveMeter>& self) {
  if (attach_) {
    attach_(self, *meter_);
  }
}

void RunningMeter::release() {
  if (released_) {
    released_();
  }
  attach_ = nullptr;
  released_ = nullptr;
}

// ── Any thread ────────────────────────────────────────────────────────────────────────────────

MeterStatus RunningMeter::status() const {
  MeterStatus status;
  std::array<char, kTextWords * sizeof(std::uint64_t)> text{};
  std::size_t text_bytes = 0;
  status_.read([&](const auto& load) {
    const auto instant = [&](std::size_t word) -> std::optional<Instant> {
      const auto ns = std::bit_cast<std::int64_t>(load(word));
      return ns == kNoTime ? std::nullopt : std::optional(Instant::from_unix_ns(ns));
    };
    status.state = static_cast<MeterState>(load(kState));
    status.first_sample = instant(kFirst);
    status.last_sample = instant(kLast);
    status.time_quality.clock_ok = load(kClock) != 0;
    status.time_quality.uncertainty_seconds = std::bit_cast<double>(load(kUncertainty));
    status.samples = load(kSamples);
    status.gaps = load(kGaps);
    status.dropped_samples = load(kDropped);
    status.lag_seconds = std::bit_cast<double>(load(kLag));
    text_bytes = static_cast<std::size_t>(load(kTextBytes));
    for (std::size_t w = 0; w < (text_bytes + 7) / 8; ++w) {
      const std::uint64_t word = load(kText + w);
      std::memcpy(text.data() + w * sizeof(word), &word, sizeof(word));
    }
  });
  status.message.assign(text.data(), text_bytes);
  return status;
}

Result<std::uint64_t> RunningMeter::submit(const graph::Command& command, const Principal& by) {
  return meter_->graph().submit(command, by);
}

std::optional<WaveformSnapshot> RunningMeter::waveform(double seconds) const {
  auto snapshot = ring_.latest(seconds);
  if (snapshot) {
    snapshot->rms = rms_.between(snapshot->start, snapshot->end());
  }
  return snapshot;
}

// ── The measuring thread ──────────────────────────────────────────────────────────────────────

void RunningMeter::publish() {
  status_.begin();
  status_.store(kState, static_cast<std::uint64_t>(now_.state));
  status_.store(kFirst, word_of(now_.first_sample));
  status_.store(kLast, word_of(now_.last_sample));
  status_.store(kClock, now_.time_quality.clock_ok ? 1 : 0);
  status_.store(kUncertainty, std::bit_cast<std::uint64_t>(now_.time_quality.uncertainty_seconds));
  status_.store(kSamples, now_.samples);
  status_.store(kGaps, now_.gaps);
  status_.store(kDropped, now_.dropped_samples);
  status_.store(kLag, std::bit_cast<std::uint64_t>(now_.lag_seconds));
  if (message_changed_) {
    message_changed_ = false;
    const std::size_t bytes = std::min(now_.message.size(), kTextWords * sizeof(std::uint64_t));
    status_.store(kTextBytes, bytes);
    for (std::size_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, now_.message.data() + at, std::min(sizeof(word), bytes - at));
      status_.store(kText + at / sizeof(word), word);
    }
  }
  status_.end();
}

void RunningMeter::set_state(MeterState state, std::string_view message) {
  now_.state = state;
  now_.message = message;
  message_changed_ = true;
  publish();
}

std::int64_t RunningMeter::step(std::int64_t now_ns) {
  switch (now_.state) {
    case MeterState::Ended:
    case MeterState::Failed:
      return kNever;
    case MeterState::SourceLost:
      return look_for_source(now_ns);
    default:
      break;
  }
  std::int64_t due = step_source(now_ns);
  for (int n = 1; n < kMostHalfCyclesAtOnce && due <= now_ns; ++n) {
    due = step_source(now_ns);
  }
  return due;
}

bool RunningMeter::has_room() {
  const bool room =
      pace_.real_time || live_ ||
      (notices_done_.load(std::memory_order_acquire) == notices_.pushed() &&
       ring_.written() + block_frames_ <=
           std::min(wanted_from_.load(std::memory_order_acquire), kNoPosition - ring_.capacity()) +
               ring_.capacity());
  held_up_.store(!room, std::memory_order_release);
  return room;
}

// A grid in real time that began a while ago is measured from now on: nothing was missed.
void RunningMeter::begin_now(std::int64_t now_ns) {
  if (!pace_.real_time || pacer_.flat_out()) {
    return;
  }
  while (pacer_.due_in(block_frames_, identity_.sample_rate_hertz) < now_ns) {
    const auto skipped = source_->skip(block_frames_);
    if (!skipped || *skipped == 0) {
      return;
    }
    pacer_.skipped(*skipped);
  }
}

// Passes over what is too late to be measured.
void RunningMeter::drop_if_late(std::int64_t now_ns) {
  const auto too_late = static_cast<std::int64_t>(max_lag_seconds_ * 1e9);
  if (!pace_.real_time || pacer_.flat_out() || now_.samples == 0 ||
      now_ns - pacer_.due_in(block_frames_, identity_.sample_rate_hertz) <= too_late) {
    return;
  }
  while (pacer_.due_in(block_frames_, identity_.sample_rate_hertz) < now_ns) {
    const auto skipped = source_->skip(block_frames_);
    if (!skipped || *skipped == 0) {
      break;  // its end or error comes with the next block
    }
    pacer_.skipped(*skipped);
    now_.dropped_samples += *skipped;
    expected_index_ = expected_index_.value_or(0) + *skipped;
    gap_due_ = true;
  }
}

std::int64_t RunningMeter::step_source(std::int64_t now_ns) {
  if (!started_) {
    started_ = true;
    data_ns_ = now_ns;
    std::int64_t origin = now_ns;
    if (pace_.real_time && source_->info().start) {
      // On time with UTC.
      timespec utc{};
      clock_gettime(CLOCK_REALTIME, &utc);
      const std::int64_t utc_ns = std::int64_t{utc.tv_sec} * kNsPerSecond + utc.tv_nsec;
      origin -= std::max<std::int64_t>(utc_ns - source_->info().start->unix_ns(), 0);
    }
    pacer_.start(origin, identity_.sample_rate_hertz);
    begin_now(now_ns);
  }
  if (!has_room()) {
    return now_ns + kHeldUpPollNs;
  }
  const bool paced = !live_ && !pacer_.flat_out();
  if (!pending_) {
    if (paced) {
      drop_if_late(now_ns);
      const std::int64_t due =
          pacer_.due_in(block_frames_, identity_.sample_rate_hertz) + phase_ns_;
      if (due > now_ns) {
        return due;
      }
    }
    const auto read = source_->read(block_frames_);
    if (!read) {
      if (live_) {
        lose_source(read.error().message);
        return now_ns + kLostPollNs;
      }
      fail_for_good(read.error().message);
      return kNever;
    }
    if (!*read) {
      if (live_) {
        lose_source("the source has ended");
        return now_ns + kLostPollNs;
      }
      finish(now_.samples == 0 ? "the source gave no samples" : kSourceEnded);
      return kNever;
    }
    if ((*read)->frame_count == 0) {
      if (static_cast<double>(now_ns - data_ns_) > lost_after_seconds_ * 1e9) {
        lose_source(format("nothing came for {:g} s", lost_after_seconds_));
        return now_ns + kLostPollNs;
      }
      return now_ns + kLivePollNs;
    }
    data_ns_ = now_ns;
    pending_ = **read;
    if (expected_index_ && pending_->first_index > *expected_index_) {
      pacer_.skipped(pending_->first_index - *expected_index_);  // the source lost them itself
    }
  }
  if (paced) {
    const std::int64_t due = pacer_.due_after(*pending_);
    if (due + phase_ns_ > now_ns) {
      return due + phase_ns_;
    }
    now_.lag_seconds = static_cast<double>(now_ns - due) * 1e-9;
  }
  const SampleBlock block = *pending_;
  pending_.reset();
  pacer_.took(block);
  measure(block);
  return paced ? pacer_.due_in(block_frames_, identity_.sample_rate_hertz) + phase_ns_ : now_ns;
}

void RunningMeter::measure(SampleBlock block) {
  const bool first = now_.samples == 0;
  if (first) {
    next_index_ = block.first_index;
  }
  if (expected_index_ && block.first_index > *expected_index_) {
    now_.dropped_samples += block.first_index - *expected_index_;
    gap_due_ = true;
  }
  expected_index_ = block.first_index + block.frame_count;
  if (gap_due_ || (block.discontinuity == Discontinuity::Start && !first)) {
    gap_due_ = false;
    renumbered_ = true;
    block.discontinuity = first                                  ? Discontinuity::Start
                          : block.time.rate_hertz != rate_hertz_ ? Discontinuity::RateChange
                                                                 : Discontinuity::Gap;
  }
  rate_hertz_ = block.time.rate_hertz;
  if (renumbered_) {
    if (block.discontinuity != Discontinuity::None) {
      map_ = {next_index_, block.time.instant_of(static_cast<double>(block.first_index)),
              block.time.rate_hertz};
    }
    block.first_index = next_index_;
    block.time = map_;
  }
  next_index_ += block.frame_count;
  block.time_quality.clock_ok = block.time_quality.clock_ok && clock_ok_;

  ring_.push(block);
  meter_->push(block);
  has_work_ = true;

  if (!now_.first_sample) {
    now_.first_sample = block.time.instant_of(static_cast<double>(block.first_index));
  }
  now_.last_sample =
      block.time.instant_of(static_cast<double>(block.first_index + block.frame_count));
  now_.time_quality = block.time_quality;
  now_.samples += block.frame_count;
  now_.gaps += block.discontinuity == Discontinuity::Gap ? 1U : 0U;
  const std::string_view notice = source_->notice();
  if (now_.state != MeterState::Measuring || notice != now_.message) {
    set_state(MeterState::Measuring, notice);
  } else {
    publish();
  }
}

void RunningMeter::finish(std::string_view why) {
  if (finished_) {
    return;
  }
  finished_ = true;
  has_work_ = false;
  meter_->finish();
  meter_->graph().set_event_sink(nullptr);
  meter_->graph().set_effect_sink(nullptr);
  now_.lag_seconds = 0.0;
  if (now_.state != MeterState::Failed) {
    set_state(MeterState::Ended, why);
  }
}

void RunningMeter::fail_for_good(std::string_view why) {
  finish(why);
  meter_->withdraw(metrology::Interval::TwoHour);
  set_state(MeterState::Failed, why);
}

void RunningMeter::lose_source(std::string_view why) {
  pending_.reset();
  has_work_ = false;
  // What took ten seconds or less to measure is no longer true; a value over ten minutes or two
  // hours is, until the next one is overdue.
  meter_->interrupt();
  withdrawn_ = metrology::Interval::TenSecond;
  meter_->withdraw(withdrawn_);
  set_state(MeterState::SourceLost,
            reopen_ ? format("{}; it is tried again every {:g} s", why, retry_seconds_)
                    : std::string(why));
  source_wanted_.store(reopen_ != nullptr, std::memory_order_release);
}

std::int64_t RunningMeter::look_for_source(std::int64_t now_ns) {
  std::unique_ptr<source::Source> again(reopened_.exchange(nullptr, std::memory_order_acq_rel));
  if (!again) {
    const metrology::Interval stale = now_ns - data_ns_ < kTenMinutesNs ? withdrawn_
                                      : now_ns - data_ns_ < kTwoHoursNs
                                          ? metrology::Interval::TenMinute
                                          : metrology::Interval::TwoHour;
    if (stale > withdrawn_) {
      withdrawn_ = stale;
      meter_->withdraw(stale);
    }
    return now_ns + kLostPollNs;
  }
  InputMask inputs;
  for (const source::MappedChannel& channel : again->info().channels) {
    inputs.add(channel.input);
  }
  if (!(inputs == identity_.inputs)) {
    constexpr std::string_view kOther =
        "the source came back with other inputs; stop and start the meter to take them";
    fail_for_good(kOther);
    return kNever;
  }
  source_.swap(again);
  if (source::Source* earlier = retired_.exchange(again.release(), std::memory_order_acq_rel)) {
    delete earlier;
  }
  data_ns_ = now_ns;
  expected_index_.reset();
  gap_due_ = true;
  set_state(MeterState::Starting, "the source is back");
  return now_ns;
}

// ── The attendant ─────────────────────────────────────────────────────────────────────────────

void RunningMeter::notices_done(std::uint64_t done, std::uint64_t wanted_from) {
  wanted_from_.store(wanted_from, std::memory_order_release);
  notices_done_.store(done, std::memory_order_release);
}

void RunningMeter::try_reopen(std::int64_t now_ns) {
  // What it takes to close a socket is not for a measuring thread.
  delete retired_.exchange(nullptr, std::memory_order_acq_rel);
  if (!source_wanted_.load(std::memory_order_acquire) ||
      static_cast<double>(now_ns - tried_ns_) < retry_seconds_ * 1e9) {
    return;
  }
  tried_ns_ = now_ns;
  auto source = reopen_();
  if (source) {
    source_wanted_.store(false, std::memory_order_release);
    delete reopened_.exchange(source->release(), std::memory_order_acq_rel);
  }
}

}  // namespace halfcycle::fleet
