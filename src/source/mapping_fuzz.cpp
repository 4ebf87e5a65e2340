// SPDX-License-Identifier: Apache-2.0
// Channel names, phases, circuits and units from outside. One channel a line, fields by tabs:
// name, phase, circuit, unit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "base/text.hpp"
#include "source/mapping.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<formats::AnalogChannel> channels;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    formats::AnalogChannel channel;
    channel.name = fields[0];
    channel.phase = fields.size() > 1 ? fields[1] : "";
    channel.component = fields.size() > 2 ? fields[2] : "";
    channel.unit = fields.size() > 3 ? fields[3] : "V";
    channels.push_back(std::move(channel));
    if (channels.size() == 64) {
      break;
    }
  }
  const auto mapping = source::map_channels(channels, {});
  if (!mapping) {
    return 0;
  }
  // No input twice, no channel twice, none that does not exist.
  std::set<Input> inputs;
  std::set<std::size_t> used;
  for (const auto& assignment : mapping->inputs) {
    if (!inputs.insert(assignment.input).second || !used.insert(assignment.channel).second ||
        assignment.channel >= channels.size() || assignment.scale == 0.0) {
      std::abort();
    }
  }
  return mapping->inputs.empty() ? std::abort(), 0 : 0;
}
