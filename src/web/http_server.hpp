// SPDX-License-Identifier: Apache-2.0
// The HTTPS and WebSocket server. All of Boost.Beast and of TLS is in the .cpp.
//
//   auto server = HttpServer::start(setup, io, directory, &history, log);   // Result<unique_ptr>
//   io.run();                                                // on one thread, the caller's
//
// Threads: start(), stop() and the destructor are called on the thread that runs `io`, or while
// none runs it. The directory, the history and the log outlive the server; handlers that are still
// queued in `io` after that do not touch them.
// Memory is bounded: connections, bodies, subscriptions and waiting questions all have limits
// (WebLimits), and a client that does not read is sent nothing more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "fleet/live_meter.hpp"
#include "recorder/history.hpp"
#include "web/setup.hpp"

namespace boost::asio {
class io_context;
}

namespace halfcycle::web {

class HttpServer {
 public:
  /// `history` may be null: a process without a store.
  /// Errors: InvalidSetup (an address that is none or that others can reach without allow_remote;
  /// half a certificate), Machine (port in use or not allowed, certificate cannot be kept),
  /// InvalidInput (a damaged or ended certificate).
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const WebSetup& setup,
                                                                 boost::asio::io_context& io,
                                                                 const fleet::Directory& directory,
                                                                 const recorder::History* history,
                                                                 Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Takes no more connections and closes those that are open. The destructor does it too.
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  /// "https://127.0.0.1:8443/"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] const std::string& certificate_file() const;
  [[nodiscard]] const std::string& fingerprint() const;
  [[nodiscard]] const ServerStatistics& statistics() const;

  class Core;  ///< in the .cpp
  explicit HttpServer(std::shared_ptr<Core> core);

 private:
  // Shared with the connections, which live in the io_context's queue.
  std::shared_ptr<Core> core_;
};

}  // namespace halfcycle::web
