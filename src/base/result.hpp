// SPDX-License-Identifier: Apache-2.0
// Errors are values. A function that can fail because of bytes, settings or the machine returns
// Result<T>:
//
//   Result<Recording> recording = formats::read_comtrade(files);
//   if (!recording) return tl::unexpected(recording.error());
//
// The message says what is wrong, where, and what to do; it is shown to the user as it stands.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/format.hpp"

namespace halfcycle {

/// Whose fault it is; the command line derives its exit status from it (DESIGN §5).
enum class ErrorCode {
  InvalidInput,  ///< a file, packet or recording is wrong or not supported: exit 1
  InvalidSetup,  ///< a template, scenario, option value or register name is wrong: exit 1
  Usage,         ///< the command line itself is wrong: exit 2
  Machine,       ///< disk, port, permission, memory: exit 3
  Interrupted,   ///< the user asked to stop
};

struct Error {
  ErrorCode code = ErrorCode::InvalidInput;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> text,
                                         Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(text, std::forward<Args>(args)...)});
}

/// Passes an error on unchanged: `if (!x) return fail(x.error());`
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace halfcycle
