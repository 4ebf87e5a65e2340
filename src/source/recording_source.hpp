// SPDX-License-Identifier: Apache-2.0
// A recording as a source: its channels on the meter's inputs, in volts and amperes, cut, on the
// wanted side, all inputs sampled at the same instants.
//
// Blocks never cross the end of a segment. Two kinds of recordings are brought onto one grid of
// instants first, by the kernel of fractional_delay.hpp:
// - channels sampled one after the other (a skew of more than 50 ns between them);
// - recorders whose rate follows the frequency of the system (adjoining segments whose rates are
//   within 2 % of each other): one segment with as many samples at the mean rate.
// Both are functions of the sample's index alone, so that blocks of any size give the same values.
#pragma once

#include <memory>
#include <string>

#include "formats/recording.hpp"
#include "source/open_options.hpp"
#include "source/source.hpp"

namespace halfcycle::source {

/// Below this many samples a cycle nothing can be measured (DESIGN §2).
inline constexpr double kLeastSamplesPerCycle = 8.0;

/// Errors (InvalidSetup): a channel or set that does not exist, no ratio to convert to a side, a
/// cut that leaves nothing, an instant for a recording without a start; (InvalidInput): nothing
/// that could be mapped, no samples. Memory is bounded by the block size; status transitions
/// (info().statuses) grow as the blocks are read and are complete at the end.
[[nodiscard]] Result<std::unique_ptr<Source>> make_recording_source(formats::Recording recording,
                                                                    std::string uri,
                                                                    const OpenOptions& options);

}  // namespace halfcycle::source
