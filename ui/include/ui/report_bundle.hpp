// SPDX-License-Identifier: Apache-2.0
// The script and style of the report page, bundled from ui/src/report when the program is built.
#pragma once

#include <string_view>

namespace halfcycle::ui {

/// To be put between <script> and </script>; reads the JSON of the element with id "data".
extern const std::string_view report_script;
/// To be put between <style> and </style>.
extern const std::string_view report_style;
/// Their hashes as a content security policy takes them: "'sha256-…'".
extern const std::string_view report_script_hash;
extern const std::string_view report_style_hash;

}  // namespace halfcycle::ui
