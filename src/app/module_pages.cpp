// SPDX-License-Identifier: Apache-2.0
#include "app/module_pages.hpp"

#include <algorithm>

#include "app/text_table.hpp"
#include "base/format.hpp"
#include "graph/compiled_template.hpp"

namespace halfcycle::app {
namespace {

using Align = TextTable::Align;
using graph::InputSpec;
using graph::ModuleType;
using graph::OutputSpec;
using graph::RegisterClass;
using graph::SetupSpec;

std::string_view first_sentence(std::string_view doc) {
  const auto end = doc.find(". ");
  const auto line = doc.find('\n');
  std::size_t length = doc.size();
  if (end != std::string_view::npos) {
    length = end + 1;
  }
  length = std::min(length, line == std::string_view::npos ? doc.size() : line);
  return doc.substr(0, length);
}

std::string classes_of(graph::ClassMask mask) {
  std::string text;
  for (std::size_t i = 0; i < graph::kRegisterClassCount; ++i) {
    const auto cls = static_cast<RegisterClass>(i);
    if (mask.has(cls)) {
      text += format("{}{}", text.empty() ? "" : ", ", graph::name(cls));
    }
  }
  return text;
}

std::string_view need_of(const InputSpec& input) {
  return input.need == graph::Need::Required ? "required" : "optional";
}

std::string unit_of(Unit unit) {
  return unit == Unit::One ? std::string() : std::string(info(unit).symbol);
}

std::string unit_of(const ModuleType& type, const OutputSpec& output) {
  const auto input = [&] { return type.inputs[static_cast<std::size_t>(output.unit_input)].name; };
  switch (output.unit_rule) {
    case graph::UnitRule::Fixed:
      break;
    case graph::UnitRule::OfInput:
      return format("of {}", input());
    case graph::UnitRule::IntegralOfInput:
      return format("of {} times time", input());
    case graph::UnitRule::Open:
      return "by the template";
  }
  return unit_of(output.unit);
}

std::string unit_of(const ModuleType& type, const SetupSpec& setup) {
  return setup.unit_input >= 0
             ? format("of {}", type.inputs[static_cast<std::size_t>(setup.unit_input)].name)
             : unit_of(setup.unit);
}

std::string range_of(const SetupSpec& setup) {
  switch (setup.cls) {
    case RegisterClass::Boolean:
      return "off, on";
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
      return format("{:g} to {:g}{}", setup.min, setup.max, setup.integer ? ", whole" : "");
  }
}

std::string default_of(const SetupSpec& setup) {
  return graph::setup_text(setup, setup.default_value, setup.default_text);
}

}  // namespace

std::string module_file_stem(std::string_view name) {
  std::string stem;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (upper) {
      stem += static_cast<char>(c - 'A' + 'a');
    } else if (plain) {
      stem += c;
    } else if (!stem.empty() && stem.back() != '-') {
      stem += '-';
    }
  }
  return stem;
}

std::string render_module_list(const graph::ModuleCatalogue& catalogue, const Screen& screen) {
  TextTable table({Align::Left, Align::Left});
  std::size_t width = 0;
  for (const ModuleType* type : catalogue.types()) {
    width = std::max(width, type->name.size());
  }
  const std::size_t room =
      static_cast<std::size_t>(std::max(screen.columns, 60)) - std::min<std::size_t>(width, 30) - 3;
  for (const ModuleType* type : catalogue.types()) {
    table.row({styled(screen, Style::Bold, type->name),
               screen.terminal ? shortened(first_sentence(type->doc), room, screen.unicode)
                               : std::string(first_sentence(type->doc))});
  }
  return table.text(0);
}

std::string render_module(const ModuleType& type, const Screen& screen) {
  std::string out = styled(screen, Style::Bold, type.name) + "\n\n" + std::string(type.doc) + "\n";
  if (!type.inputs.empty()) {
    out += "\n" + styled(screen, Style::Bold, "Inputs") + "\n";
    TextTable table({Align::Left, Align::Left, Align::Left, Align::Left});
    for (const InputSpec& input : type.inputs) {
      table.row({std::string(input.name), std::string(need_of(input)), classes_of(input.accepts),
                 std::string(input.help)});
    }
    out += table.text(2);
  }
  if (!type.setup.empty()) {
    out += "\n" + styled(screen, Style::Bold, "Setup registers") + "\n";
    TextTable table({Align::Left, Align::Left, Align::Left, Align::Left, Align::Left});
    table.row({"name", "range", "default", "unit", ""});
    for (const SetupSpec& setup : type.setup) {
      table.row({std::string(setup.name), range_of(setup), default_of(setup), unit_of(type, setup),
                 std::string(setup.help)});
    }
    out += table.text(2);
  }
  if (!type.outputs.empty()) {
    out += "\n" + styled(screen, Style::Bold, "Output registers") + "\n";
    TextTable table({Align::Left, Align::Left, Align::Left, Align::Left, Align::Left});
    table.row({"name", "label", "class", "unit", ""});
    for (const OutputSpec& output : type.outputs) {
      table.row({std::string(output.name), std::string(output.label),
                 std::string(graph::name(output.cls)), unit_of(type, output),
                 std::string(output.help)});
    }
    out += table.text(2);
  }
  out += format("\nRenewed {}.\n", type.tick ? format("at each tick of {}", graph::name(*type.tick))
                                             : std::string("with its fastest linked input"));
  return out;
}

}  // namespace halfcycle::app
