// SPDX-License-Identifier: Apache-2.0
// halfcycle verify: the accuracy table of the algorithms.
#include <unistd.h>

#include <algorithm>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/text_table.hpp"
#include "app/verify.hpp"
#include "base/format.hpp"
#include "base/json_writer.hpp"

namespace halfcycle::app {
namespace {

constexpr std::string_view kDisclaimer =
    "These figures are about algorithms fed with exact digital signals. They certify no "
    "instrument:\n"
    "an analogue front end, its calibration and its clock come on top, and no laboratory has "
    "tested\n"
    "this software.\n";

std::string render_json(const std::vector<VerifyRow>& rows) {
  JsonWriter json(1);
  json.begin_list();
  for (const VerifyRow& row : rows) {
    json.begin_object();
    json.key("clause").string(row.clause);
    json.key("quantity").string(row.quantity);
    json.key("condition").string(row.condition);
    json.key("limit").number(row.limit);
    json.key("error").number(row.error);
    json.key("unit").string(row.unit);
    json.key("pass").boolean(row.pass());
    json.key("budget").number(row.budget);
    json.end_object();
  }
  json.end_list();
  return json.take() + '\n';
}

std::string render_table(const std::vector<VerifyRow>& rows, const Screen& screen) {
  using Align = TextTable::Align;
  std::string out = std::string(kDisclaimer) + '\n';
  std::string condition;
  std::size_t failed = 0;
  std::size_t beyond = 0;
  std::size_t i = 0;
  while (i < rows.size()) {
    condition = rows[i].condition;
    out += styled(screen, Style::Bold, condition) + '\n';
    TextTable table({Align::Left, Align::Left, Align::Right, Align::Right, Align::Right,
                     Align::Left, Align::Left});
    table.row({"clause", "quantity", "error", "budget", "limit", "", ""});
    for (; i < rows.size() && rows[i].condition == condition; ++i) {
      const VerifyRow& row = rows[i];
      failed += row.pass() ? 0 : 1;
      beyond += row.within_budget() ? 0 : 1;
      table.row({row.clause, row.quantity,
                 std::isfinite(row.error) ? format("{:.2g}", row.error) : std::string("none"),
                 format("{:g}", row.budget), format("{:g}", row.limit), row.unit,
                 !row.pass()            ? styled(screen, Style::Red, "FAIL")
                 : !row.within_budget() ? styled(screen, Style::Yellow, "pass, beyond the budget")
                                        : styled(screen, Style::Green, "pass")});
    }
    out += table.text(2) + '\n';
  }
  out += format("{} rows: {} pass, {} fail; {} within the limit but beyond the project's budget\n",
                rows.size(), rows.size() - failed, failed, beyond - std::min(beyond, failed));
  return out;
}

}  // namespace

Result<int> run_command(const VerifyOptions& options) {
  Progress progress(!options.quiet, "halfcycle: verifying");
  auto rows =
      verify_all([&](double share) { progress.show(share); }, [] { return stop_requested(); });
  progress.clear();
  if (!rows) {
    return fail(rows.error());
  }
  StandardOutput out;
  out.write(options.json ? render_json(*rows) : render_table(*rows, detect_screen(STDOUT_FILENO)));
  if (auto closed = out.close(); !closed) {
    return fail(closed.error());
  }
  const bool passed =
      std::all_of(rows->begin(), rows->end(), [](const VerifyRow& row) { return row.pass(); });
  return passed ? 0 : 1;
}

}  // namespace halfcycle::app
