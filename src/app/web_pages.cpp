// SPDX-License-Identifier: Apache-2.0
#include "app/web_pages.hpp"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/analysis.hpp"
#include "app/analysis_output.hpp"
#include "app/html_report.hpp"
#include "app/output.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "source/open.hpp"
#include "ui/live_assets.hpp"
#include "ui/report_bundle.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kLongestName = 100;

/// A folder for one upload that nobody else can read.
class UploadFolder {
 public:
  static Result<UploadFolder> create() {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    std::string path = (error ? std::filesystem::path("/tmp") : parent) / "halfcycle-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return fail(ErrorCode::Machine,
                  "there is no room for uploaded files in {}; set TMPDIR to a folder with some",
                  parent.string());
    }
    return UploadFolder(std::move(path));
  }
  UploadFolder(UploadFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  UploadFolder& operator=(UploadFolder&&) = delete;
  UploadFolder(const UploadFolder&) = delete;
  UploadFolder& operator=(const UploadFolder&) = delete;
  ~UploadFolder() {
    if (!path_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit UploadFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// The last part of what the sender calls the file, with what a file name may safely hold.
std::string safe_name(std::string_view sent) {
  const std::string_view last = sent.substr(sent.find_last_of("/\\") + 1);
  std::string name;
  for (const char c : last.substr(0, kLongestName)) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || (c == '.' && !name.empty()) ||
                      static_cast<unsigned char>(c) >= 0x80;
    name += safe ? c : '_';
  }
  return name.empty() ? "recording" : name;
}

std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : to_lower(name.substr(dot + 1));
}

/// The file that stands for the recording; the others belong to it.
Result<std::string> main_file(const std::vector<std::string>& names) {
  constexpr std::array<std::string_view, 5> kBeside{"dat", "hdr", "inf", "txt", "json"};
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const std::string extension = extension_of(name);
    if (extension == "toml") {
      return fail(ErrorCode::InvalidInput,
                  "{}: is a scenario of the simulator; recordings are measured here", name);
    }
    if (std::find(kBeside.begin(), kBeside.end(), extension) == kBeside.end()) {
      found.push_back(name);
    }
  }
  if (found.empty() && names.size() == 1) {
    if (extension_of(names.front()) == "dat") {
      return fail(ErrorCode::InvalidInput, "{}: the .cfg that belongs to it is missing; send both",
                  names.front());
    }
    return names.front();
  }
  if (found.size() != 1) {
    return fail(ErrorCode::InvalidInput,
                "the files of one recording are measured at a time; send a .cfg with its .dat, or "
                "one .cff, .pqd, .csv, .wav or .pcap");
  }
  return found.front();
}

Result<void> read_options(const web::AnalysisUpload& upload, AnalysisRequest& request) {
  Overrides& given = request.measure.given;
  for (const auto& [name, text] : upload.options) {
    const auto wrong = [&](std::string_view allowed) {
      return fail(ErrorCode::InvalidSetup, "{} must be {}, not '{}'", name, allowed, text);
    };
    if (text.empty()) {
      continue;
    }
    if (name == "wiring") {
      given.wiring = parse_wiring(text);
      if (!given.wiring) {
        return wrong("4w-wye, 3w-wye, delta or single");
      }
      request.measure.open.wiring = given.wiring;
    } else if (name == "nominal_voltage") {
      given.nominal_voltage_volts = parse_number(text);
      if (!given.nominal_voltage_volts || *given.nominal_voltage_volts <= 0.0) {
        return wrong("a number of volts");
      }
    } else if (name == "nominal_frequency") {
      given.nominal_frequency_hertz = parse_number(text);
      if (!given.nominal_frequency_hertz || *given.nominal_frequency_hertz <= 0.0) {
        return wrong("a number of hertz");
      }
      request.measure.open.nominal_frequency_hertz = given.nominal_frequency_hertz;
    } else if (name == "every") {
      request.series = metrology::parse_interval(text);
      if (!request.series) {
        return wrong("half-cycle, 10-12-cycle, 1s, 150-180-cycle, 10s, 10min or 2h");
      }
    } else {
      constexpr std::array<std::string_view, 4> kNames{"wiring", "nominal_voltage",
                                                       "nominal_frequency", "every"};
      return fail(ErrorCode::InvalidSetup, "there is no option '{}'.{}", name,
                  did_you_mean(name, kNames));
    }
  }
  return {};
}

/// Without the folder, which means nothing to the sender.
std::string without(std::string text, const std::string& folder) {
  for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
    text.erase(at, folder.size());
  }
  return text;
}

Result<web::AnalysisAnswer> measure(const std::string& path, const std::string& folder,
                                    const AnalysisRequest& request, web::AnalysisFormat format) {
  auto source = source::open_source(path, request.measure.open);
  if (!source) {
    return fail(source.error());
  }
  auto data = analyze(*std::move(source), request);
  if (!data) {
    return fail(data.error());
  }
  data->source.uri = without(data->source.uri, folder);
  for (std::string& warning : data->warnings) {
    warning = without(warning, folder);
  }
  if (format == web::AnalysisFormat::Html) {
    // Sandboxed: text of a hostile file could not reach the meter's own pages even as a script.
    return web::AnalysisAnswer{
        .content = render_html_report(*data),
        .content_policy =
            report_policy() + "; frame-ancestors 'self'; sandbox allow-scripts allow-downloads"};
  }
  constexpr int kJsonIndent = 2;
  JsonWriter json(kJsonIndent);
  write_json(json, *data);
  return web::AnalysisAnswer{.content = json.take() + '\n', .content_policy = {}};
}

std::vector<web::StaticAsset> collect_assets() {
  std::vector<web::StaticAsset> assets;
  for (const ui::LiveAsset& asset : ui::live_assets) {
    assets.push_back({.path = asset.path,
                      .content_type = asset.content_type,
                      .gzip = asset.gzip,
                      .etag = asset.etag,
                      .immutable = asset.immutable});
  }
  return assets;
}

}  // namespace

Result<web::AnalysisAnswer> analyze_upload(const web::AnalysisUpload& upload) {
  const auto folder = UploadFolder::create();
  if (!folder) {
    return fail(folder.error());
  }
  const std::string prefix = folder->path() + '/';
  std::vector<std::string> names;
  for (const web::UploadedFile& file : upload.files) {
    const std::string name = safe_name(file.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return fail(ErrorCode::InvalidInput, "{}: was sent twice", name);
    }
    if (const auto written = write_file(prefix + name, file.bytes); !written) {
      return fail(written.error().code, "{}", without(written.error().message, prefix));
    }
    names.push_back(name);
  }
  const auto chosen = main_file(names);
  if (!chosen) {
    return fail(chosen.error());
  }
  const bool html = upload.format == web::AnalysisFormat::Html;
  AnalysisRequest request;
  request.core_registers = html;
  request.pictures = html;
  request.spectra = html;
  request.stop = upload.stop;
  if (const auto read = read_options(upload, request); !read) {
    return fail(read.error());
  }
  auto answer = measure(prefix + *chosen, prefix, request, upload.format);
  if (!answer) {
    return fail(answer.error().code, "{}", without(answer.error().message, prefix));
  }
  return answer;
}

void add_pages(web::WebSetup& setup) {
  setup.version = version();
  setup.assets = collect_assets();
  setup.script_sources = ui::report_script_hash;
  setup.style_sources = ui::report_style_hash;
  setup.analyzer = analyze_upload;
}

}  // namespace halfcycle::app
