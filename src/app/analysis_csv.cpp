// SPDX-License-Identifier: Apache-2.0
#include "app/analysis_output.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::app {

std::string render_csv(const ReportData& data) {
  const IntervalTable& table = *data.series;
  std::string out = "time,flagged,complete";
  for (const meter::Column& column : table.columns) {
    // Labels hold neither commas nor quotes.
    out += format(",{} [{}]", column.label, info(column.unit).symbol);
  }
  out += '\n';
  for (std::size_t row = 0; row < table.rows(); ++row) {
    out += to_iso8601(table.end[row]);
    out += table.marks[row].flagged ? ",1" : ",0";
    out += table.marks[row].complete ? ",1" : ",0";
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      out += ',';
      if (const double value = table.at(row, column); is_available(value)) {
        append_json_number(out, value);
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace halfcycle::app
