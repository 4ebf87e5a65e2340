// SPDX-License-Identifier: Apache-2.0
// The stored waveforms of a disturbance as a COMTRADE 2013 file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "recorder/history.hpp"

namespace halfcycle::web {

/// A combined file (.cff) with 32-bit floats in V and A, as the samples were measured; what is
/// missing between two parts is a gap in its time stamps. The parts have the inputs of the first.
/// nominal_frequency_hertz: 0 if not known. Errors: those of formats::write_cff().
[[nodiscard]] Result<std::string> comtrade_of(std::vector<recorder::StoredWaveform> parts,
                                              std::string_view station,
                                              double nominal_frequency_hertz);

}  // namespace halfcycle::web
