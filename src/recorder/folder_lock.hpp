// SPDX-License-Identifier: Apache-2.0
// One process per data folder: a lock that the system releases when the process ends, however it
// ends. The file holds the owner's pid, for the message to the second one.
#pragma once

#include <string>
#include <utility>

#include "base/descriptor.hpp"
#include "base/result.hpp"

namespace halfcycle::recorder {

class FolderLock {
 public:
  /// Errors: Machine: taken by another process (its pid is named), or the folder is not writable.
  [[nodiscard]] static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace halfcycle::recorder
