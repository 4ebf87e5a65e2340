// SPDX-License-Identifier: Apache-2.0
// Labels of the elements of array registers: the number stands behind the array's label, before
// what names an aggregate.
//
//   element_label("V1 HD", "", 5)          == "V1 HD5"
//   element_label("V1 HD 10m", " 10m", 5)  == "V1 HD5 10m"
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/format.hpp"

namespace halfcycle::graph {

/// array: label of the array register, which ends with `suffix`.
[[nodiscard]] inline std::string element_label(std::string_view array, std::string_view suffix,
                                               int number) {
  return format("{}{}{}", array.substr(0, array.size() - suffix.size()), number, suffix);
}

/// Reads `label` as that of an element in every way there is, the last number first, until
/// wanted(array_label, suffix, number) is true; false: it never was.
template <class Wanted>
bool read_element_label(std::string_view label, Wanted&& wanted) {
  constexpr std::string_view kDigits = "0123456789";
  std::size_t end = label.find_last_of(kDigits);
  while (end != std::string_view::npos) {
    const std::size_t before = label.find_last_not_of(kDigits, end);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view digits = label.substr(begin, end + 1 - begin);
    const std::string_view suffix = label.substr(end + 1);
    int number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc{} && (digits.size() == 1 || digits.front() != '0')) {
      std::string array(label.substr(0, begin));
      array += suffix;
      if (wanted(std::string_view(array), suffix, number)) {
        return true;
      }
    }
    if (begin == 0) {
      return false;
    }
    end = label.find_last_of(kDigits, begin - 1);
  }
  return false;
}

}  // namespace halfcycle::graph
