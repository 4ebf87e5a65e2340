// SPDX-License-Identifier: Apache-2.0
// halfcycle bench: how many such meters this machine carries.
#include <unistd.h>

#include "app/bench.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/number_text.hpp"
#include "app/output.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"
#include "base/json_writer.hpp"

namespace halfcycle::app {
namespace {

std::string render_json(const BenchResult& result) {
  JsonWriter json(1);
  json.begin_object();
  json.key("meters").integer(static_cast<std::uint64_t>(result.setup.meters));
  json.key("signal_seconds").number(result.signal_seconds);
  json.key("cpu_seconds").number(result.cpu_seconds);
  json.key("realtime_meters_per_core").number(result.realtime_meters_per_core());
  json.key("bytes_per_meter").number(result.bytes_per_meter);
  json.key("stages").begin_object();
  for (const BenchStage& stage : result.stages) {
    json.key(stage.name).number(stage.cpu_seconds);
  }
  json.end_object();
  json.key("threads").integer(static_cast<std::uint64_t>(result.setup.threads));
  json.key("sample_rate_hz").number(result.setup.rate_hertz);
  json.key("channels").integer(static_cast<std::uint64_t>(result.setup.channels));
  json.key("half_cycles_at_once").integer(static_cast<std::uint64_t>(result.setup.at_once));
  json.key("realtime_meters").number(result.realtime_meters());
  json.key("ns_per_sample_and_channel").number(result.nanoseconds_per_sample());
  json.key("half_cycle_latency_s").begin_object();
  json.key("p50").number(result.latency.p50_seconds);
  json.key("p99").number(result.latency.p99_seconds);
  json.key("max").number(result.latency.most_seconds);
  json.end_object();
  json.key("processor").string(result.processor);
  json.end_object();
  return json.take() + '\n';
}

std::string render_table(const BenchResult& result, const Screen& screen) {
  using Align = TextTable::Align;
  const BenchSetup& setup = result.setup;
  std::string out = format(
      "{} meters, {:g} s of signal each: {} channels, {:g} kS/s, {} in turn, {} "
      "thread{}\n",
      setup.meters, result.signal_seconds, setup.channels, setup.rate_hertz / 1000.0,
      setup.at_once == 1 ? "half cycles" : format("{} half cycles", setup.at_once), setup.threads,
      setup.threads == 1 ? "" : "s");
  if (!result.processor.empty()) {
    out += format("on {}\n", printable(result.processor));
  }
  TextTable table({Align::Left, Align::Right, Align::Left});
  table.row({"", "", ""});
  table.row({"meters in real time on one core",
             styled(screen, Style::Bold, format("{:.0f}", result.realtime_meters_per_core())), ""});
  if (setup.threads > 1) {
    table.row(
        {"meters in real time on all of them", format("{:.0f}", result.realtime_meters()), ""});
  }
  table.row({"CPU time", format("{:.3f}", result.cpu_seconds), "s"});
  for (const BenchStage& stage : result.stages) {
    table.row({"  " + stage.name, format("{:.3f}", stage.cpu_seconds), "s"});
  }
  table.row(
      {"  for a sample of a channel", format("{:.2f}", result.nanoseconds_per_sample()), "ns"});
  table.row({"half cycle published after", format("{:.0f}", result.latency.p50_seconds * 1e6),
             "µs  median"});
  table.row({"", format("{:.0f}", result.latency.p99_seconds * 1e6), "µs  99 %"});
  table.row({"", format("{:.0f}", result.latency.most_seconds * 1e6), "µs  longest"});
  table.row({"memory of a meter", format("{:.2f}", result.bytes_per_meter / 1e6), "MB"});
  return out + table.text(2);
}

}  // namespace

Result<int> run_command(const BenchOptions& options) {
  Progress progress(!options.quiet, "halfcycle: measuring");
  const auto result = run_bench(
      {.meters = options.meters,
       .seconds = options.seconds,
       .threads = options.threads,
       .rate_hertz = options.rate_hertz,
       .channels = options.channels,
       .at_once = options.at_once},
      [&](double share) { progress.show(share); }, [] { return stop_requested(); });
  progress.clear();
  if (!result) {
    return fail(result.error());
  }
  StandardOutput out;
  out.write(options.json ? render_json(*result)
                         : render_table(*result, detect_screen(STDOUT_FILENO)));
  if (auto closed = out.close(); !closed) {
    return fail(closed.error());
  }
  return 0;
}

}  // namespace halfcycle::app
