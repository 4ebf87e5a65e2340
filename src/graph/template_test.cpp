// SPDX-License-Identifier: Apache-2.0
// What a template may say, and the exact words when it says something wrong.
#include <gtest/gtest.h>

#include "graph/graph_fixture.hpp"

namespace halfcycle::graph {
namespace {

using testing_types::compile;
using testing_types::compile_error;

TEST(Template, LinksByRegisterLabelInAnyOrder) {
  const auto t = compile(R"(
name = "t"
[[module]]
type = "Add"
label = "Second"
inputs = { X = "first sum", Y = "S B" }
[[module]]
type = "Add"
label = "First"
inputs = { X = "S A" }
outputs = { Sum = "first sum" }
[[module]]
type = "Source"
label = "S"
)");
  ASSERT_EQ(t->modules().size(), 3U);
  EXPECT_EQ(t->modules()[0].label, "S");
  EXPECT_EQ(t->modules()[1].label, "First");
  EXPECT_EQ(t->modules()[2].label, "Second");
  EXPECT_EQ(t->modules()[t->file_order()[0]].label, "Second");
}

TEST(Template, UnitsFollowTheInputTheyAreTakenFrom) {
  const auto t = compile(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Add"
label = "Volts"
inputs = { X = "S B" }
[[module]]
type = "Add"
label = "Again"
inputs = { X = "Volts Sum" }
)");
  EXPECT_EQ(t->registers()[t->find("Again Sum")->index].unit, Unit::Volt);
}

TEST(Template, TickIsThatOfTheFastestLinkedValue) {
  const auto t = compile(R"(
[[module]]
type = "Source"
label = "S"
[[module]]
type = "Fast Source"
label = "F"
[[module]]
type = "Add"
label = "Mixed"
inputs = { X = "S A", Y = "F A" }
[[module]]
type = "Add"
label = "Reset only"
inputs = { X = "S A", Reset = "F Pulse" }
)");
  EXPECT_EQ(t->registers()[t->find("Mixed Sum")->index].tick, Tick::HalfCycle);
  EXPECT_EQ(t->registers()[t->find("Reset only Sum")->index].tick, Tick::OneSecond);
}

TEST(Template, ElementsOfArraysHaveLabelsAndCanBeLinked) {
  const auto t = compile(R"(
[[module]]
type = "Source"
label = "S"
outputs = { Array = "V1 HD" }
[[module]]
type = "Add"
label = "Fifth"
inputs = { X = "V1 HD5" }
)");
  const auto fifth = t->find("V1 HD5");
  ASSERT_TRUE(fifth);
  EXPECT_EQ(fifth->element, 4);
  EXPECT_EQ(t->label(*fifth), "V1 HD5");
  EXPECT_EQ(t->find("V1 HD6").error().message, "no register 'V1 HD6': 'V1 HD' goes from 1 to 5");
  EXPECT_FALSE(t->find("V1 HD05"));
  EXPECT_EQ(t->registers()[t->find("Fifth Sum")->index].unit, Unit::Percent);
}

TEST(Template, AnElementOfAnAggregateHasItsNumberBeforeTheAggregate) {
  const auto t = compile(R"(
[[module]]
type = "Source"
label = "S"
outputs = { "Array 10m" = "V1 HD 10m" }
[[module]]
type = "Source"
label = "R"
outputs = { "Array 10m" = "Mine" }
[[module]]
type = "Add"
label = "Fifth"
inputs = { X = "V1 HD5 10m", Y = "Mine20" }
)");
  const auto fifth = t->find("V1 HD5 10m");
  ASSERT_TRUE(fifth);
  EXPECT_EQ(fifth->element, 5);
  EXPECT_EQ(t->label(*fifth), "V1 HD5 10m");
  EXPECT_EQ(t->label(*t->find("V1 HD20 10m")), "V1 HD20 10m");
  EXPECT_EQ(t->find("V1 HD21 10m").error().message,
            "no register 'V1 HD21 10m': 'V1 HD 10m' goes from 0 to 20");
  EXPECT_FALSE(t->find("V1 HD 10m5")) << "one way to write it";
  EXPECT_FALSE(t->find("V1 HD05 10m"));
  const auto relabelled = t->find("Mine0");
  ASSERT_TRUE(relabelled) << "a label of the template's own: the number at its end";
  EXPECT_EQ(t->label(*relabelled), "Mine0");
}

TEST(Template, AnUnknownLabelNamesTheNearest) {
  const auto t = compile("[[module]]\ntype = \"Source\"\nlabel = \"S\"\n");
  EXPECT_EQ(t->find("S Stat").error().message, "no register 'S Stat'. Did you mean 'S State'?");
  EXPECT_EQ(t->find_module("s").error().message, "no module 's'. Did you mean 'S'?");
}

struct Wrong {
  const char* name;
  const char* text;
  const char* message;
};
class TemplateError : public testing::TestWithParam<Wrong> {};

TEST_P(TemplateError, SaysFileLineWhatAndWhatToDo) {
  EXPECT_EQ(compile_error(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Template, TemplateError,
    testing::Values(
        Wrong{"UnknownType", "[[module]]\ntype = \"Sorce\"\n",
              "test.toml:2: unknown module type 'Sorce'. Did you mean 'Source'?"},
        Wrong{"NoType", "\n[[module]]\nlabel = \"x\"\n", "test.toml:2: a module without a 'type'"},
        Wrong{"UnknownKey", "[[module]]\ntype = \"Source\"\nlable = \"x\"\n",
              "test.toml:3: a module has no key 'lable'. Did you mean 'label'?"},
        Wrong{"UnknownTopKey", "nam = \"x\"\n",
              "test.toml:1: a template has no key 'nam'. Did you mean 'name'?"},
        Wrong{"ModuleIsNotATable", "module = 3\n",
              "test.toml:1: 'module' is written as [[module]], once for each"},
        Wrong{"LabelTwice",
              "[[module]]\ntype = \"Source\"\nlabel = \"x\"\n[[module]]\ntype = \"Source\"\n"
              "label = \"x\"\n",
              "test.toml:6: the module label 'x' is already taken by the module at line 1"},
        Wrong{"RegisterLabelTwice",
              "[[module]]\ntype = \"Source\"\nlabel = \"x\"\n[[module]]\ntype = \"Source\"\n"
              "label = \"y\"\noutputs = { A = \"x A\" }\n",
              "test.toml:7: the register label 'x A' is already taken by output 'A' of 'x' (line "
              "1); give one of them another label in 'outputs'"},
        Wrong{"BadLabel", "[[module]]\ntype = \"Source\"\nlabel = \" x\"\n",
              "test.toml:3: the label ' x' must have 1 to 80 characters, none of them a control "
              "character, and no blank at its ends"},
        Wrong{"UnknownInput",
              "[[module]]\ntype = \"Add\"\nlabel = \"x\"\ninputs = { Z = \"x Sum\" }\n",
              "test.toml:4: 'x' (Add) has no input 'Z'. Did you mean 'X'?"},
        Wrong{"UnknownSource",
              "[[module]]\ntype = \"Source\"\nlabel = \"S\"\n[[module]]\ntype = \"Add\"\n"
              "label = \"x\"\ninputs = { X = \"S a\" }\n",
              "test.toml:7: input 'X' of 'x' is linked to 'S a', which no module puts out. Did you "
              "mean 'S A'?"},
        Wrong{"WrongClass",
              "[[module]]\ntype = \"Source\"\nlabel = \"S\"\n[[module]]\ntype = \"Add\"\n"
              "label = \"x\"\ninputs = { X = \"S Pulse\" }\n",
              "test.toml:7: input 'X' of 'x' takes numeric or numeric bounded, but 'S Pulse' is "
              "pulse"},
        Wrong{"OutOfRange", "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Offset = 101 }\n",
              "test.toml:4: 'Offset' of 'x' is 101; it must be from -100 to 100 kW"},
        Wrong{"NotWhole", "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Whole = 2.5 }\n",
              "test.toml:4: 'Whole' of 'x' is 2.5; it must be a whole number from 1 to 9"},
        Wrong{"NotANumber",
              "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Offset = \"much\" }\n",
              "test.toml:4: 'Offset' of 'x' is 'much'; it must be a number from -100 to 100 kW"},
        Wrong{"NotAState", "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Flag = 3 }\n",
              "test.toml:4: 'Flag' of 'x' is 3; it must be on (true) or off (false)"},
        Wrong{"NotFinite", "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Offset = nan }\n",
              "test.toml:4: 'Offset' must be a finite number, true, false or a text in quotes"},
        Wrong{"UnknownSetup", "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nsetup = { Ofset = 1 }\n",
              "test.toml:4: 'x' (Add) has no setup register 'Ofset'. Did you mean 'Offset'?"},
        Wrong{"UnitIsFixed",
              "[[module]]\ntype = \"Source\"\nlabel = \"x\"\nunits = { A = \"V\" }\n",
              "test.toml:4: the unit of 'A' of 'x' is always kW"},
        Wrong{"UnknownUnit",
              "[[module]]\ntype = \"Add\"\nlabel = \"x\"\nunits = { Sum = \"Watt\" }\n",
              "test.toml:4: unknown unit 'Watt'; there are 1, V, A, Hz, kW, kVAR, kVA, kWh, kVARh, "
              "kVAh, %, °, s, ms, cycles, pulses, °C"},
        Wrong{
            "Loop",
            "[[module]]\ntype = \"Source\"\nlabel = \"S\"\n"
            "[[module]]\ntype = \"Add\"\nlabel = \"tail\"\ninputs = { X = \"b Sum\" }\n"
            "[[module]]\ntype = \"Add\"\nlabel = \"a\"\ninputs = { X = \"S A\", Y = \"c Sum\" }\n"
            "[[module]]\ntype = \"Add\"\nlabel = \"b\"\ninputs = { X = \"a Sum\" }\n"
            "[[module]]\ntype = \"Add\"\nlabel = \"c\"\ninputs = { X = \"b Sum\" }\n",
            "test.toml:8: the modules form a loop: 'a' -> 'b' -> 'c' -> 'a'; put a Feedback module "
            "into it"},
        Wrong{"LoopOfOne",
              "[[module]]\ntype = \"Add\"\nlabel = \"a\"\ninputs = { X = \"a Sum\" }\n",
              "test.toml:1: the modules form a loop: 'a' -> 'a'; put a Feedback module into it"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Template, SyntaxErrorsNameTheLine) {
  EXPECT_EQ(compile_error("name = \"t\"\n[[module\n").rfind("test.toml:2: ", 0), 0U)
      << compile_error("name = \"t\"\n[[module\n");
}

TEST(Template, ALongChainHasNoLimit) {
  // The original ends at 25 modules.
  std::string text = "[[module]]\ntype = \"Source\"\nlabel = \"S\"\n";
  std::string source = "S A";
  for (int i = 0; i < 200; ++i) {
    const std::string label = "n" + std::to_string(i);
    text += "[[module]]\ntype = \"Add\"\nlabel = \"" + label + "\"\ninputs = { X = \"" + source +
            "\" }\nsetup = { Offset = 1 }\n";
    source = label + " Sum";
  }
  testing_types::Bench bench(text);
  bench.step("S A", 1.0);
  EXPECT_EQ(bench.number("n199 Sum"), 201.0);
}

TEST(Template, ExportReadsBackAsTheSameGraph) {
  testing_types::Bench bench(R"(
name = "round \"trip\""
[[module]]
type = "Source"
label = "S"
outputs = { A = "kW \\ tot" }
[[module]]
type = "Add"
label = "Add 1"
inputs = { X = "kW \\ tot", Y = "S Array3" }
setup = { Offset = 2.5 }
units = { Sum = "kVA" }
[[module]]
type = "Add"
inputs = { X = "Add 1 Sum" }
)");
  ASSERT_TRUE(
      bench.graph->submit(Command::set_setup("Add 1", "Offset", "0.1"), Principal::local()));
  ASSERT_TRUE(bench.graph->submit(Command::set_setup("Add", "Flag", "off"), Principal::local()));
  bench.step();
  const std::string text = to_toml(bench.graph->export_template());
  testing_types::Bench again(text);
  EXPECT_EQ(to_toml(again.graph->export_template()), text);
  EXPECT_EQ(again.graph->setup_value("Add 1", "Offset").value(), "0.1");
  EXPECT_EQ(again.graph->setup_value("Add", "Flag").value(), "off");
  EXPECT_EQ(again.graph->setup_value("Add", "Offset").value(), "0");
  bench.step("kW \\ tot", 7.0);
  again.second = bench.second - 1;
  again.step("kW \\ tot", 7.0);
  ASSERT_EQ(again.graph->compiled().registers().size(), bench.graph->compiled().registers().size());
  for (const RegisterInfo& info : bench.graph->compiled().registers()) {
    const auto ref = again.graph->compiled().find(info.label);
    ASSERT_TRUE(ref) << info.label;
    EXPECT_EQ(again.graph->compiled().registers()[ref->index].unit, info.unit);
  }
  EXPECT_EQ(again.number("Add 1 Count"), 1.0);
}

}  // namespace
}  // namespace halfcycle::graph
