// SPDX-License-Identifier: Apache-2.0
// Writes JSON text piece by piece, with commas and escapes taken care of.
//
//   JsonWriter json;
//   json.begin_object().key("residual_V").number(20.1).key("end").null().end_object();
//   json.text() == R"({"residual_V":20.1,"end":null})"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"

namespace halfcycle {

class JsonWriter {
 public:
  /// How deep objects and lists are put on lines of their own; below that all is on one line.
  explicit JsonWriter(int indented_levels = 0) : indented_levels_(indented_levels) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_list() { return open('['); }
  JsonWriter& end_list() { return close(']'); }
  JsonWriter& key(std::string_view name);
  /// Invalid UTF-8 becomes U+FFFD; control characters are escaped.
  JsonWriter& string(std::string_view text);
  /// The shortest text that reads back the same; NaN and infinities are null.
  JsonWriter& number(double value);
  JsonWriter& number(float value);
  JsonWriter& integer(std::uint64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& string_or_null(const std::optional<std::string>& text) {
    return text ? string(*text) : null();
  }

  /// ISO 8601 UTC with nanoseconds, or null.
  JsonWriter& time(const std::optional<Instant>& instant) {
    return instant ? string(to_iso8601(*instant)) : null();
  }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] const std::string& text() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void before_value();
  void new_line();

  struct Level {
    bool empty = true;
    bool indented = false;
  };
  std::string out_;
  std::vector<Level> levels_;
  int indented_levels_;
  bool after_key_ = false;
};

/// `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace halfcycle
