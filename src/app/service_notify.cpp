// SPDX-License-Identifier: Apache-2.0
#include "app/service_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "base/descriptor.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::app {
namespace {

std::string environment(const char* name) {
  // Before any thread is started; nothing here changes the environment.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

}  // namespace

ServiceNotify::ServiceNotify() : socket_(environment("NOTIFY_SOCKET")) {
  const auto microseconds = parse_number(environment("WATCHDOG_USEC"));
  const std::string process = environment("WATCHDOG_PID");
  if (microseconds && *microseconds > 0.0 &&
      (process.empty() || process == format("{}", ::getpid()))) {
    watchdog_seconds_ = *microseconds * 1e-6;
  }
}

void ServiceNotify::ready(std::string_view status) const {
  send(format("READY=1\nSTATUS={}", status));
}

void ServiceNotify::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  send(format("RELOADING=1\nMONOTONIC_USEC={}",
              std::int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000));
}

void ServiceNotify::stopping() const { send("STOPPING=1"); }
void ServiceNotify::alive() const { send("WATCHDOG=1"); }

void ServiceNotify::send(std::string_view text) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) {
    return;
  }
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::copy(socket_.begin(), socket_.end(), address.sun_path);
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';  // the abstract namespace
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  ::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);  // NOLINT: what sockets take
}

}  // namespace halfcycle::app
