// SPDX-License-Identifier: Apache-2.0
// Reads of 100 registers a CPU second of the server, side by side with the server of libmodbus
// (DESIGN §6: at least 1.3 times with one outstanding request a connection, 5 times with eight).
//
//   modbus_compare [SLICES]
//
// Each server runs in a process of its own on one processor, the client on another. Slices of 50 ms
// alternate between the servers, so that other load meets both alike; the 90th percentile of each
// counts, as the slices that other load disturbed least. CPU time is the server process's own, user
// and system. "only sockets" answers without looking at the request: the ceiling of the machine.
// libmodbus's server is the one of its documentation: select(), modbus_receive(),
// modbus_reply(). Answers are checked for their size and first bytes.
#include <modbus/modbus.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/server.hpp"
#include "protocols/modbus/tcp_client.hpp"

namespace {

using halfcycle::modbus::ModbusServer;
using halfcycle::modbus::testing_meter::bytes;
using halfcycle::modbus::testing_meter::TestDirectory;
using halfcycle::modbus::testing_meter::TestMeter;
using halfcycle::modbus::testing_tcp::TcpClient;

constexpr int kConnections = 10;
constexpr std::size_t kRegisters = 100;
constexpr std::size_t kAnswerBytes = 9 + 2 * kRegisters;
constexpr std::size_t kMostPipelined = 8;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "modbus_compare: %s\n", what);
  std::exit(3);
}

void pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(processor), &set);
  sched_setaffinity(0, sizeof(set), &set);  // without a second processor: as it comes
}

void tell(int pipe, std::uint16_t port) {
  if (::write(pipe, &port, sizeof(port)) != sizeof(port)) {
    give_up("the client is gone");
  }
}

[[noreturn]] void run_halfcycle(int pipe) {
  const auto meter = std::make_shared<TestMeter>("meter", 1);
  TestDirectory directory{meter};
  halfcycle::NoLog log;
  const auto server = ModbusServer::start({.port = 0}, directory, log);
  if (!server) {
    give_up(server.error().message.c_str());
  }
  tell(pipe, (*server)->port());
  // The meter measures: every second new values.
  for (;;) {
    meter->publish({{"I a", 1.0}, {"Vln a", 230.0}, {"kW tot", 0.69}});
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

void run_libmodbus(int pipe) {
  modbus_t* const context = modbus_new_tcp("127.0.0.1", 0);
  modbus_mapping_t* const mapping = modbus_mapping_new(0, 0, 65536, 0);
  if (context == nullptr || mapping == nullptr) {
    give_up("libmodbus");
  }
  const int listener = modbus_tcp_listen(context, kConnections);
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  tell(pipe, ntohs(address.sin_port));
  fd_set all;
  FD_ZERO(&all);
  FD_SET(listener, &all);
  int most = listener;
  std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> query{};
  for (;;) {
    fd_set ready = all;
    if (select(most + 1, &ready, nullptr, nullptr, nullptr) < 0) {
      give_up("select");
    }
    for (int handle = 0; handle <= most; ++handle) {
      if (!FD_ISSET(handle, &ready)) {
        continue;
      }
      if (handle == listener) {
        const int client = accept(listener, nullptr, nullptr);
        const int yes = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        FD_SET(client, &all);
        most = std::max(most, client);
        continue;
      }
      modbus_set_socket(context, handle);
      const int received = modbus_receive(context, query.data());
      if (received > 0) {
        modbus_reply(context, query.data(), received, mapping);
      } else if (received < 0) {
        close(handle);
        FD_CLR(handle, &all);
      }
    }
  }
}

// What no server on such sockets goes below: one read and one write a request, of bytes that nobody
// looks at, and a wait for all connections that are ready.
[[noreturn]] void run_floor(int pipe) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, kConnections) != 0) {
    give_up("listen");
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  tell(pipe, ntohs(address.sin_port));
  const int epoll = epoll_create1(0);
  for (int i = 0; i < kConnections; ++i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = accept(listener, nullptr, nullptr);
    const int yes = 1;
    setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
  }
  std::array<char, 2048> request{};
  std::array<char, kMostPipelined * kAnswerBytes> answers{};
  for (std::size_t i = 0; i < answers.size(); i += kAnswerBytes) {
    answers[i + 8] = static_cast<char>(2 * kRegisters);
  }
  std::array<epoll_event, kConnections> events{};
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), kConnections, -1);
    for (int i = 0; i < ready; ++i) {
      const int handle = events[static_cast<std::size_t>(i)].data.fd;
      const ssize_t n = recv(handle, request.data(), request.size(), 0);
      const std::size_t requests = static_cast<std::size_t>(std::max<ssize_t>(n, 0)) / 12;
      if (requests > 0 && send(handle, answers.data(), requests * kAnswerBytes, 0) < 0) {
        give_up("send");
      }
    }
  }
}

double cpu_seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Keeps `pipelined` requests outstanding on each connection; returns the answers.
std::uint64_t load(std::vector<TcpClient>& clients, std::size_t pipelined, double seconds) {
  std::vector<std::byte> requests;
  for (std::size_t i = 0; i < pipelined; ++i) {
    const auto request = bytes("00 01 00 00 00 06 01 03 0B B7 00 64");
    requests.insert(requests.end(), request.begin(), request.end());
  }
  const std::size_t batch = pipelined * kAnswerBytes;
  std::vector<std::byte> answer(batch);
  std::array<std::size_t, kConnections> outstanding{};
  std::array<pollfd, kConnections> ready{};
  for (std::size_t i = 0; i < clients.size(); ++i) {
    ready[i] = {.fd = clients[i].handle(), .events = POLLIN, .revents = 0};
    clients[i].send(requests);
    outstanding[i] = batch;
  }
  std::uint64_t answers = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  bool more = true;
  while (std::any_of(outstanding.begin(), outstanding.end(), [](auto n) { return n > 0; })) {
    more = more && std::chrono::steady_clock::now() < end;
    if (poll(ready.data(), ready.size(), 5000) <= 0) {
      give_up("the server does not answer");
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if ((ready[i].revents & POLLIN) == 0) {
        continue;
      }
      const ssize_t n = recv(ready[i].fd, answer.data(), outstanding[i], 0);
      if (n <= 0) {
        give_up("the server has closed");
      }
      if (outstanding[i] == batch && n >= 9 && answer[8] != std::byte{2 * kRegisters}) {
        give_up("not the answer to the request");
      }
      outstanding[i] -= static_cast<std::size_t>(n);
      if (outstanding[i] == 0) {
        answers += pipelined;
        if (more) {
          clients[i].send(requests);
          outstanding[i] = batch;
        }
      }
    }
  }
  return answers;
}

/// A server in a process of its own, and the clients that load it.
class Server {
 public:
  explicit Server(void (*serve)(int)) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
      give_up("pipe");
    }
    child_ = fork();
    if (child_ == 0) {
      pin(0);
      serve(ends[1]);
      std::_Exit(0);
    }
    std::uint16_t port = 0;
    if (read(ends[0], &port, sizeof(port)) != sizeof(port)) {
      give_up("the server did not start");
    }
    close(ends[0]);
    close(ends[1]);
    for (int i = 0; i < kConnections; ++i) {
      clients_.emplace_back(port);
    }
    if (clock_getcpuclockid(child_, &clock_) != 0) {
      give_up("the CPU clock of the server");
    }
  }
  ~Server() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  double reads_per_cpu_second(std::size_t pipelined, double seconds) {
    const double before = cpu_seconds(clock_);
    const std::uint64_t answers = load(clients_, pipelined, seconds);
    return static_cast<double>(answers) / (cpu_seconds(clock_) - before);
  }

 private:
  pid_t child_ = 0;
  clockid_t clock_{};
  std::vector<TcpClient> clients_;
};

double percentile(std::vector<double> values, std::size_t percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() * percent / 100, values.size() - 1)];
}

}  // namespace

int main(int argc, char** argv) {
  const int slices = argc > 1 ? std::atoi(argv[1]) : 100;
  constexpr double kSliceSeconds = 0.05;
  signal(SIGPIPE, SIG_IGN);
  pin(1);
  std::printf(
      "reads of %zu registers a CPU second of the server, %d connections, 90th percentile of %d "
      "slices\n%-24s %12s %12s %12s %7s\n",
      kRegisters, kConnections, slices, "outstanding/connection", "halfcycle", "libmodbus",
      "only sockets", "ratio");
  std::array<Server, 3> servers{Server(run_halfcycle), Server(run_libmodbus), Server(run_floor)};
  for (const std::size_t pipelined : {std::size_t{1}, kMostPipelined}) {
    std::array<std::vector<double>, 3> reads;
    for (int slice = 0; slice < slices; ++slice) {
      for (std::size_t s = 0; s < servers.size(); ++s) {
        reads[s].push_back(servers[s].reads_per_cpu_second(pipelined, kSliceSeconds));
      }
    }
    const double ours = percentile(reads[0], 90);
    const double theirs = percentile(reads[1], 90);
    std::printf("%-24zu %12.0f %12.0f %12.0f %7.2f\n", pipelined, ours, theirs,
                percentile(reads[2], 90), ours / theirs);
  }
  return 0;
}
