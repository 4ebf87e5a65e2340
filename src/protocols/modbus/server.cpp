// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "protocols/modbus/server_session.hpp"

namespace halfcycle::modbus {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kArea = "modbus";
constexpr std::size_t kInputBytes = 2048;  // some 170 pipelined requests; a frame has at most 260
constexpr unsigned kMostConnections = 10'000;
constexpr double kSweepSeconds = 1.0;
constexpr double kRefusalsEndSeconds = 60.0;

std::string where(const ModbusSetup& setup) {
  if (setup.address.find(':') != std::string::npos) {
    return format("[{}]:{}", setup.address, setup.port);
  }
  return format("{}:{}", setup.address, setup.port);
}

}  // namespace

/// The port, its connections and what they share. A connection keeps it alive; stop() ends both.
class ModbusServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(const ModbusSetup& setup, asio::io_context& io_context,
           const fleet::Directory& directory, Log& log)
      : setup_(setup),
        log_(log),
        acceptor_(io_context),
        timer_(io_context),
        sweep_seconds_(std::min(kSweepSeconds, setup.idle_timeout_seconds / 4.0)),
        units_(directory),
        session_(units_, traffic_) {}

  Result<void> open();
  void begin() {
    accept();
    sweep_later();
  }
  void stop();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] ModbusStatus status() const;

 private:
  class Connection;

  void accept();
  void accepted(tcp::socket socket);
  void refuse();
  void sweep_later();
  void sweep();
  void remove(const std::shared_ptr<Connection>& connection);

  const ModbusSetup setup_;
  Log& log_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  const double sweep_seconds_;
  Units units_;
  Traffic traffic_;
  ServerSession session_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::uint64_t sweeps_ =
      0;  // the server's clock: an activity is remembered by the sweep before it
  std::uint64_t latest_refusal_ = 0;
  std::uint64_t refused_before_ = 0;
  bool refusing_ = false;
  bool accept_failed_ = false;
  bool stopped_ = false;
  std::uint16_t port_ = 0;

  // Read by any thread.
  std::atomic<unsigned> open_{0};
  Count accepted_;
  Count refused_;
  Count timed_out_;
};

/// One client. Reads only when everything answered so far has been sent, so that a client that does
/// not read costs a fixed amount of memory.
class ModbusServer::Listener::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Listener> listener, tcp::socket socket)
      : listener_(std::move(listener)), socket_(std::move(socket)) {
    touch();
  }

  void read() {
    socket_.async_read_some(asio::buffer(in_.data() + filled_, in_.size() - filled_),
                            [self = shared_from_this()](const error_code& error, std::size_t n) {
                              if (error) {
                                self->close();
                                return;
                              }
                              self->touch();
                              self->filled_ += n;
                              self->serve();
                            });
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
    if (listener_) {
      std::exchange(listener_, nullptr)->remove(shared_from_this());
    }
  }
  /// The server is gone; handlers that still come do nothing.
  void abandon() {
    listener_ = nullptr;
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] std::uint64_t latest_activity() const { return latest_activity_; }

 private:
  void touch() {
    if (listener_) {
      latest_activity_ = listener_->sweeps_;
    }
  }

  void serve() {
    if (!listener_) {
      return;
    }
    const auto step = listener_->session_.answer(std::span(in_).first(filled_), out_);
    filled_ -= step.consumed;
    std::memmove(in_.data(), in_.data() + step.consumed, filled_);
    closing_ = step.close;
    waiting_ = step.waiting;
    send();
  }

  // Most answers go into the socket's buffer at once; only what does not waits for the reactor.
  void send() {
    if (out_.empty()) {
      sent();
      return;
    }
    error_code error;
    const std::size_t n = socket_.write_some(asio::buffer(out_), error);
    if (error && error != asio::error::would_block) {
      close();
    } else if (!error && n == out_.size()) {
      sent();
    } else {
      const std::size_t done = error ? 0 : n;
      asio::async_write(socket_, asio::buffer(out_.data() + done, out_.size() - done),
                        [self = shared_from_this()](const error_code& failed, std::size_t) {
                          if (failed) {
                            self->close();
                          } else {
                            self->sent();
                          }
                        });
    }
  }

  void sent() {
    out_.clear();
    if (closing_) {
      close();
    } else if (waiting_) {
      // Others first.
      asio::post(socket_.get_executor(), [self = shared_from_this()] { self->serve(); });
    } else {
      read();
    }
  }

  std::shared_ptr<Listener> listener_;  // null once closed
  tcp::socket socket_;
  std::size_t filled_ = 0;
  std::uint64_t latest_activity_ = 0;
  bool closing_ = false;
  bool waiting_ = false;
  std::vector<std::byte> out_;
  std::array<std::byte, kInputBytes> in_{};
};

Result<void> ModbusServer::Listener::open() {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(setup_.address, error);
  if (error) {
    return fail(ErrorCode::InvalidSetup,
                "'{}' is no address for the Modbus server; it must be numeric, such as 127.0.0.1",
                setup_.address);
  }
  if (setup_.max_connections < 1 || setup_.max_connections > kMostConnections) {
    return fail(ErrorCode::InvalidSetup,
                "the Modbus server's limit of {} connections is not within 1 to {}",
                setup_.max_connections, kMostConnections);
  }
  if (!(setup_.idle_timeout_seconds > 0.0)) {
    return fail(ErrorCode::InvalidSetup, "the Modbus server's idle timeout must be above 0 s");
  }
  const tcp::endpoint endpoint(address, setup_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error == asio::error::access_denied) {
    return fail(ErrorCode::Machine,
                "cannot listen for Modbus on {}: ports below 1024 need a right of their own; take "
                "another one, such as 1502",
                where(setup_));
  }
  if (error == asio::error::address_in_use) {
    return fail(ErrorCode::Machine,
                "cannot listen for Modbus on {}: another program has this port; end it or take "
                "another port",
                where(setup_));
  }
  if (error) {
    return fail(ErrorCode::Machine, "cannot listen for Modbus on {}: {}", where(setup_),
                error.message());
  }
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

void ModbusServer::Listener::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (self->stopped_) {
      return;
    }
    if (!error) {
      self->accept_failed_ = false;
      self->accepted(std::move(socket));
      self->accept();
    } else if (error == asio::error::connection_aborted) {
      self->accept();
    } else {
      // Out of descriptors or memory: the next sweep tries again.
      if (!std::exchange(self->accept_failed_, true)) {
        self->log_.write(LogLevel::Error, kArea,
                         format("no new connection can be accepted: {}; allow the process more "
                                "open files",
                                error.message()));
      }
    }
  });
}

void ModbusServer::Listener::accepted(tcp::socket socket) {
  accepted_.add();
  if (connections_.size() >= setup_.max_connections) {
    refuse();
    return;  // the socket closes
  }
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  connections_.insert(connection);
  open_.store(static_cast<unsigned>(connections_.size()), std::memory_order_relaxed);
  connection->read();
}

void ModbusServer::Listener::refuse() {
  refused_.add();
  latest_refusal_ = sweeps_;
  if (!std::exchange(refusing_, true)) {
    refused_before_ = refused_.value() - 1;
    log_.write(LogLevel::Warning, kArea,
               format("all {} connections are in use: others are refused; end some or allow more",
                      setup_.max_connections));
  }
}

void ModbusServer::Listener::sweep_later() {
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(sweep_seconds_)));
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const std::shared_ptr<Listener> self = weak.lock();
    if (!error && self && !self->stopped_) {
      self->sweep();
      self->sweep_later();
    }
  });
}

void ModbusServer::Listener::sweep() {
  ++sweeps_;
  const auto sweeps_in = [&](double seconds) {
    return static_cast<std::uint64_t>(std::ceil(seconds / sweep_seconds_));
  };
  std::vector<std::shared_ptr<Connection>> idle;
  for (const auto& connection : connections_) {
    if (sweeps_ - connection->latest_activity() > sweeps_in(setup_.idle_timeout_seconds)) {
      idle.push_back(connection);
    }
  }
  for (const auto& connection : idle) {
    timed_out_.add();
    connection->close();
  }
  if (refusing_ && sweeps_ - latest_refusal_ > sweeps_in(kRefusalsEndSeconds)) {
    refusing_ = false;
    log_.write(LogLevel::Info, kArea,
               format("no connection was refused for {:.0f} s; {} were before", kRefusalsEndSeconds,
                      refused_.value() - refused_before_));
  }
  units_.check_states();
  if (accept_failed_) {
    accept();
  }
}

void ModbusServer::Listener::remove(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  open_.store(static_cast<unsigned>(connections_.size()), std::memory_order_relaxed);
}

void ModbusServer::Listener::stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel(ignored);
  for (const auto& connection : std::exchange(connections_, {})) {
    connection->abandon();
  }
  open_.store(0, std::memory_order_relaxed);
}

ModbusStatus ModbusServer::Listener::status() const {
  return {.connections = open_.load(std::memory_order_relaxed),
          .max_connections = setup_.max_connections,
          .accepted = accepted_.value(),
          .refused = refused_.value(),
          .timed_out = timed_out_.value(),
          .requests = traffic_.requests.value(),
          .exceptions = traffic_.exceptions.value(),
          .broken_streams = traffic_.broken.value()};
}

ModbusServer::ModbusServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
ModbusServer::~ModbusServer() { listener_->stop(); }

Result<std::unique_ptr<ModbusServer>> ModbusServer::start(const ModbusSetup& setup,
                                                          asio::io_context& io_context,
                                                          const fleet::Directory& directory,
                                                          Log& log) {
  auto listener = std::make_shared<Listener>(setup, io_context, directory, log);
  if (const auto opened = listener->open(); !opened) {
    return fail(opened.error());
  }
  listener->begin();
  return std::unique_ptr<ModbusServer>(new ModbusServer(std::move(listener)));
}

std::uint16_t ModbusServer::port() const { return listener_->port(); }
ModbusStatus ModbusServer::status() const { return listener_->status(); }

}  // namespace halfcycle::modbus
