// SPDX-License-Identifier: Apache-2.0
#include "app/html_report.hpp"

#include <string_view>

#include "app/report_page_data.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "ui/report_bundle.hpp"

namespace halfcycle::app {
namespace {

/// For text between tags and in quoted attributes.
std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// JSON that can stand inside a script element: "</script" and "<!--" would end or change it. Only
/// strings hold a '<', and there the escape means the same.
std::string escape_json_in_html(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view title_of(const ReportData& data) {
  if (!data.source.station.empty()) {
    return data.source.station;
  }
  const std::string_view uri = data.source.uri;
  const std::size_t slash = uri.find_last_of('/');
  return slash == std::string_view::npos ? uri : uri.substr(slash + 1);
}

}  // namespace

std::string report_policy() {
  return format(
      "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
      ui::report_script_hash, ui::report_style_hash);
}

std::string render_html_report(const ReportData& data) {
  std::string page;
  page += "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", report_policy());
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  page += format("<meta name=\"generator\" content=\"Halfcycle {}\">\n", escape_html(data.version));
  page += format("<title>{} – Halfcycle</title>\n", escape_html(title_of(data)));
  page += "<style>";
  page += ui::report_style;
  page +=
      "</style>\n</head>\n<body>\n<div id=\"app\"><noscript>This report draws its charts with "
      "a script that is part of this page. Allow scripts to see it.</noscript></div>\n";
  page += "<script type=\"application/json\" id=\"data\">";
  page += escape_json_in_html(report_page_data(data));
  page += "</script>\n<script>";
  page += ui::report_script;
  page += "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace halfcycle::app
