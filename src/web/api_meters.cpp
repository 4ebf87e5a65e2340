// SPDX-License-Identifier: Apache-2.0
// Answers about running meters: registers and waveforms.
#include <algorithm>
#include <cmath>

#include "base/format.hpp"
#include "base/text.hpp"
#include "web/json_values.hpp"
#include "web/routes.hpp"

namespace halfcycle::web::routes_of_api {
namespace {

using MeterPointer = std::shared_ptr<fleet::LiveMeter>;

void write_meter(JsonWriter& json, const fleet::LiveMeter& meter) {
  const fleet::MeterIdentity& identity = meter.identity();
  const fleet::MeterStatus status = meter.status();
  json.begin_object();
  json.key("id").string(identity.id);
  json.key("name").string(identity.name);
  json.key("unit_id");
  if (identity.unit_id == 0) {
    json.null();
  } else {
    json.integer(identity.unit_id);
  }
  json.key("source").string(identity.source_uri);
  json.key("template").string(identity.template_name);
  json.key("wiring").string(name(identity.system.wiring));
  json.key("nominal_voltage_V").number(identity.system.nominal_voltage_volts);
  json.key("nominal_frequency_Hz").number(identity.system.nominal_frequency_hertz);
  const auto limit = [&](std::string_view key, double quality::VoltageEventSetup::*ratio) {
    // Without what is left of a division by 100.
    json.key(key).number(identity.limits ? std::round(*identity.limits.*ratio * 1e6) / 1e4
                                         : kNotAvailable);
  };
  limit("dip_threshold_percent", &quality::VoltageEventSetup::dip_threshold_ratio);
  limit("swell_threshold_percent", &quality::VoltageEventSetup::swell_threshold_ratio);
  limit("interruption_threshold_percent",
        &quality::VoltageEventSetup::interruption_threshold_ratio);
  limit("hysteresis_percent", &quality::VoltageEventSetup::hysteresis_ratio);
  json.key("sample_rate_Hz").number(identity.sample_rate_hertz);
  json.key("inputs").begin_list();
  for (std::size_t lane = 0; lane < kInputCount; ++lane) {
    if (identity.inputs.has(static_cast<Input>(lane))) {
      json.string(name(static_cast<Input>(lane)));
    }
  }
  json.end_list();
  json.key("state").string(fleet::name(status.state));
  json.key("message").string(status.message);
  json.key("first_sample").time(status.first_sample);
  json.key("last_sample").time(status.last_sample);
  json.key("clock_ok").boolean(status.time_quality.clock_ok);
  json.key("clock_uncertainty_s").number(status.time_quality.uncertainty_seconds);
  json.key("samples").integer(status.samples);
  json.key("gaps").integer(status.gaps);
  json.key("dropped_samples").integer(status.dropped_samples);
  json.key("lag_s").number(status.lag_seconds);
  json.end_object();
}

/// The meter that the address names, or the answer that there is none.
Result<MeterPointer> find_meter(const Call& call) {
  const std::string& id = call.path.front();
  if (MeterPointer meter = call.api.directory.find(id)) {
    return meter;
  }
  const auto meters = call.api.directory.meters();
  std::vector<std::string_view> ids;
  for (const MeterPointer& meter : meters) {
    ids.push_back(meter->identity().id);
  }
  return fail(ErrorCode::InvalidSetup, "there is no meter '{}'.{} See /api/v1/meters", id,
              did_you_mean(id, ids));
}

bool holds(std::string_view text, std::string_view lower_case_part) {
  return to_lower(text).find(lower_case_part) != std::string::npos;
}

}  // namespace

Response meters(const Call& call) {
  JsonWriter json;
  json.begin_list();
  for (const MeterPointer& meter : call.api.directory.meters()) {
    write_meter(json, *meter);
  }
  json.end_list();
  return json_response(json);
}

Response meter(const Call& call) {
  const auto meter = find_meter(call);
  if (!meter) {
    return error_response(404, meter.error().message);
  }
  JsonWriter json;
  write_meter(json, **meter);
  return json_response(json);
}

Response registers(const Call& call) {
  const auto meter = find_meter(call);
  if (!meter) {
    return error_response(404, meter.error().message);
  }
  const graph::Graph& graph = (*meter)->graph();
  const std::vector<std::string> labels = call.labels("labels");
  auto set = labels.empty() ? Result<RegisterSet>(RegisterSet::all(graph))
                            : RegisterSet::create(graph, labels);
  if (!set) {
    return error_response(404, set.error().message);
  }
  set->read(graph);
  JsonWriter json;
  json.begin_list();
  for (const RegisterValue& value : set->values()) {
    write_register(json, graph.compiled(), value);
  }
  json.end_list();
  return json_response(json);
}

Response register_info(const Call& call) {
  const auto meter = find_meter(call);
  if (!meter) {
    return error_response(404, meter.error().message);
  }
  const graph::CompiledTemplate& compiled = (*meter)->graph().compiled();
  const std::string search = to_lower(call.text("search"));
  const std::string_view cls = call.text("class");
  const std::string_view tick = call.text("tick");
  const std::uint64_t offset = call.integer("offset");
  const std::uint64_t limit = call.integer("limit");
  std::uint64_t total = 0;
  JsonWriter json;
  json.begin_object().key("registers").begin_list();
  for (const graph::RegisterInfo& info : compiled.registers()) {
    const std::string& module = compiled.modules()[info.module].label;
    if ((!cls.empty() && graph::name(info.cls) != cls) ||
        (!tick.empty() && graph::name(info.tick) != tick) ||
        (!search.empty() && !holds(info.label, search) && !holds(module, search) &&
         !holds(info.help, search))) {
      continue;
    }
    if (total++ < offset || total > offset + limit) {
      continue;
    }
    json.begin_object();
    json.key("label").string(info.label);
    json.key("class").string(graph::name(info.cls));
    json.key("unit").string(halfcycle::info(info.unit).symbol);
    json.key("tick").string(graph::name(info.tick));
    json.key("module").string(module);
    json.key("help").string(info.help);
    json.key("writable").boolean(info.writable);
    json.key("retain").boolean(info.retain == graph::Retain::Yes);
    const bool array = info.cls == graph::RegisterClass::NumericArray;
    json.key("first_element");
    if (array) {
      json.integer(static_cast<std::uint64_t>(info.first_element));
    } else {
      json.null();
    }
    json.key("element_count");
    if (array) {
      json.integer(static_cast<std::uint64_t>(info.element_count));
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_list();
  json.key("total").integer(total).end_object();
  return json_response(json);
}

Response waveform(const Call& call) {
  const auto meter = find_meter(call);
  if (!meter) {
    return error_response(404, meter.error().message);
  }
  const auto wave = (*meter)->waveform(call.number("seconds"));
  if (!wave) {
    Response response =
        error_response(503, format("meter '{}' has no samples yet", (*meter)->identity().id));
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  JsonWriter json;
  write_waveform(json, *wave);
  return json_response(json);
}

}  // namespace halfcycle::web::routes_of_api
