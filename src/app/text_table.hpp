// SPDX-License-Identifier: Apache-2.0
// Columns of text that line up on a terminal.
#pragma once

#include <string>
#include <vector>

#include "app/terminal.hpp"

namespace halfcycle::app {

class TextTable {
 public:
  enum class Align { Left, Right };

  explicit TextTable(std::vector<Align> columns) : align_(std::move(columns)) {}

  /// Missing cells are empty. Cells may carry styles.
  void row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Lines ending in '\n', each after `indent` blanks, two blanks between columns, no blanks at the
  /// end of a line.
  [[nodiscard]] std::string text(std::size_t indent) const;

 private:
  std::vector<Align> align_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace halfcycle::app
