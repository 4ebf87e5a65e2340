// SPDX-License-Identifier: Apache-2.0
// The template that a user names: one that is shipped, or a file.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::app {

/// Errors: InvalidSetup (an unknown name, with the nearest; wrong contents), and those of reading.
[[nodiscard]] Result<std::shared_ptr<const graph::CompiledTemplate>> load_template(
    const std::string& name);

}  // namespace halfcycle::app
