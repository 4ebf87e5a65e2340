// SPDX-License-Identifier: Apache-2.0
// Makes the table of the register map that is compiled in:
//
//   hc_modbus_map powerlogic_map.csv powerlogic_map_table.inc
//
// Refuses a file with an unknown word, a row out of order or over another, or a format whose length
// does not fit, and names the line.
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.hpp"

namespace {

using halfcycle::format;

constexpr std::string_view kHeader =
    "register,count,type,unit,name,state,from,factor,when,confidence,source,note";
enum Column : std::size_t {
  kRegister,
  kCount,
  kType,
  kUnit,
  kName,
  kState,
  kFrom,
  kFactor,
  kWhen,
  kConfidence,
  kSource,
  kNote,
  kColumns,
};

struct FormatWord {
  std::string_view enumerator;
  unsigned registers;  // 0: any number
};
const std::map<std::string, FormatWord, std::less<>>& formats() {
  static const std::map<std::string, FormatWord, std::less<>> kFormats{
      {"UNKNOWN", {"Unknown", 0}}, {"INT16", {"Int16", 1}},
      {"UINT16", {"Uint16", 0}},   {"INT32", {"Int32", 2}},
      {"UINT32", {"Uint32", 2}},   {"INT64", {"Int64", 4}},
      {"FLOAT32", {"Float32", 2}}, {"4Q_FP_PF", {"FourQuadrantPf", 2}},
      {"UTF8", {"Utf8", 0}},       {"DATETIME", {"DateTime", 4}}};
  return kFormats;
}
const std::map<std::string, std::string_view, std::less<>>& states() {
  static const std::map<std::string, std::string_view, std::less<>> kStates{
      {"serve", "Serve"}, {"later", "Later"}, {"reserved", "Reserved"}};
  return kStates;
}
const std::map<std::string, std::string_view, std::less<>>& whens() {
  static const std::map<std::string, std::string_view, std::less<>> kWhens{
      {"", "Always"}, {"wye", "Wye"}, {"delta", "Delta"}};
  return kWhens;
}

[[noreturn]] void refuse(std::size_t line, const std::string& what) {
  std::fprintf(stderr, "powerlogic_map.csv:%zu: %s\n", line, what.c_str());
  std::exit(1);
}

// RFC 4180 within one line: quotes around a field, doubled inside.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
        fields.back() += text[++i];
      } else {
        quoted = !quoted;
      }
    } else if (text[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += text[i];
    }
  }
  return fields;
}

unsigned number(std::size_t line, const std::string& text, unsigned largest) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > largest) {
    refuse(line, format("'{}' is no number from 1 to {}", text, largest));
  }
  return value;
}

const auto& word(std::size_t line, const auto& words, const std::string& text) {
  const auto found = words.find(text);
  if (found == words.end()) {
    refuse(line, format("unknown word '{}'", text));
  }
  return found->second;
}

std::string quoted(std::string_view text) { return format("R\"({})\"", text); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: hc_modbus_map MAP.csv TABLE.inc\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1]);
  std::string rows;
  std::size_t count = 0;
  std::size_t line_number = 0;
  unsigned next_free = 0;
  bool header = false;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (!header) {
      if (line != kHeader) {
        refuse(line_number, format("the columns must be {}", kHeader));
      }
      header = true;
      continue;
    }
    const std::vector<std::string> field = split(line);
    if (field.size() != kColumns) {
      refuse(line_number, format("{} columns, not {}", field.size(), std::size_t{kColumns}));
    }
    const unsigned first = number(line_number, field[kRegister], 65536);
    const unsigned registers = number(line_number, field[kCount], 125);
    const FormatWord& type = word(line_number, formats(), field[kType]);
    const std::string_view state = word(line_number, states(), field[kState]);
    if (first < next_free) {
      refuse(line_number, format("register {} is before or in the row above", first));
    }
    if (type.registers != 0 && type.registers != registers) {
      refuse(line_number, format("{} takes {} registers", field[kType], type.registers));
    }
    if ((state == "Serve") == field[kFrom].empty()) {
      refuse(line_number, "'from' belongs to 'serve', and only to it");
    }
    if (state != "Serve" && field[kNote].empty()) {
      refuse(line_number, "the note must say why it is not served");
    }
    next_free = first + registers;
    rows += format(
        "    {{{}, {}, Format::{}, RowState::{}, RowWhen::{}, {}, {}, {}, {}, {}, {}, {}}},\n",
        first, registers, type.enumerator, state, word(line_number, whens(), field[kWhen]),
        field[kFactor].empty() ? "1.0"
                               : format("{}.0", number(line_number, field[kFactor], 1000000)),
        quoted(field[kUnit]), quoted(field[kName]), quoted(field[kFrom]),
        quoted(field[kConfidence]), quoted(field[kSource]), quoted(field[kNote]));
    ++count;
  }
  if (count == 0) {
    refuse(line_number, "no rows");
  }
  std::ofstream out(argv[2]);
  out << "// SPDX-License-Identifier: Apache-2.0\n// Generated from powerlogic_map.csv by "
         "hc_modbus_map.\n"
      << format("constexpr std::array<MapRow, {}> kPowerlogicMap{{{{\n{}}}}};\n", count, rows);
  return out.flush() ? 0 : 1;
}
