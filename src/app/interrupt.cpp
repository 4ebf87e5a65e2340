// SPDX-License-Identifier: Apache-2.0
#include "app/interrupt.hpp"

#include <time.h>

#include <cmath>

namespace halfcycle::app {
namespace {

// A signal handler can reach nothing but a global of this type (C++ [support.signal]).
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t g_signal = 0;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): as above
volatile std::sig_atomic_t g_reload = 0;

extern "C" void on_reload_signal(int /*number*/) { g_reload = 1; }
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): as above
volatile std::sig_atomic_t g_signal_seconds = 0;

// Two signals at once are one wish: timeout(1) sends to the process and to its group.
extern "C" void on_stop_signal(int number) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto seconds = static_cast<std::sig_atomic_t>(now.tv_sec % 1000000);
  if (g_signal == 0) {
    g_signal = number;
    g_signal_seconds = seconds;
  } else if (seconds < g_signal_seconds || seconds > g_signal_seconds + 1) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART a waiting read ends.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, nullptr);
  // A file at the limit of its size is an error of writing, so that the half of it is removed.
  sigaction(SIGXFSZ, &ignore, nullptr);
}

void catch_reload_signal() {
  struct sigaction action {};
  action.sa_handler = on_reload_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
}

bool take_reload_request() {
  const bool asked = g_reload != 0;
  g_reload = 0;
  return asked;
}

int stop_signal() { return g_signal; }

void sleep_seconds(double seconds) {
  if (!(seconds > 0.0) || stop_requested()) {
    return;
  }
  timespec span{};
  span.tv_sec = static_cast<time_t>(std::floor(seconds));
  span.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  nanosleep(&span, nullptr);
}

}  // namespace halfcycle::app
