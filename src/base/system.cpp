// SPDX-License-Identifier: Apache-2.0
#include "base/system.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace halfcycle {
namespace {

constexpr std::array<std::string_view, kInputCount> kInputNames{"V1", "V2", "V3", "V4", "I1",
                                                                "I2", "I3", "I4", "I5"};
constexpr std::array<std::string_view, 5> kWiringNames{"4w-wye", "3w-wye", "delta", "single",
                                                       "demo"};

}  // namespace

std::string_view name(Input input) { return kInputNames[lane(input)]; }

std::optional<Input> parse_input(std::string_view text) {
  for (std::size_t i = 0; i < kInputNames.size(); ++i) {
    if (equals_ignoring_case(text, kInputNames[i])) {
      return static_cast<Input>(i);
    }
  }
  return std::nullopt;
}

std::string_view name(Wiring wiring) { return kWiringNames[static_cast<std::size_t>(wiring)]; }

std::optional<Wiring> parse_wiring(std::string_view text) {
  for (std::size_t i = 0; i < kWiringNames.size(); ++i) {
    if (equals_ignoring_case(text, kWiringNames[i])) {
      return static_cast<Wiring>(i);
    }
  }
  return std::nullopt;
}

}  // namespace halfcycle
