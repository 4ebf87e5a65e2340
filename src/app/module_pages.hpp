// SPDX-License-Identifier: Apache-2.0
// The catalogue of module types for the terminal, all of it from their declarations. The reference
// pages in Markdown are graph/reference.hpp's.
#pragma once

#include <string>

#include "app/terminal.hpp"
#include "graph/catalogue.hpp"

namespace halfcycle::app {

/// One line a type: name and first sentence.
[[nodiscard]] std::string render_module_list(const graph::ModuleCatalogue& catalogue,
                                             const Screen& screen);
/// Inputs, setup registers and outputs of a type.
[[nodiscard]] std::string render_module(const graph::ModuleType& type, const Screen& screen);
/// "Sliding Window Demand" → "sliding-window-demand".
[[nodiscard]] std::string module_file_stem(std::string_view name);

}  // namespace halfcycle::app
