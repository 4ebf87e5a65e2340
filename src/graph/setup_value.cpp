// SPDX-License-Identifier: Apache-2.0
// Setup values as people write them: checked against the declaration, and back to text.
#include <cmath>

#include "base/text.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::graph {
namespace {

using Written = std::variant<std::string, double, bool>;

std::string as_text(const Written& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return "'" + *text + "'";
  }
  if (const auto* number = std::get_if<double>(&value)) {
    std::string out;
    append_json_number(out, *number);
    return out;
  }
  return std::get<bool>(value) ? "true" : "false";
}

std::string number_text(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

Result<double> check_number(const SetupSpec& spec, const Written& value, std::string_view where) {
  std::optional<double> number;
  if (const auto* written = std::get_if<double>(&value)) {
    number = *written;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    number = parse_number(*text);
  }
  const std::string_view unit = spec.unit == Unit::One ? "" : info(spec.unit).symbol;
  const std::string range = format("from {} to {}{}{}", number_text(spec.min),
                                   number_text(spec.max), unit.empty() ? "" : " ", unit);
  if (!number) {
    return fail(ErrorCode::InvalidSetup, "{} is {}; it must be a number {}", where, as_text(value),
                range);
  }
  if (!(*number >= spec.min && *number <= spec.max)) {
    return fail(ErrorCode::InvalidSetup, "{} is {}; it must be {}", where, number_text(*number),
                range);
  }
  if (spec.integer && *number != std::floor(*number)) {
    return fail(ErrorCode::InvalidSetup, "{} is {}; it must be a whole number {}", where,
                number_text(*number), range);
  }
  // -0 is 0: texts of the two would differ, and an exported template must read back as it was.
  return *number == 0.0 ? 0.0 : *number;
}

Result<double> check_state(const Written& value, std::string_view where) {
  if (const auto* state = std::get_if<bool>(&value)) {
    return *state ? 1.0 : 0.0;
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (equals_ignoring_case(*text, "on") || equals_ignoring_case(*text, "true")) {
      return 1.0;
    }
    if (equals_ignoring_case(*text, "off") || equals_ignoring_case(*text, "false")) {
      return 0.0;
    }
  }
  return fail(ErrorCode::InvalidSetup, "{} is {}; it must be on (true) or off (false)", where,
              as_text(value));
}

Result<double> check_choice(const SetupSpec& spec, const Written& value, std::string_view where) {
  std::string choices;
  for (std::size_t i = 0; i < spec.choices.size(); ++i) {
    if (const auto* text = std::get_if<std::string>(&value);
        text != nullptr && equals_ignoring_case(*text, spec.choices[i])) {
      return static_cast<double>(i);
    }
    choices += format("{}'{}'",
                      i == 0                         ? ""
                      : i + 1 == spec.choices.size() ? " or "
                                                     : ", ",
                      spec.choices[i]);
  }
  const auto* text = std::get_if<std::string>(&value);
  return fail(ErrorCode::InvalidSetup, "{} is {}; it must be {}.{}", where, as_text(value), choices,
              text == nullptr ? std::string() : did_you_mean(*text, spec.choices));
}

}  // namespace

Result<SetupValue> check_setup(const ModuleType& type, const SetupSpec& spec, const Written& value,
                               std::string_view where) {
  Result<double> number = kNotAvailable;
  switch (spec.cls) {
    case RegisterClass::Boolean:
      number = check_state(value, where);
      break;
    case RegisterClass::Enumerated:
      number = check_choice(spec, value, where);
      break;
    case RegisterClass::String: {
      const auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) {
        return fail(ErrorCode::InvalidSetup, "{} is {}; it must be a text in quotes", where,
                    as_text(value));
      }
      if (type.prepare == nullptr) {
        return SetupValue{kNotAvailable, std::make_shared<const PreparedText>(*text)};
      }
      auto prepared = type.prepare(*text);
      if (!prepared) {
        return fail(prepared.error().code, "{}: {}", where, prepared.error().message);
      }
      return SetupValue{kNotAvailable, std::move(*prepared)};
    }
    default:
      number = check_number(spec, value, where);
  }
  if (!number) {
    return fail(number.error());
  }
  return SetupValue{*number, nullptr};
}

std::string setup_text(const SetupSpec& spec, double number, std::string_view text) {
  switch (spec.cls) {
    case RegisterClass::Boolean:
      return number != 0.0 ? "on" : "off";
    case RegisterClass::Enumerated:
      return std::string(spec.choices[static_cast<std::size_t>(number)]);
    case RegisterClass::String:
      return std::string(text);
    default:
      return number_text(number);
  }
}

}  // namespace halfcycle::graph
