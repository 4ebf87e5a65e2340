// SPDX-License-Identifier: Apache-2.0
// The client of the tests (tls_client.hpp).
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"
#include "web/tls_client.hpp"

namespace halfcycle::web::testing_types {
namespace {

int connect_to(std::uint16_t port, int receive_bytes = 0) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (receive_bytes != 0) {
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
  }
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket);
    return -1;
  }
  return socket;
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const std::string_view line : split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return {};
}

struct TlsClient::State {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  int socket = -1;
  bool good = false;
};

TlsClient::TlsClient(std::uint16_t port, const std::string& trusted, int max_version,
                     int receive_bytes)
    : state_(std::make_unique<State>()) {
  state_->context = SSL_CTX_new(TLS_client_method());
  if (max_version != 0) {
    SSL_CTX_set_security_level(state_->context, 0);
    SSL_CTX_set_min_proto_version(state_->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(state_->context, max_version);
  }
  state_->ssl = SSL_new(state_->context);
  if (!trusted.empty()) {
    SSL_CTX_load_verify_locations(state_->context, trusted.c_str(), nullptr);
    SSL_set_verify(state_->ssl, SSL_VERIFY_PEER, nullptr);
    SSL_set1_host(state_->ssl, "localhost");
  }
  state_->socket = connect_to(port, receive_bytes);
  if (state_->socket >= 0) {
    SSL_set_fd(state_->ssl, state_->socket);
    ERR_clear_error();
    state_->good = SSL_connect(state_->ssl) == 1;
  }
  if (!state_->good) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    error_ = reason == nullptr ? "no connection" : reason;
  }
}

TlsClient::~TlsClient() {
  SSL_free(state_->ssl);
  SSL_CTX_free(state_->context);
  if (state_->socket >= 0) {
    ::close(state_->socket);
  }
}

bool TlsClient::connected() const { return state_->good; }

bool TlsClient::send(std::string_view bytes) {
  return state_->good && SSL_write(state_->ssl, bytes.data(), static_cast<int>(bytes.size())) ==
                             static_cast<int>(bytes.size());
}

bool TlsClient::fill() {
  std::array<char, 16384> piece;
  const int got =
      state_->good ? SSL_read(state_->ssl, piece.data(), static_cast<int>(piece.size())) : 0;
  if (got <= 0) {
    state_->good = false;
    return false;
  }
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

bool TlsClient::closed() {
  while (fill()) {
  }
  return true;
}

Reply TlsClient::receive(bool head_only) {
  Reply reply;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      return reply;
    }
  }
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  reply.status = std::atoi(reply.head.c_str() + std::string_view("HTTP/1.1 ").size());
  const std::string length = reply.header("content-length");
  const std::size_t size =
      head_only || length.empty() ? 0 : std::strtoul(length.c_str(), nullptr, 10);
  while (buffer_.size() < size && fill()) {
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, reply.body.size());
  return reply;
}

Reply TlsClient::get(std::string_view target, std::string_view headers) {
  send(format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, headers));
  return receive();
}

Reply TlsClient::upgrade(std::string_view headers) {
  send(
      format("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
             headers));
  return receive();
}

// RFC 6455 §5.2; the masking key 0 is as good as any for a test.
void TlsClient::send_text(std::string_view text, int opcode, bool final) {
  std::string frame(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  if (text.size() < 126) {
    frame += static_cast<char>(0x80 | static_cast<int>(text.size()));
  } else {
    frame += static_cast<char>(0xFE);
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xFFU);
  }
  frame.append(4, '\0');
  frame += text;
  send(frame);
}

TlsClient::Frame TlsClient::receive_frame() {
  for (;;) {
    const auto need = [this](std::size_t size) {
      while (buffer_.size() < size) {
        if (!fill()) {
          return false;
        }
      }
      return true;
    };
    if (!need(2)) {
      return {};
    }
    const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(buffer_[i]); };
    const int opcode = byte(0) & 0x0F;
    std::size_t size = byte(1) & 0x7FU;
    std::size_t header = 2;
    if (size >= 126) {
      const std::size_t bytes = size == 126 ? 2 : 8;
      if (!need(2 + bytes)) {
        return {};
      }
      size = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        size = size << 8U | byte(2 + i);
      }
      header += bytes;
    }
    if (!need(header + size)) {
      return {};
    }
    Frame frame{.opcode = opcode, .payload = buffer_.substr(header, size)};
    buffer_.erase(0, header + size);
    constexpr int kPing = 9;
    constexpr int kPong = 10;
    if (opcode == kPing) {
      send_text(frame.payload, kPong);
      continue;
    }
    return frame;
  }
}

std::string plain_exchange(std::uint16_t port, std::string_view bytes) {
  const int socket = connect_to(port);
  std::string answer;
  if (socket >= 0 && ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) {
    std::array<char, 4096> piece;
    ssize_t got = 0;
    while ((got = ::recv(socket, piece.data(), piece.size(), 0)) > 0) {
      answer.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  return answer;
}

}  // namespace halfcycle::web::testing_types
