// SPDX-License-Identifier: Apache-2.0
// Commands: who may do what, when it takes effect, what is logged.
#include <gtest/gtest.h>

#include <thread>

#include "graph/graph_fixture.hpp"

namespace halfcycle::graph {
namespace {

using testing_types::Bench;
using testing_types::EventLog;

constexpr const char* kText = R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "a"
inputs = { X = "S A" }
[[module]]
type = "Written"
label = "W"
[[module]]
type = "Relay"
label = "r"
inputs = { In = "W Button" }
[[module]]
type = "Mailer"
label = "m"
inputs = { In = "W Button" }
)";

std::string error_of(const Result<std::uint64_t>& result) {
  return result ? "no error" : result.error().message;
}

TEST(Command, ASetupChangeTakesEffectBetweenTicksAndResetsTheModule) {
  Bench bench(kText);
  bench.step("S A", 1.0);
  const auto number =
      bench.graph->submit(Command::set_setup("a", "Offset", "10"), Principal::local());
  ASSERT_TRUE(number);
  EXPECT_EQ(bench.number("a Sum"), 1.0);
  EXPECT_LT(bench.graph->applied(), *number);
  EXPECT_EQ(bench.graph->setup_value("a", "Offset").value(), "10");
  bench.step();
  EXPECT_EQ(bench.graph->applied(), *number);
  EXPECT_EQ(bench.number("a Sum"), 11.0);
  EXPECT_EQ(bench.number("a Count"), 1.0) << "the state starts again";
}

TEST(Command, ARestoredSetupValueIsInForceFromTheFirstFrameAndIsNoEvent) {
  Bench bench(kText);
  EventLog log(*bench.graph);
  ASSERT_TRUE(bench.graph->restore_setup("a", "Offset", "10"));
  EXPECT_EQ(bench.graph->setup_value("a", "Offset").value(), "10");
  bench.step("S A", 1.0);
  EXPECT_EQ(bench.number("a Sum"), 11.0);
  EXPECT_TRUE(log.lines.empty());
  EXPECT_FALSE(bench.graph->restore_setup("a", "Offset", "1000")) << "no longer allowed";
  EXPECT_FALSE(bench.graph->restore_setup("b", "Offset", "1"));
  EXPECT_EQ(bench.graph->setup_value("a", "Offset").value(), "10");
}

TEST(Command, ASetupChangeIsAnEventThatNamesWhoAndWhat) {
  Bench bench(kText);
  EventLog log(*bench.graph);
  ASSERT_TRUE(bench.graph->submit(
      Command::set_setup("a", "Offset", "-2.5"),
      {"anna", "modbus 127.0.0.1:1", static_cast<std::uint16_t>(Right::Setup)}));
  bench.step();
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.priorities[0], 10);
  EXPECT_EQ(log.lines[0],
            "1970-01-01T00:00:01.000000000Z 10 a: a Offset 0 -> a Offset -2.5 by anna (modbus "
            "127.0.0.1:1)");
}

TEST(Command, WrongOnesAreRefusedWithTheReason) {
  Bench bench(kText);
  const Principal all = Principal::local();
  EXPECT_EQ(error_of(bench.graph->submit(Command::set_setup("a", "Offset", "1000"), all)),
            "'Offset' of 'a' is 1000; it must be from -100 to 100 kW");
  EXPECT_EQ(error_of(bench.graph->submit(Command::set_setup("a", "Ofset", "1"), all)),
            "'a' (Add) has no setup register 'Ofset'. Did you mean 'Offset'?");
  EXPECT_EQ(error_of(bench.graph->submit(Command::set_setup("aa", "Offset", "1"), all)),
            "no module 'aa'. Did you mean 'a'?");
  EXPECT_EQ(error_of(bench.graph->submit(Command::write("a Sum", 1.0), all)),
            "'a Sum' (Add) cannot be written");
  EXPECT_EQ(error_of(bench.graph->submit(Command::pulse("W Number"), all)),
            "'W Number' is a numeric register: it takes no pulses");
  EXPECT_EQ(error_of(bench.graph->submit(Command::write("W Switch", 2.0), all)),
            "'W Switch' takes 0 (off) or 1 (on)");
  EXPECT_EQ(error_of(bench.graph->submit(Command::write("W Number", kNotAvailable), all)),
            "'W Number' takes a finite number");
  EXPECT_EQ(error_of(bench.graph->submit(Command::reset("S"), all)),
            "'S' (Source) has nothing to reset");
}

TEST(Command, NeedsItsRight) {
  Bench bench(kText);
  const auto with = [](Right right) {
    return Principal{"bob", "cli", static_cast<std::uint16_t>(right)};
  };
  EXPECT_EQ(
      error_of(bench.graph->submit(Command::set_setup("a", "Offset", "1"), with(Right::Operate))),
      "bob (cli) does not have the right to change the setup");
  EXPECT_EQ(error_of(bench.graph->submit(Command::write("W Number", 1.0), with(Right::Setup))),
            "bob (cli) does not have the right to operate the meter");
  EXPECT_EQ(error_of(bench.graph->submit(Command::reset("a"), with(Right::Operate))),
            "bob (cli) does not have the right to reset");
  EXPECT_TRUE(bench.graph->submit(Command::reset("a"), with(Right::Reset)));
}

TEST(Command, WritesReachRegistersAndAreEvents) {
  Bench bench(kText);
  EventLog log(*bench.graph);
  const Principal local = Principal::local();
  ASSERT_TRUE(bench.graph->submit(Command::write("W Number", 4.5), local));
  ASSERT_TRUE(bench.graph->submit(Command::write("W Switch", 1.0), local));
  ASSERT_TRUE(bench.graph->submit(Command::pulse("W Button"), local));
  Command note = Command::write("W Note", kNotAvailable);
  note.text = "filter changed";
  ASSERT_TRUE(bench.graph->submit(note, local));
  bench.step();
  EXPECT_EQ(bench.number("W Number"), 4.5);
  EXPECT_EQ(bench.number("W Switch"), 1.0);
  EXPECT_EQ(bench.number("r Out"), 1.0);
  EXPECT_EQ(bench.graph->read_text(*bench.graph->compiled().find("W Note")), "filter changed");
  ASSERT_EQ(log.lines.size(), 4U);
  EXPECT_EQ(log.lines[1], "1970-01-01T00:00:01.000000000Z 128 W: W Switch on by local (cli)");
}

TEST(Command, AResetActsBeforeTheValuesOfItsFrame) {
  Bench bench(kText);
  bench.step("S A", 1.0);
  bench.step("S A", 2.0);
  EXPECT_EQ(bench.number("a Count"), 2.0);
  ASSERT_TRUE(bench.graph->submit(Command::reset("a"), Principal::local()));
  EventLog log(*bench.graph);
  bench.step("S A", 3.0);
  EXPECT_EQ(bench.number("a Count"), 1.0) << "reset to 0, then the new value";
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0], "1970-01-01T00:00:03.000000000Z 5 a reset by local (cli)");
}

TEST(Command, AFullQueueRefusesAndCounts) {
  Bench bench(kText);
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(bench.graph->submit(Command::pulse("W Button"), Principal::local()));
  }
  EXPECT_EQ(
      error_of(bench.graph->submit(Command::set_setup("a", "Offset", "1"), Principal::local())),
      "64 commands are waiting already and the meter has not taken them up; try again");
  EXPECT_EQ(bench.graph->refused_full(), 1U);
  EXPECT_EQ(bench.graph->setup_value("a", "Offset").value(), "0") << "not accepted, not shown";
  bench.step();
  EXPECT_TRUE(bench.graph->submit(Command::set_setup("a", "Offset", "1"), Principal::local()));
}

TEST(Command, ManyThreadsMaySubmitWhileTheMeterRuns) {
  Bench bench(kText);
  constexpr int kEach = 300;
  std::vector<std::thread> people;
  for (int p = 0; p < 3; ++p) {
    people.emplace_back([&] {
      for (int i = 0; i < kEach;) {
        if (bench.graph->submit(Command::set_setup("a", "Offset", std::to_string(i % 50)),
                                Principal::local())) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  while (bench.graph->applied() < 3 * kEach) {
    bench.step("S A", 1.0);
  }
  for (std::thread& person : people) {
    person.join();
  }
  bench.step("S A", 1.0);
  const double accepted = std::stod(bench.graph->setup_value("a", "Offset").value());
  EXPECT_EQ(bench.number("a Sum"), 1.0 + accepted) << "what was accepted last is what acts";
}

struct Room final : EffectSink {
  void on_effect(const Effect& effect) override {
    kind = effect.kind;
    text = effect.text;
    sum = effect.values[0] + effect.values[1];
    sequence = effect.sequence;
  }
  std::string kind, text;
  double sum = 0.0;
  std::uint64_t sequence = 0;
};

TEST(Effect, GoesToTheRoomAndItsResultComesBackAsACommand) {
  Bench bench(kText);
  Room room;
  bench.graph->set_effect_sink(&room);
  ASSERT_TRUE(bench.graph->submit(Command::pulse("W Button"), Principal::local()));
  bench.step();
  EXPECT_EQ(room.kind, "mail");
  EXPECT_EQ(room.text, "hello");
  EXPECT_EQ(room.sum, 4.0);
  EXPECT_FALSE(bench.graph->read("m Answer")->available());
  ASSERT_TRUE(bench.graph->submit(
      Command::effect_result("m", {.sequence = room.sequence, .done = true, .value = 42.0}),
      Principal::local()));
  bench.step();
  EXPECT_EQ(bench.number("m Answer"), 42.0);
}

}  // namespace
}  // namespace halfcycle::graph
