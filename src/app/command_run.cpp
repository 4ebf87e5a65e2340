// SPDX-License-Identifier: Apache-2.0
// halfcycle run: live meters, until they end or somebody stops them.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "app/commands.hpp"
#include "app/console_log.hpp"
#include "app/interrupt.hpp"
#include "app/live_process.hpp"
#include "app/live_view.hpp"
#include "app/number_text.hpp"
#include "app/output.hpp"
#include "app/service_notify.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

constexpr double kRoundSeconds = 0.02;
constexpr double kAliveSeconds = 2.0;  // between two looks at the measuring threads
constexpr std::size_t kNotesShown = 3;

LiveHeader header_of(const fleet::MeterPlan& plan, std::size_t meters) {
  LiveHeader header;
  header.source = format("Halfcycle {} on {}", version(), printable(plan.identity.source_uri));
  if (meters > 1) {
    header.source += format(", meter {} of {}", plan.identity.id, meters);
  }
  const SystemSetup& system = plan.identity.system;
  header.system =
      format("{}, {}, {:g} Hz; Ctrl-C stops", name(system.wiring),
             system.nominal_voltage_known() ? with_unit(system.nominal_voltage_volts, Unit::Volt, 5,
                                                        detect_screen(STDOUT_FILENO).unicode)
                                            : std::string("no nominal voltage"),
             system.nominal_frequency_hertz);
  return header;
}

// Everything between start and stop.
class Run {
 public:
  Run(const RunOptions& options, const RunConfig& config)
      : options_(options),
        config_(config),
        // What is played into a pipe has no operator to be told that all is well.
        log_(options.quiet || config.flat_out() ? LogLevel::Warning : LogLevel::Info),
        feed_(config.meters.front().speed != 1.0) {}

  Result<int> operator()() {
    if (!options_.config.empty()) {
      catch_reload_signal();
    }
    Result<void> attached;
    auto process =
        LiveProcess::start(config_,
                           {.duration_seconds = options_.duration_seconds,
                            .first_plan = [this](const fleet::MeterPlan& plan) -> Result<void> {
                              header_ = header_of(plan, config_.meters.size());
                              wiring_ = plan.identity.system.wiring;
                              return {};
                            },
                            .first_meter =
                                [&](meter::Meter& meter) {
                                  auto columns = feed_.attach(meter);
                                  if (columns) {
                                    columns_ = *std::move(columns);
                                  } else {
                                    attached = fail(columns.error());
                                  }
                                }},
                           log_);
    if (!process) {
      feed_.close();
      return fail(process.error());
    }
    if (!attached) {
      return fail(attached.error());
    }
    header_.services = (*process)->services();
    log_.write(LogLevel::Info, "run", format("Halfcycle {} started", version()));
    const std::string status =
        format("{} meter{}", config_.meters.size(), config_.meters.size() == 1 ? "" : "s");
    service_.ready(status);

    LiveView view(header_, wiring_, columns_, options_.quiet);
    log_.hold(view.has_terminal());
    loop(**process, view, status);
    service_.stopping();
    feed_.close();
    const bool stopped = stop_requested();
    (*process)->stop();
    drain(view);
    view.leave();
    log_.hold(false);
    log_.write(LogLevel::Info, "run", stopped ? "stopped" : "ended");
    if (!view.output()) {
      return fail(view.output().error());
    }
    return 0;
  }

 private:
  void drain(LiveView& view) {
    feed_.take([&](const LiveFeed::Message& message) {
      if (!view.output_ended()) {
        view.show(message);
      }
    });
  }

  void loop(LiveProcess& process, LiveView& view, const std::string& status) {
    double looked = monotonic_seconds();
    while (!stop_requested()) {
      const bool all_ended = process.fleet().all_ended();
      drain(view);
      view.refresh(log_.latest(kNotesShown));
      if (view.output_ended() && !(options_.quiet && process.serves())) {
        return;
      }
      if (all_ended && (options_.duration_seconds || config_.flat_out() || !process.serves())) {
        return;
      }
      if (!options_.config.empty() && take_reload_request()) {
        reload(process, status);
      }
      const double now = monotonic_seconds();
      if (now - looked >= kAliveSeconds) {
        looked = now;
        if (process.alive() && service_.watchdog_seconds()) {
          service_.alive();
        }
      }
      sleep_seconds(kRoundSeconds);
    }
  }

  void reload(LiveProcess& process, const std::string& status) {
    service_.reloading();
    auto config = run_config_of(options_);
    auto done = config ? process.reload(*config) : Result<void>(fail(config.error()));
    if (!done) {
      log_.write(
          LogLevel::Error, "run",
          format("the configuration is not taken, the old one goes on: {}", done.error().message));
    }
    service_.ready(status);
  }

  const RunOptions& options_;
  const RunConfig& config_;
  ConsoleLog log_;
  ServiceNotify service_;
  LiveFeed feed_;
  LiveHeader header_;
  Wiring wiring_ = Wiring::FourWireWye;
  LiveFeed::Columns columns_;
};

}  // namespace

Result<int> run_command(const RunOptions& options) {
  const auto config = run_config_of(options);
  if (!config) {
    return fail(config.error());
  }
  if (options.check) {
    const auto text = check_run_config(*config);
    if (!text) {
      return fail(text.error());
    }
    StandardOutput out;
    out.write(*text);
    out.flush();
    const auto written = out.close();
    return written ? Result<int>(0) : fail(written.error());
  }
  return Run(options, *config)();
}

}  // namespace halfcycle::app
