// SPDX-License-Identifier: Apache-2.0
// Any bytes as a template: an error or a graph that runs and exports to itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "modules/catalogue.hpp"
#include "modules/measurement_feed.hpp"

using namespace halfcycle;  // NOLINT: a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const graph::ModuleCatalogue types = modules::catalogue();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto compiled = graph::compile_template(text, "fuzz.toml", types);
  if (!compiled) {
    return 0;
  }
  const auto graph = graph::Graph::create(*compiled);
  modules::MeasurementFeed feed(*graph);
  std::vector<double> values(metrology::kQuantityCount, 1.0);
  for (int s = 0; s < 4; ++s) {
    metrology::IntervalValues interval;
    interval.interval = metrology::Interval::OneSecond;
    interval.start = Instant::from_unix_ns(0) + Duration::seconds(s);
    interval.end = interval.start + Duration::seconds(1);
    interval.values = values;
    feed.feed(interval);
  }
  const std::string once = graph::to_toml(graph->export_template());
  const auto again = graph::compile_template(once, "export.toml", types);
  if (!again || graph::to_toml(graph::Graph::create(*again)->export_template()) != once) {
    std::abort();
  }
  return 0;
}
