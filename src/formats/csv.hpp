// SPDX-License-Identifier: Apache-2.0
// Waveforms as text. A header line names the columns, with the unit in brackets: "V1 [V]"; a column
// named `time` (or `t`, `timestamp`) holds seconds or ISO 8601. Comma, semicolon or tab; decimal
// point, or decimal comma with semicolon or tab; quotes as in RFC 4180; an empty cell is a missing
// sample. Time stamps follow the same rule as COMTRADE's (formats/timeline.hpp).
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

struct CsvReadOptions {
  /// Samples a second. Needed without a time column; takes precedence over one, with a warning
  /// where they disagree.
  std::optional<double> rate_hertz;
};

/// Without a header line, columns are named "1", "2", …; all of them are channels. A file with
/// neither a time column nor a rate gives an error that says to give one. Recording::format is
/// "csv". Thread-safe.
[[nodiscard]] Result<Recording> read_csv(const FileBytes& csv, const CsvReadOptions& options);

struct CsvWriteOptions {
  bool iso_time = false;  ///< ISO 8601 instants (the start must be known) instead of seconds
};

/// The shortest text that reads back as the same float; a missing sample is an empty cell. Times in
/// nanoseconds. Status channels are left out. Errors: the sink's, or iso_time without a start.
[[nodiscard]] Result<void> write_csv(const Recording& recording, const CsvWriteOptions& options,
                                     const ByteSink& csv);

}  // namespace halfcycle::formats
