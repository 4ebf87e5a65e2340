// SPDX-License-Identifier: Apache-2.0
// The bytes of a regular file. Files up to 64 MB are read into memory, so that a file that another
// program shortens meanwhile does no harm; larger ones are mapped.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "formats/file_bytes.hpp"

namespace halfcycle::source {

class MappedFile {
 public:
  /// Never waits: a pipe, socket or device is refused without being read. Errors: InvalidInput
  /// (does not exist, a folder, not a regular file, empty), Machine (permission, reading).
  [[nodiscard]] static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  /// The file as readers in formats take it; they keep it alive.
  [[nodiscard]] static formats::FileBytes share(std::shared_ptr<const MappedFile> file,
                                                std::string name);

 private:
  MappedFile() = default;

  std::unique_ptr<std::byte[]> memory_;
  void* mapping_ = nullptr;
  std::span<const std::byte> bytes_;
};

}  // namespace halfcycle::source
