// SPDX-License-Identifier: Apache-2.0
// Answers about the process itself: health, counters for monitoring, files of the page.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/format.hpp"
#include "web/json_values.hpp"
#include "web/routes.hpp"

namespace halfcycle::web {
namespace {

using Status = HealthCheck::Status;

std::string_view name(Status status) {
  return status == Status::Ok ? "ok" : status == Status::Degraded ? "degraded" : "failing";
}

HealthCheck check_of(const fleet::LiveMeter& meter) {
  const fleet::MeterStatus status = meter.status();
  HealthCheck check{
      .name = "meter " + meter.identity().id, .status = Status::Ok, .message = status.message};
  if (status.state == fleet::MeterState::Failed) {
    check.status = Status::Failing;
  } else if (status.state == fleet::MeterState::SourceLost || !status.time_quality.clock_ok ||
             (status.state == fleet::MeterState::Measuring && !status.message.empty())) {
    check.status = Status::Degraded;
  }
  if (check.message.empty() && check.status != Status::Ok) {
    check.message = status.state == fleet::MeterState::SourceLost ? "the source delivers nothing"
                    : status.state == fleet::MeterState::Failed
                        ? "measuring has ended"
                        : "the clock is not within its limit of UTC";
  }
  return check;
}

std::vector<HealthCheck> checks_of(const Api& api) {
  std::vector<HealthCheck> checks;
  for (const auto& meter : api.directory.meters()) {
    checks.push_back(check_of(*meter));
  }
  if (api.history != nullptr) {
    const recorder::StoreHealth store = api.history->health();
    HealthCheck check{.name = "store", .status = Status::Ok, .message = store.message};
    if (!store.writable) {
      check.status = Status::Failing;
    } else if (!store.message.empty()) {
      check.status = Status::Degraded;
    } else if (store.dropped_records != 0) {
      check.status = Status::Degraded;
      check.message = format(
          "{} records could not be stored since the start; the log says why, logs have gaps there",
          store.dropped_records);
    }
    checks.push_back(std::move(check));
  }
  const std::uint64_t open = api.statistics.connections.load(std::memory_order_relaxed);
  HealthCheck web{.name = "web", .status = Status::Ok, .message = {}};
  if (open >= api.setup.limits.max_connections) {
    web.status = Status::Degraded;
    web.message =
        format("{} connections are open, the most that are allowed; more are refused", open);
  }
  checks.push_back(std::move(web));
  if (api.setup.more_checks) {
    for (HealthCheck& check : api.setup.more_checks()) {
      checks.push_back(std::move(check));
    }
  }
  return checks;
}

// A single failing meter of many is no failing process.
Status worst(const std::vector<HealthCheck>& checks) {
  const auto is = [](Status status) {
    return [status](const HealthCheck& check) { return check.status == status; };
  };
  const auto is_meter = [](const HealthCheck& check) { return check.name.starts_with("meter "); };
  const auto failing_meter = [&](const HealthCheck& check) {
    return is_meter(check) && check.status == Status::Failing;
  };
  const auto meters = std::count_if(checks.begin(), checks.end(), is_meter);
  const bool all_meters =
      meters > 0 && std::count_if(checks.begin(), checks.end(), failing_meter) == meters;
  const bool other = std::any_of(checks.begin(), checks.end(), [&](const HealthCheck& check) {
    return !is_meter(check) && check.status == Status::Failing;
  });
  if (all_meters || other) {
    return Status::Failing;
  }
  return std::all_of(checks.begin(), checks.end(), is(Status::Ok)) ? Status::Ok : Status::Degraded;
}

void write_store(JsonWriter& json, const recorder::StoreHealth& store) {
  json.begin_object();
  json.key("writable").boolean(store.writable);
  json.key("message").string(store.message);
  json.key("check").string(store.check);
  json.key("path").string(store.path);
  json.key("bytes").integer(store.bytes);
  json.key("max_bytes").integer(store.max_bytes);
  json.key("pending_bytes").integer(store.pending_bytes);
  json.key("dropped_records").integer(store.dropped_records);
  json.key("last_commit_s").number(store.last_commit_seconds);
  json.end_object();
}

std::uint64_t value(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

double uptime_seconds(const ServerStatistics& statistics) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - statistics.started)
      .count();
}

// ── Metrics ───────────────────────────────────────────────────────────────────────────────────

struct Metric {
  std::string_view name;  ///< in the base unit, as Prometheus wants it
  std::string_view type;  ///< gauge or counter
  std::string_view help;
  double factor;  ///< metric = register × factor
  struct Series {
    std::string_view label;    ///< of the register
    std::string_view members;  ///< further labels of the series
  };
  std::span<const Series> series;
};

using Series = Metric::Series;
constexpr std::array kVoltages{
    Series{"Vln a", R"(,phase="a")"},   Series{"Vln b", R"(,phase="b")"},
    Series{"Vln c", R"(,phase="c")"},   Series{"Vll ab", R"(,phase="ab")"},
    Series{"Vll bc", R"(,phase="bc")"}, Series{"Vll ca", R"(,phase="ca")"}};
constexpr std::array kCurrents{Series{"I a", R"(,phase="a")"}, Series{"I b", R"(,phase="b")"},
                               Series{"I c", R"(,phase="c")"}, Series{"I 4", R"(,phase="n")"}};
constexpr std::array kFrequency{Series{"Freq", ""}};
constexpr std::array kActive{Series{"kW a", R"(,phase="a")"}, Series{"kW b", R"(,phase="b")"},
                             Series{"kW c", R"(,phase="c")"},
                             Series{"kW tot", R"(,phase="total")"}};
constexpr std::array kReactive{Series{"kVAR tot", R"(,phase="total")"}};
constexpr std::array kApparent{Series{"kVA tot", R"(,phase="total")"}};
constexpr std::array kFactor{Series{"PF sign tot", ""}};
constexpr std::array kActiveEnergy{Series{"kWh del", R"(,direction="delivered")"},
                                   Series{"kWh rec", R"(,direction="received")"}};
constexpr std::array kReactiveEnergy{Series{"kVARh del", R"(,direction="delivered")"},
                                     Series{"kVARh rec", R"(,direction="received")"}};
constexpr std::array kThd{Series{"V1 THD", R"(,input="V1")"}, Series{"V2 THD", R"(,input="V2")"},
                          Series{"V3 THD", R"(,input="V3")"}, Series{"I1 THD", R"(,input="I1")"},
                          Series{"I2 THD", R"(,input="I2")"}, Series{"I3 THD", R"(,input="I3")"}};
constexpr std::array kUnbalance{Series{"Vunbal u2", R"(,component="negative")"},
                                Series{"Vunbal u0", R"(,component="zero")"}};
constexpr std::array kFlicker{Series{"V1 Pst", R"(,input="V1")"},
                              Series{"V2 Pst", R"(,input="V2")"},
                              Series{"V3 Pst", R"(,input="V3")"}};
constexpr std::array kMetrics{
    Metric{"halfcycle_voltage_volts", "gauge", "True r.m.s. voltage", 1.0, kVoltages},
    Metric{"halfcycle_current_amperes", "gauge", "True r.m.s. current", 1.0, kCurrents},
    Metric{"halfcycle_frequency_hertz", "gauge", "Frequency of the system", 1.0, kFrequency},
    Metric{"halfcycle_active_power_watts", "gauge", "Active power", 1e3, kActive},
    Metric{"halfcycle_reactive_power_vars", "gauge", "Reactive power", 1e3, kReactive},
    Metric{"halfcycle_apparent_power_voltamperes", "gauge", "Apparent power", 1e3, kApparent},
    Metric{"halfcycle_power_factor_ratio", "gauge", "Signed power factor, total", 1.0, kFactor},
    Metric{"halfcycle_active_energy_watthours_total", "counter", "Active energy", 1e3,
           kActiveEnergy},
    Metric{"halfcycle_reactive_energy_varhours_total", "counter", "Reactive energy", 1e3,
           kReactiveEnergy},
    Metric{"halfcycle_harmonic_distortion_ratio", "gauge", "Total harmonic distortion", 1e-2, kThd},
    Metric{"halfcycle_voltage_unbalance_ratio", "gauge", "Voltage unbalance", 1e-2, kUnbalance},
    Metric{"halfcycle_flicker_pst", "gauge", "Short-term flicker severity", 1.0, kFlicker}};

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

/// A value of a label: backslash, quote and line feed are escaped.
std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') {
      out += '\\';
    }
    out += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
  }
  return out;
}

void registers_metrics(std::string& out,
                       const std::vector<std::shared_ptr<fleet::LiveMeter>>& meters) {
  for (const Metric& metric : kMetrics) {
    bool headed = false;
    for (const auto& meter : meters) {
      const graph::Graph& graph = meter->graph();
      for (const Series& series : metric.series) {
        const auto ref = graph.compiled().look_up(series.label);
        if (!ref) {
          continue;
        }
        const double number = graph.read(*ref).number();
        if (!std::isfinite(number)) {
          continue;
        }
        if (!headed) {
          head(out, metric.name, metric.type, metric.help);
          headed = true;
        }
        out += format("{}{{meter=\"{}\"{}}} {}\n", metric.name, label_value(meter->identity().id),
                      series.members, number * metric.factor);
      }
    }
  }
}

void meters_metrics(std::string& out,
                    const std::vector<std::shared_ptr<fleet::LiveMeter>>& meters) {
  std::vector<fleet::MeterStatus> states;
  for (const auto& meter : meters) {
    states.push_back(meter->status());
  }
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto&& of) {
    head(out, name, type, help);
    for (std::size_t i = 0; i < meters.size(); ++i) {
      out += format("{}{{meter=\"{}\"}} {}\n", name, label_value(meters[i]->identity().id),
                    of(states[i]));
    }
  };
  using fleet::MeterStatus;
  each("halfcycle_meter_measuring", "gauge", "1 while the meter measures",
       [](const MeterStatus& s) { return s.state == fleet::MeterState::Measuring ? 1 : 0; });
  each("halfcycle_samples_total", "counter", "Samples measured",
       [](const MeterStatus& s) { return s.samples; });
  each("halfcycle_gaps_total", "counter", "Gaps in the samples",
       [](const MeterStatus& s) { return s.gaps; });
  each("halfcycle_dropped_samples_total", "counter", "Samples lost because the process was late",
       [](const MeterStatus& s) { return s.dropped_samples; });
  each("halfcycle_lag_seconds", "gauge", "How far the meter is behind its source",
       [](const MeterStatus& s) { return s.lag_seconds; });
  each("halfcycle_clock_ok", "gauge", "1 while the clock is within its limit of UTC",
       [](const MeterStatus& s) { return s.time_quality.clock_ok ? 1 : 0; });
  each("halfcycle_clock_uncertainty_seconds", "gauge", "Uncertainty of the clock",
       [](const MeterStatus& s) { return s.time_quality.uncertainty_seconds; });
}

template <class Number>
void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            Number number) {
  head(out, name, type, help);
  out += format("{} {}\n", name, number);
}

void process_metrics(std::string& out, const Api& api) {
  single(out, "halfcycle_uptime_seconds", "gauge", "Since the server started",
         uptime_seconds(api.statistics));
  if (api.history != nullptr) {
    const recorder::StoreHealth store = api.history->health();
    single(out, "halfcycle_store_writable", "gauge", "1 while the store can be written",
           store.writable ? 1 : 0);
    single(out, "halfcycle_store_bytes", "gauge", "Size of the store", store.bytes);
    single(out, "halfcycle_store_pending_bytes", "gauge", "Waiting in memory", store.pending_bytes);
    single(out, "halfcycle_store_dropped_records_total", "counter",
           "Records that could not be kept", store.dropped_records);
    single(out, "halfcycle_store_commit_seconds", "gauge", "Duration of the latest commit",
           store.last_commit_seconds);
  }
  const ServerStatistics& s = api.statistics;
  single(out, "halfcycle_web_connections", "gauge", "Open connections", value(s.connections));
  single(out, "halfcycle_web_connections_total", "counter", "Connections taken", value(s.accepted));
  single(out, "halfcycle_web_refused_total", "counter", "Connections over the limit",
         value(s.refused));
  single(out, "halfcycle_web_timeouts_total", "counter", "Connections closed as too slow",
         value(s.timed_out));
  single(out, "halfcycle_web_tls_failures_total", "counter", "Connections that spoke no good TLS",
         value(s.tls_failures));
  single(out, "halfcycle_web_requests_total", "counter", "Requests answered", value(s.requests));
  single(out, "halfcycle_web_client_errors_total", "counter", "Answers 4xx",
         value(s.client_errors));
  single(out, "halfcycle_web_server_errors_total", "counter", "Answers 5xx",
         value(s.server_errors));
  single(out, "halfcycle_web_websockets", "gauge", "Open WebSockets", value(s.websockets));
  single(out, "halfcycle_web_subscriptions", "gauge", "Subscriptions", value(s.subscriptions));
  single(out, "halfcycle_web_frames_total", "counter", "WebSocket frames sent",
         value(s.frames_sent));
  single(out, "halfcycle_web_sent_bytes_total", "counter", "Bytes of answers and frames",
         value(s.bytes_sent));
}

/// The contents of a gzip file of this program; sizes are small and known to be sane.
std::string inflate(std::string_view gzip) {
  z_stream stream{};
  constexpr int kGzip = 16;
  if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK) {
    return {};
  }
  std::string out;
  std::array<char, 16384> piece;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END ? out : std::string();
}

}  // namespace

std::string metrics_text(const Api& api) {
  std::string out;
  const auto meters = api.directory.meters();
  registers_metrics(out, meters);
  meters_metrics(out, meters);
  process_metrics(out, api);
  return out;
}

std::optional<Response> asset_response(const WebSetup& setup, const Request& request) {
  const auto found =
      std::find_if(setup.assets.begin(), setup.assets.end(),
                   [&](const StaticAsset& asset) { return asset.path == request.target.path; });
  if (found == setup.assets.end()) {
    return std::nullopt;
  }
  Response response;
  response.content_type = found->content_type;
  response.headers.emplace_back("ETag", found->etag);
  response.headers.emplace_back(
      "Cache-Control", found->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (lists(request.header("if-none-match"), found->etag)) {
    response.status = 304;
    return response;
  }
  if (lists(request.header("accept-encoding"), "gzip")) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.fixed_body = found->gzip;
  } else {
    response.body = inflate(found->gzip);
  }
  return response;
}

namespace routes_of_api {

Response health(const Call& call) {
  const Api& api = call.api;
  const std::vector<HealthCheck> checks = checks_of(api);
  const ServerStatistics& s = api.statistics;
  JsonWriter json;
  json.begin_object();
  json.key("status").string(name(worst(checks)));
  json.key("version").string(api.setup.version);
  json.key("uptime_s").number(std::floor(uptime_seconds(s) * 1e3) / 1e3);
  json.key("time").time(api.now());
  json.key("checks").begin_list();
  for (const HealthCheck& check : checks) {
    json.begin_object();
    json.key("name").string(check.name);
    json.key("status").string(name(check.status));
    json.key("message").string(check.message);
    json.end_object();
  }
  json.end_list();
  json.key("store");
  if (api.history != nullptr) {
    write_store(json, api.history->health());
  } else {
    json.null();
  }
  json.key("connections").begin_object();
  json.key("open").integer(value(s.connections));
  json.key("limit").integer(api.setup.limits.max_connections);
  json.key("refused").integer(value(s.refused));
  json.key("timed_out").integer(value(s.timed_out));
  json.key("websockets").integer(value(s.websockets));
  json.key("subscriptions").integer(value(s.subscriptions));
  json.key("requests").integer(value(s.requests));
  json.end_object();
  json.end_object();
  return json_response(json);
}

Response openapi(const Call& call) {
  Response response;
  response.body = openapi_document(call.api.setup.version);
  return response;
}

Response metrics(const Call& call) {
  Response response;
  response.content_type = call.route.content_type;
  response.body = metrics_text(call.api);
  return response;
}

}  // namespace routes_of_api
}  // namespace halfcycle::web
