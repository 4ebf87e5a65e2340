// SPDX-License-Identifier: Apache-2.0
// One self-contained page about one recording: waveforms, rms traces, phasors, harmonics, events.
#pragma once

#include <string>

#include "app/report_data.hpp"

namespace halfcycle::app {

/// A whole HTML document that loads nothing from outside. The data may come from a hostile file:
/// every text of it is escaped.
[[nodiscard]] std::string render_html_report(const ReportData& data);

/// The content security policy of such a document, which it also states itself: nothing from
/// outside, only its own script and style.
[[nodiscard]] std::string report_policy();

}  // namespace halfcycle::app
