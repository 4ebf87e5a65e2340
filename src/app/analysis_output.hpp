// SPDX-License-Identifier: Apache-2.0
// What `analyze` prints: JSON (DESIGN §5, stable), one CSV table, a summary for people. All are
// functions of the data alone.
#pragma once

#include <string>

#include "app/report_data.hpp"
#include "app/terminal.hpp"
#include "base/json_writer.hpp"

namespace halfcycle::app {

/// The JSON contract, schema 1, as one value into the writer.
void write_json(JsonWriter& json, const ReportData& data);

/// One table: time, flagged, complete, then a column per register. data.series must be there.
[[nodiscard]] std::string render_csv(const ReportData& data);

/// Text for a terminal, with a small picture of the waves.
[[nodiscard]] std::string render_summary(const ReportData& data, const Screen& screen);

}  // namespace halfcycle::app
