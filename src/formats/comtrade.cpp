// SPDX-License-Identifier: Apache-2.0
#include "formats/comtrade.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "formats/comtrade_cfg.hpp"
#include "formats/comtrade_dat.hpp"
#include "formats/timeline.hpp"

namespace halfcycle::formats {
namespace {

std::string_view name(ComtradeData data) {
  switch (data) {
    case ComtradeData::Ascii:
      return "ascii";
    case ComtradeData::Binary:
      return "binary";
    case ComtradeData::Binary32:
      return "binary32";
    case ComtradeData::Float32:
      return "float32";
  }
  return "";
}

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

Result<Recording> assemble(ComtradeCfg cfg, const FileBytes& dat, std::size_t dat_first_line) {
  if (dat.bytes.empty()) {
    return fail(ErrorCode::InvalidInput, "{}: the data file is empty", dat.name);
  }
  auto samples = cfg.data == ComtradeData::Ascii ? parse_ascii_dat(cfg, dat, dat_first_line)
                                                 : open_binary_dat(cfg, dat);
  if (!samples) {
    return fail(samples.error());
  }
  Recording recording;
  recording.warnings = std::move(cfg.warnings);
  append(recording.warnings, std::move(samples->warnings));
  const std::uint64_t count = samples->sample_count;
  if (cfg.declared_samples > count) {
    recording.warnings.push_back(format("{}: holds {} samples, the .cfg announces {}: cut short?",
                                        dat.name, count, cfg.declared_samples));
  } else if (cfg.declared_samples < count && cfg.declared_samples > 0) {
    recording.warnings.push_back(
        format("{}: holds {} samples, the .cfg announces only {}; all are "
               "read",
               dat.name, count, cfg.declared_samples));
  }

  Timeline timeline;
  if (!cfg.rates.empty()) {
    timeline = timeline_from_rates(cfg.rates, count, samples->stamps);
  } else {
    auto found = timeline_from_stamps(count, samples->stamps);
    if (!found) {
      return fail(ErrorCode::InvalidInput, "{}: {}", dat.name, found.error().message);
    }
    timeline = std::move(*found);
    recording.warnings.push_back(
        format("{}: the .cfg gives no sampling rate; {:.7g} Hz was found from the time stamps",
               dat.name, timeline.segments.front().rate_hertz));
  }
  if (auto ok = check_span(cfg.start, timeline.segments); !ok) {
    return fail(ErrorCode::InvalidInput, "{}: {}", dat.name, ok.error().message);
  }
  for (std::string& warning : timeline.warnings) {
    recording.warnings.push_back(format("{}: {}", dat.name, warning));
  }

  recording.format = format("comtrade-{}-{}", cfg.revision, name(cfg.data));
  recording.station = std::move(cfg.station);
  recording.device = std::move(cfg.device);
  recording.start = cfg.start;
  recording.trigger = cfg.trigger;
  recording.zone_known = cfg.zone_known;
  recording.nominal_frequency_hertz = cfg.nominal_frequency_hertz;
  recording.time_quality = cfg.time_quality;
  recording.analogs = std::move(cfg.analogs);
  recording.statuses = std::move(cfg.statuses);
  recording.segments = std::move(timeline.segments);
  recording.sample_count = count;
  recording.samples = std::move(samples->store);
  return recording;
}

// One part of a combined file.
struct Section {
  std::string kind;  // "cfg", "inf", "hdr", "dat"
  std::string data;  // "ascii", "binary", … for dat, if given
  std::optional<std::uint64_t> byte_count;
  std::size_t mark_begin = 0;  // offset of the line that announces it
  std::size_t begin = 0;       // offset of its contents
  std::size_t first_line = 0;  // line number of its contents
};

// "--- file type: DAT BINARY: 702 ---": two or three dashes and a missing colon occur.
std::optional<Section> parse_mark(std::string_view line) {
  line = trim(line);
  if (line.substr(0, 2) != "--") {
    return std::nullopt;
  }
  std::string text = to_lower(line);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ':' || c == '-' || c == '\t'; }, ' ');
  std::vector<std::string_view> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  if (words.size() < 3 || words[0] != "file" || words[1] != "type") {
    return std::nullopt;
  }
  Section section;
  section.kind = std::string(words[2]);
  if (words.size() > 3) {
    section.data = std::string(words[3]);
  }
  if (words.size() > 4) {
    std::uint64_t count = 0;
    const auto [end, ec] =
        std::from_chars(words[4].data(), words[4].data() + words[4].size(), count);
    if (ec == std::errc{} && end == words[4].data() + words[4].size()) {
      section.byte_count = count;
    }
  }
  return section;
}

std::vector<Section> find_sections(std::string_view text) {
  std::vector<Section> sections;
  std::size_t line_number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, std::min<std::size_t>(end - begin, 200));
    if (auto section = parse_mark(line)) {
      section->mark_begin = begin;
      section->begin = std::min(end + 1, text.size());
      section->first_line = line_number + 1;
      sections.push_back(*section);
      if (section->kind == "dat") {
        break;  // it is the last one, and its bytes may look like anything
      }
    }
    begin = end + 1;
  }
  return sections;
}

}  // namespace

Result<Recording> read_comtrade(const ComtradeFiles& files) {
  auto cfg = parse_comtrade_cfg(files.cfg.text(), files.cfg.name);
  if (!cfg) {
    return fail(cfg.error());
  }
  return assemble(std::move(*cfg), files.dat, 1);
}

Result<Recording> read_cff(const FileBytes& cff) {
  const std::string_view text = cff.text();
  const std::vector<Section> sections = find_sections(text);
  const Section* cfg_section = nullptr;
  const Section* dat_section = nullptr;
  std::size_t cfg_end = text.size();
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].kind == "cfg" && cfg_section == nullptr) {
      cfg_section = &sections[i];
      cfg_end = i + 1 < sections.size() ? sections[i + 1].mark_begin : text.size();
    } else if (sections[i].kind == "dat") {
      dat_section = &sections[i];
    }
  }
  if (cfg_section == nullptr || dat_section == nullptr) {
    return fail(ErrorCode::InvalidInput,
                "{}: no line '--- file type: {} ---' was found, so this is no combined COMTRADE "
                "file",
                cff.name, cfg_section == nullptr ? "CFG" : "DAT");
  }
  auto cfg = parse_comtrade_cfg(text.substr(cfg_section->begin, cfg_end - cfg_section->begin),
                                cff.name, cfg_section->first_line);
  if (!cfg) {
    return fail(cfg.error());
  }
  FileBytes dat = cff;
  dat.bytes = cff.bytes.subspan(dat_section->begin);
  const std::size_t mark_line = dat_section->first_line - 1;
  if (dat_section->byte_count) {
    if (*dat_section->byte_count < dat.bytes.size()) {
      dat.bytes = dat.bytes.first(static_cast<std::size_t>(*dat_section->byte_count));
    } else if (*dat_section->byte_count > dat.bytes.size()) {
      cfg->warnings.push_back(format("{}:{}: {} bytes of data are announced, {} are there",
                                     cff.name, mark_line, *dat_section->byte_count,
                                     dat.bytes.size()));
    }
  }
  if (!dat_section->data.empty() && dat_section->data != name(cfg->data)) {
    cfg->warnings.push_back(
        format("{}:{}: the data are announced as {}, the configuration says {}; "
               "the latter holds",
               cff.name, mark_line, to_valid_utf8(dat_section->data), name(cfg->data)));
  }
  return assemble(std::move(*cfg), dat, dat_section->first_line);
}

}  // namespace halfcycle::formats
