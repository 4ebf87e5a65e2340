// SPDX-License-Identifier: Apache-2.0
// halfcycle modules, sources, registers, and texts that the command line answers by itself.
#include <unistd.h>

#include "app/commands.hpp"
#include "app/module_pages.hpp"
#include "app/output.hpp"
#include "app/template_choice.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "graph/compiled_template.hpp"
#include "graph/element_label.hpp"
#include "graph/reference.hpp"
#include "metrology/quantity.hpp"
#include "modules/catalogue.hpp"
#include "source/open.hpp"

namespace halfcycle::app {
namespace {

using Align = TextTable::Align;

Result<int> print(std::string_view text) {
  StandardOutput out;
  out.write(text);
  if (auto closed = out.close(); !closed) {
    return fail(closed.error());
  }
  return 0;
}

// Case does not matter on the command line: "powermeter" and "power meter" mean the Power Meter.
const graph::ModuleType* find_type(const graph::ModuleCatalogue& catalogue, std::string_view name) {
  for (const graph::ModuleType* type : catalogue.types()) {
    if (equals_ignoring_case(type->name, name) ||
        module_file_stem(type->name) == module_file_stem(name)) {
      return type;
    }
    std::string joined(type->name);
    std::erase(joined, ' ');
    if (equals_ignoring_case(joined, name)) {
      return type;
    }
  }
  return nullptr;
}

std::string render_quantities(const Screen& screen) {
  TextTable table({Align::Left, Align::Left, Align::Left, Align::Left});
  table.row({"label", "half-cycle", "unit", ""});
  for (const metrology::QuantityInfo& row : metrology::kQuantities) {
    table.row({styled(screen, Style::Bold, row.label), std::string(row.high_speed_label),
               std::string(info(row.unit).symbol), std::string(row.help)});
  }
  std::string out = table.text(0);
  out += "\nSpectra, for V1 to V4 and I1 to I5\n";
  TextTable spectra({Align::Left, Align::Left, Align::Left});
  for (const metrology::SpectrumInfo& row : metrology::kSpectra) {
    spectra.row({styled(screen, Style::Bold,
                        format("{0} {1}{2} ... {1}{3}",
                               spectrum_owner(has_kind(Input::V1, row.kind) ? Input::V1 : Input::I1,
                                              row.kind),
                               row.suffix, row.first_order, row.last_order)),
                 std::string(info(row.unit).symbol), std::string(row.help)});
  }
  return out + spectra.text(0);
}

std::string render_template(const graph::CompiledTemplate& compiled, const Screen& screen) {
  std::string out = styled(screen, Style::Bold, compiled.name());
  if (!compiled.description().empty()) {
    out += format(": {}", compiled.description());
  }
  out += "\n\n";
  TextTable table({Align::Left, Align::Left, Align::Left, Align::Left, Align::Left, Align::Left});
  table.row({"label", "unit", "class", "renewed", "module", ""});
  for (const std::uint32_t number : compiled.file_order()) {
    const graph::ModuleInstance& module = compiled.modules()[number];
    for (std::size_t i = 0; i < module.type->outputs.size(); ++i) {
      const graph::RegisterInfo& row = compiled.registers()[module.first_register + i];
      std::string label = row.label;
      if (row.element_count > 0) {
        label = format("{} ... {}",
                       graph::element_label(row.label, row.element_suffix, row.first_element),
                       graph::element_label(row.label, row.element_suffix,
                                            row.first_element + row.element_count - 1));
      }
      table.row({styled(screen, Style::Bold, printable(label)), std::string(info(row.unit).symbol),
                 std::string(graph::name(row.cls)), std::string(graph::name(row.tick)),
                 printable(module.label), std::string(row.help)});
    }
  }
  return out + table.text(0);
}

Result<int> write_pages(const graph::ModuleCatalogue& catalogue, const std::string& folder) {
  if (auto made = make_folder(folder); !made) {
    return fail(made.error());
  }
  if (auto written = graph::write_reference(catalogue, folder); !written) {
    return fail(written.error());
  }
  return 0;
}

}  // namespace

Result<int> run_command(const PrintText& text) { return print(text.text); }

Result<int> run_command(const SourcesOptions& /*options*/) {
  const Screen screen = detect_screen(STDOUT_FILENO);
  TextTable table({Align::Left, Align::Left, Align::Left});
  for (const source::SourceKind& kind : source::source_kinds()) {
    table.row({styled(screen, Style::Bold, kind.address), std::string(kind.help),
               kind.available ? "" : styled(screen, Style::Dim, "not yet")});
  }
  return print(table.text(0));
}

Result<int> run_command(const ModulesOptions& options) {
  const graph::ModuleCatalogue catalogue = modules::catalogue();
  if (!options.markdown_folder.empty()) {
    return write_pages(catalogue, options.markdown_folder);
  }
  const Screen screen = detect_screen(STDOUT_FILENO);
  if (options.type.empty()) {
    return print(render_module_list(catalogue, screen));
  }
  const graph::ModuleType* type = find_type(catalogue, options.type);
  if (type == nullptr) {
    const std::vector<std::string_view> names = catalogue.names();
    return fail(ErrorCode::InvalidSetup,
                "there is no module type '{}'.{} 'halfcycle modules' lists them", options.type,
                did_you_mean(options.type, names));
  }
  return print(render_module(*type, screen));
}

Result<int> run_command(const RegistersOptions& options) {
  const Screen screen = detect_screen(STDOUT_FILENO);
  if (options.template_name.empty()) {
    return print(render_quantities(screen));
  }
  const auto compiled = load_template(options.template_name);
  if (!compiled) {
    return fail(compiled.error());
  }
  return print(render_template(**compiled, screen));
}

}  // namespace halfcycle::app
