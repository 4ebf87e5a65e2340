// SPDX-License-Identifier: Apache-2.0
#include "modules/formula.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/quality.hpp"
#include "base/text.hpp"
#include "modules/elementary.hpp"

namespace halfcycle::modules {

// Recursive descent; the grammar is that of the operators above, loosest first:
//   comparison := sum [("<" | "<=" | ">" | ">=" | "=" | "<>") sum]
//   sum := product {("+" | "-") product}     product := sign {("*" | "/") sign}
//   sign := ["-" | "+"] sign | power          power := primary ["^" sign]
class FormulaParser {
 public:
  explicit FormulaParser(std::string_view text) : text_(text) {}

  Result<Formula> parse() {
    skip_blanks();
    if (at_ == text_.size()) {
      return Formula{};
    }
    if (auto ok = comparison(0); !ok) {
      return fail(ok.error());
    }
    if (at_ != text_.size()) {
      return wrong(format("'{}' is not expected here", character()));
    }
    return std::move(formula_);
  }

 private:
  using Op = Formula::Op;
  struct Function {
    std::string_view name;
    Op op;
    int min;
    int max;
  };
  static constexpr int kMany = 32;
  static constexpr int kMaxNesting = 50;
  static constexpr std::array<Function, 14> kFunctions{{{"IF", Op::If, 3, 3},
                                                        {"AND", Op::And, 1, kMany},
                                                        {"OR", Op::Or, 1, kMany},
                                                        {"NOT", Op::Not, 1, 1},
                                                        {"MIN", Op::Min, 1, kMany},
                                                        {"MAX", Op::Max, 1, kMany},
                                                        {"SUM", Op::Sum, 1, kMany},
                                                        {"AVG", Op::Avg, 1, kMany},
                                                        {"ABS", Op::Abs, 1, 1},
                                                        {"SQRT", Op::Sqrt, 1, 1},
                                                        {"EXP", Op::Exp, 1, 1},
                                                        {"LN", Op::Ln, 1, 1},
                                                        {"LOG10", Op::Log10, 1, 1},
                                                        {"AVAIL", Op::Avail, 1, 1}}};

  tl::unexpected<Error> wrong_at(std::size_t at, std::string_view what) const {
    return fail(ErrorCode::InvalidSetup, "column {}: {}", at + 1, what);
  }
  tl::unexpected<Error> wrong(std::string_view what) const { return wrong_at(at_, what); }

  [[nodiscard]] std::string character() const {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    return byte < 0x20 || byte >= 0x7F ? format("\\x{:02X}", byte) : std::string(1, text_[at_]);
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) {
      return false;
    }
    at_ += token.size();
    skip_blanks();
    return true;
  }

  // pops: values taken from the stack; each instruction leaves one.
  Result<void> emit(Op op, std::size_t pops, std::uint16_t count = 0, double constant = 0.0) {
    depth_ = depth_ - pops + 1;
    if (depth_ > Formula::kStackDepth) {
      return wrong("the formula needs more than 64 intermediate values; split it");
    }
    formula_.code_.push_back({op, count, constant});
    return {};
  }

  Result<void> comparison(int nesting) {
    if (nesting > kMaxNesting) {
      return wrong("more than 50 levels of parentheses");
    }
    if (auto ok = sum(nesting); !ok) {
      return ok;
    }
    struct Comparison {
      std::string_view token;
      Op op;
    };
    static constexpr std::array<Comparison, 8> kComparisons{{{"<=", Op::LessEqual},
                                                             {">=", Op::GreaterEqual},
                                                             {"<>", Op::NotEqual},
                                                             {"!=", Op::NotEqual},
                                                             {"==", Op::Equal},
                                                             {"<", Op::Less},
                                                             {">", Op::Greater},
                                                             {"=", Op::Equal}}};
    for (const Comparison& candidate : kComparisons) {
      if (take(candidate.token)) {
        if (auto ok = sum(nesting); !ok) {
          return ok;
        }
        return emit(candidate.op, 2);
      }
    }
    return {};
  }

  Result<void> sum(int nesting) {
    if (auto ok = product(nesting); !ok) {
      return ok;
    }
    for (;;) {
      const Op op = take("+") ? Op::Add : take("-") ? Op::Subtract : Op::Constant;
      if (op == Op::Constant) {
        return {};
      }
      if (auto ok = product(nesting); !ok) {
        return ok;
      }
      if (auto ok = emit(op, 2); !ok) {
        return ok;
      }
    }
  }

  Result<void> product(int nesting) {
    if (auto ok = sign(nesting); !ok) {
      return ok;
    }
    for (;;) {
      const Op op = take("*") ? Op::Multiply : take("/") ? Op::Divide : Op::Constant;
      if (op == Op::Constant) {
        return {};
      }
      if (auto ok = sign(nesting); !ok) {
        return ok;
      }
      if (auto ok = emit(op, 2); !ok) {
        return ok;
      }
    }
  }

  Result<void> sign(int nesting) {
    bool negative = false;
    for (;;) {
      if (take("-")) {
        negative = !negative;
      } else if (!take("+")) {
        break;
      }
    }
    if (auto ok = power_term(nesting); !ok) {
      return ok;
    }
    return negative ? emit(Op::Negate, 1) : Result<void>{};
  }

  Result<void> power_term(int nesting) {
    if (auto ok = primary(nesting); !ok) {
      return ok;
    }
    if (!take("^")) {
      return {};
    }
    if (nesting > kMaxNesting) {
      return wrong("more than 50 levels of powers");
    }
    if (auto ok = sign(nesting + 1); !ok) {
      return ok;
    }
    return emit(Op::Power, 2);
  }

  Result<void> primary(int nesting) {
    if (at_ == text_.size()) {
      return wrong("a value is missing at the end");
    }
    const char c = text_[at_];
    if (take("(")) {
      if (auto ok = comparison(nesting + 1); !ok) {
        return ok;
      }
      if (!take(")")) {
        return wrong("')' is missing");
      }
      return {};
    }
    if ((c >= '0' && c <= '9') || c == '.') {
      return number();
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      return name(nesting);
    }
    return wrong(format("a value is expected, not '{}'", character()));
  }

  Result<void> number() {
    double value = 0.0;
    const char* begin = text_.data() + at_;
    const auto [end, ec] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (ec != std::errc{} || !std::isfinite(value)) {
      return wrong("this is not a number that can be used");
    }
    at_ += static_cast<std::size_t>(end - begin);
    skip_blanks();
    return emit(Op::Constant, 0, 0, value);
  }

  Result<void> name(int nesting) {
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    skip_blanks();
    for (const Function& function : kFunctions) {
      if (equals_ignoring_case(name, function.name)) {
        return call(function, begin, nesting);
      }
    }
    return operand(name, begin);
  }

  Result<void> call(const Function& function, std::size_t begin, int nesting) {
    if (!take("(")) {
      return wrong(format("'(' is missing after {}", function.name));
    }
    int count = 0;
    if (!take(")")) {
      do {
        if (auto ok = comparison(nesting + 1); !ok) {
          return ok;
        }
        ++count;
      } while (take(","));
      if (!take(")")) {
        return wrong(format("',' or ')' is missing in {}", function.name));
      }
    }
    if (count < function.min || count > function.max) {
      return wrong_at(begin, function.min == function.max
                                 ? format("{} takes {} value{}, not {}", function.name,
                                          function.min, function.min == 1 ? "" : "s", count)
                                 : format("{} takes {} to {} values, not {}", function.name,
                                          function.min, function.max, count));
    }
    return emit(function.op, static_cast<std::size_t>(count), static_cast<std::uint16_t>(count));
  }

  Result<void> operand(std::string_view name, std::size_t begin) {
    struct Prefix {
      std::string_view text;
      Op op;
    };
    static constexpr std::array<Prefix, 4> kPrefixes{
        {{"source", Op::Source}, {"result", Op::Result}, {"s", Op::Source}, {"r", Op::Result}}};
    for (const Prefix& prefix : kPrefixes) {
      if (name.size() <= prefix.text.size() ||
          !equals_ignoring_case(name.substr(0, prefix.text.size()), prefix.text)) {
        continue;
      }
      const std::string_view digits = name.substr(prefix.text.size());
      unsigned number = 0;
      const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (ec != std::errc{} || end != digits.data() + digits.size()) {
        continue;
      }
      if (number < 1 || number > Formula::kOperands) {
        return wrong_at(
            begin, format("'{}': there are {} {} to {}", name,
                          prefix.op == Op::Source ? "sources" : "results", 1, Formula::kOperands));
      }
      return emit(prefix.op, 0, static_cast<std::uint16_t>(number - 1));
    }
    std::array<std::string_view, kFunctions.size()> names;
    std::transform(kFunctions.begin(), kFunctions.end(), names.begin(),
                   [](const Function& function) { return function.name; });
    return wrong_at(begin, format("unknown name '{}'; sources are S1 to S16, results R1 to R16.{}",
                                  name, did_you_mean(name, names)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Formula formula_;
};

Result<Formula> Formula::compile(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(ErrorCode::InvalidSetup, "the formula has {} bytes; at most {} are allowed",
                text.size(), kMaxBytes);
  }
  return FormulaParser(text).parse();
}

namespace {

double truth(bool value) { return value ? 1.0 : 0.0; }

}  // namespace

double Formula::run(std::span<const double> sources, std::span<const double> results) const {
  std::array<double, kStackDepth> stack;
  std::size_t top = 0;  // values on the stack
  for (const Instruction& step : code_) {
    const std::size_t n = step.count;
    switch (step.op) {
      case Op::Constant:
        stack[top++] = step.constant;
        continue;
      case Op::Source:
        stack[top++] = sources[n];
        continue;
      case Op::Result:
        stack[top++] = results[n];
        continue;
      default:
        break;
    }
    const bool is_function = step.op >= Op::If;
    const std::size_t operands = is_function ? n : step.op == Op::Negate ? 1 : 2;
    double* const arg = stack.data() + (top - operands);
    top -= operands - 1;
    if (step.op == Op::Avail) {
      arg[0] = truth(is_available(arg[0]));
      continue;
    }
    if (step.op == Op::If) {
      arg[0] = is_available(arg[0]) ? (arg[0] != 0.0 ? arg[1] : arg[2]) : kNotAvailable;
      continue;
    }
    if (!std::all_of(arg, arg + operands, [](double v) { return is_available(v); })) {
      arg[0] = kNotAvailable;
      continue;
    }
    double value = arg[0];
    switch (step.op) {
      case Op::Negate:
        value = -value;
        break;
      case Op::Add:
        value += arg[1];
        break;
      case Op::Subtract:
        value -= arg[1];
        break;
      case Op::Multiply:
        value *= arg[1];
        break;
      case Op::Divide:
        value /= arg[1];
        break;
      case Op::Power:
        value = power(value, arg[1]);
        break;
      case Op::Less:
        value = truth(value < arg[1]);
        break;
      case Op::LessEqual:
        value = truth(value <= arg[1]);
        break;
      case Op::Greater:
        value = truth(value > arg[1]);
        break;
      case Op::GreaterEqual:
        value = truth(value >= arg[1]);
        break;
      case Op::Equal:
        value = truth(value == arg[1]);
        break;
      case Op::NotEqual:
        value = truth(value != arg[1]);
        break;
      case Op::And:
        value = truth(std::all_of(arg, arg + operands, [](double v) { return v != 0.0; }));
        break;
      case Op::Or:
        value = truth(std::any_of(arg, arg + operands, [](double v) { return v != 0.0; }));
        break;
      case Op::Not:
        value = truth(value == 0.0);
        break;
      case Op::Min:
        value = *std::min_element(arg, arg + operands);
        break;
      case Op::Max:
        value = *std::max_element(arg, arg + operands);
        break;
      case Op::Sum:
      case Op::Avg:
        for (std::size_t i = 1; i < operands; ++i) {
          value += arg[i];
        }
        value = step.op == Op::Avg ? value / static_cast<double>(operands) : value;
        break;
      case Op::Abs:
        value = std::fabs(value);
        break;
      case Op::Sqrt:
        value = std::sqrt(value);
        break;
      case Op::Exp:
        value = exponential(value);
        break;
      case Op::Ln:
        value = natural_log(value);
        break;
      case Op::Log10:
        value = natural_log(value) / 2.30258509299404568402;
        break;
      default:
        value = kNotAvailable;
    }
    arg[0] = std::isfinite(value) ? value : kNotAvailable;
  }
  return top == 1 ? stack[0] : kNotAvailable;
}

}  // namespace halfcycle::modules
