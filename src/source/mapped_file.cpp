// SPDX-License-Identifier: Apache-2.0
#include "source/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/descriptor.hpp"
#include "base/text.hpp"

namespace halfcycle::source {
namespace {

constexpr std::size_t kReadLimit = std::size_t{64} << 20U;

std::string reason(int error) { return std::generic_category().message(error); }

/// " Did you mean 'fault.CFG'?" from the names in the same folder.
std::string suggest(const std::string& path) {
  std::error_code ec;
  const std::filesystem::path wanted(path);
  const auto folder = wanted.has_parent_path() ? wanted.parent_path() : std::filesystem::path(".");
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec)) {
    names.push_back(it->path().filename().string());
    if (names.size() > 10000) {
      break;
    }
  }
  if (ec) {
    return wanted.has_parent_path() ? format(" (there is no folder {})", folder.string())
                                    : std::string();
  }
  std::sort(names.begin(), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string name = wanted.filename().string();
  for (const std::string_view other : views) {
    if (equals_ignoring_case(other, name)) {
      return format(". Did you mean '{}'?", other);
    }
  }
  const std::string hint = did_you_mean(name, views);
  return hint.empty() ? hint : "." + hint;
}

std::string recordings_in(const std::string& path) {
  std::error_code ec;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(path, ec), end; !ec && it != end; it.increment(ec)) {
    const std::string ending = to_lower(it->path().extension().string());
    if (ending == ".cfg" || ending == ".cff" || ending == ".wav" || ending == ".csv") {
      names.push_back(it->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    return "give a recording, as in fault.cfg";
  }
  std::string text = "give one of the recordings in it: ";
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kShown ? text + ", …" : text;
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      return fail(ErrorCode::InvalidInput, "{}: there is no such file{}", path, suggest(path));
    }
    if (error == EACCES || error == EPERM) {
      return fail(ErrorCode::Machine,
                  "{}: not allowed to read it; check its permissions and those of its folder",
                  path);
    }
    if (error == ENXIO || error == ENODEV) {
      return fail(ErrorCode::InvalidInput, "{}: a socket or device, not a recording", path);
    }
    return fail(ErrorCode::Machine, "{}: cannot be opened: {}", path, reason(error));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return fail(ErrorCode::Machine, "{}: cannot be examined: {}", path, reason(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::InvalidInput, "{}: a folder; {}", path, recordings_in(path));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(
        ErrorCode::InvalidInput,
        "{}: a {}, not a file. Recordings are read from files, forwards and backwards: save "
        "it to a file first",
        path, S_ISFIFO(status.st_mode) ? "pipe" : "device");
  }
  if (status.st_size == 0) {
    return fail(ErrorCode::InvalidInput, "{}: the file is empty (0 bytes)", path);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  std::shared_ptr<MappedFile> result(new MappedFile);
  if (size > kReadLimit) {
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapping == MAP_FAILED) {
      return fail(ErrorCode::Machine, "{}: cannot be mapped into memory ({} bytes): {}", path, size,
                  reason(errno));
    }
    result->mapping_ = mapping;
    result->bytes_ = {static_cast<const std::byte*>(mapping), size};
    return result;
  }
  result->memory_ = std::make_unique_for_overwrite<std::byte[]>(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n = ::read(file.get(), result->memory_.get() + have, size - have);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return fail(ErrorCode::Machine, "{}: reading failed after {} bytes: {}", path, have,
                  reason(errno));
    }
    if (n == 0) {
      break;  // shortened meanwhile: what there is
    }
    have += static_cast<std::size_t>(n);
  }
  if (have == 0) {
    return fail(ErrorCode::InvalidInput, "{}: the file is empty (0 bytes)", path);
  }
  result->bytes_ = {result->memory_.get(), have};
  return result;
}

MappedFile::~MappedFile() {
  if (mapping_ != nullptr) {
    ::munmap(mapping_, bytes_.size());
  }
}

formats::FileBytes MappedFile::share(std::shared_ptr<const MappedFile> file, std::string name) {
  const auto bytes = file->bytes();
  return {std::move(name), bytes, std::move(file)};
}

}  // namespace halfcycle::source
