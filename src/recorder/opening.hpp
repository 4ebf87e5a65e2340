// SPDX-License-Identifier: Apache-2.0
// What happens before the storage thread begins: the file is opened, brought up to date and looked
// over; a damaged one is set aside and what is dearest in it saved. And what a meter gets back.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "graph/graph.hpp"
#include "recorder/writer.hpp"

namespace halfcycle::recorder {

struct Opened {
  std::unique_ptr<Writer> writer;
  std::string check;  ///< for people: what was found
};

/// The file of a folder whose lock is held. Errors: Machine, InvalidInput (a newer version).
[[nodiscard]] Result<Opened> open_file(const std::string& path, const std::string& vfs, Instant now,
                                       Log& log);

/// The newest slot whose checksum is right; nothing if there is none.
[[nodiscard]] Result<std::vector<RetainedRegister>> read_retained(Database& database,
                                                                  std::string_view meter);
[[nodiscard]] Result<std::vector<PendingSetup::Value>> read_setup(Database& database,
                                                                  std::string_view meter);

/// Into the graph, and said in the log. Rows of a log count what the store holds.
[[nodiscard]] Result<void> bring_back(Writer& writer, std::string_view meter, graph::Graph& graph,
                                      Log& log);

}  // namespace halfcycle::recorder
