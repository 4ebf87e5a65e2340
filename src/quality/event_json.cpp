// SPDX-License-Identifier: Apache-2.0
#include "quality/event_json.hpp"

#include <cmath>

#include "base/system.hpp"

namespace halfcycle::quality {
namespace {

// 0.9 · 100 is 90.000000000000014 in binary: percentages of settings are rounded to what was set.
double percent(double ratio) { return std::round(ratio * 1e10) / 1e8; }

std::string_view phase_name(std::size_t phase) { return name(static_cast<Input>(phase)); }

}  // namespace

void write_json(JsonWriter& json, const VoltageEvent& event) {
  json.begin_object();
  write_json_members(json, event);
  json.end_object();
}

void write_json_members(JsonWriter& json, const VoltageEvent& event) {
  const bool swell = event.type == EventType::Swell;
  const std::string_view extreme = swell ? "maximum_V" : "residual_V";
  json.key("type").string(name(event.type));
  json.key("start").time(event.start);
  json.key("end").time(event.end);
  json.key("duration_s").number(event.duration_seconds);
  json.key("phases").begin_list();
  for (std::size_t phase = 0; phase < event.phases.size(); ++phase) {
    if (event.phases[phase].involved) {
      json.string(phase_name(phase));
    }
  }
  json.end_list();
  json.key(extreme).number(event.extreme_volts);
  json.key(swell ? "maximum_percent" : "residual_percent")
      .number(100.0 * event.extreme_volts / event.reference_volts);
  json.key("worst_phase").string(phase_name(static_cast<std::size_t>(event.worst_phase)));
  json.key("threshold_percent").number(percent(event.threshold_ratio));
  json.key("hysteresis_percent").number(percent(event.hysteresis_ratio));
  json.key("reference_V").number(event.reference_volts);
  json.key("channel_set").string(event.line_to_line ? "L-L" : "L-N");
  json.key("per_phase").begin_list();
  for (std::size_t phase = 0; phase < event.phases.size(); ++phase) {
    const PhaseEvent& part = event.phases[phase];
    if (!part.involved) {
      continue;
    }
    json.begin_object();
    json.key("phase").string(phase_name(phase));
    json.key("start").time(part.start);
    json.key("end").time(part.end);
    json.key(extreme).number(part.extreme_volts);
    json.end_object();
  }
  json.end_list();
}

}  // namespace halfcycle::quality
