// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <unordered_map>
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
// After so many the other servers of the thread have their turn.
constexpr std::size_t kReadyAtOnce = 64;
constexpr int kRounds = 4;
constexpr unsigned kMostConnections = 10'000;
constexpr double kSweepSeconds = 1.0;
constexpr double kRefusalsEndSeconds = 60.0;

std::string where(const ModbusSetup& setup) {
  if (setup.address.find(':') != std::string::npos) {
    return format("[{}]:{}", setup.address, setup.port);
  }
  return format("{}:{}", setup.address, setup.port);
}

/// One client. Reads only when everything answered so far has been sent, so that a client that does
/// not read costs a fixed amount of memory.
class Connection {
 public:
  enum class Wants : std::uint8_t { Read, Write, Close };

  explicit Connection(tcp::socket socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int handle() { return socket_.native_handle(); }
  [[nodiscard]] Wants wants() const { return wants_; }
  std::uint64_t latest_activity = 0;  ///< in sweeps of the server

  /// The socket can be read; `ended`: the client has said that it sends no more. Returns whether it
  /// has sent something.
  bool read(ServerSession& session, bool ended) {
    const std::size_t room = in_.size() - filled_;
    ssize_t n = 0;
    do {
      n = ::recv(handle(), in_.data() + filled_, room, 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
      wants_ = n < 0 && would_block() ? Wants::Read : Wants::Close;
      return false;
    }
    filled_ += static_cast<std::size_t>(n);
    answer(session);
    if ((static_cast<std::size_t>(n) == room || ended) && wants_ == Wants::Read) {
      wants_ = Wants::Write;  // there may be more, of which no edge will tell
    }
    return true;
  }
  /// The socket can be written, or it is this client's turn again.
  void write(ServerSession& session) {
    if (!out_.empty()) {
      send();
    } else {
      answer(session);
    }
  }

 private:
  static bool would_block() { return errno == EAGAIN; }

  void answer(ServerSession& session) {
    const auto step = session.answer(std::span(in_).first(filled_), out_);
    filled_ -= step.consumed;
    std::memmove(in_.data(), in_.data() + step.consumed, filled_);
    closing_ = step.close;
    waiting_ = step.waiting;
    send();
  }
  void send() {
    if (!out_.empty()) {
      ssize_t n = 0;
      do {
        n = ::send(handle(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
      } while (n < 0 && errno == EINTR);
      if (n < 0 && !would_block()) {
        wants_ = Wants::Close;
        return;
      }
      sent_ += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
      if (sent_ < out_.size()) {
        wants_ = Wants::Write;
        return;
      }
      out_.clear();
      sent_ = 0;
    }
    // Who has more requests in the buffer waits until others had their turn.
    wants_ = closing_ ? Wants::Close : waiting_ ? Wants::Write : Wants::Read;
  }

  tcp::socket socket_;
  std::size_t filled_ = 0;
  std::size_t sent_ = 0;
  Wants wants_ = Wants::Read;
  bool closing_ = false;
  bool waiting_ = false;
  std::vector<std::byte> out_;
  std::array<std::byte, kInputBytes> in_;
};

}  // namespace

/// The port, its connections and what they share.
///
/// The connections lie in an epoll of their own, edge-triggered, of which Asio sees only whether
/// anything in it is ready: all connections that are ready are then read, answered and written in
/// one go. With Asio's own sockets each request cost another system call, a read that finds
/// nothing.
class ModbusServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(const ModbusSetup& setup, asio::io_context& io_context,
           const fleet::Directory& directory, Log& log)
      : setup_(setup),
        log_(log),
        acceptor_(io_context),
        timer_(io_context),
        ready_(io_context),
        sweep_seconds_(std::min(kSweepSeconds, setup.idle_timeout_seconds / 4.0)),
        units_(directory),
        session_(units_, traffic_) {}

  Result<void> open();
  void begin() {
    accept();
    wait();
    sweep_later();
  }
  void stop();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] ModbusStatus status() const;

 private:
  void accept();
  void accepted(tcp::socket socket);
  void refuse();
  void wait();
  bool serve();  ///< false: nobody was ready
  void watch(Connection& connection, Connection::Wants wants, int operation);
  void remove(int handle);
  void sweep_later();
  void sweep();

  const ModbusSetup setup_;
  Log& log_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor ready_;  // the epoll of the connections
  const double sweep_seconds_;
  Units units_;
  Traffic traffic_;
  ServerSession session_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;  // by handle
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
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0 || ready_.assign(epoll, error)) {
    return fail(ErrorCode::Machine, "cannot serve Modbus: no more open files for this process");
  }
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
  socket.native_non_blocking(true, ignored);
  // Answers are small and follow requests: pacing them (BBR) would only cost a timer each.
  constexpr std::string_view kNoPacing = "reno";
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION, kNoPacing.data(),
               kNoPacing.size());
  // Asio has no further part in it.
  auto connection = std::make_unique<Connection>(std::move(socket));
  connection->latest_activity = sweeps_;
  watch(*connection, Connection::Wants::Read, EPOLL_CTL_ADD);
  const int handle = connection->handle();
  connections_[handle] = std::move(connection);
  open_.store(static_cast<unsigned>(connections_.size()), std::memory_order_relaxed);
}

void ModbusServer::Listener::watch(Connection& connection, Connection::Wants wants, int operation) {
  epoll_event event{};
  event.events = (wants == Connection::Wants::Write ? EPOLLOUT : EPOLLIN) | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &connection;
  ::epoll_ctl(ready_.native_handle(), operation, connection.handle(), &event);
}

void ModbusServer::Listener::wait() {
  ready_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](const error_code& error) {
                      if (!error && !self->stopped_) {
                        // What comes while some are served is cheaper served at once than waited
                        // for.
                        for (int round = 0; round < kRounds && self->serve(); ++round) {
                        }
                        self->wait();
                      }
                    });
}

bool ModbusServer::Listener::serve() {
  std::array<epoll_event, kReadyAtOnce> events;
  const int ready =
      ::epoll_wait(ready_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (const epoll_event& event :
       std::span(events).first(static_cast<std::size_t>(std::max(ready, 0)))) {
    // Each connection comes once in a batch, so that it is there although others were removed.
    Connection& connection = *static_cast<Connection*>(event.data.ptr);
    const Connection::Wants before = connection.wants();
    if (before == Connection::Wants::Write) {
      connection.write(session_);
    } else if (connection.read(session_, (event.events & EPOLLRDHUP) != 0)) {
      connection.latest_activity = sweeps_;
    }
    if (connection.wants() == Connection::Wants::Close) {
      remove(connection.handle());
    } else if (connection.wants() != before || before == Connection::Wants::Write) {
      // Also where nothing changes: this asks for an edge if the socket can be written now.
      watch(connection, connection.wants(), EPOLL_CTL_MOD);
    }
  }
  return ready > 0;
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
  std::vector<int> idle;
  for (const auto& [handle, connection] : connections_) {
    if (sweeps_ - connection->latest_activity > sweeps_in(setup_.idle_timeout_seconds)) {
      idle.push_back(handle);
    }
  }
  for (const int handle : idle) {
    timed_out_.add();
    remove(handle);
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

// Closing a socket takes it out of the epoll.
void ModbusServer::Listener::remove(int handle) {
  connections_.erase(handle);
  open_.store(static_cast<unsigned>(connections_.size()), std::memory_order_relaxed);
}

void ModbusServer::Listener::stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel(ignored);
  ready_.close(ignored);
  connections_.clear();
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
