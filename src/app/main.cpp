// SPDX-License-Identifier: Apache-2.0
// The halfcycle command: arguments in, exit status out (DESIGN §5).
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/terminal.hpp"
#include "base/format.hpp"

namespace {

using namespace halfcycle;

// A standard descriptor that the caller has closed would be given to the next file that is opened,
// and messages would be written into that. Opened for reading, writing to it fails as it should.
void keep_standard_descriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) {
      ::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

int report(const Error& error) {
  if (error.code == ErrorCode::Interrupted) {
    return 128 + (app::stop_signal() != 0 ? app::stop_signal() : SIGINT);
  }
  const app::Screen screen = app::detect_screen(2);
  const std::string name = app::styled(screen, app::Style::Red, "halfcycle:");
  app::print_message(format("{} {}", name, app::printable(error.message)));
  switch (error.code) {
    case ErrorCode::Usage:
      return 2;
    case ErrorCode::Machine:
      return 3;
    default:
      return 1;
  }
}

int run(int argc, char** argv) {
  keep_standard_descriptors();
  app::catch_stop_signals();
  const auto invocation = app::parse_command_line(argc, argv);
  if (!invocation) {
    return report(invocation.error());
  }
  const auto status =
      std::visit([](const auto& options) { return app::run_command(options); }, *invocation);
  return status ? *status : report(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("halfcycle: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "halfcycle: unexpected: %s\n", error.what());
  }
  return 3;
}
