// SPDX-License-Identifier: Apache-2.0
#include "modules/catalogue.hpp"

#include <array>

#include "modules/data_recorder.hpp"
#include "modules/measured_modules.hpp"
#include "modules/power_quality_events.hpp"
#include "modules/sag_swell.hpp"
#include "modules/shipped_templates.hpp"
#include "modules/types.hpp"

namespace halfcycle::modules {

graph::ModuleCatalogue catalogue() {
  static constexpr std::array<const graph::ModuleType*, 30> kTypes{
      // What the meter measures.
      &kPowerMeter, &kHighSpeedPowerMeter, &kEnergy, &kHarmonicsAnalyzer, &kSymmetricalComponents,
      &kAggregator3s, &kAggregator10m, &kAggregator2hr, &kFlicker, &kSagSwell, &kRapidVoltageChange,
      &kTransient, &kMainsSignalling,
      // Energy, demand, statistics.
      &kIntegrator, &kSlidingWindowDemand, &kMinimum, &kMaximum,
      // Logs.
      &kDataRecorder, &kEventLogController,
      // Setpoints and logic.
      &kSetpoint, &kAndOr, &kArithmetic, &kCounter, &kFeedback,
      // Time.
      &kClock, &kPeriodicTimer, &kOneShotTimer,
      // From outside.
      &kExternalNumeric, &kExternalBoolean, &kExternalPulse};
  // The declarations are constant: a test shows that this never fails.
  return graph::ModuleCatalogue::create(kTypes).value();
}

std::optional<std::string_view> shipped_template(std::string_view name) {
  for (const ShippedTemplate& shipped : kShippedTemplates) {
    if (shipped.name == name) {
      return shipped.text;
    }
  }
  return std::nullopt;
}

std::span<const std::string_view> shipped_template_names() { return kShippedTemplateNames; }

}  // namespace halfcycle::modules
