// SPDX-License-Identifier: Apache-2.0
#include "recorder/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace halfcycle::recorder {
namespace {

std::string machine_text(int error) { return std::generic_category().message(error); }

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) {
    return fail(ErrorCode::Machine,
                "cannot write to {}: {}; make the folder writable for this user or name another",
                folder, machine_text(errno));
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail(ErrorCode::Machine, "cannot lock {}: {}", path, machine_text(errno));
    }
    std::array<char, 32> text{};
    const ssize_t bytes = ::pread(file.get(), text.data(), text.size(), 0);
    const std::string_view pid =
        trim(std::string_view(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0));
    return fail(ErrorCode::Machine,
                "{} is in use by process {}: only one process may write to a data folder; stop the "
                "other or name another folder",
                folder, pid.empty() ? "(unknown)" : pid);
  }
  const std::string pid = format("{}\n", ::getpid());
  // On a full disk the lock itself holds; only the message to a second process will lack the pid.
  [[maybe_unused]] const bool named =
      ::ftruncate(file.get(), 0) == 0 &&
      ::pwrite(file.get(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  return FolderLock(std::move(file));
}

}  // namespace halfcycle::recorder
