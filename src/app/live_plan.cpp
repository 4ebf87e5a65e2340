// SPDX-License-Identifier: Apache-2.0
#include "app/live_plan.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/analysis.hpp"
#include "app/template_choice.hpp"
#include "base/format.hpp"
#include "source/open.hpp"
#include "source/simulator.hpp"

namespace halfcycle::app {
namespace {

// Nothing was measured by this program before; a clock that shows less runs from a dead battery.
constexpr std::int64_t kEarliestYear = 2025;

// A source that gives what was read of it already, then the rest, and ends when it was played for
// long enough.
class PlayedSource final : public source::Source {
 public:
  PlayedSource(std::unique_ptr<source::Source> rest, std::vector<StoredBlock> head,
               std::optional<double> seconds)
      : rest_(std::move(rest)), head_(std::move(head)), seconds_left_(seconds) {}

  [[nodiscard]] const source::SourceInfo& info() const override { return rest_->info(); }
  [[nodiscard]] std::string_view notice() const override { return rest_->notice(); }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    if (seconds_left_ && !(*seconds_left_ > 0.0)) {
      return std::nullopt;
    }
    auto block = next(max_frames);
    if (block && *block && seconds_left_) {
      *seconds_left_ -= static_cast<double>((*block)->frame_count) / (*block)->time.rate_hertz;
      rate_hertz_ = (*block)->time.rate_hertz;
    }
    return block;
  }

  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t frames) override {
    if (number_ < head_.size() || (seconds_left_ && !(*seconds_left_ > 0.0))) {
      return 0;
    }
    const auto skipped = rest_->skip(frames);
    if (skipped && seconds_left_ && rate_hertz_ > 0.0) {
      *seconds_left_ -= static_cast<double>(*skipped) / rate_hertz_;
    }
    return skipped;
  }

 private:
  Result<std::optional<SampleBlock>> next(std::size_t max_frames) {
    while (number_ < head_.size() && done_ == head_[number_].block.frame_count) {
      ++number_;
      done_ = 0;
    }
    if (number_ >= head_.size()) {
      return rest_->read(max_frames);
    }
    SampleBlock part = head_[number_].view();
    part.frames += done_ * part.lanes;
    part.frame_count = std::min(std::max<std::size_t>(max_frames, 1), part.frame_count - done_);
    part.first_index += done_;
    part.discontinuity = done_ == 0 ? part.discontinuity : Discontinuity::None;
    done_ += part.frame_count;
    return part;
  }

  std::unique_ptr<source::Source> rest_;
  std::vector<StoredBlock> head_;
  std::size_t number_ = 0;  // of the block of the head
  std::size_t done_ = 0;    // frames of it
  std::optional<double> seconds_left_;
  double rate_hertz_ = 0.0;
};

Result<std::unique_ptr<source::Source>> open_at(const MeterConfig& meter, bool simulated,
                                                const PlanContext& context) {
  if (simulated && meter.speed > 0.0) {
    // At its own pace a simulated grid plays now; flat out it starts when its scenario says, so
    // that the same values come each time.
    source::SimulatorOverrides overrides;
    overrides.rate_hertz = meter.measure.open.rate_hertz;
    overrides.start = context.now;
    return source::open_simulator(meter.source, overrides);
  }
  return source::open_source(meter.source, meter.measure.open);
}

// A wrong word in the file is a wrong file and no wrong use of the command line.
Error located(const MeterConfig& meter, Error error) {
  if (!meter.where.empty()) {
    error.code = error.code == ErrorCode::Usage ? ErrorCode::InvalidSetup : error.code;
    error.message = format("{}: meter '{}': {}", meter.where, meter.id, error.message);
  }
  return error;
}

}  // namespace

Instant machine_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Instant::from_unix_ns(std::int64_t{now.tv_sec} * 1000000000 + std::int64_t{now.tv_nsec});
}

bool is_plausible_time(Instant now) { return to_civil(now).year >= kEarliestYear; }

Result<LivePlan> make_live_plan(const MeterConfig& meter, PlanContext& context) {
  const bool simulated =
      meter.source.starts_with("sim:") ||
      (meter.source.ends_with(".toml") && meter.source.find(':') == std::string::npos);
  auto& compiled = context.templates[meter.template_name];
  if (!compiled) {
    auto loaded = load_template(meter.template_name);
    if (!loaded) {
      return fail(located(meter, loaded.error()));
    }
    compiled = *std::move(loaded);
  }
  auto source = open_at(meter, simulated, context);
  if (!source) {
    return fail(located(meter, source.error()));
  }
  auto prepared = prepare_setup(*std::move(source), meter.measure, false);
  if (!prepared) {
    return fail(located(meter, prepared.error()));
  }

  LivePlan live;
  fleet::MeterPlan& plan = live.plan;
  const source::SourceInfo& info = prepared->source->info();
  live.warnings = info.warnings;
  live.warnings.insert(live.warnings.end(), prepared->assumption.warnings.begin(),
                       prepared->assumption.warnings.end());
  if (!prepared->assumption.system.nominal_voltage_known()) {
    live.warnings.emplace_back(
        "no nominal voltage is known: dips and swells are not looked for; say what it is with "
        "nominal_voltage (--nominal-voltage)");
  }
  plan.setup = prepared->setup;
  plan.setup.compiled_template = compiled;
  plan.identity = {.id = meter.id,
                   .name = meter.name,
                   .unit_id = meter.unit_id,
                   .source_uri = info.uri,
                   .template_name = meter.template_name,
                   .system = prepared->assumption.system,
                   .inputs = plan.setup.inputs,
                   .sample_rate_hertz = plan.setup.sample_rate_hertz};
  plan.pace = {.speed = meter.speed, .real_time = simulated && meter.speed == 1.0};
  plan.clock_ok = context.clock_ok || !plan.pace.real_time;
  if (plan.pace.real_time) {
    plan.share = format("{} {} {}", info.uri, plan.setup.sample_rate_hertz, context.now.unix_ns());
  }
  plan.reopen = prepared->source->reopen();
  plan.source = std::make_unique<PlayedSource>(std::move(prepared->source),
                                               std::move(prepared->head), context.duration_seconds);
  return live;
}

}  // namespace halfcycle::app
