// SPDX-License-Identifier: Apache-2.0
// Formulas of the Arithmetic module: text compiled once, run without allocation.
//
//   auto formula = Formula::compile("IF(S1 > 0, SQRT(S1^2 + S2^2), 0)");
//   double value = formula->run(sources, results);
//
//   sources   S1 … S16 (or source1 …); results of the same module R1 … R16 (or result1 …)
//   operators ^ (right to left), - (sign), * /, + -, < <= > >= = <>; 1 and 0 for true and false
//   functions IF(c, a, b) AND(…) OR(…) NOT(x) MIN(…) MAX(…) SUM(…) AVG(…) ABS SQRT EXP LN LOG10
//             AVAIL(x): 1 if x is available, else 0
// Anything computed from a value that is not available is not available, and so is what has no
// finite value (division by 0, the root of a negative number). Names are blind to case.
// Results are the same on every machine: no library function whose last digit may differ.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::modules {

class Formula {
 public:
  static constexpr std::size_t kOperands = 16;    ///< sources, and results
  static constexpr std::size_t kMaxBytes = 1000;  ///< of text
  static constexpr std::size_t kStackDepth = 64;

  /// Errors: InvalidSetup, "column 5: …". An empty text gives an empty formula.
  [[nodiscard]] static Result<Formula> compile(std::string_view text);

  /// sources and results: kOperands each. NaN: not available. Any thread.
  [[nodiscard]] double run(std::span<const double> sources, std::span<const double> results) const;
  [[nodiscard]] bool empty() const { return code_.empty(); }

 private:
  friend class FormulaParser;
  enum class Op : std::uint8_t {
    Constant,
    Source,
    Result,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    If,
    And,
    Or,
    Not,
    Min,
    Max,
    Sum,
    Avg,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Log10,
    Avail,
  };
  struct Instruction {
    Op op = Op::Constant;
    std::uint16_t count = 0;  ///< operands of a function, or the index of a source or result
    double constant = 0.0;
  };
  std::vector<Instruction> code_;
};

}  // namespace halfcycle::modules
