// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "app/analysis_output.hpp"
#include "quality/event_json.hpp"

namespace halfcycle::app {
namespace {

std::string_view side_name(Side side) {
  switch (side) {
    case Side::Primary:
      return "primary";
    case Side::Secondary:
      return "secondary";
    case Side::Mixed:
      return "mixed";
    case Side::Unknown:
      break;
  }
  return "unknown";
}

void write_strings(JsonWriter& json, const std::vector<std::string>& texts) {
  json.begin_list();
  for (const std::string& text : texts) {
    json.string(text);
  }
  json.end_list();
}

void write_source(JsonWriter& json, const ReportData& data) {
  const source::SourceInfo& source = data.source;
  json.begin_object();
  json.key("uri").string(source.uri);
  json.key("format").string(source.format);
  json.key("station").string(source.station);
  json.key("start").time(source.start);
  json.key("duration_s").number(source.duration_seconds);
  json.key("samples").integer(source.sample_count);
  json.key("sample_rates_hz").begin_list();
  for (const double rate : source.sample_rates_hertz) {
    json.number(rate);
  }
  json.end_list();
  json.key("side").string(side_name(source.side));
  json.key("channels").begin_list();
  for (const source::MappedChannel& channel : source.channels) {
    json.begin_object();
    json.key("name").string(channel.name);
    json.key("input").string(name(channel.input));
    json.key("unit").string(channel.unit);
    json.key("scale").number(channel.scale);
    json.end_object();
  }
  json.end_list();
  json.key("warnings");
  write_strings(json, data.warnings);
  // Beyond the first version of the contract.
  json.key("device").string(source.device);
  json.key("trigger").time(source.trigger);
  json.end_object();
}

void write_system(JsonWriter& json, const ReportData& data) {
  json.begin_object();
  json.key("wiring").string(name(data.system.wiring));
  json.key("nominal_voltage_V").number(data.system.nominal_voltage_volts);
  json.key("nominal_frequency_Hz").number(data.system.nominal_frequency_hertz);
  json.key("assumed");
  write_strings(json, data.assumed);
  json.end_object();
}

void write_registers(JsonWriter& json, const ReportData& data) {
  json.begin_object();
  for (const RegisterStatistics& row : data.registers) {
    json.key(row.column.label).begin_object();
    json.key("unit").string(info(row.column.unit).symbol);
    json.key("min").number(row.statistics.min);
    json.key("mean").number(row.statistics.mean);
    json.key("max").number(row.statistics.max);
    json.key("last").number(row.statistics.last);
    json.end_object();
  }
  json.end_object();
}

void write_series(JsonWriter& json, const IntervalTable& table) {
  json.begin_object();
  json.key("interval").string(metrology::name(table.interval));
  const auto times = [&](std::string_view key, const std::vector<Instant>& instants) {
    json.key(key).begin_list();
    for (const Instant instant : instants) {
      json.time(instant);
    }
    json.end_list();
  };
  times("start", table.start);
  times("time", table.end);
  json.key("flagged").begin_list();
  for (const Marks& marks : table.marks) {
    json.boolean(marks.flagged);
  }
  json.end_list();
  json.key("complete").begin_list();
  for (const Marks& marks : table.marks) {
    json.boolean(marks.complete);
  }
  json.end_list();
  json.key("columns").begin_object();
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    json.key(table.columns[column].label).begin_list();
    for (std::size_t row = 0; row < table.rows(); ++row) {
      json.number(table.at(row, column));
    }
    json.end_list();
  }
  json.end_object();
  json.end_object();
}

template <std::size_t N>
void write_by_input(JsonWriter& json, Input first, const std::array<double, N>& values,
                    double factor = 1.0) {
  json.begin_object();
  for (std::size_t i = 0; i < N; ++i) {
    json.key(name(static_cast<Input>(lane(first) + i))).number(values[i] * factor);
  }
  json.end_object();
}

double percent(double ratio) { return std::round(ratio * 1e10) / 1e8; }

std::string_view phase_name(int phase) {
  return name(static_cast<Input>(lane(Input::V1) + static_cast<std::size_t>(phase)));
}

void write_change(JsonWriter& json, const quality::RapidVoltageChange& change,
                  const quality::RvcSetup& limits) {
  const double reference = limits.reference_volts;
  json.begin_object();
  json.key("start").time(change.start);
  json.key("end").time(change.end);
  json.key("duration_s").number(change.duration_seconds);
  json.key("worst_phase").string(phase_name(change.worst_channel));
  json.key("delta_max_V").number(change.delta_max_volts);
  json.key("delta_max_percent").number(100.0 * change.delta_max_volts / reference);
  json.key("delta_steady_V").number(change.delta_steady_volts);
  json.key("delta_steady_percent").number(100.0 * change.delta_steady_volts / reference);
  json.key("threshold_percent").number(percent(limits.threshold_ratio));
  json.key("hysteresis_percent").number(percent(limits.hysteresis_ratio));
  json.key("reference_V").number(reference);
  json.end_object();
}

void write_transient(JsonWriter& json, const quality::TransientEvent& transient,
                     double nominal_volts) {
  json.begin_object();
  json.key("phase").string(phase_name(transient.channel));
  json.key("start").time(transient.start);
  json.key("end").time(transient.end);
  json.key("duration_s").number(transient.duration_seconds);
  json.key("peak_V").number(transient.peak_volts);
  json.key("peak_percent")
      .number(100.0 * transient.peak_volts / (std::numbers::sqrt2 * nominal_volts));
  json.end_object();
}

void write_signalling(JsonWriter& json, const meter::SignallingRecord& record) {
  const quality::SignallingEmission& emission = record.emission;
  json.begin_object();
  json.key("carrier_Hz").number(record.carrier_hertz);
  json.key("phase").string(phase_name(emission.channel));
  json.key("start").time(emission.start);
  json.key("end").time(emission.end);
  json.key("duration_s").number((emission.end - emission.start).to_seconds());
  json.key("max_percent").number(100.0 * emission.max_ratio);
  json.key("values_percent").begin_list();
  for (const float ratio : record.ratios) {
    json.number(100.0 * static_cast<double>(ratio));
  }
  json.end_list();
  json.end_object();
}

void write_fault(JsonWriter& json, const quality::FaultReport& fault) {
  constexpr std::string_view kPhases = "ABC";
  std::string phases;
  for (std::size_t phase = 0; phase < fault.phases.size(); ++phase) {
    if (fault.phases[phase]) {
      phases += kPhases[phase];
    }
  }
  json.begin_object();
  json.key("inception").time(fault.inception);
  json.key("clearing").time(fault.clearing);
  json.key("duration_s").number(fault.duration_seconds);
  json.key("phases").string(phases);
  json.key("ground").boolean(fault.ground);
  json.key("current_peak_A");
  write_by_input(json, Input::I1, fault.current_peak_amperes);
  json.key("current_rms_A");
  write_by_input(json, Input::I1, fault.current_rms_amperes);
  json.key("prefault_rms_A");
  write_by_input(json, Input::I1, fault.prefault_rms_amperes);
  json.key("voltage_residual_V");
  write_by_input(json, Input::V1, fault.voltage_residual_volts);
  json.key("phase_jump_deg");
  write_by_input(json, Input::V1, fault.phase_jump_radians, info(Unit::Degree).per_si);
  json.end_object();
}

}  // namespace

void write_json(JsonWriter& json, const ReportData& data) {
  json.begin_object();
  json.key("halfcycle").string(data.version);
  json.key("schema").integer(1);
  json.key("source");
  write_source(json, data);
  json.key("system");
  write_system(json, data);
  json.key("registers");
  write_registers(json, data);
  if (data.series) {
    json.key("series");
    write_series(json, *data.series);
  }
  json.key("events").begin_list();
  for (const quality::VoltageEvent& event : data.events) {
    quality::write_json(json, event);
  }
  json.end_list();
  json.key("rapid_voltage_changes").begin_list();
  for (const quality::RapidVoltageChange& change : data.changes) {
    write_change(json, change, data.change_limits.value_or(quality::RvcSetup{}));
  }
  json.end_list();
  json.key("transients").begin_list();
  for (const quality::TransientEvent& transient : data.transients) {
    write_transient(json, transient, data.system.nominal_voltage_volts);
  }
  json.end_list();
  json.key("signalling").begin_list();
  for (const meter::SignallingRecord& record : data.signalling) {
    write_signalling(json, record);
  }
  json.end_list();
  json.key("faults").begin_list();
  for (const quality::FaultReport& fault : data.faults) {
    write_fault(json, fault);
  }
  json.end_list();
  json.end_object();
}

}  // namespace halfcycle::app
