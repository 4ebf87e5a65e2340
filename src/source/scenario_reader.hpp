// SPDX-License-Identifier: Apache-2.0
// Typed, checked access to the TOML of a scenario, or of a configuration. Included by scenario.cpp
// and app/run_config.cpp only: they are the places that know the TOML library.
//
// The first defect is kept, later ones are ignored, so that a reader asks for all keys in a row
// and looks at the error once. Every key asked for is a known key; done() refuses all others.
#pragma once

#include <toml++/toml.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/system.hpp"
#include "base/text.hpp"

namespace halfcycle::source {

struct ScenarioDefect {
  std::string file;
  double nominal_frequency_hertz = 50.0;  ///< for durations in cycles
  std::optional<Error> first;

  template <class... Args>
  void note(std::int64_t line, fmt::format_string<Args...> text, Args&&... args) {
    if (!first) {
      first = Error{ErrorCode::InvalidSetup,
                    format("{}:{}: {}", file, line, format(text, std::forward<Args>(args)...))};
    }
  }
};

struct Bounds {
  double min = 0.0;
  double max = 0.0;
  std::string_view unit;
};

class ScenarioTable {
 public:
  /// path: "events", for messages. table may be null: every key is then absent.
  ScenarioTable(const toml::table* table, std::string path, std::int64_t line,
                ScenarioDefect& defect)
      : table_(table), path_(std::move(path)), line_(line), defect_(defect) {}

  [[nodiscard]] bool present() const { return table_ != nullptr; }
  [[nodiscard]] std::int64_t line() const { return line_; }
  [[nodiscard]] ScenarioDefect& defect() const { return defect_; }
  [[nodiscard]] bool has(std::string_view key) {
    known_.push_back(key);
    return table_ != nullptr && table_->contains(key);
  }
  [[nodiscard]] std::int64_t line_of(std::string_view key) const {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    return node == nullptr ? line_ : static_cast<std::int64_t>(node->source().begin.line);
  }
  [[nodiscard]] std::string full(std::string_view key) const {
    return path_.empty() ? std::string(key) : format("{}.{}", path_, key);
  }

  [[nodiscard]] double number(std::string_view key, double otherwise, Bounds bounds) {
    const toml::node* node = find(key);
    return node == nullptr ? otherwise : checked_number(*node, full(key), bounds);
  }
  [[nodiscard]] double required_number(std::string_view key, Bounds bounds) {
    require(key);
    return number(key, bounds.min, bounds);
  }
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise, std::int64_t min,
                                     std::int64_t max) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return otherwise;
    }
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < min || *value > max) {
      defect_.note(line_of(key), "{}: must be a whole number from {} to {}", full(key), min, max);
      return otherwise;
    }
    return *value;
  }
  [[nodiscard]] bool boolean(std::string_view key, bool otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return otherwise;
    }
    const auto value = node->value_exact<bool>();
    if (!value) {
      defect_.note(line_of(key), "{}: must be true or false", full(key));
    }
    return value.value_or(otherwise);
  }
  [[nodiscard]] std::string string(std::string_view key, std::string_view otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return std::string(otherwise);
    }
    const auto value = node->value_exact<std::string>();
    if (!value) {
      defect_.note(line_of(key), "{}: must be a text in quotes", full(key));
    }
    return value.value_or(std::string(otherwise));
  }
  /// Index of the text among the choices.
  [[nodiscard]] std::size_t choice(std::string_view key, std::size_t otherwise,
                                   const std::vector<std::string_view>& choices) {
    if (find(key) == nullptr) {
      return otherwise;
    }
    const std::string value = string(key, "");
    std::string list;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (choices[i] == value) {
        return i;
      }
      list += list.empty() ? "" : ", ";
      list += choices[i];
    }
    defect_.note(line_of(key), "{}: '{}' is not one of {}.{}", full(key), value, list,
                 did_you_mean(value, choices));
    return otherwise;
  }
  /// One number for all, or a list of exactly `count`.
  [[nodiscard]] std::vector<double> numbers(std::string_view key, std::size_t count,
                                            double otherwise, Bounds bounds) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return std::vector<double>(count, otherwise);
    }
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      return std::vector<double>(count, checked_number(*node, full(key), bounds));
    }
    if (list->size() != count) {
      defect_.note(line_of(key), "{}: has {} values; give one value, or {}", full(key),
                   list->size(), count);
      return std::vector<double>(count, otherwise);
    }
    std::vector<double> values;
    for (const toml::node& item : *list) {
      values.push_back(checked_number(item, full(key), bounds));
    }
    return values;
  }
  /// Seconds as a number, or text with a unit: "20 ms", "1.5 s", "10 min", "2 h", "3 cycles".
  [[nodiscard]] std::optional<Duration> duration(std::string_view key, double min_seconds,
                                                 double max_seconds) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    std::optional<double> seconds = node->value_exact<double>();
    if (const auto whole = node->value_exact<std::int64_t>()) {
      seconds = static_cast<double>(*whole);
    } else if (const auto text = node->value_exact<std::string>()) {
      seconds = seconds_of(*text);
    }
    if (!seconds) {
      defect_.note(line_of(key),
                   "{}: must be seconds, or text with a unit: \"20 ms\", \"1.5 s\", \"10 min\", "
                   "\"2 h\", \"3 cycles\"",
                   full(key));
      return std::nullopt;
    }
    if (!(*seconds >= min_seconds && *seconds <= max_seconds)) {
      defect_.note(line_of(key), "{}: {} s is outside {} … {} s", full(key), *seconds, min_seconds,
                   max_seconds);
      return std::nullopt;
    }
    return Duration::from_seconds(*seconds);
  }
  [[nodiscard]] Duration required_duration(std::string_view key, double min_seconds,
                                           double max_seconds) {
    require(key);
    return duration(key, min_seconds, max_seconds).value_or(Duration());
  }
  [[nodiscard]] std::vector<Input> inputs(std::string_view key) {
    std::vector<Input> found;
    const toml::node* node = find(key);
    if (node == nullptr) {
      return found;
    }
    const toml::array* list = node->as_array();
    if (list == nullptr || list->empty()) {
      defect_.note(line_of(key), "{}: must be a list of channels such as [\"V1\", \"V2\"]",
                   full(key));
      return found;
    }
    for (const toml::node& item : *list) {
      const auto text = item.value_exact<std::string>();
      const auto input = text ? parse_input(*text) : std::nullopt;
      if (!input) {
        defect_.note(line_of(key), "{}: channels are named V1 … V4 and I1 … I5", full(key));
        return {};
      }
      for (const Input other : found) {
        if (other == *input) {
          defect_.note(line_of(key), "{}: {} is named twice", full(key), *text);
        }
      }
      found.push_back(*input);
    }
    return found;
  }
  /// For what has a syntax of its own (dates, sizes).
  [[nodiscard]] const toml::node* raw(std::string_view key) { return find(key); }

  /// The table `key`; absent if there is none.
  [[nodiscard]] ScenarioTable table(std::string_view key) {
    const toml::node* node = find(key);
    if (node != nullptr && node->as_table() == nullptr) {
      defect_.note(line_of(key), "{}: must be a table, written [{}]", full(key), full(key));
      node = nullptr;
    }
    return {node == nullptr ? nullptr : node->as_table(), full(key), line_of(key), defect_};
  }
  /// The tables of a list of tables.
  [[nodiscard]] std::vector<ScenarioTable> tables(std::string_view key, std::size_t most) {
    std::vector<ScenarioTable> found;
    const toml::node* node = find(key);
    if (node == nullptr) {
      return found;
    }
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      defect_.note(line_of(key), "{}: must be a list of tables: [[{}]] or {} = [ {{ … }} ]",
                   full(key), full(key), key);
      return found;
    }
    if (list->size() > most) {
      defect_.note(line_of(key), "{}: has {} entries, at most {} are possible", full(key),
                   list->size(), most);
      return found;
    }
    for (const toml::node& item : *list) {
      const auto line = static_cast<std::int64_t>(item.source().begin.line);
      if (item.as_table() == nullptr) {
        defect_.note(line, "{}: every entry must be a table {{ … }}", full(key));
        return {};
      }
      found.emplace_back(item.as_table(), full(key), line, defect_);
    }
    return found;
  }

  /// Refuses keys that nobody asked for.
  void done() {
    if (table_ == nullptr) {
      return;
    }
    for (const auto& [key, node] : *table_) {
      const std::string_view name = key.str();
      bool is_known = false;
      for (const std::string_view known : known_) {
        is_known = is_known || known == name;
      }
      if (!is_known) {
        defect_.note(static_cast<std::int64_t>(node.source().begin.line),
                     "{}: there is no such key.{}", full(name), did_you_mean(name, known_));
      }
    }
  }

 private:
  [[nodiscard]] const toml::node* find(std::string_view key) {
    known_.push_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  void require(std::string_view key) {
    if (table_ != nullptr && !table_->contains(key)) {
      defect_.note(line_, "{}: is missing", full(key));
    }
  }
  [[nodiscard]] double checked_number(const toml::node& node, const std::string& what,
                                      Bounds bounds) {
    std::optional<double> value = node.value_exact<double>();
    if (const auto whole = node.value_exact<std::int64_t>()) {
      value = static_cast<double>(*whole);
    }
    const auto line = static_cast<std::int64_t>(node.source().begin.line);
    if (!value) {
      defect_.note(line, "{}: must be a number", what);
      return bounds.min;
    }
    if (!(*value >= bounds.min && *value <= bounds.max)) {
      defect_.note(line, "{}: {} is outside {} … {}{}{}", what, *value, bounds.min, bounds.max,
                   bounds.unit.empty() ? "" : " ", bounds.unit);
      return bounds.min;
    }
    return *value;
  }
  [[nodiscard]] std::optional<double> seconds_of(std::string_view text) const {
    const std::string_view trimmed = trim(text);
    std::size_t unit_at = trimmed.size();
    while (unit_at > 0 && ((trimmed[unit_at - 1] >= 'a' && trimmed[unit_at - 1] <= 'z'))) {
      --unit_at;
    }
    const std::string_view unit = trimmed.substr(unit_at);
    const auto value = parse_number(trimmed.substr(0, unit_at));
    if (!value) {
      return std::nullopt;
    }
    struct Named {
      std::string_view name;
      double seconds;
    };
    const double cycle = 1.0 / defect_.nominal_frequency_hertz;
    for (const Named& n : {Named{"s", 1.0}, Named{"ms", 1e-3}, Named{"us", 1e-6}, Named{"ns", 1e-9},
                           Named{"min", 60.0}, Named{"h", 3600.0}, Named{"d", 86400.0},
                           Named{"cycle", cycle}, Named{"cycles", cycle}}) {
      if (n.name == unit) {
        return *value * n.seconds;
      }
    }
    return std::nullopt;
  }

  const toml::table* table_;
  std::string path_;
  std::int64_t line_;
  ScenarioDefect& defect_;
  std::vector<std::string_view> known_;
};

}  // namespace halfcycle::source
