// SPDX-License-Identifier: Apache-2.0
// What the web server gets from this program: the files of the page, and the measuring of uploaded
// recordings.
#pragma once

#include "web/setup.hpp"

namespace halfcycle::app {

/// Sets version, assets, the policy of the page and the analyzer.
void add_pages(web::WebSetup& setup);

/// Measures an uploaded recording as `halfcycle analyze` does, in a folder of its own below the
/// system's temporary folder, which is removed afterwards. Options of the form: wiring,
/// nominal_voltage, nominal_frequency, every.
/// Errors: as analyze(); InvalidInput for files that are no recording or are two, InvalidSetup for
/// a wrong option, Machine without a temporary folder. Any thread.
[[nodiscard]] Result<web::AnalysisAnswer> analyze_upload(const web::AnalysisUpload& upload);

}  // namespace halfcycle::app
