// SPDX-License-Identifier: Apache-2.0
// The contents of a file as readers take it, and where writers put theirs. No reader or writer here
// opens a file: the caller maps or reads it and hands the bytes over together with what keeps them
// alive, so that a recording can be decoded lazily from a mapped file.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace halfcycle::formats {

struct FileBytes {
  std::string name;  ///< for messages and for the extension
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< keeps `bytes` valid (a mapping, a string); may be null
                                      ///< if the caller outlives the recording

  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Takes a string over as the contents of a file.
[[nodiscard]] inline FileBytes own_bytes(std::string name, std::string contents) {
  auto owner = std::make_shared<const std::string>(std::move(contents));
  const auto bytes = std::as_bytes(std::span(owner->data(), owner->size()));
  return {std::move(name), bytes, std::move(owner)};
}

/// Receives a writer's output piece by piece, in order. An error (disk full) stops the writer,
/// which hands it on.
using ByteSink = std::function<Result<void>(std::string_view bytes)>;

/// A sink that appends to `out`, which must outlive it.
[[nodiscard]] inline ByteSink append_to(std::string& out) {
  return [&out](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  };
}

}  // namespace halfcycle::formats
