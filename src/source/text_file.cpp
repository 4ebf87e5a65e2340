// SPDX-License-Identifier: Apache-2.0
#include "source/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/descriptor.hpp"

namespace halfcycle::source {

Result<std::string> read_text_file(const std::string& path, std::string_view what,
                                   std::size_t limit_bytes) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    const int code = errno;
    const bool not_there = code == ENOENT || code == ENOTDIR || code == ENXIO || code == ENODEV;
    return fail(not_there ? ErrorCode::InvalidInput : ErrorCode::Machine,
                "{}: cannot be opened: {}", path, std::generic_category().message(code));
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::InvalidInput, "{}: is a directory; name a {} file (.toml)", path, what);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::InvalidInput, "{}: a {}, not a {} file; save it to a file first", path,
                S_ISFIFO(status.st_mode) ? "pipe" : "device", what);
  }
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return fail(ErrorCode::Machine, "{}: reading failed: {}", path,
                  std::generic_category().message(errno));
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit_bytes) {
      return fail(ErrorCode::InvalidInput, "{}: larger than {} MiB: not a {}", path,
                  limit_bytes >> 20U, what);
    }
  }
}

}  // namespace halfcycle::source
