// SPDX-License-Identifier: Apache-2.0
#include "web/json_values.hpp"

#include <algorithm>

#include "quality/event_json.hpp"

namespace halfcycle::web {
namespace {

using graph::RegisterClass;

// How often a group is tried to be read between two publications before it is copied as a whole:
// a ½-cycle group is published every 10 ms, the registers of a page take microseconds.
constexpr int kTries = 4;

void write_value(JsonWriter& json, const RegisterValue& value) {
  switch (value.view.cls) {
    case RegisterClass::String:
    case RegisterClass::Calendar:
      if (value.text.empty()) {
        json.null();
      } else {
        json.string(value.text);
      }
      return;
    case RegisterClass::Time:
      json.time(value.view.available() ? std::optional(value.view.instant()) : std::nullopt);
      return;
    case RegisterClass::NumericArray:
      json.begin_list();
      for (const float element : value.elements) {
        json.number(element);
      }
      json.end_list();
      return;
    default:
      json.number(value.view.number());
  }
}

void write_rms(JsonWriter& json, const recorder::RmsTrace& rms, InputMask inputs) {
  json.begin_object().key("time").begin_list();
  for (const Instant time : rms.time) {
    json.time(time);
  }
  json.end_list().key("channels").begin_object();
  for (std::size_t lane = 0; lane < kInputCount; ++lane) {
    const auto input = static_cast<Input>(lane);
    if (!inputs.has(input)) {
      continue;
    }
    json.key(name(input)).begin_list();
    for (std::size_t at = lane; at < rms.values.size(); at += kInputCount) {
      json.number(rms.values[at]);
    }
    json.end_list();
  }
  json.end_object().end_object();
}

template <class Wave>
void write_wave_members(JsonWriter& json, const Wave& wave) {
  json.key("start").time(wave.start);
  json.key("rate_Hz").number(wave.rate_hertz);
  json.key("channels").begin_object();
  for (std::size_t lane = 0; lane < std::min(kInputCount, wave.lanes); ++lane) {
    const auto input = static_cast<Input>(lane);
    if (!wave.inputs.has(input)) {
      continue;
    }
    json.key(name(input)).begin_list();
    for (std::size_t at = lane; at < wave.frames.size(); at += wave.lanes) {
      json.number(wave.frames[at]);
    }
    json.end_list();
  }
  json.end_object();
  json.key("rms");
  write_rms(json, wave.rms, wave.inputs);
}

void text_or_null(JsonWriter& json, std::string_view key, const std::string& text) {
  json.key(key);
  if (text.empty()) {
    json.null();
  } else {
    json.string(text);
  }
}

}  // namespace

void RegisterSet::add(const graph::CompiledTemplate& compiled, graph::RegisterRef ref) {
  const graph::Tick tick = compiled.registers()[ref.index].tick;
  auto group =
      std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.tick == tick; });
  if (group == groups_.end()) {
    group = groups_.insert(groups_.end(), Group{.tick = tick, .version = 0, .members = {}});
  }
  group->members.push_back(values_.size());
  values_.push_back({.ref = ref, .view = {}, .text = {}, .elements = {}});
}

Result<RegisterSet> RegisterSet::create(const graph::Graph& graph,
                                        const std::vector<std::string>& labels) {
  RegisterSet set;
  for (const std::string& label : labels) {
    const auto ref = graph.compiled().find(label);
    if (!ref) {
      return fail(ref.error());
    }
    set.add(graph.compiled(), *ref);
  }
  return set;
}

RegisterSet RegisterSet::all(const graph::Graph& graph) {
  RegisterSet set;
  for (std::uint32_t i = 0; i < graph.compiled().registers().size(); ++i) {
    set.add(graph.compiled(), {.index = i, .element = -1});
  }
  return set;
}

void RegisterSet::read(const graph::Graph& graph) {
  const graph::CompiledTemplate& compiled = graph.compiled();
  const auto has_text = [](RegisterClass cls) {
    return cls == RegisterClass::String || cls == RegisterClass::Calendar;
  };
  const auto elements_of = [&](const RegisterValue& value) {
    const graph::RegisterInfo& info = compiled.registers()[value.ref.index];
    return value.ref.element < 0 && info.cls == RegisterClass::NumericArray
               ? static_cast<std::size_t>(info.element_count)
               : 0;
  };
  for (Group& group : groups_) {
    bool whole = false;
    for (int attempt = 0; attempt < kTries && !whole; ++attempt) {
      group.version = graph.version(group.tick);
      for (const std::size_t member : group.members) {
        RegisterValue& value = values_[member];
        value.view = graph.read(value.ref);
        value.elements.resize(elements_of(value));
        if (!value.elements.empty()) {
          graph.read_array(value.ref, value.elements);
        }
        if (has_text(value.view.cls)) {
          value.text = graph.read_text(value.ref);
        }
      }
      whole = graph.version(group.tick) == group.version;
    }
    if (whole) {
      continue;
    }
    graph.read_group(group.tick, scratch_);
    group.version = scratch_.version();
    for (const std::size_t member : group.members) {
      RegisterValue& value = values_[member];
      value.view = scratch_.view(value.ref);
      value.elements.resize(elements_of(value));
      if (!value.elements.empty()) {
        scratch_.array(value.ref, value.elements);
      }
      if (has_text(value.view.cls)) {
        value.text = scratch_.text(value.ref);
      }
    }
  }
}

bool RegisterSet::changed(const graph::Graph& graph) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
    return graph.version(group.tick) != group.version;
  });
}

Response json_response(JsonWriter& json) {
  Response response;
  response.body = json.take();
  return response;
}

void write_register(JsonWriter& json, const graph::CompiledTemplate& compiled,
                    const RegisterValue& value) {
  const graph::RegisterInfo& info = compiled.registers()[value.ref.index];
  json.begin_object();
  if (value.ref.element < 0) {
    json.key("label").string(info.label);
  } else {
    json.key("label").string(compiled.label(value.ref));
  }
  json.key("value");
  write_value(json, value);
  json.key("unit").string(halfcycle::info(info.unit).symbol);
  json.key("time").time(value.view.time == graph::kNoInstant ? std::nullopt
                                                             : std::optional(value.view.time));
  json.key("flagged").boolean(value.view.marks.flagged);
  json.key("complete").boolean(value.view.marks.complete);
  json.key("clock_ok").boolean(value.view.marks.clock_ok);
  json.key("sync_ok").boolean(value.view.marks.sync_ok);
  json.end_object();
}

void write_waveform(JsonWriter& json, const fleet::WaveformSnapshot& wave) {
  json.begin_object();
  write_wave_members(json, wave);
  json.end_object();
}

void write_waveforms(JsonWriter& json, std::span<const recorder::StoredWaveform> parts) {
  json.begin_object();
  write_wave_members(json, parts.front());
  json.key("recovery");
  if (parts.size() > 1) {
    json.begin_object();
    write_wave_members(json, parts.back());
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void write_event(JsonWriter& json, const recorder::StoredEvent& event) {
  json.begin_object();
  json.key("sequence").integer(event.sequence);
  json.key("meter").string(event.meter);
  json.key("time").time(event.time);
  json.key("priority").integer(event.priority);
  json.key("module").string(event.module);
  text_or_null(json, "cause", event.cause);
  text_or_null(json, "cause_value", event.cause_value);
  text_or_null(json, "effect", event.effect);
  text_or_null(json, "effect_value", event.effect_value);
  text_or_null(json, "by", event.by);
  json.end_object();
}

void write_disturbance(JsonWriter& json, const recorder::StoredDisturbance& disturbance) {
  json.begin_object();
  json.key("id").integer(disturbance.id);
  json.key("meter").string(disturbance.meter);
  json.key("has_waveform").boolean(disturbance.has_waveform);
  quality::write_json_members(json, disturbance.event);
  json.end_object();
}

}  // namespace halfcycle::web
