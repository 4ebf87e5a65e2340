// SPDX-License-Identifier: Apache-2.0
// What each address answers, and that the OpenAPI document says so.
#include "web/routes.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "formats/comtrade.hpp"
#include "web/web_fixture.hpp"

namespace halfcycle::web {
namespace {

using testing_types::FakeDirectory;
using testing_types::FakeHistory;
using testing_types::kNoon;
using Json = nlohmann::json;

class Answers : public ::testing::Test {
 protected:
  Answers() {
    directory.list[0]->publish(12.5, kNoon, {.flagged = true});
    history.add_event("feeder-1", 200);
    history.add_event("feeder-2", 10);
    history.add_disturbance("feeder-1", quality::EventType::Dip);
    history.add_disturbance("feeder-1", quality::EventType::Swell);
    setup.version = "1.2.3";
    history.store.last_commit_seconds = 0.004;
  }
  Response ask(std::string_view target, Method method = Method::Get) {
    Request request;
    request.method = method;
    request.target = parse_target(target).value();
    const Match match = find_route(request);
    return match.route == nullptr ? match.refusal : answer(api, match, request);
  }
  Json json(std::string_view target) {
    const Response response = ask(target);
    EXPECT_EQ(response.status, 200) << target << ": " << response.body;
    return Json::parse(response.body);
  }
  void refused(std::string_view target, int status, std::string_view says) {
    const Response response = ask(target);
    EXPECT_EQ(response.status, status) << target << ": " << response.body;
    EXPECT_NE(response.body.find(says), std::string::npos) << response.body;
    EXPECT_TRUE(Json::parse(response.body)["error"].is_string());
  }

  FakeDirectory directory{{"feeder-1", "feeder-2"}};
  FakeHistory history;
  ServerStatistics statistics;
  WebSetup setup;
  Api api{.directory = directory,
          .history = &history,
          .statistics = statistics,
          .setup = setup,
          .now = [] { return kNoon; }};
};

TEST_F(Answers, RegistersHaveValueUnitTimeAndMarksInTheOrderAskedFor) {
  const Json values =
      json("/api/v1/meters/feeder-1/registers?labels=V1%20HD,kW%20tot,V1%20HD3,Note");
  ASSERT_EQ(values.size(), 4U);
  EXPECT_EQ(values[0]["value"], Json::parse("[100.0, 0.1, 3.5, null, 2.25]"));
  EXPECT_EQ(values[1], Json::parse(R"({"label": "kW tot", "value": 12.5, "unit": "kW",
      "time": "2026-12-29T12:00:00.000000000Z", "flagged": true, "complete": true,
      "clock_ok": true, "sync_ok": true})"));
  EXPECT_EQ(values[2]["label"], "V1 HD3");
  EXPECT_EQ(values[2]["value"], 3.5);
  EXPECT_EQ(values[3]["value"], nullptr);
  EXPECT_EQ(values[3]["time"], nullptr);
}

TEST_F(Answers, WithoutLabelsAllRegistersCome) {
  EXPECT_EQ(json("/api/v1/meters/feeder-1/registers").size(), 7U);
  const Json fresh = json("/api/v1/meters/feeder-2/registers?labels=kW+tot&labels=Last+Reset");
  EXPECT_EQ(fresh[0]["value"], nullptr);
  EXPECT_EQ(fresh[1]["value"], nullptr);
}

TEST_F(Answers, UnknownNamesAreRefusedWithTheNearest) {
  refused("/api/v1/meters/feeder-1/registers?labels=kW%20tott", 404, "kW tot");
  refused("/api/v1/meters/feeder1", 404, "Did you mean 'feeder-1'?");
  refused("/api/v1/meters/feeder-1/logs/Trend", 404, "Did you mean 'Trends / 1'?");
  refused("/api/v1/meterz", 404, "Did you mean '/api/v1/meters'?");
  refused("/api/v1/meters/feeder-1/disturbances/8/waveform", 404, "8");
  refused("/api/v1/meters/feeder-1/disturbances/x/waveform", 404, "x");
}

TEST_F(Answers, WrongParametersAreRefusedWithWhatIsAllowed) {
  refused("/api/v1/meters/feeder-1/registers?label=a", 400, "Did you mean 'labels'?");
  refused("/api/v1/meters?x=1", 400, "no parameter 'x'");
  refused("/api/v1/events?limit=0", 400, "from 1 to 10000");
  refused("/api/v1/events?limit=1.5", 400, "whole number");
  refused("/api/v1/events?limit=nan", 400, "whole number");
  refused("/api/v1/events?from=yesterday", 400, "from");
  refused("/api/v1/meters/feeder-1/waveform?seconds=1e9", 400, "seconds");
  refused("/api/v1/meters/feeder-1/registers/info?class=numerc", 400, "Did you mean 'numeric'?");
  EXPECT_EQ(ask("/api/v1/meters", Method::Post).status, 405);
  EXPECT_EQ(ask("/api/v1/analyze").status, 405);
}

TEST_F(Answers, RegisterInfoIsSearchedFilteredAndPaged) {
  const std::string base = "/api/v1/meters/feeder-1/registers/info";
  const Json power = json(base + "?search=active");
  EXPECT_EQ(power["total"], 1);
  EXPECT_EQ(power["registers"][0]["label"], "kW tot");
  EXPECT_EQ(json(base + "?class=numeric&limit=1&offset=1")["registers"][0]["label"], "Vln a");
  EXPECT_EQ(json(base + "?class=numeric&limit=1&offset=1")["total"], 3);
  const Json array = json(base + "?class=numeric%20array")["registers"][0];
  EXPECT_EQ(array["first_element"], 1);
  EXPECT_EQ(array["element_count"], 5);
  EXPECT_EQ(json(base + "?tick=event")["registers"][0]["label"], "Note");
}

TEST_F(Answers, AWaveformHasTheChannelsOfTheMeter) {
  const Json wave = json("/api/v1/meters/feeder-1/waveform?seconds=0.01");
  EXPECT_EQ(wave["rate_Hz"], 4000.0);
  EXPECT_EQ(wave["channels"].size(), 4U);
  EXPECT_EQ(wave["channels"]["I1"].size(), 40U);
  EXPECT_EQ(wave["channels"]["I1"][3], 3.5);
  EXPECT_EQ(wave["rms"]["time"], Json::parse(format("[{}]", wave["start"].dump())));
  EXPECT_EQ(wave["rms"]["channels"],
            Json::parse(R"({"V1": [230.5], "V2": [null], "V3": [null], "I1": [null]})"));
  directory.list[0]->has_waveform = false;
  EXPECT_EQ(ask("/api/v1/meters/feeder-1/waveform").status, 503);
}

TEST_F(Answers, LogRowsAreAskedForAsTheAddressSays) {
  const Json rows = json(
      "/api/v1/meters/feeder-1/logs/Trends%20%2F%201?from=2026-12-29T13:00:00+01:00"
      "&to=2026-12-29T14:00:00Z&columns=kW%20tot,Vln%20a&max_points=10");
  EXPECT_EQ(rows["values"], Json::parse("[[1.5, null], [3.0, 4.0]]"));
  EXPECT_EQ(rows["low"][0][0], 1.0);
  EXPECT_EQ(rows["gap_before"], Json::parse("[false, true]"));
  EXPECT_EQ(rows["flagged"], Json::parse("[false, true]"));
  EXPECT_EQ(rows["complete"], Json::parse("[true, true]"));
  EXPECT_EQ(rows["clock_ok"], Json::parse("[true, true]"));
  EXPECT_EQ(rows["sync_ok"], Json::parse("[true, false]"));
  EXPECT_EQ(history.last_query.from, kNoon);
  EXPECT_EQ(history.last_query.to, kNoon + Duration::seconds(7200));
  EXPECT_EQ(history.last_query.max_points, 10U);
  EXPECT_EQ(history.last_query.columns, (std::vector<std::string>{"kW tot", "Vln a"}));
}

TEST_F(Answers, EventsAreOfOneMeterOrOfAll) {
  EXPECT_EQ(json("/api/v1/events")["events"].size(), 2U);
  const Json events = json("/api/v1/meters/feeder-1/events?min_priority=128&after=0&before=99");
  ASSERT_EQ(events["events"].size(), 1U);
  EXPECT_EQ(events["events"][0]["cause_value"], "253.1 V");
  EXPECT_EQ(events["events"][0]["effect"], nullptr);
  EXPECT_EQ(history.last_event_query.min_priority, 128);
  EXPECT_EQ(history.last_event_query.before_sequence, 99U);
}

TEST_F(Answers, ADisturbanceIsAnEventOfAnalyzeJson) {
  const Json found = json("/api/v1/meters/feeder-1/disturbances")["disturbances"];
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]["type"], "swell");
  EXPECT_EQ(found[0]["maximum_V"], 92.0);
  EXPECT_EQ(found[1]["residual_percent"], 40.0);
  EXPECT_EQ(found[1]["per_phase"][0]["phase"], "V1");
}

TEST_F(Answers, AComtradeDownloadReadsBackAsTheSameSamples) {
  const Response response = ask("/api/v1/meters/feeder-1/disturbances/7/waveform.cff");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto recording = formats::read_cff(formats::own_bytes("x.cff", response.body));
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(recording->start, kNoon);
  ASSERT_EQ(recording->analogs.size(), 2U);
  EXPECT_EQ(recording->analogs[1].name, "I1");
  EXPECT_EQ(recording->analogs[1].unit, "A");
  std::vector<float> samples(80);
  recording->samples->read_analog(1, 0, samples);
  EXPECT_EQ(samples[79], 794.0F / 8.0F);
}

TEST_F(Answers, OfALongDisturbanceTheRecoveryComesToo) {
  const std::string path = "/api/v1/meters/feeder-1/disturbances/7/waveform";
  const Json whole = json(path);
  EXPECT_EQ(whole["recovery"], nullptr);
  EXPECT_EQ(whole["rms"]["channels"], Json::parse(R"({"V1": [5.5], "I1": [5.5]})"));
  history.long_disturbance = true;
  const Json two = json(path);
  EXPECT_EQ(two["channels"], whole["channels"]);
  EXPECT_EQ(two["recovery"]["start"], "2026-12-29T12:01:00.000000000Z");
  EXPECT_EQ(two["recovery"]["channels"]["I1"].size(), 80U);
  // As a COMTRADE file: both parts, and the time between them a gap.
  const Response response = ask(path + ".cff");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto recording = formats::read_cff(formats::own_bytes("x.cff", response.body));
  ASSERT_TRUE(recording) << recording.error().message;
  ASSERT_EQ(recording->segments.size(), 2U);
  EXPECT_EQ(recording->segments[1].first_sample, 80U);
  EXPECT_EQ(recording->segments[1].discontinuity, Discontinuity::Gap);
  EXPECT_NEAR(recording->segments[1].start.to_seconds(), 60.0, 1e-6);
  std::vector<float> samples(160);
  recording->samples->read_analog(1, 0, samples);
  EXPECT_EQ(samples[79], 794.0F / 8.0F);
  EXPECT_EQ(samples[80], samples[0]);
  EXPECT_EQ(samples[159], 794.0F / 8.0F);
}

TEST_F(Answers, AStoreThatCannotBeReadIsNoMissingName) {
  history.broken = true;
  const Response response = ask("/api/v1/meters/feeder-1/disturbances/7/waveform");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.front().first, "Retry-After");
}

TEST_F(Answers, HealthIsThatOfItsWorstPart) {
  EXPECT_EQ(json("/api/v1/health")["status"], "ok");
  directory.list[1]->set_status(fleet::MeterState::Failed, "out of memory");
  const Json one = json("/api/v1/health");
  EXPECT_EQ(one["status"], "degraded");
  EXPECT_EQ(one["checks"][1]["status"], "failing");
  EXPECT_EQ(one["checks"][1]["message"], "out of memory");
  directory.list[0]->set_status(fleet::MeterState::Failed, "");
  EXPECT_EQ(json("/api/v1/health")["status"], "failing");
  directory.list[0]->set_status(fleet::MeterState::Measuring, "samples are marked as a test");
  EXPECT_EQ(json("/api/v1/health")["checks"][0]["status"], "degraded");
  directory.list[0]->set_status(fleet::MeterState::Measuring, "");
  directory.list[1]->set_status(fleet::MeterState::Ended, "");
  history.store.writable = false;
  history.store.message = "the disk is full";
  const Json store = json("/api/v1/health");
  EXPECT_EQ(store["status"], "failing");
  EXPECT_EQ(store["store"]["message"], "the disk is full");
  history.store = {};
  // What could not be stored stays to be seen after the disk has recovered.
  history.store.dropped_records = 12;
  const Json dropped = json("/api/v1/health");
  EXPECT_EQ(dropped["status"], "degraded");
  EXPECT_NE(dropped["checks"][2]["message"].get<std::string>().find("12 records"),
            std::string::npos);
  history.store = {};
  setup.more_checks = [] {
    return std::vector<HealthCheck>{
        {.name = "modbus", .status = HealthCheck::Status::Degraded, .message = "port in use"}};
  };
  EXPECT_EQ(json("/api/v1/health")["status"], "degraded");
}

TEST_F(Answers, AProcessWithoutStoreSaysSo) {
  api.history = nullptr;
  EXPECT_EQ(json("/api/v1/health")["store"], nullptr);
  refused("/api/v1/events", 503, "no history");
  refused("/api/v1/meters/feeder-1/logs", 503, "no history");
  refused("/api/v1/meters/feeder-1/disturbances/7/waveform", 503, "no history");
}

TEST_F(Answers, MetricsAreInBaseUnitsAndLeaveOutWhatIsNotAvailable) {
  const std::string text = ask("/metrics").body;
  EXPECT_NE(text.find("halfcycle_active_power_watts{meter=\"feeder-1\",phase=\"total\"} 12500\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("halfcycle_active_power_watts{meter=\"feeder-2\""), std::string::npos);
  EXPECT_NE(text.find("halfcycle_samples_total{meter=\"feeder-2\"} 40000\n"), std::string::npos);
  EXPECT_NE(text.find("halfcycle_store_commit_seconds 0.004\n"), std::string::npos);
  // Each family is declared once, before its samples, and no line is anything else.
  std::set<std::string> declared;
  std::string family;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(declared.insert(family).second) << family;
    } else if (!line.starts_with("# HELP ")) {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family) << line;
      EXPECT_EQ(family.ends_with("_total"),
                text.find("# TYPE " + family + " counter") != std::string::npos);
    }
  }
}

// ── The document against the routes, and answers against the document ─────────────────────────

/// Says where `value` differs from the schema, "" if nowhere. Collects the fields that occurred.
class Checker {
 public:
  explicit Checker(const Json& document) : schemas_(document["components"]["schemas"]) {}

  void check(const Json& value, const Json& schema, const std::string& where) {
    if (schema.contains("$ref")) {
      const auto name = schema["$ref"].get<std::string>().substr(21);
      ASSERT_TRUE(schemas_.contains(name)) << name;
      return check_object(value, schemas_[name], name, where);
    }
    if (value.is_null()) {
      EXPECT_TRUE(schema.value("nullable", false)) << where << " is null";
      return;
    }
    if (schema.contains("allOf")) {
      return check(value, schema["allOf"][0], where);
    }
    if (schema.contains("oneOf")) {
      EXPECT_TRUE(value.is_number() || value.is_string() || value.is_array()) << where;
      return;
    }
    const auto type = schema["type"].get<std::string>();
    if (type == "array") {
      ASSERT_TRUE(value.is_array()) << where;
      for (const Json& item : value) {
        check(item, schema["items"], where + "[]");
      }
    } else if (type == "object") {
      ASSERT_TRUE(value.is_object()) << where;
      for (const auto& [name, member] : value.items()) {
        check(member, schema["additionalProperties"], where + "." + name);
      }
    } else {
      const bool fits = type == "string"    ? value.is_string()
                        : type == "integer" ? value.is_number_unsigned()
                        : type == "number"  ? value.is_number()
                                            : value.is_boolean();
      EXPECT_TRUE(fits) << where << " is no " << type << ": " << value;
      if (schema.value("format", "") == "date-time") {
        EXPECT_TRUE(parse_iso8601(value.get<std::string>())) << where << ": " << value;
      }
    }
  }
  /// "Schema.field" of all that were seen.
  std::set<std::string> seen;

 private:
  void check_object(const Json& value, const Json& schema, const std::string& name,
                    const std::string& where) {
    ASSERT_TRUE(value.is_object()) << where;
    for (const Json& required : schema["required"]) {
      EXPECT_TRUE(value.contains(required.get<std::string>())) << where << " lacks " << required;
    }
    for (const auto& [field, member] : value.items()) {
      ASSERT_TRUE(schema["properties"].contains(field))
          << where << ": " << field << " is undocumented";
      seen.insert(name + "." + field);
      check(member, schema["properties"][field], where + "." + field);
    }
  }
  const Json& schemas_;
};

TEST_F(Answers, AreAsTheOpenApiDocumentSaysFieldByField) {
  const Json document = json("/api/v1/openapi.json");
  const std::map<std::string, std::string> kNames{
      {"{meter}", "feeder-1"}, {"{log}", "Trends%20%2F%201"}, {"{disturbance}", "7"}};
  Checker checker(document);
  std::size_t operations = 0;
  for (const auto& [pattern, item] : document["paths"].items()) {
    ASSERT_EQ(item.size(), 1U) << pattern;
    ++operations;
    if (!item.contains("get") || !item["get"]["responses"].contains("200")) {
      continue;  // an upload, the stream: see the tests of the server
    }
    std::string target = pattern;
    for (const auto& [brace, value] : kNames) {
      if (const std::size_t at = target.find(brace); at != std::string::npos) {
        target.replace(at, brace.size(), value);
      }
    }
    const Response response = ask(target);
    EXPECT_EQ(response.status, 200) << target;
    const Json& content = item["get"]["responses"]["200"]["content"];
    const std::string type = response.content_type.substr(0, response.content_type.find(';'));
    ASSERT_TRUE(content.contains(type)) << target << ": " << type;
    if (type == "application/json" && pattern != "/api/v1/openapi.json") {
      checker.check(Json::parse(response.body), content[type]["schema"], target);
    }
    // Its parameters are those that the route takes, with a default within their bounds.
    for (const Json& parameter : item["get"]["parameters"]) {
      if (parameter["in"] == "query" && parameter["schema"].contains("default")) {
        const std::string query = "?" + parameter["name"].get<std::string>() + "=" +
                                  parameter["schema"]["default"].dump();
        EXPECT_EQ(ask(target + query).status, 200) << target << query;
      }
    }
  }
  EXPECT_EQ(operations, routes().size());
  // Every documented field occurs in an answer.
  for (const SchemaSpec& schema : schemas()) {
    for (const FieldSpec& field : schema.fields) {
      const std::string name = std::string(schema.name) + "." + std::string(field.name);
      EXPECT_TRUE(schema.name == "Error" || checker.seen.contains(name)) << name;
    }
  }
}

TEST_F(Answers, TheDocumentOfEachRouteNamesItsPathParameters) {
  const Json document = json("/api/v1/openapi.json");
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  std::set<std::string> operations;
  for (const Route& route : routes()) {
    const char* method = route.method == Method::Post ? "post" : "get";
    const Json& item = document["paths"][std::string(route.pattern)][method];
    EXPECT_TRUE(operations.insert(item["operationId"]).second) << route.operation;
    for (const Json& parameter : item["parameters"]) {
      if (parameter["in"] == "path") {
        EXPECT_NE(route.pattern.find("{" + parameter["name"].get<std::string>() + "}"),
                  std::string_view::npos);
      }
    }
  }
}

TEST(Page, OfTheApiListsTheRoutesAsTheyAre) {
  const std::string file = std::string(HC_SOURCE_DIR) + "/docs/api.md";
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string table = "| address | answers |\n|---|---|\n";
  for (const Route& route : routes()) {
    table += std::string("| `") + (route.method == Method::Post ? "POST " : "GET ") +
             std::string(route.pattern);
    std::string query;
    for (const ParameterSpec& parameter : route.parameters) {
      query += (query.empty() ? "?" : "&") + std::string(parameter.name) + "=";
    }
    table += query + "` | " + std::string(route.summary) + " |\n";
  }
  const std::size_t begin = text.find("-->\n", text.find("<!-- routes:")) + 4;
  const std::size_t end = text.find("<!-- end of routes -->");
  ASSERT_LE(begin, end);
  if (std::getenv("UPDATE_DOCS") != nullptr) {
    std::ofstream(file) << text.substr(0, begin) << table << text.substr(end);
  } else {
    EXPECT_EQ(text.substr(begin, end - begin), table);
  }
}

// ── Files of the page ─────────────────────────────────────────────────────────────────────────

std::string gzip(std::string_view text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Asset, ComesCompressedOrPlainAndOnlyWhenItChanged) {
  const std::string bytes = gzip("<!DOCTYPE html>");
  WebSetup setup;
  setup.assets = {{.path = "/", .content_type = "text/html", .gzip = bytes, .etag = "\"a1\""},
                  {.path = "/assets/x-1.js",
                   .content_type = "text/javascript",
                   .gzip = bytes,
                   .etag = "\"b1\"",
                   .immutable = true}};
  const auto ask = [&](std::string_view path, std::string_view name, std::string_view value) {
    Request request;
    request.target = parse_target(path).value();
    request.headers.emplace_back(name, value);
    return asset_response(setup, request);
  };
  EXPECT_EQ(ask("/", "accept-encoding", "gzip, br")->content(), bytes);
  EXPECT_EQ(ask("/?x=1", "accept", "*/*")->content(), "<!DOCTYPE html>");
  EXPECT_EQ(ask("/", "if-none-match", "\"a1\"")->status, 304);
  EXPECT_EQ(ask("/", "if-none-match", "\"a2\"")->status, 200);
  EXPECT_FALSE(ask("/assets/../", "accept", "*/*"));
  const auto script = ask("/assets/x-1.js", "accept", "*/*");
  EXPECT_NE(script->headers[1].second.find("immutable"), std::string::npos);
}

}  // namespace
}  // namespace halfcycle::web
