// SPDX-License-Identifier: Apache-2.0
#include "graph/template_file.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"
#include "base/toml_depth.hpp"

namespace halfcycle::graph {
namespace {

// More would be a mistake or an attack; the largest shipped template has a few hundred.
constexpr std::size_t kMaxModules = 10000;
constexpr std::size_t kMaxTextBytes = 4U << 20;

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

class Parser {
 public:
  explicit Parser(std::string_view file) : file_(file) {}

  Result<TemplateSource> parse(const toml::table& root) {
    TemplateSource source;
    source.file = file_;
    static constexpr std::array<std::string_view, 3> kKeys{"name", "description", "module"};
    if (auto ok = check_keys(root, kKeys, "a template"); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read_text(root, "name", source.name, nullptr); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read_text(root, "description", source.description, nullptr); !ok) {
      return fail(ok.error());
    }
    const toml::node* modules = root.get("module");
    if (modules == nullptr) {
      return source;
    }
    const toml::array* list = modules->as_array();
    if (list == nullptr || !list->is_array_of_tables()) {
      return fail(ErrorCode::InvalidSetup,
                  "{}:{}: 'module' is written as [[module]], once for each", file_,
                  line_of(*modules));
    }
    if (list->size() > kMaxModules) {
      return fail(ErrorCode::InvalidSetup, "{}: {} modules; at most {} are allowed", file_,
                  list->size(), kMaxModules);
    }
    for (const toml::node& node : *list) {
      auto module = parse_module(*node.as_table());
      if (!module) {
        return fail(module.error());
      }
      source.modules.push_back(std::move(*module));
    }
    return source;
  }

 private:
  Result<void> check_keys(const toml::table& table, std::span<const std::string_view> keys,
                          std::string_view where) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
        return fail(ErrorCode::InvalidSetup, "{}:{}: {} has no key '{}'.{}", file_,
                    static_cast<int>(key.source().begin.line), where, key.str(),
                    did_you_mean(key.str(), keys));
      }
    }
    return {};
  }

  Result<void> read_text(const toml::table& table, std::string_view key, std::string& out,
                         int* line) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      return {};
    }
    const auto* text = node->as_string();
    if (text == nullptr) {
      return fail(ErrorCode::InvalidSetup, "{}:{}: '{}' must be a text in quotes", file_,
                  line_of(*node), key);
    }
    out = text->get();
    if (line != nullptr) {
      *line = line_of(*node);
    }
    return {};
  }

  Result<std::vector<TemplateEntry>> read_entries(const toml::table& module, std::string_view key,
                                                  bool texts_only) {
    std::vector<TemplateEntry> entries;
    const toml::node* node = module.get(key);
    if (node == nullptr) {
      return entries;
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
      return fail(ErrorCode::InvalidSetup, "{}:{}: '{}' must be a table, like {} = {{ Name = … }}",
                  file_, line_of(*node), key, key);
    }
    struct Placed {
      TemplateEntry entry;
      toml::source_position at;
    };
    std::vector<Placed> placed;
    for (const auto& [name, value] : *table) {
      Placed item{{std::string(name.str()), std::string(), line_of(value)}, name.source().begin};
      if (const auto* text = value.as_string()) {
        item.entry.value = text->get();
      } else if (texts_only) {
        return fail(ErrorCode::InvalidSetup, "{}:{}: '{}' in '{}' must be a text in quotes", file_,
                    line_of(value), name.str(), key);
      } else if (const auto* whole = value.as_integer()) {
        item.entry.value = static_cast<double>(whole->get());
      } else if (const auto* number = value.as_floating_point();
                 number != nullptr && std::isfinite(number->get())) {
        item.entry.value = number->get();
      } else if (const auto* state = value.as_boolean()) {
        item.entry.value = state->get();
      } else {
        return fail(ErrorCode::InvalidSetup,
                    "{}:{}: '{}' must be a finite number, true, false or a text in quotes", file_,
                    line_of(value), name.str());
      }
      placed.push_back(std::move(item));
    }
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
      return a.at.line != b.at.line ? a.at.line < b.at.line : a.at.column < b.at.column;
    });
    entries.reserve(placed.size());
    for (Placed& item : placed) {
      entries.push_back(std::move(item.entry));
    }
    return entries;
  }

  Result<TemplateModule> parse_module(const toml::table& table) {
    static constexpr std::array<std::string_view, 6> kKeys{"type",  "label",   "inputs",
                                                           "setup", "outputs", "units"};
    TemplateModule module;
    module.line = module.type_line = module.label_line = line_of(table);
    if (auto ok = check_keys(table, kKeys, "a module"); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read_text(table, "type", module.type, &module.type_line); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read_text(table, "label", module.label, &module.label_line); !ok) {
      return fail(ok.error());
    }
    const auto read = [&](std::string_view key, std::vector<TemplateEntry>& out,
                          bool texts_only) -> Result<void> {
      auto entries = read_entries(table, key, texts_only);
      if (!entries) {
        return fail(entries.error());
      }
      out = std::move(*entries);
      return {};
    };
    if (auto ok = read("inputs", module.inputs, true); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read("setup", module.setup, false); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read("outputs", module.outputs, true); !ok) {
      return fail(ok.error());
    }
    if (auto ok = read("units", module.units, true); !ok) {
      return fail(ok.error());
    }
    return module;
  }

  std::string file_;
};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_key(std::string& out, std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (bare) {
    out += key;
  } else {
    append_quoted(out, key);
  }
}

void append_entries(std::string& out, std::string_view name,
                    const std::vector<TemplateEntry>& entries) {
  if (entries.empty()) {
    return;
  }
  out += name;
  out += " = { ";
  bool first = true;
  for (const TemplateEntry& entry : entries) {
    if (!first) {
      out += ", ";
    }
    first = false;
    append_key(out, entry.key);
    out += " = ";
    if (const auto* text = std::get_if<std::string>(&entry.value)) {
      append_quoted(out, *text);
    } else if (const auto* number = std::get_if<double>(&entry.value)) {
      append_json_number(out, *number);
    } else {
      out += std::get<bool>(entry.value) ? "true" : "false";
    }
  }
  out += " }\n";
}

}  // namespace

Result<TemplateSource> parse_template(std::string_view text, std::string_view file) {
  if (text.size() > kMaxTextBytes) {
    return fail(ErrorCode::InvalidSetup, "{}: {} bytes are too many for a template (limit {})",
                file, text.size(), kMaxTextBytes);
  }
  if (const auto line = line_of_too_deep_key(text)) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: a key of more than {} parts", file, *line,
                kMaxTomlKeyParts);
  }
  // toml++ reports syntax errors by exceptions; they end here.
  try {
    const toml::table root = toml::parse(text, file);
    return Parser(file).parse(root);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: {}", file,
                static_cast<int>(error.source().begin.line),
                to_valid_utf8(std::string_view(error.description())));
  }
}

std::string to_toml(const TemplateSource& source) {
  std::string out;
  if (!source.name.empty()) {
    out += "name = ";
    append_quoted(out, source.name);
    out += '\n';
  }
  if (!source.description.empty()) {
    out += "description = ";
    append_quoted(out, source.description);
    out += '\n';
  }
  for (const TemplateModule& module : source.modules) {
    out += "\n[[module]]\ntype = ";
    append_quoted(out, module.type);
    out += '\n';
    if (!module.label.empty()) {
      out += "label = ";
      append_quoted(out, module.label);
      out += '\n';
    }
    append_entries(out, "inputs", module.inputs);
    append_entries(out, "setup", module.setup);
    append_entries(out, "outputs", module.outputs);
    append_entries(out, "units", module.units);
  }
  return out;
}

}  // namespace halfcycle::graph
