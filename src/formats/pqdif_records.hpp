// SPDX-License-Identifier: Apache-2.0
// The physical layer of PQDIF (IEEE 1159.3): records linked through a file, zlib bodies, and the
// tree of collections, scalars and vectors in each body.
//
//   PqdifRecords records(bytes);
//   while (auto record = records.next()) … record->root …
//   records.error()                                   // where the chain broke, if it did
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace halfcycle::formats {

/// In the order of the file: the first three fields little-endian.
using PqdifGuid = std::array<std::uint8_t, 16>;

/// "89738606-f1c3-11cf-9d89-0080c72e70a3" → bytes of the file.
[[nodiscard]] constexpr PqdifGuid pqdif_guid(std::string_view text) {
  constexpr std::array<std::size_t, 16> kOrder{3, 2, 1,  0,  5,  4,  7,  6,
                                               8, 9, 10, 11, 12, 13, 14, 15};
  PqdifGuid guid{};
  std::size_t nibble = 0;
  for (const char c : text) {
    if (c == '-') {
      continue;
    }
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    std::uint8_t& byte = guid[kOrder[nibble / 2]];
    byte = static_cast<std::uint8_t>(byte | (nibble % 2 == 0 ? value << 4 : value));
    ++nibble;
  }
  return guid;
}

enum class PqdifElementType : std::uint8_t { Collection = 1, Scalar = 2, Vector = 3 };

/// A node; raw values are views into the record's body.
struct PqdifElement {
  PqdifGuid tag{};
  PqdifElementType type = PqdifElementType::Collection;
  std::uint8_t physical = 0;
  std::uint32_t count = 0;             ///< of a vector
  std::span<const std::byte> raw;      ///< of a scalar or vector
  std::vector<PqdifElement> children;  ///< of a collection

  [[nodiscard]] const PqdifElement* find(const PqdifGuid& child) const;
  [[nodiscard]] std::optional<double> number() const;  ///< scalar of any numeric type
  [[nodiscard]] std::optional<PqdifGuid> guid() const;
  [[nodiscard]] std::optional<Instant> timestamp() const;
  [[nodiscard]] std::string text() const;  ///< CHAR1 vector without the NUL, UTF-8
  /// Values of a numeric vector; empty if it is none.
  [[nodiscard]] std::vector<double> numbers() const;

  // Shortcuts through find(); nothing where the child is missing or of another kind.
  [[nodiscard]] std::optional<double> number_of(const PqdifGuid& child) const;
  [[nodiscard]] std::string text_of(const PqdifGuid& child) const;
};

struct PqdifRecord {
  PqdifGuid type{};
  std::vector<std::byte> body;  ///< inflated
  PqdifElement root;            ///< a collection; views into body
  std::string damage;           ///< what could not be read of it; empty if all is well
};

/// Follows the chain of records. Bounds: every link inside the file and visited once, bodies
/// inflated to at most 256 MiB, 32 levels, a million elements a record.
class PqdifRecords {
 public:
  explicit PqdifRecords(std::span<const std::byte> file) : file_(file) {}
  [[nodiscard]] std::optional<PqdifRecord> next();
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::nullopt_t stop(std::string what);

  std::span<const std::byte> file_;
  std::size_t at_ = 0;
  bool done_ = false;
  std::set<std::size_t> visited_;
  std::string error_;
};

}  // namespace halfcycle::formats
