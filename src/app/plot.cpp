// SPDX-License-Identifier: Apache-2.0
#include "app/plot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/number_text.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kAxisWidth = 11;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Dots of a Braille cell, by column and row from the top (Unicode 28.3, U+2800).
constexpr unsigned kDots[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

std::string braille(unsigned dots) {
  const unsigned point = 0x2800U + dots;
  std::string text;
  text += static_cast<char>(0xE0U | (point >> 12U));
  text += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
  text += static_cast<char>(0x80U | (point & 0x3FU));
  return text;
}

struct Cell {
  unsigned dots = 0;
  std::size_t trace = kNone;  // the one that drew first: its colour and letter
  bool mark = false;
};

class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows, std::size_t dots_x, std::size_t dots_y)
      : columns_(columns), rows_(rows), dots_x_(dots_x), dots_y_(dots_y), cells_(columns * rows) {}

  [[nodiscard]] std::size_t width() const { return columns_ * dots_x_; }
  [[nodiscard]] std::size_t height() const { return rows_ * dots_y_; }
  [[nodiscard]] const Cell& cell(std::size_t column, std::size_t row) const {
    return cells_[row * columns_ + column];
  }
  void dot(std::size_t x, std::size_t y, std::size_t trace) {
    Cell& cell = cells_[y / dots_y_ * columns_ + x / dots_x_];
    cell.dots |= dots_y_ == 4 ? kDots[x % dots_x_][y % dots_y_] : 1U;
    if (cell.trace == kNone) {
      cell.trace = trace;
    }
  }
  void mark(std::size_t column) {
    for (std::size_t row = 0; row < rows_; ++row) {
      cells_[row * columns_ + column].mark = true;
    }
  }

 private:
  std::size_t columns_, rows_, dots_x_, dots_y_;
  std::vector<Cell> cells_;
};

// Smallest and largest value of a trace in each column of dots; between columns the line goes on.
void draw(Canvas& canvas, const PlotTrace& trace, std::size_t number, const PlotOptions& options,
          double low, double high) {
  const std::size_t width = canvas.width();
  const double span = options.x_max - options.x_min;
  struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
  };
  std::vector<Range> ranges(width);
  const auto column_of = [&](double x) {
    return (x - options.x_min) / span * static_cast<double>(width);
  };
  double previous_column = 0.0;
  double previous_y = 0.0;
  bool connected = false;
  const auto add = [&](std::size_t column, double y) {
    ranges[column].low = std::min(ranges[column].low, y);
    ranges[column].high = std::max(ranges[column].high, y);
  };
  for (std::size_t i = 0; i < trace.x.size() && i < trace.y.size(); ++i) {
    const double at = column_of(trace.x[i]);
    const double y = trace.y[i];
    if (!std::isfinite(y) || at < 0.0 || at > static_cast<double>(width)) {
      connected = false;
      continue;
    }
    const auto column = std::min(static_cast<std::size_t>(at), width - 1);
    if (connected) {
      const auto from = std::min(static_cast<std::size_t>(previous_column), width - 1);
      for (std::size_t between = from + 1; between < column; ++between) {
        const double share =
            (static_cast<double>(between) + 0.5 - previous_column) / (at - previous_column);
        add(between, previous_y + (y - previous_y) * std::clamp(share, 0.0, 1.0));
      }
    }
    add(column, y);
    previous_column = at;
    previous_y = y;
    connected = true;
  }
  const double height = static_cast<double>(canvas.height());
  const auto row_of = [&](double y) {
    const double row = (high - y) / (high - low) * height;
    return static_cast<std::size_t>(std::clamp(row, 0.0, height - 1.0));
  };
  bool have_previous = false;
  std::size_t previous_top = 0;
  std::size_t previous_bottom = 0;
  for (std::size_t column = 0; column < width; ++column) {
    if (ranges[column].low > ranges[column].high) {
      have_previous = false;
      continue;
    }
    std::size_t top = row_of(ranges[column].high);
    std::size_t bottom = row_of(ranges[column].low);
    const std::size_t own_top = top;
    const std::size_t own_bottom = bottom;
    if (have_previous) {
      // Steep flanks stay one line.
      if (top > previous_bottom + 1) {
        top = previous_bottom + 1;
      }
      if (bottom + 1 < previous_top) {
        bottom = previous_top - 1;
      }
    }
    for (std::size_t row = top; row <= bottom; ++row) {
      canvas.dot(column, row, number);
    }
    previous_top = own_top;
    previous_bottom = own_bottom;
    have_previous = true;
  }
}

char letter_of(const std::string& label) {
  for (std::size_t i = label.size(); i > 0; --i) {
    const char c = label[i - 1];
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      return c;
    }
  }
  return '*';
}

// A round number not below x: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.
double round_up(double x) {
  if (!(x > 0.0)) {
    return 1.0;
  }
  const double power = std::pow(10.0, std::floor(std::log10(x)));
  for (const double step : {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (step * power >= x * 0.9999) {
      return step * power;
    }
  }
  return 10.0 * power;
}

}  // namespace

std::string plot(const Screen& screen, std::span<const PlotTrace> traces,
                 const PlotOptions& options) {
  double largest = 0.0;
  bool any = false;
  for (const PlotTrace& trace : traces) {
    for (const double y : trace.y) {
      if (std::isfinite(y)) {
        largest = std::max(largest, std::abs(y));
        any = true;
      }
    }
  }
  if (!any || options.columns == 0 || options.rows == 0 || !(options.x_max > options.x_min)) {
    return {};
  }
  const double high = round_up(largest);
  const double low = options.zero_based ? 0.0 : -high;
  Canvas canvas(options.columns, options.rows, screen.unicode ? 2 : 1, screen.unicode ? 4 : 1);
  for (std::size_t i = 0; i < traces.size(); ++i) {
    draw(canvas, traces[i], i, options, low, high);
  }
  for (const double mark : options.marks) {
    const double at = (mark - options.x_min) / (options.x_max - options.x_min) *
                      static_cast<double>(options.columns);
    if (at >= 0.0 && at < static_cast<double>(options.columns)) {
      canvas.mark(static_cast<std::size_t>(at));
    }
  }

  const Scale scale = scale_for({&high, 1}, options.unit, 3, screen.unicode);
  std::string out;
  for (std::size_t row = 0; row < options.rows; ++row) {
    std::string axis;
    if (row == 0) {
      axis = format("{} {}", scaled(high, scale), scale.unit);
    } else if (row + 1 == options.rows) {
      axis = format("{} {}", scaled(low, scale), scale.unit);
    } else if (!options.zero_based && row == options.rows / 2) {
      axis = "0";
    }
    const std::size_t used = display_width(axis);
    out.append(used < kAxisWidth ? kAxisWidth - used : 0, ' ');
    out += axis;
    std::string line(screen.unicode ? " ┤" : " |");
    for (std::size_t column = 0; column < options.columns; ++column) {
      const Cell& cell = canvas.cell(column, row);
      if (cell.dots != 0) {
        line += styled(screen, traces[cell.trace].style,
                       screen.unicode ? braille(cell.dots)
                                      : std::string(1, letter_of(traces[cell.trace].label)));
      } else if (cell.mark) {
        line += styled(screen, Style::Dim, screen.unicode ? "┊" : ":");
      } else {
        line += ' ';
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  }
  return out;
}

std::string plot_time_axis(const Screen& screen, const PlotOptions& options) {
  const auto left = duration_text(options.x_min, screen.unicode);
  const auto middle = duration_text(0.5 * (options.x_min + options.x_max), screen.unicode);
  const auto right = duration_text(options.x_max, screen.unicode);
  std::string line(options.columns, ' ');
  const auto put = [&](std::size_t at, const std::string& text) {
    // Counted in cells; the texts are ASCII but for a µ, which takes two bytes and one cell.
    line.replace(at, display_width(text), text);
  };
  const std::size_t width = display_width(right);
  if (width <= options.columns) {
    put(options.columns - width, right);
  }
  const std::size_t middle_width = display_width(middle);
  if (options.columns > 40) {
    put(options.columns / 2 - middle_width / 2, middle);
  }
  put(0, left);
  line.erase(line.find_last_not_of(' ') + 1);
  return std::string(kAxisWidth + 2, ' ') + line + '\n';
}

}  // namespace halfcycle::app
