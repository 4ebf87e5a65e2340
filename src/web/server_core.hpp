// SPDX-License-Identifier: Apache-2.0
// What the sources of the server share: sockets of Asio, and the server as its connections see it.
// Plain callbacks, each naming its member function: they compile in a third of the time of
// coroutines and show in a debugger.
// Everything belongs to the I/O thread unless it says otherwise.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "web/access_check.hpp"
#include "web/certificate.hpp"
#include "web/http_server.hpp"
#include "web/routes.hpp"
#include "web/stream.hpp"
#include "web/worker_pool.hpp"

namespace halfcycle::web {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCodeOfAsio = boost::system::error_code;
// The concrete executor: the polymorphic one costs compile time and an indirection.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

inline SteadyTime steady_now() { return std::chrono::steady_clock::now(); }
inline std::chrono::steady_clock::duration seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}
[[nodiscard]] Instant utc_now();

/// A connection as the server keeps it. It is owned by its pending handler, and enters and leaves
/// Core::connections by itself.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  [[nodiscard]] virtual bool late(SteadyTime now) const = 0;
  /// At once; pending operations end with an error.
  virtual void abort() = 0;
  /// The server stops.
  virtual void leave() = 0;
};
/// `refused`: over the limit, to be told so.
void start_connection(std::shared_ptr<HttpServer::Core> core, Socket socket, bool refused);

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(const WebSetup& given, asio::io_context& context, const fleet::Directory& directory,
       const recorder::History* history, Log& sink)
      : setup(given),
        names(server_names(setup)),
        policy(page_policy(setup)),
        api{.directory = directory,
            .history = history,
            .statistics = statistics,
            .setup = setup,
            .now = utc_now},
        feed(history),
        io(context),
        log(sink),
        workers(setup.limits.worker_threads, setup.limits.worker_queue),
        analysis(1, 1),
        acceptor_(context),
        accept_timer_(context),
        sweep_timer_(context),
        feed_timer_(context) {}

  Result<void> listen();
  void run();
  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] Result<Certificate> find_certificate() const;

  const WebSetup setup;
  const ServerNames names;
  const std::string policy;
  ServerStatistics statistics;
  const Api api;
  RecordFeed feed;
  asio::io_context& io;
  Log& log;
  WorkerPool workers;
  WorkerPool analysis;
  std::atomic<bool> give_up_analysis{false};
  bool uploading = false;  // one recording at a time, from its first byte on
  std::unordered_set<OpenConnection*> connections;
  Certificate certificate;
  std::shared_ptr<asio::ssl::context> tls;
  std::uint16_t port = 0;

 private:
  void accept();
  void wait_and_accept(std::chrono::steady_clock::duration wait);
  void accepted(const ErrorCodeOfAsio& error, Socket socket);
  void sweep();
  void poll_feed();
  void check_certificate();

  Acceptor acceptor_;
  Timer accept_timer_;
  Timer sweep_timer_;
  Timer feed_timer_;
  double tokens_ = 0.0;  // handshakes that may begin now
  SteadyTime tokens_at_;
  SteadyTime certificate_checked_;
  bool limit_said_ = false;
  bool accept_error_said_ = false;
  bool stopped_ = false;
};

}  // namespace halfcycle::web
