// SPDX-License-Identifier: Apache-2.0
// RIFF/WAVE (and RF64 for files beyond 4 GiB): PCM of 16, 24 and 32 bits and 32-bit float, plain or
// WAVE_FORMAT_EXTENSIBLE.
//
// Channels are named "1", "2", … unless the LIST/INFO comment (ICMT) says otherwise. The comment
// that write_wav leaves, and read_wav understands, is one line of key=value separated by ';':
//   channels=V1,V2,V3,I1,I2,I3;units=V,V,V,A,A,A;scale=400,400,400,10,10,10;start=2024-…Z;rate=25600
// where `scale` is the value of full scale (integer PCM only; without it full scale is 1), and
// `rate` the exact sample rate where it is not a whole number. Any other comment is ignored.
#pragma once

#include <string>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"
#include "formats/recording.hpp"

namespace halfcycle::formats {

/// Not copied: the recording keeps `wav.owner` and decodes on demand. A data chunk that is longer
/// than the file is read up to the last whole frame, with a warning. Recording::format is
/// "wav-pcm16", "wav-pcm24", "wav-pcm32" or "wav-float32". Thread-safe.
[[nodiscard]] Result<Recording> read_wav(const FileBytes& wav);

enum class WavEncoding { Pcm16, Pcm24, Pcm32, Float32 };

struct WavWriteOptions {
  WavEncoding encoding = WavEncoding::Float32;
};

/// Float reads back exactly, NaN included. PCM reads back as the nearest step of the channel's full
/// scale, the largest magnitude found in a first pass; PCM has no code for a missing sample.
/// Errors: a recording with more than one segment, PCM with missing samples, or the sink's.
[[nodiscard]] Result<void> write_wav(const Recording& recording, const WavWriteOptions& options,
                                     const ByteSink& wav);

}  // namespace halfcycle::formats
