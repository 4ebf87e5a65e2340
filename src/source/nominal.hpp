// SPDX-License-Identifier: Apache-2.0
// The nominal voltage that the rating of a voltage transformer tells.
#pragma once

#include <optional>

#include "source/open_options.hpp"

namespace halfcycle::source {

/// Secondary nominal voltage in volts: line-to-line if the channels are, else line-to-neutral.
/// Ratings are those of IEC 61869-3:2011 §5.501 (100, 110, 115, 120, 200 V line-to-line, or these
/// divided by √3). A rating of 100 or 110 V on a phase voltage is the line-to-line rating of the
/// set, as recorders write it, unless the level says otherwise; with 115 and 120 V, which are usual
/// both ways, the level (secondary r.m.s., NaN if unknown) decides.
/// Nothing where the secondary is not such a rating, or the ratio is 1:1.
[[nodiscard]] std::optional<double> nominal_secondary_volts(const Ratio& ratio, bool line_to_line,
                                                            double level_volts);

}  // namespace halfcycle::source
