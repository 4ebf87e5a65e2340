// SPDX-License-Identifier: Apache-2.0
#include "formats/sniff.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace halfcycle::formats {
namespace {

std::string extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.find_last_of("/\\");
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) {
    return {};
  }
  return to_lower(name.substr(dot + 1));
}

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

// PQDIF (IEEE 1159.3): every record begins with this GUID, {4a111440-e49f-11cf-9900-505144494600}.
constexpr std::array<unsigned char, 16> kPqdifRecord{
    0x40, 0x14, 0x11, 0x4a, 0x9f, 0xe4, 0xcf, 0x11, 0x99, 0x00, 0x50, 0x51, 0x44, 0x49, 0x46, 0x00};

bool is_pcap(std::string_view text) {
  // pcap in both byte orders, with micro- or nanoseconds; the section header block of pcapng.
  for (const std::string_view magic :
       {std::string_view("\xA1\xB2\xC3\xD4", 4), std::string_view("\xD4\xC3\xB2\xA1", 4),
        std::string_view("\xA1\xB2\x3C\x4D", 4), std::string_view("\x4D\x3C\xB2\xA1", 4),
        std::string_view("\x0A\x0D\x0D\x0A", 4)}) {
    if (begins(text, magic)) {
      return true;
    }
  }
  return false;
}

// The second line of a configuration reads like "8,4A,4D".
bool is_cfg(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) {
    return false;
  }
  const std::string_view second = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  const auto parts = split(second, ',');
  if (parts.size() < 3) {
    return false;
  }
  const auto counts = [](std::string_view part, char letter) {
    part = trim(part);
    return part.size() >= 2 && (part.back() == letter || part.back() == letter - 'A' + 'a') &&
           part.find_first_not_of("0123456789") == part.size() - 1;
  };
  return parse_number(parts[0]).has_value() && counts(parts[1], 'A') && counts(parts[2], 'D');
}

bool is_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != '\x1A' && c != '\f';
  });
}

}  // namespace

FileKind sniff(std::string_view name, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if ((begins(text, "RIFF") || begins(text, "RF64")) && text.substr(8, 4) == "WAVE") {
    return FileKind::Wav;
  }
  if (begins(text, {reinterpret_cast<const char*>(kPqdifRecord.data()), kPqdifRecord.size()})) {
    return FileKind::Pqdif;
  }
  if (is_pcap(text)) {
    return FileKind::Pcap;
  }
  if (begins(text, "--") && to_lower(text.substr(0, 40)).find("file type") != std::string::npos) {
    return FileKind::ComtradeCff;
  }
  const std::string ending = extension(name);
  if (ending == "cfg" || is_cfg(text)) {
    return FileKind::ComtradeCfg;
  }
  constexpr std::array<std::pair<std::string_view, FileKind>, 9> kByName{{
      {"dat", FileKind::ComtradeDat},
      {"cff", FileKind::ComtradeCff},
      {"wav", FileKind::Wav},
      {"csv", FileKind::Csv},
      {"tsv", FileKind::Csv},
      {"txt", FileKind::Csv},
      {"pqd", FileKind::Pqdif},
      {"pcap", FileKind::Pcap},
      {"pcapng", FileKind::Pcap},
  }};
  for (const auto& [suffix, kind] : kByName) {
    if (ending == suffix) {
      return kind;
    }
  }
  // Text with a separator in its first line may well be a table.
  const std::string_view first = text.substr(0, text.find('\n'));
  if (!text.empty() && is_text(text) && first.find_first_of(",;\t") != std::string_view::npos) {
    return FileKind::Csv;
  }
  return FileKind::Unknown;
}

Error refusal(FileKind kind, std::string_view name) {
  std::string message;
  switch (kind) {
    case FileKind::ComtradeDat:
      message =
          format("{}: the data part of a COMTRADE recording; give its .cfg file instead", name);
      break;
    default:
      message = format(
          "{}: not recognised as a recording (COMTRADE .cfg or .cff, PQDIF, pcap, WAVE, or CSV)",
          name);
      break;
  }
  return {ErrorCode::InvalidInput, std::move(message)};
}

}  // namespace halfcycle::formats
