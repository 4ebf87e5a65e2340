// SPDX-License-Identifier: Apache-2.0
#include "web/routes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::web {
namespace {

using Kind = ParameterKind;
namespace to = routes_of_api;

constexpr double kMaxCount = 9007199254740991.0;  // 2^53 − 1: exact as a JSON number everywhere

constexpr std::array kRegisterParameters{ParameterSpec{
    .name = "labels",
    .kind = Kind::Labels,
    .help = "Labels of registers or of elements (`V1 HD5`), separated by commas; none: all"}};
constexpr std::array<std::string_view, 12> kClasses{
    "numeric", "numeric bounded", "boolean",  "enumerated", "string", "pulse",
    "time",    "numeric array",   "waveform", "event",      "log",    "calendar"};
constexpr std::array<std::string_view, 8> kTicks{"half-cycle", "10-12-cycle", "1s", "150-180-cycle",
                                                 "10s",        "10min",       "2h", "event"};
constexpr std::array kInfoParameters{
    ParameterSpec{.name = "search", .help = "Text that the label, the module or the help holds"},
    ParameterSpec{.name = "class", .help = "Only registers of this class", .choices = kClasses},
    ParameterSpec{.name = "tick", .help = "Only registers renewed at this tick", .choices = kTicks},
    ParameterSpec{.name = "limit",
                  .kind = Kind::Integer,
                  .help = "At most so many",
                  .min = 1,
                  .max = 10000,
                  .initial = 100},
    ParameterSpec{.name = "offset",
                  .kind = Kind::Integer,
                  .help = "Leave out so many first",
                  .min = 0,
                  .max = kMaxCount}};
constexpr std::array kWaveformParameters{ParameterSpec{.name = "seconds",
                                                       .kind = Kind::Number,
                                                       .help = "Length of the snapshot",
                                                       .min = 0.001,
                                                       .max = 10.0,
                                                       .initial = 0.08}};
constexpr ParameterSpec kFrom{
    .name = "from", .kind = Kind::Time, .help = "First instant, ISO 8601; UTC without a zone"};
constexpr ParameterSpec kTo{
    .name = "to", .kind = Kind::Time, .help = "The instant before which the range ends"};
constexpr std::array kRowParameters{
    kFrom, kTo,
    ParameterSpec{.name = "columns",
                  .kind = Kind::Labels,
                  .help = "Labels of columns, separated by commas; none: all"},
    ParameterSpec{.name = "max_points",
                  .kind = Kind::Integer,
                  .help =
                      "At most so many points; of more rows each point is the mean of a bucket, "
                      "with its lowest and highest value beside it",
                  .min = 1,
                  .max = 100000,
                  .initial = 2000}};
constexpr ParameterSpec kAfter{.name = "after",
                               .kind = Kind::Integer,
                               .help = "Only those with a larger number",
                               .min = 0,
                               .max = kMaxCount};
constexpr ParameterSpec kBefore{.name = "before",
                                .kind = Kind::Integer,
                                .help = "Only those with a smaller number, to page backwards",
                                .min = 0,
                                .max = kMaxCount};
constexpr ParameterSpec kLimit{.name = "limit",
                               .kind = Kind::Integer,
                               .help = "At most so many, newest first",
                               .min = 1,
                               .max = 10000,
                               .initial = 200};
constexpr std::array kEventParameters{kFrom,
                                      kTo,
                                      ParameterSpec{.name = "min_priority",
                                                    .kind = Kind::Integer,
                                                    .help = "Only events of at least this priority",
                                                    .min = 0,
                                                    .max = 255},
                                      kAfter,
                                      kBefore,
                                      kLimit};
constexpr std::array kDisturbanceParameters{kFrom, kTo, kAfter, kBefore, kLimit};

constexpr std::array kRoutes{
    Route{.pattern = "/api/v1/health",
          .operation = "health",
          .summary = "State of the process, of its store and of its connections",
          .schema = "Health",
          .answer = to::health},
    Route{.pattern = "/api/v1/meters",
          .operation = "meters",
          .summary = "All meters, in the order of the configuration",
          .schema = "Meter",
          .list = true,
          .answer = to::meters},
    Route{.pattern = "/api/v1/meters/{meter}",
          .operation = "meter",
          .summary = "One meter",
          .schema = "Meter",
          .answer = to::meter},
    Route{.pattern = "/api/v1/meters/{meter}/registers",
          .operation = "registers",
          .summary = "Present values of registers; those of one tick belong to one window",
          .parameters = kRegisterParameters,
          .schema = "RegisterValue",
          .list = true,
          .answer = to::registers},
    Route{.pattern = "/api/v1/meters/{meter}/registers/info",
          .operation = "registerInfo",
          .summary = "What registers there are",
          .parameters = kInfoParameters,
          .schema = "RegisterInfoPage",
          .answer = to::register_info},
    Route{.pattern = "/api/v1/meters/{meter}/waveform",
          .operation = "waveform",
          .summary = "The latest samples; 503 before the first one",
          .parameters = kWaveformParameters,
          .schema = "Waveform",
          .place = Place::Worker,
          .answer = to::waveform},
    Route{.pattern = "/api/v1/meters/{meter}/logs",
          .operation = "logs",
          .summary = "The data logs of a meter",
          .schema = "Log",
          .list = true,
          .place = Place::Worker,
          .answer = to::logs},
    Route{.pattern = "/api/v1/meters/{meter}/logs/{log}",
          .operation = "logRows",
          .summary = "Rows of a data log, fewer points than rows where asked for",
          .parameters = kRowParameters,
          .schema = "LogRows",
          .place = Place::Worker,
          .answer = to::log_rows},
    Route{.pattern = "/api/v1/events",
          .operation = "allEvents",
          .summary = "Events of all meters, newest first",
          .parameters = kEventParameters,
          .schema = "EventPage",
          .place = Place::Worker,
          .answer = to::all_events},
    Route{.pattern = "/api/v1/meters/{meter}/events",
          .operation = "events",
          .summary = "Events of one meter, newest first",
          .parameters = kEventParameters,
          .schema = "EventPage",
          .place = Place::Worker,
          .answer = to::events},
    Route{.pattern = "/api/v1/meters/{meter}/disturbances",
          .operation = "disturbances",
          .summary = "Dips, swells and interruptions of one meter, newest first",
          .parameters = kDisturbanceParameters,
          .schema = "DisturbancePage",
          .place = Place::Worker,
          .answer = to::disturbances},
    Route{.pattern = "/api/v1/meters/{meter}/disturbances/{disturbance}/waveform",
          .operation = "disturbanceWaveform",
          .summary = "Samples around a disturbance",
          .schema = "Waveform",
          .place = Place::Worker,
          .answer = to::disturbance_waveform},
    Route{.pattern = "/api/v1/meters/{meter}/disturbances/{disturbance}/waveform.cff",
          .operation = "disturbanceComtrade",
          .summary = "The same samples as a COMTRADE 2013 file",
          .content_type = "application/octet-stream",
          .place = Place::Worker,
          .answer = to::disturbance_comtrade},
    Route{.method = Method::Post,
          .pattern = "/api/v1/analyze",
          .operation = "analyze",
          .summary = "Measures the files of one recording (multipart/form-data): a page for "
                     "`Accept: text/html`, else the JSON of `halfcycle analyze --json`",
          .content_type = "text/html; charset=utf-8",
          .place = Place::Analyze},
    Route{.pattern = "/api/v1/stream",
          .operation = "stream",
          .summary = "WebSocket: values, waveforms, events and disturbances as they come",
          .content_type = "",
          .place = Place::Stream},
    Route{.pattern = "/api/v1/openapi.json",
          .operation = "openapi",
          .summary = "This document",
          .answer = to::openapi},
    Route{.pattern = "/metrics",
          .operation = "metrics",
          .summary = "Main registers and counters in the text format of Prometheus",
          .content_type = "text/plain; version=0.0.4; charset=utf-8",
          .answer = to::metrics},
};

std::string joined(std::span<const std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out += out.empty() ? "" : ", ";
    out += text;
  }
  return out;
}

/// The parts of `segments` that the pattern has in braces; nothing if it does not fit.
std::optional<std::vector<std::string>> fit(std::string_view pattern,
                                            const std::vector<std::string>& segments) {
  const auto parts = split(pattern.substr(1), '/');
  if (parts.size() != segments.size()) {
    return std::nullopt;
  }
  std::vector<std::string> found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with('{')) {
      if (segments[i].empty()) {
        return std::nullopt;
      }
      found.push_back(segments[i]);
    } else if (parts[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return found;
}

const ParameterSpec* find_parameter(const Route& route, std::string_view name) {
  const auto found =
      std::find_if(route.parameters.begin(), route.parameters.end(),
                   [&](const ParameterSpec& parameter) { return parameter.name == name; });
  return found == route.parameters.end() ? nullptr : &*found;
}

// A '+' of a zone arrives as a blank if it was not escaped.
Result<Instant> read_time(std::string_view text) {
  std::string copy(text);
  if (copy.size() > 6 && copy[copy.size() - 6] == ' ') {
    copy[copy.size() - 6] = '+';
  }
  return parse_iso8601(copy);
}

/// An error text, or nothing if the value is good.
std::optional<std::string> check(const ParameterSpec& spec, std::string_view value) {
  switch (spec.kind) {
    case Kind::Text:
      if (!spec.choices.empty() && !value.empty() &&
          std::find(spec.choices.begin(), spec.choices.end(), value) == spec.choices.end()) {
        return format("'{}' is no {}.{} There are: {}", value, spec.name,
                      did_you_mean(value, spec.choices), joined(spec.choices));
      }
      return std::nullopt;
    case Kind::Labels:
      return std::nullopt;
    case Kind::Integer:
    case Kind::Number: {
      const auto number = parse_number(value);
      const bool whole = number && *number == std::floor(*number);
      if (!number || *number < spec.min || *number > spec.max ||
          (spec.kind == Kind::Integer && !whole)) {
        return format("{} must be a {} from {} to {}, not '{}'", spec.name,
                      spec.kind == Kind::Integer ? "whole number" : "number", spec.min, spec.max,
                      value);
      }
      return std::nullopt;
    }
    case Kind::Time: {
      const auto time = read_time(value);
      if (!time) {
        return format("{}: {}", spec.name, time.error().message);
      }
      return std::nullopt;
    }
  }
  return std::nullopt;
}

Response not_found(const Request& request) {
  std::vector<std::string_view> patterns;
  for (const Route& route : kRoutes) {
    patterns.push_back(route.pattern);
  }
  return error_response(
      404, format("there is nothing at {}.{} See /api/v1/openapi.json", request.target.path,
                  did_you_mean(request.target.path, patterns)));
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Match find_route(const Request& request) {
  Match match;
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto path = fit(route.pattern, request.target.segments);
    if (!path) {
      continue;
    }
    const bool get = request.method == Method::Get || request.method == Method::Head;
    if (route.method == Method::Get ? !get : request.method != route.method) {
      allowed = route.method == Method::Get ? "GET, HEAD" : "POST";
      continue;
    }
    for (const auto& [name, value] : request.target.query) {
      const ParameterSpec* spec = find_parameter(route, name);
      if (spec == nullptr) {
        std::vector<std::string_view> names;
        for (const ParameterSpec& parameter : route.parameters) {
          names.push_back(parameter.name);
        }
        match.refusal = error_response(
            400, format("there is no parameter '{}' here.{}{}", name, did_you_mean(name, names),
                        names.empty() ? std::string() : format(" There are: {}", joined(names))));
        return match;
      }
      if (auto wrong = check(*spec, value)) {
        match.refusal = error_response(400, *wrong);
        return match;
      }
    }
    match.route = &route;
    match.path = *std::move(path);
    return match;
  }
  if (!allowed.empty()) {
    match.refusal = error_response(405, format("only {} is answered here", allowed));
    match.refusal.headers.emplace_back("Allow", allowed);
  } else {
    match.refusal = not_found(request);
  }
  return match;
}

Response answer(const Api& api, const Match& match, const Request& request) {
  return match.route->answer(
      Call{.api = api, .route = *match.route, .request = request, .path = match.path});
}

std::string_view Call::text(std::string_view name) const {
  for (const auto& [key, value] : request.target.query) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

std::vector<std::string> Call::labels(std::string_view name) const {
  std::vector<std::string> labels;
  for (const auto& [key, value] : request.target.query) {
    if (key != name) {
      continue;
    }
    for (const std::string_view label : split(value, ',')) {
      if (!trim(label).empty()) {
        labels.emplace_back(trim(label));
      }
    }
  }
  return labels;
}

double Call::number(std::string_view name) const {
  const std::string_view value = text(name);
  return value.empty() ? find_parameter(route, name)->initial : *parse_number(value);
}

std::uint64_t Call::integer(std::string_view name) const {
  return static_cast<std::uint64_t>(number(name));
}

std::optional<Instant> Call::time(std::string_view name) const {
  const std::string_view value = text(name);
  if (value.empty()) {
    return std::nullopt;
  }
  return *read_time(value);
}

}  // namespace halfcycle::web
