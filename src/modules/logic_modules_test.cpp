// SPDX-License-Identifier: Apache-2.0
// Setpoint, AND/OR, Counter, Feedback, External modules, Arithmetic, timers and Clock.
#include <gtest/gtest.h>

#include "modules/modules_fixture.hpp"

namespace halfcycle::modules {
namespace {

using testing_graph::Bench;
using testing_graph::compile_error;

std::string setpoint(const std::string& setup) {
  return "[[module]]\ntype = \"Setpoint\"\nlabel = \"L\"\ninputs = { Source = \"X\", Enable = "
         "\"On\" }\nsetup = { " +
         setup + " }\n";
}

TEST(Setpoint, GoesOnAboveTheHighLimitAndOffAtTheLowLimit) {
  Bench bench(setpoint("\"High Limit\" = 10, \"Low Limit\" = 8, EvPriority = 200"));
  bench.flip("On", true);
  std::vector<double> status;
  for (const double x : {9.0, 10.0, 10.1, 9.0, 8.1, 8.0, 9.9}) {
    bench.x(x);
    status.push_back(bench.value("L Status"));
  }
  EXPECT_EQ(status, (std::vector<double>{0, 0, 1, 1, 1, 0, 0}));
  EXPECT_EQ(bench.value("L Trigger"), 1.0);
  ASSERT_EQ(bench.events.size(), 2U);
  EXPECT_EQ(bench.priorities[0], 200);
  EXPECT_EQ(bench.events[0], "1970-01-01T00:00:03.000000000Z 200 L: X 10.1 kW -> L Status on");
  EXPECT_EQ(bench.events[1], "1970-01-01T00:00:06.000000000Z 200 L: X 8 kW -> L Status off");
}

TEST(Setpoint, LessThanIsTheMirrorImage) {
  Bench bench(setpoint("\"High Limit\" = 10, \"Low Limit\" = 8, EvalMode = \"less than\""));
  bench.flip("On", true);
  std::vector<double> status;
  for (const double x : {9.0, 8.0, 7.9, 9.9, 10.0, 9.0}) {
    bench.x(x);
    status.push_back(bench.value("L Status"));
  }
  EXPECT_EQ(status, (std::vector<double>{0, 0, 1, 1, 0, 0}));
}

TEST(Setpoint, WaitsAsLongAsItIsToldAndStartsAgainWhenTheValueComesBack) {
  Bench bench(setpoint("\"High Limit\" = 10, SusUntlON = 2, SusUntlOFF = 1"));
  bench.flip("On", true);
  std::vector<double> status;
  for (const double x : {11.0, 11.0, 9.0, 11.0, 11.0, 11.0, 0.0, 11.0, 0.0, 0.0}) {
    bench.x(x);
    status.push_back(bench.value("L Status"));
  }
  EXPECT_EQ(status, (std::vector<double>{0, 0, 0, 0, 0, 1, 1, 1, 1, 0}));
}

TEST(Setpoint, HasNoStatusWhileDisabledOrWithoutAValue) {
  Bench bench(setpoint("\"High Limit\" = 10"));
  bench.x(11.0);
  EXPECT_FALSE(bench.available("L Status"));
  bench.flip("On", true);
  EXPECT_EQ(bench.value("L Status"), 1.0);
  bench.x(kNotAvailable);
  EXPECT_FALSE(bench.available("L Status"));
  bench.x(11.0);
  EXPECT_EQ(bench.value("L Status"), 1.0);
  bench.flip("On", false);
  EXPECT_FALSE(bench.available("L Status"));
  bench.flip("On", true);
  bench.setup("L", "Enable", "off");
  bench.x(11.0);
  EXPECT_FALSE(bench.available("L Status"));
}

TEST(Setpoint, PriorityZeroPostsNoEvent) {
  Bench bench(setpoint("\"High Limit\" = 10, EvPriority = 0"));
  bench.flip("On", true);
  bench.x(11.0);
  EXPECT_EQ(bench.value("L Status"), 1.0);
  EXPECT_TRUE(bench.events.empty());
}

TEST(AndOr, CombinesStatesAndLeavesOpenWhatIsNotDecided) {
  struct Row {
    const char* mode;
    double on_on, on_off, off_off, on_missing, off_missing;
  };
  constexpr double kOpen = -1.0;
  for (const Row& row : {Row{"AND", 1, 0, 0, kOpen, 0}, Row{"OR", 1, 1, 0, 1, kOpen},
                         Row{"NAND", 0, 1, 1, kOpen, 1}, Row{"NOR", 0, 0, 1, 0, kOpen}}) {
    // A status is on above 0.5, off at 0.5, missing with the value.
    Bench bench(std::string(R"(
[[module]]
type = "Setpoint"
label = "x"
inputs = { Source = "X" }
setup = { "High Limit" = 0.5, "Low Limit" = 0.5 }
[[module]]
type = "Setpoint"
label = "y"
inputs = { Source = "Y" }
setup = { "High Limit" = 0.5, "Low Limit" = 0.5 }
[[module]]
type = "AND/OR"
label = "G"
inputs = { "Source 1" = "x Status", "Source 2" = "y Status" }
setup = { Mode = ")") +
                row.mode + "\" }\n");
    const auto result = [&](double x, double y) {
      bench.xy(x, y);
      return bench.available("G Result") ? bench.value("G Result") : kOpen;
    };
    EXPECT_EQ(result(1, 1), row.on_on) << row.mode;
    EXPECT_EQ(result(1, 0), row.on_off) << row.mode;
    EXPECT_EQ(result(0, 0), row.off_off) << row.mode;
    EXPECT_EQ(result(1, kNotAvailable), row.on_missing) << row.mode;
    EXPECT_EQ(result(0, kNotAvailable), row.off_missing) << row.mode;
  }
}

TEST(AndOr, PulsesAndLogsWhenTheResultGoesOn) {
  Bench bench(R"(
[[module]]
type = "AND/OR"
label = "G"
inputs = { "Source 1" = "On" }
setup = { "EvLog Mode" = true, EvPriority = 70 }
)");
  bench.flip("On", true);
  bench.flip("On", true);
  bench.flip("On", false);
  bench.flip("On", true);
  EXPECT_EQ(bench.value("G Trigger"), 2.0);
  ASSERT_EQ(bench.events.size(), 3U);
  EXPECT_EQ(bench.events[0], "1970-01-01T00:00:00.000000000Z 70 G: On on -> G Result on");
  EXPECT_EQ(bench.events[1], "1970-01-01T00:00:00.000000000Z 70 G: On off -> G Result off");
}

TEST(Counter, CountsUpAndDownByItsMultiplierAndTakesAPreset) {
  Bench bench(R"(
[[module]]
type = "Counter"
label = "up"
inputs = { Trigger = "P", Preset = "Q" }
setup = { Multiplier = 2.5, "Preset Value" = 100 }
[[module]]
type = "Counter"
label = "down"
inputs = { Trigger = "P" }
setup = { "Count Mode" = "DOWN" }
)");
  EXPECT_EQ(bench.value("up Count"), 0.0);
  bench.press("P");
  bench.press("P");
  EXPECT_EQ(bench.value("up Count"), 5.0);
  EXPECT_EQ(bench.value("down Count"), -2.0);
  bench.press("Q");
  bench.press("P");
  EXPECT_EQ(bench.value("up Count"), 102.5);
  bench.setup("up", "Multiplier", "1");
  bench.press("P");
  EXPECT_EQ(bench.value("up Count"), 103.5) << "a change of setup leaves the count";
}

TEST(Feedback, LetsAModuleStartItselfAgain) {
  // A timer that is triggered by its own end: refused without Feedback, a pulse generator with it.
  EXPECT_EQ(
      compile_error("[[module]]\ntype = \"One-Shot Timer\"\nlabel = \"T\"\ninputs = { Trigger "
                    "= \"T Trigger\" }\n"),
      "test.toml:1: the modules form a loop: 'T' -> 'T'; put a Feedback module into it");
  Bench bench(R"(
[[module]]
type = "Feedback"
label = "F"
inputs = { Source = "T Trigger" }
[[module]]
type = "AND/OR"
label = "unused"
inputs = { "Source 1" = "T State" }
[[module]]
type = "One-Shot Timer"
label = "T"
inputs = { Trigger = "F Pulse" }
setup = { Duration = 2 }
)");
  bench.graph->begin(graph::Tick::Event, bench.now, bench.now);
  bench.graph->write_pulse(bench.reg("F Pulse"));
  bench.commit();
  for (int s = 0; s < 12; ++s) {
    bench.x(0.0);
  }
  // Two seconds each, and one until the pulse has come round.
  EXPECT_EQ(bench.value("T Trigger"), 4.0);
}

TEST(External, KeepsWhatWasWritten) {
  Bench bench(
      "[[module]]\ntype = \"External Numeric\"\nlabel = \"N\"\nunits = { Number = \"kW\" }\n");
  EXPECT_FALSE(bench.available("N Number"));
  EXPECT_EQ(bench.value("On"), 0.0);
  ASSERT_TRUE(bench.graph->submit(graph::Command::write("N Number", 12.5), Principal::local()));
  ASSERT_TRUE(bench.graph->submit(graph::Command::write("On", 1.0), Principal::local()));
  ASSERT_TRUE(bench.graph->submit(graph::Command::pulse("P"), Principal::local()));
  bench.x(0.0);
  EXPECT_EQ(bench.value("N Number"), 12.5);
  EXPECT_EQ(bench.value("On"), 1.0);
  EXPECT_EQ(bench.value("P"), 1.0);
  EXPECT_EQ(bench.events.at(0),
            "1970-01-01T00:00:01.000000000Z 10 N: N Number 12.5 kW by local (cli)");
}

std::string arithmetic(const std::string& formulas, const std::string& more = "") {
  return "[[module]]\ntype = \"Arithmetic\"\nlabel = \"A\"\ninputs = { \"Source 1\" = \"X\", "
         "\"Source 2\" = \"Y\", Reset = \"P\"" +
         more + " }\nsetup = { " + formulas + " }\n";
}

TEST(Arithmetic, RunsItsFormulasInOrderOnNewAndFormerResults) {
  Bench bench(
      arithmetic("\"Formula 1\" = 'S1 + S2', \"Formula 2\" = '2 * R1', \"Formula 3\" = 'R3 "
                 "+ S1', \"Formula 4\" = 'R5', \"Formula 5\" = 'R1'"));
  bench.xy(1.0, 2.0);
  EXPECT_EQ(bench.value("A Result 2"), 6.0);
  EXPECT_EQ(bench.value("A Result 3"), 1.0) << "a running sum begins at 0";
  EXPECT_EQ(bench.value("A Result 4"), 0.0);
  bench.xy(10.0, 2.0);
  EXPECT_EQ(bench.value("A Result 3"), 11.0);
  EXPECT_EQ(bench.value("A Result 4"), 3.0) << "the fifth of the time before";
  EXPECT_FALSE(bench.available("A Result 6")) << "no formula, no value";
  bench.press("P");
  bench.xy(5.0, 0.0);
  EXPECT_EQ(bench.value("A Result 3"), 5.0) << "the sum begins again with the new value";
}

TEST(Arithmetic, CalculatesOnlyWhenToldIfCalculateNowIsLinked) {
  Bench bench(arithmetic("\"Formula 1\" = 'S1'", ", \"Calculate Now\" = \"Q\""));
  bench.xy(1.0, 2.0);
  EXPECT_FALSE(bench.available("A Result 1"));
  bench.press("Q");
  EXPECT_EQ(bench.value("A Result 1"), 1.0);
}

TEST(Arithmetic, AFormulaIsCheckedWhenItIsSet) {
  EXPECT_EQ(
      compile_error("[[module]]\ntype = \"Arithmetic\"\nlabel = \"A\"\nsetup = { \"Formula 1\" "
                    "= \"SQR(S1)\" }\n"),
      "test.toml:4: 'Formula 1' of 'A': column 1: unknown name 'SQR'; sources are S1 to S16, "
      "results R1 to R16. Did you mean 'SQRT'?");
  Bench bench(arithmetic("\"Formula 1\" = 'S1'"));
  bench.setup("A", "Formula 1", "S1 * 100");
  bench.xy(2.0, 0.0);
  EXPECT_EQ(bench.value("A Result 1"), 200.0);
  EXPECT_EQ(bench.events.at(0),
            "1970-01-01T00:00:01.000000000Z 10 A: A Formula 1 S1 -> A Formula 1 S1 * 100 by local "
            "(cli)");
}

TEST(PeriodicTimer, PulsesAtMultiplesOfItsPeriodInUtc) {
  Bench bench("[[module]]\ntype = \"Periodic Timer\"\nlabel = \"T\"\nsetup = { Period = 300 }\n",
              1700000000);  // 22:13:20, 100 s to the next multiple of 300
  for (int s = 0; s < 99; ++s) {
    bench.x(0.0);
  }
  EXPECT_EQ(bench.value("T Trigger"), 0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("T Trigger"), 1.0);
  EXPECT_EQ(to_iso8601(bench.view("T Trigger").time), "2023-11-14T22:15:00.000000000Z");
  for (int s = 0; s < 600; ++s) {
    bench.x(0.0);
  }
  EXPECT_EQ(bench.value("T Trigger"), 3.0);
  bench.skip(100000);
  bench.x(0.0);
  EXPECT_EQ(bench.value("T Trigger"), 4.0) << "a gap gives one pulse";
}

TEST(PeriodicTimer, CountsFromSyncIfLinked) {
  for (const bool passes : {true, false}) {
    Bench bench(
        std::string("[[module]]\ntype = \"Periodic Timer\"\nlabel = \"T\"\ninputs = { Sync = "
                    "\"P\" }\nsetup = { Period = 10, \"Sync Mode\" = \"") +
        (passes ? "TRIGGER ON SYNC" : "NO TRIGGER ON SYNC") + "\" }\n");
    for (int s = 0; s < 33; ++s) {
      bench.x(0.0);
    }
    EXPECT_EQ(bench.value("T Trigger"), 0.0);
    bench.press("P");
    EXPECT_EQ(bench.value("T Trigger"), passes ? 1.0 : 0.0);
    for (int s = 0; s < 9; ++s) {
      bench.x(0.0);
    }
    EXPECT_EQ(bench.value("T Trigger"), passes ? 1.0 : 0.0);
    bench.x(0.0);
    EXPECT_EQ(bench.value("T Trigger"), passes ? 2.0 : 1.0);
  }
}

TEST(OneShotTimer, IsOnForItsDurationAndStartsAgainOnAPulse) {
  Bench bench(R"(
[[module]]
type = "One-Shot Timer"
label = "T"
inputs = { Trigger = "P" }
setup = { Duration = 3 }
)");
  EXPECT_EQ(bench.value("T State"), 0.0);
  bench.press("P");
  bench.x(0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("T State"), 1.0);
  bench.press("P");
  bench.x(0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("T State"), 1.0);
  EXPECT_EQ(bench.value("T Trigger"), 0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("T State"), 0.0);
  EXPECT_EQ(bench.value("T Trigger"), 1.0);
}

TEST(Clock, ShowsDateAndTimeAndPulsesWhenTheyChange) {
  // 2024-02-29T23:59:58Z, a Thursday.
  Bench bench("[[module]]\ntype = \"Clock\"\n", 1709251198);
  bench.x(0.0);
  EXPECT_EQ(bench.value("Clock Day"), 29.0);
  EXPECT_EQ(bench.value("Clock Month"), 2.0);
  EXPECT_EQ(bench.value("Clock Second"), 59.0);
  EXPECT_EQ(bench.value("Clock DayOfWeek"), 5.0);
  EXPECT_EQ(bench.value("Clock New Day"), 0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("Clock Day"), 1.0);
  EXPECT_EQ(bench.value("Clock Month"), 3.0);
  EXPECT_EQ(bench.value("Clock DayOfWeek"), 6.0);
  for (const char* begun : {"Month", "Day", "Hour", "Minute"}) {
    EXPECT_EQ(bench.value(std::string("Clock New ") + begun), 1.0) << begun;
  }
  EXPECT_EQ(bench.value("Clock New Year"), 0.0);
  EXPECT_EQ(to_iso8601(bench.view("Clock Universal Time").instant()),
            "2024-03-01T00:00:00.000000000Z");
}

TEST(Clock, LocalTimeIsUtcPlusItsOffset) {
  Bench bench("[[module]]\ntype = \"Clock\"\nsetup = { \"TZ Offset\" = -18000 }\n", 1709251198);
  bench.x(0.0);
  bench.x(0.0);
  EXPECT_EQ(bench.value("Clock Hour"), 19.0);
  EXPECT_EQ(bench.value("Clock Day"), 29.0);
  EXPECT_EQ(bench.value("Clock New Day"), 0.0);
  EXPECT_EQ(bench.value("Clock New Hour"), 1.0);
}

}  // namespace
}  // namespace halfcycle::modules
