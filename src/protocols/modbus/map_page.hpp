// SPDX-License-Identifier: Apache-2.0
// The reference page of the register map: which rows a template serves, which not and why.
#pragma once

#include <memory>
#include <string>

#include "graph/compiled_template.hpp"

namespace halfcycle::modbus {

/// Markdown; docs/protocols/modbus-map.md is this for the standard template.
[[nodiscard]] std::string map_page(const std::shared_ptr<const graph::CompiledTemplate>& compiled);

}  // namespace halfcycle::modbus
