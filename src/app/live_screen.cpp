// SPDX-License-Identifier: Apache-2.0
#include "app/live_screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/number_text.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"
#include "base/quality.hpp"

namespace halfcycle::app {
namespace {

using Align = TextTable::Align;
using Labels = std::array<std::string_view, 4>;

struct LiveRow {
  std::string_view title;
  Unit unit;
  int digits;
  Labels labels;
};
constexpr std::array kRows{
    LiveRow{"U L-N", Unit::Volt, 5, {"Vln a", "Vln b", "Vln c", "Vln avg"}},
    LiveRow{"U L-L", Unit::Volt, 5, {"Vll ab", "Vll bc", "Vll ca", "Vll avg"}},
    LiveRow{"  angle", Unit::Degree, 5, {"V1 ang", "V2 ang", "V3 ang", ""}},
    LiveRow{"I", Unit::Ampere, 5, {"I a", "I b", "I c", "I avg"}},
    LiveRow{"  angle", Unit::Degree, 5, {"I1 ang", "I2 ang", "I3 ang", ""}},
    LiveRow{"P", Unit::Kilowatt, 5, {"kW a", "kW b", "kW c", "kW tot"}},
    LiveRow{"Q1", Unit::Kilovar, 5, {"kVAR a", "kVAR b", "kVAR c", "kVAR tot"}},
    LiveRow{"S", Unit::Kilovoltampere, 5, {"kVA a", "kVA b", "kVA c", "kVA tot"}},
    LiveRow{"PF", Unit::One, 4, {"PF sign a", "PF sign b", "PF sign c", "PF sign tot"}},
    LiveRow{"THD U", Unit::Percent, 3, {"V1 THD", "V2 THD", "V3 THD", ""}},
    LiveRow{"THD I", Unit::Percent, 3, {"I1 THD", "I2 THD", "I3 THD", ""}},
};
constexpr std::array<std::string_view, 9> kSingles{"Freq",      "Vunbal u2", "Vunbal u0",
                                                   "IUnbal u2", "IUnbal u0", "kWh del",
                                                   "kWh rec",   "kVARh del", "I 4"};

std::string fixed(double value, int width, int decimals) {
  return is_available(value) ? format("{:{}.{}f}", value, width, decimals)
                             : format("{:>{}}", "-", width);
}

}  // namespace

std::vector<std::string> LiveValues::labels(const std::vector<meter::Column>& available) {
  std::vector<std::string> wanted;
  const auto add = [&](std::string_view label) {
    for (const meter::Column& column : available) {
      if (column.label == label) {
        wanted.emplace_back(label);
      }
    }
  };
  for (const LiveRow& row : kRows) {
    for (const std::string_view label : row.labels) {
      add(label);
    }
  }
  for (const std::string_view label : kSingles) {
    add(label);
  }
  return wanted;
}

void LiveValues::set_columns(std::vector<meter::Column> columns) {
  columns_ = std::move(columns);
  values_.assign(columns_.size(), kNotAvailable);
}

void LiveValues::update(const meter::Row& row) {
  std::copy_n(row.values.begin(), std::min(row.values.size(), values_.size()), values_.begin());
  end_ = row.end;
  marks_ = row.marks;
  any_ = true;
}

double LiveValues::operator[](std::string_view label) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].label == label) {
      return values_[i];
    }
  }
  return kNotAvailable;
}

std::string event_line(const Screen& screen, const quality::VoltageEvent& event) {
  std::string phases;
  for (std::size_t phase = 0; phase < event.phases.size(); ++phase) {
    if (event.phases[phase].involved) {
      phases += format(" {}", name(static_cast<Input>(phase)));
    }
  }
  return format("{}  {:<12}  {:>9}  {} ({:.1f} %) {}",
                event.start ? to_time_of_day(*event.start, 4) : std::string("earlier      "),
                name(event.type), duration_text(event.duration_seconds, screen.unicode),
                with_unit(event.extreme_volts, Unit::Volt, 4, screen.unicode),
                100.0 * event.extreme_volts / event.reference_volts, phases);
}

std::string render_live_screen(const Screen& screen, const LiveHeader& header,
                               const LiveValues& values, Wiring wiring,
                               const std::deque<quality::VoltageEvent>& events,
                               std::size_t event_count) {
  const bool unicode = screen.unicode;
  const auto width = static_cast<std::size_t>(std::max(screen.columns - 1, 20));
  std::string out = styled(screen, Style::Bold, shortened(header.source, width, unicode)) + '\n';
  out += shortened(header.system, width, unicode) + '\n' + header.services + '\n';

  std::string state =
      format("{} UTC   {} Hz", to_time_of_day(values.end(), 1),
             is_available(values["Freq"]) ? format("{:.4f}", values["Freq"])
                                          : std::string(not_available_text(unicode)));
  if (values.marks().flagged) {
    state += "   " + styled(screen, Style::Yellow, "flagged");
  }
  if (!values.marks().complete) {
    state += "   " + styled(screen, Style::Yellow, "incomplete");
  }
  out += state + "\n\n";

  TextTable table(
      {Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left});
  const bool line = is_line_to_line(wiring);
  table.row({"", line ? "A/AB" : "A", line ? "B/BC" : "B", line ? "C/CA" : "C", "avg/tot", ""});
  for (const LiveRow& row : kRows) {
    std::array<double, 4> numbers{};
    bool any = false;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = row.labels[i].empty() ? kNotAvailable : values[row.labels[i]];
      any = any || is_available(numbers[i]);
    }
    if (!any) {
      continue;
    }
    const Scale scale = scale_for(numbers, row.unit, row.digits, unicode);
    std::vector<std::string> cells{std::string(row.title)};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      // A fixed width: numbers do not make the columns jump.
      cells.push_back(
          row.labels[i].empty()
              ? std::string(10, ' ')
              : std::string(10 - std::min<std::size_t>(
                                     10, display_width(scaled(numbers[i], scale, unicode))),
                            ' ') +
                    scaled(numbers[i], scale, unicode));
    }
    cells.push_back(scale.unit);
    table.row(std::move(cells));
  }
  out += table.text(2);
  out += '\n';
  if (is_available(values["Vunbal u2"])) {
    out +=
        format("  unbalance U u2 {:.2f} %  u0 {:.2f} %", values["Vunbal u2"], values["Vunbal u0"]);
    if (is_available(values["IUnbal u2"])) {
      out += format("   I u2 {:.1f} %", values["IUnbal u2"]);
    }
    out += '\n';
  }
  if (is_available(values["kWh del"])) {
    out += format("  energy delivered {:.6f} kWh  received {:.6f} kWh\n", values["kWh del"],
                  values["kWh rec"]);
  }
  out += format("\n{}\n", event_count == 0 ? std::string("No events yet")
                                           : format("Events: {}", event_count));
  for (const quality::VoltageEvent& event : events) {
    const Style style = event.type == quality::EventType::Interruption ? Style::Red : Style::Yellow;
    out += "  " + styled(screen, style, shortened(event_line(screen, event), width - 2, unicode)) +
           '\n';
  }
  return out;
}

std::string live_line_head(Wiring wiring) {
  const bool line = is_line_to_line(wiring);
  return format("{:<10} {:>8} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>10} {:>10} {:>6}\n", "UTC",
                "f/Hz", line ? "Uab/V" : "Ua/V", line ? "Ubc/V" : "Ub/V", line ? "Uca/V" : "Uc/V",
                "Ia/A", "Ib/A", "Ic/A", "P/kW", "Q1/kvar", "PF");
}

std::string render_live_line(const LiveValues& values, Wiring wiring) {
  const bool line = is_line_to_line(wiring);
  return format("{:<10} {} {} {} {} {} {} {} {} {} {}{}\n", to_time_of_day(values.end(), 0),
                fixed(values["Freq"], 8, 4), fixed(values[line ? "Vll ab" : "Vln a"], 9, 3),
                fixed(values[line ? "Vll bc" : "Vln b"], 9, 3),
                fixed(values[line ? "Vll ca" : "Vln c"], 9, 3), fixed(values["I a"], 8, 3),
                fixed(values["I b"], 8, 3), fixed(values["I c"], 8, 3),
                fixed(values["kW tot"], 10, 4), fixed(values["kVAR tot"], 10, 4),
                fixed(values["PF sign tot"], 6, 3), values.marks().flagged ? "  flagged" : "");
}

}  // namespace halfcycle::app
