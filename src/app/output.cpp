// SPDX-License-Identifier: Apache-2.0
#include "app/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/terminal.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kBufferBytes = 1U << 16U;
constexpr double kProgressPeriodSeconds = 0.2;
constexpr double kProgressDelaySeconds = 0.5;  // short work shows nothing

std::string reason(int error) { return std::generic_category().message(error); }

// All of the bytes, whatever write() takes at once. 0, or the error number.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return 0;
}

double clock_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double monotonic_seconds() { return clock_seconds(CLOCK_MONOTONIC); }
double thread_cpu_seconds() { return clock_seconds(CLOCK_THREAD_CPUTIME_ID); }

bool StandardOutput::flush() {
  if (!reader_gone_ && error_ == 0) {
    const int error = write_all(STDOUT_FILENO, buffer_);
    reader_gone_ = error == EPIPE;
    error_ = reader_gone_ ? 0 : error;
  }
  buffer_.clear();
  return !reader_gone_ && error_ == 0;
}

bool StandardOutput::write(std::string_view text) {
  buffer_ += text;
  return buffer_.size() < kBufferBytes ? !reader_gone_ && error_ == 0 : flush();
}

Result<void> StandardOutput::close() {
  flush();
  if (error_ != 0) {
    return fail(ErrorCode::Machine, "cannot write to standard output: {}", reason(error_));
  }
  return {};
}

void print_message(std::string_view text) { write_all(STDERR_FILENO, std::string(text) + '\n'); }

OutputFile::OutputFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  struct stat existing {};
  if (::stat(path.c_str(), &existing) == 0 && S_ISDIR(existing.st_mode)) {
    return fail(ErrorCode::Machine, "cannot write '{}': it is a folder; give a file name",
                printable(path));
  }
  std::string temporary = path + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return fail(ErrorCode::Machine, "cannot write '{}': {}", printable(path), reason(errno));
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor, static_cast<mode_t>(0666) & ~mask);
  return OutputFile(path, std::move(temporary), descriptor);
}

Result<void> OutputFile::write(std::string_view bytes) {
  const int error = write_all(descriptor_, bytes);
  if (error != 0) {
    return fail(ErrorCode::Machine, "cannot write '{}': {}", printable(path_), reason(error));
  }
  return {};
}

Result<void> OutputFile::commit() {
  const int descriptor = std::exchange(descriptor_, -1);
  const bool closed = ::close(descriptor) == 0;
  if (!closed || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    return fail(ErrorCode::Machine, "cannot write '{}': {}", printable(path_), reason(error));
  }
  return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  auto file = OutputFile::create(path);
  if (!file) {
    return fail(file.error());
  }
  if (auto written = file->write(bytes); !written) {
    return written;
  }
  return file->commit();
}

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::Machine, "cannot create the folder '{}': {}", printable(path),
                error ? error.message() : "there is a file of that name");
  }
  return {};
}

std::string stem_of_source(std::string_view uri) {
  std::string_view path = uri;
  if (const auto colon = path.find(':'); colon != std::string_view::npos) {
    path.remove_prefix(colon + 1);
  }
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  if (const auto slash = path.rfind('/'); slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
  }
  if (const auto dot = path.rfind('.'); dot != std::string_view::npos && dot > 0) {
    path = path.substr(0, dot);
  }
  std::string stem(path);
  std::replace(stem.begin(), stem.end(), '/', '_');
  return stem.empty() || stem == "." || stem == ".." ? "recording" : stem;
}

Progress::Progress(bool wanted, std::string what)
    : wanted_(wanted && detect_screen(STDERR_FILENO).terminal),
      what_(std::move(what)),
      started_seconds_(monotonic_seconds()) {}

Progress::~Progress() { clear(); }

void Progress::show(double fraction, std::string_view detail) {
  if (!wanted_) {
    return;
  }
  const double now = monotonic_seconds();
  if (now - started_seconds_ < kProgressDelaySeconds ||
      now - last_seconds_ < kProgressPeriodSeconds) {
    return;
  }
  last_seconds_ = now;
  shown_ = true;
  std::string line = "\r\x1b[K" + what_;
  if (fraction >= 0.0) {
    line += format(" {:3.0f} %", 100.0 * std::min(fraction, 1.0));
  }
  if (!detail.empty()) {
    line += format("  {}", detail);
  }
  write_all(STDERR_FILENO, line);
}

void Progress::clear() {
  if (shown_) {
    write_all(STDERR_FILENO, "\r\x1b[K");
    shown_ = false;
  }
}

}  // namespace halfcycle::app
