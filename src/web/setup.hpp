// SPDX-License-Identifier: Apache-2.0
// What a web server is told when it starts, and what it counts while it runs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace halfcycle::web {

/// A file of the page, embedded in the program.
struct StaticAsset {
  std::string_view path;  ///< "/", "/app.js", …
  std::string_view content_type;
  std::string_view gzip;   ///< compressed bytes
  std::string_view etag;   ///< with its quotes
  bool immutable = false;  ///< the path names the content: cached for good; else revalidated
};

struct UploadedFile {
  std::string_view name;   ///< as the sender calls it: any bytes; never a path to be opened
  std::string_view bytes;  ///< valid during the call
};

enum class AnalysisFormat : std::uint8_t { Html, Json };

struct AnalysisUpload {
  std::span<const UploadedFile> files;
  /// Other fields of the form, e.g. {"nominal_voltage", "230"}.
  std::span<const std::pair<std::string, std::string>> options;
  AnalysisFormat format = AnalysisFormat::Html;
  std::function<bool()> stop;  ///< true: give up (Interrupted)
};

struct AnalysisAnswer {
  std::string content;
  /// Content security policy of an HTML document; empty for JSON.
  std::string content_policy;
};

/// Measures the uploaded recording. Called on a thread of its own, one call at a time.
using Analyzer = std::function<Result<AnalysisAnswer>(const AnalysisUpload&)>;

struct HealthCheck {
  std::string name;
  enum class Status : std::uint8_t { Ok, Degraded, Failing } status = Status::Ok;
  std::string message;
};

struct WebLimits {
  std::size_t max_connections = 2000;
  std::size_t max_body_bytes = std::size_t{1} << 20U;
  std::size_t max_upload_bytes = std::size_t{64} << 20U;
  std::size_t max_subscriptions = 32;  ///< of one connection
  std::size_t max_labels = 2000;       ///< of all subscriptions of one connection
  std::size_t worker_threads = 2;      ///< for questions to the store
  std::size_t worker_queue = 64;       ///< questions that wait; more are refused (503)
  double handshakes_per_second = 100;  ///< more wait; a handshake costs about 1.5 ms of a core
  double idle_seconds = 75;            ///< between two requests of a connection
  double request_seconds = 10;         ///< from the first to the last byte of a header
  double body_seconds = 120;           ///< for a body
  double write_seconds = 60;           ///< without one byte being taken
  double analysis_seconds = 300;       ///< for one uploaded recording
};

struct WebSetup {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8443;  ///< 0: any free one
  /// There is no login: an address that other machines can reach is refused without this.
  bool allow_remote = false;
  std::vector<std::string> allowed_hosts;  ///< further names by which this server may be called
  std::string data_folder;                 ///< where the certificate is made and kept
  std::string certificate_file;            ///< PEM, both or none: in place of the own certificate
  std::string key_file;
  std::string version;  ///< of the program
  std::vector<StaticAsset> assets;
  /// Sources that the page's policy allows besides its own files: "'sha256-…'".
  std::string script_sources;
  std::string style_sources;
  Analyzer analyzer;  ///< none: POST /api/v1/analyze is refused
  /// What other parts of the program have to say in /api/v1/health. Called on the I/O thread.
  std::function<std::vector<HealthCheck>()> more_checks;
  WebLimits limits;
};

/// Counters since the start; written by the server, read by /metrics and /api/v1/health.
struct ServerStatistics {
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> connections{0};  ///< open now
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};  ///< over the limit
  std::atomic<std::uint64_t> timed_out{0};
  std::atomic<std::uint64_t> tls_failures{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> client_errors{0};  ///< answers 4xx
  std::atomic<std::uint64_t> server_errors{0};  ///< answers 5xx
  std::atomic<std::uint64_t> websockets{0};     ///< open now
  std::atomic<std::uint64_t> subscriptions{0};  ///< alive now
  std::atomic<std::uint64_t> frames_sent{0};
  std::atomic<std::uint64_t> bytes_sent{0};
};

}  // namespace halfcycle::web
