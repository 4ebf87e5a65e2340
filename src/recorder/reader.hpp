// SPDX-License-Identifier: Apache-2.0
// The queries of History, on read-only connections of their own: any number at a time, none of
// which holds up the storage thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "recorder/history.hpp"
#include "recorder/sqlite.hpp"

namespace halfcycle::recorder {

class Reader {
 public:
  Reader(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}

  [[nodiscard]] Result<std::vector<LogInfo>> logs(std::string_view meter);
  [[nodiscard]] Result<LogRows> rows(std::string_view meter, std::string_view log,
                                     const RowQuery& query);
  [[nodiscard]] Result<std::vector<StoredEvent>> events(std::string_view meter,
                                                        const EventQuery& query);
  [[nodiscard]] Result<std::vector<StoredDisturbance>> disturbances(std::string_view meter,
                                                                    const EventQuery& query);
  [[nodiscard]] Result<std::vector<StoredWaveform>> waveforms(std::string_view meter,
                                                              std::uint64_t disturbance);
  /// The file is another one from now on.
  void forget();

 private:
  // A connection for the time of one query; given back unless it failed.
  class Lease;
  [[nodiscard]] Result<Database> take();
  void give_back(Database database, std::uint64_t file);
  [[nodiscard]] std::uint64_t file();

  const std::string path_;
  const std::string vfs_;
  std::mutex mutex_;
  std::uint64_t file_ = 0;  // guarded by mutex_: counts files
  std::vector<Database> idle_;
};

}  // namespace halfcycle::recorder
