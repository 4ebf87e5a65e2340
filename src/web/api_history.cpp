// SPDX-License-Identifier: Apache-2.0
// Answers from the store: logs, events, disturbances and their waveforms.
#include "base/format.hpp"
#include "base/text.hpp"
#include "web/comtrade_download.hpp"
#include "web/json_values.hpp"
#include "web/routes.hpp"

namespace halfcycle::web::routes_of_api {
namespace {

/// What the store could not do, with the status that says whose fault it is.
Response refusal(const Error& error) {
  Response response = error_response(error.code == ErrorCode::Machine ? 503 : 404, error.message);
  if (error.code == ErrorCode::Machine) {
    response.headers.emplace_back("Retry-After", "5");
  }
  return response;
}

Response no_store() {
  return error_response(503, "this process keeps no history: it was started without a store");
}

recorder::EventQuery query_of(const Call& call, bool priority) {
  return {.from = call.time("from"),
          .to = call.time("to"),
          .min_priority =
              priority ? static_cast<std::uint8_t>(call.integer("min_priority")) : std::uint8_t{0},
          .after_sequence = call.integer("after"),
          .before_sequence = call.integer("before"),
          .limit = static_cast<std::size_t>(call.integer("limit"))};
}

void write_columns(JsonWriter& json, const std::vector<recorder::LogColumn>& columns) {
  json.key("columns").begin_list();
  for (const recorder::LogColumn& column : columns) {
    json.begin_object();
    json.key("label").string(column.label);
    json.key("unit").string(info(column.unit).symbol);
    json.end_object();
  }
  json.end_list();
}

void write_lists(JsonWriter& json, std::string_view key,
                 const std::vector<std::vector<double>>& lists) {
  json.key(key).begin_list();
  for (const std::vector<double>& list : lists) {
    json.begin_list();
    for (const double value : list) {
      json.number(value);
    }
    json.end_list();
  }
  json.end_list();
}

void write_marks(JsonWriter& json, std::string_view key, const std::vector<Marks>& marks,
                 bool Marks::*mark) {
  json.key(key).begin_list();
  for (const Marks& of_point : marks) {
    json.boolean(of_point.*mark);
  }
  json.end_list();
}

Response event_page(const Call& call, std::string_view meter) {
  if (call.api.history == nullptr) {
    return no_store();
  }
  const auto found = call.api.history->events(meter, query_of(call, true));
  if (!found) {
    return refusal(found.error());
  }
  JsonWriter json;
  json.begin_object().key("events").begin_list();
  for (const recorder::StoredEvent& event : *found) {
    write_event(json, event);
  }
  json.end_list().end_object();
  return json_response(json);
}

/// The stored waveforms that the address names, or the answer that there are none.
tl::expected<std::vector<recorder::StoredWaveform>, Response> stored_waveforms(const Call& call) {
  if (call.api.history == nullptr) {
    return tl::unexpected(no_store());
  }
  const auto id = parse_number(call.path[1]);
  if (!id || *id < 0 || *id > 9e15) {
    return tl::unexpected(
        error_response(404, format("'{}' is no number of a disturbance", call.path[1])));
  }
  auto parts = call.api.history->waveforms(call.path[0], static_cast<std::uint64_t>(*id));
  if (!parts) {
    return tl::unexpected(refusal(parts.error()));
  }
  return *std::move(parts);
}

}  // namespace

Response logs(const Call& call) {
  if (call.api.history == nullptr) {
    return no_store();
  }
  const auto found = call.api.history->logs(call.path.front());
  if (!found) {
    return refusal(found.error());
  }
  JsonWriter json;
  json.begin_list();
  for (const recorder::LogInfo& log : *found) {
    json.begin_object();
    json.key("name").string(log.name);
    write_columns(json, log.columns);
    json.key("rows").integer(log.rows);
    json.key("first").time(log.first);
    json.key("last").time(log.last);
    json.key("depth").integer(log.depth);
    json.key("stop_when_full").boolean(log.stop_when_full);
    json.key("dropped_rows").integer(log.dropped_rows);
    json.end_object();
  }
  json.end_list();
  return json_response(json);
}

Response log_rows(const Call& call) {
  if (call.api.history == nullptr) {
    return no_store();
  }
  const auto rows =
      call.api.history->rows(call.path[0], call.path[1],
                             {.from = call.time("from"),
                              .to = call.time("to"),
                              .columns = call.labels("columns"),
                              .max_points = static_cast<std::size_t>(call.integer("max_points"))});
  if (!rows) {
    return refusal(rows.error());
  }
  JsonWriter json;
  json.begin_object();
  write_columns(json, rows->columns);
  json.key("rows").integer(rows->rows);
  json.key("time").begin_list();
  for (const Instant time : rows->time) {
    json.time(time);
  }
  json.end_list();
  write_lists(json, "values", rows->values);
  write_lists(json, "low", rows->low);
  write_lists(json, "high", rows->high);
  json.key("gap_before").begin_list();
  for (const bool gap : rows->gap_before) {
    json.boolean(gap);
  }
  json.end_list();
  write_marks(json, "flagged", rows->marks, &Marks::flagged);
  write_marks(json, "complete", rows->marks, &Marks::complete);
  write_marks(json, "clock_ok", rows->marks, &Marks::clock_ok);
  write_marks(json, "sync_ok", rows->marks, &Marks::sync_ok);
  json.end_object();
  return json_response(json);
}

Response all_events(const Call& call) { return event_page(call, {}); }
Response events(const Call& call) { return event_page(call, call.path.front()); }

Response disturbances(const Call& call) {
  if (call.api.history == nullptr) {
    return no_store();
  }
  const auto found = call.api.history->disturbances(call.path.front(), query_of(call, false));
  if (!found) {
    return refusal(found.error());
  }
  JsonWriter json;
  json.begin_object().key("disturbances").begin_list();
  for (const recorder::StoredDisturbance& disturbance : *found) {
    write_disturbance(json, disturbance);
  }
  json.end_list().end_object();
  return json_response(json);
}

Response disturbance_waveform(const Call& call) {
  const auto parts = stored_waveforms(call);
  if (!parts) {
    return parts.error();
  }
  JsonWriter json;
  write_waveforms(json, *parts);
  return json_response(json);
}

Response disturbance_comtrade(const Call& call) {
  auto parts = stored_waveforms(call);
  if (!parts) {
    return parts.error();
  }
  std::string file = format("{}-{}", call.path[0], parts->front().id);
  const auto meter = call.api.directory.find(call.path[0]);
  auto bytes = comtrade_of(*std::move(parts), call.path[0],
                           meter ? meter->identity().system.nominal_frequency_hertz : 0.0);
  if (!bytes) {
    return error_response(500, bytes.error().message);
  }
  Response response;
  response.content_type = call.route.content_type;
  response.body = *std::move(bytes);
  // Ids of meters are a–z, 0–9 and '-'; anything else would not have been found.
  response.headers.emplace_back("Content-Disposition",
                                format("attachment; filename=\"{}.cff\"", file));
  return response;
}

}  // namespace halfcycle::web::routes_of_api
