// SPDX-License-Identifier: Apache-2.0
// A process that measures: the fleet and the servers, from one configuration.
//
//   auto process = LiveProcess::start(config, options, log);     // Result<unique_ptr>
//   process->reload(*read_run_config(path));
//   process->stop();
//
// Threads: one, that of the program's main loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/run_config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "fleet/fleet.hpp"

namespace halfcycle::app {

class LiveProcess {
 public:
  struct Options {
    std::optional<double> duration_seconds;
    /// Called for the first meter of the first start, before its first sample.
    std::function<Result<void>(const fleet::MeterPlan&)> first_plan;
    std::function<void(meter::Meter&)> first_meter;
  };

  /// Errors: those of the configuration's meters, of the store and of the servers. Nothing is left
  /// behind then.
  [[nodiscard]] static Result<std::unique_ptr<LiveProcess>> start(const RunConfig& config,
                                                                  Options options, Log& log);
  ~LiveProcess();  ///< stops
  LiveProcess(const LiveProcess&) = delete;
  LiveProcess& operator=(const LiveProcess&) = delete;

  /// Takes over the meters of a new configuration: what is the same goes on measuring, the rest is
  /// replaced, begun or stopped. If anything is wrong nothing changes. What is not of a meter takes
  /// effect at the next start, which the log says.
  [[nodiscard]] Result<void> reload(const RunConfig& config);
  void stop();

  [[nodiscard]] fleet::Fleet& fleet();
  /// Where people and programs find it: a line each, ending in '\n'.
  [[nodiscard]] std::string services() const;
  [[nodiscard]] bool serves() const;
  /// False if a measuring thread has not moved since the call before: it hangs.
  [[nodiscard]] bool alive();

 private:
  struct State;
  explicit LiveProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What `--check` says, each line ending in '\n'. Opens sources and compiles templates; neither
/// ports nor the store are touched. Errors: as LiveProcess::start().
[[nodiscard]] Result<std::string> check_run_config(const RunConfig& config);

}  // namespace halfcycle::app
