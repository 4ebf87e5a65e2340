// SPDX-License-Identifier: Apache-2.0
// The OpenAPI 3.0 document, written from the tables of routes and schemas.
#include <array>
#include <string>

#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "web/routes.hpp"

namespace halfcycle::web {
namespace {

constexpr std::string_view kDescription =
    "Read-only: nothing but an upload to /api/v1/analyze costs anything, and nothing changes a "
    "meter. Times are ISO 8601 in UTC with nanoseconds. What is not available is null, never 0.";

constexpr std::string_view kStreamDescription =
    "Text frames of JSON. The client sends `{\"subscribe\": 1, \"meter\": \"feeder-1\", "
    "\"labels\": "
    "[\"kW tot\"], \"interval_ms\": 200}`, `{\"subscribe\": 2, \"meter\": \"feeder-1\", "
    "\"waveform\": {\"seconds\": 0.08}}`, `{\"subscribe\": 3, \"events\": true}`, "
    "`{\"subscribe\": 4, \"disturbances\": true, \"meter\": \"feeder-1\"}` or "
    "`{\"unsubscribe\": 1}`; the number names the subscription, and a subscription of the same "
    "number replaces the one before. The server sends `{\"id\": 1, \"registers\": "
    "[RegisterValue]}` "
    "(all of them first, then those that were renewed), `{\"id\": 2, \"waveform\": Waveform}`, "
    "`{\"id\": 3, \"event\": Event}`, `{\"id\": 4, \"disturbance\": Disturbance}` or `{\"id\": 1, "
    "\"error\": \"…\"}`. Events and disturbances begin with those after the subscription. A client "
    "that reads slowly gets fewer updates, each with what is newest then. interval_ms: 50 to "
    "60000.";

void write_type(JsonWriter& json, std::string_view type, std::string_view format_name = {}) {
  json.key("type").string(type);
  if (!format_name.empty()) {
    json.key("format").string(format_name);
  }
}

void write_reference(JsonWriter& json, std::string_view schema) {
  json.key("$ref").string(format("#/components/schemas/{}", schema));
}

void write_number_list(JsonWriter& json) {
  json.begin_object();
  write_type(json, "array");
  json.key("items").begin_object();
  write_type(json, "number");
  json.key("nullable").boolean(true).end_object().end_object();
}

void write_items(JsonWriter& json, std::string_view type, std::string_view format_name = {}) {
  write_type(json, "array");
  json.key("items").begin_object();
  write_type(json, type, format_name);
  json.end_object();
}

void write_field(JsonWriter& json, const FieldSpec& field) {
  json.key(field.name).begin_object();
  switch (field.kind) {
    case FieldKind::Text:
      write_type(json, "string");
      break;
    case FieldKind::Integer:
      write_type(json, "integer");
      break;
    case FieldKind::Number:
      write_type(json, "number");
      break;
    case FieldKind::Boolean:
      write_type(json, "boolean");
      break;
    case FieldKind::Time:
      write_type(json, "string", "date-time");
      break;
    case FieldKind::Object:
      // Members beside "$ref" are ignored in OpenAPI 3.0, those beside "allOf" are not.
      json.key("allOf").begin_list().begin_object();
      write_reference(json, field.of);
      json.end_object().end_list();
      break;
    case FieldKind::Objects:
      write_type(json, "array");
      json.key("items").begin_object();
      write_reference(json, field.of);
      json.end_object();
      break;
    case FieldKind::Texts:
      write_items(json, "string");
      break;
    case FieldKind::Times:
      write_items(json, "string", "date-time");
      break;
    case FieldKind::Booleans:
      write_items(json, "boolean");
      break;
    case FieldKind::Numbers:
      write_type(json, "array");
      json.key("items").begin_object();
      write_type(json, "number");
      json.key("nullable").boolean(true).end_object();
      break;
    case FieldKind::NumberLists:
      write_type(json, "array");
      json.key("items");
      write_number_list(json);
      break;
    case FieldKind::NumberMap:
      write_type(json, "object");
      json.key("additionalProperties");
      write_number_list(json);
      break;
    case FieldKind::Any:
      json.key("oneOf").begin_list();
      json.begin_object();
      write_type(json, "number");
      json.end_object();
      json.begin_object();
      write_type(json, "string");
      json.end_object();
      write_number_list(json);
      json.end_list();
      json.key("nullable").boolean(true);
      break;
  }
  if (field.nullable) {
    json.key("nullable").boolean(true);
  }
  json.key("description").string(field.help).end_object();
}

void write_schema(JsonWriter& json, const SchemaSpec& schema) {
  json.key(schema.name).begin_object();
  write_type(json, "object");
  json.key("description").string(schema.help);
  json.key("required").begin_list();
  for (const FieldSpec& field : schema.fields) {
    if (!field.optional) {
      json.string(field.name);
    }
  }
  json.end_list();
  json.key("properties").begin_object();
  for (const FieldSpec& field : schema.fields) {
    write_field(json, field);
  }
  json.end_object().end_object();
}

void write_parameter(JsonWriter& json, const ParameterSpec& parameter) {
  json.begin_object();
  json.key("name").string(parameter.name);
  json.key("in").string("query");
  json.key("description").string(parameter.help);
  if (parameter.kind == ParameterKind::Labels) {
    json.key("explode").boolean(false);
  }
  json.key("schema").begin_object();
  switch (parameter.kind) {
    case ParameterKind::Text:
      write_type(json, "string");
      if (!parameter.choices.empty()) {
        json.key("enum").begin_list();
        for (const std::string_view choice : parameter.choices) {
          json.string(choice);
        }
        json.end_list();
      }
      break;
    case ParameterKind::Labels:
      write_items(json, "string");
      break;
    case ParameterKind::Time:
      write_type(json, "string", "date-time");
      break;
    case ParameterKind::Integer:
    case ParameterKind::Number:
      write_type(json, parameter.kind == ParameterKind::Integer ? "integer" : "number");
      json.key("minimum").number(parameter.min);
      json.key("maximum").number(parameter.max);
      json.key("default").number(parameter.initial);
      break;
  }
  json.end_object().end_object();
}

void write_path_parameters(JsonWriter& json, std::string_view pattern) {
  for (const std::string_view part : split(pattern, '/')) {
    if (part.starts_with('{')) {
      const std::string_view name = part.substr(1, part.size() - 2);
      json.begin_object();
      json.key("name").string(name);
      json.key("in").string("path");
      json.key("required").boolean(true);
      json.key("schema").begin_object();
      write_type(json, name == "disturbance" ? "integer" : "string");
      json.end_object().end_object();
    }
  }
}

void write_content(JsonWriter& json, std::string_view type, std::string_view schema, bool list) {
  json.key(type).begin_object().key("schema").begin_object();
  if (list) {
    write_type(json, "array");
    json.key("items").begin_object();
    write_reference(json, schema);
    json.end_object();
  } else if (!schema.empty()) {
    write_reference(json, schema);
  } else if (type == "application/json") {
    write_type(json, "object");
  } else {
    write_type(json, "string", type == "application/octet-stream" ? "binary" : "");
  }
  json.end_object().end_object();
}

void write_error(JsonWriter& json, std::string_view status, std::string_view text) {
  json.key(status).begin_object();
  json.key("description").string(text);
  json.key("content").begin_object();
  write_content(json, "application/json", "Error", false);
  json.end_object().end_object();
}

void write_responses(JsonWriter& json, const Route& route) {
  json.key("responses").begin_object();
  if (route.place == Place::Stream) {
    json.key("101").begin_object().key("description").string("The WebSocket is open").end_object();
    write_error(json, "426", "The request does not ask for a WebSocket");
  } else {
    json.key("200").begin_object();
    json.key("description").string(route.summary);
    json.key("content").begin_object();
    const bool both = route.place == Place::Analyze;
    write_content(json, route.content_type.substr(0, route.content_type.find(';')), route.schema,
                  route.list);
    if (both) {
      write_content(json, "application/json", {}, false);
    }
    json.end_object().end_object();
  }
  write_error(json, "400", "A parameter is wrong");
  write_error(json, "403", "A page of another site asks");
  if (route.pattern.find('{') != std::string_view::npos) {
    write_error(json, "404", "There is no such thing; the message has the nearest name");
  }
  if (route.place == Place::Analyze) {
    write_error(json, "413", "The files are too large");
    write_error(json, "415", "The body is no multipart/form-data");
    write_error(json, "422", "The recording cannot be read");
  }
  write_error(json, "421", "The server is not called by this name");
  write_error(json, "503", "Busy, or not ready; see Retry-After");
  json.end_object();
}

void write_upload(JsonWriter& json) {
  json.key("requestBody").begin_object().key("required").boolean(true);
  json.key("content").begin_object().key("multipart/form-data").begin_object();
  json.key("schema").begin_object();
  write_type(json, "object");
  json.key("properties").begin_object();
  json.key("file").begin_object();
  write_type(json, "array");
  json.key("description")
      .string("The files of one recording: .cfg and .dat, .cff, .pqd, .csv, .wav, .pcap");
  json.key("items").begin_object();
  write_type(json, "string", "binary");
  json.end_object().end_object();
  constexpr std::array<std::array<std::string_view, 2>, 4> kOptions{
      {{"wiring", "`4w-wye`, `3w-wye`, `delta` or `single`"},
       {"nominal_voltage", "In V"},
       {"nominal_frequency", "In Hz"},
       {"every", "JSON: adds the series of this interval: `10-12-cycle`, `1s`, …"}}};
  for (const auto& [name, help] : kOptions) {
    json.key(name).begin_object();
    write_type(json, "string");
    json.key("description").string(help).end_object();
  }
  json.end_object().end_object().end_object().end_object().end_object();
}

}  // namespace

std::string openapi_document(std::string_view version) {
  constexpr int kIndentedLevels = 4;
  JsonWriter json(kIndentedLevels);
  json.begin_object();
  json.key("openapi").string("3.0.3");
  json.key("info").begin_object();
  json.key("title").string("Halfcycle");
  json.key("version").string(version);
  json.key("description").string(kDescription);
  json.end_object();
  json.key("paths").begin_object();
  for (const Route& route : routes()) {
    json.key(route.pattern).begin_object();
    json.key(route.method == Method::Post ? "post" : "get").begin_object();
    json.key("operationId").string(route.operation);
    json.key("summary").string(route.summary);
    if (route.place == Place::Stream) {
      json.key("description").string(kStreamDescription);
    }
    json.key("parameters").begin_list();
    write_path_parameters(json, route.pattern);
    for (const ParameterSpec& parameter : route.parameters) {
      write_parameter(json, parameter);
    }
    json.end_list();
    if (route.place == Place::Analyze) {
      write_upload(json);
    }
    write_responses(json, route);
    json.end_object().end_object();
  }
  json.end_object();
  json.key("components").begin_object().key("schemas").begin_object();
  for (const SchemaSpec& schema : schemas()) {
    write_schema(json, schema);
  }
  json.end_object().end_object();
  json.end_object();
  return json.take();
}

}  // namespace halfcycle::web
