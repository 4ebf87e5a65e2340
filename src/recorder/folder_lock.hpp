// SPDX-License-Identifier: Apache-2.0
// One process per data folder: a lock that the system releases when the process ends, however it
// ends. The file holds the owner's pid, for the message to the second one.
#pragma once

#include <string>

#include "base/result.hpp"

namespace halfcycle::recorder {

class FolderLock {
 public:
  /// Errors: Machine: taken by another process (its pid is named), or the folder is not writable.
  [[nodiscard]] static Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace halfcycle::recorder
