// SPDX-License-Identifier: Apache-2.0
// A template as text: TOML with one [[module]] per module instance.
//
//   name = "standard"
//   description = "…"
//   [[module]]
//   type = "Sliding Window Demand"
//   label = "Dmd kW del"
//   inputs = { Source = "kW del", Reset = "Reset Demand" }        # labels of registers
//   setup = { "Sub Intvl" = 300, "#SubIntvls" = 3 }
//   outputs = { SWinDemand = "kW sd del" }                        # labels to give
//   units = { Result1 = "kW" }                                    # where the type leaves it open
//
// This layer knows TOML and line numbers, and nothing of module types.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::graph {

struct TemplateEntry {
  std::string key;
  std::variant<std::string, double, bool> value;
  int line = 0;
};

struct TemplateModule {
  std::string type;
  std::string label;
  std::vector<TemplateEntry> inputs, setup, outputs, units;  ///< in the order of the file
  int line = 0;
  int type_line = 0;
  int label_line = 0;
};

struct TemplateSource {
  std::string file;  ///< for messages: "standard.toml"
  std::string name;
  std::string description;
  std::vector<TemplateModule> modules;
};

/// Errors: InvalidSetup, "FILE:LINE: what; what to do".
[[nodiscard]] Result<TemplateSource> parse_template(std::string_view text, std::string_view file);
[[nodiscard]] std::string to_toml(const TemplateSource& source);

}  // namespace halfcycle::graph
