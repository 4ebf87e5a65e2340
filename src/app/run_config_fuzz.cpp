// SPDX-License-Identifier: Apache-2.0
// Any text as a run configuration: refused with a message, or meters that can be told apart and
// numbers within what docs/running.md allows.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "app/run_config.hpp"

namespace {

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace halfcycle;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = app::parse_run_config(text, "fuzz.toml", "/nonexistent");
  const auto again = app::parse_run_config(text, "fuzz.toml", "/nonexistent");
  expect(config.has_value() == again.has_value());
  if (!config) {
    expect(!config.error().message.empty() && config.error().message == again.error().message);
    return 0;
  }
  expect(!config->meters.empty());
  expect(config->waveform_seconds >= 0.5 && config->waveform_seconds <= 60.0);
  expect(config->store.max_bytes >= 16000000);
  expect(config->modbus.max_connections >= 1 && config->modbus.idle_timeout_seconds >= 1.0);
  expect(config->web.certificate_file.empty() == config->web.key_file.empty());
  std::set<std::string> ids;
  std::set<unsigned> units;
  for (std::size_t i = 0; i < config->meters.size(); ++i) {
    const app::MeterConfig& meter = config->meters[i];
    expect(!meter.id.empty() && ids.insert(meter.id).second);
    expect(meter.unit_id <= 247 && (meter.unit_id == 0 || units.insert(meter.unit_id).second));
    expect(!meter.source.empty() && !meter.name.empty());
    expect(meter.speed >= 0.0 && meter.speed <= 1e6);
    const app::MeasureOptions& measure = meter.measure;
    const double interruption = measure.interruption_threshold_ratio.value_or(0.05);
    expect(interruption > 0.0 && interruption <= 0.2);
    expect(measure.swell_threshold_ratio.value_or(1.1) >= 1.0);
    expect(meter.fingerprint == again->meters[i].fingerprint);
  }
  return 0;
}
