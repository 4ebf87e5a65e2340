// SPDX-License-Identifier: Apache-2.0
#include "source/recording_file.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.hpp"
#include "formats/comtrade.hpp"
#include "formats/csv.hpp"
#include "formats/pqdif.hpp"
#include "formats/sampled_values.hpp"
#include "formats/sniff.hpp"
#include "formats/wav.hpp"
#include "source/mapped_file.hpp"

namespace halfcycle::source {
namespace {

using formats::FileBytes;
using formats::FileKind;
using formats::Recording;

constexpr std::size_t kHead = 4096;

Result<FileBytes> open_bytes(const std::string& path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return fail(file.error());
  }
  return MappedFile::share(std::move(*file), path);
}

/// "dat" written like `like`: ".CFG" gives ".DAT".
std::string in_the_case_of(std::string_view like, std::string_view suffix) {
  const bool upper =
      std::any_of(like.begin(), like.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  std::string result(suffix);
  if (upper) {
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  }
  return "." + result;
}

/// The file beside `path` with the same name and another suffix, in any case of letters.
std::optional<std::string> find_partner(const std::filesystem::path& path,
                                        std::string_view suffix) {
  std::error_code ec;
  std::filesystem::path likely = path;
  likely.replace_extension(in_the_case_of(path.extension().string(), suffix));
  if (std::filesystem::exists(likely, ec)) {
    return likely.string();
  }
  const std::string wanted = path.stem().string() + "." + std::string(suffix);
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::vector<std::string> found;
  for (std::filesystem::directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec)) {
    const std::string name = it->path().filename().string();
    if (equals_ignoring_case(name, wanted)) {
      found.push_back(name);
    }
  }
  if (found.empty()) {
    return std::nullopt;
  }
  // The stem as written before one in another case.
  std::sort(found.begin(), found.end());
  const auto exact = std::find_if(found.begin(), found.end(), [&](const std::string& name) {
    return std::filesystem::path(name).stem() == path.stem();
  });
  const std::string& name = exact != found.end() ? *exact : found.front();
  return path.has_parent_path() ? (path.parent_path() / name).string() : name;
}

Result<Recording> read_comtrade_pair(FileBytes cfg) {
  const std::filesystem::path path(cfg.name);
  const auto dat_path = find_partner(path, "dat");
  if (!dat_path) {
    std::filesystem::path expected = path;
    expected.replace_extension(in_the_case_of(path.extension().string(), "dat"));
    return fail(ErrorCode::InvalidInput,
                "{}: the samples are missing: there is no {} beside it. A COMTRADE recording is a "
                "pair of files of the same name; copy the .dat next to the .cfg",
                cfg.name, expected.filename().string());
  }
  auto dat = open_bytes(*dat_path);
  if (!dat) {
    return fail(dat.error());
  }
  return formats::read_comtrade({.cfg = std::move(cfg), .dat = std::move(*dat)});
}

Result<Recording> read_comtrade_by_dat(const std::string& path) {
  const auto cfg_path = find_partner(path, "cfg");
  if (!cfg_path) {
    return fail(ErrorCode::InvalidInput,
                "{}: the data part of a COMTRADE recording, which says nothing without its "
                "configuration: there is no {} beside it",
                path, std::filesystem::path(path).stem().string() + ".cfg");
  }
  auto cfg = open_bytes(*cfg_path);
  if (!cfg) {
    return fail(cfg.error());
  }
  auto dat = open_bytes(path);
  if (!dat) {
    return fail(dat.error());
  }
  return formats::read_comtrade({.cfg = std::move(*cfg), .dat = std::move(*dat)});
}

FileKind kind_of(const FileBytes& file, const RecordingFileOptions& options) {
  const FileKind kind =
      formats::sniff(file.name, file.bytes.subspan(0, std::min(kHead, file.bytes.size())));
  if (!options.format) {
    return kind;
  }
  switch (*options.format) {
    case RecordingFormat::Wav:
      return FileKind::Wav;
    case RecordingFormat::Csv:
      return FileKind::Csv;
    case RecordingFormat::Pqdif:
      return FileKind::Pqdif;
    case RecordingFormat::Capture:
      return FileKind::Pcap;
    case RecordingFormat::Comtrade:
      return kind == FileKind::ComtradeCff || kind == FileKind::ComtradeDat ? kind
                                                                            : FileKind::ComtradeCfg;
  }
  return kind;
}

Result<Recording> read_capture(const FileBytes& file, const RecordingFileOptions& options,
                               std::optional<std::string>& used_stream) {
  const auto streams = formats::list_streams(file);
  if (!streams) {
    return fail(streams.error());
  }
  formats::SvChoice choice = options.stream;
  for (const std::string& wanted : options.streams) {
    if (choice.sv_id.empty() &&
        std::any_of(streams->begin(), streams->end(),
                    [&](const formats::SvStream& s) { return s.sv_id == wanted; })) {
      used_stream = choice.sv_id = wanted;
    }
  }
  return formats::read_sampled_values(file, choice);
}

}  // namespace

Result<Recording> read_recording_file(const std::string& path, const RecordingFileOptions& options,
                                      std::optional<std::string>* used_stream) {
  auto file = open_bytes(path);
  if (!file) {
    return fail(file.error());
  }
  const FileKind kind = kind_of(*file, options);
  switch (kind) {
    case FileKind::ComtradeCfg:
      return read_comtrade_pair(std::move(*file));
    case FileKind::ComtradeDat:
      return read_comtrade_by_dat(path);
    case FileKind::ComtradeCff:
      return formats::read_cff(*file);
    case FileKind::Wav:
      return formats::read_wav(*file);
    case FileKind::Csv:
      return formats::read_csv(*file, {.rate_hertz = options.rate_hertz});
    case FileKind::Pqdif:
      return formats::read_pqdif(*file);
    case FileKind::Pcap:
      return read_capture(*file, options, *used_stream);
    default:
      return fail(formats::refusal(kind, path));
  }
}

}  // namespace halfcycle::source
