// SPDX-License-Identifier: Apache-2.0
// The HTTP API as a table: each route is declared once, with its parameters and the shape of its
// answer. Requests are checked against it, the OpenAPI document is written from it.
//
//   Api api{directory, &history, statistics, setup};
//   Match match = find_route(request);            // which route, or the answer that refuses
//   Response response = answer(api, match, request);
//
// Threads: everything here is for any thread; the server calls routes of Place::Worker off the I/O
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "fleet/live_meter.hpp"
#include "recorder/history.hpp"
#include "web/message.hpp"
#include "web/setup.hpp"

namespace halfcycle::web {

/// What an answer is made from.
struct Api {
  const fleet::Directory& directory;
  const recorder::History* history = nullptr;  ///< none: this process keeps nothing
  const ServerStatistics& statistics;
  const WebSetup& setup;
  std::function<Instant()> now;
};

/// Where a route is answered.
enum class Place : std::uint8_t {
  Io,       ///< at once, on the I/O thread: reads registers and counters
  Worker,   ///< on the worker pool: reads the store, or writes much text
  Analyze,  ///< on the thread for uploaded recordings
  Stream,   ///< becomes a WebSocket
};

enum class ParameterKind : std::uint8_t { Text, Labels, Integer, Number, Time };

struct ParameterSpec {
  std::string_view name;
  ParameterKind kind = ParameterKind::Text;
  std::string_view help;
  double min = 0.0;  ///< of Integer and Number, both included
  double max = 0.0;
  double initial = 0.0;
  std::span<const std::string_view> choices{};  ///< of Text
};

// Shapes of answers. A field's `of` names the schema of an object, or of the elements of a list.
enum class FieldKind : std::uint8_t {
  Text,
  Integer,
  Number,
  Boolean,
  Time,
  Object,
  Objects,   ///< list of `of`
  Texts,     ///< list of text
  Times,     ///< list of instants
  Booleans,  ///< list
  Numbers,   ///< list of numbers or null
  NumberLists,
  NumberMap,  ///< object whose members are lists of numbers or null
  Any,        ///< number, text, list of numbers, or null
};
struct FieldSpec {
  std::string_view name;
  FieldKind kind = FieldKind::Text;
  std::string_view help;
  std::string_view of{};
  bool nullable = false;
  bool optional = false;  ///< not in every answer; the help says when
};
struct SchemaSpec {
  std::string_view name;
  std::string_view help;
  std::span<const FieldSpec> fields;
};

struct Call;
struct Route {
  Method method = Method::Get;
  std::string_view pattern;  ///< "/api/v1/meters/{meter}"
  std::string_view operation;
  std::string_view summary;
  std::span<const ParameterSpec> parameters{};
  std::string_view schema{};  ///< of the JSON answer; empty: other content
  bool list = false;          ///< the answer is a list of `schema`
  std::string_view content_type = "application/json";
  Place place = Place::Io;
  Response (*answer)(const Call&) = nullptr;  ///< none for Place::Analyze and Place::Stream
};
[[nodiscard]] std::span<const Route> routes();
[[nodiscard]] std::span<const SchemaSpec> schemas();

/// A request that has been checked against its route.
struct Call {
  const Api& api;
  const Route& route;
  const Request& request;
  std::vector<std::string> path;  ///< the parts of the pattern in braces, in order

  /// Value of a query parameter as checked; `name` is one of the route's.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> labels(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] std::uint64_t integer(std::string_view name) const;
  [[nodiscard]] std::optional<Instant> time(std::string_view name) const;
};

struct Match {
  const Route* route = nullptr;  ///< none: `refusal` is the answer
  std::vector<std::string> path;
  Response refusal;
};
/// 404 with the nearest route, 405 with Allow, 400 for parameters that the route does not have or
/// that are out of their range.
[[nodiscard]] Match find_route(const Request& request);
/// For routes of Place::Io and Place::Worker.
[[nodiscard]] Response answer(const Api& api, const Match& match, const Request& request);

/// The OpenAPI 3.0 document of routes().
[[nodiscard]] std::string openapi_document(std::string_view version);
/// All registers that monitoring systems ask for, and the counters of the process.
[[nodiscard]] std::string metrics_text(const Api& api);
/// The file at that path; nothing if there is none. Compressed for clients that accept gzip.
[[nodiscard]] std::optional<Response> asset_response(const WebSetup& setup, const Request& request);

// The answers, one function a route; in api_*.cpp.
namespace routes_of_api {
Response health(const Call& call);
Response openapi(const Call& call);
Response metrics(const Call& call);
Response meters(const Call& call);
Response meter(const Call& call);
Response registers(const Call& call);
Response register_info(const Call& call);
Response waveform(const Call& call);
Response logs(const Call& call);
Response log_rows(const Call& call);
Response all_events(const Call& call);
Response events(const Call& call);
Response disturbances(const Call& call);
Response disturbance_waveform(const Call& call);
Response disturbance_comtrade(const Call& call);
}  // namespace routes_of_api

}  // namespace halfcycle::web
