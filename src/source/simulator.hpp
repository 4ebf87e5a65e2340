// SPDX-License-Identifier: Apache-2.0
// The grid simulator as a source: plays a scenario at any sample rate, as fast as it is read.
//
//   auto source = open_simulator("feeder");                  // or "sim:feeder", "my/grid.toml"
//   while (auto block = (*source)->read(4096), block && *block) meter.push(**block);
//
// The samples depend on the scenario alone: not on the size of the blocks, the machine or its C
// library. Pacing to real time is the caller's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "source/scenario.hpp"
#include "source/source.hpp"

namespace halfcycle::source {

/// A scenario that is part of the program.
struct ShippedScenario {
  std::string_view name;  ///< "feeder": what follows "sim:"
  std::string_view text;  ///< its TOML
};
/// In alphabetical order.
[[nodiscard]] std::span<const ShippedScenario> shipped_scenarios();

/// What a caller may replace in a scenario.
struct SimulatorOverrides {
  std::optional<double> rate_hertz;
  std::optional<double> duration_seconds;  ///< 0: endless
  std::optional<Instant> start;
};

/// The scenario of a shipped name ("feeder") or of a file (a path with '/' or ".toml"), each with
/// or without "sim:" before it. InvalidSetup: unknown name, wrong content; Machine: no permission.
[[nodiscard]] Result<Scenario> load_scenario(std::string_view path_or_name,
                                             const SimulatorOverrides& overrides = {});

/// Plays a checked scenario. Allocates once here, and while reading only as events come near.
/// A block is at most max_frames long; 0 counts as 1.
[[nodiscard]] std::unique_ptr<Source> make_simulator(Scenario scenario, std::string_view uri);

[[nodiscard]] Result<std::unique_ptr<Source>> open_simulator(
    std::string_view path_or_name, const SimulatorOverrides& overrides = {});

}  // namespace halfcycle::source
