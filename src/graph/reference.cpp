// SPDX-License-Identifier: Apache-2.0
#include "graph/reference.hpp"

#include <algorithm>
#include <fstream>

#include "base/text.hpp"
#include "graph/element_label.hpp"

namespace halfcycle::graph {
namespace {

std::string_view summary(const ModuleType& type) {
  return type.doc.substr(0, type.doc.find("\n\n"));
}

std::string number_text(double value) {
  std::string text;
  append_json_number(text, value);
  return text;
}

// Inside a table a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string accepted(ClassMask mask) {
  std::string text;
  for (std::size_t c = 0; c < kRegisterClassCount; ++c) {
    if (mask.has(static_cast<RegisterClass>(c))) {
      text += format("{}{}", text.empty() ? "" : ", ", name(static_cast<RegisterClass>(c)));
    }
  }
  return text;
}

std::string unit_text(const ModuleType& type, const OutputSpec& output) {
  const auto input = [&] { return type.inputs[static_cast<std::size_t>(output.unit_input)].name; };
  switch (output.unit_rule) {
    case UnitRule::OfInput:
      return format("that of {}", input());
    case UnitRule::IntegralOfInput:
      return format("that of {} × time", input());
    case UnitRule::Open:
      return "as the template says";
    case UnitRule::Fixed:
      break;
  }
  const bool numeric = output.cls == RegisterClass::Numeric ||
                       output.cls == RegisterClass::NumericBounded ||
                       output.cls == RegisterClass::NumericArray;
  return numeric ? std::string(info(output.unit).symbol) : std::string("–");
}

std::string range_text(const ModuleType& type, const SetupSpec& setup) {
  switch (setup.cls) {
    case RegisterClass::Boolean:
      return "on, off";
    case RegisterClass::Enumerated: {
      std::string text;
      for (const std::string_view choice : setup.choices) {
        text += format("{}{}", text.empty() ? "" : ", ", choice);
      }
      return text;
    }
    case RegisterClass::String:
      return "text";
    default:
      break;
  }
  std::string unit;
  if (setup.unit_input >= 0) {
    unit =
        format(" in the unit of {}", type.inputs[static_cast<std::size_t>(setup.unit_input)].name);
  } else if (setup.unit != Unit::One) {
    unit = format(" {}", info(setup.unit).symbol);
  }
  return format("{} to {}{}{}", number_text(setup.min), number_text(setup.max), unit,
                setup.integer ? ", whole" : "");
}

// Registers that differ by a number only are one row: "Source 2 … Source 16".
template <class Spec>
std::size_t run_length(std::span<const Spec> specs, std::size_t first) {
  const std::string_view stem =
      specs[first].name.substr(0, specs[first].name.find_last_not_of("0123456789") + 1);
  std::size_t last = first + 1;
  while (last < specs.size() && specs[last].help == specs[first].help &&
         stem.size() < specs[first].name.size() &&
         specs[last].name.substr(0, specs[last].name.find_last_not_of("0123456789") + 1) == stem) {
    ++last;
  }
  return last - first;
}

template <class Spec>
std::string run_name(std::span<const Spec> specs, std::size_t first, std::size_t count) {
  return count == 1 ? std::string(specs[first].name)
                    : format("{} … {}", specs[first].name, specs[first + count - 1].name);
}

void append_inputs(std::string& out, const ModuleType& type) {
  if (type.inputs.empty()) {
    return;
  }
  out += "\n## Inputs\n\n| name | takes | linked | |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < type.inputs.size();) {
    const InputSpec& input = type.inputs[i];
    const std::size_t count = run_length(type.inputs, i);
    out += format("| {} | {}{} | {} | {} |\n", cell(run_name(type.inputs, i, count)),
                  accepted(input.accepts),
                  input.unit ? format(" in {}", info(*input.unit).symbol) : std::string(),
                  input.need == Need::Required ? "always" : "if wanted", cell(input.help));
    i += count;
  }
}

void append_outputs(std::string& out, const ModuleType& type) {
  if (type.outputs.empty()) {
    return;
  }
  out += "\n## Outputs\n\n| name | class | unit | kept | |\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < type.outputs.size();) {
    const OutputSpec& output = type.outputs[i];
    const std::size_t count =
        output.cls == RegisterClass::NumericArray ? 1 : run_length(type.outputs, i);
    std::string help(output.help);
    if (output.cls == RegisterClass::NumericArray) {
      const auto element = [&output](int number) {
        return element_label(output.name, output.element_suffix, number);
      };
      help += format(" (elements {} … {})", element(output.first_element),
                     element(output.first_element + output.element_count - 1));
    }
    out += format("| {} | {} | {} | {} | {} |\n", cell(run_name(type.outputs, i, count)),
                  name(output.cls), unit_text(type, output),
                  output.retain == Retain::Yes ? "yes" : "no", cell(help));
    i += count;
  }
}

void append_setup(std::string& out, const ModuleType& type) {
  if (type.setup.empty()) {
    return;
  }
  out += "\n## Setup\n\n| name | range | default | |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < type.setup.size();) {
    const SetupSpec& setup = type.setup[i];
    const std::size_t count = run_length(type.setup, i);
    const std::string value = setup_text(setup, setup.default_value, setup.default_text);
    out += format("| {} | {} | {} | {} |\n", cell(run_name(type.setup, i, count)),
                  range_text(type, setup), value.empty() ? std::string("empty") : cell(value),
                  cell(setup.help));
    i += count;
  }
}

void append_notes(std::string& out, const ModuleType& type) {
  std::string notes;
  if (type.tick) {
    notes += format("- Tick of the outputs: {}.\n", name(*type.tick));
  } else {
    notes += "- Tick of the outputs: that of the fastest linked input.\n";
  }
  if (type.max_instances == 1) {
    notes += "- A meter has at most one.\n";
  }
  if (!type.setup.empty()) {
    notes += type.setup_resets ? "- A change of setup resets the module.\n"
                               : "- A change of setup leaves the outputs as they are.\n";
  }
  if (std::any_of(type.inputs.begin(), type.inputs.end(),
                  [](const InputSpec& input) { return input.need == Need::Required; })) {
    notes += "- Without its required link nothing it puts out is available.\n";
  }
  if (std::any_of(type.outputs.begin(), type.outputs.end(),
                  [](const OutputSpec& output) { return output.writable; })) {
    notes += "- Its output is written by commands.\n";
  }
  out += "\n## Notes\n\n" + notes;
}

void append_example(std::string& out, const ModuleType& type) {
  out += format("\n## In a template\n\n```toml\n[[module]]\ntype = \"{}\"\n", type.name);
  if (type.max_instances != 1) {
    out += "label = \"Example\"\n";
  }
  for (const InputSpec& input : type.inputs) {
    if (input.need == Need::Required) {
      const std::string_view source = input.accepts.has(RegisterClass::Pulse)     ? "Log Trigger"
                                      : input.accepts.has(RegisterClass::Numeric) ? "kW tot"
                                                                                  : "Over V";
      out += input.name.find(' ') == std::string_view::npos
                 ? format("inputs = {{ {} = \"{}\" }}\n", input.name, source)
                 : format("inputs = {{ \"{}\" = \"{}\" }}\n", input.name, source);
      break;
    }
  }
  out += "```\n";
}

}  // namespace

std::string page_name(const ModuleType& type) {
  std::string file = to_lower(type.name);
  for (char& c : file) {
    if (c == ' ' || c == '/') {
      c = '-';
    }
  }
  return file + ".md";
}

std::string catalogue_text(const ModuleCatalogue& catalogue) {
  std::size_t width = 0;
  for (const ModuleType* type : catalogue.types()) {
    width = std::max(width, type->name.size());
  }
  std::string out;
  for (const ModuleType* type : catalogue.types()) {
    out += format("{:<{}}  {}\n", type->name, width, summary(*type));
  }
  return out;
}

std::string module_page(const ModuleType& type) {
  std::string out = format("# {}\n\n{}\n", type.name, type.doc);
  append_inputs(out, type);
  append_outputs(out, type);
  append_setup(out, type);
  append_notes(out, type);
  append_example(out, type);
  return out;
}

std::vector<ReferencePage> reference_pages(const ModuleCatalogue& catalogue) {
  constexpr std::string_view kFirstLine =
      "<!-- Generated from the module declarations by `halfcycle modules --markdown`; do not edit. "
      "-->\n";
  std::vector<ReferencePage> pages;
  std::string index(kFirstLine);
  index +=
      "# Module types\n\nA meter is a graph of modules: outputs are registers, inputs are links to "
      "them, setup is\nin the template. Every output carries its time and four marks (flagged, "
      "complete, clock, sync) or\nis not available.\n\n| type | |\n|---|---|\n";
  for (const ModuleType* type : catalogue.types()) {
    index += format("| [{}]({}) | {} |\n", type->name, page_name(*type), cell(summary(*type)));
  }
  pages.push_back({"README.md", std::move(index)});
  for (const ModuleType* type : catalogue.types()) {
    pages.push_back({page_name(*type), std::string(kFirstLine) + module_page(*type)});
  }
  return pages;
}

Result<void> write_reference(const ModuleCatalogue& catalogue, const std::string& folder) {
  for (const ReferencePage& page : reference_pages(catalogue)) {
    const std::string path = folder + "/" + page.file_name;
    std::ofstream file(path, std::ios::binary);
    file << page.text;
    file.close();
    if (!file) {
      return fail(ErrorCode::Machine, "cannot write {}; is the folder there and writable?", path);
    }
  }
  return {};
}

std::vector<RegisterRow> register_rows(const CompiledTemplate& compiled) {
  std::vector<RegisterRow> rows;
  rows.reserve(compiled.registers().size());
  for (const std::uint32_t m : compiled.file_order()) {
    const ModuleInstance& module = compiled.modules()[m];
    for (std::uint32_t k = 0; k < module.type->outputs.size(); ++k) {
      const RegisterInfo& reg = compiled.registers()[module.first_register + k];
      const bool has_unit = reg.cls != RegisterClass::Pulse && reg.cls != RegisterClass::Boolean &&
                            reg.cls != RegisterClass::Time && reg.cls != RegisterClass::String;
      rows.push_back({reg.label, name(reg.cls),
                      has_unit ? info(reg.unit).symbol : std::string_view(), name(reg.tick),
                      module.label, reg.help});
    }
  }
  return rows;
}

}  // namespace halfcycle::graph
