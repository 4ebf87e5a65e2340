// SPDX-License-Identifier: Apache-2.0
// Small text helpers: case-blind comparison, trimming, splitting, the nearest valid name for an
// error message, numbers as text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace halfcycle {

/// ASCII only; other bytes compare as they are.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string to_lower(std::string_view text);
/// Without blanks, tabs, CR and LF at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate with the smallest edit distance, if it is near enough to be what was meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view text,
                                                      std::span<const std::string_view> candidates);
/// " Did you mean 'kW tot'?" or nothing: to be appended to an error message.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       std::span<const std::string_view> candidates);

/// The whole of `text` (trimmed) as a finite number, else nothing. Accepts a leading '+'.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// The shortest text that reads back as the same number; "null" for NaN and infinities, so that it
/// is JSON as it stands.
void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, float value);

/// `text` cut or padded to valid UTF-8: invalid bytes become U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace halfcycle
