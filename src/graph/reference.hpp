// SPDX-License-Identifier: Apache-2.0
// Catalogue and reference pages, made from the declarations.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "graph/catalogue.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::graph {

/// One line per type: name and summary. For `halfcycle modules`.
[[nodiscard]] std::string catalogue_text(const ModuleCatalogue& catalogue);
/// The page of one type, Markdown. For `halfcycle modules TYPE` and docs/modules/.
[[nodiscard]] std::string module_page(const ModuleType& type);
/// "sliding-window-demand.md"
[[nodiscard]] std::string page_name(const ModuleType& type);

struct ReferencePage {
  std::string file_name;
  std::string text;
};
/// README.md, then a page per type.
[[nodiscard]] std::vector<ReferencePage> reference_pages(const ModuleCatalogue& catalogue);
/// Writes them into a folder that exists. Errors: Machine.
[[nodiscard]] Result<void> write_reference(const ModuleCatalogue& catalogue,
                                           const std::string& folder);

/// A row of `halfcycle registers`.
struct RegisterRow {
  std::string label;
  std::string_view cls;
  std::string_view unit;
  std::string_view tick;
  std::string module;
  std::string_view help;
};
/// In the order of the template's text.
[[nodiscard]] std::vector<RegisterRow> register_rows(const CompiledTemplate& compiled);

}  // namespace halfcycle::graph
