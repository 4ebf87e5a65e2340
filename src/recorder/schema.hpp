// SPDX-License-Identifier: Apache-2.0
// The tables of a store and how older ones become the present ones. docs/formats/store.md lists
// them; a change means a new version, a step here, its test, and that page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "recorder/column_block.hpp"
#include "recorder/history.hpp"
#include "recorder/sqlite.hpp"

namespace halfcycle::recorder {

inline constexpr int kSchemaVersion = 3;
/// "HCst", in the header of the file: `file` and SQLite's own tools show it.
inline constexpr int kApplicationId = 0x48437374;

/// How every writing connection is set up: WAL, synchronous FULL.
[[nodiscard]] Result<void> configure_writer(Database& database);

/// Creates the tables of an empty file, or brings those of an older version up to date, one
/// transaction a step. Returns the version that it found (0: an empty file).
/// Errors: InvalidInput: the file is of a newer version, or not a store.
[[nodiscard]] Result<int> bring_up_to_date(Database& database);

/// The types of a log's columns as the table `logs` keeps its columns: a line each, label, unit,
/// "f" or "d", between tabs.
struct StoredColumns {
  std::vector<LogColumn> columns;
  std::vector<ColumnType> types;
};
[[nodiscard]] std::string columns_text(const StoredColumns& columns);
[[nodiscard]] StoredColumns parse_columns(std::string_view text);

}  // namespace halfcycle::recorder
