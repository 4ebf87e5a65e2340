// SPDX-License-Identifier: Apache-2.0
// What a WebSocket client gets and when, with a clock that the test sets.
#include "web/stream.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "web/web_fixture.hpp"

namespace halfcycle::web {
namespace {

using testing_types::FakeDirectory;
using testing_types::FakeHistory;
using testing_types::FakeMeter;
using testing_types::kNoon;
using Json = nlohmann::json;
using std::chrono::milliseconds;

class Stream : public ::testing::Test {
 protected:
  void say(std::string_view message) { ASSERT_TRUE(session.receive(message, now)); }
  /// The next frame now; null if there is none.
  Json next() {
    const auto frame = session.next(now);
    return frame ? Json::parse(*frame) : Json();
  }
  void wait(int ms) { now += milliseconds(ms); }
  void publish(double kilowatts) {
    directory.list[0]->publish(kilowatts, kNoon + Duration::ms(200 * ++windows));
  }
  void feed_records() {
    if (const auto question = feed.question()) {
      feed.take(feed.ask(*question));
    }
  }

  FakeDirectory directory{{"feeder-1", "feeder-2"}};
  FakeHistory history;
  ServerStatistics statistics;
  WebSetup setup;
  Api api{.directory = directory,
          .history = &history,
          .statistics = statistics,
          .setup = setup,
          .now = [] { return kNoon; }};
  RecordFeed feed{&history};
  StreamSession session{api, feed, statistics.subscriptions};
  SteadyTime now = SteadyTime() + std::chrono::hours(1);
  int windows = 0;
};

TEST_F(Stream, SendsAllRegistersFirstAndThenThoseThatWereRenewed) {
  publish(1.0);
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot", "Note", "Vln a"]})");
  EXPECT_EQ(next()["registers"].size(), 3U);
  publish(1.0);  // the same number again, but a new window's
  wait(200);
  const Json second = next();
  ASSERT_EQ(second["registers"].size(), 2U);
  EXPECT_EQ(second["registers"][1]["label"], "Vln a");
  EXPECT_EQ(second["registers"][0]["time"], "2026-12-29T12:00:00.400000000Z");
  wait(1000);
  EXPECT_EQ(next(), Json());
}

TEST_F(Stream, IsNotFasterThanTheInterval) {
  publish(1.0);
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot"], "interval_ms": 500})");
  EXPECT_FALSE(next().is_null());
  publish(2.0);
  wait(499);
  EXPECT_TRUE(next().is_null());
  EXPECT_EQ(session.wake(now), now + milliseconds(1));
  wait(1);
  EXPECT_EQ(next()["registers"][0]["value"], 2.0);
}

TEST_F(Stream, AClientThatIsLateGetsTheNewestAndNothingOlder) {
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot"], "interval_ms": 50})");
  EXPECT_FALSE(next().is_null());
  for (int window = 1; window <= 1000; ++window) {
    publish(window);
    wait(200);  // the frame before is still being sent: nobody asks for the next
  }
  EXPECT_EQ(next()["registers"][0]["value"], 1000.0);
  EXPECT_TRUE(next().is_null());
}

TEST_F(Stream, SubscriptionsTakeTurns) {
  say(R"({"subscribe": 1, "meter": "feeder-1", "waveform": {"seconds": 0.01}, "interval_ms": 50})");
  say(R"({"subscribe": 2, "meter": "feeder-1", "waveform": {"seconds": 0.01}, "interval_ms": 50})");
  std::map<int, int> frames;
  for (int i = 0; i < 100; ++i) {
    wait(50);  // time for one frame only, although both are due
    ++frames[next()["id"].get<int>()];
  }
  EXPECT_EQ(frames[1], 50);
  EXPECT_EQ(frames[2], 50);
}

TEST_F(Stream, AClientThatAsksForEverythingGetsFourMegabytesASecond) {
  for (int id = 1; id <= 10; ++id) {
    say(R"({"subscribe": )" + std::to_string(id) +
        R"(, "meter": "feeder-1", "waveform": {"seconds": 1}, "interval_ms": 50})");
  }
  std::size_t bytes = 0;
  const SteadyTime end = now + std::chrono::seconds(10);
  while (now < end) {
    const auto frame = session.next(now);
    bytes += frame ? frame->size() : 0;
    if (!frame) {
      now = session.wake(now);
    }
  }
  EXPECT_NEAR(static_cast<double>(bytes), 40e6, 2e6);  // and a quarter of a second at once
}

TEST_F(Stream, EventsComeOnceEachAndFromTheSubscriptionOn) {
  history.add_event("feeder-1", 100);
  feed_records();
  say(R"({"subscribe": 3, "events": true})");
  say(R"({"subscribe": 4, "events": true, "meter": "feeder-2"})");
  EXPECT_TRUE(next().is_null());
  history.add_event("feeder-1", 100);
  history.add_event("feeder-2", 100);
  feed_records();
  wait(100);
  std::map<int, std::vector<int>> got;
  for (Json frame = next(); !frame.is_null(); frame = next()) {
    got[frame["id"].get<int>()].push_back(frame["event"]["sequence"].get<int>());
  }
  EXPECT_EQ(got[3], (std::vector<int>{2, 3}));
  EXPECT_EQ(got[4], (std::vector<int>{3}));
}

TEST_F(Stream, DisturbancesComeAsTheyAreStored) {
  say(R"({"subscribe": 1, "disturbances": true})");
  history.add_disturbance("feeder-1", quality::EventType::Dip);
  feed_records();
  EXPECT_EQ(next()["disturbance"]["type"], "dip");
}

TEST_F(Stream, TheFeedKeepsTheNewestRecordsOnly) {
  say(R"({"subscribe": 1, "events": true})");
  for (std::size_t i = 0; i < 3 * RecordFeed::kKept; ++i) {
    history.add_event("feeder-1", 100);
    if (i % 500 == 0) {
      feed_records();
    }
  }
  feed_records();
  EXPECT_EQ(feed.events().size(), RecordFeed::kKept);
  EXPECT_EQ(next()["event"]["sequence"], 2 * RecordFeed::kKept + 1);
}

TEST_F(Stream, AWrongSubscriptionIsAnsweredAndLeavesTheOthersAlone) {
  publish(1.0);
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot"]})");
  say(R"({"subscribe": 2, "meter": "feeder-1", "labels": ["kW tott"]})");
  say(R"({"subscribe": 3, "meter": "feeder1", "labels": ["kW tot"]})");
  say("nonsense");
  const Json label = next();
  EXPECT_EQ(label["id"], 2);
  EXPECT_NE(label["error"].get<std::string>().find("kW tot"), std::string::npos);
  EXPECT_NE(next()["error"].get<std::string>().find("'feeder-1'?"), std::string::npos);
  EXPECT_EQ(next()["id"], nullptr);
  EXPECT_EQ(next()["registers"].size(), 1U);
}

TEST_F(Stream, SubscriptionsAreReplacedEndedAndCounted) {
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot"]})");
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["Vln a"]})");
  EXPECT_EQ(statistics.subscriptions, 1U);
  EXPECT_EQ(next()["registers"][0]["label"], "Vln a");
  say(R"({"unsubscribe": 1})");
  EXPECT_EQ(statistics.subscriptions, 0U);
  EXPECT_GE(session.wake(now), now + std::chrono::minutes(1));
}

TEST_F(Stream, HasLimits) {
  setup.limits.max_subscriptions = 2;
  setup.limits.max_labels = 3;
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot", "Vln a"]})");
  say(R"({"subscribe": 2, "meter": "feeder-1", "labels": ["kW tot", "Vln a"]})");
  EXPECT_NE(next()["error"].get<std::string>().find("3 labels"), std::string::npos);
  say(R"({"subscribe": 3, "meter": "feeder-1", "labels": ["kW tot"]})");
  say(R"({"subscribe": 4, "events": true})");
  EXPECT_NE(next()["error"].get<std::string>().find("2 subscriptions"), std::string::npos);
  // Who sends nonsense and does not read the answers is let go.
  bool alive = true;
  for (int i = 0; i < 1000 && alive; ++i) {
    alive = session.receive("{}", now);
  }
  EXPECT_FALSE(alive);
}

TEST_F(Stream, FollowsAReloadOfTheConfiguration) {
  publish(1.0);
  say(R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot"]})");
  say(R"({"subscribe": 2, "meter": "feeder-2", "labels": ["kW tot"]})");
  next();
  next();
  // feeder-1 has been made anew, feeder-2 has gone.
  directory.list = {std::make_shared<FakeMeter>("feeder-1")};
  directory.list[0]->publish(5.0, kNoon);
  ++directory.changes;
  wait(200);
  std::map<int, Json> frames;
  for (Json frame = next(); !frame.is_null(); frame = next()) {
    frames[frame["id"].get<int>()] = frame;
  }
  EXPECT_EQ(frames[1]["registers"][0]["value"], 5.0);
  EXPECT_NE(frames[2]["error"].get<std::string>().find("no meter"), std::string::npos);
  EXPECT_EQ(statistics.subscriptions, 1U);
}

TEST(StreamWithoutStore, SaysThatThereAreNoEvents) {
  const FakeDirectory directory({"feeder-1"});
  ServerStatistics statistics;
  const WebSetup setup;
  const Api api{.directory = directory,
                .history = nullptr,
                .statistics = statistics,
                .setup = setup,
                .now = [] { return kNoon; }};
  const RecordFeed feed(nullptr);
  StreamSession session(api, feed, statistics.subscriptions);
  EXPECT_TRUE(session.receive(R"({"subscribe": 1, "events": true})", {}));
  EXPECT_NE(session.next({})->find("no history"), std::string::npos);
}

TEST(RegisterSet, OneReadingHoldsOneWindowOnly) {
  // kW tot and Vln a = 2 kW tot are published together; a reader never sees one without the other.
  FakeMeter meter("m");
  meter.publish(0.0, kNoon);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 1; i <= 20000; ++i) {
      meter.publish(i, kNoon + Duration::ms(i));
    }
    done = true;
  });
  auto set = RegisterSet::create(meter.graph(), {"kW tot", "V1 HD", "Vln a"}).value();
  while (!done) {
    set.read(meter.graph());
    EXPECT_EQ(set.values()[2].view.number(), 2.0 * set.values()[0].view.number());
    EXPECT_EQ(set.values()[2].view.time, set.values()[0].view.time);
  }
  writer.join();
  set.read(meter.graph());
  EXPECT_FALSE(set.changed(meter.graph()));
  EXPECT_EQ(set.values()[0].view.number(), 20000.0);
}

}  // namespace
}  // namespace halfcycle::web
