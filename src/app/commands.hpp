// SPDX-License-Identifier: Apache-2.0
// The commands. Each returns the exit status it wants (0, or 1 where a check failed), or an error.
#pragma once

#include "app/options.hpp"
#include "base/result.hpp"

namespace halfcycle::app {

[[nodiscard]] Result<int> run_command(const AnalyzeOptions& options);
[[nodiscard]] Result<int> run_command(const RunOptions& options);
[[nodiscard]] Result<int> run_command(const SimulateOptions& options);
[[nodiscard]] Result<int> run_command(const VerifyOptions& options);
[[nodiscard]] Result<int> run_command(const BenchOptions& options);
[[nodiscard]] Result<int> run_command(const ModulesOptions& options);
[[nodiscard]] Result<int> run_command(const SourcesOptions& options);
[[nodiscard]] Result<int> run_command(const RegistersOptions& options);
[[nodiscard]] Result<int> run_command(const PrintText& text);

}  // namespace halfcycle::app
