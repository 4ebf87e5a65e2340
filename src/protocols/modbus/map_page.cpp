// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/map_page.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "protocols/modbus/map_row.hpp"
#include "protocols/modbus/register_plan.hpp"

namespace halfcycle::modbus {
namespace {

std::string_view format_name(Format format) {
  switch (format) {
    case Format::Unknown:
      return "unknown";
    case Format::Int16:
      return "INT16";
    case Format::Uint16:
      return "UINT16";
    case Format::Int32:
      return "INT32";
    case Format::Uint32:
      return "UINT32";
    case Format::Int64:
      return "INT64";
    case Format::Float32:
      return "FLOAT32";
    case Format::FourQuadrantPf:
      return "4Q_FP_PF";
    case Format::Utf8:
      return "UTF8";
    case Format::DateTime:
      return "DATETIME";
  }
  return "";
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  }
  return escaped;
}

std::string from(const MapRow& row) {
  std::string text = row.from.starts_with('@') ? format("meter: {}", row.from.substr(1))
                                               : format("`{}`", row.from);
  if (row.factor != 1.0) {
    text += format(" × {:.0f}", row.factor);
  }
  if (row.when != RowWhen::Always) {
    text += row.when == RowWhen::Wye ? ", with a neutral" : ", delta";
  }
  return text;
}

std::string remark(const MapRow& row) {
  return row.note.empty() ? format("{} ({})", row.confidence, row.source)
                          : format("{} ({}); {}", row.confidence, row.source, row.note);
}

struct Judged {
  const MapRow* row;
  RowStatus status;
};

std::string served_table(std::span<const Judged> rows, RowStatus status) {
  std::string text =
      "| register | format | unit | quantity | from | confidence (sources) |\n"
      "|---:|---|---|---|---|---|\n";
  for (const Judged& judged : rows) {
    if (judged.status == status) {
      const MapRow& row = *judged.row;
      text += format("| {} | {} ({}) | {} | {} | {} | {} |\n", row.number, format_name(row.format),
                     row.count, row.unit, cell(row.name), cell(from(row)), cell(remark(row)));
    }
  }
  return text;
}

// Rows by their reason, in the order of their first register.
std::string reasons_table(std::span<const Judged> rows, RowStatus status) {
  std::vector<std::pair<std::string_view, std::vector<const MapRow*>>> reasons;
  for (const Judged& judged : rows) {
    if (judged.status != status) {
      continue;
    }
    auto found = std::find_if(reasons.begin(), reasons.end(),
                              [&](const auto& reason) { return reason.first == judged.row->note; });
    if (found == reasons.end()) {
      found = reasons.insert(reasons.end(), {judged.row->note, {}});
    }
    found->second.push_back(judged.row);
  }
  std::string text = "| why | rows | registers |\n|---|---:|---|\n";
  for (const auto& [reason, of] : reasons) {
    std::string list;
    for (const MapRow* row : of) {
      list += format("{}{} {}", list.empty() ? "" : "; ", row->number, cell(row->name));
    }
    text += format("| {} | {} | {} |\n", cell(reason), of.size(), list);
  }
  return text;
}

}  // namespace

std::string map_page(const std::shared_ptr<const graph::CompiledTemplate>& compiled) {
  const auto wye = RegisterPlan::create(powerlogic_map(), compiled, false);
  const auto delta = RegisterPlan::create(powerlogic_map(), compiled, true);
  std::vector<Judged> rows;
  std::vector<Judged> own;
  std::array<std::size_t, 5> counts{};
  for (std::size_t i = 0; i < wye->map().size(); ++i) {
    const MapRow& row = wye->map()[i];
    const RowStatus status =
        wye->statuses()[i] == RowStatus::OtherWiring ? delta->statuses()[i] : wye->statuses()[i];
    if (row.confidence == "own") {
      own.push_back({&row, status});
    } else {
      rows.push_back({&row, status});
      ++counts[static_cast<std::size_t>(status)];
    }
  }
  const auto count = [&](RowStatus status) { return counts[static_cast<std::size_t>(status)]; };
  std::string text = format(
      "<!-- Generated; UPDATE_PAGES=1 build/release/bin/modbus_test --gtest_filter='MapPage.*' "
      "writes it anew. -->\n"
      "# Modbus register map\n\n"
      "Which rows of the PowerLogic 3000-series map the template `{}` serves. "
      "[modbus.md](modbus.md) says how. The number of a register is the address on the wire plus "
      "one.\n\n"
      "| rows | |\n|---:|---|\n"
      "| {} | served |\n| {} | not yet: the template has no such register |\n"
      "| {} | not yet: could be had |\n"
      "| {} | reserved: belongs to the original's hardware or commands |\n\n"
      "Rows that are not served answer \"not available\" in their format.\n\n",
      compiled->name(), count(RowStatus::Served), count(RowStatus::NoRegister),
      count(RowStatus::Later), count(RowStatus::Reserved));
  text += "## Served\n\n" + served_table(rows, RowStatus::Served);
  text +=
      "\n## Halfcycle's own block\n\nNot of the original: half-cycle values at addresses that its "
      "map leaves free.\n\n" +
      served_table(own, RowStatus::Served);
  text += "\n## Not yet: the template has no such register\n\n" +
          served_table(rows, RowStatus::NoRegister);
  text += "\n## Not yet: could be had\n\n" + reasons_table(rows, RowStatus::Later);
  text += "\n## Reserved\n\n" + reasons_table(rows, RowStatus::Reserved);
  return text;
}

}  // namespace halfcycle::modbus
