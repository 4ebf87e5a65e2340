// SPDX-License-Identifier: Apache-2.0
#include "app/interrupt.hpp"

#include <time.h>

#include <cmath>

namespace halfcycle::app {
namespace {

// A signal handler can reach nothing but a global of this type (C++ [support.signal]).
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t g_signal = 0;

extern "C" void on_stop_signal(int number) { g_signal = number; }

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART a waiting read ends; SA_RESETHAND lets the second Ctrl-C through.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
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
