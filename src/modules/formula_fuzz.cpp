// SPDX-License-Identifier: Apache-2.0
// Any bytes as a formula: an error or a value that is finite or not available.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/quality.hpp"
#include "modules/formula.hpp"

using halfcycle::modules::Formula;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto formula = Formula::compile(text);
  if (!formula || formula->empty()) {
    return 0;
  }
  std::array<double, Formula::kOperands> sources{};
  std::array<double, Formula::kOperands> results{};
  for (std::size_t i = 0; i < Formula::kOperands; ++i) {
    sources[i] = static_cast<double>(i) * 1e3 - 5.5;
    results[i] = i % 3 == 0 ? halfcycle::kNotAvailable : 1.0 / static_cast<double>(i);
  }
  if (std::isinf(formula->run(sources, results))) {
    std::abort();
  }
  return 0;
}
