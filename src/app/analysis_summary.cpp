// SPDX-License-Identifier: Apache-2.0
// The summary that `analyze` prints for people: what was recorded, a picture, the values per phase,
// events, faults, and what was assumed.
#include <algorithm>
#include <array>
#include <cmath>

#include "app/analysis_output.hpp"
#include "app/number_text.hpp"
#include "app/plot.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"

namespace halfcycle::app {
namespace {

using Align = TextTable::Align;

constexpr int kDigits = 5;
constexpr std::size_t kMostChannels = 9;
constexpr std::size_t kMostEvents = 20;
constexpr std::size_t kMostStatuses = 12;
constexpr std::array kPhaseStyles{Style::Yellow, Style::Green, Style::Red};
constexpr std::array kPhaseNames{"A", "B", "C"};

class Summary {
 public:
  Summary(const ReportData& data, const Screen& screen) : data_(data), screen_(screen) {}

  std::string render() {
    header();
    pictures();
    values();
    selected();
    events();
    changes();
    faults();
    statuses();
    notes();
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool unicode() const { return screen_.unicode; }

  void heading(std::string_view text) {
    out_ += '\n';
    out_ += styled(screen_, Style::Bold, text);
    out_ += '\n';
  }

  [[nodiscard]] double statistic(
      std::string_view label, double meter::Statistics::*which = &meter::Statistics::mean) const {
    for (const RegisterStatistics& row : data_.registers) {
      if (row.column.label == label) {
        return row.statistics.*which;
      }
    }
    return kNotAvailable;
  }

  [[nodiscard]] bool known_time() const { return data_.source.start.has_value(); }

  [[nodiscard]] std::string time_text(const std::optional<Instant>& instant,
                                      std::string_view otherwise) const {
    if (!instant) {
      return std::string(otherwise);
    }
    return known_time() ? to_time_of_day(*instant, 4)
                        : format("{:.4f} s", data_.seconds_of(*instant));
  }

  void header();
  void pictures();
  void picture(bool current, const PlotOptions& waves);
  void values();
  using Labels = std::array<std::string_view, 4>;
  using Field = double meter::Statistics::*;
  [[nodiscard]] std::array<double, 4> of(const Labels& labels, Field which) const {
    std::array<double, 4> values{};
    for (std::size_t i = 0; i < labels.size(); ++i) {
      values[i] = labels[i].empty() ? kNotAvailable : statistic(labels[i], which);
    }
    return values;
  }
  void phase_rows(TextTable& table, std::string_view title, Unit unit, const Labels& labels,
                  Field which = &meter::Statistics::mean, int digits = kDigits,
                  bool with_range = false);
  void selected();
  void events();
  void changes();
  void faults();
  void statuses();
  void notes();
  [[nodiscard]] PlotOptions wave_window() const;

  const ReportData& data_;
  const Screen& screen_;
  std::string out_;
};

void Summary::header() {
  const source::SourceInfo& source = data_.source;
  std::string title = printable(source.uri);
  if (!source.station.empty() || !source.device.empty()) {
    title += unicode() ? " — " : " - ";
    title += printable(source.station);
    if (!source.device.empty()) {
      title += (source.station.empty() ? "" : ", ") + printable(source.device);
    }
  }
  out_ += styled(screen_, Style::Bold, title);
  out_ += '\n';

  TextTable table({Align::Left, Align::Left});
  std::string recorded = source.start ? to_iso8601(*source.start) : "start time unknown";
  recorded += format(", {}, {} samples", duration_text(source.duration_seconds, unicode()),
                     count_text(source.sample_count));
  if (!source.sample_rates_hertz.empty()) {
    recorded += " at ";
    for (std::size_t i = 0; i < source.sample_rates_hertz.size() && i < 4; ++i) {
      recorded += format("{}{:.8g}", i == 0 ? "" : ", ", source.sample_rates_hertz[i]);
    }
    if (source.sample_rates_hertz.size() > 4) {
      recorded += format(", {} more", source.sample_rates_hertz.size() - 4);
    }
    recorded += " Hz";
  }
  table.row({"Recorded", recorded});
  std::string side;
  switch (source.side) {
    case Side::Primary:
      side = "primary values";
      break;
    case Side::Secondary:
      side = "secondary values";
      break;
    case Side::Mixed:
      side = "primary and secondary values mixed";
      break;
    case Side::Unknown:
      side = "side not stated";
      break;
  }
  table.row({"Format", format("{}, {}", source.format, side)});
  if (source.trigger && source.start) {
    table.row({"Trigger", format("{} (at {})", to_iso8601(*source.trigger),
                                 duration_text(data_.seconds_of(*source.trigger), unicode()))});
  }
  const double nominal = data_.system.nominal_voltage_volts;
  std::string system =
      format("{}, {}, {:g} Hz", name(data_.system.wiring),
             is_available(nominal)
                 ? with_unit(nominal, Unit::Volt, kDigits, unicode()) +
                       (data_.system.wiring == Wiring::Delta ? " L-L nominal" : " L-N nominal")
                 : std::string("no nominal voltage"),
             data_.system.nominal_frequency_hertz);
  table.row({"System", system});
  std::string inputs;
  for (std::size_t i = 0; i < source.channels.size() && i < kMostChannels; ++i) {
    inputs += format("{}{}={}", i == 0 ? "" : "  ", name(source.channels[i].input),
                     printable(source.channels[i].name));
  }
  table.row({"Inputs", inputs.empty() ? "none" : inputs});
  out_ += table.text(2);
}

// All of a short recording; of a longer one ten cycles around what happened first.
PlotOptions Summary::wave_window() const {
  PlotOptions options;
  options.columns = static_cast<std::size_t>(std::clamp(screen_.columns - 14, 20, 120));
  options.rows = 8;
  const double total = (data_.last - data_.first).to_seconds();
  const double cycle = 1.0 / data_.system.nominal_frequency_hertz;
  options.x_min = 0.0;
  options.x_max = std::max(total, 1e-6);
  if (total > 15.0 * cycle) {
    double focus = 0.0;
    if (!data_.faults.empty()) {
      focus = data_.seconds_of(data_.faults.front().inception);
    } else if (!data_.events.empty() && data_.events.front().start) {
      focus = data_.seconds_of(*data_.events.front().start);
    } else if (data_.source.trigger) {
      focus = data_.seconds_of(*data_.source.trigger);
    }
    options.x_min = std::clamp(focus - 3.0 * cycle, 0.0, total - 10.0 * cycle);
    options.x_max = options.x_min + 10.0 * cycle;
  }
  return options;
}

void Summary::picture(bool current, const PlotOptions& waves) {
  const Unit unit = current ? Unit::Ampere : Unit::Volt;
  struct Line {
    std::string label;
    std::vector<double> x, y;
    Style style = Style::Plain;
  };
  std::vector<Line> lines;
  for (const WaveformChannel& channel : data_.waveforms.channels) {
    const auto number = lane(channel.input) - lane(current ? Input::I1 : Input::V1);
    if (is_voltage(channel.input) == current || number >= kPhaseStyles.size()) {
      continue;
    }
    Line line;
    line.label = std::string(name(channel.input));
    line.style = kPhaseStyles[number];
    for (const WaveformSegment& segment : data_.waveforms.segments) {
      for (std::size_t k = 0; k < segment.point_count; ++k) {
        const double x = segment.start_seconds + static_cast<double>(k) / segment.rate_hertz;
        if (x >= waves.x_min && x <= waves.x_max) {
          line.x.push_back(x);
          line.y.push_back(channel.points[segment.first_point + k]);
        }
      }
      line.x.push_back(line.x.empty() ? waves.x_min : line.x.back());
      line.y.push_back(kNotAvailable);
    }
    lines.push_back(std::move(line));
  }
  const auto draw = [&](PlotOptions options, std::string_view title) {
    std::vector<PlotTrace> traces;
    std::string legend;
    for (const Line& line : lines) {
      traces.push_back({line.label, line.x, line.y, line.style});
      legend += "  " + styled(screen_, line.style, line.label);
    }
    options.unit = unit;
    const std::string text = plot(screen_, traces, options);
    if (!text.empty()) {
      out_ += "  " + std::string(title) + legend + '\n' + text + plot_time_axis(screen_, options);
    }
  };
  PlotOptions options = waves;
  if (data_.source.trigger) {
    options.marks.push_back(data_.seconds_of(*data_.source.trigger));
  }
  draw(options, current ? "Currents" : "Voltages");

  if (waves.x_max - waves.x_min >= 0.999 * (data_.last - data_.first).to_seconds()) {
    return;
  }
  // The rms over all of the recording.
  lines.clear();
  const bool line_to_line = is_line_to_line(data_.system.wiring);
  const std::array<std::string_view, 3> labels =
      current        ? std::array<std::string_view, 3>{"HS I a", "HS I b", "HS I c"}
      : line_to_line ? std::array<std::string_view, 3>{"HS Vll ab", "HS Vll bc", "HS Vll ca"}
                     : std::array<std::string_view, 3>{"HS Vln a", "HS Vln b", "HS Vln c"};
  for (std::size_t phase = 0; phase < labels.size(); ++phase) {
    const auto column = data_.half_cycle.find(labels[phase]);
    if (!column) {
      continue;
    }
    Line line;
    line.label = std::string(current ? "I" : "V") + std::to_string(phase + 1);
    line.style = kPhaseStyles[phase];
    for (std::size_t row = 0; row < data_.half_cycle.rows(); ++row) {
      line.x.push_back(data_.seconds_of(data_.half_cycle.end[row]));
      line.y.push_back(data_.half_cycle.at(row, *column));
    }
    lines.push_back(std::move(line));
  }
  PlotOptions all = waves;
  all.x_min = 0.0;
  all.x_max = (data_.last - data_.first).to_seconds();
  all.rows = 5;
  all.zero_based = true;
  draw(all, current ? (unicode() ? "Irms(½), all" : "Irms(1/2), all")
                    : (unicode() ? "Urms(½), all" : "Urms(1/2), all"));
}

void Summary::pictures() {
  if (data_.waveforms.channels.empty() || data_.waveforms.segments.empty()) {
    return;
  }
  out_ += '\n';
  const PlotOptions waves = wave_window();
  picture(false, waves);
  picture(true, waves);
}

void Summary::phase_rows(TextTable& table, std::string_view title, Unit unit, const Labels& labels,
                         Field which, int digits, bool with_range) {
  using S = meter::Statistics;
  struct Line {
    std::string_view title;
    std::array<double, 4> values{};
  };
  std::vector<Line> lines{{title, of(labels, which)}};
  if (with_range) {
    lines.push_back({"  lowest", of(labels, &S::min)});
    lines.push_back({"  highest", of(labels, &S::max)});
  }
  // One unit for all of them, so that they can be compared at a glance.
  std::vector<double> all;
  for (const Line& line : lines) {
    all.insert(all.end(), line.values.begin(), line.values.end());
  }
  if (std::none_of(all.begin(), all.end(), is_available)) {
    return;
  }
  const Scale scale = scale_for(all, unit, digits, unicode());
  for (const Line& line : lines) {
    std::vector<std::string> cells{std::string(line.title)};
    for (std::size_t i = 0; i < labels.size(); ++i) {
      cells.push_back(labels[i].empty() ? std::string() : scaled(line.values[i], scale, unicode()));
    }
    cells.push_back(scale.unit);
    table.row(std::move(cells));
  }
}

void Summary::values() {
  using S = meter::Statistics;
  TextTable table(
      {Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left});
  const bool wye = !is_line_to_line(data_.system.wiring);
  table.row(
      {"", wye ? "A" : "A / AB", wye ? "B" : "B / BC", wye ? "C" : "C / CA", "N / total", ""});
  const std::array<std::string_view, 4> ln{"Vln a", "Vln b", "Vln c", "V4"};
  const std::array<std::string_view, 4> ll{"Vll ab", "Vll bc", "Vll ca", ""};
  const std::array<std::string_view, 4> current{"I a", "I b", "I c", "I 4"};
  const auto with_range = [&](std::string_view title, Unit unit, const Labels& labels) {
    phase_rows(table, title, unit, labels, &S::mean, kDigits, true);
  };
  with_range("U L-N", Unit::Volt, ln);
  if (wye) {
    phase_rows(table, "U L-L (AB BC CA)", Unit::Volt, ll);
  } else {
    with_range("U L-L", Unit::Volt, ll);
  }
  phase_rows(table, "  angle", Unit::Degree, {"V1 ang", "V2 ang", "V3 ang", "V4 ang"}, &S::last);
  with_range("I", Unit::Ampere, current);
  phase_rows(table, "  angle", Unit::Degree, {"I1 ang", "I2 ang", "I3 ang", "I4 ang"}, &S::last);
  phase_rows(table, "P", Unit::Kilowatt, {"kW a", "kW b", "kW c", "kW tot"});
  phase_rows(table, "Q1", Unit::Kilovar, {"kVAR a", "kVAR b", "kVAR c", "kVAR tot"});
  phase_rows(table, "S", Unit::Kilovoltampere, {"kVA a", "kVA b", "kVA c", "kVA tot"});
  phase_rows(table, "PF", Unit::One, {"PF sign a", "PF sign b", "PF sign c", "PF sign tot"},
             &S::mean, 4);
  phase_rows(table, "THD U", Unit::Percent, {"V1 THD", "V2 THD", "V3 THD", ""}, &S::mean, 3);
  phase_rows(table, "THD I", Unit::Percent, {"I1 THD", "I2 THD", "I3 THD", ""}, &S::mean, 3);
  heading("Values (mean over the recording; angles of the last window)");
  out_ += table.text(2);

  TextTable more({Align::Left, Align::Left});
  if (const double frequency = statistic("Freq"); is_available(frequency)) {
    more.row(
        {"Frequency", format("{:.4f} Hz ({:.4f} {} {:.4f})", frequency, statistic("Freq", &S::min),
                             unicode() ? "…" : "to", statistic("Freq", &S::max))});
  }
  const auto unbalance = [&](std::string_view title, std::string_view u2, std::string_view u0) {
    const double negative = statistic(u2);
    const double zero = statistic(u0);
    if (is_available(negative) || is_available(zero)) {
      more.row({std::string(title),
                format("u2 {}, u0 {}", with_unit(negative, Unit::Percent, 3, unicode()),
                       with_unit(zero, Unit::Percent, 3, unicode()))});
    }
  };
  unbalance("Unbalance U", "Vunbal u2", "Vunbal u0");
  unbalance("Unbalance I", "IUnbal u2", "IUnbal u0");
  const double delivered = statistic("kWh del", &S::last);
  const double received = statistic("kWh rec", &S::last);
  if (is_available(delivered) || is_available(received)) {
    more.row({"Energy", format("{} delivered, {} received",
                               with_unit(delivered, Unit::KilowattHour, 4, unicode()),
                               with_unit(received, Unit::KilowattHour, 4, unicode()))});
  }
  if (!more.empty()) {
    out_ += '\n' + more.text(2);
  }
}

void Summary::selected() {
  if (data_.selected.empty()) {
    return;
  }
  heading("Registers");
  TextTable table(
      {Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left});
  table.row({"", "lowest", "mean", "highest", "last", ""});
  for (const RegisterStatistics& row : data_.registers) {
    if (std::find(data_.selected.begin(), data_.selected.end(), row.column.label) ==
        data_.selected.end()) {
      continue;
    }
    const meter::Statistics& s = row.statistics;
    const Scale scale =
        scale_for(std::array{s.min, s.mean, s.max, s.last}, row.column.unit, kDigits, unicode());
    table.row({row.column.label, scaled(s.min, scale, unicode()), scaled(s.mean, scale, unicode()),
               scaled(s.max, scale, unicode()), scaled(s.last, scale, unicode()), scale.unit});
  }
  out_ += table.text(2);
}

void Summary::events() {
  if (!is_available(data_.system.nominal_voltage_volts)) {
    const bool voltages =
        std::any_of(data_.source.channels.begin(), data_.source.channels.end(),
                    [](const source::MappedChannel& channel) { return is_voltage(channel.input); });
    if (voltages) {
      heading("Events: none, since nothing tells the nominal voltage (--nominal-voltage gives it)");
    }
    return;
  }
  const double nominal = data_.system.nominal_voltage_volts;
  heading(data_.events.empty() ? "Events: none" : "Events");
  if (data_.events.empty()) {
    return;
  }
  TextTable table({Align::Right, Align::Left, Align::Left, Align::Right, Align::Right, Align::Right,
                   Align::Right, Align::Left});
  table.row({"#", "type", "start", "at", "duration", "extreme", "% of ref.", "phases"});
  std::size_t number = 0;
  for (const quality::VoltageEvent& event : data_.events) {
    if (++number > kMostEvents) {
      break;
    }
    std::string phases;
    for (std::size_t phase = 0; phase < event.phases.size(); ++phase) {
      if (event.phases[phase].involved) {
        phases += format("{}{}{}", phases.empty() ? "" : " ", name(static_cast<Input>(phase)),
                         static_cast<int>(phase) == event.worst_phase ? "*" : "");
      }
    }
    const Style style = event.type == quality::EventType::Interruption ? Style::Red : Style::Yellow;
    table.row({format("{}", number), styled(screen_, style, name(event.type)),
               time_text(event.start, "before the first sample"),
               event.start ? duration_text(data_.seconds_of(*event.start), unicode()) : "",
               duration_text(event.duration_seconds, unicode()) + (event.end ? "" : " (open)"),
               with_unit(event.extreme_volts, Unit::Volt, 4, unicode()),
               format("{:.1f}", 100.0 * event.extreme_volts / event.reference_volts), phases});
  }
  out_ += table.text(2);
  if (data_.events.size() > kMostEvents) {
    out_ += format("  and {} more (--json has all)\n", data_.events.size() - kMostEvents);
  }
  const double reference = data_.events.front().reference_volts;
  out_ += styled(screen_, Style::Dim,
                 format("  reference {}; dip below {:g} %, swell above {:g} %, interruption below "
                        "{:g} %; * worst phase\n",
                        with_unit(is_available(reference) ? reference : nominal, Unit::Volt,
                                  kDigits, unicode()),
                        100.0 * data_.dip_threshold_ratio, 100.0 * data_.swell_threshold_ratio,
                        100.0 * data_.interruption_threshold_ratio));
}

void Summary::changes() {
  const auto where = [&](Instant start) {
    return duration_text(data_.seconds_of(start), unicode());
  };
  const auto volts = [&](double value) { return with_unit(value, Unit::Volt, 4, unicode()); };
  const auto phase = [](int channel) {
    return std::string(name(static_cast<Input>(static_cast<std::size_t>(channel))));
  };
  const auto list = [&](std::string_view title, std::size_t count, std::vector<std::string> head,
                        const auto& row_of) {
    if (count == 0) {
      return;
    }
    heading(std::string(title));
    TextTable table(
        {Align::Right, Align::Right, Align::Right, Align::Left, Align::Right, Align::Right});
    table.row(std::move(head));
    for (std::size_t k = 0; k < std::min(count, kMostEvents); ++k) {
      table.row(row_of(k));
    }
    out_ += table.text(2);
    if (count > kMostEvents) {
      out_ += format("  and {} more (--json has all)\n", count - kMostEvents);
    }
  };
  list("Rapid voltage changes", data_.changes.size(),
       {"#", "at", "duration", "phase", "largest", "steady state"}, [&](std::size_t k) {
         const quality::RapidVoltageChange& c = data_.changes[k];
         return std::vector<std::string>{format("{}", k + 1),
                                         where(c.start),
                                         duration_text(c.duration_seconds, unicode()),
                                         phase(c.worst_channel),
                                         volts(c.delta_max_volts),
                                         volts(c.delta_steady_volts)};
       });
  list("Transients", data_.transients.size(), {"#", "at", "duration", "phase", "peak", ""},
       [&](std::size_t k) {
         const quality::TransientEvent& t = data_.transients[k];
         return std::vector<std::string>{
             format("{}", k + 1), where(t.start),      duration_text(t.duration_seconds, unicode()),
             phase(t.channel),    volts(t.peak_volts), ""};
       });
  list("Mains signalling", data_.signalling.size(),
       {"#", "at", "duration", "phase", "carrier", "largest"}, [&](std::size_t k) {
         const meter::SignallingRecord& r = data_.signalling[k];
         return std::vector<std::string>{
             format("{}", k + 1),
             where(r.emission.start),
             duration_text((r.emission.end - r.emission.start).to_seconds(), unicode()),
             phase(r.emission.channel),
             format("{:g} Hz", r.carrier_hertz),
             format("{:.2f} %", 100.0 * r.emission.max_ratio)};
       });
}

void Summary::faults() {
  std::size_t number = 0;
  for (const quality::FaultReport& fault : data_.faults) {
    std::string phases;
    for (std::size_t phase = 0; phase < fault.phases.size(); ++phase) {
      phases += fault.phases[phase] ? kPhaseNames[phase] : "";
    }
    phases += fault.ground ? (phases.empty() ? "ground" : "-ground") : "";
    heading(format("Fault{}: {}", data_.faults.size() > 1 ? format(" {}", ++number) : std::string(),
                   phases.empty() ? "phases not determined" : phases));
    out_ += format("  inception {} (at {}), ", time_text(fault.inception, ""),
                   duration_text(data_.seconds_of(fault.inception), unicode()));
    out_ += fault.clearing ? format("cleared {} after {}\n", time_text(fault.clearing, ""),
                                    duration_text(fault.duration_seconds, unicode()))
                           : std::string("not cleared within the recording\n");
    TextTable table(
        {Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right});
    table.row({"", "I before", "largest Irms", "peak", "lowest Urms", "phase jump"});
    const auto amperes = [&](double value) { return with_unit(value, Unit::Ampere, 4, unicode()); };
    for (std::size_t i = 0; i < fault.current_rms_amperes.size(); ++i) {
      const bool phase = i < 3;
      if (!is_available(fault.current_rms_amperes[i]) &&
          !(phase && is_available(fault.voltage_residual_volts[i]))) {
        continue;
      }
      table.row({phase ? kPhaseNames[i] : "N", amperes(fault.prefault_rms_amperes[i]),
                 amperes(fault.current_rms_amperes[i]), amperes(fault.current_peak_amperes[i]),
                 phase ? with_unit(fault.voltage_residual_volts[i], Unit::Volt, 4, unicode()) : "",
                 phase ? with_unit(fault.phase_jump_radians[i] * info(Unit::Degree).per_si,
                                   Unit::Degree, 3, unicode())
                       : ""});
    }
    out_ += table.text(2);
  }
}

void Summary::statuses() {
  TextTable table({Align::Left, Align::Left});
  std::size_t changed = 0;
  for (const source::StatusTrace& status : data_.source.statuses) {
    if (status.transitions.empty()) {
      continue;
    }
    if (++changed > kMostStatuses) {
      continue;
    }
    std::string text = status.initial ? "1" : "0";
    std::size_t shown = 0;
    for (const auto& [sample, state] : status.transitions) {
      if (++shown > 4) {
        text += format("  and {} more", status.transitions.size() - 4);
        break;
      }
      text += format("  {}{} at {}", unicode() ? "→" : "->", state ? 1 : 0,
                     duration_text(data_.seconds_of_sample(sample), unicode()));
    }
    table.row({shortened(printable(status.name), 32, unicode()), text});
  }
  if (changed == 0) {
    return;
  }
  heading("Status channels that changed");
  out_ += table.text(2);
  if (changed > kMostStatuses) {
    out_ += format("  and {} more channels\n", changed - kMostStatuses);
  }
}

void Summary::notes() {
  if (!data_.assumed.empty()) {
    heading("Assumed, not given");
    for (const std::string& key : data_.assumed) {
      std::string text = key;
      if (key == "nominal_voltage_V") {
        text =
            format("nominal voltage {} (--nominal-voltage)",
                   with_unit(data_.system.nominal_voltage_volts, Unit::Volt, kDigits, unicode()));
      } else if (key == "nominal_frequency_Hz") {
        text = format("nominal frequency {:g} Hz (--nominal-frequency)",
                      data_.system.nominal_frequency_hertz);
      } else if (key == "wiring") {
        text = format("wiring {} (--wiring)", name(data_.system.wiring));
      } else if (key == "channels") {
        text = "which channel is which input (--map, --set; --list-channels shows them)";
      } else if (key == "start") {
        text = "the time is UTC";
      }
      out_ += "  " + printable(text) + '\n';
    }
  }
  if (!data_.warnings.empty()) {
    heading("Warnings");
    for (const std::string& warning : data_.warnings) {
      out_ += "  " + styled(screen_, Style::Yellow, printable(warning)) + '\n';
    }
  }
}

}  // namespace

std::string render_summary(const ReportData& data, const Screen& screen) {
  return Summary(data, screen).render();
}

}  // namespace halfcycle::app
