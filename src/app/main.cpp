// SPDX-License-Identifier: Apache-2.0
// The halfcycle command: arguments in, exit status out (DESIGN §5).
#include <cstdio>
#include <exception>
#include <new>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/terminal.hpp"
#include "base/format.hpp"

namespace {

using namespace halfcycle;

int report(const Error& error) {
  if (error.code == ErrorCode::Interrupted) {
    return 128 + (app::stop_signal() != 0 ? app::stop_signal() : SIGINT);
  }
  const app::Screen screen = app::detect_screen(2);
  const std::string name = app::styled(screen, app::Style::Red, "halfcycle:");
  fmt::print(stderr, "{} {}\n", name, app::printable(error.message));
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
