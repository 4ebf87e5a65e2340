// SPDX-License-Identifier: Apache-2.0
#include "app/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::app {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool locale_is_utf8() {
  // POSIX: the first of these that is set and not empty decides.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (!value.empty()) {
      const std::string lower = to_lower(value);
      return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
    }
  }
  return false;
}

// The next code point of valid UTF-8, which is taken off the text.
char32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  const char32_t first = byte(0);
  std::size_t length = 1;
  char32_t point = first;
  if (first >= 0xF0 && text.size() >= 4) {
    length = 4;
    point = ((first & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) |
            (byte(3) & 0x3FU);
  } else if (first >= 0xE0 && text.size() >= 3) {
    length = 3;
    point = ((first & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
  } else if (first >= 0xC0 && text.size() >= 2) {
    length = 2;
    point = ((first & 0x1FU) << 6U) | (byte(1) & 0x3FU);
  }
  text.remove_prefix(length);
  return point;
}

// Unicode Standard Annex #11: wide and full-width blocks; #44: combining marks and zero width.
std::size_t cells(char32_t point) {
  const auto in = [&](char32_t low, char32_t high) { return point >= low && point <= high; };
  if (in(0x0300, 0x036F) || in(0x200B, 0x200F) || in(0x20D0, 0x20FF) || in(0xFE00, 0xFE0F)) {
    return 0;
  }
  if (in(0x1100, 0x115F) || in(0x2E80, 0x303E) || in(0x3041, 0x33FF) || in(0x3400, 0x4DBF) ||
      in(0x4E00, 0x9FFF) || in(0xA000, 0xA4CF) || in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) ||
      in(0xFE30, 0xFE4F) || in(0xFF00, 0xFF60) || in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1F64F) ||
      in(0x1F900, 0x1F9FF) || in(0x20000, 0x3FFFD)) {
    return 2;
  }
  return 1;
}

// Takes an escape sequence of ours ("ESC [ … letter") off the text.
void skip_escape(std::string_view& text) {
  text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      return;
    }
  }
}

}  // namespace

Screen detect_screen(int descriptor) {
  Screen screen;
  screen.terminal = isatty(descriptor) == 1;
  screen.unicode = locale_is_utf8();
  screen.colour =
      screen.terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  winsize size{};
  if (screen.terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row > 0 ? size.ws_row : screen.rows;
  } else if (const auto columns = parse_number(environment("COLUMNS"));
             columns && *columns >= 20 && *columns <= 1000) {
    screen.columns = static_cast<int>(*columns);
  }
  return screen;
}

std::string styled(const Screen& screen, Style style, std::string_view text) {
  if (!screen.colour || style == Style::Plain || text.empty()) {
    return std::string(text);
  }
  int code = 0;
  switch (style) {
    case Style::Plain:
      break;
    case Style::Bold:
      code = 1;
      break;
    case Style::Dim:
      code = 2;
      break;
    case Style::Red:
      code = 31;
      break;
    case Style::Green:
      code = 32;
      break;
    case Style::Yellow:
      code = 33;
      break;
    case Style::Cyan:
      code = 36;
      break;
  }
  return format("\x1b[{}m{}\x1b[0m", code, text);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    if (text.front() == '\x1b') {
      skip_escape(text);
    } else {
      width += cells(take_code_point(text));
    }
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  std::string valid = to_valid_utf8(text);
  std::string_view rest = valid;
  while (!rest.empty()) {
    const std::string_view before = rest;
    const char32_t point = take_code_point(rest);
    if (point < 0x20 || point == 0x7F || (point >= 0x80 && point < 0xA0)) {
      out += point == '\t' ? ' ' : '?';
    } else {
      out += before.substr(0, before.size() - rest.size());
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t width, bool unicode) {
  if (display_width(text) <= width) {
    return std::string(text);
  }
  const std::string_view ellipsis = unicode ? "…" : "~";
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::string_view before = text;
    const std::size_t more = cells(take_code_point(text));
    if (used + more + 1 > width) {
      break;
    }
    used += more;
    out += before.substr(0, before.size() - text.size());
  }
  if (width > 0) {
    out += ellipsis;
  }
  return out;
}

}  // namespace halfcycle::app
