// SPDX-License-Identifier: Apache-2.0
// The reading side of what the recorder keeps: logs, events, disturbances and their waveforms.
// Servers and pages see the store through this alone.
//
//   auto rows = history.rows("feeder-1", "Trends", {.from = a, .to = b, .max_points = 2000});
//
// Threads: any; readers never delay the storage thread for longer than SQLite's WAL asks for.
// Errors: InvalidSetup for an unknown meter, log or column (with the nearest name); Machine if the
// store cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/system.hpp"
#include "base/unit.hpp"
#include "quality/event.hpp"

namespace halfcycle::recorder {

struct LogColumn {
  std::string label;  ///< of the register
  Unit unit = Unit::One;
};

/// One Data Recorder of one meter.
struct LogInfo {
  std::string name;  ///< label of the module
  std::vector<LogColumn> columns;
  std::uint64_t rows = 0;
  std::optional<Instant> first;
  std::optional<Instant> last;
  std::uint64_t depth = 0;  ///< rows that it keeps
  bool stop_when_full = false;
  std::uint64_t dropped_rows = 0;  ///< could not be stored (disk full, store too slow)
};

struct RowQuery {
  std::optional<Instant> from{};       ///< inclusive; nothing: from the first row
  std::optional<Instant> to{};         ///< exclusive; nothing: to the last row
  std::vector<std::string> columns{};  ///< labels; empty: all
  std::size_t max_points = 0;          ///< 0: every row; else at most so many buckets
};

/// Rows in time order. When there were more than max_points, each point stands for a bucket of
/// rows: `values` holds means, `low` and `high` the extremes, so that no peak disappears.
struct LogRows {
  std::vector<LogColumn> columns;
  std::vector<Instant> time;                   ///< of the row; of a bucket's last row
  std::vector<std::vector<double>> values;     ///< [column][point]; NaN = not available
  std::vector<std::vector<double>> low, high;  ///< empty unless downsampled
  std::vector<bool> gap_before;  ///< rows are missing between this point and the one before
  std::vector<Marks> marks;      ///< of the row; of a bucket those of all its rows together
  std::uint64_t rows = 0;        ///< that the range holds
};

struct StoredEvent {
  std::uint64_t sequence = 0;  ///< grows over all meters of a store
  std::string meter;
  Instant time;
  std::uint8_t priority = 0;
  std::string module;
  std::string cause, cause_value;  ///< label and value as text; empty: none
  std::string effect, effect_value;
  std::string by;  ///< who, where a command caused it
};

struct EventQuery {
  std::optional<Instant> from{};
  std::optional<Instant> to{};
  std::uint8_t min_priority = 0;
  std::uint64_t after_sequence = 0;   ///< only later ones
  std::uint64_t before_sequence = 0;  ///< 0: no limit; for paging backwards
  std::size_t limit = 200;            ///< newest first
};

struct StoredDisturbance {
  std::uint64_t id = 0;
  std::string meter;
  quality::VoltageEvent event;
  bool has_waveform = false;
};

/// Urms(1/2) and Irms(1/2) of the inputs, as they were measured.
struct RmsTrace {
  std::vector<Instant> time;  ///< end of each one-cycle window, in order
  std::vector<float> values;  ///< time × kInputCount, V or A; NaN = not available
};

/// A stretch of samples around a disturbance.
struct StoredWaveform {
  std::uint64_t id = 0;  ///< of the disturbance
  Instant start;
  double rate_hertz = 0.0;
  InputMask inputs;
  std::size_t lanes = 8;
  std::vector<float> frames;  ///< frames × lanes, as in SampleBlock
  RmsTrace rms{};             ///< empty: not kept (older stores)
};

struct StoreHealth {
  bool writable = true;
  std::string message;  ///< what is wrong and what to do; empty while all is well
  std::string check;    ///< what the check at start found
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t max_bytes = 0;
  std::uint64_t pending_bytes = 0;  ///< waiting in memory
  std::uint64_t dropped_records = 0;
  double last_commit_seconds = 0.0;
};

class History {
 public:
  virtual ~History() = default;
  [[nodiscard]] virtual Result<std::vector<LogInfo>> logs(std::string_view meter) const = 0;
  [[nodiscard]] virtual Result<LogRows> rows(std::string_view meter, std::string_view log,
                                             const RowQuery& query) const = 0;
  /// An empty meter: of all meters.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> events(std::string_view meter,
                                                                const EventQuery& query) const = 0;
  /// Number of the newest event; what a subscriber polls.
  [[nodiscard]] virtual std::uint64_t latest_event() const = 0;
  /// Newest first. `query.min_priority` does not apply; sequences are ids.
  [[nodiscard]] virtual Result<std::vector<StoredDisturbance>> disturbances(
      std::string_view meter, const EventQuery& query) const = 0;
  [[nodiscard]] virtual std::uint64_t latest_disturbance() const = 0;
  /// In order of time: all of it in one, or of a long disturbance its beginning and its end.
  [[nodiscard]] virtual Result<std::vector<StoredWaveform>> waveforms(
      std::string_view meter, std::uint64_t disturbance) const = 0;
  [[nodiscard]] virtual StoreHealth health() const = 0;
};

}  // namespace halfcycle::recorder
