// SPDX-License-Identifier: Apache-2.0
// A file descriptor that is closed at the end of its scope.
//
//   const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
//   if (!file) return fail(...);             // errno as open() left it
#pragma once

#include <unistd.h>

#include <utility>

namespace halfcycle {

class Descriptor {
 public:
  explicit Descriptor(int handle = -1) : handle_(handle) {}
  ~Descriptor() {
    if (handle_ >= 0) {
      ::close(handle_);
    }
  }
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return handle_; }
  explicit operator bool() const { return handle_ >= 0; }

 private:
  int handle_;
};

}  // namespace halfcycle
