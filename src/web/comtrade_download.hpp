// SPDX-License-Identifier: Apache-2.0
// A stored waveform as a COMTRADE 2013 file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "recorder/history.hpp"

namespace halfcycle::web {

/// A combined file (.cff) with 32-bit floats in V and A, as the samples were measured.
/// nominal_frequency_hertz: 0 if not known. Errors: those of formats::write_cff().
[[nodiscard]] Result<std::string> comtrade_of(recorder::StoredWaveform wave,
                                              std::string_view station,
                                              double nominal_frequency_hertz);

}  // namespace halfcycle::web
