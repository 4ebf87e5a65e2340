// SPDX-License-Identifier: Apache-2.0
// All module types of the meter, listed by hand, and the templates that come with it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "graph/catalogue.hpp"

namespace halfcycle::modules {

/// Every module type. Cheap; build it once where it is needed.
[[nodiscard]] graph::ModuleCatalogue catalogue();

/// The text of a template that is built in ("standard"), as in templates/NAME.toml.
[[nodiscard]] std::optional<std::string_view> shipped_template(std::string_view name);
[[nodiscard]] std::span<const std::string_view> shipped_template_names();

}  // namespace halfcycle::modules
