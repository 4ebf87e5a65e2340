// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/label_text.hpp"
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

using Emission = std::array<OutputSpec, mains_signalling::kOutputsACarrier>;
constexpr Emission kEmission{
    OutputSpec{.name = " Active",
               .cls = RegisterClass::Boolean,
               .help = "On while an emission is being recorded"},
    OutputSpec{.name = " Start",
               .cls = RegisterClass::Time,
               .help = "When the latest emission rose above the threshold"},
    OutputSpec{.name = " Dur",
               .unit = Unit::Second,
               .help = "From there to its last value above the threshold within the record"},
    OutputSpec{.name = " Max",
               .unit = Unit::Percent,
               .help = "Its largest 10/12-cycle value, % of the declared voltage"},
    OutputSpec{.name = " Record",
               .cls = RegisterClass::NumericArray,
               .unit = Unit::Percent,
               .first_element = 1,
               .element_count = quality::SignallingRecorder::kMost,
               .help = "Its 10/12-cycle values, of the phase with the largest each"}};

// "MSV1 Active", …, carrier by carrier.
constexpr auto kNames = [] {
  std::array<LabelText, mains_signalling::kCarriers * kEmission.size()> names;
  for (std::size_t k = 0; k < names.size(); ++k) {
    names[k] = LabelText()
                   .add("MSV")
                   .add(k / kEmission.size() + 1)
                   .add(kEmission[k % kEmission.size()].name);
  }
  return names;
}();

consteval auto all_outputs() {
  std::array<OutputSpec, kLevels.size() + kNames.size()> outputs{};
  std::size_t next = 0;
  for (const OutputSpec& level : kLevels) {
    outputs[next++] = level;
  }
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    OutputSpec& output = outputs[next++];
    output = kEmission[k % kEmission.size()];
    output.name = output.label = kNames[k].view();
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
          .help =
              "Carrier frequency; 0: that of the meter, if any. From the next 10/12-cycle "
              "window on"};
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
