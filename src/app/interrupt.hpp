// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM: long work asks now and then whether to stop, and leaves nothing half-done.
#pragma once

#include <csignal>

namespace halfcycle::app {

/// From now on SIGINT, SIGTERM and SIGHUP set a flag; a second one ends the process at once.
/// SIGPIPE is ignored: a write says that nobody reads any more.
void catch_stop_signals();
/// The signal that asked to stop; 0 if none did.
[[nodiscard]] int stop_signal();
[[nodiscard]] inline bool stop_requested() { return stop_signal() != 0; }
/// Sleeps for at most so long; a stop signal ends it early.
void sleep_seconds(double seconds);

}  // namespace halfcycle::app
