// SPDX-License-Identifier: Apache-2.0
// Any text as a calibration: refused with a message, or read back from what is written of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/calibration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle::source;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto calibration = parse_calibration(text, "fuzz.toml");
  if (!calibration) {
    if (calibration.error().message.empty()) {
      std::abort();
    }
    return 0;
  }
  const auto again = parse_calibration(calibration_toml(*calibration), "again.toml");
  if (!again || !(*again == *calibration)) {
    std::abort();
  }
  return 0;
}
