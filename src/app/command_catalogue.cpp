// SPDX-License-Identifier: Apache-2.0
// halfcycle sources, registers, and texts that the command line answers by itself.
#include <unistd.h>

#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "metrology/quantity.hpp"
#include "source/open.hpp"

namespace halfcycle::app {
namespace {

using Align = TextTable::Align;

Result<int> print(std::string_view text) {
  StandardOutput out;
  out.write(text);
  if (auto closed = out.close(); !closed) {
    return fail(closed.error());
  }
  return 0;
}

}  // namespace

Result<int> run_command(const PrintText& text) { return print(text.text); }

Result<int> run_command(const SourcesOptions& /*options*/) {
  const Screen screen = detect_screen(STDOUT_FILENO);
  TextTable table({Align::Left, Align::Left, Align::Left});
  for (const source::SourceKind& kind : source::source_kinds()) {
    table.row({styled(screen, Style::Bold, kind.address), std::string(kind.help),
               kind.available ? "" : styled(screen, Style::Dim, "not yet")});
  }
  return print(table.text(0));
}

}  // namespace halfcycle::app
