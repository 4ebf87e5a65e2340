// SPDX-License-Identifier: Apache-2.0
// The data of the report page as JSON (ui/src/report/data.ts has the same shape). Times are seconds
// from the first sample. Long lists of numbers are base64 of little-endian 32-bit floats ("f32") or
// 64-bit floats ("f64"); NaN is not available.
#pragma once

#include <string>

#include "app/report_data.hpp"

namespace halfcycle::app {

/// JSON text; thinned so that it stays below some 5 MB however long the recording is.
[[nodiscard]] std::string report_page_data(const ReportData& data);

/// Bytes as base64 with padding (RFC 4648 §4).
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace halfcycle::app
