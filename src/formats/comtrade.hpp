// SPDX-License-Identifier: Apache-2.0
// COMTRADE: IEEE C37.111-1991, -1999 and -2013 (IEC 60255-24:2013), ASCII, BINARY, BINARY32 and
// FLOAT32 data, separate .cfg/.dat or combined .cff.
//
//   auto recording = read_comtrade({.cfg = cfg_bytes, .dat = dat_bytes});
//   auto written = write_comtrade(*recording, {.data = ComtradeData::Float32});
//
// Recording::format is "comtrade-<revision>-<data>": revision 1991, 1999 or 2013, data ascii,
// binary, binary32 or float32. A .cff has the same names; how the parts were packed is no property
// of the recording.
//
// Time: the segments of the recording are final. One rate and stamps that are missing, wrapped or
// within a sample of it: the rate. nrates 0 or stamps that show a real gap: the stamps, and the gap
// is a gap. A disagreement is a warning. Details: formats/timeline.hpp.
#pragma once

#include <string>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

struct ComtradeFiles {
  FileBytes cfg;
  FileBytes dat;
};

/// Errors name the file and, for the .cfg, the line. Binary data are not copied: the recording
/// keeps `dat.owner` and decodes on demand; ASCII data are parsed here. Thread-safe.
[[nodiscard]] Result<Recording> read_comtrade(const ComtradeFiles& files);

/// A combined file (.cff, 2013).
[[nodiscard]] Result<Recording> read_cff(const FileBytes& cff);

enum class ComtradeData { Ascii, Binary, Binary32, Float32 };

struct ComtradeWriteOptions {
  ComtradeData data = ComtradeData::Float32;
  int revision = 2013;  ///< 1991, 1999 or 2013; BINARY32 and FLOAT32 need 2013
};

/// Samples are taken from `recording.samples` in blocks, in two passes (the first finds the range
/// of each channel; FLOAT32 needs only the second), so the store may compute them. What is written
/// reads back
/// - exactly (the same floats) with FLOAT32;
/// - as the nearest step of the channel's scale with the integer formats. A channel whose values
/// lie
///   all on the grid of its own a and b keeps them; any other gets b = 0 and a symmetric a: the
///   largest magnitude / 32000 (BINARY), / 99000 (ASCII) or / 2·10⁹ (BINARY32). The codes that mean
///   "missing" (0x8000, 99999, 0x80000000, in 1991 0xFFFF) are never used for a number; missing
///   samples are written with them (FLOAT32: NaN; 1991 ASCII: empty).
/// Times: 2013 writes nanoseconds; 1999 and 1991 write microseconds, and the start is rounded. An
/// unknown start is written as 1970-01-01, which reads back as unknown; an unknown trigger as the
/// start. A recording with gaps has stamps that show them, and a rate line for each segment.
/// A comma or control character in a name becomes a blank.
/// Errors: no samples, a revision without the data type, more than 2³² − 1 samples, a year that two
/// digits cannot say (1991), or whatever the sink reports.
[[nodiscard]] Result<std::string> write_comtrade_dat(const Recording& recording,
                                                     const ComtradeWriteOptions& options,
                                                     const ByteSink& dat);  ///< returns the .cfg

struct ComtradeText {
  std::string cfg;
  std::string dat;
};
/// The same, in memory.
[[nodiscard]] Result<ComtradeText> write_comtrade(const Recording& recording,
                                                  const ComtradeWriteOptions& options);

/// A combined file; options.revision must be 2013.
[[nodiscard]] Result<void> write_cff(const Recording& recording,
                                     const ComtradeWriteOptions& options, const ByteSink& cff);

}  // namespace halfcycle::formats
