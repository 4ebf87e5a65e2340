// SPDX-License-Identifier: Apache-2.0
// The Modbus TCP server of a process: one port, all meters of the directory by their unit
// identifiers.
//
//   auto server = ModbusServer::start({.port = 1502}, directory, log);
//   if (!server) return fail(server.error());       // "cannot listen on 127.0.0.1:1502: …"
//
// Threads: all work is on a thread of the server's own, from start() to the destructor. status()
// and port() are for any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "fleet/live_meter.hpp"

namespace halfcycle::modbus {

struct ModbusSetup {
  std::string address = "127.0.0.1";  ///< numeric, IPv4 or IPv6
  std::uint16_t port = 1502;          ///< 0: any that is free
  /// Connections served at a time; who comes then is accepted, counted and closed. The original has
  /// 8 + 32.
  unsigned max_connections = 40;
  /// A connection without a byte from the client for so long is closed.
  double idle_timeout_seconds = 60.0;
};

struct ModbusStatus {
  unsigned connections = 0;
  unsigned max_connections = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< because there were max_connections
  std::uint64_t timed_out = 0;
  std::uint64_t requests = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t broken_streams = 0;
};

class ModbusServer {
 public:
  /// directory and log outlive the server.
  /// Errors: InvalidSetup (address, limit); Machine (port in use or not permitted).
  [[nodiscard]] static Result<std::unique_ptr<ModbusServer>> start(
      const ModbusSetup& setup, const fleet::Directory& directory, Log& log);
  /// Closes the port and all connections.
  ~ModbusServer();
  ModbusServer(const ModbusServer&) = delete;
  ModbusServer& operator=(const ModbusServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] ModbusStatus status() const;

 private:
  class Listener;
  explicit ModbusServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace halfcycle::modbus
