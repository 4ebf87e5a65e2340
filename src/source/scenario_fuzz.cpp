// SPDX-License-Identifier: Apache-2.0
// Any text as a scenario: refused with a message, or played for a moment and put into truth. Input
// that is accepted must give samples without a hang, whatever its numbers are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "source/scenario.hpp"
#include "source/simulator.hpp"
#include "source/truth.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto scenario = source::parse_scenario(text, "fuzz.toml");
  if (!scenario) {
    if (scenario.error().message.empty()) {
      std::abort();
    }
    return 0;
  }
  // A tenth of a second around the start is enough to reach all code, and short enough to try much.
  scenario->duration = Duration::ms(100);
  if (scenario->rate_hertz > 50000.0) {
    auto slower = source::with_rate(*scenario, 50000.0);
    if (!slower) {
      return 0;
    }
    scenario = std::move(slower);
  }
  auto simulator = source::make_simulator(*scenario, "sim:fuzz");
  for (std::uint64_t frames = 0;;) {
    const auto block = simulator->read(333);
    if (!block) {
      std::abort();
    }
    if (!*block) {
      break;
    }
    if ((*block)->frame_count == 0 || (*block)->first_index != frames) {
      std::abort();
    }
    frames += (*block)->frame_count;
  }
  if (auto truth = source::compute_truth(*scenario)) {
    std::string json;
    source::write_truth_json(*truth, json);
  }
  return 0;
}
