// SPDX-License-Identifier: Apache-2.0
// The aggregates of IEC 61000-4-30 as registers: one module type an interval.
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

using metrology::Aggregation;

constexpr auto kIds = pick_quantities<[](const QuantityInfo& row) {
  return row.aggregation != Aggregation::Last && !is_in(row, QuantityGroup::Flicker);
}>();

template <std::size_t Label>
consteval auto aggregate_outputs() {
  auto outputs = measured_outputs(kIds, false, graph::Retain::No);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].name = outputs[i].label = info(kIds[i]).aggregate_labels[Label];
  }
  return outputs;
}
constexpr auto kOutputs3s = aggregate_outputs<0>();
constexpr auto kOutputs10m = aggregate_outputs<1>();
constexpr auto kOutputs2hr = aggregate_outputs<2>();

}  // namespace

constinit const graph::ModuleType kAggregator3s{
    .name = "Power Quality Aggregator 3s",
    .doc =
        "The measured quantities over 150/180 cycles (IEC 61000-4-30 §4.4).\n\nFifteen 10/12-cycle "
        "values each, root of the mean of squares for magnitudes; the interval in progress at a "
        "10-minute tick runs to its fifteenth value beside the first one of the new period.",
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
