// SPDX-License-Identifier: Apache-2.0
// Listening, accepting and housekeeping.
#include "web/http_server.hpp"

#include <openssl/ssl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/address.hpp"
#include "base/format.hpp"
#include "web/server_core.hpp"

namespace halfcycle::web {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRefusalConnections = 32;  // over the limit, to be told so
constexpr auto kSweep = milliseconds(500);
constexpr auto kFeed = milliseconds(50);
constexpr auto kCertificateCheck = std::chrono::hours(1);

int select_http_1_1(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void* /*context*/) {
  static constexpr std::array<unsigned char, 9> kProtocol{8,   'h', 't', 't', 'p',
                                                          '/', '1', '.', '1'};
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocol.data(), kProtocol.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<asio::ssl::context>> make_context(const Certificate& certificate) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep no buffers
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(native, select_http_1_1, nullptr);
  ErrorCodeOfAsio error;
  context->use_certificate_chain(
      asio::buffer(certificate.chain_pem.data(), certificate.chain_pem.size()), error);
  if (!error) {
    context->use_private_key(asio::buffer(certificate.key_pem.data(), certificate.key_pem.size()),
                             asio::ssl::context::pem, error);
  }
  if (error) {
    return fail(ErrorCode::InvalidInput, "{}: cannot be used for TLS: {}", certificate.file,
                error.message());
  }
  return context;
}

}  // namespace

Instant utc_now() {
  return Instant::from_unix_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

Result<Certificate> HttpServer::Core::find_certificate() const {
  if (!setup.certificate_file.empty() || !setup.key_file.empty()) {
    return load_certificate(setup.certificate_file, setup.key_file, utc_now());
  }
  return own_certificate(setup.data_folder, names.names, names.addresses, utc_now());
}

Result<void> HttpServer::Core::listen() {
  const std::string text = setup.address == "localhost" ? "127.0.0.1" : setup.address;
  ErrorCodeOfAsio error;
  const auto address = asio::ip::make_address(text, error);
  if (error) {
    return fail(ErrorCode::InvalidSetup,
                "web: '{}' is no address to listen on; use 127.0.0.1 or ::1", setup.address);
  }
  if (!is_loopback(text) && !setup.allow_remote) {
    return fail(
        ErrorCode::InvalidSetup,
        "web: {} can be reached from other machines, and there is no login yet; listen on "
        "127.0.0.1 and come through an SSH tunnel (docs/api.md), or set allow_remote = true",
        setup.address);
  }
  const tcp::endpoint endpoint(address, setup.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(Acceptor::reuse_address(true), error);
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }
  if (!error) {
    acceptor_.non_blocking(true, error);
  }
  if (error) {
    return fail(ErrorCode::Machine, "web: cannot listen on {} port {}: {}{}", setup.address,
                setup.port, error.message(),
                error == asio::error::address_in_use
                    ? "; is another halfcycle running? Choose another port"
                : error == asio::error::access_denied
                    ? "; ports below 1024 need a privilege, choose a higher one"
                    : "");
  }
  port = acceptor_.local_endpoint(error).port();
  return {};
}

// Each connection is an open file; the usual soft limit of 1024 is below the limit of connections.
void raise_file_limit(std::size_t connections) {
  constexpr std::size_t kOthers = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + kOthers) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, connections + kOthers);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void HttpServer::Core::run() {
  raise_file_limit(setup.limits.max_connections);
  tokens_ = setup.limits.handshakes_per_second;
  tokens_at_ = steady_now();
  certificate_checked_ = tokens_at_;
  accept();
  sweep();
  poll_feed();
}

void HttpServer::Core::stop() {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  give_up_analysis = true;
  workers.stop();
  analysis.stop();
  ErrorCodeOfAsio ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  sweep_timer_.cancel();
  feed_timer_.cancel();
  // Ending one may destroy it at once.
  const std::vector<OpenConnection*> open(connections.begin(), connections.end());
  for (OpenConnection* connection : open) {
    connection->leave();
  }
}

void HttpServer::Core::accept() {
  const SteadyTime now = steady_now();
  const double rate = setup.limits.handshakes_per_second;
  tokens_ =
      std::min(rate, tokens_ + rate * std::chrono::duration<double>(now - tokens_at_).count());
  tokens_at_ = now;
  if (tokens_ < 1.0) {
    return wait_and_accept(seconds((1.0 - tokens_) / rate));
  }
  acceptor_.async_accept(io,
                         [self = shared_from_this()](const ErrorCodeOfAsio& error, Socket socket) {
                           self->accepted(error, std::move(socket));
                         });
}

void HttpServer::Core::wait_and_accept(std::chrono::steady_clock::duration wait) {
  accept_timer_.expires_after(wait);
  accept_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (!error && !self->stopped_) {
      self->accept();
    }
  });
}

void HttpServer::Core::accepted(const ErrorCodeOfAsio& error, Socket socket) {
  if (stopped_) {
    return;
  }
  if (error) {
    if (!accept_error_said_) {
      log.write(LogLevel::Warning, "web",
                format("cannot take connections: {}; close some, or raise the limit of open files",
                       error.message()));
      accept_error_said_ = true;
    }
    return wait_and_accept(milliseconds(100));
  }
  if (accept_error_said_) {
    log.write(LogLevel::Info, "web", "takes connections again");
    accept_error_said_ = false;
  }
  tokens_ -= 1.0;
  ++statistics.accepted;
  const std::size_t limit = setup.limits.max_connections;
  const bool over = connections.size() >= limit;
  if (over) {
    ++statistics.refused;
    if (!limit_said_) {
      log.write(LogLevel::Warning, "web",
                format("{} connections are open; more are refused until some have ended", limit));
      limit_said_ = true;
    }
  } else if (limit_said_ && connections.size() < limit - limit / 10) {
    log.write(LogLevel::Info, "web", "takes new connections again");
    limit_said_ = false;
  }
  if (connections.size() < limit + kRefusalConnections) {
    start_connection(shared_from_this(), std::move(socket), over);
  }
  accept();
}

void HttpServer::Core::sweep() {
  sweep_timer_.expires_after(kSweep);
  sweep_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (error || self->stopped_) {
      return;
    }
    const SteadyTime now = steady_now();
    std::vector<OpenConnection*> late;
    for (OpenConnection* connection : self->connections) {
      if (connection->late(now)) {
        late.push_back(connection);
      }
    }
    for (OpenConnection* connection : late) {
      ++self->statistics.timed_out;
      connection->abort();
    }
    if (now - self->certificate_checked_ > kCertificateCheck) {
      self->certificate_checked_ = now;
      self->check_certificate();
    }
    self->sweep();
  });
}

void HttpServer::Core::poll_feed() {
  feed_timer_.expires_after(kFeed);
  feed_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (error || self->stopped_) {
      return;
    }
    if (const auto question = self->feed.question()) {
      const bool taken = self->workers.post([self, question] {
        auto answer = std::make_shared<RecordFeed::Answer>(self->feed.ask(*question));
        asio::post(self->io, [self, answer] { self->feed.take(std::move(*answer)); });
      });
      if (!taken) {
        self->feed.give_up();
      }
    }
    self->poll_feed();
  });
}

// A certificate of the user that has been replaced, an own one that nears its end.
void HttpServer::Core::check_certificate() {
  const bool taken = workers.post([self = shared_from_this()] {
    auto found = std::make_shared<Result<Certificate>>(self->find_certificate());
    asio::post(self->io, [self, found] {
      if (self->stopped_) {
        return;
      }
      if (!*found) {
        self->log.write(LogLevel::Warning, "web",
                        format("goes on with its present certificate: {}", found->error().message));
        return;
      }
      if ((*found)->fingerprint == self->certificate.fingerprint) {
        return;
      }
      auto context = make_context(**found);
      if (!context) {
        self->log.write(LogLevel::Warning, "web", context.error().message);
        return;
      }
      self->certificate = **found;
      self->tls = *std::move(context);
      self->log.write(
          LogLevel::Info, "web",
          format("has a new certificate, SHA-256 fingerprint {}", self->certificate.fingerprint));
    });
  });
  if (!taken) {
    certificate_checked_ = {};  // tried again at the next sweep
  }
}

// ── The façade ────────────────────────────────────────────────────────────────────────────────

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
HttpServer::~HttpServer() { core_->stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const WebSetup& setup, asio::io_context& io,
                                                      const fleet::Directory& directory,
                                                      const recorder::History* history, Log& log) {
  auto core = std::make_shared<Core>(setup, io, directory, history, log);
  if (const auto listening = core->listen(); !listening) {
    return fail(listening.error());
  }
  auto certificate = core->find_certificate();
  if (!certificate) {
    return fail(certificate.error());
  }
  auto context = make_context(*certificate);
  if (!context) {
    return fail(context.error());
  }
  core->certificate = *std::move(certificate);
  core->tls = *std::move(context);
  core->run();
  auto server = std::make_unique<HttpServer>(std::move(core));
  log.write(LogLevel::Info, "web",
            format("listens on {}; certificate {}{}, SHA-256 fingerprint {}", server->url(),
                   server->certificate_file(), server->core_->certificate.made ? " (new)" : "",
                   server->fingerprint()));
  return server;
}

void HttpServer::stop() { core_->stop(); }
std::uint16_t HttpServer::port() const { return core_->port; }
std::string HttpServer::url() const {
  return format("https://{}/", address_and_port(core_->setup.address, core_->port));
}
const std::string& HttpServer::certificate_file() const { return core_->certificate.file; }
const std::string& HttpServer::fingerprint() const { return core_->certificate.fingerprint; }
const ServerStatistics& HttpServer::statistics() const { return core_->statistics; }

}  // namespace halfcycle::web
