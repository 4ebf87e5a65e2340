// SPDX-License-Identifier: Apache-2.0
// PQDIF (IEEE 1159.3-2003, -2019) as a recording: the waveforms of all its observations, one after
// another, with the time between them as gaps. Trends, spectra and histograms are passed over and
// counted in a warning.
#pragma once

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

/// Channels of an observation that were sampled slower than its fastest by a whole factor are
/// interpolated (band-limited) to the fastest rate and a warning says so; a channel that an
/// observation lacks is missing (NaN) there. Ratios of the transducers are applied where the file
/// asks for it.
[[nodiscard]] Result<Recording> read_pqdif(const FileBytes& file);

}  // namespace halfcycle::formats
