// SPDX-License-Identifier: Apache-2.0
// Evaluation: what runs when, what is available, what readers see.
#include "graph/graph.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "graph/graph_fixture.hpp"

namespace halfcycle::graph {
namespace {

using testing_types::Bench;
using testing_types::EventLog;

constexpr const char* kTwoBranches = R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "a1"
inputs = { X = "S A" }
[[module]]
type = "Add"
label = "a2"
inputs = { X = "a1 Sum", Y = "S A" }
[[module]]
type = "Add"
label = "b1"
inputs = { X = "S B" }
)";

TEST(Graph, EvaluatesEachDependentModuleOnceAndInOrder) {
  Bench bench(kTwoBranches);
  bench.step("S A", 2.0);
  EXPECT_EQ(bench.graph->evaluations(), 2U);
  EXPECT_EQ(bench.number("a2 Sum"), 4.0);
  EXPECT_EQ(bench.number("a2 Count"), 1.0);
}

TEST(Graph, AnUnchangedBranchIsNotEvaluated) {
  Bench bench(kTwoBranches);
  bench.step("S B", 1.0);
  EXPECT_EQ(bench.graph->evaluations(), 1U);
  bench.step();
  EXPECT_EQ(bench.graph->evaluations(), 1U);
}

TEST(Graph, TheSameNumberAgainIsANewValueButTheSameStateIsNot) {
  Bench bench(std::string(kTwoBranches) + R"(
[[module]]
type = "Add"
label = "c"
inputs = { X = "S B", Enable = "S State" }
)");
  bench.step("S A", 2.0);
  bench.step("S A", 2.0);
  EXPECT_EQ(bench.number("a1 Count"), 2.0);
  bench.step("S State", 1.0);
  const auto after_first = bench.graph->evaluations();
  bench.step("S State", 1.0);
  EXPECT_EQ(bench.graph->evaluations(), after_first);
  bench.step("S State", 0.0);
  EXPECT_EQ(bench.graph->evaluations(), after_first + 1);
}

TEST(Graph, WhatStaysNotAvailableCostsNothing) {
  Bench bench(kTwoBranches);
  bench.step("S A", kNotAvailable);
  EXPECT_EQ(bench.graph->evaluations(), 0U);
  bench.step("S A", 1.0);
  bench.step("S A", kNotAvailable);
  EXPECT_EQ(bench.graph->evaluations(), 4U);
  EXPECT_FALSE(bench.graph->read("a2 Sum")->available());
}

TEST(Graph, NotAvailableIsBornInEveryClass) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Written"
label = "W"
)");
  for (const char* label :
       {"S A", "S State", "S Array", "S Array3", "S When", "W Number", "W Switch", "W Note"}) {
    EXPECT_FALSE(bench.graph->read(label)->available()) << label;
  }
  EXPECT_EQ(bench.graph->read("S When")->instant(), kNoInstant);
  EXPECT_TRUE(std::isnan(bench.graph->read("S When")->number()));
  // A pulse comes or it does not.
  EXPECT_TRUE(bench.graph->read("S Pulse")->available());
  EXPECT_EQ(bench.number("S Pulse"), 0.0);
}

TEST(Graph, AModuleWithoutItsRequiredLinkIsOffline) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "off"
inputs = { Y = "S A" }
[[module]]
type = "Add"
label = "after"
inputs = { X = "off Sum" }
)");
  bench.step("S A", 2.0);
  EXPECT_EQ(bench.graph->evaluations(), 0U);
  EXPECT_FALSE(bench.graph->read("off Sum")->available());
  EXPECT_FALSE(bench.graph->read("after Sum")->available());
}

TEST(Graph, EnableNotAvailableOrOffDisablesAndUnlinkedEnables) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "a"
inputs = { X = "S A", Enable = "S State" }
)");
  bench.step("S A", 2.0);
  EXPECT_FALSE(bench.graph->read("a Sum")->available());
  bench.step("S State", 1.0);
  EXPECT_EQ(bench.number("a Sum"), 2.0);
  bench.begin();
  bench.write("S State", 0.0);
  bench.write("S A", 3.0);
  bench.commit();
  EXPECT_EQ(bench.number("a Sum"), 2.0);
}

TEST(Graph, ResetActsWhileDisabledAndIsAnEventWithPriority5) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "a"
inputs = { X = "S A", Enable = "S State", Reset = "S Pulse" }
)");
  EventLog log(*bench.graph);
  bench.step("S State", 0.0);
  bench.step("S A", 1.0);
  EXPECT_EQ(bench.number("a Count"), 2.0);
  bench.begin();
  bench.pulse("S Pulse");
  bench.commit();
  EXPECT_EQ(bench.number("a Count"), 0.0);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0], "1970-01-01T00:00:03.000000000Z 5 a reset: S Pulse pulse");
}

TEST(Graph, MarksTravelWithValues) {
  Bench bench(kTwoBranches);
  Marks flagged;
  flagged.flagged = true;
  bench.begin();
  bench.write("S A", 1.0, flagged);
  bench.commit();
  EXPECT_TRUE(bench.graph->read("a2 Sum")->marks.flagged);
  EXPECT_TRUE(bench.graph->read("a2 Sum")->marks.complete);
  Marks late;
  late.clock_ok = false;
  bench.begin();
  bench.write("S A", 1.0, late);
  bench.commit();
  EXPECT_FALSE(bench.graph->read("a2 Sum")->marks.flagged);
  EXPECT_FALSE(bench.graph->read("a2 Sum")->marks.clock_ok);
}

TEST(Graph, APulseIsSeenInItsOwnFrameOnly) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Relay"
label = "r"
inputs = { In = "S Pulse" }
)");
  bench.begin();
  bench.pulse("S Pulse");
  bench.pulse("S Pulse");
  bench.commit();
  EXPECT_EQ(bench.number("r Out"), 1.0);
  bench.step();
  EXPECT_EQ(bench.number("r Out"), 1.0);
}

TEST(Graph, ALoopThroughALoopBreakerRunsOnceAFrame) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Late"
label = "late"
inputs = { In = "ring Out" }
[[module]]
type = "Relay"
label = "ring"
inputs = { In = "S Pulse", "In 2" = "late Out" }
)");
  bench.begin();
  bench.pulse("S Pulse");
  bench.commit();
  EXPECT_EQ(bench.number("ring Out"), 1.0);
  EXPECT_EQ(bench.number("late Out"), 0.0);
  bench.step();
  EXPECT_EQ(bench.number("late Out"), 1.0);
  EXPECT_EQ(bench.number("ring Out"), 2.0);
  bench.step();
  EXPECT_EQ(bench.number("ring Out"), 3.0);
}

TEST(Graph, ArraysAreReadAsAWholeAndByElement) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "third"
inputs = { X = "S Array3" }
)");
  const auto ref = bench.graph->compiled().find("S Array").value();
  bench.begin();
  bench.graph->write_array(ref.index, std::array{1.0F, 2.0F, 3.5F, 4.0F}, {});
  bench.commit();
  EXPECT_EQ(bench.number("third Sum"), 3.5);
  EXPECT_EQ(bench.number("S Array4"), 4.0);
  EXPECT_FALSE(bench.graph->read("S Array5")->available());
  std::array<float, 5> all{};
  EXPECT_EQ(bench.graph->read_array(ref, all), 5U);
  EXPECT_EQ(all[2], 3.5F);
  EXPECT_TRUE(std::isnan(all[4]));
  GroupSnapshot group;
  bench.graph->read_group(Tick::OneSecond, group);
  EXPECT_EQ(group.view(bench.graph->compiled().find("S Array3").value()).number(), 3.5);
}

TEST(Graph, OnlyTouchedGroupsArePublished) {
  Bench bench(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Fast Source"
label = "F"
)");
  const auto slow = bench.graph->version(Tick::OneSecond);
  const auto fast = bench.graph->version(Tick::HalfCycle);
  bench.begin(Tick::HalfCycle);
  bench.write("F A", 1.0);
  bench.commit();
  EXPECT_EQ(bench.graph->version(Tick::OneSecond), slow);
  EXPECT_EQ(bench.graph->version(Tick::HalfCycle), fast + 1);
}

TEST(Graph, ValuesAreInvisibleUntilCommitted) {
  Bench bench(kTwoBranches);
  bench.begin();
  bench.write("S A", 1.0);
  EXPECT_FALSE(bench.graph->read("S A")->available());
  bench.commit();
  EXPECT_EQ(bench.number("S A"), 1.0);
  EXPECT_EQ(bench.graph->read("S A")->time, Instant::from_unix_ns(1000000000));
}

TEST(Graph, ReadersOnOtherThreadsSeeOneFrameOfAGroup) {
  Bench bench(kTwoBranches);
  const auto a = bench.graph->compiled().find("S A").value();
  const auto a2 = bench.graph->compiled().find("a2 Sum").value();
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> seen{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      GroupSnapshot group;
      while (!stop.load(std::memory_order_relaxed)) {
        bench.graph->read_group(Tick::OneSecond, group);
        const RegisterView x = group.view(a);
        const RegisterView sum = group.view(a2);
        if (x.available() && (sum.number() != 2.0 * x.number() || sum.time != x.time)) {
          torn.fetch_add(1);
        }
        seen.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 20000 || seen.load() < 100; ++i) {
    bench.step("S A", static_cast<double>(i));
    if (i % 64 == 0) {
      std::this_thread::yield();
    }
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(torn.load(), 0);
}

TEST(Graph, RestoredValuesArePublishedWithTheFirstFrame) {
  Bench bench(kTwoBranches);
  const auto reg = bench.graph->compiled().find("a1 Sum")->index;
  bench.graph->restore(reg, 5.0, Instant::from_unix_ns(7), {});
  bench.step("S B", 1.0);
  EXPECT_EQ(bench.number("a1 Sum"), 5.0);
  EXPECT_EQ(bench.graph->read("a1 Sum")->time, Instant::from_unix_ns(7));
}

TEST(Catalogue, RefusesDeclarationsThatContradictThemselves) {
  static constexpr std::array kBad{SetupSpec{.name = "x", .min = 1.0, .max = 2.0, .help = "x"}};
  static constexpr ModuleType kType{.name = "Bad", .doc = "x", .setup = kBad};
  static constexpr std::array<const ModuleType*, 1> kTypes{&kType};
  EXPECT_EQ(ModuleCatalogue::create(kTypes).error().message,
            "module type 'Bad': the bounds, choices or default of setup register 'x' do not fit "
            "together");
  static constexpr std::array<const ModuleType*, 2> kTwice{&testing_types::kAdd,
                                                           &testing_types::kAdd};
  EXPECT_EQ(ModuleCatalogue::create(kTwice).error().message,
            "module type 'Add' has no name or is there twice");
}

}  // namespace
}  // namespace halfcycle::graph
