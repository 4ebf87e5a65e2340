// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM: long work asks now and then whether to stop, and leaves nothing half-done.
#pragma once

#include <csignal>

namespace halfcycle::app {

/// From now on SIGINT, SIGTERM and SIGHUP set a flag; a second one, a second or more
/// later, ends the process at once.
/// SIGPIPE is ignored: a write says that nobody reads any more.
void catch_stop_signals();
/// The signal that asked to stop; 0 if none did.
[[nodiscard]] int stop_signal();
[[nodiscard]] inline bool stop_requested() { return stop_signal() != 0; }
/// From now on SIGHUP asks for something else than to stop: that the configuration is read again.
void catch_reload_signal();
/// True once for each time it was asked for.
[[nodiscard]] bool take_reload_request();
/// Sleeps for at most so long; a signal ends it early.
void sleep_seconds(double seconds);

}  // namespace halfcycle::app
