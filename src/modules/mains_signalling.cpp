// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/measured_outputs.hpp"
#include "modules/power_quality_events.hpp"
#include "quality/mains_signalling.hpp"

namespace halfcycle::modules {
namespace {

using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return is_in(row, QuantityGroup::MainsSignalling);
}>();
static_assert(kIds.size() == mains_signalling::kLevels);
constexpr auto kLevels = measured_outputs(kIds, false, graph::Retain::No);

constexpr int kRecordLength = quality::SignallingRecorder::kMost;
constexpr OutputSpec active(std::string_view name) {
  return {.name = name,
          .cls = RegisterClass::Boolean,
          .label = name,
          .help = "On while an emission is being recorded"};
}
constexpr OutputSpec start(std::string_view name) {
  return {.name = name,
          .cls = RegisterClass::Time,
          .label = name,
          .help = "When the latest emission rose above the threshold"};
}
constexpr OutputSpec duration(std::string_view name) {
  return {.name = name,
          .unit = Unit::Second,
          .label = name,
          .help = "From there to its last value above the threshold within the record"};
}
constexpr OutputSpec largest(std::string_view name) {
  return {.name = name,
          .unit = Unit::Percent,
          .label = name,
          .help = "Its largest 10/12-cycle value, % of the declared voltage"};
}
constexpr OutputSpec record(std::string_view name) {
  return {.name = name,
          .cls = RegisterClass::NumericArray,
          .unit = Unit::Percent,
          .label = name,
          .first_element = 1,
          .element_count = kRecordLength,
          .help = "Its 10/12-cycle values, of the phase with the largest each"};
}

constexpr std::array kEmissions{
    active("MSV1 Active"), start("MSV1 Start"),   duration("MSV1 Dur"),  largest("MSV1 Max"),
    record("MSV1 Record"), active("MSV2 Active"), start("MSV2 Start"),   duration("MSV2 Dur"),
    largest("MSV2 Max"),   record("MSV2 Record"), active("MSV3 Active"), start("MSV3 Start"),
    duration("MSV3 Dur"),  largest("MSV3 Max"),   record("MSV3 Record")};
static_assert(kEmissions.size() ==
              mains_signalling::kCarriers * mains_signalling::kOutputsACarrier);

consteval auto all_outputs() {
  std::array<OutputSpec, kLevels.size() + kEmissions.size()> outputs{};
  std::size_t next = 0;
  for (const OutputSpec& level : kLevels) {
    outputs[next++] = level;
  }
  for (const OutputSpec& emission : kEmissions) {
    outputs[next++] = emission;
  }
  return outputs;
}
constexpr auto kOutputs = all_outputs();

constexpr SetupSpec carrier(std::string_view name) {
  return {.name = name,
          .unit = Unit::Hertz,
          .min = 0.0,
          .max = 3000.0,
          .default_value = 0.0,
          .help = "Carrier frequency; 0: none. Taken in when the meter starts"};
}
constexpr std::array kSetup{
    carrier("Carrier 1"),
    carrier("Carrier 2"),
    carrier("Carrier 3"),
    SetupSpec{.name = "Threshold",
              .unit = Unit::Percent,
              .min = 0.3,
              .max = 15.0,
              .default_value = 1.0,
              .help = "An emission begins above it, % of the declared voltage"},
    SetupSpec{.name = "Record Time",
              .unit = Unit::Second,
              .min = 1.0,
              .max = 120.0,
              .default_value = 30.0,
              .help = "How long an emission is recorded"},
    graph::kEventPrioritySetup};

}  // namespace

constinit const graph::ModuleType kMainsSignalling{
    .name = "Mains Signalling",
    .doc =
        "Mains signalling voltage at up to three carrier frequencies, over 10/12 cycles "
        "(IEC 61000-4-30 §5.10).\n\nA carrier on a bin of the spectrum is that bin; any other is "
        "the "
        "root of the sum of squares of the four nearest. An emission above the threshold is "
        "recorded for the set time, at most 120 s. The purpose is the level, not the message.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::TenTwelveCycle,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
