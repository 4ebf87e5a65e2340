// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "base/descriptor.hpp"
#include "protocols/modbus/server_session.hpp"

namespace halfcycle::modbus {
namespace {

constexpr std::string_view kArea = "modbus";
constexpr std::size_t kInputBytes = 2048;  // some 170 pipelined requests; a frame has at most 260
constexpr std::size_t kReadyAtOnce = 64;
constexpr int kAcceptedAtOnce = 64;  // after so many those that are connected have their turn
constexpr unsigned kMostConnections = 10'000;
constexpr double kSweepSeconds = 1.0;
constexpr double kRefusalsEndSeconds = 60.0;

std::string where(const ModbusSetup& setup) { return address_and_port(setup.address, setup.port); }

// As recv() and send(), without making points of cancellation of them, which costs a process of
// several threads 3 % of the time of a request.
ssize_t receive_from(int socket, std::span<std::byte> room) {
  return ::syscall(SYS_recvfrom, socket, room.data(), room.size(), 0, nullptr, nullptr);
}
ssize_t send_to(int socket, std::span<const std::byte> data) {
  return ::syscall(SYS_sendto, socket, data.data(), data.size(), MSG_NOSIGNAL, nullptr, 0);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Nothing if `text` is no numeric address.
std::optional<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.size = sizeof(v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.size = sizeof(v6);
  } else {
    return std::nullopt;
  }
  return address;
}

/// One client. Reads only when everything answered so far has been sent, so that a client that does
/// not read costs a fixed amount of memory.
class Connection {
 public:
  enum class Wants : std::uint8_t { Read, Write, Close };

  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int handle() const { return socket_.get(); }
  [[nodiscard]] Wants wants() const { return wants_; }
  std::uint64_t latest_activity = 0;  ///< in sweeps of the server

  /// The socket can be read; `ended`: the client has said that it sends no more. Returns whether it
  /// has sent something.
  bool read(ServerSession& session, bool ended) {
    const std::size_t room = in_.size() - filled_;
    ssize_t n = 0;
    do {
      n = receive_from(handle(), std::span(in_).subspan(filled_));
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
        n = send_to(handle(), std::span(out_).subspan(sent_));
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

  Descriptor socket_;
  std::size_t filled_ = 0;
  std::size_t sent_ = 0;
  Wants wants_ = Wants::Read;
  bool closing_ = false;
  bool waiting_ = false;
  std::vector<std::byte> out_;
  std::array<std::byte, kInputBytes> in_;
};

}  // namespace

/// The port, its connections and what they share, on a thread of its own.
///
/// All wait in one epoll; the connections edge-triggered, so that a request costs one read and one
/// write beside a part of the wait. On an io_context shared with other servers it cost three more
/// system calls a wake-up, and a TLS handshake of another server was in its way.
class ModbusServer::Listener {
 public:
  Listener(const ModbusSetup& setup, const fleet::Directory& directory, Log& log)
      : setup_(setup),
        log_(log),
        sweep_seconds_(std::min(kSweepSeconds, setup.idle_timeout_seconds / 4.0)),
        units_(directory),
        session_(units_, traffic_) {}
  ~Listener() {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      // An eventfd takes this write unless its count is near 2^64.
      [[maybe_unused]] const ssize_t written = ::write(ended_.get(), &one, sizeof(one));
      thread_.join();
    }
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Opens the port and begins to serve.
  Result<void> open();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] ModbusStatus status() const;

 private:
  Result<void> listen();
  Result<void> watch_all();
  void serve();
  void serve(Connection& connection, std::uint32_t events);
  void accept();
  void accepted(Descriptor socket);
  void refuse();
  void watch(Connection& connection, Connection::Wants wants, int operation);
  bool watch(const Descriptor& what, std::uint32_t events, int operation);
  void remove(int handle);
  void sweep();

  const ModbusSetup setup_;
  Log& log_;
  const double sweep_seconds_;
  Units units_;
  Traffic traffic_;
  ServerSession session_;
  Descriptor epoll_;
  Descriptor acceptor_;
  Descriptor timer_;
  Descriptor ended_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;  // by handle
  std::uint64_t sweeps_ =
      0;  // the server's clock: an activity is remembered by the sweep before it
  std::uint64_t latest_refusal_ = 0;
  std::uint64_t refused_before_ = 0;
  bool refusing_ = false;
  bool accept_failed_ = false;
  std::uint16_t port_ = 0;

  // Read by any thread.
  std::atomic<unsigned> open_{0};
  Count accepted_;
  Count refused_;
  Count timed_out_;

  std::thread thread_;
};

Result<void> ModbusServer::Listener::open() {
  if (auto listening = listen(); !listening) {
    return listening;
  }
  if (auto watching = watch_all(); !watching) {
    return watching;
  }
  try {
    thread_ = std::thread([this] {
      sigset_t all;
      sigfillset(&all);
      ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // they belong to the program's own threads
      serve();
    });
  } catch (const std::system_error& error) {
    return fail(ErrorCode::Machine, "cannot serve Modbus: no thread for it: {}", error.what());
  }
  ::pthread_setname_np(thread_.native_handle(), "modbus");
  return {};
}

Result<void> ModbusServer::Listener::listen() {
  const std::optional<Address> address = parse_address(setup_.address, setup_.port);
  if (!address) {
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
  acceptor_ = Descriptor(
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  Address bound{.size = sizeof(sockaddr_storage)};
  if (!acceptor_ ||
      ::setsockopt(acceptor_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      ::bind(acceptor_.get(), address->get(), address->size) != 0 ||
      ::listen(acceptor_.get(), SOMAXCONN) != 0 ||
      ::getsockname(acceptor_.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) !=
          0) {
    const int error = errno;
    if (error == EACCES) {
      return fail(ErrorCode::Machine,
                  "cannot listen for Modbus on {}: ports below 1024 need a right of their own; "
                  "take another one, such as 1502",
                  where(setup_));
    }
    if (error == EADDRINUSE) {
      return fail(ErrorCode::Machine,
                  "cannot listen for Modbus on {}: another program has this port; end it or take "
                  "another port",
                  where(setup_));
    }
    return fail(ErrorCode::Machine, "cannot listen for Modbus on {}: {}", where(setup_),
                std::generic_category().message(error));
  }
  // Both families have the port at the same place.
  sockaddr_in any{};
  std::memcpy(&any, &bound.storage, sizeof(any));
  port_ = ntohs(any.sin_port);
  return {};
}

Result<void> ModbusServer::Listener::watch_all() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  ended_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  timer_ = Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  double whole = 0.0;
  const double part = std::modf(sweep_seconds_, &whole);
  // Not all 0, which would stop the timer.
  const timespec period{.tv_sec = static_cast<time_t>(whole),
                        .tv_nsec = std::max(1'000'000L, static_cast<long>(part * 1e9))};
  const itimerspec timing{.it_interval = period, .it_value = period};
  if (!epoll_ || !ended_ || !timer_ || ::timerfd_settime(timer_.get(), 0, &timing, nullptr) != 0 ||
      !watch(acceptor_, EPOLLIN, EPOLL_CTL_ADD) || !watch(ended_, EPOLLIN, EPOLL_CTL_ADD) ||
      !watch(timer_, EPOLLIN, EPOLL_CTL_ADD)) {
    return fail(ErrorCode::Machine, "cannot serve Modbus: {}",
                std::generic_category().message(errno));
  }
  return {};
}

void ModbusServer::Listener::serve() {
  std::array<epoll_event, kReadyAtOnce> events;
  for (;;) {
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    bool accepting = false;
    bool sweeping = false;
    for (const epoll_event& event :
         std::span(events).first(static_cast<std::size_t>(std::max(ready, 0)))) {
      if (event.data.ptr == &ended_) {
        return;
      }
      accepting = accepting || event.data.ptr == &acceptor_;
      sweeping = sweeping || event.data.ptr == &timer_;
      if (event.data.ptr != &acceptor_ && event.data.ptr != &timer_) {
        // Each connection comes once in a batch, so that it is there although others were removed.
        serve(*static_cast<Connection*>(event.data.ptr), event.events);
      }
    }
    // Not before the connections: a sweep removes some that the batch may name.
    if (accepting) {
      accept();
    }
    if (sweeping) {
      std::uint64_t times = 0;
      if (::read(timer_.get(), &times, sizeof(times)) == sizeof(times)) {
        sweep();
      }
    }
  }
}

void ModbusServer::Listener::serve(Connection& connection, std::uint32_t events) {
  const Connection::Wants before = connection.wants();
  if (before == Connection::Wants::Write) {
    connection.write(session_);
  } else if (connection.read(session_, (events & EPOLLRDHUP) != 0)) {
    connection.latest_activity = sweeps_;
  }
  if (connection.wants() == Connection::Wants::Close) {
    remove(connection.handle());
  } else if (connection.wants() != before || before == Connection::Wants::Write) {
    // Also where nothing changes: this asks for an edge if the socket can be written now.
    watch(connection, connection.wants(), EPOLL_CTL_MOD);
  }
}

void ModbusServer::Listener::accept() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    Descriptor socket(::accept4(acceptor_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      accept_failed_ = false;
      accepted(std::move(socket));
      continue;
    }
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      // Whoever waits goes on waiting; the next sweep tries again.
      watch(acceptor_, 0, EPOLL_CTL_MOD);
      if (!std::exchange(accept_failed_, true)) {
        log_.write(LogLevel::Error, kArea,
                   format("no new connection can be accepted: {}; allow the process more open "
                          "files",
                          std::generic_category().message(error)));
      }
    }
    return;
  }
}

void ModbusServer::Listener::accepted(Descriptor socket) {
  accepted_.add();
  if (connections_.size() >= setup_.max_connections) {
    refuse();
    return;  // the socket closes
  }
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  // Answers are small and follow requests: pacing them (BBR) would only cost a timer each.
  constexpr std::string_view kNoPacing = "reno";
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, kNoPacing.data(), kNoPacing.size());
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
  ::epoll_ctl(epoll_.get(), operation, connection.handle(), &event);
}

bool ModbusServer::Listener::watch(const Descriptor& what, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = const_cast<Descriptor*>(&what);
  return ::epoll_ctl(epoll_.get(), operation, what.get(), &event) == 0;
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
    watch(acceptor_, EPOLLIN, EPOLL_CTL_MOD);
  }
}

// Closing a socket takes it out of the epoll.
void ModbusServer::Listener::remove(int handle) {
  connections_.erase(handle);
  open_.store(static_cast<unsigned>(connections_.size()), std::memory_order_relaxed);
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

ModbusServer::ModbusServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
ModbusServer::~ModbusServer() = default;

Result<std::unique_ptr<ModbusServer>> ModbusServer::start(const ModbusSetup& setup,
                                                          const fleet::Directory& directory,
                                                          Log& log) {
  auto listener = std::make_unique<Listener>(setup, directory, log);
  if (const auto opened = listener->open(); !opened) {
    return fail(opened.error());
  }
  return std::unique_ptr<ModbusServer>(new ModbusServer(std::move(listener)));
}

std::uint16_t ModbusServer::port() const { return listener_->port(); }
ModbusStatus ModbusServer::status() const { return listener_->status(); }

}  // namespace halfcycle::modbus
