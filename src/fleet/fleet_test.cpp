// SPDX-License-Identifier: Apache-2.0
#include "fleet/fleet.hpp"

#include <time.h>

#include "fleet/fleet_fixture.hpp"

namespace halfcycle::fleet {
namespace {

using quality::EventType;

std::unique_ptr<Fleet> fleet_with(FleetSetup setup, Log& log) {
  auto made = Fleet::create(setup, log);
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

MeterState state_of(const Fleet& fleet, std::string_view id) {
  return fleet.find(id)->status().state;
}

Instant utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Instant::from_unix_ns(now.tv_sec * 1'000'000'000LL + now.tv_nsec);
}

double number_of(const LiveMeter& meter, std::string_view label) {
  const auto view = meter.graph().read(label);
  return view ? view->number() : kNotAvailable;
}

TEST(Fleet, MeasuresASourceToItsEndAndKeepsTheLastValues) {
  RememberingLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", {.seconds = 3.0}))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  const auto meter = fleet->find("a");
  const MeterStatus status = meter->status();
  EXPECT_EQ(status.state, MeterState::Ended);
  EXPECT_EQ(status.samples, 9600U);
  EXPECT_EQ(status.dropped_samples, 0U);
  EXPECT_EQ(status.first_sample, TestGrid{}.start);
  EXPECT_EQ(status.last_sample, TestGrid{}.start + Duration::seconds(3));
  EXPECT_NEAR(number_of(*meter, "Vln a"), 230.0, 1e-3);
  EXPECT_NEAR(number_of(*meter, "kW tot"), 6.9, 1e-3);
  const auto waveform = meter->waveform(0.02);
  ASSERT_TRUE(waveform);
  ASSERT_EQ(waveform->frame_count(), 64U);
  EXPECT_EQ(waveform->frames[0], TestSource::value({}, 9536, 0));
  fleet->stop();
  EXPECT_EQ(log.count("the source has ended"), 1U);
}

TEST(Fleet, PacedSamplesComeNoEarlierThanTheirTime) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", {.seconds = 2.0}, 10.0))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took.count(), 0.199);
}

TEST(Fleet, ManyMetersOnFewThreadsAllMeasure) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 2}, log);
  std::vector<Entry> entries;
  for (int i = 0; i < 12; ++i) {
    entries.emplace_back(plan_of("m" + std::to_string(i), {.seconds = 2.0}));
  }
  ASSERT_TRUE(fleet->apply(std::move(entries)));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  EXPECT_EQ(fleet->heartbeats().size(), 2U);
  const auto meters = fleet->meters();
  ASSERT_EQ(meters.size(), 12U);
  for (std::size_t i = 0; i < meters.size(); ++i) {
    EXPECT_EQ(meters[i]->identity().id, "m" + std::to_string(i));
    EXPECT_EQ(meters[i]->status().samples, 6400U);
    EXPECT_NEAR(number_of(*meters[i], "Vln b"), 230.0, 1e-3);
  }
}

TEST(Fleet, MetersThatShareAGridMeasureTheSame) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 2}, log);
  std::vector<Entry> entries;
  for (int i = 0; i < 5; ++i) {
    MeterPlan plan = plan_of("m" + std::to_string(i), {.seconds = 1.5}, 20.0);
    plan.share = "grid";
    entries.emplace_back(std::move(plan));
  }
  ASSERT_TRUE(fleet->apply(std::move(entries)));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  for (const auto& meter : fleet->meters()) {
    EXPECT_EQ(meter->status().samples, 4800U);
    EXPECT_EQ(number_of(*meter, "Vln a"), number_of(*fleet->meters()[0], "Vln a"));
    EXPECT_EQ(meter->status().gaps, 0U);
  }
}

TEST(Fleet, WhatIsTooLateIsDroppedCountedAndAGap) {
  RememberingLog log;
  const auto fleet = fleet_with({.threads = 1, .max_lag_seconds = 0.3}, log);
  // The converter goes on while this machine is held up for a second.
  const Instant start = utc_now();
  MeterPlan plan = plan_of("late", {.start = start, .stalls_at = 1600, .stall_seconds = 1.0}, 1.0);
  plan.pace.real_time = true;
  ASSERT_TRUE(fleet->apply(entries_of(std::move(plan))));
  const auto meter = fleet->find("late");
  ASSERT_TRUE(comes_true([&] { return meter->status().gaps > 0; }));
  const MeterStatus status = meter->status();
  EXPECT_GT(status.dropped_samples, 2000U);
  ASSERT_TRUE(status.last_sample);
  // Samples and drops together are the time that has passed: nothing is lost without being counted.
  const double seconds = (*status.last_sample - *status.first_sample).to_seconds();
  EXPECT_NEAR(seconds * kTestRate, static_cast<double>(status.samples + status.dropped_samples),
              0.01);
  const auto waveform = meter->waveform(1.0);
  ASSERT_TRUE(waveform);
  const double offset = (waveform->start - start).to_seconds() * kTestRate;
  EXPECT_EQ(waveform->frames[0],
            TestSource::value({}, static_cast<std::uint64_t>(std::llround(offset)), 0));
  EXPECT_TRUE(comes_true([&] { return log.count("cannot keep up") == 1; }));
}

TEST(Fleet, MetersThatShareAGridThatBeganAMinuteAgoBeginNowAndMissNothing) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  std::vector<Entry> entries;
  for (int i = 0; i < 3; ++i) {
    MeterPlan plan =
        plan_of("m" + std::to_string(i), {.start = utc_now() - Duration::seconds(60)}, 1.0);
    plan.pace.real_time = true;
    plan.share = "grid";
    entries.emplace_back(std::move(plan));
  }
  ASSERT_TRUE(fleet->apply(std::move(entries)));
  for (const auto& meter : fleet->meters()) {
    ASSERT_TRUE(comes_true([&] { return meter->status().samples > 640; }));
    const MeterStatus status = meter->status();
    EXPECT_EQ(status.dropped_samples, 0U);
    EXPECT_EQ(status.gaps, 0U);
    // Neither behind by the minute nor ahead of the time.
    EXPECT_LT((utc_now() - *status.last_sample).to_seconds(), 30.0);
    EXPECT_GT((utc_now() - *status.last_sample).to_seconds(), -0.1);
  }
}

TEST(Fleet, AFailedSourceSaysWhyAndLeavesTheOthersAlone) {
  RememberingLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  ASSERT_TRUE(fleet->apply(
      entries_of(plan_of("bad", {.fails_at = 1600}), plan_of("good", {.seconds = 1.0}))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  EXPECT_EQ(state_of(*fleet, "bad"), MeterState::Failed);
  EXPECT_EQ(fleet->find("bad")->status().message, "test: the cable is out");
  EXPECT_EQ(fleet->find("bad")->status().samples, 1600U);
  EXPECT_FALSE(fleet->find("bad")->graph().read("HS Vln a")->available());
  EXPECT_EQ(state_of(*fleet, "good"), MeterState::Ended);
  EXPECT_TRUE(comes_true([&] { return log.count("measures no more: test: the cable") == 1; }));
}

TEST(Fleet, ALostLiveSourceIsTriedAgainAndTheTimeBetweenIsAGap) {
  RememberingLog log;
  const auto fleet =
      fleet_with({.threads = 1, .lost_after_seconds = 0.05, .retry_seconds = 0.02}, log);
  const auto silent = std::make_shared<std::atomic<bool>>(false);
  const TestGrid grid{.live = true, .fails_at = 6400};
  MeterPlan plan = plan_of("live", grid);
  std::atomic<int> attempts{0};
  std::atomic<bool> resume{false};
  plan.reopen = [&]() -> Result<std::unique_ptr<source::Source>> {
    if (++attempts < 3 || !resume.load()) {
      return fail(ErrorCode::Machine, "test: still out");
    }
    return std::make_unique<TestSource>(TestGrid{
        .start = TestGrid{}.start + Duration::seconds(60), .live = true, .silent = silent});
  };
  ASSERT_TRUE(fleet->apply(entries_of(std::move(plan))));
  const auto meter = fleet->find("live");
  const auto available = [&](std::string_view label) {
    return meter->graph().read(label)->available();
  };
  ASSERT_TRUE(comes_true([&] { return attempts.load() > 0; }));
  EXPECT_EQ(meter->status().state, MeterState::SourceLost);
  for (const std::string_view label : {"HS Vln a", "Vln a", "kW tot", "V1 HD"}) {
    EXPECT_FALSE(available(label)) << label << ": nothing measures it";
  }
  const double energy = meter->graph().read("kWh del")->number();
  EXPECT_GT(energy, 0.0);
  resume.store(true);
  ASSERT_TRUE(comes_true([&] { return meter->status().gaps == 1; }));
  EXPECT_TRUE(comes_true([&] { return available("HS Vln a") && available("Vln a"); }));
  EXPECT_GE(meter->graph().read("kWh del")->number(), energy);
  EXPECT_GE(attempts.load(), 3);
  ASSERT_TRUE(comes_true([&] { return log.count("the source is back") == 1; }));
  EXPECT_EQ(log.count("the source is lost: test: the cable is out"), 1U);
  EXPECT_GE(*meter->status().last_sample, TestGrid{}.start + Duration::seconds(60));
  // Silence is a loss too.
  silent->store(true);
  EXPECT_TRUE(comes_true([&] { return log.count("nothing came for 0.05 s") == 1; }));
  EXPECT_TRUE(comes_true([&] { return !available("Vln a"); }));
}

TEST(Fleet, WhatALiveSourceHasToSayIsShownWhileItLastsAndToldOnce) {
  RememberingLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  const auto doubtful = std::make_shared<std::atomic<bool>>(true);
  ASSERT_TRUE(
      fleet->apply(entries_of(plan_of("live", TestGrid{.live = true, .doubtful = doubtful}))));
  const auto meter = fleet->find("live");
  ASSERT_TRUE(comes_true([&] { return meter->status().message == "V1 is questionable"; }));
  EXPECT_EQ(meter->status().state, MeterState::Measuring);
  EXPECT_TRUE(comes_true([&] { return log.count("V1 is questionable") == 1; }));
  doubtful->store(false);
  ASSERT_TRUE(comes_true([&] { return meter->status().message.empty(); }));
  EXPECT_TRUE(comes_true([&] { return log.count("nothing is wrong with the samples") == 1; }));
  EXPECT_EQ(log.count("V1 is questionable"), 1U);
  EXPECT_EQ(log.count("measures test:grid"), 1U);
}

TEST(Fleet, IdsAndUnitsAreThereOnceAndARefusedSetChangesNothing) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", {}, 1.0))));
  const std::uint64_t generation = fleet->generation();

  auto twice = fleet->apply(entries_of(plan_of("b", {}), plan_of("b", {})));
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("two meters have the id 'b'"), std::string::npos);

  MeterPlan one = plan_of("b", {});
  MeterPlan other = plan_of("c", {});
  one.identity.unit_id = other.identity.unit_id = 7;
  auto units = fleet->apply(entries_of(std::move(one), std::move(other)));
  ASSERT_FALSE(units);
  EXPECT_NE(units.error().message.find("both have the unit id 7"), std::string::npos);

  MeterPlan impossible = plan_of("d", {});
  impossible.setup.sample_rate_hertz = -1.0;
  EXPECT_FALSE(fleet->apply(entries_of(plan_of("c", {}), std::move(impossible))));
  EXPECT_FALSE(fleet->apply(entries_of(std::string("not there"))));

  EXPECT_EQ(fleet->generation(), generation);
  ASSERT_EQ(fleet->meters().size(), 1U);
  EXPECT_EQ(fleet->meters()[0]->identity().id, "a");
}

TEST(Fleet, AMeterThatIsKeptGoesOnWithoutAGapWhileOthersComeAndGo) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 2}, log);
  MeterPlan kept = plan_of("kept", {}, 1.0);
  kept.identity.unit_id = 1;
  int released = 0;
  MeterPlan going = plan_of("going", {}, 1.0);
  going.released = [&] { ++released; };
  ASSERT_TRUE(fleet->apply(entries_of(std::move(kept), std::move(going))));
  const auto meter = fleet->find("kept");
  const auto gone = fleet->find("going");
  ASSERT_TRUE(
      comes_true([&] { return meter->status().samples > 0 && gone->status().samples > 0; }));
  const std::uint64_t generation = fleet->generation();
  ASSERT_TRUE(fleet->apply(entries_of(std::string("kept"), plan_of("new", {}, 1.0))));
  EXPECT_GT(fleet->generation(), generation);
  EXPECT_EQ(fleet->find("kept"), meter);
  EXPECT_EQ(fleet->find_unit(1), meter);
  EXPECT_EQ(fleet->find("going"), nullptr);
  EXPECT_EQ(released, 1);
  // Who still holds it can read it.
  EXPECT_EQ(gone->status().state, MeterState::Ended);
  EXPECT_TRUE(gone->waveform(0.01));
  const std::uint64_t before = meter->status().samples;
  ASSERT_TRUE(comes_true([&] { return meter->status().samples > before; }));
  EXPECT_EQ(meter->status().gaps, 0U);
  fleet->stop();
  EXPECT_EQ(meter->status().state, MeterState::Ended);
}

TEST(Fleet, AReplacedMeterStartsOnceItsPredecessorHasStopped) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  MeterPlan first = plan_of("a", {}, 1.0);
  bool released = false;
  first.released = [&] { released = true; };
  ASSERT_TRUE(fleet->apply(entries_of(std::move(first))));
  const auto before = fleet->find("a");
  MeterPlan second = plan_of("a", {}, 1.0);
  bool in_order = false;
  second.attach = [&](const std::shared_ptr<LiveMeter>& self, meter::Meter& /*meter*/) {
    in_order =
        released && before->status().state == MeterState::Ended && self->identity().id == "a";
  };
  ASSERT_TRUE(fleet->apply(entries_of(std::move(second))));
  EXPECT_TRUE(in_order);
  EXPECT_NE(fleet->find("a"), before);
}

quality::VoltageEvent event_at(Instant first_seen, EventType type = EventType::Dip) {
  quality::VoltageEvent event;
  event.type = type;
  event.first_seen = first_seen;
  return event;
}

// A dip to 100 V from 1.0 s to 1.2 s, flat out: the waveform is there however fast it goes.
double one_dip(double seconds) { return seconds >= 1.0 && seconds < 1.2 ? 100.0 / 230.0 : 1.0; }

TEST(Fleet, TheSamplesAroundADipAreKeptAtAnySpeed) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1, .waveform_seconds = 0.5}, log);
  const TestGrid grid{.seconds = 30.0, .factor = one_dip};
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", grid))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  const auto dip = event_at(grid.start + Duration::seconds(1));
  ASSERT_TRUE(comes_true([&] { return !fleet->captured("a", dip).empty(); }));
  const auto parts = fleet->captured("a", dip);
  ASSERT_EQ(parts.size(), 1U);
  const WaveformSnapshot& all = parts[0];
  // Ten cycles before and after, and no more.
  EXPECT_NEAR((all.start - grid.start).to_seconds(), 0.8, 0.021);
  EXPECT_NEAR(static_cast<double>(all.frame_count()) / kTestRate, 0.6, 0.05);
  const auto first =
      static_cast<std::uint64_t>(std::llround((all.start - grid.start).to_seconds() * kTestRate));
  for (std::size_t n = 0; n < all.frame_count(); ++n) {
    ASSERT_EQ(all.frames[n * 8], TestSource::value(grid, first + n, 0)) << n;
  }
  // The ½-cycle values of it: what the windows before, in and after the dip have.
  ASSERT_GT(all.rms.time.size(), 50U);
  for (std::size_t r = 0; r < all.rms.time.size(); ++r) {
    const double end = (all.rms.time[r] - grid.start).to_seconds();
    const float volts = all.rms.values[r * kInputCount];
    if (end < 0.999 || end > 1.221) {
      EXPECT_NEAR(volts, 230.0, 0.1) << end;
    } else if (end > 1.021 && end < 1.199) {
      EXPECT_NEAR(volts, 100.0, 0.1) << end;
    }
    EXPECT_NEAR(all.rms.values[r * kInputCount + lane(Input::I1)], 10.0, 0.01) << end;
  }
  EXPECT_TRUE(fleet->captured("a", event_at(grid.start + Duration::ms(500))).empty());
  EXPECT_TRUE(
      fleet->captured("a", event_at(grid.start + Duration::seconds(1), EventType::Swell)).empty());
  EXPECT_EQ(fleet->lost_captures(), 0U);
}

TEST(Fleet, OfALongInterruptionTheBeginningAndTheEndAreKept) {
  NoLog log;
  const auto fleet =
      fleet_with({.threads = 1, .waveform_seconds = 0.5, .capture_max_seconds = 1.0}, log);
  const TestGrid grid{.seconds = 30.0, .factor = [](double seconds) {
                        return seconds >= 2.0 && seconds < 20.0 ? 0.0 : 1.0;
                      }};
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", grid))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  const auto event = event_at(grid.start + Duration::seconds(2), EventType::Interruption);
  ASSERT_TRUE(comes_true([&] { return !fleet->captured("a", event).empty(); }));
  const auto parts = fleet->captured("a", event);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_NEAR((parts[0].start - grid.start).to_seconds(), 1.8, 0.021);
  EXPECT_NEAR(static_cast<double>(parts[0].frame_count()) / kTestRate, 1.0, 1e-3);
  // The recovery at 20 s lies in the second part, with ten cycles behind it.
  EXPECT_LT((parts[1].start - grid.start).to_seconds(), 19.9);
  EXPECT_NEAR((parts[1].end() - grid.start).to_seconds(), 20.2, 0.041);
  const auto first = static_cast<std::uint64_t>(
      std::llround((parts[1].start - grid.start).to_seconds() * kTestRate));
  for (std::size_t n = 0; n < parts[1].frame_count(); ++n) {
    ASSERT_EQ(parts[1].frames[n * 8], TestSource::value(grid, first + n, 0)) << n;
  }
  ASSERT_GT(parts[1].rms.time.size(), 20U);
  EXPECT_NEAR(parts[1].rms.values[0], 0.0, 0.1);
  EXPECT_NEAR(parts[1].rms.values[parts[1].rms.values.size() - kInputCount], 230.0, 0.1);
}

TEST(Fleet, AWaveformDoesNotReachOverAGap) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 1}, log);
  // The source loses 3 s in the middle of the dip.
  const TestGrid grid{.seconds = 4.0, .factor = one_dip, .gap_at = 3520, .gap_seconds = 3.0};
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", grid))));
  ASSERT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  const auto dip = event_at(grid.start + Duration::seconds(1));
  ASSERT_TRUE(comes_true([&] { return !fleet->captured("a", dip).empty(); }));
  const auto parts = fleet->captured("a", dip);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_LE(parts[0].end(), grid.start + Duration::ms(1101));
  EXPECT_EQ(fleet->find("a")->status().gaps, 1U);
}

TEST(Fleet, EverybodyMayReadWhileItMeasures) {
  NoLog log;
  const auto fleet = fleet_with({.threads = 2}, log);
  ASSERT_TRUE(fleet->apply(entries_of(plan_of("a", {.seconds = 20.0, .factor = one_dip}),
                                      plan_of("b", {.seconds = 20.0}))));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        for (const auto& meter : fleet->meters()) {
          const MeterStatus status = meter->status();
          EXPECT_EQ(status.samples % 32, 0U);
          if (const auto waveform = meter->waveform(0.05)) {
            const double first = (waveform->start - TestGrid{}.start).to_seconds() * kTestRate;
            const TestGrid grid{.factor = one_dip};
            const auto n = static_cast<std::uint64_t>(std::llround(first));
            EXPECT_EQ(waveform->frames[4], TestSource::value(grid, n, 4));
          }
          (void)meter->graph().read("Vln a");
        }
      }
    });
  }
  EXPECT_TRUE(comes_true([&] { return fleet->all_ended(); }));
  stop.store(true);
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST(Fleet, SettingsOutsideTheirRangeAreRefused) {
  NoLog log;
  EXPECT_FALSE(Fleet::create({.waveform_seconds = 0.1}, log));
  EXPECT_FALSE(Fleet::create({.threads = 5000}, log));
  EXPECT_FALSE(Fleet::create({.max_lag_seconds = 0.0}, log));
}

}  // namespace
}  // namespace halfcycle::fleet
