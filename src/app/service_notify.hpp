// SPDX-License-Identifier: Apache-2.0
// The messages of sd_notify(3) to the service manager, and nothing where there is none.
//
//   ServiceNotify service;
//   service.ready("2 meters");
//   if (service.watchdog_seconds()) service.alive();
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace halfcycle::app {

class ServiceNotify {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  ServiceNotify();

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping() const;
  void alive() const;
  /// How often alive() is expected at least.
  [[nodiscard]] std::optional<double> watchdog_seconds() const { return watchdog_seconds_; }

 private:
  void send(std::string_view text) const;

  std::string socket_;
  std::optional<double> watchdog_seconds_;
};

}  // namespace halfcycle::app
