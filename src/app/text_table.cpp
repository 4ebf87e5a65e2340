// SPDX-License-Identifier: Apache-2.0
#include "app/text_table.hpp"

#include <algorithm>

namespace halfcycle::app {

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(align_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(std::size_t indent) const {
  std::vector<std::size_t> widths(align_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    bool first = true;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0) {
        continue;
      }
      if (!first) {
        line += "  ";
      }
      first = false;
      const std::size_t fill = widths[i] - display_width(row[i]);
      if (align_[i] == Align::Right) {
        line.append(fill, ' ');
        line += row[i];
      } else {
        line += row[i];
        line.append(fill, ' ');
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  }
  return out;
}

}  // namespace halfcycle::app
