// SPDX-License-Identifier: Apache-2.0
#include "app/report_page_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <span>
#include <string_view>

#include "app/waveform_thinning.hpp"
#include "base/json_writer.hpp"

namespace halfcycle::app {
namespace {

// Numbers in the page, each 16/3 bytes of base64: 2.1 MB, 1.1 MB, 0.5 MB and 0.6 MB at most.
constexpr std::size_t kWaveformPoints = 400'000;
constexpr std::size_t kHalfCycleValues = 200'000;
constexpr std::size_t kTrendValues = 100'000;
constexpr std::size_t kWindowValues = 120'000;
/// Start and end of a row are twice as long as a value.
constexpr std::size_t kValuesOfRowTime = 4;

constexpr int kHighestOrderShown = 127;

static_assert(std::endian::native == std::endian::little, "the page reads little-endian numbers");

template <class T>
std::string base64_of(std::span<const T> values) {
  return to_base64({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

std::string_view side_name(Side side) {
  switch (side) {
    case Side::Unknown:
      return "unknown";
    case Side::Primary:
      return "primary";
    case Side::Secondary:
      return "secondary";
    case Side::Mixed:
      return "mixed";
  }
  return "unknown";
}

class PageData {
 public:
  explicit PageData(const ReportData& data) : data_(data) {}

  std::string write() {
    json_.begin_object();
    json_.key("version").string(data_.version);
    json_.key("start");
    instant_or_null(data_.first);
    json_.key("duration_s").number(data_.seconds_of(data_.last));
    write_source();
    write_system();
    write_strings("assumed", data_.assumed);
    write_strings("warnings", data_.warnings);
    write_waveforms();
    write_statuses();
    json_.key("half_cycle");
    write_table(data_.half_cycle, kHalfCycleValues);
    json_.key("trends");
    write_table(data_.windows, kTrendValues);
    write_windows();
    write_registers();
    write_events();
    write_changes();
    write_faults();
    json_.end_object();
    return json_.take();
  }

 private:
  void instant_or_null(Instant instant) {
    if (data_.source.start) {
      json_.string(to_iso8601(instant));
    } else {
      json_.null();
    }
  }

  void write_strings(std::string_view key, const std::vector<std::string>& texts) {
    json_.key(key).begin_list();
    for (const std::string& text : texts) {
      json_.string(text);
    }
    json_.end_list();
  }

  void write_source() {
    const source::SourceInfo& source = data_.source;
    json_.key("source").begin_object();
    json_.key("uri").string(source.uri);
    json_.key("format").string(source.format);
    json_.key("station").string(source.station);
    json_.key("device").string(source.device);
    json_.key("trigger_s");
    if (source.start && source.trigger) {
      json_.number(data_.seconds_of(*source.trigger));
    } else {
      json_.null();
    }
    json_.key("samples").integer(source.sample_count);
    json_.key("sample_rates_hz").begin_list();
    for (const double rate : source.sample_rates_hertz) {
      json_.number(rate);
    }
    json_.end_list();
    json_.key("side").string(side_name(source.side));
    json_.key("channels").begin_list();
    for (const source::MappedChannel& channel : source.channels) {
      json_.begin_object();
      json_.key("name").string(channel.name);
      json_.key("input").string(name(channel.input));
      json_.key("unit").string(channel.unit);
      json_.key("scale").number(channel.scale);
      json_.end_object();
    }
    json_.end_list().end_object();
  }

  void write_system() {
    const SystemSetup& system = data_.system;
    json_.key("system").begin_object();
    json_.key("wiring").string(name(system.wiring));
    json_.key("line_to_line").boolean(is_line_to_line(system.wiring));
    json_.key("nominal_voltage_V").number(system.nominal_voltage_volts);
    json_.key("nominal_frequency_Hz").number(system.nominal_frequency_hertz);
    json_.key("dip_ratio").number(data_.dip_threshold_ratio);
    json_.key("swell_ratio").number(data_.swell_threshold_ratio);
    json_.key("interruption_ratio").number(data_.interruption_threshold_ratio);
    json_.end_object();
  }

  /// What to show in full: the surroundings of events and faults, some cycles on both sides.
  [[nodiscard]] std::vector<TimeSpan> detail_spans() const {
    const double cycle = 1.0 / data_.system.nominal_frequency_hertz;
    std::vector<TimeSpan> spans;
    const auto around = [&](Instant instant) {
      const double seconds = data_.seconds_of(instant);
      spans.push_back({seconds - 5.0 * cycle, seconds + 15.0 * cycle});
    };
    for (const quality::FaultReport& fault : data_.faults) {
      around(fault.inception);
      if (fault.clearing) {
        around(*fault.clearing);
      }
    }
    for (const quality::VoltageEvent& event : data_.events) {
      if (event.start) {
        around(*event.start);
      }
      if (event.end) {
        around(*event.end);
      }
    }
    return spans;
  }

  void write_waveforms() {
    const std::vector<TimeSpan> spans = detail_spans();
    const ThinnedWaveforms picture = thin(data_.waveforms, spans, kWaveformPoints);
    json_.key("waveforms").begin_object().key("pieces").begin_list();
    for (const WaveformPiece& piece : picture.pieces) {
      json_.begin_object();
      json_.key("start_s").number(piece.start_seconds);
      json_.key("step_s").number(piece.step_seconds);
      json_.key("count").integer(piece.point_count);
      json_.key("envelope").boolean(piece.envelope);
      json_.key("gap").boolean(piece.follows_gap);
      json_.end_object();
    }
    json_.end_list().key("channels").begin_list();
    for (std::size_t c = 0; c < picture.channels.size(); ++c) {
      const WaveformChannel& channel = data_.waveforms.channels[c];
      json_.begin_object();
      json_.key("input").string(name(channel.input));
      json_.key("name").string(channel.name);
      json_.key("unit").string(info(channel.unit).symbol);
      json_.key("f32").string(base64_of(std::span<const float>(picture.channels[c])));
      json_.end_object();
    }
    json_.end_list().end_object();
  }

  void write_statuses() {
    json_.key("statuses").begin_list();
    for (const source::StatusTrace& status : data_.source.statuses) {
      json_.begin_object();
      json_.key("name").string(status.name);
      json_.key("initial").boolean(status.initial);
      json_.key("transitions").begin_list();
      for (const auto& [sample, state] : status.transitions) {
        json_.begin_list();
        json_.number(data_.seconds_of_sample(sample)).boolean(state);
        json_.end_list();
      }
      json_.end_list().end_object();
    }
    json_.end_list();
  }

  /// All rows, or two rows for each run of rows with the extremes of each column.
  void write_table(const IntervalTable& table, std::size_t max_values) {
    const std::size_t columns = table.columns.size();
    const std::size_t rows = table.rows();
    const std::size_t most = std::max<std::size_t>(max_values / (columns + kValuesOfRowTime), 2);
    const std::size_t runs = rows <= most ? rows : most / 2;
    const bool extremes = rows > most;

    std::vector<double> start;
    std::vector<double> end;
    std::string flagged;
    std::vector<std::vector<float>> values(columns);
    for (std::size_t run = 0; run < runs; ++run) {
      const std::size_t first = extremes ? run * rows / runs : run;
      const std::size_t last = extremes ? (run + 1) * rows / runs : run + 1;
      bool any_flagged = false;
      for (std::size_t row = first; row < last; ++row) {
        any_flagged = any_flagged || table.marks[row].flagged;
      }
      const double begin_seconds = data_.seconds_of(table.start[first]);
      const double end_seconds = data_.seconds_of(table.end[last - 1]);
      if (extremes) {
        const double middle = 0.5 * (begin_seconds + end_seconds);
        start.insert(start.end(), {begin_seconds, middle});
        end.insert(end.end(), {middle, end_seconds});
        flagged.append(2, any_flagged ? '1' : '0');
      } else {
        start.push_back(begin_seconds);
        end.push_back(end_seconds);
        flagged += any_flagged ? '1' : '0';
      }
      for (std::size_t column = 0; column < columns; ++column) {
        if (extremes) {
          append_extremes(table, column, first, last, values[column]);
        } else {
          values[column].push_back(static_cast<float>(table.at(first, column)));
        }
      }
    }

    json_.begin_object();
    json_.key("thinned").boolean(extremes);
    json_.key("start_f64").string(base64_of(std::span<const double>(start)));
    json_.key("end_f64").string(base64_of(std::span<const double>(end)));
    json_.key("flagged").string(flagged);
    json_.key("columns").begin_list();
    for (std::size_t column = 0; column < columns; ++column) {
      json_.begin_object();
      json_.key("label").string(table.columns[column].label);
      json_.key("unit").string(info(table.columns[column].unit).symbol);
      json_.key("f32").string(base64_of(std::span<const float>(values[column])));
      json_.end_object();
    }
    json_.end_list().end_object();
  }

  static void append_extremes(const IntervalTable& table, std::size_t column, std::size_t first,
                              std::size_t last, std::vector<float>& out) {
    std::size_t low = last;
    std::size_t high = last;
    for (std::size_t row = first; row < last; ++row) {
      const double value = table.at(row, column);
      if (std::isnan(value)) {
        continue;
      }
      if (low == last || value < table.at(low, column)) {
        low = row;
      }
      if (high == last || value > table.at(high, column)) {
        high = row;
      }
    }
    if (low == last) {
      out.insert(out.end(), 2, static_cast<float>(kNotAvailable));
      return;
    }
    out.push_back(static_cast<float>(table.at(std::min(low, high), column)));
    out.push_back(static_cast<float>(table.at(std::max(low, high), column)));
  }

  /// Highest order with a value in any input.
  [[nodiscard]] std::size_t order_count() const {
    std::size_t count = 0;
    for (const HarmonicBars& bars : data_.harmonics) {
      for (std::size_t order = 0; order < bars.mean_percent.size(); ++order) {
        if (order <= kHighestOrderShown && is_available(bars.mean_percent[order])) {
          count = std::max(count, order + 1);
        }
      }
    }
    return count;
  }

  void write_windows() {
    const std::size_t orders = order_count();
    const std::size_t per_window = std::max<std::size_t>(orders * data_.harmonics.size(), 32);
    const std::size_t most = std::max<std::size_t>(kWindowValues / per_window, 1);
    const std::size_t total = data_.phasors.size();
    const std::size_t count = std::min(total, most);
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < count; ++i) {
      chosen.push_back(i * total / count);
    }

    json_.key("windows").begin_object();
    json_.key("of").integer(total);
    json_.key("list").begin_list();
    for (const std::size_t index : chosen) {
      const PhasorSet& set = data_.phasors[index];
      json_.begin_object();
      json_.key("start_s").number(data_.seconds_of(set.start));
      json_.key("end_s").number(data_.seconds_of(set.end));
      json_.key("flagged").boolean(set.flagged);
      json_.key("phasors").begin_list();
      for (const PhasorSet::Phasor& phasor : set.phasors) {
        json_.begin_object();
        json_.key("input").string(name(phasor.input));
        json_.key("rms").number(phasor.rms);
        json_.key("angle").number(phasor.angle_degrees);
        json_.end_object();
      }
      json_.end_list().end_object();
    }
    json_.end_list();

    json_.key("orders").integer(orders);
    json_.key("harmonics").begin_list();
    for (const HarmonicBars& bars : data_.harmonics) {
      std::vector<float> mean(orders, static_cast<float>(kNotAvailable));
      for (std::size_t order = 0; order < std::min(orders, bars.mean_percent.size()); ++order) {
        mean[order] = static_cast<float>(bars.mean_percent[order]);
      }
      std::vector<float> windows;
      for (const std::size_t index : chosen) {
        for (std::size_t order = 0; order < orders; ++order) {
          const bool known =
              index < bars.window_percent.size() && order < bars.window_percent[index].size();
          windows.push_back(known ? bars.window_percent[index][order]
                                  : static_cast<float>(kNotAvailable));
        }
      }
      json_.begin_object();
      json_.key("input").string(name(bars.input));
      json_.key("mean_f32").string(base64_of(std::span<const float>(mean)));
      json_.key("windows_f32").string(base64_of(std::span<const float>(windows)));
      json_.end_object();
    }
    json_.end_list().end_object();
  }

  void write_registers() {
    json_.key("registers").begin_list();
    for (const RegisterStatistics& entry : data_.registers) {
      json_.begin_object();
      json_.key("label").string(entry.column.label);
      json_.key("unit").string(info(entry.column.unit).symbol);
      json_.key("help").string(entry.column.help);
      json_.key("min").number(entry.statistics.min);
      json_.key("mean").number(entry.statistics.mean);
      json_.key("max").number(entry.statistics.max);
      json_.key("last").number(entry.statistics.last);
      json_.end_object();
    }
    json_.end_list();
  }

  void write_time(std::string_view key, const std::optional<Instant>& instant) {
    json_.key(std::string(key) + "_s");
    if (instant) {
      json_.number(data_.seconds_of(*instant));
    } else {
      json_.null();
    }
    json_.key(key);
    if (instant) {
      instant_or_null(*instant);
    } else {
      json_.null();
    }
  }

  void write_events() {
    json_.key("events").begin_list();
    for (const quality::VoltageEvent& event : data_.events) {
      json_.begin_object();
      json_.key("type").string(quality::name(event.type));
      write_time("start", event.start);
      write_time("end", event.end);
      json_.key("duration_s").number(event.duration_seconds);
      json_.key("extreme_V").number(event.extreme_volts);
      json_.key("reference_V").number(event.reference_volts);
      json_.key("threshold_ratio").number(event.threshold_ratio);
      json_.key("line_to_line").boolean(event.line_to_line);
      json_.key("worst_phase").integer(static_cast<std::uint64_t>(event.worst_phase));
      json_.key("phases").begin_list();
      for (const quality::PhaseEvent& phase : event.phases) {
        json_.begin_object();
        json_.key("involved").boolean(phase.involved);
        write_time("start", phase.start);
        write_time("end", phase.end);
        json_.key("extreme_V").number(phase.extreme_volts);
        json_.end_object();
      }
      json_.end_list().end_object();
    }
    json_.end_list();
  }

  void write_changes() {
    const double nominal = data_.system.nominal_voltage_volts;
    json_.key("changes").begin_list();
    for (const quality::RapidVoltageChange& change : data_.changes) {
      json_.begin_object();
      write_time("start", change.start);
      write_time("end", change.end);
      json_.key("duration_s").number(change.duration_seconds);
      json_.key("phase").integer(static_cast<std::uint64_t>(change.worst_channel));
      json_.key("max_V").number(change.delta_max_volts);
      json_.key("max_percent").number(100.0 * change.delta_max_volts / nominal);
      json_.key("steady_V").number(change.delta_steady_volts);
      json_.key("steady_percent").number(100.0 * change.delta_steady_volts / nominal);
      json_.end_object();
    }
    json_.end_list().key("transients").begin_list();
    for (const quality::TransientEvent& transient : data_.transients) {
      json_.begin_object();
      write_time("start", transient.start);
      write_time("end", transient.end);
      json_.key("duration_s").number(transient.duration_seconds);
      json_.key("phase").integer(static_cast<std::uint64_t>(transient.channel));
      json_.key("peak_V").number(transient.peak_volts);
      json_.key("peak_percent")
          .number(100.0 * transient.peak_volts / (std::numbers::sqrt2 * nominal));
      json_.end_object();
    }
    json_.end_list().key("signalling").begin_list();
    for (const meter::SignallingRecord& record : data_.signalling) {
      const quality::SignallingEmission& emission = record.emission;
      json_.begin_object();
      write_time("start", emission.start);
      write_time("end", emission.end);
      json_.key("duration_s").number((emission.end - emission.start).to_seconds());
      json_.key("phase").integer(static_cast<std::uint64_t>(emission.channel));
      json_.key("carrier_Hz").number(record.carrier_hertz);
      json_.key("max_percent").number(100.0 * emission.max_ratio);
      json_.end_object();
    }
    json_.end_list();
  }

  template <std::size_t N>
  void write_numbers(std::string_view key, const std::array<double, N>& values,
                     double factor = 1.0) {
    json_.key(key).begin_list();
    for (const double value : values) {
      json_.number(value * factor);
    }
    json_.end_list();
  }

  void write_faults() {
    json_.key("faults").begin_list();
    for (const quality::FaultReport& fault : data_.faults) {
      json_.begin_object();
      write_time("inception", fault.inception);
      write_time("clearing", fault.clearing);
      json_.key("duration_s").number(fault.duration_seconds);
      json_.key("phases").begin_list();
      for (const bool faulted : fault.phases) {
        json_.boolean(faulted);
      }
      json_.end_list();
      json_.key("ground").boolean(fault.ground);
      write_numbers("current_peak_A", fault.current_peak_amperes);
      write_numbers("current_rms_A", fault.current_rms_amperes);
      write_numbers("prefault_rms_A", fault.prefault_rms_amperes);
      write_numbers("voltage_residual_V", fault.voltage_residual_volts);
      write_numbers("phase_jump_deg", fault.phase_jump_radians, info(Unit::Degree).per_si);
      json_.end_object();
    }
    json_.end_list();
  }

  const ReportData& data_;
  JsonWriter json_;
};

}  // namespace

std::string to_base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8U) | (i < count ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= count ? kDigits[(group >> (18U - 6U * i)) & 0x3FU] : '=';
    }
  }
  return out;
}

std::string report_page_data(const ReportData& data) { return PageData(data).write(); }

}  // namespace halfcycle::app
