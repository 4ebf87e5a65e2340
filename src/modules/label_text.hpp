// SPDX-License-Identifier: Apache-2.0
// Names of registers that are put together from parts at compile time. Kept in a constant, they
// live as long as the program:
//
//   constexpr auto kLabels = std::array{LabelText().add("MSV").add(1).add(" Start"), …};
//   OutputSpec{.name = kLabels[0].view(), …}
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace halfcycle::modules {

class LabelText {
 public:
  static constexpr std::size_t kMost = 24;

  [[nodiscard]] constexpr LabelText add(std::string_view part) const {
    LabelText longer = *this;
    for (const char c : part) {
      longer.text_[longer.size_++] = c;  // in a constant: beyond kMost it does not compile
    }
    return longer;
  }
  /// One digit.
  [[nodiscard]] constexpr LabelText add(std::size_t digit) const {
    const char c = static_cast<char>('0' + digit);
    return add(std::string_view(&c, 1));
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kMost> text_{};
  std::size_t size_ = 0;
};

}  // namespace halfcycle::modules
