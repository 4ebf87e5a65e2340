// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: a blocking TCP client on loopback, with nothing of the server's code.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace halfcycle::modbus::testing_tcp {

class TcpClient {
 public:
  /// Connected if something listens there.
  explicit TcpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const timeval hang_guard{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &hang_guard, sizeof(hang_guard));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TcpClient() { close(); }
  TcpClient(TcpClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  void close() {
    if (socket_ >= 0) {
      ::close(std::exchange(socket_, -1));
    }
  }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int handle() const { return socket_; }
  /// False if the peer has closed.
  bool send(std::span<const std::byte> data) {
    while (!data.empty()) {
      const ssize_t n = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        return false;
      }
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// False if the peer closes before.
  bool receive(std::span<std::byte> data) {
    while (!data.empty()) {
      const ssize_t n = ::recv(socket_, data.data(), data.size(), 0);
      if (n <= 0) {
        return false;
      }
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }
  std::vector<std::byte> receive(std::size_t size) {
    std::vector<std::byte> data(size);
    if (!receive(std::span(data))) {
      data.clear();
    }
    return data;
  }
  /// True once the peer has closed; false if bytes came or nothing did for long.
  [[nodiscard]] bool closed_by_peer() {
    std::byte byte{};
    const ssize_t n = ::recv(socket_, &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace halfcycle::modbus::testing_tcp
