// SPDX-License-Identifier: Apache-2.0
// For tests: a blocking HTTPS and WebSocket client on plain sockets and OpenSSL, independent of the
// server's library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace halfcycle::web::testing_types {

struct Reply {
  int status = 0;    ///< 0: the connection ended without an answer
  std::string head;  ///< status line and headers
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const;  ///< empty if there is none
};

/// One connection; gives up after 20 s without a byte, so that a broken server fails a test and
/// does not hang it.
class TlsClient {
 public:
  /// trusted: PEM file of the certificate to be trusted; empty: any. max_version: 0, or e.g.
  /// TLS1_1_VERSION. receive_bytes: of the socket's buffer; 0: as usual.
  explicit TlsClient(std::uint16_t port, const std::string& trusted = {}, int max_version = 0,
                     int receive_bytes = 0);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const;
  [[nodiscard]] const std::string& error() const { return error_; }
  bool send(std::string_view bytes);
  /// The next answer; reads to its end.
  [[nodiscard]] Reply receive(bool head_only = false);
  /// GET with the given further header lines ("A: b\r\n").
  [[nodiscard]] Reply get(std::string_view target, std::string_view headers = {});
  /// True when the server has closed the connection.
  [[nodiscard]] bool closed();

  // WebSocket
  [[nodiscard]] Reply upgrade(std::string_view headers = {});
  void send_text(std::string_view text, int opcode = 1, bool final = true);
  struct Frame {
    int opcode = -1;  ///< -1: the connection has ended
    std::string payload;
  };
  /// Answers pings by itself.
  [[nodiscard]] Frame receive_frame();

 private:
  bool fill();
  struct State;
  std::unique_ptr<State> state_;
  std::string buffer_;
  std::string error_;
};

/// What a plain TCP client gets for these bytes, until the server closes.
[[nodiscard]] std::string plain_exchange(std::uint16_t port, std::string_view bytes);

}  // namespace halfcycle::web::testing_types
