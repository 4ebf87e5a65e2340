// SPDX-License-Identifier: Apache-2.0
#include "modules/formula.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/quality.hpp"
#include "modules/elementary.hpp"

namespace halfcycle::modules {
namespace {

double run(std::string_view text) {
  const auto formula = Formula::compile(text);
  EXPECT_TRUE(formula) << text << ": " << (formula ? "" : formula.error().message);
  std::array<double, Formula::kOperands> sources{};
  std::array<double, Formula::kOperands> results{};
  sources[0] = 3.0;
  sources[1] = 4.0;
  sources[2] = kNotAvailable;
  results[1] = 7.0;
  return formula ? formula->run(sources, results) : kNotAvailable;
}

struct Row {
  const char* text;
  double value;
};
class FormulaValue : public testing::TestWithParam<Row> {};

TEST_P(FormulaValue, IsAsSchoolTeaches) {
  const double value = run(GetParam().text);
  if (std::isnan(GetParam().value)) {
    EXPECT_TRUE(std::isnan(value)) << GetParam().text;
  } else {
    EXPECT_DOUBLE_EQ(value, GetParam().value) << GetParam().text;
  }
}

constexpr double kNa = kNotAvailable;
INSTANTIATE_TEST_SUITE_P(
    Formula, FormulaValue,
    testing::Values(
        // Precedence and association
        Row{"1 + 2 * 3", 7}, Row{"(1 + 2) * 3", 9}, Row{"8 - 4 - 2", 2}, Row{"16 / 4 / 2", 2},
        Row{"2 ^ 3 ^ 2", 512}, Row{"-2 ^ 2", -4}, Row{"2 ^ -2", 0.25}, Row{"--3", 3},
        Row{"1 + 1 < 3", 1}, Row{"2 * 3 = 6", 1}, Row{"1 <> 1", 0}, Row{"3 >= 3", 1},
        Row{"3 <= 2", 0}, Row{"1e3 + .5", 1000.5},
        // Operands
        Row{"S1", 3}, Row{"source2", 4}, Row{"R2", 7}, Row{"Result2 - s1", 4}, Row{"S16", 0},
        // Functions
        Row{"if(S1 > S2, 1, 2)", 2}, Row{"SQRT(S1^2 + S2^2)", 5}, Row{"ABS(-2.5)", 2.5},
        Row{"MIN(S1, S2, 1)", 1}, Row{"MAX(S1, S2)", 4}, Row{"AVG(1, 2, 6)", 3},
        Row{"SUM(1, 2, 3, 4)", 10}, Row{"AND(1, S1, 0)", 0}, Row{"OR(0, S1)", 1}, Row{"NOT(0)", 1},
        Row{"EXP(0)", 1}, Row{"LN(1)", 0}, Row{"LOG10(1000)", 3}, Row{"4 ^ 0.5", 2},
        // Not available
        Row{"S3", kNa}, Row{"S3 * 0", kNa}, Row{"S3 > 1", kNa}, Row{"IF(S3 > 1, 1, 2)", kNa},
        Row{"MAX(S1, S3)", kNa}, Row{"AVAIL(S3)", 0}, Row{"AVAIL(S1)", 1},
        Row{"IF(AVAIL(S3), S3, S1)", 3}, Row{"1 / 0", kNa}, Row{"0 / 0", kNa}, Row{"SQRT(-1)", kNa},
        Row{"LN(0)", kNa}, Row{"(-8) ^ 0.4", kNa}, Row{"0 ^ -1", kNa}, Row{"1e308 * 10", kNa},
        Row{"EXP(1000)", kNa}));

struct Wrong {
  const char* text;
  const char* message;
};
class FormulaError : public testing::TestWithParam<Wrong> {};

TEST_P(FormulaError, NamesTheColumn) {
  const auto formula = Formula::compile(GetParam().text);
  ASSERT_FALSE(formula) << GetParam().text;
  EXPECT_EQ(formula.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Formula, FormulaError,
    testing::Values(Wrong{"1 +", "column 4: a value is missing at the end"},
                    Wrong{"(1 + 2", "column 7: ')' is missing"},
                    Wrong{"1 2", "column 3: '2' is not expected here"},
                    Wrong{"S17", "column 1: 'S17': there are sources 1 to 16"},
                    Wrong{"R0", "column 1: 'R0': there are results 1 to 16"},
                    Wrong{"1 + FOO",
                          "column 5: unknown name 'FOO'; sources are S1 to S16, results R1 to R16."
                          " Did you mean 'OR'?"},
                    Wrong{"SQRT 4", "column 6: '(' is missing after SQRT"},
                    Wrong{"IF(1, 2)", "column 1: IF takes 3 values, not 2"},
                    Wrong{"MAX()", "column 1: MAX takes 1 to 32 values, not 0"},
                    Wrong{"ABS(1, 2)", "column 1: ABS takes 1 value, not 2"},
                    Wrong{"MIN(1; 2)", "column 6: ',' or ')' is missing in MIN"},
                    Wrong{"2 * $", "column 5: a value is expected, not '$'"},
                    Wrong{"1 \n", "column 3: '\\x0A' is not expected here"},
                    Wrong{"1e999", "column 1: this is not a number that can be used"}));

TEST(Formula, HostileTextIsRefusedNotSuffered) {
  EXPECT_FALSE(Formula::compile(std::string(900, '(')));
  EXPECT_TRUE(Formula::compile(std::string(900, '-') + "1"));
  EXPECT_FALSE(Formula::compile(std::string(1001, '1')));
  std::string powers = "1";
  for (int i = 0; i < 400; ++i) {
    powers += "^1";
  }
  EXPECT_FALSE(Formula::compile(powers));
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    deep += "1+(1*(";
  }
  EXPECT_FALSE(Formula::compile(deep));
}

TEST(Formula, AnEmptyTextIsAnEmptyFormula) {
  EXPECT_TRUE(Formula::compile("")->empty());
  EXPECT_TRUE(Formula::compile("  ")->empty());
  EXPECT_FALSE(Formula::compile("0")->empty());
}

TEST(Elementary, AgreesWithTheLibraryToItsStatedError) {
  for (double x = 1e-300; x < 1e300; x *= 1.7) {
    const double exact = std::log(x);
    EXPECT_NEAR(natural_log(x), exact, 2e-15 * std::max(1.0, std::fabs(exact))) << x;
  }
  for (double x = -700.0; x < 700.0; x += 0.37) {
    const double exact = std::exp(x);
    EXPECT_NEAR(exponential(x), exact, 1e-15 * (1.0 + std::fabs(x)) * exact) << x;
  }
  for (double x = 0.01; x < 1000.0; x *= 1.3) {
    for (double y = -3.3; y < 3.5; y += 0.7) {
      const double exact = std::pow(x, y);
      EXPECT_NEAR(power(x, y), exact, 3e-14 * exact) << x << "^" << y;
    }
  }
}

}  // namespace
}  // namespace halfcycle::modules
