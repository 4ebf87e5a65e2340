// SPDX-License-Identifier: Apache-2.0
// What the screen can show: colours, Unicode, width. Text is plain when it does not go to a
// terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace halfcycle::app {

struct Screen {
  bool terminal = false;  ///< the stream is a terminal
  bool colour = false;    ///< ANSI colours are welcome (a terminal, no NO_COLOR, TERM not "dumb")
  bool unicode = false;   ///< the locale's character set is UTF-8
  int columns = 80;
  int rows = 24;
};

/// `descriptor`: 1 for standard output, 2 for standard error. Reads LC_ALL, LC_CTYPE, LANG,
/// NO_COLOR, TERM and COLUMNS.
[[nodiscard]] Screen detect_screen(int descriptor);

enum class Style { Plain, Bold, Dim, Red, Green, Yellow, Cyan };
/// `text` with the escape codes of the style, or as it is where the screen has no colours.
[[nodiscard]] std::string styled(const Screen& screen, Style style, std::string_view text);

/// Cells that the text takes on a terminal: code points, East Asian wide ones count two, combining
/// ones and escape sequences nothing.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// `text` made safe to print: valid UTF-8, control characters replaced (a file must not be able to
/// send escape sequences to the terminal).
[[nodiscard]] std::string printable(std::string_view text);
/// At most `width` cells, with an ellipsis where something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width, bool unicode);

}  // namespace halfcycle::app
