// SPDX-License-Identifier: Apache-2.0
// The aggregates of IEC 61000-4-30 as registers: one module type an interval.
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"
#include "modules/spectrum_outputs.hpp"

namespace halfcycle::modules {
namespace {

using metrology::Aggregation;

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return row.aggregation != Aggregation::Last && !is_in(row, QuantityGroup::Flicker);
}>();

constexpr auto kSpectra3s = spectrum_labels(" 3s");
constexpr auto kSpectra10m = spectrum_labels(" 10m");
constexpr auto kSpectra2hr = spectrum_labels(" 2hr");

consteval auto aggregate_outputs(std::size_t aggregate, const SpectrumLabels& spectra,
                                 std::string_view suffix) {
  auto scalars = measured_outputs(kIds, false, graph::Retain::No);
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    scalars[i].name = scalars[i].label = info(kIds[i]).aggregate_labels[aggregate];
  }
  return with_spectra(scalars, spectra, suffix);
}
constexpr auto kOutputs3s = aggregate_outputs(0, kSpectra3s, " 3s");
constexpr auto kOutputs10m = aggregate_outputs(1, kSpectra10m, " 10m");
constexpr auto kOutputs2hr = aggregate_outputs(2, kSpectra2hr, " 2hr");

}  // namespace

constinit const graph::ModuleType kAggregator3s{
    .name = "Power Quality Aggregator 3s",
    .doc =
        "The measured quantities over 150/180 cycles (IEC 61000-4-30 §4.4).\n\nFifteen 10/12-cycle "
        "values each, root of the mean of squares for magnitudes and spectra (`V1 HD5 3s`); the "
        "interval in progress at a 10-minute tick runs to its fifteenth value beside the first one "
        "of the new period.",
    .outputs = kOutputs3s,
    .tick = graph::Tick::OneFiftyOneEightyCycle,
    .max_instances = 1};

constinit const graph::ModuleType kAggregator10m{
    .name = "Power Quality Aggregator 10m",
    .doc =
        "The measured quantities over the 10 minutes that end at each 10-minute tick of UTC "
        "(IEC 61000-4-30 §4.4).\n\nAll 10/12-cycle values that begin in them; the one in progress "
        "at the tick belongs to the interval that ends. The first interval, begun before the meter "
        "was on, is left out; one with a gap inside is marked as not complete.",
    .outputs = kOutputs10m,
    .tick = graph::Tick::TenMinute,
    .max_instances = 1};

constinit const graph::ModuleType kAggregator2hr{
    .name = "Power Quality Aggregator 2hr",
    .doc =
        "The measured quantities over the two hours that end at each even hour of UTC "
        "(IEC 61000-4-30 §4.4).\n\nTwelve 10-minute values each.",
    .outputs = kOutputs2hr,
    .tick = graph::Tick::TwoHour,
    .max_instances = 1};

}  // namespace halfcycle::modules
