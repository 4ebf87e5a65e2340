// SPDX-License-Identifier: Apache-2.0
// From a path to a recording: which format it is, and which files belong to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "formats/recording.hpp"
#include "formats/sampled_values.hpp"

namespace halfcycle::source {

enum class RecordingFormat { Comtrade, Wav, Csv, Pqdif, Capture };

struct RecordingFileOptions {
  std::optional<RecordingFormat> format;  ///< as an address said; else by contents and name
  std::optional<double> rate_hertz;       ///< for a CSV
  std::vector<std::string> streams;       ///< of a capture: the first of these svIDs that it holds
  formats::SvChoice stream;               ///< of a capture: as an address said
};

/// Finds the .dat beside a .cfg and the .cfg beside a .dat, whatever the case of the suffix.
/// `used_stream` receives the svID that was found among options.streams, if any. Errors name the
/// file and say what to do.
[[nodiscard]] Result<formats::Recording> read_recording_file(
    const std::string& path, const RecordingFileOptions& options,
    std::optional<std::string>* used_stream);

}  // namespace halfcycle::source
